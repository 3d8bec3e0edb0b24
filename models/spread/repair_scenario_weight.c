#include "models/spread/repair_scenario_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

static uint64_t stake_of(const void *self, uint32_t voter, uint64_t slot)
{
    const struct scenario *scenario = self;
    (void)slot; /* the cases have one epoch's stakes */
    return voter < SCENARIO_VOTERS_MAX ? scenario->stakes[voter] : 0;
}

/* An epoch that the case says nothing of has the total of all voters. */
static uint64_t total_of(const void *self, uint64_t slot)
{
    const struct scenario *scenario = self;
    uint64_t epoch = slot / scenario->slots_per_epoch;
    bool told = epoch < SCENARIO_EPOCHS_MAX && scenario->epoch_told[epoch];
    return told ? scenario->epoch_totals[epoch] : scenario->total_stake;
}

static void read_epoch_total(struct scenario *scenario, uint64_t epoch, int64_t total)
{
    if (epoch >= SCENARIO_EPOCHS_MAX) {
        conform_broken(scenario->c, "epochs are numbered below %d", SCENARIO_EPOCHS_MAX);
        return;
    }
    scenario->epoch_told[epoch] = true;
    scenario->epoch_totals[epoch] = (uint64_t)total;
}

/* One total for all epochs, a list by epoch, or a map of them. */
static void read_epoch_totals(struct scenario *scenario)
{
    struct conform_case *c = scenario->c;
    const char *name = "epoch_total_stake";
    const cJSON *totals = cJSON_GetObjectItemCaseSensitive(scenario->step, name), *item;
    int index = 0;
    memset(scenario->epoch_told, 0, sizeof scenario->epoch_told);
    scenario->slots_per_epoch = scenario_number(scenario, "slots_per_epoch", UINT64_MAX);
    if (scenario->slots_per_epoch == 0) {
        conform_broken(c, "\"slots_per_epoch\" must be 1 or more");
        scenario->slots_per_epoch = UINT64_MAX;
    }
    if (!cJSON_IsArray(totals) && !cJSON_IsObject(totals)) {
        scenario->total_stake = scenario_number(scenario, name, scenario->total_stake);
        return;
    }
    cJSON_ArrayForEach(item, totals)
    {
        if (cJSON_IsArray(totals))
            read_epoch_total(scenario, (uint64_t)index,
                             conform_integer_at(c, totals, index, 0, INT64_MAX));
        else
            read_epoch_total(scenario, conform_key(c, item),
                             conform_integer(c, totals, item->string, 0, INT64_MAX));
        index++;
    }
}

static bool has_weight(struct scenario *scenario)
{
    if (!scenario->weight_made)
        conform_broken(scenario->c, "rw_new must come first");
    return scenario->weight_made && !scenario->c->problem[0];
}

static bool has_tree(struct scenario *scenario)
{
    if (!scenario->tree_made)
        conform_broken(scenario->c, "tree_new must come first");
    return scenario->tree_made && !scenario->c->problem[0];
}

/* What a step says comes back, under any of these names; NULL: nothing. */
static const char *expectation_of(const struct scenario *scenario)
{
    if (scenario_given(scenario->step, "expect_returned"))
        return "expect_returned";
    if (scenario_given(scenario->step, "expect_slots"))
        return "expect_slots";
    return scenario_given(scenario->step, "expect") ? "expect" : NULL;
}

static void run_rw_new(struct scenario *scenario)
{
    struct conform_case *c = scenario->c;
    if (scenario->weight_made)
        repair_weight_destroy(&scenario->weight);
    memset(scenario->stakes, 0, sizeof scenario->stakes);
    scenario->total_stake = 0;
    const cJSON *list = conform_list(c, scenario->step, "stakes", SCENARIO_VOTERS_MAX), *item;
    int voter = 0;
    cJSON_ArrayForEach(item, list)
    {
        uint64_t stake = (uint64_t)conform_integer_at(c, list, voter, 0, INT64_MAX);
        scenario->stakes[voter++] = stake;
        scenario->total_stake += stake;
    }
    read_epoch_totals(scenario);
    repair_weight_init(&scenario->weight, &scenario->memory,
                       scenario_slot(scenario, scenario->step, "root"), stake_of, scenario);
    scenario->weight_made = true;
}

