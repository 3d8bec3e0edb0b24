#include "models/spread/repair_scenario.h"

#include <inttypes.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "models/spread/repair_scenario_private.h"
#include "models/spread/repair_serve.h"

bool scenario_given(const cJSON *object, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
    return value && !cJSON_IsNull(value);
}

uint64_t scenario_slot(struct scenario *scenario, const cJSON *object, const char *name)
{
    return (uint64_t)conform_integer(scenario->c, object, name, 0, SCENARIO_SLOT_MAX);
}

uint64_t scenario_number(struct scenario *scenario, const char *name, uint64_t otherwise)
{
    if (!scenario_given(scenario->step, name))
        return otherwise;
    return (uint64_t)conform_integer(scenario->c, scenario->step, name, 0, INT64_MAX);
}

void scenario_slots(struct scenario *scenario, const cJSON *object, const char *name,
                    struct slot_set *ret_slots)
{
    const cJSON *list = conform_list(scenario->c, object, name, SCENARIO_LIST_MAX), *item;
    int index = 0;
    cJSON_ArrayForEach(item, list) slot_set_add(
        ret_slots, (uint64_t)conform_integer_at(scenario->c, list, index++, 0, SCENARIO_SLOT_MAX));
}

void scenario_print(struct conform_case *c, conform_write *write, const struct slot_set *slots)
{
    write(c, " [");
    for (uint32_t i = 0; i < slots->count; i++)
        write(c, "%s%" PRIu64, i ? " " : "", slots->slots[i]);
    write(c, "]");
}

/* Expects a set that stands under a name, and writes the other one as what came. */
static void compare_slots(struct scenario *scenario, const char *name, const struct slot_set *got)
{
    struct slot_set expected;
    slot_set_init(&expected, &scenario->memory);
    scenario_slots(scenario, scenario->step, name, &expected);
    conform_expect(scenario->c, " %s", name);
    conform_got(scenario->c, " %s", name);
    scenario_print(scenario->c, conform_expect, &expected);
    scenario_print(scenario->c, conform_got, got);
    slot_set_destroy(&expected);
}

static void print_request(struct conform_case *c, conform_write *write,
                          const struct repair_request *request)
{
    static const char *const names[] = {
        [REPAIR_ORPHAN] = "orphan", [REPAIR_HIGHEST] = "highest", [REPAIR_SHRED] = "shred"};
    write(c, " %s %" PRIu64, names[request->kind], request->slot);
    if (request->kind != REPAIR_ORPHAN)
        write(c, " %" PRIu32, request->index);
}

static struct repair_request read_request(struct conform_case *c, const cJSON *item)
{
    const cJSON *kind = cJSON_GetArrayItem(item, 0);
    const char *text = cJSON_IsString(kind) ? kind->valuestring : "";
    struct repair_request request = {
        .slot = (uint64_t)conform_integer_at(c, item, 1, 0, SCENARIO_SLOT_MAX)};
    if (strcmp(text, "orphan") == 0) {
        request.kind = REPAIR_ORPHAN;
        return request;
    }
    if (strcmp(text, "highest") != 0 && strcmp(text, "shred") != 0)
        conform_broken(c, "a request must be orphan, highest or shred");
    request.kind = strcmp(text, "shred") == 0 ? REPAIR_SHRED : REPAIR_HIGHEST;
    request.index = (uint32_t)conform_integer_at(c, item, 2, 0, 2 * SHRED_INDEX_MAX - 1);
    return request;
}

void scenario_expect_requests(struct scenario *scenario, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item,
                       conform_list(scenario->c, scenario->step, name, 16 * SCENARIO_LIST_MAX))
    {
        struct repair_request request = read_request(scenario->c, item);
        print_request(scenario->c, conform_expect, &request);
    }
}

void scenario_got_requests(struct scenario *scenario)
{
    for (uint32_t i = 0; i < scenario->list.count; i++)
        print_request(scenario->c, conform_got, &scenario->list.items[i]);
    scenario->list.count = 0;
}

struct repair_planner scenario_planner(struct scenario *scenario)
{
    return (struct repair_planner){.version = REPAIR_VERSION_2025,
                                   .now_ms = scenario->now_ms,
                                   .store = &scenario->store,
                                   .pending = &scenario->pending,
                                   .list = &scenario->list,
                                   .defer_ms = REPAIR_DEFER_MS};
}

void scenario_reset_pending(struct scenario *scenario)
{
    repair_pending_destroy(&scenario->pending);
    repair_pending_init(&scenario->pending, &scenario->memory);
}

