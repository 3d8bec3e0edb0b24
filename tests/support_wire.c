#include "tests/support_wire.h"

#include <stdlib.h>
#include <string.h>

#include "models/chain/chain_blocks.h"
#include "sim/context.h"
#include "sim/world.h"
#include "tests/model_by_hand.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

enum { FAULTS_MAX = 18, RESEND_TIMER = 0, MADE_TIMER, BLOCK_MESSAGE = 0, PACKET_BYTES = 1200 };

static struct {
    struct fault_spec specs[FAULTS_MAX];
    struct fault_target targets[2 * FAULTS_MAX];
    struct fault_group groups[2 * FAULTS_MAX];
    uint32_t count, target_count;
} faults;

static const struct chain_seam *seam(const struct support_wire *wire)
{
    return &wire->stack->chain;
}

static uint32_t ordinal_of(const struct support_wire *wire, uint32_t chain)
{
    uint32_t ordinal = 0;
    while (seam(wire)->at(seam(wire)->self, CHAIN_SHARD, ordinal) != chain)
        ordinal++;
    SIM_ASSERT(ordinal < WIRE_CHAINS_MAX);
    return ordinal;
}

static struct wire_block *block_of(struct support_wire *wire, uint64_t id)
{
    uint32_t index = 0;
    while (wire->blocks[index].header.id != id)
        index++;
    SIM_ASSERT(index < wire->block_count);
    return &wire->blocks[index];
}

static void send_block(struct support_wire *wire, struct context *context,
                       const struct wire_block *block, bool again)
{
    uint32_t chain = block->header.chain;
    uint32_t members = seam(wire)->members(seam(wire)->self, chain);
    for (uint32_t member = 0; member < members; member++) {
        uint64_t hold_ns = wire->hold_ns ? wire->hold_ns(&block->header, member) : 0;
        if (block->complete >> member & 1 || hold_ns == WIRE_NEVER || (again && hold_ns > 0))
            continue;
        context_send(context,
                     &(struct send){.to = seam(wire)->node(seam(wire)->self, chain, member),
                                    .wire_bytes = PACKET_BYTES,
                                    .slot = LAYER_SPREAD,
                                    .kind = BLOCK_MESSAGE,
                                    .attempt = block->resent,
                                    .chain = chain,
                                    .subject = block->header.id,
                                    .depart_ns = context->now_ns + hold_ns});
    }
    if (wire->resend_ns > 0)
        context_timer(context, context->self, LAYER_SPREAD, RESEND_TIMER, chain,
                      context->now_ns + wire->resend_ns, block->header.id);
}

static void publish(void *self, struct context *context, const struct block_header *header)
{
    struct support_wire *wire = self;
    struct block_header told;
    SIM_ASSERT(wire->block_count < WIRE_BLOCKS_MAX);
    bool known = seam(wire)->header(seam(wire)->self, header->id, &told);
    SIM_ASSERT(known && memcmp(&told, header, sizeof told) == 0);
    for (uint32_t i = 0; i < seam(wire)->members(seam(wire)->self, header->chain); i++)
        wire->stakes[i] = seam(wire)->stake(seam(wire)->self, header->chain, i);
    SIM_ASSERT(header->leader == seam(wire)->leader(seam(wire)->self, header->chain, header->slot));
    struct wire_block *block = &wire->blocks[wire->block_count++];
    *block = (struct wire_block){.header = *header};
    if (wire->make_ns) {
        context_timer(context, context->self, LAYER_SPREAD, MADE_TIMER, header->chain,
                      context->now_ns + wire->make_ns(header), header->id);
        return;
    }
    block->complete = UINT64_C(1) << header->leader;
    send_block(wire, context, block, false);
}

