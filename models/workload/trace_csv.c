#include "models/workload/trace_csv.h"

#include <stdbool.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/memory.h"
#include "sim/quantity.h"

enum column {
    COLUMN_AT,
    COLUMN_FROM_SHARD,
    COLUMN_FROM_ACCOUNT,
    COLUMN_TO_SHARD,
    COLUMN_TO_ACCOUNT,
    COLUMN_AMOUNT,
    COLUMN_BYTES,
    COLUMN_COUNT
};
enum { FIELD_BYTES_MAX = 40, AMOUNT_DEFAULT = 1, BYTES_DEFAULT = 512, MESSAGE_BYTES_MAX = 1 << 24 };

static const char *const column_names[COLUMN_COUNT + 1] = {
    "at", "from_shard", "from_account", "to_shard", "to_account", "amount", "bytes", NULL};
static const char HEADER_EXPECTED[] =
    "at,from_shard,from_account,to_shard,to_account and perhaps amount,bytes";
static const char NAME[] = "workload: trace";

struct reader {
    const char *text;
    size_t bytes, at; /* at: the next byte */
    uint32_t line;
    uint32_t problems;
    uint32_t place[COLUMN_COUNT]; /* of a column in a line, from 0 */
    uint32_t field_count;         /* of the header */
    const struct trace_limits *limits;
    const char *pointer;
    struct diagnostics *diagnostics;
};

struct field {
    const char *text;
    size_t bytes;
    uint32_t column; /* byte in the line, from 1 */
};

static void problem(struct reader *reader, const char *code, uint32_t column, const char *what,
                    const char *expected)
{
    reader->problems++;
    if (reader->problems < TRACE_PROBLEMS_MAX)
        diagnostics_addf(reader->diagnostics, code, reader->pointer, AT_VALUE, expected, NULL,
                         "line %u, column %u: %s", reader->line, column, what);
    else if (reader->problems == TRACE_PROBLEMS_MAX)
        diagnostics_addf(reader->diagnostics, code, reader->pointer, AT_VALUE, NULL, NULL,
                         "line %u: more problems follow", reader->line);
}

/* Takes the next line, without its end. False at the end of the text. */
static bool next_line(struct reader *reader, struct field *ret_line)
{
    if (reader->at >= reader->bytes)
        return false;
    const char *start = reader->text + reader->at;
    const char *end = memchr(start, '\n', reader->bytes - reader->at);
    size_t bytes = end ? (size_t)(end - start) : reader->bytes - reader->at;
    reader->at += bytes + (end ? 1 : 0);
    reader->line++;
    if (bytes > 0 && start[bytes - 1] == '\r')
        bytes--;
    *ret_line = (struct field){start, bytes, 1};
    return true;
}

/* Cuts the field before the next comma off the front of a line. */
static struct field cut(struct field *line)
{
    const char *comma = memchr(line->text, ',', line->bytes);
    size_t bytes = comma ? (size_t)(comma - line->text) : line->bytes;
    struct field field = {line->text, bytes, line->column};
    size_t skip = bytes + (comma ? 1 : 0);
    line->text += skip;
    line->bytes -= skip;
    line->column += (uint32_t)skip;
    return field;
}

static uint32_t count_fields(const struct field *line)
{
    uint32_t count = 1;
    for (size_t i = 0; i < line->bytes; i++)
        count += line->text[i] == ',';
    return count;
}

static int column_of(const struct field *field)
{
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (strlen(column_names[i]) == field->bytes &&
            memcmp(column_names[i], field->text, field->bytes) == 0)
            return i;
    return -1;
}

static void read_header(struct reader *reader)
{
    struct field line;
    for (int i = 0; i < COLUMN_COUNT; i++)
        reader->place[i] = UINT32_MAX;
    if (!next_line(reader, &line)) {
        reader->line = 1;
        problem(reader, "E511", 1, "the file is empty", HEADER_EXPECTED);
        return;
    }
    reader->field_count = count_fields(&line);
    for (uint32_t i = 0; i < reader->field_count; i++) {
        struct field field = cut(&line);
        int column = column_of(&field);
        if (column < 0)
            problem(reader, "E511", field.column, "unknown column", HEADER_EXPECTED);
        else if (reader->place[column] != UINT32_MAX)
            problem(reader, "E511", field.column, "this column is there twice", HEADER_EXPECTED);
        else
            reader->place[column] = i;
        if (reader->problems >= TRACE_PROBLEMS_MAX)
            return;
    }
    for (int i = 0; i < COLUMN_AMOUNT; i++)
        if (reader->place[i] == UINT32_MAX) {
            problem(reader, "E511", 1, "a column is missing", HEADER_EXPECTED);
            return;
        }
}