static void run_set_time(struct scenario *scenario)
{
    scenario->now_ms = conform_integer(scenario->c, scenario->step, "t", 0, INT64_MAX / 1000);
}

static void insert_range(struct scenario *scenario, const cJSON *entry, const cJSON *range)
{
    struct conform_case *c = scenario->c;
    struct data_shred shred = {.slot = scenario_slot(scenario, entry, "slot"),
                               .parent = scenario_slot(scenario, entry, "parent")};
    if (scenario_given(entry, "ref_tick"))
        shred.reference_tick =
            (uint8_t)conform_integer(c, entry, "ref_tick", 0, SHRED_REFERENCE_TICKS - 1);
    uint32_t last = INDEX_UNKNOWN;
    if (scenario_given(entry, "last"))
        last = (uint32_t)conform_integer(c, entry, "last", 0, SHRED_INDEX_MAX - 1);
    uint32_t from = (uint32_t)conform_integer_at(c, range, 0, 0, SHRED_INDEX_MAX - 1);
    uint32_t to = (uint32_t)conform_integer_at(c, range, 1, 0, SHRED_INDEX_MAX - 1);
    for (uint32_t index = from; index <= to && !c->problem[0]; index++) {
        if (++scenario->shred_count > SCENARIO_SHREDS_MAX)
            conform_broken(c, "more than %d shreds in one case", SCENARIO_SHREDS_MAX);
        shred.index = index;
        shred.last = index == last;
        enum shred_verdict verdict = blockstore_insert(&scenario->store, &shred, scenario->now_ms);
        if (scenario_given(scenario->step, "expect_rejected") && verdict != SHRED_STORED)
            conform_got(c, " %s %" PRIu64 " %" PRIu32,
                        verdict == SHRED_EXISTS ? "exists" : "refused", shred.slot, index);
    }
}

static void expect_rejected(struct scenario *scenario)
{
    const cJSON *item;
    if (!scenario_given(scenario->step, "expect_rejected"))
        return;
    cJSON_ArrayForEach(
        item, conform_list(scenario->c, scenario->step, "expect_rejected", SCENARIO_LIST_MAX))
    {
        const cJSON *reason = cJSON_GetArrayItem(item, 2);
        bool exists = cJSON_IsString(reason) && strcmp(reason->valuestring, "exists") == 0;
        conform_expect(scenario->c, " %s %" PRId64 " %" PRId64, exists ? "exists" : "refused",
                       conform_integer_at(scenario->c, item, 0, 0, SCENARIO_SLOT_MAX),
                       conform_integer_at(scenario->c, item, 1, 0, SHRED_INDEX_MAX));
    }
}

static void run_insert(struct scenario *scenario)
{
    const cJSON *entry, *range;
    blockstore_begin(&scenario->store);
    cJSON_ArrayForEach(entry, conform_list(scenario->c, scenario->step, "batch", SCENARIO_LIST_MAX))
    {
        cJSON_ArrayForEach(range, conform_list(scenario->c, entry, "indices", SCENARIO_LIST_MAX))
            insert_range(scenario, entry, range);
    }
    blockstore_commit(&scenario->store);
    expect_rejected(scenario);
    if (scenario_given(scenario->step, "expect_completed")) {
        struct slot_set completed;
        slot_set_init(&completed, &scenario->memory);
        for (uint32_t i = 0; i < scenario->store.completed_count; i++)
            slot_set_add(&completed, scenario->store.completed[i]);
        compare_slots(scenario, "expect_completed", &completed);
        slot_set_destroy(&completed);
    }
    if (scenario_given(scenario->step, "expect_replay_signal")) {
        conform_expect(scenario->c, " replay %d",
                       conform_boolean(scenario->c, scenario->step, "expect_replay_signal"));
        conform_got(scenario->c, " replay %d", scenario->store.replay);
    }
}

/* A number that may be null, on both sides. */
static void compare_number(struct scenario *scenario, const char *name, bool known, uint64_t value)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(scenario->step, name);
    if (!member)
        return;
    if (cJSON_IsNull(member))
        conform_expect(scenario->c, " %s none", name);
    else
        conform_expect(scenario->c, " %s %" PRIu64, name,
                       conform_unsigned(scenario->c, scenario->step, name));
    if (known)
        conform_got(scenario->c, " %s %" PRIu64, name, value);
    else
        conform_got(scenario->c, " %s none", name);
}

