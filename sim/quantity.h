#ifndef SIM_QUANTITY_H
#define SIM_QUANTITY_H

/* Quantities as text, exactly, to and from integers in base units: nanoseconds, bytes, bit/s, 10^-6
 * events/s, 10^-12 for ratios. No floating point: "0.1%" is 10^9 of 10^-12, on every machine.
 *
 * A quantity is a decimal number followed at once by its unit: "1.5s". No exponent, no sign but -,
 * no space. "unlimited" is the bit rate 0. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/param.h"

enum quantity_status {
    QUANTITY_FINE,
    QUANTITY_MALFORMED, /* does not begin with a decimal number */
    QUANTITY_NO_UNIT,   /* a number alone where a unit is needed */
    QUANTITY_BAD_UNIT,  /* a unit that this kind does not have */
    QUANTITY_TOO_LARGE, /* beyond 63 bits of base units */
    QUANTITY_TOO_FINE   /* no whole number of base units */
};

enum { QUANTITY_TEXT_BYTES = 64 };

/* quantity_has_unit tells DURATION, BYTES, BIT_RATE, RATE and RATIO from the other kinds. */
bool quantity_has_unit(enum param_kind kind);

/* quantity_parse reads a text of a kind with units. *ret_value is unchanged on failure. */
enum quantity_status quantity_parse(enum param_kind kind, const char *text, int64_t *ret_value);

/* quantity_parse_integer reads a decimal integer as JSON writes numbers: 1e3 and 1.0 are integers,
 * 1.5 is too fine. */
enum quantity_status quantity_parse_integer(const char *text, int64_t *ret_value);

/* quantity_print_base writes the one canonical spelling, in base units where the grammar allows:
 * "20000000ns", "512B", "1000bit/s", "0.5/s", "0.001". quantity_parse reads it back. */
void quantity_print_base(enum param_kind kind, int64_t value, char ret_text[QUANTITY_TEXT_BYTES]);

/* quantity_print writes the spelling for people: the largest unit that keeps it short and exact:
 * "20ms", "1.5s", "2KiB", "100Mbit/s", "0.1%", "200/s". Also INTEGER and BOOL. */
void quantity_print(enum param_kind kind, int64_t value, char ret_text[QUANTITY_TEXT_BYTES]);

/* Words about a kind for messages: "a time", "ns us ms s min h", two examples, the base unit. */
struct quantity_words {
    const char *noun, *units, *examples, *likely_unit, *base_unit;
};
const struct quantity_words *quantity_words(enum param_kind kind);

/* quantity_units lists the unit texts of a kind, NULL-terminated, for suggestions. */
const char *const *quantity_units(enum param_kind kind);

/* quantity_number is the value as a plain number in quantity_words()->base_unit: rates in events a
 * second, ratios as a share of one. For reports and the param table, never for the simulation. */
double quantity_number(enum param_kind kind, int64_t value);

#endif
