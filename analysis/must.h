#ifndef ANALYSIS_MUST_H
#define ANALYSIS_MUST_H

/* What must hold in analysis/ whatever the input, and memory that is never NULL. A broken MUST is
 * our own fault: it prints where, and ends the program with exit code 1. Running out of memory ends
 * it likewise: a report that lacks rows would be worse than none. */

#include <stddef.h>
#include <stdnoreturn.h>

#define MUST(condition) ((condition) ? (void)0 : must_fail(__FILE__, __LINE__, #condition))

noreturn void must_fail(const char *file, int line, const char *condition);

/* must_alloc returns `bytes` zeroed bytes; the caller frees them. */
void *must_alloc(size_t bytes);

/* must_grow returns `array` with room for at least one item more than `count`; *capacity follows.
 * Doubling, so appending n items costs O(n). */
void *must_grow(void *array, size_t count, size_t *capacity, size_t item_bytes);

/* must_copy returns a copy of `text` to be freed by the caller, or NULL for NULL. */
char *must_copy(const char *text);

/* must_print is asprintf that cannot fail; the caller frees the text. */
__attribute__((format(printf, 1, 2))) char *must_print(const char *format, ...);

#endif
