#include "tests/support_transfers.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/atomic/none.h"
#include "models/chain/chain_blocks.h"
#include "models/ledger/accounts.h"
#include "models/messaging/local.h"
#include "models/spread/spread_ideal.h"
#include "models/state/state_ram.h"
#include "sim/context.h"
#include "tests/model_by_hand.h"
#include "tests/run_log.h"

/* ---- Configs by hand ---- */

/* The row of a name such as "external.check", and where its value stands in the config. */
static const struct param *row_of(const struct model *model, const char *name, size_t *ret_offset)
{
    const struct param *param = model->params;
    *ret_offset = 0;
    while (param->name) {
        size_t length = strcspn(name, ".");
        if (strlen(param->name) != length || memcmp(param->name, name, length) != 0) {
            param++;
            continue;
        }
        *ret_offset += param->offset;
        if (name[length] == '\0')
            return param;
        name += length + 1;
        param = param->fields;
    }
    fprintf(stderr, "%s has no parameter %s\n", model->name, name);
    SIM_ASSERT(false);
    return NULL;
}

static bool is_number(const struct param *param)
{
    return param->kind == PARAM_BOOL || param->kind == PARAM_INTEGER ||
           param->kind == PARAM_RATIO || param->kind == PARAM_DURATION ||
           param->kind == PARAM_BYTES || param->kind == PARAM_BIT_RATE ||
           param->kind == PARAM_RATE || param->kind == PARAM_CHOICE;
}

/* Objects stand one level deep. */
static void use_defaults(struct transfers_part *part, const struct param *rows, size_t offset)
{
    for (const struct param *param = rows; param->name; param++)
        if (is_number(param))
            memcpy(part->config + offset + param->offset, &param->value_default, sizeof(int64_t));
}

void transfers_use(struct transfers_part *part, const struct model *model)
{
    SIM_ASSERT(model->config_bytes <= TRANSFERS_CONFIG_BYTES);
    *part = (struct transfers_part){.model = model};
    use_defaults(part, model->params, 0);
    for (const struct param *param = model->params; param->name; param++)
        if (param->kind == PARAM_OBJECT)
            use_defaults(part, param->fields, param->offset);
}

void transfers_set(struct transfers_part *part, const char *name, int64_t value)
{
    size_t offset;
    const struct param *param = row_of(part->model, name, &offset);
    SIM_ASSERT(is_number(param));
    memcpy(part->config + offset, &value, sizeof value);
}

void transfers_set_text(struct transfers_part *part, const char *name, const char *text)
{
    size_t offset;
    const struct param *param = row_of(part->model, name, &offset);
    SIM_ASSERT(param->kind == PARAM_STRING || param->kind == PARAM_FILE);
    memcpy(part->config + offset, &text, sizeof text);
}

void transfers_constant(struct transfers_part *part, const char *name, int64_t value)
{
    size_t offset;
    SIM_ASSERT(row_of(part->model, name, &offset)->kind == PARAM_DISTRIBUTION);
    struct distribution constant = {.type = DISTRIBUTION_CONSTANT, .location = value};
    memcpy(part->config + offset, &constant, sizeof constant);
}

void transfers_variant(struct transfers_part *part, const char *name, int64_t index, void *config)
{
    size_t offset;
    SIM_ASSERT(row_of(part->model, name, &offset)->kind == PARAM_VARIANT);
    struct param_variant_value value = {.index = index, .config = config};
    memcpy(part->config + offset, &value, sizeof value);
}

/* ---- The script, a workload ---- */

struct script {
    struct transfers *transfers;
    struct stack *stack;
    uint32_t node;
    uint8_t slot;
};
static struct script the_script; /* one run at a time */

static struct address address_of(const struct script *script, int32_t shard, uint64_t account)
{
    const struct chain_seam *chain = &script->stack->chain;
    const struct ledger_seam *ledger = &script->stack->ledger;
    if (shard == TRANSFERS_MASTER)
        return ledger->account(ledger->self, chain->at(chain->self, CHAIN_MASTER, 0), account);
    if (shard < 0)
        return (struct address){.workchain = 77, .prefix = account};
    return ledger->account(ledger->self, chain->at(chain->self, CHAIN_SHARD, (uint32_t)shard),
                           account);
}