static void compare_flag(struct scenario *scenario, const char *name, bool value)
{
    if (!cJSON_GetObjectItemCaseSensitive(scenario->step, name))
        return;
    conform_expect(scenario->c, " %s %d", name, conform_boolean(scenario->c, scenario->step, name));
    conform_got(scenario->c, " %s %d", name, value);
}

/* A field that nobody compares would pass unseen. */
static void check_meta_fields(struct scenario *scenario)
{
    static const char *const known[] = {
        "op",         "slot",   "consumed",  "received",         "last_index", "parent",
        "next_slots", "orphan", "connected", "parent_connected", "full",       "note"};
    const cJSON *member;
    cJSON_ArrayForEach(member, scenario->step)
    {
        bool compared = false;
        for (size_t i = 0; !compared && i < sizeof known / sizeof known[0]; i++)
            compared = strcmp(member->string, known[i]) == 0;
        if (!compared)
            conform_broken(scenario->c, "nothing compares \"%.40s\"", member->string);
    }
}

static void run_expect_meta(struct scenario *scenario)
{
    const struct slot_meta *meta =
        blockstore_meta(&scenario->store, scenario_slot(scenario, scenario->step, "slot"));
    struct slot_meta none = {.parent = SLOT_UNKNOWN, .last_index = INDEX_UNKNOWN};
    struct slot_set children;
    slot_set_init(&children, &scenario->memory);
    check_meta_fields(scenario);
    if (!meta)
        conform_got(scenario->c, " (no such slot)");
    meta = meta ? meta : &none;
    compare_number(scenario, "consumed", true, meta->consumed);
    compare_number(scenario, "received", true, meta->received);
    compare_number(scenario, "last_index", meta->last_index != INDEX_UNKNOWN, meta->last_index);
    compare_number(scenario, "parent", meta->parent != SLOT_UNKNOWN, meta->parent);
    for (const struct slot_meta *child = blockstore_first_child(&scenario->store, meta); child;
         child = blockstore_next_child(&scenario->store, child))
        slot_set_add(&children, child->slot);
    if (scenario_given(scenario->step, "next_slots"))
        compare_slots(scenario, "next_slots", &children);
    slot_set_destroy(&children);
    compare_flag(scenario, "orphan", meta->parent == SLOT_UNKNOWN);
    compare_flag(scenario, "connected", meta->connected);
    compare_flag(scenario, "parent_connected", meta->parent_connected);
    compare_flag(scenario, "full", blockstore_full(meta));
}

static void run_expect_orphans(struct scenario *scenario)
{
    struct slot_set orphans;
    slot_set_init(&orphans, &scenario->memory);
    for (uint32_t i = 0; i < scenario->store.orphans.count; i++)
        if (scenario->store.orphans.slots[i] >= scenario_number(scenario, "from_slot", 0))
            slot_set_add(&orphans, scenario->store.orphans.slots[i]);
    compare_slots(scenario, "orphans", &orphans);
    slot_set_destroy(&orphans);
}

static void run_expect_dead_slots(struct scenario *scenario)
{
    struct slot_set dead;
    slot_set_init(&dead, &scenario->memory);
    const struct slot_meta *meta = blockstore_meta_from(&scenario->store, 0);
    for (; meta; meta = blockstore_meta_from(&scenario->store, meta->slot + 1))
        if (meta->dead)
            slot_set_add(&dead, meta->slot);
    compare_slots(scenario, scenario_given(scenario->step, "dead_slots") ? "dead_slots" : "slots",
                  &dead);
    slot_set_destroy(&dead);
}

static void run_expect_ancestors(struct scenario *scenario)
{
    const cJSON *list = conform_list(scenario->c, scenario->step, "ancestors", SCENARIO_LIST_MAX),
                *item;
    int index = 0;
    cJSON_ArrayForEach(item, list)
        conform_expect(scenario->c, " %" PRId64,
                       conform_integer_at(scenario->c, list, index++, 0, SCENARIO_SLOT_MAX));
    uint64_t slot = scenario_slot(scenario, scenario->step, "slot");
    while ((slot = blockstore_ancestor(&scenario->store, slot)) != SLOT_UNKNOWN)
        conform_got(scenario->c, " %" PRIu64, slot);
}

static uint64_t slot_or_root(struct scenario *scenario)
{
    return scenario_slot(scenario, scenario->step,
                         scenario_given(scenario->step, "root") ? "root" : "slot");
}

static void run_clear_slot(struct scenario *scenario)
{
    blockstore_clear(&scenario->store, scenario_slot(scenario, scenario->step, "slot"));
}

