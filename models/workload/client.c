#include "models/workload/client.h"

#include <stdio.h>

#include "models/workload/account_law.h"
#include "models/workload/shard_list.h"
#include "sim/context.h"
#include "sim/diagnostics.h"
#include "sim/exact.h"
#include "sim/memory.h"
#include "sim/world.h"

enum { LAW_UNIFORM, LAW_ZIPF };
enum { TIMER_ARRIVAL };
enum metric { METRIC_SUBMITTED, METRIC_FINAL, METRIC_FAILED };
enum { CLIENT_BITS = 16, POINTER_BYTES = 96, MESSAGE_BYTES_MAX = 1 << 24 };

const char *const client_no_kinds[] = {NULL};
const char *const client_timer_kinds[] = {"arrival", NULL};
const struct model_metric client_metrics[] = {
    {"tx_submitted", "transactions", "transactions that clients submitted"},
    {"tx_final", "transactions", "transactions that clients saw committed"},
    {"tx_failed", "transactions", "transactions that clients saw refused or aborted"},
    {NULL, NULL, NULL},
};
const struct model_property client_properties[] = {{NULL, NULL, false}};

static const struct param zipf_params[] = {
    {.name = "s",
     .help = "the exponent: rank k has weight k to the power -s",
     .kind = PARAM_REAL,
     .offset = offsetof(struct client_zipf_config, exponent),
     .default_json = "0.9",
     .real_min = 0.0,
     .real_max = 20.0},
    PARAM_END,
};
static const struct param uniform_params[] = {PARAM_END};
const struct param_variant client_account_variants[] = {
    {"uniform", "each account is as likely as any other", uniform_params, 1},
    {"zipf", "few accounts are popular", zipf_params, sizeof(struct client_zipf_config)},
    {NULL, NULL, NULL, 0},
};

struct outstanding {
    uint64_t submit_ns;
    uint32_t home_chain;
    uint8_t chains, operation;
};

/* One client node. It shares nothing that changes with the others, for each is its own group. */
struct client {
    uint64_t next;     /* number of the next transaction */
    uint64_t next_ns;  /* its instant */
    struct pool slots; /* struct outstanding */
    struct map by_number;
    uint64_t finals, failures;
};

struct client_private {
    struct client *clients;
    struct account_law law;
    struct shard_list list; /* of used shards, when restricted */
    bool restricted;
    struct traffic_law traffic;
};

uint64_t client_identity(const struct client_group *group, uint32_t client)
{
    return world_identity(group->world, group->first_node + client);
}

/* Index within ROLE_CLIENT: workloads of a run have ranges of their own. */
static uint32_t index_in_role(uint8_t slot, uint32_t client)
{
    return (uint32_t)slot << CLIENT_BITS | client;
}

static uint64_t tx_id(const struct client_group *group, uint32_t client, uint64_t number)
{
    SIM_ASSERT(number <= UINT32_MAX);
    return (uint64_t)index_in_role(group->slot, client) << 32 | number;
}

/* ---- Build ---- */

void client_check(const struct client_config *config, const char *pointer,
                  struct diagnostics *diagnostics)
{
    char at[POINTER_BYTES];
    if (config->until_ns != 0 && config->until_ns <= config->from_ns) {
        snprintf(at, sizeof at, "%s/until", pointer);
        diagnostics_add(diagnostics, "E310", at, AT_VALUE, "the workload ends before it begins",
                        "a time after \"from\", or 0s for the end of the run", NULL, "0s");
    }
    if (!client_operation_fits(&config->operations)) {
        snprintf(at, sizeof at, "%s/operations", pointer);
        diagnostics_add(diagnostics, "E310", at, AT_VALUE,
                        "the shares of the operations add up to more than 100%",
                        "call, create, wildcard, publish, log and stranger: 100% at most", NULL,
                        "{\"call\": \"10%\"}");
    }
    struct shard_list list;
    const char *wrong =
        config->shards && config->shards[0] ? shard_list_parse(config->shards, &list) : NULL;
    if (wrong) {
        snprintf(at, sizeof at, "%s/shards", pointer);
        diagnostics_add(diagnostics, "E207", at, AT_VALUE, wrong, "such as 0-3,8", NULL, "0-3");
    }
    traffic_law_check(&config->destinations, pointer, diagnostics);
}

