#ifndef MODELS_SPREAD_REPAIR_SCENARIO_PRIVATE_H
#define MODELS_SPREAD_REPAIR_SCENARIO_PRIVATE_H

/* What the steps of a scenario share: repair_scenario.c has those on the blockstore,
 * repair_scenario_weight.c those on weights and selections. */

#include "models/spread/repair_select.h"
#include "sim/conform.h"

enum {
    SCENARIO_LIST_MAX = 4096,
    SCENARIO_VOTERS_MAX = 4096,
    SCENARIO_SHREDS_MAX = 1 << 20,
    SCENARIO_EPOCHS_MAX = 64
};
#define SCENARIO_SLOT_MAX ((INT64_C(1) << 46) - 1)

struct scenario {
    struct conform_case *c;
    const struct cJSON *step;
    struct memory memory;
    struct blockstore_shared shared;
    struct blockstore store;
    struct repair_weight weight;
    struct weight_tree tree;
    struct repair_pending pending;
    struct repair_list list;
    struct slot_set processed;
    uint64_t stakes[SCENARIO_VOTERS_MAX];
    uint64_t slots_per_epoch, epoch_totals[SCENARIO_EPOCHS_MAX];
    bool epoch_told[SCENARIO_EPOCHS_MAX];
    uint64_t total_stake;
    uint32_t shred_count;
    int64_t now_ms;
    bool weight_made, tree_made;
};

struct scenario_op {
    const char *name;
    void (*run)(struct scenario *scenario);
};
extern const struct scenario_op scenario_weight_ops[]; /* NULL-name terminated */

/* Slots of a member, any order; null or absent counts as empty. */
void scenario_slots(struct scenario *scenario, const struct cJSON *object, const char *name,
                    struct slot_set *ret_slots);
uint64_t scenario_slot(struct scenario *scenario, const struct cJSON *object, const char *name);
/* A number, or `otherwise` where the member is null or absent. */
uint64_t scenario_number(struct scenario *scenario, const char *name, uint64_t otherwise);
/* Writes a set to either side. */
void scenario_print(struct conform_case *c, conform_write *write, const struct slot_set *slots);

/* The requests that the step expects, and those in the scenario's list. */
void scenario_expect_requests(struct scenario *scenario, const char *name);
void scenario_got_requests(struct scenario *scenario);
struct repair_planner scenario_planner(struct scenario *scenario);
bool scenario_given(const struct cJSON *object, const char *name); /* there, and not null */
void scenario_reset_pending(struct scenario *scenario);

#endif