static void voted(void *self, struct context *context, uint32_t chain, uint32_t member,
                  uint32_t voter, uint64_t slot, uint64_t block)
{
    struct support_wire *wire = self;
    uint32_t ordinal = ordinal_of(wire, chain);
    (void)context;
    wire->voted++;
    if (member != voter)
        return;
    SIM_ASSERT(slot > wire->last_votes[ordinal][member]); /* slots of its own votes rise */
    for (uint64_t id = block; (uint32_t)id != 0; id = block_of(wire, id)->header.parent)
        SIM_ASSERT(block_of(wire, id)->complete >> member & 1); /* it has what it votes for */
    wire->last_votes[ordinal][member] = slot;
}

static void rooted(void *self, struct context *context, uint32_t chain, uint32_t member,
                   uint64_t slot)
{
    struct support_wire *wire = self;
    uint32_t ordinal = ordinal_of(wire, chain);
    SIM_ASSERT(context->self == seam(wire)->node(seam(wire)->self, chain, member));
    SIM_ASSERT(slot > wire->roots[ordinal][member]);
    SIM_ASSERT(slot == seam(wire)->root(seam(wire)->self, chain, member));
    wire->roots[ordinal][member] = slot;
    wire->rooted++;
    uint64_t known = seam(wire)->epochs_known(seam(wire)->self, chain, member);
    wire->epochs_known_max = known > wire->epochs_known_max ? known : wire->epochs_known_max;
    for (uint32_t i = 0; i < wire->block_count; i++) {
        struct wire_block *block = &wire->blocks[i];
        if (block->header.chain != chain || block->header.slot != slot)
            continue;
        block->final_ns = block->final == 0 ? context->now_ns : block->final_ns;
        block->final |= UINT64_C(1) << member;
        SIM_ASSERT(block->header.leader != member || context->now_ns >= block->header.end_ns);
        SIM_ASSERT(block->complete >> member & 1);
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < wire->block_count; i++) {
        struct block_header header;
        kept += seam(wire)->header(seam(wire)->self, wire->blocks[i].header.id, &header);
    }
    wire->kept_max = kept > wire->kept_max ? kept : wire->kept_max;
}

static int build(const struct build *build, void **ret_state)
{
    struct support_wire *wire = (struct support_wire *)(uintptr_t)build->config;
    wire->stack = build->stack;
    build->stack->spread = (struct spread_seam){.self = wire,
                                                .by_parts = wire->make_ns != NULL,
                                                .publish = publish,
                                                .voted = voted,
                                                .rooted = rooted};
    *ret_state = wire;
    return 0;
}

static void on_message(void *state, struct context *context, const struct message *message)
{
    struct support_wire *wire = state;
    struct wire_block *block = block_of(wire, message->subject);
    uint32_t chain = block->header.chain, first = seam(wire)->node(seam(wire)->self, chain, 0);
    uint32_t member = context->self - first;
    block->complete |= UINT64_C(1) << member;
    seam(wire)->complete(seam(wire)->self, context, chain, member, block->header.id);
    seam(wire)->complete(seam(wire)->self, context, chain, member, block->header.id);
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t id)
{
    struct support_wire *wire = state;
    struct wire_block *block = block_of(wire, id);
    uint32_t members = seam(wire)->members(seam(wire)->self, chain);
    if (kind == MADE_TIMER) {
        block->complete = UINT64_C(1) << block->header.leader;
        send_block(wire, context, block, false);
        seam(wire)->complete(seam(wire)->self, context, chain, block->header.leader, id);
        return;
    }
    uint64_t all = members == 64 ? UINT64_MAX : (UINT64_C(1) << members) - 1;
    if (block->complete == all)
        return;
    block->resent++;
    send_block(wire, context, block, true);
}

/* Whose timers a crash took sends on. */
static void on_fault(void *state, struct context *context, const struct fault *fault)
{
    struct support_wire *wire = state;
    if ((fault->type != FAULT_CRASH && fault->type != FAULT_RESTART) ||
        !context_up(context, context->self) || wire->resend_ns == 0)
        return;
    for (uint32_t i = 0; i < wire->block_count; i++) {
        const struct block_header *header = &wire->blocks[i].header;
        if (wire->blocks[i].complete != 0 &&
            seam(wire)->node(seam(wire)->self, header->chain, header->leader) == context->self)
            on_timer(wire, context, RESEND_TIMER, header->chain, header->id);
    }
}