/* Which shard sends to which. A hot shard is named by its ordinal in the run. */
static int build_traffic(struct client_group *group, const struct build *build, uint64_t used)
{
    struct client_private *part = group->part;
    const struct param_variant_value *destinations = &group->config->destinations;
    uint64_t position = 0;
    if (destinations->index == TRAFFIC_HOT) {
        const struct traffic_hot_config *hot = destinations->config;
        position = (uint64_t)hot->shard;
        bool known = part->restricted
                         ? shard_list_find(&part->list, (uint32_t)hot->shard, &position)
                         : position < used;
        if (!known) {
            char at[POINTER_BYTES];
            snprintf(at, sizeof at, "%s/destinations/shard", build->pointer);
            diagnostics_addf(build->diagnostics, "E402", at, AT_VALUE, NULL, NULL,
                             "no shard %llu takes part: there are %llu, counted from 0",
                             (unsigned long long)hot->shard, (unsigned long long)used);
            return -1;
        }
    }
    return traffic_law_build(destinations, used, exact_threshold(group->config->cross_shard),
                             position, build->pointer, group->memory, build->diagnostics,
                             &part->traffic);
}

/* The shards that take part and the law over their accounts. */
static int build_law(struct client_group *group, const struct build *build)
{
    struct client_private *part = group->part;
    const struct client_config *config = group->config;
    char at[POINTER_BYTES];
    uint64_t used = group->shards;
    if (config->shards && config->shards[0]) {
        const char *wrong = shard_list_parse(config->shards, &part->list);
        SIM_ASSERT(wrong == NULL); /* client_check() said so */
        part->restricted = true;
        used = part->list.shards;
        uint32_t last = part->list.range[part->list.range_count - 1].last;
        if (last >= group->shards) {
            snprintf(at, sizeof at, "%s/shards", build->pointer);
            diagnostics_addf(build->diagnostics, "E402", at, AT_VALUE, NULL, NULL,
                             "no shard %u: there are %llu, counted from 0", last,
                             (unsigned long long)group->shards);
            return -1;
        }
    }
    if (build_traffic(group, build, used) != 0)
        return -1;
    if (config->accounts.index == LAW_UNIFORM) {
        account_law_uniform(&part->law, used, group->accounts);
        return 0;
    }
    const struct client_zipf_config *zipf = config->accounts.config;
    if (used > ACCOUNT_LAW_ZIPF_MAX / group->accounts) {
        snprintf(at, sizeof at, "%s/accounts", build->pointer);
        diagnostics_addf(build->diagnostics, "E311", at, AT_VALUE,
                         "at most 4194304 accounts in the shards used",
                         "fewer accounts_per_shard, fewer shards, or uniform",
                         "a Zipf law over %llu shards of %llu accounts needs too large a table",
                         (unsigned long long)used, (unsigned long long)group->accounts);
        return -1;
    }
    account_law_zipf(&part->law, group->memory, used, group->accounts, zipf->exponent);
    return 0;
}

static void build_nodes(struct client_group *group, const struct build *build)
{
    group->first_node = world_node_count(build->world);
    group->part->clients = memory_take(group->memory, "workload: clients",
                                       group->count * sizeof *group->part->clients);
    for (uint32_t i = 0; i < group->count; i++) {
        uint32_t node = world_node_add(
            build->world, &(struct node_options){.role = ROLE_CLIENT,
                                                 .role_name = "client",
                                                 .index = index_in_role(group->slot, i),
                                                 .group = stack_group(build->stack, build->world),
                                                 .uplink_unlimited = true});
        SIM_ASSERT(node == group->first_node + i);
        struct client *client = &group->part->clients[i];
        pool_init(&client->slots, group->memory, "workload: outstanding transactions",
                  sizeof(struct outstanding));
        map_init(&client->by_number, group->memory, "workload: index of transactions");
    }
}

