#include "sim/diagnostics.h"

#include <string.h>

enum { SUGGEST_WORD_MAX = 64 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance: insert, delete, replace, swap of neighbours. Three rows are
 * enough, since a swap looks two rows back. Both words have at most SUGGEST_WORD_MAX bytes. */
static size_t distance_between(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    size_t rows[3][SUGGEST_WORD_MAX + 1];
    for (size_t j = 0; j <= b_bytes; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_bytes; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_bytes; j++) {
            size_t replace = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = smaller(replace, smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_bytes % 3][b_bytes];
}

const char *suggest_word(const char *word, const char *const *candidates)
{
    size_t word_bytes = strnlen(word, SUGGEST_WORD_MAX + 1);
    if (word_bytes > SUGGEST_WORD_MAX || candidates == NULL)
        return NULL;
    size_t limit = word_bytes / 3 > 1 ? word_bytes / 3 : 1;
    const char *best = NULL;
    for (size_t i = 0; candidates[i] != NULL; i++) {
        size_t bytes = strnlen(candidates[i], SUGGEST_WORD_MAX + 1);
        if (bytes > SUGGEST_WORD_MAX || bytes > word_bytes + limit || word_bytes > bytes + limit)
            continue;
        size_t distance = distance_between(word, word_bytes, candidates[i], bytes);
        /* A one-letter word is one change away from every other: no hint. */
        if (distance > limit || distance >= bytes)
            continue;
        if (best == NULL || distance < limit) {
            best = candidates[i];
            limit = distance;
        }
    }
    return best;
}