static void run_rw_votes(struct scenario *scenario)
{
    const cJSON *vote;
    if (!has_weight(scenario))
        return;
    cJSON_ArrayForEach(vote, conform_list(scenario->c, scenario->step, "votes", SCENARIO_LIST_MAX))
    {
        uint64_t slot = scenario_slot(scenario, vote, "slot");
        const cJSON *voters = conform_list(scenario->c, vote, "voters", SCENARIO_VOTERS_MAX);
        const cJSON *item;
        int index = 0;
        repair_weight_know(&scenario->weight, &scenario->store, slot);
        cJSON_ArrayForEach(item, voters)
        {
            int64_t voter = conform_integer_at(scenario->c, voters, index++, 0, INT32_MAX);
            if (voter >= SCENARIO_VOTERS_MAX)
                conform_broken(scenario->c, "voters are numbered below %d", SCENARIO_VOTERS_MAX);
            else
                repair_weight_vote(&scenario->weight, &scenario->store, (uint32_t)voter, slot);
        }
    }
}

static void run_rw_set_root(struct scenario *scenario)
{
    uint64_t root = scenario_slot(scenario, scenario->step, "root");
    if (!has_weight(scenario))
        return;
    const struct repair_tree *tree = repair_weight_tree(&scenario->weight, root);
    if (root < scenario->weight.root || (tree && tree->pruned)) {
        conform_broken(scenario->c, "a root may not go back or be on a pruned fork");
        return;
    }
    repair_weight_set_root(&scenario->weight, root);
}

static void run_rw_split_off(struct scenario *scenario)
{
    uint64_t slot = scenario_slot(scenario, scenario->step, "slot");
    if (!has_weight(scenario))
        return;
    const struct repair_tree *before = repair_weight_tree(&scenario->weight, slot);
    bool stays = !before || slot == scenario->weight.root ||
                 (!before->pruned && before->tree.nodes[0].slot == slot);
    repair_weight_split_off(&scenario->weight, slot);
    const char *name = expectation_of(scenario);
    if (!name)
        return;
    struct slot_set cut, expected;
    slot_set_init(&cut, &scenario->memory);
    slot_set_init(&expected, &scenario->memory);
    const struct repair_tree *after = repair_weight_rooted(&scenario->weight, slot);
    for (uint32_t i = 0; !stays && after && i < after->tree.count; i++)
        slot_set_add(&cut, after->tree.nodes[i].slot);
    scenario_slots(scenario, scenario->step, name, &expected);
    scenario_print(scenario->c, conform_expect, &expected);
    scenario_print(scenario->c, conform_got, &cut);
    slot_set_destroy(&cut);
    slot_set_destroy(&expected);
}

static void print_slot_or_none(struct conform_case *c, conform_write *write, bool known,
                               uint64_t slot)
{
    if (known)
        write(c, " %" PRIu64, slot);
    else
        write(c, " none");
}

static void run_rw_update_orphan(struct scenario *scenario)
{
    uint64_t slot = scenario_slot(scenario, scenario->step, "slot");
    if (!has_weight(scenario))
        return;
    const struct repair_tree *tree = repair_weight_rooted(&scenario->weight, slot);
    if (!tree || tree->pruned) {
        conform_broken(scenario->c, "the slot is the root of no tree");
        return;
    }
    uint64_t returned = scenario_number(scenario, "expect_returned", SLOT_UNKNOWN);
    print_slot_or_none(scenario->c, conform_expect, returned != SLOT_UNKNOWN, returned);
    uint64_t root = repair_weight_update_orphan(&scenario->weight, &scenario->store, slot);
    print_slot_or_none(scenario->c, conform_got, root != SLOT_UNKNOWN, root);
}

