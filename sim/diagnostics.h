#ifndef SIM_DIAGNOSTICS_H
#define SIM_DIAGNOSTICS_H

/* The problems of one input, all of them at once. Library code neither prints nor exits: it adds
 * to a list, and the command prints the list. Codes are stable: E0xx syntax, E1xx keys, E2xx
 * values, E3xx combinations, E4xx unknown names and times, E5xx files.
 *
 *   E001 no JSON here              E002 not UTF-8               E003 NUL character
 *   E004 raw control character     E005 nested deeper than 64   E006 larger than 16 MiB
 *   E007 bad escape                E008 bad number              E009 number too large
 *   E010 text ends too early       E011 text after the end
 *   E101 unknown key               E102 duplicate key           E103 missing key
 *   E104 bad path                  E105 no such element
 *   E201 a unit is missing         E202 unknown unit            E203 out of range
 *   E204 finer than a base unit    E205 wrong type of value     E206 none of the choices
 *   E207 not a quantity            E208 wrong number of items   E209 beyond 2^53 - 1
 *   E301 warm-up not in the run    E302 matrix without regions  E303 regions without matrix
 *   E304 shares, matrix or links of the network do not fit       E305 parts of a fault do not fit
 *   E306 target does not fit the fault's type                   E307 parts of a sweep do not fit
 *   E308 a distribution with no such variates (from above to)   E309 a property twice
 *   E310 keys of one layer that do not fit each other           E311 layers that do not fit
 *   E401 unknown name of a type or property                     E402 no such node
 *   E403 outside the run           E404 no such parameter       E405 no such sweep point
 *   E500 the scenario cannot be read                            E501 an include cannot be read
 *   E502 includes in a circle      E503 includes too deep, too many or too large
 *   E504 a data file cannot be read                             E505 bad content of a data file
 *   E506 a data file has another SHA-256
 *   E510 a trace is gone           E511 a trace without its column names
 *   E512 a bad line of a trace     E513 a trace has another SHA-256 than when it was checked
 *   W101 has no effect             W201 not everything was checked
 *   W301 allowed together, and rarely meant
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum diagnostic_place { AT_VALUE, AT_KEY }; /* unknown and duplicate keys point at the key */

struct diagnostic {
    char code[8];
    char *file;                                /* the scenario, an include, or "--set" */
    uint32_t line, column;                     /* from 1; columns count bytes; 0 = no place */
    char *pointer;                             /* RFC 6901, "" = the whole document */
    char *problem, *expected, *got, *try_text; /* the last three may be NULL */
    bool warning;
    uint64_t hash; /* of code, pointer and problem: repeats are found by it */
};

/* More problems than these are counted, but not kept: a hostile file has millions. */
enum { DIAGNOSTICS_KEPT_MAX = 10000 };

/* Where a JSON pointer stands in the text; set by the scenario reader before models are asked. */
typedef bool diagnostics_locate(const void *context, const char *pointer,
                                enum diagnostic_place place, const char **ret_file,
                                uint32_t *ret_line, uint32_t *ret_column, char **ret_got);

struct diagnostics {
    struct diagnostic *list;
    size_t count, capacity, errors; /* errors may exceed count; warnings are not counted in it */
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

/* diagnostics_add_at is diagnostics_add for a place that is known without the locator: syntax
 * errors, files that cannot be read. */
void diagnostics_add_at(struct diagnostics *diagnostics, const char *code, const char *file,
                        uint32_t line, uint32_t column, const char *pointer, const char *problem,
                        const char *expected, const char *got, const char *try_text);

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