static void outcome(void *self, struct context *context, const struct tx_result *result);

int client_build(const struct build *build, const struct client_config *config,
                 const struct client_source *source, uint32_t count,
                 struct client_group **ret_group)
{
    struct stack *stack = build->stack;
    const struct chain_seam *chain = &stack->chain;
    uint32_t shards = chain->count ? chain->count(chain->self, CHAIN_SHARD) : 0;
    if (shards == 0) {
        diagnostics_add(build->diagnostics, "E311", build->pointer, AT_VALUE,
                        "transfers need shards, and this run has none", "chain.shards above 0",
                        NULL, "\"chain\": {\"shards\": 4}");
        return -1;
    }
    SIM_ASSERT(count >= 1 && count <= CLIENT_COUNT_MAX);
    bool master = config->value.to_master > 0 || config->value.from_master > 0 ||
                  config->operations.publish > 0;
    if (master && chain->count(chain->self, CHAIN_MASTER) == 0) {
        diagnostics_add(build->diagnostics, "E311", build->pointer, AT_VALUE,
                        "the load needs a masterchain, and this run has none", "a masterchain",
                        NULL, "\"masterchain\": {\"present\": true}");
        return -1;
    }
    struct memory *memory = world_memory(build->world);
    struct client_group *group = memory_take(memory, "workload", sizeof *group);
    *group = (struct client_group){.config = config,
                                   .model_config = build->config,
                                   .source = source,
                                   .memory = memory,
                                   .world = build->world,
                                   .stack = stack,
                                   .count = count,
                                   .from_ns = (uint64_t)config->from_ns,
                                   .shards = shards,
                                   .slot = build->slot};
    group->until_ns = config->until_ns ? (uint64_t)config->until_ns : UINT64_MAX;
    group->accounts =
        stack->ledger.account_count(stack->ledger.self, chain->at(chain->self, CHAIN_SHARD, 0));
    group->part = memory_take(memory, "workload", sizeof *group->part);
    build_nodes(group, build);
    if (build_law(group, build) != 0) {
        client_destroy(group);
        return -1;
    }
    stack->workload[build->slot - LAYER_WORKLOAD] =
        (struct workload_seam){.self = group, .client_node = group->first_node, .outcome = outcome};
    *ret_group = group;
    return 0;
}

/* ---- Draws ---- */

static uint64_t draw_word(const struct client_group *group, struct context *context,
                          enum rng_purpose purpose, uint32_t client, uint64_t number)
{
    struct rng_stream stream;
    context_rng(context, &stream, purpose, client_identity(group, client), number);
    return rng_u64(&stream);
}

static uint64_t draw_value(const struct client_group *group, struct context *context,
                           enum rng_purpose purpose, uint32_t client, uint64_t number,
                           const struct distribution *distribution)
{
    struct rng_stream stream;
    context_rng(context, &stream, purpose, client_identity(group, client), number);
    return distribution_sample(distribution, &stream);
}

static uint32_t ordinal_of(const struct client_private *part, uint64_t used_shard)
{
    return part->restricted ? shard_list_at(&part->list, used_shard) : (uint32_t)used_shard;
}

static void draw_transfer(const struct client_group *group, struct context *context,
                          uint32_t client, uint64_t number, struct client_transfer *ret_transfer)
{
    const struct client_private *part = group->part;
    const struct client_config *config = group->config;
    uint64_t x = draw_word(group, context, RNG_SOURCE, client, number);
    struct rng_stream stream;
    context_rng(context, &stream, RNG_DESTINATION, client_identity(group, client), number);
    struct account_place from, to;
    traffic_law_draw(&part->traffic, &part->law, x, &stream, &from, &to);
    uint64_t bytes = draw_value(group, context, RNG_SIZE, client, number, &config->size);
    uint64_t amount = draw_value(group, context, RNG_AMOUNT, client, number, &config->amount);
    bytes = bytes < 1 ? 1 : bytes > MESSAGE_BYTES_MAX ? MESSAGE_BYTES_MAX : bytes;
    *ret_transfer = (struct client_transfer){.from_shard = ordinal_of(part, from.shard),
                                             .to_shard = ordinal_of(part, to.shard),
                                             .from_account = from.index,
                                             .to_account = to.index,
                                             .amount = amount,
                                             .bytes = (uint32_t)bytes};
}