static void run_rw_find_ancestor(struct scenario *scenario)
{
    uint64_t slot = scenario_slot(scenario, scenario->step, "slot");
    if (!has_weight(scenario))
        return;
    struct slot_set found, expected;
    slot_set_init(&found, &scenario->memory);
    slot_set_init(&expected, &scenario->memory);
    repair_weight_ancestors(&scenario->weight, &scenario->store, slot, &found);
    scenario_slots(scenario, scenario->step, "expect_ancestors", &expected);
    scenario_print(scenario->c, conform_expect, &expected);
    scenario_print(scenario->c, conform_got, &found);
    uint64_t root = scenario_number(scenario, "expect_tree_root", SLOT_UNKNOWN);
    print_slot_or_none(scenario->c, conform_expect, root != SLOT_UNKNOWN, root);
    const struct repair_tree *tree =
        found.count > 0 ? repair_weight_tree(&scenario->weight, found.slots[0]) : NULL;
    print_slot_or_none(scenario->c, conform_got, tree != NULL, tree ? tree->tree.nodes[0].slot : 0);
    slot_set_destroy(&found);
    slot_set_destroy(&expected);
}

/* Edges as [slot,parent], ascending by slot as the file has them. */
static void expect_trees(struct scenario *scenario, const char *name)
{
    struct conform_case *c = scenario->c;
    const cJSON *trees = conform_object(c, scenario->step, name), *tree, *edge;
    struct slot_set roots;
    slot_set_init(&roots, &scenario->memory);
    cJSON_ArrayForEach(tree, trees) slot_set_add(&roots, conform_key(c, tree));
    conform_expect(c, " %s", name);
    for (uint32_t i = 0; i < roots.count; i++) {
        char key[24];
        snprintf(key, sizeof key, "%" PRIu64, roots.slots[i]);
        conform_expect(c, " %s:", key);
        cJSON_ArrayForEach(edge, conform_list(c, trees, key, SCENARIO_LIST_MAX))
        {
            bool top = cJSON_IsNull(cJSON_GetArrayItem(edge, 1));
            conform_expect(c, " %" PRId64 "<", conform_integer_at(c, edge, 0, 0, INT64_MAX));
            print_slot_or_none(
                c, conform_expect, !top,
                top ? 0 : (uint64_t)conform_integer_at(c, edge, 1, 0, SCENARIO_SLOT_MAX));
        }
    }
    slot_set_destroy(&roots);
}

static void got_trees(struct scenario *scenario, const char *name, bool pruned)
{
    struct conform_case *c = scenario->c;
    conform_got(c, " %s", name);
    for (uint32_t i = 0; i < scenario->weight.count; i++) {
        const struct repair_tree *tree = &scenario->weight.trees[i];
        if (tree->pruned != pruned)
            continue;
        conform_got(c, " %" PRIu64 ":", tree->tree.nodes[0].slot);
        for (uint32_t k = 0; k < tree->tree.count; k++) {
            const struct weight_node *node = &tree->tree.nodes[k];
            conform_got(c, " %" PRIu64 "<", node->slot);
            print_slot_or_none(c, conform_got, node->parent != SLOT_UNKNOWN, node->parent);
        }
    }
}

static void compare_stakes(struct scenario *scenario)
{
    struct conform_case *c = scenario->c;
    const cJSON *pair;
    cJSON_ArrayForEach(pair, conform_object(c, scenario->step, "stake_at_and_subtree"))
    {
        uint64_t slot = conform_key(c, pair);
        const struct repair_tree *tree = repair_weight_tree(&scenario->weight, slot);
        const struct weight_node *node = tree ? weight_tree_find(&tree->tree, slot) : NULL;
        conform_expect(c, " %" PRIu64 "=%" PRId64 ",%" PRId64, slot,
                       conform_integer_at(c, pair, 0, 0, INT64_MAX),
                       conform_integer_at(c, pair, 1, 0, INT64_MAX));
        if (node)
            conform_got(c, " %" PRIu64 "=%" PRIu64 ",%" PRIu64, slot, node->stake,
                        node->stake_below);
        else
            conform_got(c, " %" PRIu64 " absent", slot);
    }
}

static void run_rw_expect_state(struct scenario *scenario)
{
    if (!has_weight(scenario))
        return;
    conform_expect(scenario->c, " root %" PRIu64, scenario_slot(scenario, scenario->step, "root"));
    conform_got(scenario->c, " root %" PRIu64, scenario->weight.root);
    expect_trees(scenario, "trees");
    got_trees(scenario, "trees", false);
    expect_trees(scenario, "pruned");
    got_trees(scenario, "pruned", true);
    compare_stakes(scenario);
}

