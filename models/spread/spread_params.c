#include "models/spread/spread_params.h"

#include <stdio.h>

#include "models/spread/repair_holes.h"
#include "models/spread/repair_proposal.h"
#include "models/spread/repair_serve.h"
#include "models/spread/shred.h"
#include "models/spread/turbine_tree.h"
#include "models/stack.h"
#include "sim/diagnostics.h"
#include "sim/model.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)

_Static_assert((int)SPREAD_FIXED == (int)SHRED_LAYOUT_FIXED, "layouts are named as in shred.h");
_Static_assert((int)SPREAD_VARIABLE == (int)SHRED_LAYOUT_VARIABLE, "the same");
_Static_assert((int)SPREAD_VERSION_2_3 == (int)REPAIR_VERSION_2025, "as in repair_holes.h");
_Static_assert((int)SPREAD_VERSION_2026 == (int)REPAIR_VERSION_2026, "the same");

static const char *const tree_choices[] = {"chacha8", "chacha20", NULL};
static const char *const tree_helps[] = {"the deployed shuffle since 2026 (SOL-R8.3)",
                                         "the deployed shuffle before", NULL};
static const char *const erasure_choices[] = {"presence", "bytes", NULL};
static const char *const erasure_helps[] = {
    "a set recovers when enough of its shreds are present (SOL-R2.13)",
    "the same, and each recovery runs Reed-Solomon over real bytes and compares; slow", NULL};
static const char *const layout_choices[] = {"fixed", "variable", NULL};
static const char *const layout_helps[] = {"all sets 32:32, padded (SOL-R9, 2026)",
                                           "smaller sets at the end of a block (SOL-R9, 2.3)",
                                           NULL};
static const char *const send_choices[] = {"over_slot", "at_once", NULL};
static const char *const send_helps[] = {"a block leaves evenly over what is left of its slot",
                                         "a block is handed to the uplink as soon as it is made",
                                         NULL};
static const char *const rules_choices[] = {"proposal", "deployed", NULL};
static const char *const rules_helps[] = {"as the proposal has it (SOL-1 to SOL-36)",
                                          "as deployed (SOL-R3 to SOL-R7)", NULL};
static const char *const version_choices[] = {"2.3", "2026", NULL};
static const char *const version_helps[] = {
    "holes wait by the leader's ticks", "holes wait since their set was noticed (SOL-R3.3)", NULL};
static const char *const form_choices[] = {"of_rules", "cache", "records", NULL};
static const char *const form_helps[] = {"as the rules of repair have it",
                                         "run lengths and a stash (SOL-4 to SOL-12)",
                                         "bitmaps in 255 records (SOL-R7.1 to SOL-R7.5)", NULL};
static const char *const break_choices[] = {"nothing", "holes", "unchained", NULL};

