#include "tests/support_spread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/context.h"
#include "sim/diagnostics.h"
#include "sim/sim_assert.h"
#include "tests/model_by_hand.h"

enum { TIMER_SLOT, TIMER_END };

static struct support_spread *current; /* of the run in progress */

static uint32_t count_chains(const void *self, enum chain_class chain_class)
{
    (void)self;
    return chain_class == CHAIN_SHARD;
}

static uint32_t chain_at(const void *self, enum chain_class chain_class, uint32_t ordinal)
{
    (void)self, (void)chain_class, (void)ordinal;
    return SUPPORT_SPREAD_CHAIN;
}

static uint32_t members(const void *self, uint32_t chain)
{
    (void)self, (void)chain;
    return current->members;
}

static uint32_t node(const void *self, uint32_t chain, uint32_t member)
{
    (void)self, (void)chain;
    return member;
}

static uint64_t stake(const void *self, uint32_t chain, uint32_t member)
{
    (void)self, (void)chain;
    return current->stakes[member];
}

static uint32_t leader(const void *self, uint32_t chain, uint64_t slot)
{
    (void)self, (void)chain;
    return (uint32_t)(slot / 4 % current->members);
}

static uint64_t epoch_slots(const void *self, uint32_t chain)
{
    (void)self, (void)chain;
    return current->epoch_slots;
}

static uint64_t slot_ns(const void *self, uint32_t chain, uint64_t slot)
{
    (void)self, (void)chain;
    return slot * current->interval_ns;
}

static bool header_of(const void *self, uint64_t block, struct block_header *ret_header)
{
    uint32_t number = (uint32_t)block;
    (void)self;
    if (number >= SUPPORT_SPREAD_SLOTS || current->block_of_number[number] == 0)
        return false;
    *ret_header = current->blocks[current->block_of_number[number]].header;
    return true;
}

static uint64_t root(const void *self, uint32_t chain, uint32_t member)
{
    (void)self, (void)chain;
    return current->roots[member];
}

/* The next epoch becomes known to everybody at one instant. */
static uint64_t now_ns;
static uint64_t epochs_known(const void *self, uint32_t chain, uint32_t member)
{
    (void)self, (void)chain, (void)member;
    return current->epochs_known + (current->learned_ns != 0 && now_ns >= current->learned_ns);
}

static void follow(struct support_spread *support, struct context *context, uint32_t member)
{
    const struct spread_seam *spread = &support->stack->spread;
    uint64_t tip = support->tips[member];
    for (uint64_t slot = tip + 1; slot <= support->slots; slot++) { /* children come later */
        const struct support_spread_block *block = &support->blocks[slot];
        bool has = support_spread_completed(support, member, slot) != 0;
        if (block->made && has && block->header.parent_slot == tip)
            tip = slot;
    }
    support->tips[member] = tip;
    uint64_t final = tip;
    for (uint64_t i = 0; i < support->lag && final > 0; i++)
        final = support->blocks[final].header.parent_slot;
    if (support->lag == 0 || final <= support->roots[member])
        return;
    support->roots[member] = final;
    if (spread->rooted)
        spread->rooted(spread->self, context, SUPPORT_SPREAD_CHAIN, member, final);
}

static void tell_votes(struct support_spread *support, struct context *context, uint32_t voter,
                       const struct block_header *header)
{
    const struct spread_seam *spread = &support->stack->spread;
    uint32_t self = context->self;
    for (uint32_t member = 0; support->votes && spread->voted && member < support->members;
         member++) {
        if (member == voter || !context_up(context, member))
            continue;
        context_as(context, member);
        spread->voted(spread->self, context, SUPPORT_SPREAD_CHAIN, member, voter, header->slot,
                      header->id);
    }
    context_as(context, self);
}

static void complete(void *self, struct context *context, uint32_t chain, uint32_t member,
                     uint64_t block)
{
    struct support_spread *support = self;
    uint64_t slot = support->block_of_number[(uint32_t)block];
    SIM_ASSERT(chain == SUPPORT_SPREAD_CHAIN && context->self == member && slot != 0);
    uint64_t *done = &support->completed_ns[(uint64_t)member * SUPPORT_SPREAD_SLOTS + slot];
    support->completed_twice += *done != 0;
    if (*done != 0)
        return;
    *done = context->now_ns;
    follow(support, context, member);
    tell_votes(support, context, member, &support->blocks[slot].header);
}

