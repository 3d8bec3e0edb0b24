/* The kinds of param_parse.h that fit one word. */
#include "sim/param_parse.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/json_write.h"
#include "sim/quantity.h"
#include "sim/sim_assert.h"

#define JSON_INTEGER_MAX ((INT64_C(1) << 53) - 1)

struct target { /* where a scalar goes, and what to call it */
    struct param_reader *reader;
    const struct param *row;
    enum param_kind kind;
    const char *pointer;
    void *word;
    cJSON *effective;
    const char *name;
};

/* --- The effective form --- */

static void add_item(cJSON *effective, const char *name, cJSON *item)
{
    SIM_ASSERT(item != NULL);
    if (name == NULL)
        cJSON_AddItemToArray(effective, item);
    else
        cJSON_AddItemToObject(effective, name, item);
}

void param_leaf_add(struct param_reader *reader, const char *pointer, const char *text,
                    double number, const char *unit)
{
    if (reader->leaf_count == reader->leaf_capacity) {
        reader->leaf_capacity = reader->leaf_capacity == 0 ? 128 : 2 * reader->leaf_capacity;
        reader->leaves = realloc(reader->leaves, reader->leaf_capacity * sizeof *reader->leaves);
        SIM_ASSERT(reader->leaves != NULL);
    }
    reader->leaves[reader->leaf_count++] = (struct param_leaf){
        .pointer = pointer,
        .text = arena_text(reader->arena, text, strlen(text)),
        .number = number,
        .unit = unit,
    };
}

void param_effective_text(struct param_reader *reader, cJSON *effective, const char *name,
                          const char *pointer, const char *text)
{
    add_item(effective, name, cJSON_CreateString(text));
    param_leaf_add(reader, pointer, text, NAN, "");
}

void param_effective_quantity(struct param_reader *reader, cJSON *effective, const char *name,
                              const char *pointer, enum param_kind kind, int64_t value)
{
    char text[QUANTITY_TEXT_BYTES];
    quantity_print_base(kind, value, text);
    bool is_word = kind == PARAM_BOOL;
    bool is_number = kind == PARAM_INTEGER && llabs(value) <= JSON_INTEGER_MAX;
    cJSON *item = is_word     ? cJSON_CreateBool(value != 0)
                  : is_number ? cJSON_CreateNumber((double)value)
                              : cJSON_CreateString(text);
    add_item(effective, name, item);
    bool has_unit = quantity_has_unit(kind);
    bool is_unlimited = kind == PARAM_BIT_RATE && value == 0;
    quantity_print(kind, value, text);
    param_leaf_add(reader, pointer, is_word ? (value != 0 ? "true" : "false") : text,
                   is_unlimited ? NAN : quantity_number(kind, value),
                   has_unit ? quantity_words(kind)->base_unit : "");
}

void param_effective_real(struct param_reader *reader, cJSON *effective, const char *name,
                          const char *pointer, double value)
{
    char text[JSON_NUMBER_BYTES];
    json_write_number(value, text);
    add_item(effective, name, cJSON_CreateNumber(value));
    param_leaf_add(reader, pointer, text, value, "");
}

/* --- Messages --- */

void param_range(const struct param *row, enum param_kind kind, int64_t *ret_min, int64_t *ret_max)
{
    bool has_range = row->value_min != row->value_max || row->value_min != 0;
    *ret_min = has_range ? row->value_min : quantity_has_unit(kind) ? 0 : INT64_MIN;
    *ret_max = has_range             ? row->value_max
               : kind == PARAM_RATIO ? INT64_C(1000000000000)
                                     : INT64_MAX;
}

static char *describe_range(const struct target *t)
{
    int64_t min, max;
    param_range(t->row, t->kind, &min, &max);
    char low[QUANTITY_TEXT_BYTES], high[QUANTITY_TEXT_BYTES];
    quantity_print(t->kind, min, low);
    quantity_print(t->kind, max, high);
    if (t->kind == PARAM_BIT_RATE && min == 0)
        return arena_printf(t->reader->arena, "\"unlimited\", or 1bit/s or more");
    if (min == max)
        return arena_printf(t->reader->arena, "%s", low);
    if (min == INT64_MIN && max == INT64_MAX)
        return arena_printf(t->reader->arena, "any in 63 bits");
    if (max == INT64_MAX)
        return arena_printf(t->reader->arena, "%s or more", low);
    if (min == INT64_MIN)
        return arena_printf(t->reader->arena, "%s or less", high);
    return arena_printf(t->reader->arena, "%s to %s", low, high);
}