static const struct param repair_params[] = {
    {.name = "enabled",
     .help = "whether validators ask others for what they miss (SOL-1)",
     .kind = PARAM_BOOL,
     .offset = offsetof(struct spread_repair_config, enabled),
     .value_default = 1},
    {.name = "rules",
     .help = "by which rules",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct spread_repair_config, rules),
     .value_default = REPAIR_RULES_PROPOSAL,
     .choices = rules_choices,
     .choice_helps = rules_helps},
    {.name = "version",
     .help = "rules deployed: of which version of the client",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct spread_repair_config, version),
     .value_default = SPREAD_VERSION_2026,
     .choices = version_choices,
     .choice_helps = version_helps},
    {.name = "interval",
     .help = "pause between two iterations while something is missing (SOL-R1: 1 ms)",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct spread_repair_config, interval_ns),
     .value_default = MS,
     .value_min = 100 * US,
     .value_max = 600 * SECOND,
     .swarm_min = MS,
     .swarm_max = 100 * MS},
    {.name = "requests_max",
     .help = "shreds asked for in one iteration at most (SOL-18; SOL-R1: 512)",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct spread_repair_config, requests_max),
     .value_default = REPAIR_PROPOSAL_REQUESTS,
     .value_min = 1,
     .value_max = SHRED_INDEX_MAX,
     .swarm_min = 4,
     .swarm_max = 512},
    {.name = "defer",
     .help = "rules deployed: turbine has so long to fill a hole (SOL-R1: 250 ms)",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct spread_repair_config, defer_ns),
     .value_default = REPAIR_DEFER_MS * MS,
     .value_min = 0,
     .value_max = 600 * SECOND,
     .swarm_min = 0,
     .swarm_max = 500 * MS},
    {.name = "timeout",
     .help = "a request is not repeated earlier (SOL-R1: 150 ms)",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct spread_repair_config, timeout_ns),
     .value_default = REPAIR_TIMEOUT_MS * MS,
     .value_min = MS,
     .value_max = 600 * SECOND,
     .swarm_min = 50 * MS,
     .swarm_max = SECOND},
    {.name = "fallback",
     .help = "rules proposal: shreds of a slot that nobody advertises are asked for by stake",
     .kind = PARAM_BOOL,
     .offset = offsetof(struct spread_repair_config, fallback)},
    {.name = "serve_bytes",
     .help = "bytes of answers that a validator sends in a second at most (SOL-R1, SOL-R6.2)",
     .kind = PARAM_BYTES,
     .offset = offsetof(struct spread_repair_config, serve_bytes),
     .value_default = REPAIR_SERVED_BYTES_PER_S,
     .value_min = 1024,
     .value_max = INT64_C(1) << 40},
    {.name = "serve_requests",
     .help = "requests that a validator serves in one iteration at most (SOL-R1, SOL-R6.2)",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct spread_repair_config, serve_requests),
     .value_default = REPAIR_SERVED_MAX,
     .value_min = 1,
     .value_max = REPAIR_QUEUE_MAX},
    {.name = "serve_time",
     .help = "what a validator needs to find one answer",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct spread_repair_config, serve_ns),
     .value_default = 20 * US,
     .value_min = 0,
     .value_max = 600 * SECOND},
    {.name = "ping",
     .help = "who asks a validator for the first time is pinged before it gets answers (SOL-R6.2); "
             "without, all have met before",
     .kind = PARAM_BOOL,
     .offset = offsetof(struct spread_repair_config, ping)},
    {.name = "every_instant",
     .help = "looks at each instant, also where nothing can be found, so that a test can compare",
     .kind = PARAM_BOOL,
     .offset = offsetof(struct spread_repair_config, every_instant),
     .hidden = true},
    PARAM_END,
};

static const struct param gossip_params[] = {
    {.name = "interval",
     .help = "time between two rounds of advertising completed slots (SOL-R7.5: up to 200 ms)",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct spread_gossip_config, interval_ns),
     .value_default = 200 * MS,
     .value_min = MS,
     .value_max = 600 * SECOND,
     .swarm_min = 50 * MS,
     .swarm_max = SECOND},
    {.name = "fanout",
     .help = "peers that each round goes to",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct spread_gossip_config, fanout),
     .value_default = 6,
     .value_min = 1,
     .value_max = 64,
     .swarm_min = 2,
     .swarm_max = 12},
    {.name = "pull",
     .help =
         "time between two questions to a random peer for what did not come by itself; 0 = none",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct spread_gossip_config, pull_ns),
     .value_default = SECOND,
     .value_min = 0,
     .value_max = 600 * SECOND},
    {.name = "form",
     .help = "how completed slots are advertised",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct spread_gossip_config, form),
     .value_default = SPREAD_FORM_OF_RULES,
     .choices = form_choices,
     .choice_helps = form_helps},
    PARAM_END,
};

