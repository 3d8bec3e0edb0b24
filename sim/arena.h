#ifndef SIM_ARENA_H
#define SIM_ARENA_H

/* Memory of a scenario: taken piece by piece, freed at once. Blocks are zeroed and aligned for any
 * type. Not counted against --max-memory: a scenario is small and read before the run. */

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
};

void *arena_take(struct arena *arena, size_t bytes);
char *arena_text(struct arena *arena, const char *text, size_t bytes);
__attribute__((format(printf, 2, 3), nonnull)) char *arena_printf(struct arena *arena,
                                                                  const char *format, ...);

/* arena_pointer is the JSON pointer `parent` with one more token, escaped by RFC 6901;
 * arena_pointer_index the same for an array's element. */
char *arena_pointer(struct arena *arena, const char *parent, const char *token);
char *arena_pointer_index(struct arena *arena, const char *parent, size_t index);

void arena_free(struct arena *arena);

#endif
