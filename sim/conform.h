#ifndef SIM_CONFORM_H
#define SIM_CONFORM_H

/* Reference cases of protocols: what a suite of them is, and safe reading of one case.
 *
 * A suite file has the key "suite" ("ton/1"); its sections are arrays of cases under their own key,
 * or one array "cases" whose items name their section in "kind". A section is a function that reads
 * a case, runs the protocol's own code, and writes two texts: what the case says and what came out.
 * The case passes when they are equal. A case that lacks what it must have is a broken file, which
 * is no failure of the protocol: the first problem is kept and the values read as 0. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;

struct conform_case {
    const struct cJSON *document; /* the whole file, for what cases share */
    const struct cJSON *one;
    void *expected, *got,
        *memory;       /* the kernel's; see conform_expect, conform_got, conform_memory */
    char problem[200]; /* not empty: the file is broken here */
};

struct conform_section {
    const char *name;
    void (*run)(struct conform_case *conform_case);
};

struct conform_suite {
    const char *name, *summary;             /* name: the value of "suite" */
    const struct conform_section *sections; /* NULL-name terminated */
};

/* Defined in models/registry.c, NULL-terminated: the kernel declares it and never defines it. */
extern const struct conform_suite *const conform_suites[];

/* conform_expect and conform_got append to what the case says and to what came out. */
typedef void conform_write(struct conform_case *conform_case, const char *format, ...);
__attribute__((format(printf, 2, 3))) void conform_expect(struct conform_case *conform_case,
                                                          const char *format, ...);
__attribute__((format(printf, 2, 3))) void conform_got(struct conform_case *conform_case,
                                                       const char *format, ...);

/* conform_memory returns zeroed working memory that lives as long as the case; one a case. */
void *conform_memory(struct conform_case *conform_case, size_t bytes);

/* Readers of members; on a missing or wrong one they set the problem and return 0, "" or NULL. */
const struct cJSON *conform_member(struct conform_case *conform_case, const struct cJSON *object,
                                   const char *name);
/* A whole number within min..max, written as a number or as a string of decimal digits. */
int64_t conform_integer(struct conform_case *conform_case, const struct cJSON *object,
                        const char *name, int64_t min, int64_t max);
int64_t conform_integer_at(struct conform_case *conform_case, const struct cJSON *array, int index,
                           int64_t min, int64_t max);
uint64_t conform_unsigned(struct conform_case *conform_case, const struct cJSON *object,
                          const char *name);
uint64_t conform_unsigned_at(struct conform_case *conform_case, const struct cJSON *array,
                             int index);
bool conform_boolean(struct conform_case *conform_case, const struct cJSON *object,
                     const char *name);
const char *conform_text(struct conform_case *conform_case, const struct cJSON *object,
                         const char *name);
/* Exactly `bytes` bytes as hexadecimal digits of either case. */
void conform_bytes(struct conform_case *conform_case, const struct cJSON *object, const char *name,
                   unsigned char *ret_bytes, size_t bytes);
/* 16 hexadecimal digits as a number. */
uint64_t conform_hex(struct conform_case *conform_case, const struct cJSON *object,
                     const char *name);
uint64_t conform_hex_at(struct conform_case *conform_case, const struct cJSON *array, int index);
/* An array of at most `limit` items. */
const struct cJSON *conform_list(struct conform_case *conform_case, const struct cJSON *object,
                                 const char *name, int limit);
/* An object whose members are looked at by their names. */
const struct cJSON *conform_object(struct conform_case *conform_case, const struct cJSON *object,
                                   const char *name);
/* The name of a member of such an object, when names are whole numbers. */
uint64_t conform_key(struct conform_case *conform_case, const struct cJSON *member);
/* conform_broken notes a problem that the section itself found. */
__attribute__((format(printf, 2, 3))) void conform_broken(struct conform_case *conform_case,
                                                          const char *format, ...);

#endif