static void make_block(struct support_spread *support, struct context *context, uint64_t slot)
{
    struct support_spread_block *block = &support->blocks[slot];
    uint32_t by = leader(support, SUPPORT_SPREAD_CHAIN, slot);
    if (slot == support->wrong_leader)
        by = (by + 1) % support->members;
    if (!context_up(context, by) || (support->skip_every && slot % support->skip_every == 0))
        return;
    uint64_t parent = support->tips[by];
    block->made = true;
    block->header =
        (struct block_header){.id = (uint64_t)SUPPORT_SPREAD_CHAIN << 32 | slot,
                              .parent = parent == 0 ? 0 : support->blocks[parent].header.id,
                              .slot = slot,
                              .parent_slot = parent,
                              .time_ns = context->now_ns,
                              .end_ns = (slot + 1) * support->interval_ns,
                              .chain = SUPPORT_SPREAD_CHAIN,
                              .leader = by,
                              .height = support->blocks[parent].header.height + 1,
                              .bytes = support->block_bytes};
    support->block_of_number[slot] = (uint32_t)slot;
    support->published++;
    uint32_t self = context->self;
    context_as(context, by);
    support->stack->spread.publish(support->stack->spread.self, context, &block->header);
    if (!support->stack->spread.by_parts) {
        support->completed_ns[(uint64_t)by * SUPPORT_SPREAD_SLOTS + slot] = context->now_ns;
        follow(support, context, by);
        tell_votes(support, context, by, &block->header);
    }
    context_as(context, self);
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t cookie)
{
    struct support_spread *support = state;
    (void)chain;
    now_ns = context->now_ns;
    if (kind == TIMER_END) {
        support->at_end(support, context);
        return;
    }
    make_block(support, context, cookie);
    if (cookie < support->slots)
        context_timer(context, context->self, LAYER_CHAIN, TIMER_SLOT, SUPPORT_SPREAD_CHAIN,
                      (cookie + 1) * support->interval_ns, cookie + 1);
}

/* A node without a role in the chain keeps the clock, so that a crash of members stops nothing. */
static int build(const struct build *build_, void **ret_state)
{
    static int nothing;
    struct support_spread *support = current;
    uint32_t group = world_group_add(build_->world);
    for (uint32_t i = 0; i <= support->members; i++)
        world_node_add(build_->world, &(struct node_options){
                                          .role = i < support->members ? ROLE_VALIDATOR : ROLE_TEST,
                                          .role_name = i < support->members ? "validator" : "clock",
                                          .index = i,
                                          .group = group});
    build_->stack->chain = (struct chain_seam){.self = support,
                                               .count = count_chains,
                                               .at = chain_at,
                                               .members = members,
                                               .node = node,
                                               .complete = complete,
                                               .stake = stake,
                                               .leader = leader,
                                               .epoch_slots = epoch_slots,
                                               .slot_ns = slot_ns,
                                               .header = header_of,
                                               .root = root,
                                               .epochs_known = epochs_known};
    /* The layers that are not there are never called, but have to be there. */
    memcpy(&build_->stack->state.read, &(void *){&nothing}, sizeof(void *));
    memcpy(&build_->stack->messaging.emit, &(void *){&nothing}, sizeof(void *));
    memcpy(&build_->stack->ledger.reserve, &(void *){&nothing}, sizeof(void *));
    memcpy(&build_->stack->atomic.submit, &(void *){&nothing}, sizeof(void *));
    support->stack = build_->stack;
    now_ns = 0;
    *ret_state = support;
    return 0;
}

static void start(void *state, struct context *context)
{
    struct support_spread *support = state;
    context_as(context, support->members);
    context_timer(context, support->members, LAYER_CHAIN, TIMER_SLOT, SUPPORT_SPREAD_CHAIN,
                  support->interval_ns, 1);
    if (support->at_end)
        context_timer(context, support->members, LAYER_CHAIN, TIMER_END, SUPPORT_SPREAD_CHAIN,
                      support->scenario.duration_ns - 1, 0);
}

static const char *const timer_kinds[] = {"slot", "end", NULL};
static const struct model chain_model = {MODEL_BY_HAND,
                                         .layer = LAYER_CHAIN,
                                         .layer_name = "chain",
                                         .name = "by_hand",
                                         .summary = "validators made by hand",
                                         .message_kinds = no_kinds,
                                         .timer_kinds = timer_kinds,
                                         .build = build,
                                         .start = start,
                                         .on_timer = on_timer,
                                         .destroy = destroy_nothing};