static bool draw_operation(const struct client_group *group, struct context *context,
                           uint32_t client, uint64_t number, uint32_t home, uint32_t away,
                           struct tx *tx)
{
    struct client_operation_place place = {&group->stack->ledger, home, away};
    if (client_operation_plain(&group->config->operations))
        return false;
    struct rng_stream stream;
    context_rng(context, &stream, RNG_OPERATION, client_identity(group, client), number);
    return client_operation_draw(&group->config->operations, &stream, &place, tx);
}

static struct client_value draw_value_of(const struct client_group *group, struct context *context,
                                         uint32_t client, uint64_t number, struct tx *tx)
{
    if (client_value_plain(&group->config->value))
        return (struct client_value){false, false};
    struct rng_stream stream;
    context_rng(context, &stream, RNG_VALUE, client_identity(group, client), number);
    return client_value_draw(&group->config->value, &stream, tx);
}

/* ---- Run ---- */

static void find_next(struct client_group *group, struct context *context, uint32_t index)
{
    struct client *client = &group->part->clients[index];
    uint64_t previous_ns = client->next_ns;
    uint64_t at_ns = group->source->arrival_ns(group, context, index, client->next, previous_ns);
    SIM_ASSERT(at_ns >= previous_ns);
    client->next_ns = at_ns >= group->until_ns ? CLIENT_NEVER : at_ns;
}

static void arm(struct client_group *group, struct context *context, uint32_t index)
{
    const struct client *client = &group->part->clients[index];
    /* What lies at the end of the run or beyond can have no outcome. */
    if (client->next_ns < world_duration_ns(group->world))
        context_timer(context, group->first_node + index, group->slot, TIMER_ARRIVAL, CHAIN_NONE,
                      client->next_ns, client->next);
}

void client_start(void *state, struct context *context)
{
    struct client_group *group = state;
    for (uint32_t i = 0; i < group->count; i++) {
        context_as(context, group->first_node + i);
        group->part->clients[i].next_ns = group->from_ns;
        find_next(group, context, i);
        arm(group, context, i);
    }
}

static void submit(struct client_group *group, struct context *context, uint32_t index,
                   uint64_t number)
{
    struct client *client = &group->part->clients[index];
    const struct chain_seam *chain = &group->stack->chain;
    const struct ledger_seam *ledger = &group->stack->ledger;
    struct client_transfer transfer;
    if (group->source->transfer)
        group->source->transfer(group, number, &transfer);
    else
        draw_transfer(group, context, index, number, &transfer);
    SIM_ASSERT(transfer.amount <= INT64_MAX);
    uint32_t home = chain->at(chain->self, CHAIN_SHARD, transfer.from_shard);
    uint32_t away = chain->at(chain->self, CHAIN_SHARD, transfer.to_shard);
    struct tx tx = {.id = tx_id(group, index, number),
                    .submit_ns = context->now_ns,
                    .client = index_in_role(group->slot, index),
                    .bytes = transfer.bytes,
                    .workload = group->slot,
                    .parts = 2};
    struct client_value value = draw_value_of(group, context, index, number, &tx);
    if (value.from_master)
        home = chain->at(chain->self, CHAIN_MASTER, 0);
    if (value.to_master)
        away = chain->at(chain->self, CHAIN_MASTER, 0);
    tx.part[0].account = ledger->account(ledger->self, home, transfer.from_account);
    tx.part[0].amount = -(int64_t)transfer.amount;
    tx.part[1].account = ledger->account(ledger->self, away, transfer.to_account);
    tx.part[1].amount = (int64_t)transfer.amount;
    bool forged = draw_operation(group, context, index, number, home, away, &tx);
    ledger->sign(ledger->self, &tx);
    tx.signature[0] ^= forged;
    uint32_t handle = pool_take(&client->slots);
    struct outstanding *waiting = pool_at(&client->slots, handle);
    *waiting = (struct outstanding){.submit_ns = context->now_ns,
                                    .home_chain = home,
                                    .chains = home == away ? 1 : 2,
                                    .operation = tx.operation};
    map_put(&client->by_number, number, handle);
    context_count(context, group->slot, METRIC_SUBMITTED, 1);
    group->stack->atomic.submit(group->stack->atomic.self, context, &tx);
}