static uint32_t limit_of(struct scenario *scenario, const char *name)
{
    uint64_t limit = scenario_number(scenario, name, 1 << 20);
    return limit < 1 << 20 ? (uint32_t)limit : 1 << 20;
}

static void maybe_reset(struct scenario *scenario, bool with_root)
{
    const char *name = "reset_outstanding_and_processed";
    if (!conform_boolean(scenario->c, scenario->step, name))
        return;
    scenario_reset_pending(scenario);
    scenario->processed.count = 0;
    if (with_root)
        slot_set_add(&scenario->processed, scenario->weight.root);
}

static void run_rw_best_orphans(struct scenario *scenario)
{
    if (!has_weight(scenario))
        return;
    struct repair_planner planner = scenario_planner(scenario);
    maybe_reset(scenario, true);
    repair_select_orphans(&planner, &scenario->weight, &scenario->processed,
                          limit_of(scenario, "max"));
    scenario_expect_requests(scenario, "expect");
    scenario_got_requests(scenario);
}

static void run_rw_best_repairs(struct scenario *scenario)
{
    if (!has_weight(scenario))
        return;
    struct repair_planner planner = scenario_planner(scenario);
    struct repair_budget budget = {
        limit_of(scenario, "max_orphans"), limit_of(scenario, "max_shreds"),
        limit_of(scenario, "max_unknown_last"), limit_of(scenario, "max_closest")};
    if (conform_boolean(scenario->c, scenario->step, "reset_outstanding"))
        scenario_reset_pending(scenario);
    repair_select(&planner, &scenario->weight, &budget);
    scenario_expect_requests(scenario, "expect");
    scenario_got_requests(scenario);
}

static void run_rw_popular(struct scenario *scenario)
{
    uint64_t slots[64];
    struct slot_set expected, found;
    if (!has_weight(scenario))
        return;
    slot_set_init(&expected, &scenario->memory);
    slot_set_init(&found, &scenario->memory);
    uint32_t count = repair_weight_popular(&scenario->weight, total_of, scenario, false, slots, 64);
    for (uint32_t i = 0; i < count; i++)
        slot_set_add(&found, slots[i]);
    scenario_slots(scenario, scenario->step, "expect", &expected);
    scenario_print(scenario->c, conform_expect, &expected);
    scenario_print(scenario->c, conform_got, &found);
    slot_set_destroy(&expected);
    slot_set_destroy(&found);
}

static void run_rw_prune_everything(struct scenario *scenario)
{
    for (uint32_t i = 0; has_weight(scenario) && i < scenario->weight.count; i++)
        scenario->weight.trees[i].pruned = true;
}

static void run_tree_new(struct scenario *scenario)
{
    struct conform_case *c = scenario->c;
    const cJSON *edges = conform_list(c, scenario->step, "edges", SCENARIO_LIST_MAX), *edge;
    if (scenario->tree_made)
        weight_tree_destroy(&scenario->tree);
    scenario->tree_made = false;
    cJSON_ArrayForEach(edge, edges)
    {
        uint64_t slot = (uint64_t)conform_integer_at(c, edge, 0, 0, SCENARIO_SLOT_MAX);
        bool top = cJSON_IsNull(cJSON_GetArrayItem(edge, 1));
        uint64_t parent = top ? 0 : (uint64_t)conform_integer_at(c, edge, 1, 0, SCENARIO_SLOT_MAX);
        if (top == scenario->tree_made ||
            (!top && (parent >= slot || !weight_tree_find(&scenario->tree, parent))))
            conform_broken(c, "edges must begin with one root, parents before children");
        if (c->problem[0])
            return;
        if (top)
            weight_tree_init(&scenario->tree, &scenario->memory, slot);
        else
            weight_tree_add(&scenario->tree, slot, parent);
        scenario->tree_made = true;
    }
}

static void run_tree_votes(struct scenario *scenario)
{
    const cJSON *vote;
    struct conform_case *c = scenario->c;
    cJSON_ArrayForEach(vote, conform_list(c, scenario->step, "votes", SCENARIO_LIST_MAX))
    {
        uint32_t voter = (uint32_t)conform_integer(c, vote, "voter", 0, SCENARIO_VOTERS_MAX - 1);
        uint64_t slot = scenario_slot(scenario, vote, "slot");
        if (!has_tree(scenario))
            return;
        scenario->stakes[voter] = (uint64_t)conform_integer(c, vote, "stake", 0, INT64_MAX);
        if (!weight_tree_find(&scenario->tree, slot))
            conform_broken(c, "a vote for a slot that is not in the tree");
        else
            weight_tree_vote(&scenario->tree, voter, slot, stake_of, scenario);
    }
}