static bool read_number(const struct field *field, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (field->bytes == 0 || field->bytes > 19)
        return false;
    for (size_t i = 0; i < field->bytes; i++) {
        if (field->text[i] < '0' || field->text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(field->text[i] - '0');
    }
    *ret_value = value;
    return true;
}

static uint64_t number_in(struct reader *reader, const struct field *field, uint64_t least,
                          uint64_t limit, const char *what, const char *expected)
{
    uint64_t value = 0;
    if (!read_number(field, &value) || value < least || value >= limit)
        problem(reader, "E512", field->column, what, expected);
    return value;
}

static uint64_t time_in(struct reader *reader, const struct field *field)
{
    char text[FIELD_BYTES_MAX + 1];
    int64_t value = 0;
    bool fine = field->bytes <= FIELD_BYTES_MAX && memchr(field->text, 0, field->bytes) == NULL;
    if (fine) {
        memcpy(text, field->text, field->bytes);
        text[field->bytes] = 0;
        fine = quantity_parse(PARAM_DURATION, text, &value) == QUANTITY_FINE && value >= 0;
    }
    if (!fine)
        problem(reader, "E512", field->column, "not a time",
                "a time with its unit, such as 1.5s or 20ms");
    return fine ? (uint64_t)value : 0;
}

static void read_field(struct reader *reader, enum column column, const struct field *field,
                       struct trace_row *row)
{
    static const char SHARD[] = "the ordinal of a shard that is used";
    static const char ACCOUNT[] = "the index of an account, below ledger.accounts_per_shard";
    switch (column) {
    case COLUMN_AT:
        row->at_ns = time_in(reader, field);
        break;
    case COLUMN_FROM_SHARD:
        row->from_shard =
            (uint32_t)number_in(reader, field, 0, reader->limits->shards, "no such shard", SHARD);
        break;
    case COLUMN_FROM_ACCOUNT:
        row->from_account = (uint32_t)number_in(reader, field, 0, reader->limits->accounts,
                                                "no such account", ACCOUNT);
        break;
    case COLUMN_TO_SHARD:
        row->to_shard =
            (uint32_t)number_in(reader, field, 0, reader->limits->shards, "no such shard", SHARD);
        break;
    case COLUMN_TO_ACCOUNT:
        row->to_account = (uint32_t)number_in(reader, field, 0, reader->limits->accounts,
                                              "no such account", ACCOUNT);
        break;
    case COLUMN_AMOUNT:
        row->amount = number_in(reader, field, 0, UINT64_C(1) << 62, "not an amount",
                                "a whole number below 2^62");
        break;
    case COLUMN_BYTES:
        row->bytes = (uint32_t)number_in(reader, field, 1, MESSAGE_BYTES_MAX + 1, "not a size",
                                         "a whole number of bytes from 1 to 16777216");
        break;
    case COLUMN_COUNT:
        break;
    }
}

static void read_row(struct reader *reader, struct field *line, struct trace_row *row)
{
    if (count_fields(line) != reader->field_count) {
        problem(reader, "E512", 1, "not as many fields as the header has", NULL);
        return;
    }
    for (uint32_t i = 0; i < reader->field_count; i++) {
        struct field field = cut(line);
        for (int column = 0; column < COLUMN_COUNT; column++)
            if (reader->place[column] == i)
                read_field(reader, (enum column)column, &field, row);
    }
}

static void append(struct trace_table *table, struct memory *memory, const struct trace_row *row)
{
    if (table->count == table->capacity)
        table->rows = memory_grow(memory, NAME, table->rows, &table->capacity, table->count + 1,
                                  sizeof *table->rows);
    table->rows[table->count++] = *row;
}

static bool stands_before(const struct trace_row *a, const struct trace_row *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->line < b->line;
}

/* Merges runs bottom up; traces are sorted as a rule, and then this is one pass of looking. */
static void sort(struct trace_table *table, struct memory *memory)
{
    bool sorted = true;
    for (uint32_t i = 1; i < table->count && sorted; i++)
        sorted = stands_before(&table->rows[i - 1], &table->rows[i]);
    if (sorted)
        return;
    struct trace_row *from = table->rows;
    struct trace_row *to = memory_take(memory, NAME, table->capacity * sizeof *to);
    for (uint64_t length = 1; length < table->count; length *= 2) {
        for (uint64_t start = 0; start < table->count; start += 2 * length) {
            uint64_t left = start;
            uint64_t middle = start + length < table->count ? start + length : table->count;
            uint64_t end = start + 2 * length < table->count ? start + 2 * length : table->count;
            uint64_t right = middle;
            for (uint64_t i = start; i < end; i++) {
                bool take_left =
                    left < middle && (right == end || stands_before(&from[left], &from[right]));
                to[i] = take_left ? from[left++] : from[right++];
            }
        }
        struct trace_row *other = from;
        from = to;
        to = other;
    }
    table->rows = from;
    memory_give(memory, to, table->capacity * sizeof *to);
}

int trace_csv_parse(const char *text, size_t bytes, const struct trace_limits *limits,
                    const char *pointer, struct memory *memory, struct diagnostics *diagnostics,
                    struct trace_table *ret_table)
{
    struct reader reader = {.text = text,
                            .bytes = bytes,
                            .limits = limits,
                            .pointer = pointer,
                            .diagnostics = diagnostics};
    struct trace_table table = {.count = 0};
    *ret_table = table;
    if (bytes > TRACE_BYTES_MAX) {
        problem(&reader, "E512", 1, "the file is larger than 256 MiB", NULL);
        return -1;
    }
    read_header(&reader);
    if (reader.problems > 0)
        return -1; /* lines mean nothing under a header that is wrong */
    struct field line;
    while (reader.problems < TRACE_PROBLEMS_MAX && next_line(&reader, &line)) {
        struct trace_row row = {
            .amount = AMOUNT_DEFAULT, .bytes = BYTES_DEFAULT, .line = reader.line};
        if (line.bytes == 0)
            continue;
        read_row(&reader, &line, &row);
        append(&table, memory, &row);
    }
    if (reader.problems > 0) {
        trace_csv_free(&table, memory);
        return -1;
    }
    sort(&table, memory);
    *ret_table = table;
    return 0;
}

void trace_csv_free(struct trace_table *table, struct memory *memory)
{
    memory_give(memory, table->rows, table->capacity * sizeof *table->rows);
    *table = (struct trace_table){0};
}
