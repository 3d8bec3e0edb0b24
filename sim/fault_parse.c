/* Faults from their tables' keys to fault_spec: targets, times and rates. Whether the nodes exist
 * is known after the world is built (fault_resolve). */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/exact.h"
#include "sim/quantity.h"
#include "sim/scenario_private.h"
#include "sim/sim_assert.h"

enum { OCCURRENCES_MAX = 1000000, TARGETS_MAX = 100000 };

struct parse {
    struct arena *arena;
    struct diagnostics *diagnostics;
    uint64_t duration_ns;
    const char *pointer; /* of the fault */
    const cJSON *object; /* its text, to tell an absent key from one that could not be read */
    bool links_allowed;
};

static void report(const struct parse *p, const char *code, const char *pointer,
                   const char *problem, const char *expected)
{
    diagnostics_add(p->diagnostics, code, pointer, AT_VALUE, problem, expected, NULL, NULL);
}

static const char *below(const struct parse *p, const char *token)
{
    return arena_pointer(p->arena, p->pointer, token);
}

/* Reads a decimal of at most 9 digits and moves past it. */
static bool read_ordinal(const char **at, uint32_t *ret_ordinal)
{
    size_t digits = strspn(*at, "0123456789");
    if (digits == 0 || digits > 9)
        return false;
    *ret_ordinal = (uint32_t)strtoul(*at, NULL, 10);
    *at += digits;
    return true;
}

static bool is_role(const char *text, size_t bytes)
{
    return bytes > 0 && bytes < 32 && strspn(text, "abcdefghijklmnopqrstuvwxyz_") >= bytes;
}

/* "ROLE:i", "ROLE:i-j" or "link:A-B". Returns NULL, or what is wrong. */
static const char *read_words(const struct parse *p, const char *text, struct fault_target *target)
{
    size_t bytes = strcspn(text, ":");
    if (text[bytes] != ':' || !is_role(text, bytes))
        return "not a target";
    const char *at = text + bytes + 1;
    uint32_t first = 0, last = 0;
    if (!read_ordinal(&at, &first))
        return "not a target";
    bool has_last = *at == '-';
    last = first;
    if (has_last) {
        at++;
        if (!read_ordinal(&at, &last))
            return "not a target";
    }
    if (*at != '\0')
        return "not a target";
    if (strncmp(text, "link:", 5) == 0) {
        target->type = TARGET_LINK;
        target->link_from = first;
        target->link_to = last;
        return !has_last ? "a link needs two ends" : first == last ? "a link to itself" : NULL;
    }
    target->type = TARGET_NODES;
    target->role = arena_text(p->arena, text, bytes);
    target->first = first;
    target->last = last;
    return first > last ? "the range ends before it begins" : NULL;
}

/* {"random": n, "of": ROLE}. Returns NULL, or what is wrong. */
static const char *read_random(const struct parse *p, const cJSON *value, const char *pointer,
                               struct fault_target *target)
{
    const cJSON *random = cJSON_GetObjectItemCaseSensitive(value, "random");
    const cJSON *of = cJSON_GetObjectItemCaseSensitive(value, "of");
    for (const cJSON *item = value->child; item != NULL; item = item->next) {
        bool is_known = item == random || item == of || strncmp(item->string, "x-", 2) == 0;
        if (!is_known)
            diagnostics_add(p->diagnostics, "E101", arena_pointer(p->arena, pointer, item->string),
                            AT_KEY, "unknown key", "one of: of, random", NULL, NULL);
    }
    bool has_count = cJSON_IsNumber(random) && random->valuedouble >= 1 &&
                     random->valuedouble <= 1e9 &&
                     !(random->valuedouble > (double)(uint32_t)random->valuedouble);
    if (!has_count || !cJSON_IsString(of) || !is_role(of->valuestring, strlen(of->valuestring)))
        return "not a target";
    target->type = TARGET_RANDOM;
    target->count = (uint32_t)random->valuedouble;
    target->role = arena_text(p->arena, of->valuestring, strlen(of->valuestring));
    return NULL;
}

