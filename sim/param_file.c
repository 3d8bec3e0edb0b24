/* Data files that a scenario names: found beside it, hashed, and read when they are empirical
 * distributions. */
#include "sim/param_parse.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/diagnostics.h"
#include "sim/distribution.h"
#include "sim/quantity.h"
#include "sim/sim_assert.h"

enum { VALUES_MAX = 1 << 24 };

/* Opens a plain file; a device or a pipe has no content that could be hashed. */
static FILE *open_plain(struct param_reader *reader, const char *pointer, const char *path)
{
    struct stat status;
    const char *reason = NULL;
    FILE *in = NULL;
    if (stat(path, &status) != 0)
        reason = strerror(errno);
    else if (!S_ISREG(status.st_mode))
        reason = "not a plain file";
    else if ((in = fopen(path, "rb")) == NULL)
        reason = strerror(errno);
    if (reason != NULL)
        diagnostics_add(reader->diagnostics, "E504", pointer, AT_VALUE,
                        arena_printf(reader->arena, "cannot read the file %s: %s", path, reason),
                        "a file beside the scenario", NULL, NULL);
    return in;
}

/* Returns false when reading failed. */
static bool hash_content(FILE *in, char ret_hex[65])
{
    crypto_hash_sha256_state state;
    unsigned char digest[crypto_hash_sha256_BYTES];
    unsigned char buffer[1 << 16];
    crypto_hash_sha256_init(&state);
    size_t bytes;
    while ((bytes = fread(buffer, 1, sizeof buffer, in)) > 0)
        crypto_hash_sha256_update(&state, buffer, bytes);
    crypto_hash_sha256_final(&state, digest);
    sodium_bin2hex(ret_hex, 65, digest, sizeof digest);
    return !ferror(in);
}

static const struct param_file *find_known(const struct param_file *files, size_t count,
                                           const char *path)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    }
    return NULL;
}

static const struct param_file *remember(struct param_reader *reader, const struct param_file *file)
{
    if (reader->file_count == reader->file_capacity) {
        reader->file_capacity = reader->file_capacity == 0 ? 16 : 2 * reader->file_capacity;
        reader->files = realloc(reader->files, reader->file_capacity * sizeof *reader->files);
        SIM_ASSERT(reader->files != NULL);
    }
    reader->files[reader->file_count] = *file;
    return &reader->files[reader->file_count++];
}

const struct param_file *param_file(struct param_reader *reader, const char *pointer,
                                    const char *given)
{
    struct param_file file = {.pointer = pointer};
    file.path = given[0] == '/' ? arena_text(reader->arena, given, strlen(given))
                                : arena_printf(reader->arena, "%s%s", reader->folder, given);
    const struct param_file *known = find_known(reader->files, reader->file_count, file.path);
    if (known != NULL && strcmp(known->pointer, pointer) == 0)
        return known;
    if (known == NULL)
        known = find_known(reader->known_files, reader->known_file_count, file.path);
    if (known != NULL) {
        memcpy(file.sha256, known->sha256, sizeof file.sha256);
        return remember(reader, &file);
    }
    FILE *in = open_plain(reader, pointer, file.path);
    if (in == NULL)
        return NULL;
    bool is_fine = hash_content(in, file.sha256);
    fclose(in);
    if (!is_fine) {
        diagnostics_add(reader->diagnostics, "E504", pointer, AT_VALUE, "cannot read the file",
                        NULL, NULL, NULL);
        return NULL;
    }
    return remember(reader, &file);
}

static int compare_values(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right ? 1 : 0; /* no ties that show */
}

/* One line: 1 = a value, 0 = nothing, -1 = no quantity of the kind, or a negative one. */
static int read_value(enum param_kind kind, char *line, int64_t *ret_value)
{
    char *start = line + strspn(line, " \t");
    start[strcspn(start, " \t\r\n")] = '\0';
    if (*start == '\0' || *start == '#')
        return 0;
    enum quantity_status status = quantity_has_unit(kind)
                                      ? quantity_parse(kind, start, ret_value)
                                      : quantity_parse_integer(start, ret_value);
    return status == QUANTITY_FINE && *ret_value >= 0 ? 1 : -1;
}

static int64_t *read_values(FILE *in, enum param_kind kind, uint32_t *ret_count,
                            uint32_t *ret_bad_line)
{
    uint32_t count = 0, capacity = 0, line_number = 0;
    int64_t *values = NULL;
    char line[256];
    *ret_bad_line = 0;
    while (count < VALUES_MAX && fgets(line, sizeof line, in) != NULL) {
        line_number++;
        int64_t value = 0;
        int found = strchr(line, '\n') == NULL && !feof(in) ? -1 : read_value(kind, line, &value);
        if (found < 0) {
            *ret_bad_line = line_number;
            break;
        }
        if (found == 0)
            continue;
        if (count == capacity) {
            capacity = capacity == 0 ? 256 : 2 * capacity;
            values = realloc(values, capacity * sizeof *values);
            SIM_ASSERT(values != NULL);
        }
        values[count++] = value;
    }
    *ret_count = count;
    return values;
}

void param_values(struct param_reader *reader, enum param_kind kind, const char *given,
                  const char *pointer, struct distribution *distribution)
{
    const struct param_file *file = param_file(reader, pointer, given);
    FILE *in = file == NULL ? NULL : open_plain(reader, pointer, file->path);
    if (in == NULL)
        return;
    uint32_t count, bad_line;
    int64_t *values = read_values(in, kind, &count, &bad_line);
    fclose(in);
    const char *expected = quantity_has_unit(kind)
                               ? arena_printf(reader->arena, "one quantity a line, such as %s",
                                              quantity_words(kind)->examples)
                               : "one integer a line";
    if (bad_line > 0 || count == 0) {
        diagnostics_add(reader->diagnostics, "E505", pointer, AT_VALUE,
                        bad_line > 0 ? arena_printf(reader->arena, "line %u of %s is no such value",
                                                    bad_line, file->path)
                                     : "the file has no values",
                        expected, NULL, NULL);
    } else {
        int64_t *kept = arena_take(reader->arena, count * sizeof *kept);
        memcpy(kept, values, count * sizeof *kept);
        /* no ties that matter: equal values are one and the same */
        qsort(kept, count, sizeof *kept, compare_values);
        distribution->values = kept;
        distribution->value_count = count;
    }
    free(values);
}
