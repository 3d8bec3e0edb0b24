#include "sim/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_assert.h"

enum { ARENA_BLOCK_BYTES = 1 << 16 };

struct arena_block {
    struct arena_block *next;
    size_t used, bytes;
    _Alignas(max_align_t) unsigned char content[];
};

void *arena_take(struct arena *arena, size_t bytes)
{
    const size_t unit = _Alignof(max_align_t);
    SIM_ASSERT(bytes < SIZE_MAX / 2);
    bytes = (bytes + unit - 1) / unit * unit;
    struct arena_block *block = arena->blocks;
    if (block == NULL || block->bytes - block->used < bytes) {
        size_t content = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
        block = calloc(1, sizeof *block + content);
        SIM_ASSERT(block != NULL);
        block->bytes = content;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *piece = block->content + block->used;
    block->used += bytes;
    return piece;
}

char *arena_text(struct arena *arena, const char *text, size_t bytes)
{
    char *copy = arena_take(arena, bytes + 1);
    memcpy(copy, text, bytes);
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int bytes = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    SIM_ASSERT(bytes >= 0);
    char *text = arena_take(arena, (size_t)bytes + 1);
    vsnprintf(text, (size_t)bytes + 1, format, again);
    va_end(again);
    return text;
}

char *arena_pointer(struct arena *arena, const char *parent, const char *token)
{
    size_t parent_bytes = strlen(parent);
    char *pointer = arena_take(arena, parent_bytes + 2 * strlen(token) + 2);
    memcpy(pointer, parent, parent_bytes);
    char *at = pointer + parent_bytes;
    *at++ = '/';
    for (const char *c = token; *c != '\0'; c++) {
        if (*c == '~' || *c == '/') {
            *at++ = '~';
            *at++ = *c == '~' ? '0' : '1';
        } else {
            *at++ = *c;
        }
    }
    return pointer;
}

char *arena_pointer_index(struct arena *arena, const char *parent, size_t index)
{
    return arena_printf(arena, "%s/%zu", parent, index);
}

void arena_free(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}
