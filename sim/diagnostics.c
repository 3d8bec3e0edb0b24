#include "sim/diagnostics.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_assert.h"
#include "sim/utf8.h"

static char *copy_or_null(const char *text)
{
    if (text == NULL)
        return NULL;
    char *copy = strdup(text);
    SIM_ASSERT(copy != NULL);
    return copy;
}

/* FNV-1a with a separator after each text. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    return (hash ^ 0xff) * UINT64_C(1099511628211);
}

static bool is_repeat(const struct diagnostics *diagnostics, uint64_t hash, const char *code,
                      const char *pointer, const char *problem)
{
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct diagnostic *other = &diagnostics->list[i];
        if (other->hash == hash && strcmp(other->code, code) == 0 &&
            strcmp(other->pointer, pointer) == 0 && strcmp(other->problem, problem) == 0)
            return true;
    }
    return false;
}

/* Returns the new record with code, pointer and problem set; NULL when there is nothing to add. */
static struct diagnostic *append(struct diagnostics *diagnostics, const char *code,
                                 const char *pointer, const char *problem, bool warning)
{
    SIM_ASSERT(problem != NULL);
    SIM_ASSERT(strlen(code) < sizeof diagnostics->list->code);
    if (diagnostics->count >= DIAGNOSTICS_KEPT_MAX) {
        diagnostics->errors += warning ? 0 : 1;
        return NULL;
    }
    uint64_t hash = hash_text(UINT64_C(14695981039346656037), code);
    hash = hash_text(hash_text(hash, pointer), problem);
    if (is_repeat(diagnostics, hash, code, pointer, problem))
        return NULL;
    diagnostics->errors += warning ? 0 : 1;
    if (diagnostics->count == diagnostics->capacity) {
        size_t capacity = diagnostics->capacity == 0 ? 16 : 2 * diagnostics->capacity;
        struct diagnostic *list = realloc(diagnostics->list, capacity * sizeof *list);
        SIM_ASSERT(list != NULL);
        diagnostics->list = list;
        diagnostics->capacity = capacity;
    }
    struct diagnostic *record = &diagnostics->list[diagnostics->count++];
    memset(record, 0, sizeof *record);
    strcpy(record->code, code);
    record->pointer = copy_or_null(pointer);
    record->problem = copy_or_null(problem);
    record->warning = warning;
    record->hash = hash;
    return record;
}

static void place(const struct diagnostics *diagnostics, struct diagnostic *record,
                  enum diagnostic_place where)
{
    const char *file = NULL;
    char *got = NULL;
    if (diagnostics->locate != NULL &&
        diagnostics->locate(diagnostics->locate_context, record->pointer, where, &file,
                            &record->line, &record->column, &got)) {
        record->file = copy_or_null(file);
        if (record->got == NULL) {
            record->got = got;
            got = NULL;
        }
    }
    free(got);
}

void diagnostics_add(struct diagnostics *diagnostics, const char *code, const char *pointer,
                     enum diagnostic_place where, const char *problem, const char *expected,
                     const char *got, const char *try_text)
{
    struct diagnostic *record = append(diagnostics, code, pointer, problem, false);
    if (record == NULL)
        return;
    record->expected = copy_or_null(expected);
    record->got = copy_or_null(got);
    record->try_text = copy_or_null(try_text);
    place(diagnostics, record, where);
}

void diagnostics_addf(struct diagnostics *diagnostics, const char *code, const char *pointer,
                      enum diagnostic_place where, const char *expected, const char *try_text,
                      const char *problem_format, ...)
{
    char problem[512];
    va_list arguments;
    va_start(arguments, problem_format);
    vsnprintf(problem, sizeof problem, problem_format, arguments);
    va_end(arguments);
    diagnostics_add(diagnostics, code, pointer, where, problem, expected, NULL, try_text);
}

void diagnostics_add_at(struct diagnostics *diagnostics, const char *code, const char *file,
                        uint32_t line, uint32_t column, const char *pointer, const char *problem,
                        const char *expected, const char *got, const char *try_text)
{
    struct diagnostic *record = append(diagnostics, code, pointer, problem, false);
    if (record == NULL)
        return;
    record->file = copy_or_null(file);
    record->line = line;
    record->column = column;
    record->expected = copy_or_null(expected);
    record->got = copy_or_null(got);
    record->try_text = copy_or_null(try_text);
}

void diagnostics_warn(struct diagnostics *diagnostics, const char *code, const char *pointer,
                      const char *problem, const char *try_text)
{
    struct diagnostic *record = append(diagnostics, code, pointer, problem, true);
    if (record == NULL)
        return;
    record->try_text = copy_or_null(try_text);
    place(diagnostics, record, AT_VALUE);
}

