#include <stdlib.h>
#include <string.h>

#include "sim/scenario_private.h"
#include "sim/sim_assert.h"

/* '/' sorts before every other byte, so that what is inside follows at once. */
static int compare_pointers(const char *a, const char *b)
{
    while (*a == *b && *a != '\0') {
        a++;
        b++;
    }
    int left = *a == '\0' ? 0 : *a == '/' ? 1 : (unsigned char)*a + 1;
    int right = *b == '\0' ? 0 : *b == '/' ? 1 : (unsigned char)*b + 1;
    return left - right;
}

static int compare_leaves(const void *a, const void *b)
{
    const struct param_leaf *left = a, *right = b;
    return compare_pointers(left->pointer, right->pointer); /* no ties: one leaf a pointer */
}

static bool is_swept(const struct scenario_private *private_part, const char *pointer)
{
    for (uint32_t i = 0; i < private_part->axis_count; i++) {
        const char *swept = private_part->axes[i].path.pointer;
        size_t bytes = strlen(swept);
        if (strncmp(swept, pointer, bytes) == 0 &&
            (pointer[bytes] == '\0' || pointer[bytes] == '/'))
            return true;
    }
    return false;
}

static bool is_listed(const char *pointer)
{
    static const char *const hidden[] = {"/$schema", "/sweep"};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (strcmp(hidden[i], pointer) == 0)
            return false;
    }
    return strncmp(pointer, "/include", 8) != 0;
}

void scenario_each_param(const struct scenario *scenario, scenario_visit *visit, void *context)
{
    const struct scenario_private *private_part = scenario->private_part;
    const struct param_reader *reader = &private_part->reader;
    struct param_leaf *leaves = malloc((reader->leaf_count + 1) * sizeof *leaves);
    SIM_ASSERT(leaves != NULL);
    memcpy(leaves, reader->leaves, reader->leaf_count * sizeof *leaves);
    /* no ties: one leaf a pointer */
    qsort(leaves, reader->leaf_count, sizeof *leaves, compare_leaves);
    struct arena arena = {0};
    for (size_t i = 0; i < reader->leaf_count; i++) {
        const struct param_leaf *leaf = &leaves[i];
        if (!is_listed(leaf->pointer))
            continue;
        const char *original = NULL;
        const char *origin =
            scenario_origin(&private_part->sources, &arena, leaf->pointer, &original);
        bool is_seed = private_part->seed_given && strcmp(leaf->pointer, "/seed") == 0;
        visit(context, leaf->pointer, original == NULL || is_seed ? leaf->text : original,
              leaf->number, leaf->unit, is_swept(private_part, leaf->pointer),
              is_seed ? "--seed" : origin);
    }
    arena_free(&arena);
    free(leaves);
}
