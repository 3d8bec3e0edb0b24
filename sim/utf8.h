#ifndef SIM_UTF8_H
#define SIM_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* utf8_error returns the offset of the first byte that is no UTF-8 by RFC 3629 (overlong forms,
 * surrogates and code points above 10FFFF are none), or `bytes`. Linear. */
size_t utf8_error(const char *text, size_t bytes);

/* utf8_mend makes a text UTF-8 in place: '?' for each byte that is none of it. For names of files
 * in JSON. Linear. */
void utf8_mend(char *text);

/* utf8_write writes a code point below 110000 (hex) in 1 to 4 bytes and returns their number. */
size_t utf8_write(uint32_t point, char *ret_bytes);

/* utf8_cut returns the greatest length <= limit at which text can be cut between characters. */
size_t utf8_cut(const char *text, size_t bytes, size_t limit);

#endif
