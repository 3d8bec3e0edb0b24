#include "sim/utf8.h"

#include <string.h>

/* Length of the sequence at `at`, 0 when it is none. `left` bytes may be read. */
static size_t sequence_bytes(const unsigned char *at, size_t left)
{
    unsigned char first = at[0];
    if (first < 0x80)
        return 1;
    size_t bytes = first >= 0xc2 && first <= 0xdf   ? 2
                   : first >= 0xe0 && first <= 0xef ? 3
                   : first >= 0xf0 && first <= 0xf4 ? 4
                                                    : 0;
    if (bytes == 0 || bytes > left)
        return 0;
    for (size_t i = 1; i < bytes; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    /* RFC 3629 narrows the second byte after four of the first ones. */
    if ((first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] > 0x9f) ||
        (first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] > 0x8f))
        return 0;
    return bytes;
}

size_t utf8_error(const char *text, size_t bytes)
{
    size_t at = 0;
    while (at < bytes) {
        uint64_t word;
        if (bytes - at >= sizeof word) {
            memcpy(&word, text + at, sizeof word);
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof word;
                continue;
            }
        }
        size_t length = sequence_bytes((const unsigned char *)text + at, bytes - at);
        if (length == 0)
            return at;
        at += length;
    }
    return bytes;
}

void utf8_mend(char *text)
{
    size_t bytes = strlen(text), at = utf8_error(text, bytes);
    for (; at < bytes; at += 1 + utf8_error(text + at + 1, bytes - at - 1))
        text[at] = '?';
}

size_t utf8_write(uint32_t point, char *ret_bytes)
{
    if (point < 0x80) {
        ret_bytes[0] = (char)point;
        return 1;
    }
    size_t bytes = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = bytes - 1; i > 0; i--) {
        ret_bytes[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    ret_bytes[0] = (char)(marks[bytes] | point);
    return bytes;
}

size_t utf8_cut(const char *text, size_t bytes, size_t limit)
{
    if (bytes <= limit)
        return bytes;
    size_t cut = limit;
    while (cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80)
        cut--;
    return cut;
}