static const char *const message_kinds[] = {"block", NULL};
static const char *const timer_kinds[] = {"resend", "made", NULL};
static const struct model wire_model = {MODEL_BY_HAND,
                                        .layer = LAYER_SPREAD,
                                        .layer_name = "spread",
                                        .name = "wire",
                                        .summary = "a packet a member, until it has come",
                                        .config_bytes = 1,
                                        .message_kinds = message_kinds,
                                        .timer_kinds = timer_kinds,
                                        .build = build,
                                        .on_message = on_message,
                                        .on_timer = on_timer,
                                        .on_fault = on_fault,
                                        .destroy = destroy_nothing};

struct support_wire *support_wire_new(uint32_t members)
{
    struct support_wire *wire = calloc(1, sizeof *wire);
    struct support_stack *support = support_stack_new();
    SIM_ASSERT(members <= WIRE_MEMBERS_MAX);
    memset(&faults, 0, sizeof faults);
    wire->support = support;
    wire->resend_ns = SECOND;
    support_stack_individual(support, members);
    support->chain.shards = 1;
    support->chain.block_interval_ns = (int64_t)(400 * MS);
    support->spread = &wire_model;
    support->spread_config = wire;
    for (uint32_t i = 0; i < 50; i++)
        support_stack_job(support, 100 * MS + i * SECOND, 0, 2, SUPPORT_NOWHERE);
    return wire;
}

void support_wire_run(struct support_wire *wire)
{
    wire->support->scenario.faults = (struct fault_plan){faults.specs, faults.count};
    support_stack_run(wire->support);
}

void support_wire_free(struct support_wire *wire)
{
    support_stack_free(wire->support);
    free(wire);
}

uint64_t support_wire_counter(const struct support_wire *wire, const char *metric)
{
    return (uint64_t)engine_counter(&wire->support->result, "chain", metric);
}

uint64_t support_wire_root_min(const struct support_wire *wire, uint32_t shard)
{
    uint64_t least = UINT64_MAX;
    for (int64_t member = 0; member < wire->support->validators.count; member++)
        least = wire->roots[shard][member] < least ? wire->roots[shard][member] : least;
    return least;
}

static struct fault_target *validators(uint32_t first, uint32_t last)
{
    struct fault_target *target = &faults.targets[faults.target_count++];
    *target = (struct fault_target){
        .type = TARGET_NODES, .role = "validator", .first = first, .last = last};
    return target;
}

struct fault_spec *support_wire_fault(struct support_wire *wire, enum fault_type type,
                                      uint64_t at_ns, uint64_t for_ns, uint32_t first,
                                      uint32_t last)
{
    (void)wire;
    SIM_ASSERT(faults.count < FAULTS_MAX);
    struct fault_spec *spec = &faults.specs[faults.count++];
    *spec = (struct fault_spec){
        .type = type, .at_ns = at_ns, .for_ns = for_ns, .target = {validators(first, last), 1}};
    return spec;
}

void support_wire_split(struct support_wire *wire, uint64_t at_ns, uint64_t for_ns, uint32_t at)
{
    SIM_ASSERT(faults.count < FAULTS_MAX);
    uint32_t last = (uint32_t)wire->support->validators.count - 1;
    struct fault_group *groups = &faults.groups[2 * faults.count];
    groups[0] = (struct fault_group){validators(0, at - 1), 1};
    groups[1] = (struct fault_group){validators(at, last), 1};
    faults.specs[faults.count++] = (struct fault_spec){.type = FAULT_PARTITION,
                                                       .at_ns = at_ns,
                                                       .for_ns = for_ns,
                                                       .groups = groups,
                                                       .group_count = 2};
}