void client_on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t cookie)
{
    struct client_group *group = state;
    uint32_t index = context->self - group->first_node;
    struct client *client = &group->part->clients[index];
    SIM_ASSERT(kind == TIMER_ARRIVAL && chain == CHAIN_NONE);
    SIM_ASSERT(cookie == client->next);
    SIM_ASSERT(client->next_ns == context->now_ns);
    while (client->next_ns == context->now_ns) {
        submit(group, context, index, client->next);
        client->next++;
        find_next(group, context, index);
    }
    arm(group, context, index);
}

void client_on_message(void *state, struct context *context, const struct message *message)
{
    (void)state, (void)context, (void)message;
    SIM_ASSERT(false); /* outcomes come through the atomic layer */
}

/* SIMPLIFICATION: a client that was down does not submit later what it missed meanwhile, and its
 * books survive. */
void client_on_fault(void *state, struct context *context, const struct fault *fault)
{
    struct client_group *group = state;
    uint32_t index = context->self - group->first_node;
    bool comes_up = fault->type == FAULT_RESTART || (fault->type == FAULT_CRASH && !fault->begins);
    /* Every layer hears of every node; an index below first_node wraps to a large one. */
    if (!comes_up || index >= group->count)
        return;
    struct client *client = &group->part->clients[index];
    while (client->next_ns < context->now_ns) {
        client->next++;
        find_next(group, context, index);
    }
    arm(group, context, index);
}

/* ---- What became of them ---- */

static const char *reason_text(uint8_t reason)
{
    static const char *const texts[REASON_COUNT] = {
        NULL,      "balance",   "no_account", "state",  "fee",     "currency",
        "deposit", "signature", "gas",        "size",   "rate",    "pending",
        "pool",    "repeated",  "expired",    "method", "stranger"};
    SIM_ASSERT(reason < REASON_COUNT);
    return texts[reason];
}

static void write_phases(const struct client_group *group, struct context *context,
                         const struct tx_result *result)
{
    static const struct {
        uint8_t slot;
        const char *name;
    } phases[4] = {{LAYER_ATOMIC, "submit"},
                   {LAYER_LEDGER, "wait"},
                   {LAYER_CHAIN, "commit"},
                   {LAYER_MESSAGING, "transfer"}};
    uint64_t ends[4] = {result->arrived_ns, result->collated_ns, result->committed_ns,
                        result->final_ns};
    uint64_t start_ns = result->submit_ns;
    (void)group;
    for (int i = 0; i < 4; i++) {
        if (ends[i] == 0)
            continue; /* it never got there: its time is in the next phase */
        SIM_ASSERT(ends[i] >= start_ns);
        if (ends[i] > start_ns)
            context_tx_phase(context, result->tx, phases[i].slot, phases[i].name,
                             ends[i] - start_ns);
        start_ns = ends[i];
    }
    SIM_ASSERT(start_ns == result->final_ns);
}

static uint64_t time_or_never(uint64_t ns)
{
    return ns == 0 ? UINT64_MAX : ns;
}

