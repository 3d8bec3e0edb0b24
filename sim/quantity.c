#include "sim/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/exact.h"
#include "sim/sim_assert.h"

/* A unit is `num` / `den` base units. */
struct unit {
    const char *name;
    uint64_t num, den;
};

enum { UNITS_MAX = 10, DIGITS_MAX = 19, DECIMALS_MAX = 18, EXPONENT_MAX = 10000 };

#define MILLION UINT64_C(1000000)

static const struct unit time_units[] = {
    {"ns", 1, 1},
    {"us", 1000, 1},
    {"ms", MILLION, 1},
    {"s", 1000 * MILLION, 1},
    {"min", 60000 * MILLION, 1},
    {"h", 3600000 * MILLION, 1},
    {NULL, 0, 0},
};
static const struct unit byte_units[] = {
    {"B", 1, 1},
    {"kB", 1000, 1},
    {"KiB", 1024, 1},
    {"MB", MILLION, 1},
    {"MiB", UINT64_C(1) << 20, 1},
    {"GB", 1000 * MILLION, 1},
    {"GiB", UINT64_C(1) << 30, 1},
    {"TB", MILLION *MILLION, 1},
    {"TiB", UINT64_C(1) << 40, 1},
    {NULL, 0, 0},
};
static const struct unit bit_rate_units[] = {
    {"bit/s", 1, 1},
    {"kbit/s", 1000, 1},
    {"Mbit/s", MILLION, 1},
    {"Gbit/s", 1000 * MILLION, 1},
    {"Tbit/s", MILLION *MILLION, 1},
    {NULL, 0, 0},
};
static const struct unit rate_units[] = {
    {"/s", MILLION, 1},    {"tx/s", MILLION, 1},    {"/min", MILLION, 60}, {"tx/min", MILLION, 60},
    {"/h", MILLION, 3600}, {"tx/h", MILLION, 3600}, {NULL, 0, 0},
};
static const struct unit ratio_units[] = {
    {"", MILLION *MILLION, 1},
    {"%", 10000 * MILLION, 1},
    {"ppm", MILLION, 1},
    {NULL, 0, 0},
};

static const char *const time_names[] = {"ns", "us", "ms", "s", "min", "h", NULL};
static const char *const byte_names[] = {"B",  "kB",  "KiB", "MB",  "MiB",
                                         "GB", "GiB", "TB",  "TiB", NULL};
