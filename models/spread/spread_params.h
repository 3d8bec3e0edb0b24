#ifndef MODELS_SPREAD_SPREAD_PARAMS_H
#define MODELS_SPREAD_SPREAD_PARAMS_H

/* The parameters of section "spread", one table for all of its types, so that changing one word
 * swaps them: a type ignores what it does not need. README.md says what each one uses. */

#include <stdint.h>

#include "sim/param.h"

struct diagnostics;

enum spread_tree { SPREAD_TREE_CHACHA8, SPREAD_TREE_CHACHA20 };
enum spread_erasure { SPREAD_PRESENCE, SPREAD_BYTES };
enum spread_layout { SPREAD_FIXED, SPREAD_VARIABLE }; /* as enum shred_layout */
enum spread_send { SPREAD_OVER_SLOT, SPREAD_AT_ONCE };
enum spread_version { SPREAD_VERSION_2_3, SPREAD_VERSION_2026 }; /* as enum repair_version */
enum spread_form { SPREAD_FORM_OF_RULES, SPREAD_FORM_CACHE, SPREAD_FORM_RECORDS };

/* Which rule a test breaks, so that the property that guards it is seen to find it. */
enum spread_break {
    SPREAD_BREAK_NOTHING,
    SPREAD_BREAK_HOLES,    /* a slot passes for complete although shreds are missing */
    SPREAD_BREAK_UNCHAINED /* slots are not chained to their parents */
};

struct spread_repair_config {
    int64_t enabled, rules, version, interval_ns, requests_max, defer_ns, timeout_ns, fallback;
    int64_t serve_bytes, serve_requests, serve_ns, ping, every_instant;
};

struct spread_gossip_config {
    int64_t interval_ns, fanout, pull_ns, form;
};

struct spread_config {
    int64_t fanout, tree, erasure, layout, send, pass_recovered, processing_ns, keep, fetch_ns;
    int64_t window, status_ns, break_rule;
    struct spread_repair_config repair;
    struct spread_gossip_config gossip;
};

extern const struct param spread_params[];

/* spread_params_check reports what ranges cannot say; a model's `check`. */
void spread_params_check(const void *config, const char *pointer, struct diagnostics *diagnostics);

/* spread_params_need_members warns when there are chains and none has more than one member, so that
 * nothing is spread. */
struct build;
void spread_params_need_members(const struct build *build, uint32_t chains);

#endif