static void script_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                         uint64_t cookie)
{
    struct script *script = state;
    const struct transfers_step *step = &script->transfers->script[cookie];
    (void)kind, (void)chain;
    const struct chain_seam *seam = &script->stack->chain;
    const struct ledger_seam *ledger = &script->stack->ledger;
    struct tx tx = step->like;
    tx.id = (uint64_t)((uint32_t)script->slot << 16) << 32 | cookie;
    tx.submit_ns = context->now_ns;
    tx.client = (uint32_t)script->slot << 16;
    tx.bytes = step->like.bytes != 0 ? step->like.bytes : 100;
    tx.workload = script->slot;
    tx.parts = step->parts;
    struct address from = address_of(script, step->from_shard, step->from_account);
    struct address to = address_of(script, step->to_shard, step->to_account);
    if (step->contract != CONTRACT_NONE)
        to = ledger->contract(ledger->self,
                              seam->at(seam->self, CHAIN_SHARD, (uint32_t)step->to_shard),
                              step->contract);
    else if (step->to.prefix != 0)
        *(step->from_address ? &from : &to) = step->to;
    tx.part[0] = (struct part){from, -step->amount};
    tx.part[1] = (struct part){to, step->amount};
    ledger->sign(ledger->self, &tx);
    tx.signature[0] ^= step->forged;
    script->stack->atomic.submit(script->stack->atomic.self, context, &tx);
}

static void script_outcome(void *self, struct context *context, const struct tx_result *result)
{
    struct script *script = self;
    SIM_ASSERT(context->self == script->node);
    uint32_t number = (uint32_t)result->tx;
    SIM_ASSERT(script->transfers->results[number].outcome == 0);
    script->transfers->results[number] = *result;
    script->transfers->outcomes++;
}

static int script_build(const struct build *build, void **ret_state)
{
    struct script *script = &the_script;
    memcpy(&script->transfers, build->config, sizeof(struct transfers *));
    script->stack = build->stack;
    script->slot = build->slot;
    script->node =
        world_node_add(build->world, &(struct node_options){.role = ROLE_CLIENT,
                                                            .role_name = "client",
                                                            .index = (uint32_t)build->slot << 16,
                                                            .group = world_group_add(build->world),
                                                            .uplink_unlimited = true});
    build->stack->workload[build->slot - LAYER_WORKLOAD] = (struct workload_seam){
        .self = script, .client_node = script->node, .outcome = script_outcome};
    *ret_state = script;
    return 0;
}

static void script_start(void *state, struct context *context)
{
    struct script *script = state;
    context_as(context, script->node);
    for (uint32_t i = 0; i < script->transfers->script_count; i++)
        context_timer(context, script->node, script->slot, 0, CHAIN_NONE,
                      script->transfers->script[i].at_ns, i);
}

static void script_message(void *state, struct context *context, const struct message *message)
{
    (void)state, (void)context, (void)message;
    SIM_ASSERT(false);
}

static const char *const step_kinds[] = {"step", NULL};
static const struct model script_model = {MODEL_BY_HAND,
                                          .layer = LAYER_WORKLOAD,
                                          .layer_name = "workload",
                                          .name = "script",
                                          .summary = "transactions of a test",
                                          .config_bytes = sizeof(struct transfers *),
                                          .message_kinds = no_kinds,
                                          .timer_kinds = step_kinds,
                                          .build = script_build,
                                          .start = script_start,
                                          .on_message = script_message,
                                          .on_timer = script_timer,
                                          .destroy = destroy_nothing};

struct transfers_step *transfers_step(struct transfers *transfers, uint64_t at_ns,
                                      int32_t from_shard, uint64_t from_account, int32_t to_shard,
                                      uint64_t to_account, int64_t amount)
{
    SIM_ASSERT(transfers->script_count < TRANSFERS_SCRIPT_MAX);
    struct transfers_step *step = &transfers->script[transfers->script_count++];
    *step = (struct transfers_step){.at_ns = at_ns,
                                    .from_shard = from_shard,
                                    .to_shard = to_shard,
                                    .from_account = from_account,
                                    .to_account = to_account,
                                    .amount = amount,
                                    .parts = 2};
    return step;
}

/* ---- The run ---- */

struct transfers *transfers_new(void)
{
    struct transfers *transfers = calloc(1, sizeof *transfers);
    transfers->base = support_stack_new();
    transfers_use(&transfers->spread, &spread_ideal_model);
    transfers_use(&transfers->state, &state_ram_model);
    transfers_use(&transfers->ledger, &ledger_accounts_model);
    transfers_use(&transfers->atomic, &atomic_none_model);
    transfers_use(&transfers->messaging_part, &messaging_local_model);
    return transfers;
}

void transfers_free(struct transfers *transfers)
{
    support_stack_free(transfers->base);
    free(transfers);
}