static void run_connect_root(struct scenario *scenario)
{
    blockstore_connect_root(&scenario->store, slot_or_root(scenario));
}

static void run_set_blockstore_root(struct scenario *scenario)
{
    scenario->store.root = slot_or_root(scenario);
}

enum { MISSING_MAX = 2 * SHRED_INDEX_MAX };

static void run_find_missing(struct scenario *scenario)
{
    struct conform_case *c = scenario->c;
    const cJSON *step = scenario->step;
    uint32_t start = (uint32_t)conform_integer(c, step, "start", 0, MISSING_MAX);
    uint32_t end = (uint32_t)conform_integer(c, step, "end", 0, MISSING_MAX);
    uint32_t defer = (uint32_t)conform_integer(c, step, "defer_ticks", 0, 1 << 20);
    uint64_t max = scenario_number(scenario, "max", MISSING_MAX);
    int64_t first_ms = conform_integer(c, step, "first_shred_ts_ms", 0, INT64_MAX / 1000);
    const cJSON *list = conform_list(c, step, "expect", MISSING_MAX), *item;
    int index = 0;
    cJSON_ArrayForEach(item, list)
        conform_expect(c, " %" PRId64, conform_integer_at(c, list, index++, 0, MISSING_MAX));
    uint32_t *found =
        memory_take(&scenario->memory, "spread: reference cases", MISSING_MAX * sizeof *found);
    uint32_t count =
        repair_missing_2025(&scenario->store, scenario_slot(scenario, step, "slot"),
                            repair_elapsed_ticks(first_ms, scenario->now_ms), defer, start, end,
                            max > MISSING_MAX ? MISSING_MAX : (uint32_t)max, found);
    for (uint32_t i = 0; i < count; i++)
        conform_got(c, " %" PRIu32, found[i]);
    memory_give(&scenario->memory, found, MISSING_MAX * sizeof *found);
}

/* How much room the step's maximum leaves; without one there is no limit. */
static uint32_t room_left(struct scenario *scenario)
{
    uint64_t max = scenario_number(scenario, "max", UINT32_MAX);
    max = max > UINT32_MAX ? UINT32_MAX : max;
    return max > scenario->list.count ? (uint32_t)max - scenario->list.count : 0;
}

/* Direct calls remember what they asked for in a set of their own, one a call. */
static void generate(struct scenario *scenario, uint64_t slot, bool throttle)
{
    struct repair_planner planner = scenario_planner(scenario);
    const struct slot_meta *meta = blockstore_meta(&scenario->store, slot);
    uint32_t room = room_left(scenario);
    struct repair_pending own;
    repair_pending_init(&own, &scenario->memory);
    planner.pending = &own;
    if (meta)
        repair_slot(&planner, meta, room, throttle);
    else if (room > 0)
        repair_absent_slot(&planner, slot);
    repair_pending_destroy(&own);
}

static void run_generate_in_range(struct scenario *scenario)
{
    uint64_t first = scenario_slot(scenario, scenario->step, "first");
    uint64_t last = scenario_slot(scenario, scenario->step, "last");
    if (last > first + SCENARIO_LIST_MAX)
        conform_broken(scenario->c, "more than %d slots in a range", SCENARIO_LIST_MAX);
    for (uint64_t slot = first; slot <= last && !scenario->c->problem[0]; slot++)
        generate(scenario, slot, true);
    scenario_expect_requests(scenario, "expect");
    scenario_got_requests(scenario);
}

static void run_generate_for_listed(struct scenario *scenario)
{
    struct slot_set slots;
    slot_set_init(&slots, &scenario->memory);
    scenario_slots(scenario, scenario->step, "slots", &slots);
    for (uint32_t i = 0; i < slots.count; i++)
        generate(scenario, slots.slots[i], false);
    slot_set_destroy(&slots);
    scenario_expect_requests(scenario, "expect");
    scenario_got_requests(scenario);
}

static void run_generate_for_fork(struct scenario *scenario)
{
    struct repair_planner planner = scenario_planner(scenario);
    struct repair_pending own;
    repair_pending_init(&own, &scenario->memory);
    planner.pending = &own;
    repair_fork(&planner, scenario_slot(scenario, scenario->step, "slot"), room_left(scenario),
                true);
    repair_pending_destroy(&own);
    scenario_expect_requests(scenario, "expect");
    scenario_got_requests(scenario);
}