static void read_target(const struct parse *p, const cJSON *value, const char *pointer,
                        struct fault_target *target)
{
    snprintf(target->pointer, sizeof target->pointer, "%s", pointer);
    const char *problem = cJSON_IsString(value)   ? read_words(p, value->valuestring, target)
                          : cJSON_IsObject(value) ? read_random(p, value, pointer, target)
                                                  : "not a target";
    if (problem != NULL)
        report(
            p, cJSON_IsString(value) || cJSON_IsObject(value) ? "E207" : "E205", pointer, problem,
            p->links_allowed
                ? "\"shard:3\", \"shard:0-7\", \"link:3-7\" or {\"random\": 2, \"of\": \"shard\"}"
                : "\"shard:3\", \"shard:0-7\" or {\"random\": 2, \"of\": \"shard\"}");
    else if (target->type == TARGET_LINK && !p->links_allowed)
        report(p, "E306", pointer, "a link where nodes are needed",
               "\"shard:3\", \"shard:0-7\" or {\"random\": 2, \"of\": \"shard\"}");
}

/* One target, or a list of them. */
static struct fault_group read_group(const struct parse *p, const cJSON *value, const char *pointer,
                                     bool list_needed)
{
    bool is_list = cJSON_IsArray(value);
    uint32_t count = is_list ? (uint32_t)cJSON_GetArraySize(value) : 1;
    if (count == 0 || count > TARGETS_MAX || (list_needed && !is_list)) {
        report(p, is_list ? "E208" : "E205", pointer,
               is_list ? "wrong number of items" : "wrong type of value",
               "a list of targets, at most 100000");
        return (struct fault_group){0};
    }
    struct fault_target *targets = arena_take(p->arena, count * sizeof *targets);
    if (!is_list)
        read_target(p, value, pointer, &targets[0]);
    uint32_t index = 0;
    for (const cJSON *item = is_list ? value->child : NULL; item != NULL; item = item->next) {
        read_target(p, item, arena_pointer_index(p->arena, pointer, index), &targets[index]);
        index++;
        if (p->diagnostics->count >= DIAGNOSTICS_KEPT_MAX)
            break;
    }
    return (struct fault_group){.targets = targets, .count = count};
}

static void read_groups(const struct parse *p, const cJSON *value, struct fault_spec *spec)
{
    const char *pointer = below(p, "groups");
    uint32_t count = cJSON_IsArray(value) ? (uint32_t)cJSON_GetArraySize(value) : 0;
    if (count < 2) {
        report(p, cJSON_IsArray(value) ? "E208" : "E205", pointer,
               cJSON_IsArray(value) ? "wrong number of items" : "wrong type of value",
               "two lists of targets or more: [[\"shard:0-3\"], [\"shard:4-7\"]]");
        return;
    }
    struct fault_group *groups = arena_take(p->arena, count * sizeof *groups);
    uint32_t index = 0;
    for (const cJSON *item = value->child; item != NULL; item = item->next) {
        groups[index] = read_group(p, item, arena_pointer_index(p->arena, pointer, index), true);
        index++;
        if (p->diagnostics->count >= DIAGNOSTICS_KEPT_MAX)
            break;
    }
    spec->groups = groups;
    spec->group_count = count;
}

/* Says so when a time lies at or after the end of the run. */
static void check_time(const struct parse *p, const char *key, int64_t time_ns, bool end_allowed)
{
    char end[QUANTITY_TEXT_BYTES];
    if (time_ns < 0 || (uint64_t)time_ns < p->duration_ns ||
        (end_allowed && (uint64_t)time_ns == p->duration_ns))
        return;
    quantity_print(PARAM_DURATION, (int64_t)p->duration_ns, end);
    report(p, "E403", below(p, key), "after the end of the run",
           arena_printf(p->arena, "%s %s", end_allowed ? "at most" : "before", end));
}

static bool is_given(const struct parse *p, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(p->object, key);
    return value != NULL && !cJSON_IsNull(value);
}