/* Numbers of a table and of the objects in it. */
static void fill_defaults(const struct param *params, void *config)
{
    for (const struct param *param = params; param->name; param++) {
        void *place = (unsigned char *)config + param->offset;
        if (param->kind == PARAM_OBJECT)
            for (const struct param *field = param->fields; field->name; field++)
                memcpy((unsigned char *)place + field->offset, &field->value_default,
                       sizeof(int64_t));
        else
            memcpy(place, &param->value_default, sizeof(int64_t));
    }
}

struct support_spread *support_spread_new(const struct model *spread, uint32_t member_count)
{
    struct support_spread *support = calloc(1, sizeof *support);
    SIM_ASSERT(support);
    support->spread = spread;
    support->members = member_count;
    support->stakes = calloc(member_count, sizeof *support->stakes);
    support->completed_ns = calloc((size_t)member_count * SUPPORT_SPREAD_SLOTS, sizeof(uint64_t));
    support->roots = calloc(member_count, sizeof *support->roots);
    support->tips = calloc(member_count, sizeof *support->tips);
    SIM_ASSERT(support->stakes && support->completed_ns && support->roots && support->tips);
    for (uint32_t i = 0; i < member_count; i++)
        support->stakes[i] = 1000;
    fill_defaults(spread_params, &support->config);
    support->interval_ns = 400000000;
    support->slots = 10;
    support->lag = 2;
    support->epoch_slots = 432000;
    support->epochs_known = 2;
    support->block_bytes = 40000;
    support->scenario = (struct scenario){.path = "by-hand",
                                          .name = "by-hand",
                                          .seed = 1,
                                          .replications = 1,
                                          .duration_ns = UINT64_C(20000000000),
                                          .properties = support->properties,
                                          .layer_count = 2};
    support->scenario.network.latency =
        (struct distribution){.type = DISTRIBUTION_CONSTANT, .location = 5000000};
    support->scenario.network.queue.classes = 1;
    support->scenario.faults.specs = support->faults;
    support->scenario.layers[0] =
        (struct scenario_layer){.model = &chain_model, .slot = LAYER_CHAIN};
    support->scenario.layers[1] =
        (struct scenario_layer){.model = spread, .config = &support->config, .slot = LAYER_SPREAD};
    return support;
}

void support_spread_free(struct support_spread *support)
{
    free(support->stakes);
    free(support->completed_ns);
    free(support->roots);
    free(support->tips);
    free(support);
}

void support_spread_property(struct support_spread *support, const char *name, uint64_t within_ns)
{
    struct scenario_property *property = &support->properties[support->scenario.property_count++];
    property->name = name;
    property->within_ns = within_ns;
    snprintf(property->pointer, sizeof property->pointer, "/properties");
    support->scenario.properties_given = true;
}

struct fault_spec *support_spread_fault(struct support_spread *support, enum fault_type type,
                                        uint32_t first, uint32_t last, uint64_t at_ns,
                                        uint64_t for_ns)
{
    uint32_t index = support->scenario.faults.count++;
    struct fault_target *target = &support->targets[index];
    *target = (struct fault_target){
        .type = TARGET_NODES, .role = "validator", .first = first, .last = last};
    support->faults[index] = (struct fault_spec){.type = type,
                                                 .at_ns = at_ns,
                                                 .for_ns = for_ns,
                                                 .share = UINT64_MAX,
                                                 .target = {.targets = target, .count = 1}};
    return &support->faults[index];
}

void support_spread_run(struct support_spread *support)
{
    struct diagnostics diagnostics = {0};
    memset(support->blocks, 0, sizeof support->blocks);
    memset(support->block_of_number, 0, sizeof support->block_of_number);
    memset(support->completed_ns, 0,
           (size_t)support->members * SUPPORT_SPREAD_SLOTS * sizeof(uint64_t));
    memset(support->roots, 0, support->members * sizeof *support->roots);
    memset(support->tips, 0, support->members * sizeof *support->tips);
    support->completed_twice = support->published = 0;
    current = support;
    SIM_ASSERT(support->slots < SUPPORT_SPREAD_SLOTS);
    int status = engine_run(&support->scenario, &support->options, &diagnostics, &support->result);
    if (status != 0)
        diagnostics_print(&diagnostics, stderr, 0, false);
    SIM_ASSERT(status == 0);
    diagnostics_free(&diagnostics);
}

int64_t support_spread_counter(const struct support_spread *support, const char *name)
{
    return engine_counter(&support->result, "spread", name);
}

/* A scenario made by hand has no values to list; the reader's own function is not linked. */
void scenario_each_param(const struct scenario *scenario, scenario_visit *visit, void *context)
{
    (void)scenario, (void)visit, (void)context;
}