static void run_serve(struct scenario *scenario)
{
    struct conform_case *c = scenario->c;
    struct served_shred shreds[64];
    const cJSON *item, *request_item = conform_member(c, scenario->step, "request");
    struct repair_request request = read_request(c, request_item);
    uint32_t max = (uint32_t)conform_integer(c, scenario->step, "max_responses", 0, 64);
    uint32_t count = repair_serve(&scenario->store, &request, max, shreds);
    cJSON_ArrayForEach(item, conform_list(c, scenario->step, "expect_shreds", SCENARIO_LIST_MAX))
        conform_expect(c, " %" PRId64 " %" PRId64 ";",
                       conform_integer_at(c, item, 0, 0, SCENARIO_SLOT_MAX),
                       conform_integer_at(c, item, 1, 0, SHRED_INDEX_MAX));
    for (uint32_t i = 0; i < count; i++)
        conform_got(c, " %" PRIu64 " %" PRIu32 ";", shreds[i].slot, shreds[i].index);
}

static void run_comment(struct scenario *scenario)
{
    (void)scenario;
}

static const struct scenario_op ops[] = {
    {"set_time_ms", run_set_time},
    {"insert", run_insert},
    {"expect_meta", run_expect_meta},
    {"expect_orphans", run_expect_orphans},
    {"expect_dead_slots", run_expect_dead_slots},
    {"expect_ancestors", run_expect_ancestors},
    {"clear_slot", run_clear_slot},
    {"connect_root", run_connect_root},
    {"set_blockstore_root", run_set_blockstore_root},
    {"find_missing", run_find_missing},
    {"generate_in_range", run_generate_in_range},
    {"generate_for_listed_slots_no_defer", run_generate_for_listed},
    {"generate_for_fork", run_generate_for_fork},
    {"serve", run_serve},
    {"comment", run_comment},
    {NULL, NULL}};

static const struct scenario_op *find_op(const struct scenario_op *table, const char *name)
{
    while (table->name && strcmp(table->name, name) != 0)
        table++;
    return table->name ? table : NULL;
}

/* What a step expects and nobody compares would pass unseen. */
static void check_expectations(struct scenario *scenario)
{
    static const char *const known[] = {
        "expect",          "expect_completed", "expect_rejected",  "expect_replay_signal",
        "expect_returned", "expect_slots",     "expect_ancestors", "expect_shreds",
        "expect_tree_root"};
    const cJSON *member;
    cJSON_ArrayForEach(member, scenario->step)
    {
        bool compared = !member->string || strncmp(member->string, "expect", 6) != 0;
        for (size_t i = 0; !compared && i < sizeof known / sizeof known[0]; i++)
            compared = strcmp(member->string, known[i]) == 0;
        if (!compared)
            conform_broken(scenario->c, "nothing compares \"%.40s\"", member->string);
    }
}

static void run_step(struct scenario *scenario, int index)
{
    struct conform_case *c = scenario->c;
    const char *name = conform_text(c, scenario->step, "op");
    const struct scenario_op *op = find_op(ops, name);
    op = op ? op : find_op(scenario_weight_ops, name);
    if (!op) {
        conform_broken(c, "unknown operation \"%.40s\"", name);
        return;
    }
    check_expectations(scenario);
    conform_expect(c, "%d %s:", index, name);
    conform_got(c, "%d %s:", index, name);
    op->run(scenario);
    conform_expect(c, "\n    ");
    conform_got(c, "\n    ");
}

void repair_scenario_run(struct conform_case *c)
{
    struct scenario *scenario = conform_memory(c, sizeof *scenario);
    const cJSON *step;
    int index = 0;
    scenario->c = c;
    blockstore_shared_init(&scenario->shared, &scenario->memory);
    blockstore_init(&scenario->store, &scenario->shared);
    repair_pending_init(&scenario->pending, &scenario->memory);
    repair_list_init(&scenario->list, &scenario->memory);
    slot_set_init(&scenario->processed, &scenario->memory);
    cJSON_ArrayForEach(step, conform_list(c, c->one, "steps", SCENARIO_LIST_MAX))
    {
        scenario->step = step;
        if (!c->problem[0])
            run_step(scenario, index);
        index++;
    }
    if (scenario->weight_made)
        repair_weight_destroy(&scenario->weight);
    if (scenario->tree_made)
        weight_tree_destroy(&scenario->tree);
    slot_set_destroy(&scenario->processed);
    repair_list_destroy(&scenario->list);
    repair_pending_destroy(&scenario->pending);
    blockstore_destroy(&scenario->store);
    blockstore_shared_destroy(&scenario->shared);
}
