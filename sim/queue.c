#include "sim/queue.h"

#include <string.h>

static const struct queue_type *const TYPES[] = {&queue_wheel, &queue_heap};

const struct queue_type *queue_type_find(const char *name)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (strcmp(TYPES[i]->name, name) == 0)
            return TYPES[i];
    return NULL;
}
