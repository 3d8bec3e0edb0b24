#include "analysis/pairing.h"

#include "analysis/must.h"

#include <stdlib.h>
#include <string.h>

static bool same_text(const struct run_param *a, const struct run_param *b)
{
    const char *left = a && a->text ? a->text : "", *right = b && b->text ? b->text : "";
    return strcmp(left, right) == 0;
}

/* Whether the runs of a side have more than one value of a parameter. */
static bool varies(const struct group *group, const char *path)
{
    for (size_t i = 1; i < group->count; i++)
        if (!same_text(run_data_param(group->runs[0], path), run_data_param(group->runs[i], path)))
            return true;
    return false;
}

/* Whether `other` has what `run` has of every parameter that tells the runs of one side apart. */
static bool agrees(const struct group *a, const struct group *b, const struct run_data *run,
                   const struct run_data *other)
{
    for (size_t i = 0; i < run->param_count; i++) {
        const struct run_param *param = &run->params[i];
        if (group_describes(param->path) && !same_text(param, run_data_param(other, param->path)) &&
            (varies(a, param->path) || varies(b, param->path)))
            return false;
    }
    return true;
}

/* Partners share seed and replication, and every parameter that tells the runs of one side apart;
 * what is constant within each side is what is being compared. Either may have parameters that the
 * other lacks. */
static bool are_partners(const struct group *a, const struct group *b, const struct run_data *left,
                         const struct run_data *right)
{
    return left->seed == right->seed && left->replication == right->replication &&
           agrees(a, b, left, right) && agrees(a, b, right, left);
}

void pairing_make(const struct group *a, const struct group *b, struct pairs *ret_pairs)
{
    *ret_pairs = (struct pairs){0};
    for (int side = 0; side < 2; side++)
        ret_pairs->groups[side] = (struct group){
            .label = side ? b->label : a->label,
            .runs = must_alloc((a->count + b->count + 1) * sizeof(struct run_data *))};
    bool *taken = must_alloc((b->count + 1) * sizeof *taken); /* a run is in one pair */
    for (size_t i = 0; i < a->count; i++) {
        size_t j = 0;
        while (j < b->count && (taken[j] || !are_partners(a, b, a->runs[i], b->runs[j])))
            j++;
        if (j == b->count) {
            ret_pairs->alone[0]++;
            continue;
        }
        taken[j] = true;
        const struct run_data *other = b->runs[j];
        for (int side = 0; side < 2; side++)
            ret_pairs->groups[side].runs[ret_pairs->groups[side].count++] =
                side ? other : a->runs[i];
    }
    free(taken);
    ret_pairs->alone[1] = b->count - ret_pairs->groups[0].count;
}

void pairing_free(struct pairs *pairs)
{
    free(pairs->groups[0].runs);
    free(pairs->groups[1].runs);
}