static void report(const struct target *t, const char *code, const char *problem,
                   const char *expected, const char *try_text)
{
    diagnostics_add(t->reader->diagnostics, code, t->pointer, AT_VALUE, problem, expected, NULL,
                    try_text);
}

static void report_range(const struct target *t, bool is_low)
{
    int64_t min, max;
    param_range(t->row, t->kind, &min, &max);
    char bound[QUANTITY_TEXT_BYTES];
    quantity_print(t->kind, is_low ? min : max, bound);
    bool has_bound = is_low ? min != INT64_MIN : max != INT64_MAX;
    const char *try_text = !has_bound ? NULL
                           : quantity_has_unit(t->kind)
                               ? arena_printf(t->reader->arena, "\"%s\"", bound)
                               : bound;
    report(t, "E203", "out of range", describe_range(t), try_text);
}

/* What people write for a unit that is called otherwise here. */
static const char *alias_of(enum param_kind kind, const char *unit)
{
    static const struct {
        enum param_kind kind;
        const char *alias, *unit;
    } aliases[] = {
        {PARAM_DURATION, "sec", "s"},
        {PARAM_DURATION, "secs", "s"},
        {PARAM_DURATION, "second", "s"},
        {PARAM_DURATION, "seconds", "s"},
        {PARAM_DURATION, "msec", "ms"},
        {PARAM_DURATION, "millis", "ms"},
        {PARAM_DURATION, "milliseconds", "ms"},
        {PARAM_DURATION, "usec", "us"},
        {PARAM_DURATION, "\xc2\xb5s", "us"},
        {PARAM_DURATION, "\xce\xbcs", "us"},
        {PARAM_DURATION, "m", "min"},
        {PARAM_DURATION, "mins", "min"},
        {PARAM_DURATION, "minutes", "min"},
        {PARAM_DURATION, "hour", "h"},
        {PARAM_DURATION, "hours", "h"},
        {PARAM_BYTES, "bytes", "B"},
        {PARAM_BYTES, "KB", "kB"},
        {PARAM_BYTES, "K", "KiB"},
        {PARAM_BYTES, "M", "MiB"},
        {PARAM_BYTES, "G", "GiB"},
        {PARAM_BIT_RATE, "bps", "bit/s"},
        {PARAM_BIT_RATE, "kbps", "kbit/s"},
        {PARAM_BIT_RATE, "Kbps", "kbit/s"},
        {PARAM_BIT_RATE, "Mbps", "Mbit/s"},
        {PARAM_BIT_RATE, "Mb/s", "Mbit/s"},
        {PARAM_BIT_RATE, "Gbps", "Gbit/s"},
        {PARAM_BIT_RATE, "Gb/s", "Gbit/s"},
        {PARAM_RATE, "tps", "tx/s"},
        {PARAM_RATE, "TPS", "tx/s"},
        {PARAM_RATE, "Hz", "/s"},
        {PARAM_RATE, "msg/s", "/s"},
        {PARAM_RATIO, "percent", "%"},
        {PARAM_RATIO, "pct", "%"},
    };
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (aliases[i].kind == kind && strcmp(aliases[i].alias, unit) == 0)
            return aliases[i].unit;
    }
    return NULL;
}

/* "40 MS" -> "\"40ms\"", when the unit can be guessed. */
static const char *correct_unit(const struct target *t, const char *text)
{
    size_t digits = strspn(text, "-0123456789.");
    const char *unit = text + digits;
    unit += strspn(unit, " ");
    if (digits > 32 || strlen(unit) > 16)
        return NULL;
    const char *const *units = quantity_units(t->kind);
    const char *guess = alias_of(t->kind, unit);
    for (size_t i = 0; guess == NULL && units[i] != NULL; i++)
        guess = strcasecmp(unit, units[i]) == 0 ? units[i] : NULL;
    if (guess == NULL)
        guess = suggest_word(unit, units);
    return guess == NULL ? NULL
                         : arena_printf(t->reader->arena, "\"%.*s%s\"", (int)digits, text, guess);
}