static void outcome(void *self, struct context *context, const struct tx_result *result)
{
    struct client_group *group = self;
    uint32_t index = context->self - group->first_node;
    SIM_ASSERT(index < group->count);
    struct client *client = &group->part->clients[index];
    uint64_t number = result->tx & UINT32_MAX;
    SIM_ASSERT(result->tx == tx_id(group, index, number));
    uint64_t handle;
    if (!map_get(&client->by_number, number, &handle))
        return; /* told twice */
    const struct outstanding *waiting = pool_at(&client->slots, (uint32_t)handle);
    SIM_ASSERT(waiting->submit_ns == result->submit_ns);
    bool committed = result->outcome == OUTCOME_COMMITTED;
    /* Where a message to a contract goes was not known when it was submitted. */
    uint8_t chains = waiting->operation == TX_TRANSFER ? waiting->chains : result->chains;
    context_count(context, group->slot, committed ? METRIC_FINAL : METRIC_FAILED, 1);
    client->finals += committed;
    client->failures += !committed;
    context_tx_row(context, &(struct tx_row){.id = result->tx,
                                             .submit_ns = result->submit_ns,
                                             .prepared_ns = UINT64_MAX,
                                             .decided_ns = time_or_never(result->committed_ns),
                                             .final_ns = result->final_ns,
                                             .source_chain = waiting->home_chain,
                                             .chains = chains,
                                             .type = client_operation_name(waiting->operation),
                                             .reason = reason_text(result->reason),
                                             .outcome = committed ? TX_FINAL : TX_ABORTED});
    write_phases(group, context, result);
    map_remove(&client->by_number, number);
    pool_give(&client->slots, (uint32_t)handle);
}

static void report_pending(const struct client_group *group, struct context *context,
                           uint32_t index)
{
    const struct client *client = &group->part->clients[index];
    uint32_t left = client->slots.live;
    for (uint64_t number = 0; number < client->next && left > 0; number++) {
        uint64_t handle;
        if (!map_get(&client->by_number, number, &handle))
            continue;
        const struct outstanding *waiting = pool_at(&client->slots, (uint32_t)handle);
        context_tx_row(context, &(struct tx_row){.id = tx_id(group, index, number),
                                                 .submit_ns = waiting->submit_ns,
                                                 .prepared_ns = UINT64_MAX,
                                                 .decided_ns = UINT64_MAX,
                                                 .final_ns = UINT64_MAX,
                                                 .source_chain = waiting->home_chain,
                                                 .chains = waiting->chains,
                                                 .type = client_operation_name(waiting->operation),
                                                 .outcome = TX_PENDING});
        left--;
    }
}

void client_report(void *state, struct context *context)
{
    const struct client_group *group = state;
    uint64_t finals = 0;
    uint64_t submitted = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        const struct client *client = &group->part->clients[i];
        report_pending(group, context, i);
        finals += client->finals;
        submitted += client->finals + client->failures + client->slots.live;
    }
    double seconds = (double)context->now_ns / 1e9;
    if (seconds <= 0.0)
        return;
    context_metric(context, "offered_tx_per_s", 0, (double)submitted / seconds, "tx/s", submitted);
    context_metric(context, "carried_tx_per_s", 0, (double)finals / seconds, "tx/s", finals);
}

void client_destroy(void *state)
{
    struct client_group *group = state;
    if (!group)
        return;
    struct memory *memory = group->memory;
    if (group->source->destroy)
        group->source->destroy(group);
    for (uint32_t i = 0; i < group->count; i++) {
        pool_destroy(&group->part->clients[i].slots);
        map_destroy(&group->part->clients[i].by_number);
    }
    memory_give(memory, group->part->clients, group->count * sizeof *group->part->clients);
    account_law_destroy(&group->part->law, memory);
    traffic_law_destroy(&group->part->traffic, memory);
    memory_give(memory, group->part, sizeof *group->part);
    memory_give(memory, group, sizeof *group);
}

int client_build_common(const struct build *build, const struct client_source *source,
                        void **ret_state)
{
    const struct client_config *config = build->config;
    struct client_group *group;
    if (client_build(build, config, source, (uint32_t)config->clients, &group) != 0)
        return -1;
    *ret_state = group;
    return 0;
}

void client_check_common(const void *config, const char *pointer, struct diagnostics *diagnostics)
{
    client_check(config, pointer, diagnostics);
}