static void run_tree_traversal(struct scenario *scenario)
{
    const cJSON *visit;
    struct conform_case *c = scenario->c;
    if (!has_tree(scenario))
        return;
    cJSON_ArrayForEach(visit, conform_list(c, scenario->step, "expect", 2 * SCENARIO_LIST_MAX))
    {
        const cJSON *mark = cJSON_GetArrayItem(visit, 0);
        bool done = cJSON_IsString(mark) && strcmp(mark->valuestring, "v") == 0;
        conform_expect(c, " %c%" PRId64, done ? 'v' : 'u',
                       conform_integer_at(c, visit, 1, 0, SCENARIO_SLOT_MAX));
    }
    size_t bytes = scenario->tree.count * sizeof(struct weight_links);
    struct weight_links *links = memory_take(&scenario->memory, "spread: reference cases", bytes);
    struct repair_walk walk = {0};
    weight_tree_link(&scenario->tree, links);
    while (repair_walk_next(&walk, links))
        conform_got(c, " %c%" PRIu64, walk.done ? 'v' : 'u', scenario->tree.nodes[walk.at].slot);
    memory_give(&scenario->memory, links, bytes);
}

enum tree_stage { STAGE_SHREDS, STAGE_UNKNOWN_LAST, STAGE_CLOSEST };

static void run_tree_stage(struct scenario *scenario, enum tree_stage stage)
{
    if (!has_tree(scenario))
        return;
    struct repair_planner planner = scenario_planner(scenario);
    bool named_max = cJSON_GetObjectItemCaseSensitive(scenario->step, "max") != NULL;
    uint32_t limit = limit_of(scenario, named_max ? "max" : "limit");
    struct cJSON *reset =
        cJSON_GetObjectItemCaseSensitive(scenario->step, "reset_outstanding_and_processed");
    if (reset)
        maybe_reset(scenario, false);
    switch (stage) {
    case STAGE_SHREDS:
        repair_select_shreds(&planner, &scenario->tree, &scenario->processed, limit);
        break;
    case STAGE_UNKNOWN_LAST:
        repair_select_unknown_last(&planner, &scenario->tree, &scenario->processed, limit);
        break;
    case STAGE_CLOSEST:
        repair_select_closest(&planner, &scenario->tree, scenario->tree.nodes[0].slot,
                              &scenario->processed, limit);
        break;
    }
    scenario_expect_requests(scenario, "expect");
    scenario_got_requests(scenario);
}

static void run_tree_best_shreds(struct scenario *scenario)
{
    run_tree_stage(scenario, STAGE_SHREDS);
}

static void run_tree_unknown_last(struct scenario *scenario)
{
    run_tree_stage(scenario, STAGE_UNKNOWN_LAST);
}

static void run_tree_closest(struct scenario *scenario)
{
    run_tree_stage(scenario, STAGE_CLOSEST);
}

const struct scenario_op scenario_weight_ops[] = {
    {"rw_new", run_rw_new},
    {"rw_votes", run_rw_votes},
    {"rw_set_root", run_rw_set_root},
    {"rw_split_off", run_rw_split_off},
    {"rw_update_orphan_ancestors", run_rw_update_orphan},
    {"rw_find_ancestor_subtree", run_rw_find_ancestor},
    {"rw_expect_state", run_rw_expect_state},
    {"rw_best_orphans", run_rw_best_orphans},
    {"rw_best_repairs", run_rw_best_repairs},
    {"rw_popular_pruned", run_rw_popular},
    {"rw_prune_everything", run_rw_prune_everything},
    {"tree_new", run_tree_new},
    {"tree_votes", run_tree_votes},
    {"tree_weighted_traversal", run_tree_traversal},
    {"tree_best_shreds", run_tree_best_shreds},
    {"tree_unknown_last_index", run_tree_unknown_last},
    {"tree_closest_completion", run_tree_closest},
    {NULL, NULL}};