static char *expected_quantity(const struct target *t)
{
    const struct quantity_words *words = quantity_words(t->kind);
    return arena_printf(t->reader->arena, "a string such as %s (units: %s)", words->examples,
                        words->units);
}

/* The unit that a bare number is likely to have: that of the default (a block interval of "5s" is
 * given in seconds), else the one that people use most. */
static const char *likely_unit(const struct target *t, const char *number)
{
    char text[QUANTITY_TEXT_BYTES];
    bool is_default_in_range =
        t->row->value_default >= t->row->value_min && t->row->value_default <= t->row->value_max;
    if (t->row->value_default > 0 && is_default_in_range) {
        quantity_print(t->kind, t->row->value_default, text);
        return arena_printf(t->reader->arena, "%s", text + strspn(text, "0123456789."));
    }
    if (t->kind == PARAM_BIT_RATE && strlen(number) > 5)
        return "bit/s";
    bool is_long = t->kind == PARAM_DURATION && t->row->value_max > INT64_C(3600000000000);
    return is_long ? "s" : quantity_words(t->kind)->likely_unit;
}

/* A bare number: 40 where "40ms" is meant. A share of one needs quotes only. */
static void report_no_unit(const struct target *t, const char *number)
{
    const struct quantity_words *words = quantity_words(t->kind);
    bool is_share = t->kind == PARAM_RATIO && strtod(number, NULL) <= 1;
    bool is_short = strlen(number) <= 32 && strpbrk(number, "eE") == NULL;
    report(t, "E201",
           arena_printf(t->reader->arena, "%s needs %s", words->noun,
                        is_share ? "to be a string" : "a unit"),
           expected_quantity(t),
           !is_short ? NULL
                     : arena_printf(t->reader->arena, "\"%s%s\"", number,
                                    is_share ? "" : likely_unit(t, number)));
}

static void report_quantity(const struct target *t, enum quantity_status status, const char *text)
{
    const struct quantity_words *words = quantity_words(t->kind);
    switch (status) {
    case QUANTITY_FINE:
        return;
    case QUANTITY_MALFORMED:
        report(t, "E207", arena_printf(t->reader->arena, "not %s", words->noun),
               expected_quantity(t), NULL);
        return;
    case QUANTITY_NO_UNIT:
        report_no_unit(t, text);
        return;
    case QUANTITY_BAD_UNIT:
        report(t, "E202", "unknown unit",
               arena_printf(t->reader->arena, "a number followed by one of: %s", words->units),
               correct_unit(t, text));
        return;
    case QUANTITY_TOO_LARGE:
        report_range(t, text[0] == '-');
        return;
    case QUANTITY_TOO_FINE:
        report(t, "E204", arena_printf(t->reader->arena, "%s too fine", words->noun),
               t->kind == PARAM_RATE ? "a whole number of events in a million seconds"
               : t->kind == PARAM_RATIO
                   ? "at most 12 decimals of a share"
                   : arena_printf(t->reader->arena, "a whole number of %s", words->base_unit),
               NULL);
        return;
    }
}

/* --- Reading --- */

const char *param_number_text(struct arena *arena, const cJSON *value)
{
    return value->valuestring != NULL ? value->valuestring
                                      : arena_printf(arena, "%.17g", value->valuedouble);
}

static void store(const struct target *t, int64_t value)
{
    int64_t min, max;
    param_range(t->row, t->kind, &min, &max);
    bool is_unlimited = t->kind == PARAM_BIT_RATE && value == 0 && t->row->value_min > 0;
    if ((value < min && !is_unlimited) || value > max) {
        report_range(t, value < min);
        return;
    }
    memcpy(t->word, &value, sizeof value);
    param_effective_quantity(t->reader, t->effective, t->name, t->pointer, t->kind, value);
}

static void read_quantity(const struct target *t, const cJSON *value)
{
    if (cJSON_IsNumber(value)) {
        report_no_unit(t, param_number_text(t->reader->arena, value));
        return;
    }
    if (!cJSON_IsString(value)) {
        report(t, "E205", "wrong type of value", expected_quantity(t), NULL);
        return;
    }
    int64_t quantity = 0;
    enum quantity_status status = quantity_parse(t->kind, value->valuestring, &quantity);
    /* A bit rate of 0 is not "unlimited": that has to be said in words. */
    if (status == QUANTITY_FINE && t->kind == PARAM_BIT_RATE && quantity == 0 &&
        strcmp(value->valuestring, "unlimited") != 0) {
        report(t, "E203", "out of range", "\"unlimited\", or 1bit/s or more", "\"unlimited\"");
        return;
    }
    if (status == QUANTITY_FINE)
        store(t, quantity);
    else
        report_quantity(t, status, value->valuestring);
}

