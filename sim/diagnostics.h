#ifndef SIM_DIAGNOSTICS_H
#define SIM_DIAGNOSTICS_H

/* The problems of one input, all of them at once. Library code neither prints nor exits: it adds
 * to a list, and the command prints the list. Codes are stable: E0xx syntax, E1xx keys, E2xx
 * values, E3xx combinations, E4xx unknown names and times, E5xx files. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum diagnostic_place { AT_VALUE, AT_KEY }; /* unknown and duplicate keys point at the key */

struct diagnostic {
    char code[8];
    char *file; /* the scenario, an include, or "--set" */
    uint32_t line, column; /* from 1; columns count bytes; 0 = no place */
    char *pointer;         /* RFC 6901, "" = the whole document */
    char *problem, *expected, *got, *try_text; /* the last three may be NULL */
    bool warning;
};

/* Where a JSON pointer stands in the text; set by the scenario reader before models are asked. */
typedef bool diagnostics_locate(const void *context, const char *pointer,
                                enum diagnostic_place place, const char **ret_file,
                                uint32_t *ret_line, uint32_t *ret_column, char **ret_got);

struct diagnostics {
    struct diagnostic *list;
    size_t count, capacity, errors;
    diagnostics_locate *locate;
    const void *locate_context;
};

/* diagnostics_add records an error at a JSON pointer. `problem` is required; expected, got and
 * try_text may be NULL. All texts are copied. When got is NULL the locator supplies the value's
 * own text. An identical (code, pointer, problem) is recorded once. */
void diagnostics_add(struct diagnostics *diagnostics, const char *code, const char *pointer,
                     enum diagnostic_place place, const char *problem, const char *expected,
                     const char *got, const char *try_text);

/* diagnostics_addf is diagnostics_add with a formatted problem and formatted pointer-free rest. */
__attribute__((format(printf, 7, 8))) void
diagnostics_addf(struct diagnostics *diagnostics, const char *code, const char *pointer,
                 enum diagnostic_place place, const char *expected, const char *try_text,
                 const char *problem_format, ...);

/* diagnostics_warn records a warning: an error only under `check --strict`. */
void diagnostics_warn(struct diagnostics *diagnostics, const char *code, const char *pointer,
                      const char *problem, const char *try_text);

/* diagnostics_print writes at most `limit` problems (0 = all), sorted by file, line and column, in
 * the format of the manual, or one JSON object a line. Control characters in quoted input are
 * escaped. */
void diagnostics_print(const struct diagnostics *diagnostics, FILE *out, size_t limit, bool json);

void diagnostics_free(struct diagnostics *diagnostics);

/* suggest_word returns the candidate nearest to `word` (Damerau-Levenshtein <= 1/3 of its length,
 * at least 1; ties: first), or NULL. */
const char *suggest_word(const char *word, const char *const *candidates);

#endif
