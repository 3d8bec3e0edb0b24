#include "analysis/must.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

noreturn void must_fail(const char *file, int line, const char *condition)
{
    fprintf(stderr, "shardsim: internal error at %s:%d: %s\n", file, line, condition);
    exit(1);
}

void *must_alloc(size_t bytes)
{
    void *memory = calloc(1, bytes > 0 ? bytes : 1);
    MUST(memory != NULL);
    return memory;
}

void *must_grow(void *array, size_t count, size_t *capacity, size_t item_bytes)
{
    MUST(item_bytes > 0 && count <= *capacity);
    if (count < *capacity)
        return array;
    size_t wanted = *capacity < 16 ? 16 : *capacity * 2;
    array = reallocarray(array, wanted, item_bytes);
    MUST(array != NULL);
    *capacity = wanted;
    return array;
}

char *must_copy(const char *text)
{
    if (text == NULL)
        return NULL;
    char *copy = strdup(text);
    MUST(copy != NULL);
    return copy;
}

char *must_print(const char *format, ...)
{
    char *text = NULL;
    va_list list;
    va_start(list, format);
    int length = vasprintf(&text, format, list);
    va_end(list);
    MUST(length >= 0);
    return text;
}