static const char *const bit_rate_names[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s", NULL};
static const char *const rate_names[] = {"/s", "tx/s", "/min", "tx/min", "/h", "tx/h", NULL};
static const char *const ratio_names[] = {"%", "ppm", NULL};

struct quantity {
    enum param_kind kind;
    const struct unit *units;
    const char *const *names;
    struct quantity_words words;
};

static const struct quantity quantities[] = {
    {PARAM_DURATION,
     time_units,
     time_names,
     {"a time", "ns us ms s min h", "\"40ms\", \"1.5s\"", "ms", "ns"}},
    {PARAM_BYTES,
     byte_units,
     byte_names,
     {"a size", "B kB KiB MB MiB GB GiB TB TiB", "\"512B\", \"1MiB\"", "B", "B"}},
    {PARAM_BIT_RATE,
     bit_rate_units,
     bit_rate_names,
     {"a bit rate", "bit/s kbit/s Mbit/s Gbit/s Tbit/s", "\"100Mbit/s\", \"unlimited\"", "Mbit/s",
      "bit/s"}},
    {PARAM_RATE,
     rate_units,
     rate_names,
     {"a rate", "/s tx/s /min tx/min /h tx/h", "\"200tx/s\", \"0.5/s\"", "/s", "/s"}},
    {PARAM_RATIO,
     ratio_units,
     ratio_names,
     {"a ratio", "% ppm, or none for a share of 1", "\"0.1%\", \"0.001\"", "%", ""}},
};

static const struct quantity *quantity_of(enum param_kind kind)
{
    for (size_t i = 0; i < sizeof quantities / sizeof quantities[0]; i++) {
        if (quantities[i].kind == kind)
            return &quantities[i];
    }
    return NULL;
}

bool quantity_has_unit(enum param_kind kind)
{
    return quantity_of(kind) != NULL;
}

const struct quantity_words *quantity_words(enum param_kind kind)
{
    const struct quantity *quantity = quantity_of(kind);
    SIM_ASSERT(quantity != NULL);
    return &quantity->words;
}

const char *const *quantity_units(enum param_kind kind)
{
    const struct quantity *quantity = quantity_of(kind);
    SIM_ASSERT(quantity != NULL);
    return quantity->names;
}

/* A decimal number: mantissa * 10^-decimals, zeros stripped. */
struct decimal {
    uint128 mantissa; /* at most DIGITS_MAX + DECIMALS_MAX digits: below 2^123 */
    uint32_t decimals;
    bool negative;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads -?digits(.digits)?([eE][+-]?digits)? (the exponent only when asked for); *ret_end is what
 * follows. The digits are scanned from the first that is not 0 to the last that is not 0. */
static enum quantity_status parse_decimal(const char *text, bool exponent_allowed,
                                          struct decimal *ret_decimal, const char **ret_end)
{
    struct decimal decimal = {.negative = *text == '-'};
    const char *start = text + (decimal.negative ? 1 : 0);
    const char *end = start;
    while (is_digit(*end))
        end++;
    if (end == start)
        return QUANTITY_MALFORMED;
    const char *point = end;
    if (*end == '.') {
        end++;
        while (is_digit(*end))
            end++;
        if (end == point + 1)
            return QUANTITY_MALFORMED;
    }
    const char *digits_end = end;
    int64_t exponent = 0;
    if (exponent_allowed && (*end == 'e' || *end == 'E')) {
        bool exponent_negative = end[1] == '-';
        end += end[1] == '+' || end[1] == '-' ? 2 : 1;
        if (!is_digit(*end))
            return QUANTITY_MALFORMED;
        for (; is_digit(*end); end++)
            exponent = exponent < EXPONENT_MAX ? 10 * exponent + (*end - '0') : exponent;
        exponent = exponent_negative ? -exponent : exponent;
    }
    *ret_end = end;
    const char *first = start;
    while (first < digits_end && (*first == '0' || *first == '.'))
        first++;
    const char *last = digits_end;
    while (last > first && (last[-1] == '0' || last[-1] == '.'))
        last--;
    *ret_decimal = decimal;
    if (first == last)
        return QUANTITY_FINE; /* zero */
    /* Powers of ten of the first and of the last digit that matter. */
    int64_t high = (first < point ? point - first - 1 : point - first) + exponent;
    int64_t low = (last <= point ? point - last : point - last + 1) + exponent;
    if (high >= DIGITS_MAX)
        return QUANTITY_TOO_LARGE;
    if (low < -DECIMALS_MAX)
        return QUANTITY_TOO_FINE;
    for (const char *c = first; c < last; c++) {
        if (*c != '.')
            decimal.mantissa = decimal.mantissa * 10u + (unsigned)(*c - '0');
    }
    for (; low > 0; low--)
        decimal.mantissa *= 10;
    decimal.decimals = (uint32_t)-low;
    *ret_decimal = decimal;
    return QUANTITY_FINE;
}

/* Divides out of a and *b what they share, so that a * num / den stays small and exact. */
static uint64_t cancel(uint128 *a, uint64_t b)
{
    uint64_t x = (uint64_t)(*a % b), y = b;
    while (x != 0) { /* Euclid on (b, a mod b) */
        uint64_t rest = y % x;
        y = x;
        x = rest;
    }
    *a /= y;
    return b / y;
}

/* mantissa * num / (den * 10^decimals), exactly. */
static enum quantity_status scale(const struct decimal *decimal, uint64_t num, uint64_t den,
                                  int64_t *ret_value)
{
    uint128 mantissa = decimal->mantissa, factor = num;
    uint64_t power = 1;
    for (uint32_t i = 0; i < decimal->decimals; i++)
        power *= 10; /* at most 10^DECIMALS_MAX */
    uint64_t divisors[] = {power, den};
    for (size_t i = 0; i < 2 && mantissa != 0; i++) {
        if (cancel(&factor, cancel(&mantissa, divisors[i])) != 1)
            return QUANTITY_TOO_FINE;
    }
    if (factor != 0 && mantissa > (uint128)INT64_MAX / factor)
        return QUANTITY_TOO_LARGE;
    int64_t value = (int64_t)(mantissa * factor);
    *ret_value = decimal->negative ? -value : value;
    return QUANTITY_FINE;
}

enum quantity_status quantity_parse(enum param_kind kind, const char *text, int64_t *ret_value)
{
    const struct quantity *quantity = quantity_of(kind);
    SIM_ASSERT(quantity != NULL);
    if (kind == PARAM_BIT_RATE && strcmp(text, "unlimited") == 0) {
        *ret_value = 0;
        return QUANTITY_FINE;
    }
    struct decimal decimal;
    const char *unit;
    enum quantity_status status = parse_decimal(text, false, &decimal, &unit);
    if (status == QUANTITY_MALFORMED)
        return status;
    const struct unit *row = quantity->units;
    while (row->name != NULL && strcmp(row->name, unit) != 0)
        row++;
    if (row->name == NULL)
        return *unit == '\0' ? QUANTITY_NO_UNIT : QUANTITY_BAD_UNIT;
    if (status != QUANTITY_FINE)
        return status;
    return scale(&decimal, row->num, row->den, ret_value);
}

enum quantity_status quantity_parse_integer(const char *text, int64_t *ret_value)
{
    struct decimal decimal;
    const char *end;
    enum quantity_status status = parse_decimal(text, true, &decimal, &end);
    if (status == QUANTITY_FINE && *end != '\0')
        status = QUANTITY_MALFORMED;
    return status != QUANTITY_FINE ? status : scale(&decimal, 1, 1, ret_value);
}

/* value / 10^decimals as a decimal without trailing zeros, then the unit. */
static void print_decimal(int64_t value, uint32_t decimals, const char *unit,
                          char ret_text[QUANTITY_TEXT_BYTES])
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    while (decimals > 0 && magnitude % 10 == 0) {
        magnitude /= 10;
        decimals--;
    }
    uint64_t power = 1;
    for (uint32_t i = 0; i < decimals; i++)
        power *= 10;
    const char *sign = value < 0 ? "-" : "";
    if (decimals == 0)
        snprintf(ret_text, QUANTITY_TEXT_BYTES, "%s%" PRIu64 "%s", sign, magnitude, unit);
    else
        snprintf(ret_text, QUANTITY_TEXT_BYTES, "%s%" PRIu64 ".%0*" PRIu64 "%s", sign,
                 magnitude / power, (int)decimals, magnitude % power, unit);
}

void quantity_print_base(enum param_kind kind, int64_t value, char ret_text[QUANTITY_TEXT_BYTES])
{
    if (kind == PARAM_BIT_RATE && value == 0)
        strcpy(ret_text, "unlimited");
    else if (kind == PARAM_RATE)
        print_decimal(value, 6, "/s", ret_text);
    else if (kind == PARAM_RATIO)
        print_decimal(value, 12, "", ret_text);
    else
        print_decimal(value, 0, quantity_of(kind) == NULL ? "" : quantity_words(kind)->base_unit,
                      ret_text);
}

/* A unit serves when the value has at most three decimals in it; sizes, minutes and hours only as
 * whole numbers ("90s", not "1.5min"). */
static bool serves(const struct unit *unit, int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (magnitude < unit->num)
        return false;
    bool is_decimal = strcmp(unit->name, "min") != 0 && strcmp(unit->name, "h") != 0 &&
                      strchr(unit->name, 'B') == NULL && unit->num % 1000 == 0;
    return magnitude % (is_decimal ? unit->num / 1000 : unit->num) == 0;
}

void quantity_print(enum param_kind kind, int64_t value, char ret_text[QUANTITY_TEXT_BYTES])
{
    const struct quantity *quantity = quantity_of(kind);
    if (kind == PARAM_RATIO) {
        print_decimal(value, 10, "%", ret_text);
        return;
    }
    if (quantity == NULL || kind == PARAM_RATE || value == 0) {
        quantity_print_base(kind, value, ret_text);
        return;
    }
    const struct unit *best = &quantity->units[0];
    for (const struct unit *unit = quantity->units; unit->name != NULL; unit++) {
        /* 1000000 bytes are "1MB", 1048576 are "1MiB": the larger of those that serve. */
        best = serves(unit, value) ? unit : best;
    }
    if (value % (int64_t)best->num == 0) {
        print_decimal(value / (int64_t)best->num, 0, best->name, ret_text);
        return;
    }
    print_decimal(value / (int64_t)(best->num / 1000), 3, best->name, ret_text);
}

double quantity_number(enum param_kind kind, int64_t value)
{
    if (kind == PARAM_RATE)
        return (double)value / 1e6;
    if (kind == PARAM_RATIO)
        return (double)value / 1e12;
    return (double)value;
}
