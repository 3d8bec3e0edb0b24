#ifndef SIM_JSON_INDENT_H
#define SIM_JSON_INDENT_H

/* JSON for people. Works on the text: a reader of numbers would round the large ones. */

#include <stdio.h>

/* json_indent_print writes a JSON text of ours (well-formed, without spaces between its tokens) set
 * out in lines, two spaces a level, and a line end. O(bytes). */
void json_indent_print(FILE *out, const char *text);

#endif