static void read_integer(const struct target *t, const cJSON *value)
{
    int64_t min, max;
    param_range(t->row, PARAM_INTEGER, &min, &max);
    const char *text = cJSON_IsNumber(value)   ? param_number_text(t->reader->arena, value)
                       : cJSON_IsString(value) ? value->valuestring
                                               : NULL;
    int64_t integer = 0;
    enum quantity_status status =
        text == NULL ? QUANTITY_MALFORMED : quantity_parse_integer(text, &integer);
    bool is_fine = status == QUANTITY_FINE;
    char *expected = arena_printf(t->reader->arena, "an integer, %s", describe_range(t));
    if (status == QUANTITY_TOO_LARGE)
        report_range(t, text[0] == '-');
    else if (!is_fine)
        report(t, "E205", "wrong type of value", expected, NULL);
    else if (cJSON_IsString(value) && max <= JSON_INTEGER_MAX)
        report(t, "E205", "wrong type of value", expected, strlen(text) > 40 ? NULL : text);
    else if (cJSON_IsNumber(value) && llabs(integer) > JSON_INTEGER_MAX && max > JSON_INTEGER_MAX)
        report(t, "E209", "a number beyond 2^53 - 1, which not every JSON tool keeps", "a string",
               arena_printf(t->reader->arena, "\"%" PRId64 "\"", integer));
    else
        store(t, integer);
}

/* A seed as a number may be spelled as any integer of JSON (1e3), as a string in digits only. */
static enum quantity_status parse_seed(const struct target *t, const cJSON *value,
                                       uint64_t *ret_seed)
{
    if (cJSON_IsNumber(value)) {
        int64_t integer = 0;
        const char *text = param_number_text(t->reader->arena, value);
        enum quantity_status status = quantity_parse_integer(text, &integer);
        *ret_seed = (uint64_t)integer;
        return status == QUANTITY_FINE && integer < 0 ? QUANTITY_TOO_LARGE : status;
    }
    const char *text = cJSON_IsString(value) ? value->valuestring : "";
    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
        return QUANTITY_MALFORMED;
    errno = 0;
    *ret_seed = strtoull(text, NULL, 10);
    return errno == ERANGE ? QUANTITY_TOO_LARGE : QUANTITY_FINE;
}

static void read_seed(const struct target *t, const cJSON *value)
{
    static const char *const expected = "an integer, 0 to 9007199254740991, or a string of decimal "
                                        "digits up to \"18446744073709551615\"";
    uint64_t seed = 0;
    enum quantity_status status = parse_seed(t, value, &seed);
    bool is_beyond = seed > (uint64_t)JSON_INTEGER_MAX;
    if (status == QUANTITY_TOO_LARGE) {
        report(t, "E203", "out of range", expected, NULL);
        return;
    }
    if (status != QUANTITY_FINE) {
        report(t, "E205", "wrong type of value", expected, NULL);
        return;
    }
    if (is_beyond && cJSON_IsNumber(value)) {
        report(t, "E209", "a number beyond 2^53 - 1, which not every JSON tool keeps", expected,
               arena_printf(t->reader->arena, "\"%" PRIu64 "\"", seed));
        return;
    }
    memcpy(t->word, &seed, sizeof seed);
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, seed);
    add_item(t->effective, t->name,
             is_beyond ? cJSON_CreateString(digits) : cJSON_CreateNumber((double)seed));
    param_leaf_add(t->reader, t->pointer, digits, (double)seed, "");
}

static void read_choice(const struct target *t, const cJSON *value)
{
    const char *const *choices = t->row->choices;
    SIM_ASSERT(choices != NULL);
    const char *text = cJSON_IsString(value) ? value->valuestring : "";
    for (int64_t i = 0; choices[i] != NULL; i++) {
        if (strcmp(choices[i], text) == 0) {
            memcpy(t->word, &i, sizeof i);
            param_effective_text(t->reader, t->effective, t->name, t->pointer, choices[i]);
            return;
        }
    }
    const char *near = suggest_word(text, choices);
    report(t, "E206", "none of the choices", param_one_of(t->reader->arena, choices),
           near == NULL ? NULL : arena_printf(t->reader->arena, "\"%s\"", near));
}

