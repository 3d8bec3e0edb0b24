#ifndef SIM_JSON_INDENT_H
#define SIM_JSON_INDENT_H

/* JSON for people and for tools. The first works on the text: a reader of numbers would round the
 * large ones. */

#include <cjson/cJSON.h>
#include <stdio.h>

/* json_indent_print writes a JSON text of ours (well-formed, without spaces between its tokens) set
 * out in lines, two spaces a level, and a line end. O(bytes). */
void json_indent_print(FILE *out, const char *text);

/* json_line_print writes a tree, a row of a listing, as one line on stdout and deletes it. */
void json_line_print(cJSON *tree);

#endif