struct transfers_part *transfers_workload(struct transfers *transfers, const struct model *model)
{
    SIM_ASSERT(transfers->workload_count < TRANSFERS_WORKLOADS_MAX);
    struct transfers_part *part = &transfers->workload[transfers->workload_count++];
    transfers_use(part, model);
    for (const struct param *param = model->params; param->name; param++)
        if (param->kind == PARAM_DISTRIBUTION)
            transfers_constant(part, param->name, strcmp(param->name, "size") == 0 ? 512 : 1);
    return part;
}

static struct scenario_layer *add_layer(struct transfers *transfers, const struct model *model,
                                        const void *config)
{
    struct scenario *scenario = &transfers->base->scenario;
    struct scenario_layer *layer = &scenario->layers[scenario->layer_count++];
    *layer = (struct scenario_layer){.model = model, .config = config, .slot = model->layer};
    snprintf(layer->pointer, sizeof layer->pointer, "/%s", model->layer_name);
    return layer;
}

static void add_layers(struct transfers *transfers)
{
    transfers->base->scenario.layer_count = 0;
    add_layer(transfers, &chain_blocks_model, &transfers->base->chain);
    add_layer(transfers, transfers->spread.model, transfers->spread.config);
    add_layer(transfers, transfers->state.model, transfers->state.config);
    add_layer(transfers, transfers->messaging_part.model, transfers->messaging_part.config);
    add_layer(transfers, transfers->ledger.model, transfers->ledger.config);
    add_layer(transfers, transfers->atomic.model, transfers->atomic.config);
    uint8_t slot = LAYER_WORKLOAD;
    for (uint32_t i = 0; i < transfers->workload_count; i++) {
        struct transfers_part *part = &transfers->workload[i];
        struct scenario_layer *layer = add_layer(transfers, part->model, part->config);
        layer->slot = slot++;
        snprintf(layer->pointer, sizeof layer->pointer, "/workload/%u", i);
    }
    static struct transfers *self;
    self = transfers;
    if (transfers->script_count > 0)
        add_layer(transfers, &script_model, &self)->slot = slot;
}

int transfers_try(struct transfers *transfers, struct diagnostics *diagnostics)
{
    struct engine_options options = transfers->base->options;
    add_layers(transfers);
    if (transfers->database)
        options.log = run_log_open(transfers->database, LOG_ALL);
    memset(transfers->results, 0, sizeof transfers->results);
    transfers->outcomes = 0;
    int status = engine_run(&transfers->base->scenario, &options, diagnostics, &transfers->result);
    if (options.log)
        run_log_close(options.log, 0);
    return status;
}

void transfers_run(struct transfers *transfers)
{
    struct diagnostics diagnostics = {0};
    int status = transfers_try(transfers, &diagnostics);
    if (status != 0)
        diagnostics_print(&diagnostics, stderr, 0, false);
    SIM_ASSERT(status == 0);
    diagnostics_free(&diagnostics);
}

int64_t transfers_counter(const struct transfers *transfers, const char *layer, const char *metric)
{
    return engine_counter(&transfers->result, layer, metric);
}

void transfers_assert_all_ended(const struct transfers *transfers, unsigned long long seed)
{
    int64_t sent = transfers_counter(transfers, "messaging", "messages_sent");
    int64_t delivered = transfers_counter(transfers, "messaging", "messages_delivered");
    int64_t submitted = transfers_counter(transfers, "workload", "tx_submitted");
    int64_t settled = transfers_counter(transfers, "workload", "tx_final") +
                      transfers_counter(transfers, "workload", "tx_failed");
    ck_assert_msg(sent == delivered, "seed %llu: %lld of %lld delivered", seed,
                  (long long)delivered, (long long)sent);
    ck_assert_msg(submitted == settled, "seed %llu: %lld of %lld settled", seed, (long long)settled,
                  (long long)submitted);
    ck_assert_msg(transfers_counter(transfers, "messaging", "queued") == 0,
                  "seed %llu: queues are not empty", seed);
}

int64_t transfers_query(const struct transfers *transfers, const char *sql)
{
    sqlite3 *database;
    sqlite3_stmt *statement;
    SIM_ASSERT(sqlite3_open_v2(transfers->database, &database, SQLITE_OPEN_READONLY, NULL) ==
               SQLITE_OK);
    int status = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (status != SQLITE_OK)
        fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(database));
    SIM_ASSERT(status == SQLITE_OK);
    SIM_ASSERT(sqlite3_step(statement) == SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return value;
}