/* By file, line and column; the order in which they were found decides ties, so that the order is
 * total and qsort has nothing to choose. All pointers point into one array. */
static int compare_places(const void *a, const void *b)
{
    const struct diagnostic *left = *(const struct diagnostic *const *)a;
    const struct diagnostic *right = *(const struct diagnostic *const *)b;
    int files =
        strcmp(left->file == NULL ? "" : left->file, right->file == NULL ? "" : right->file);
    if (files != 0)
        return files;
    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    if (left->column != right->column)
        return left->column < right->column ? -1 : 1;
    return left < right ? -1 : left > right ? 1 : 0;
}

/* Writes text with control characters as \xNN, so that a hostile file cannot drive a terminal.
 * C1 controls are two bytes in UTF-8: c2 80 to c2 9f. */
static void print_escaped(FILE *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        bool is_c1 = *c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f;
        if (is_c1)
            c++;
        if (*c < 0x20 || *c == 0x7f || is_c1)
            fprintf(out, "\\x%02x", *c);
        else
            fputc(*c, out);
    }
}

static void print_line(FILE *out, const char *title, const char *text)
{
    if (text == NULL)
        return;
    fprintf(out, "    %-8s  ", title);
    print_escaped(out, text);
    fputc('\n', out);
}

static void print_plain(FILE *out, const struct diagnostic *record)
{
    if (record->file != NULL) {
        print_escaped(out, record->file);
        if (record->line > 0)
            fprintf(out, ":%" PRIu32 ":%" PRIu32, record->line, record->column);
        fputs(": ", out);
    }
    fprintf(out, "%s[%s] ", record->warning ? "warning" : "error", record->code);
    if (record->pointer[0] != '\0') {
        print_escaped(out, record->pointer);
        fputs(": ", out);
    }
    print_escaped(out, record->problem);
    fputc('\n', out);
    print_line(out, "expected", record->expected);
    print_line(out, "got", record->got);
    print_line(out, "try", record->try_text);
}

static void add_text(cJSON *object, const char *name, const char *text)
{
    if (text != NULL)
        cJSON_AddStringToObject(object, name, text);
}

static void print_json(FILE *out, const struct diagnostic *record)
{
    cJSON *object = cJSON_CreateObject();
    add_text(object, "file", record->file);
    if (record->line > 0) {
        cJSON_AddNumberToObject(object, "line", record->line);
        cJSON_AddNumberToObject(object, "column", record->column);
    }
    add_text(object, "severity", record->warning ? "warning" : "error");
    add_text(object, "code", record->code);
    add_text(object, "pointer", record->pointer);
    add_text(object, "problem", record->problem);
    add_text(object, "expected", record->expected);
    add_text(object, "got", record->got);
    add_text(object, "try", record->try_text);
    char *text = cJSON_PrintUnformatted(object);
    SIM_ASSERT(text != NULL);
    utf8_mend(text);
    fprintf(out, "%s\n", text);
    cJSON_free(text);
    cJSON_Delete(object);
}

void diagnostics_print(const struct diagnostics *diagnostics, FILE *out, size_t limit, bool json)
{
    size_t count = diagnostics->count;
    if (count == 0)
        return;
    const struct diagnostic **sorted = malloc(count * sizeof *sorted);
    SIM_ASSERT(sorted != NULL);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &diagnostics->list[i];
    /* There are no ties: records of one place keep the order of the list they stand in. */
    qsort(sorted, count, sizeof *sorted, compare_places);
    size_t shown = limit == 0 || limit > count ? count : limit;
    for (size_t i = 0; i < shown; i++) {
        if (json)
            print_json(out, sorted[i]);
        else
            print_plain(out, sorted[i]);
    }
    free(sorted);
    size_t warnings = 0;
    for (size_t i = 0; i < count; i++)
        warnings += diagnostics->list[i].warning ? 1 : 0;
    size_t total = diagnostics->errors + warnings;
    if (total > shown && !json)
        fprintf(out, "%zu more problem%s not shown\n", total - shown,
                total - shown == 1 ? "" : "s");
}

void diagnostics_free(struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < diagnostics->count; i++) {
        struct diagnostic *record = &diagnostics->list[i];
        free(record->file);
        free(record->pointer);
        free(record->problem);
        free(record->expected);
        free(record->got);
        free(record->try_text);
    }
    free(diagnostics->list);
    memset(diagnostics, 0, sizeof *diagnostics);
}