static void read_times(const struct parse *p, const struct fault_keys *keys,
                       struct fault_spec *spec)
{
    bool repeats = is_given(p, "every"), has_at = is_given(p, "at");
    bool has_from = is_given(p, "from"), has_to = is_given(p, "to");
    check_time(p, "at", keys->at_ns, false);
    check_time(p, "from", keys->from_ns, false);
    check_time(p, "to", keys->to_ns, true);
    spec->for_ns = keys->for_ns >= 0 ? (uint64_t)keys->for_ns : 0;
    if (!repeats && !has_at)
        report(p, "E103", below(p, "at"), "missing key",
               "\"at\", or \"every\" with \"from\" and \"to\"");
    if (repeats && has_at)
        report(p, "E305", below(p, "at"), "\"at\" and \"every\" together", "one of the two");
    if (!repeats && (has_from || has_to))
        report(p, "E305", below(p, has_from ? "from" : "to"),
               "\"from\" and \"to\" belong to \"every\"", "\"at\" and \"for\"");
    spec->at_ns = keys->at_ns >= 0 ? (uint64_t)keys->at_ns : 0;
    bool is_readable =
        keys->every_ns > 0 && (keys->from_ns >= 0 || !has_from) && (keys->to_ns >= 0 || !has_to);
    if (!repeats || !is_readable)
        return;
    spec->every_ns = (uint64_t)keys->every_ns;
    spec->from_ns = keys->from_ns >= 0 ? (uint64_t)keys->from_ns : 0;
    spec->to_ns = keys->to_ns >= 0 ? (uint64_t)keys->to_ns : p->duration_ns;
    if (spec->from_ns >= p->duration_ns)
        return; /* said already */
    if (spec->to_ns <= spec->from_ns)
        report(p, "E305", below(p, "to"), "\"to\" is not after \"from\"", "a later time");
    else if ((spec->to_ns - spec->from_ns) / spec->every_ns > OCCURRENCES_MAX)
        report(p, "E203", below(p, "every"), "out of range", "at most 1000000 times in all");
}

/* floor(share * 2^64), all ones for certainty. */
static uint64_t threshold(int64_t share)
{
    const uint64_t whole = UINT64_C(1000000000000);
    return (uint64_t)share >= whole ? UINT64_MAX
                                    : (uint64_t)(((uint128)(uint64_t)share << 64) / whole);
}

void fault_parse(struct arena *arena, const cJSON *document, const struct param_list *faults,
                 uint64_t duration_ns, struct diagnostics *diagnostics, struct fault_plan *ret_plan)
{
    const cJSON *object = document == NULL ? NULL : document->child;
    const struct param_variant_value *items = faults->items;
    struct fault_spec *specs = arena_take(arena, faults->count * sizeof *specs);
    for (uint32_t i = 0; i < faults->count && diagnostics->count < DIAGNOSTICS_KEPT_MAX; i++) {
        const struct fault_keys *keys = items[i].config;
        const cJSON *here = object;
        object = object->next;
        if (keys == NULL)
            continue; /* what it is was not readable, and has been said */
        struct fault_spec *spec = &specs[i];
        spec->type = (enum fault_type)items[i].index;
        const struct parse p = {
            .arena = arena,
            .diagnostics = diagnostics,
            .duration_ns = duration_ns,
            .pointer = arena_pointer_index(arena, "/faults", i),
            .object = here,
            .links_allowed =
                spec->type == FAULT_CUT || spec->type == FAULT_LOSS || spec->type == FAULT_DELAY,
        };
        snprintf(spec->pointer, sizeof spec->pointer, "%s", p.pointer);
        read_times(&p, keys, spec);
        if (keys->target != NULL)
            spec->target = read_group(&p, keys->target, below(&p, "target"), false);
        if (keys->groups != NULL)
            read_groups(&p, keys->groups, spec);
        spec->rate = threshold(keys->rate);
        spec->add_ns = (uint64_t)keys->add_ns;
        spec->factor = keys->factor;
        spec->behaviour = keys->behaviour;
        spec->share = threshold(keys->share);
    }
    *ret_plan = (struct fault_plan){.specs = specs, .count = faults->count};
}
