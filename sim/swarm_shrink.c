#include "sim/swarm_shrink.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "sim/json_write.h"
#include "sim/sim_assert.h"
#include "sim/swarm_plan.h"

#define SHORTEST_NS INT64_C(1000000000)
/* A run that does not end costs its whole time, so few candidates have to do. */
enum { TRIES_MAX = 400, TRIES_MAX_SLOW = 15 };

struct shrink {
    const struct swarm_task *task;
    struct swarm_child *child;
    const volatile int *stop;
    cJSON *best;
    struct swarm_outcome *outcome;
    uint32_t tried, tries_max;
};

static bool is_over(const struct shrink *shrink)
{
    return *shrink->stop || shrink->tried >= shrink->tries_max;
}

/* Runs a candidate (consumed); it becomes the best one when the finding is still there. */
static bool try_candidate(struct shrink *shrink, cJSON *candidate)
{
    bool is_better = false;
    if (!is_over(shrink)) {
        struct swarm_task task = *shrink->task;
        char *text = json_write_canonical(candidate, NULL);
        task.text = text;
        shrink->tried++;
        is_better = swarm_run_whole(shrink->child, &task, shrink->stop) &&
                    swarm_same(shrink->child->outcome, shrink->outcome);
        free(text);
    }
    if (!is_better) {
        cJSON_Delete(candidate);
        return false;
    }
    memcpy(shrink->outcome, shrink->child->outcome, sizeof *shrink->outcome);
    cJSON_Delete(shrink->best);
    shrink->best = candidate;
    return true;
}

static cJSON *copy_best(const struct shrink *shrink)
{
    cJSON *copy = cJSON_Duplicate(shrink->best, true);
    SIM_ASSERT(copy != NULL);
    return copy;
}

static int fault_count(const cJSON *document)
{
    return cJSON_GetArraySize(swarm_find(document, "/faults"));
}

static bool drop_faults(struct shrink *shrink)
{
    int before = fault_count(shrink->best);
    if (before > 1) {
        cJSON *none = copy_best(shrink);
        swarm_put(none, "/faults", cJSON_CreateArray());
        if (try_candidate(shrink, none))
            return true;
    }
    for (int i = before - 1; i >= 0; i--) {
        cJSON *candidate = copy_best(shrink);
        cJSON_DeleteItemFromArray(swarm_find(candidate, "/faults"), i);
        try_candidate(shrink, candidate);
    }
    return fault_count(shrink->best) < before;
}

/* The base's value is smaller than nothing only where it makes the run longer. */
static bool may_return(const struct swarm_slot *slot, const cJSON *value)
{
    int64_t base = 0, now = 0;
    if (value == NULL || cJSON_Compare(slot->base, value, true))
        return false;
    return !slot->row->size || (swarm_number(slot->row, slot->base, &base) &&
                                swarm_number(slot->row, value, &now) && base < now);
}

static uint32_t change_count(const struct swarm_plan *plan, const cJSON *document)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->slot_count; i++) {
        const cJSON *value = swarm_find(document, plan->slots[i].pointer);
        count += value != NULL && !cJSON_Compare(plan->slots[i].base, value, true);
    }
    return count;
}

static bool return_parameters(struct shrink *shrink)
{
    const struct swarm_plan *plan = shrink->task->plan;
    bool better = false;
    for (uint32_t i = 0; i < plan->slot_count; i++) {
        const struct swarm_slot *slot = &plan->slots[i];
        if (!may_return(slot, swarm_find(shrink->best, slot->pointer)))
            continue;
        cJSON *candidate = copy_best(shrink);
        swarm_put(candidate, slot->pointer, cJSON_Duplicate(slot->base, true));
        better |= try_candidate(shrink, candidate);
    }
    return better;
}

static cJSON *number_of(const struct param *row, int64_t value)
{
    return row->kind == PARAM_INTEGER ? cJSON_CreateNumber((double)value)
                                      : swarm_quantity(row->kind, value);
}

static bool halve_sizes(struct shrink *shrink)
{
    const struct swarm_plan *plan = shrink->task->plan;
    bool better = false;
    for (uint32_t i = 0; i < plan->slot_count; i++) {
        const struct swarm_slot *slot = &plan->slots[i];
        int64_t size = 0;
        bool is_size = slot->row->size &&
                       swarm_number(slot->row, swarm_find(shrink->best, slot->pointer), &size);
        while (is_size && size / 2 >= slot->row->swarm_min) {
            size /= 2;
            cJSON *candidate = copy_best(shrink);
            swarm_put(candidate, slot->pointer, number_of(slot->row, size));
            if (!try_candidate(shrink, candidate))
                break;
            better = true;
        }
    }
    return better;
}

static void halve_time(cJSON *object, const char *key)
{
    int64_t time_ns = swarm_time(cJSON_GetObjectItemCaseSensitive(object, key), "");
    if (time_ns > 1)
        cJSON_ReplaceItemInObjectCaseSensitive(object, key,
                                               swarm_quantity(PARAM_DURATION, time_ns / 2));
}

/* Half of the duration, with faults and the end of the load where they are, or moved with it. What
 * has not come by the end needs its quiet time, or any run would do. */
static bool halve_duration(struct shrink *shrink, bool moves)
{
    static const char *const keys[] = {"at", "for", "every", "from", "to", "until"};
    if (swarm_time(shrink->best, "/duration") < 2 * SHORTEST_NS ||
        (shrink->outcome->at_end && !moves))
        return false;
    cJSON *candidate = copy_best(shrink);
    halve_time(candidate, "duration");
    cJSON *lists[] = {swarm_find(candidate, "/faults"), swarm_find(candidate, "/workload")};
    for (size_t list = 0; moves && list < 2; list++)
        for (cJSON *item = lists[list] ? lists[list]->child : NULL; item; item = item->next)
            for (size_t key = 0; key < sizeof keys / sizeof keys[0]; key++)
                halve_time(item, keys[key]);
    return try_candidate(shrink, candidate);
}

void swarm_shrink(const struct swarm_task *task, const struct swarm_outcome *finding,
                  struct swarm_child *child, const volatile int *stop,
                  struct swarm_shrunk *ret_shrunk)
{
    struct shrink shrink = {.task = task,
                            .child = child,
                            .stop = stop,
                            .best = cJSON_Parse(finding->text),
                            .outcome = malloc(sizeof *shrink.outcome),
                            .tries_max =
                                finding->kind == SWARM_UNFINISHED ? TRIES_MAX_SLOW : TRIES_MAX};
    SIM_ASSERT(shrink.best != NULL && shrink.outcome != NULL);
    memcpy(shrink.outcome, finding, sizeof *shrink.outcome);
    *ret_shrunk = (struct swarm_shrunk){
        .faults_before = (uint32_t)fault_count(shrink.best),
        .changes_before = change_count(task->plan, shrink.best),
    };
    for (bool better = true; better && !is_over(&shrink);) {
        better = drop_faults(&shrink);
        better |= return_parameters(&shrink);
        better |= halve_sizes(&shrink);
        while (halve_duration(&shrink, false) || halve_duration(&shrink, true))
            better = true;
    }
    ret_shrunk->text = json_write_canonical(shrink.best, NULL);
    ret_shrunk->tried = shrink.tried;
    ret_shrunk->faults_after = (uint32_t)fault_count(shrink.best);
    ret_shrunk->changes_after = change_count(task->plan, shrink.best);
    ret_shrunk->outcome = shrink.outcome;
    cJSON_Delete(shrink.best);
}