static void read_real(const struct target *t, const cJSON *value)
{
    double min = t->row->real_min, max = t->row->real_max, real = value->valuedouble;
    bool has_range = min < max;
    char *expected = has_range
                         ? arena_printf(t->reader->arena, "a number, %.15g to %.15g", min, max)
                         : arena_printf(t->reader->arena, "a number");
    if (!cJSON_IsNumber(value)) {
        report(t, "E205", "wrong type of value", expected, NULL);
    } else if (has_range && (real < min || real > max)) {
        report(t, "E203", "out of range", expected,
               arena_printf(t->reader->arena, "%.15g", real < min ? min : max));
    } else {
        real = real + 0.0; /* -0 becomes 0, so that both hash alike */
        memcpy(t->word, &real, sizeof real);
        param_effective_real(t->reader, t->effective, t->name, t->pointer, real);
    }
}

static void read_string(const struct target *t, const cJSON *value)
{
    if (!cJSON_IsString(value)) {
        report(t, "E205", "wrong type of value", "a string", NULL);
        return;
    }
    const char *text = value->valuestring;
    if (t->kind == PARAM_FILE) {
        const struct param_file *file = param_file(t->reader, t->pointer, text);
        if (file == NULL)
            return;
        memcpy(t->word, &file->path, sizeof file->path);
    } else {
        const char *copy = arena_text(t->reader->arena, text, strlen(text));
        memcpy(t->word, &copy, sizeof copy);
    }
    param_effective_text(t->reader, t->effective, t->name, t->pointer, text);
}

static void read_bool(const struct target *t, const cJSON *value)
{
    if (!cJSON_IsBool(value)) {
        report(t, "E205", "wrong type of value", "true or false", NULL);
        return;
    }
    int64_t truth = cJSON_IsTrue(value) ? 1 : 0;
    memcpy(t->word, &truth, sizeof truth);
    param_effective_quantity(t->reader, t->effective, t->name, t->pointer, PARAM_BOOL, truth);
}

void param_scalar(struct param_reader *reader, const struct param *row, enum param_kind kind,
                  const cJSON *value, const char *pointer, void *word, cJSON *effective,
                  const char *name)
{
    const struct target target = {reader, row, kind, pointer, word, effective, name};
    switch (kind) {
    case PARAM_BOOL:
        read_bool(&target, value);
        return;
    case PARAM_INTEGER:
        read_integer(&target, value);
        return;
    case PARAM_RATIO:
    case PARAM_DURATION:
    case PARAM_BYTES:
    case PARAM_BIT_RATE:
    case PARAM_RATE:
        read_quantity(&target, value);
        return;
    case PARAM_REAL:
        read_real(&target, value);
        return;
    case PARAM_CHOICE:
        read_choice(&target, value);
        return;
    case PARAM_STRING:
    case PARAM_FILE:
        read_string(&target, value);
        return;
    case PARAM_SEED:
        read_seed(&target, value);
        return;
    case PARAM_DISTRIBUTION:
    case PARAM_OBJECT:
    case PARAM_VARIANT:
    case PARAM_LIST:
    case PARAM_JSON:
        break;
    }
    SIM_ASSERT(!"a kind that fits one word");
}

void param_scalar_default(struct param_reader *reader, const struct param *row, const char *pointer,
                          cJSON *effective)
{
    enum param_kind kind = row->kind;
    if (kind == PARAM_STRING || kind == PARAM_FILE || kind == PARAM_REAL)
        return; /* zero bytes; a default would have come as default_json */
    int64_t value = row->value_default, min, max;
    param_range(row, kind, &min, &max);
    bool is_in_range = value >= min && value <= max;
    if (row->hidden)
        return;
    if (kind == PARAM_CHOICE)
        param_effective_text(reader, effective, row->name, pointer, row->choices[value]);
    else if (kind == PARAM_BOOL || (kind == PARAM_BIT_RATE && value == 0) || is_in_range)
        param_effective_quantity(reader, effective, row->name, pointer,
                                 kind == PARAM_SEED ? PARAM_INTEGER : kind, value);
}