const struct param spread_params[] = {
    {.name = "fanout",
     .help = "turbine: children of a node in a shred's tree (SOL-R8.6; SOL-R1: 200)",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct spread_config, fanout),
     .value_default = TURBINE_FANOUT_DEPLOYED,
     .value_min = 1,
     .value_max = 8192,
     .swarm_min = 2,
     .swarm_max = 16},
    {.name = "tree",
     .help = "turbine: the random numbers behind a shred's tree",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct spread_config, tree),
     .value_default = SPREAD_TREE_CHACHA8,
     .choices = tree_choices,
     .choice_helps = tree_helps},
    {.name = "erasure",
     .help = "turbine: what recovering a set of shreds does",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct spread_config, erasure),
     .value_default = SPREAD_PRESENCE,
     .choices = erasure_choices,
     .choice_helps = erasure_helps},
    {.name = "layout",
     .help = "turbine: how the sets of a block are sized",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct spread_config, layout),
     .value_default = SPREAD_FIXED,
     .choices = layout_choices,
     .choice_helps = layout_helps},
    {.name = "send",
     .help = "when a leader sends its block",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct spread_config, send),
     .value_default = SPREAD_OVER_SLOT,
     .choices = send_choices,
     .choice_helps = send_helps},
    {.name = "pass_recovered",
     .help = "turbine: whether shreds that a set gave back are passed on (SOL-R8.8)",
     .kind = PARAM_BOOL,
     .offset = offsetof(struct spread_config, pass_recovered),
     .value_default = 1},
    {.name = "processing",
     .help = "turbine: time in a node before it passes a shred on",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct spread_config, processing_ns),
     .value_default = MS,
     .value_min = 0,
     .value_max = 600 * SECOND,
     .swarm_min = 0,
     .swarm_max = 5 * MS},
    {.name = "keep",
     .help = "turbine: slots below its root that a validator can still serve",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct spread_config, keep),
     .value_default = 2000,
     .value_min = 0,
     .value_max = 1000000,
     .swarm_min = 200,
     .swarm_max = 2000},
    {.name = "fetch",
     .help =
         "direct: a block that a member hears of and does not have is asked for so long after its "
         "leader has sent it (see send), and of another peer when nothing has come for as long, "
         "or longer where answers are seen to come later",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct spread_config, fetch_ns),
     .value_default = SECOND,
     .value_min = MS,
     .value_max = 600 * SECOND,
     .swarm_min = 200 * MS,
     .swarm_max = 2 * SECOND},
    {.name = "window",
     .help = "direct: blocks that a member has asked for and not got yet, at most",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct spread_config, window),
     .value_default = 64,
     .value_min = 1,
     .value_max = 4096,
     .swarm_min = 1,
     .swarm_max = 128},
    {.name = "status",
     .help =
         "direct: a member that has got no new block for so long tells a few peers which is its "
         "newest, and hears which is theirs; 0 = never",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct spread_config, status_ns),
     .value_default = 5 * SECOND,
     .value_min = 0,
     .value_max = 600 * SECOND,
     .swarm_min = SECOND,
     .swarm_max = 10 * SECOND},
    {.name = "repair",
     .help = "turbine: how validators get what they miss",
     .kind = PARAM_OBJECT,
     .offset = offsetof(struct spread_config, repair),
     .fields = repair_params},
    {.name = "gossip",
     .help = "turbine: how validators say which slots they have complete (SOL-4)",
     .kind = PARAM_OBJECT,
     .offset = offsetof(struct spread_config, gossip),
     .fields = gossip_params},
    {.name = "break_rule",
     .help = "breaks a rule on purpose, so that its check is seen to find it",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct spread_config, break_rule),
     .value_default = SPREAD_BREAK_NOTHING,
     .choices = break_choices,
     .hidden = true},
    PARAM_END,
};

void spread_params_need_members(const struct build *build, uint32_t chains)
{
    const struct chain_seam *chain = &build->stack->chain;
    char pointer[64];
    if (chains > 0 || chain->count(chain->self, CHAIN_SHARD) == 0)
        return;
    snprintf(pointer, sizeof pointer, "%s/type", build->pointer);
    diagnostics_warn(build->diagnostics, "W101", pointer,
                     "has no effect: each chain has one validator, so no block is sent",
                     "\"validators\": {\"type\": \"individual\"} in section chain");
}

void spread_params_check(const void *config, const char *pointer, struct diagnostics *diagnostics)
{
    (void)config, (void)pointer, (void)diagnostics;
}
