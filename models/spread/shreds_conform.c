#include "models/spread/shreds_conform.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "models/spread/epoch_conform.h"
#include "models/spread/repair_proposal.h"
#include "models/spread/repair_scenario.h"
#include "models/spread/repair_serve.h"
#include "models/spread/turbine_tree.h"

enum { NODES_MAX = 16384, LIST_MAX = 65536 };
#define SLOT_MAX ((INT64_C(1) << 46) - 1)

static bool is_null(const cJSON *object, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
    return !value || cJSON_IsNull(value);
}

static void run_verify_slots(struct conform_case *c)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, conform_list(c, c->one, "cases", LIST_MAX))
    {
        conform_expect(c, " %d", conform_boolean(c, one, "accept"));
        conform_got(c, " %d",
                    blockstore_accepts_parent(conform_unsigned(c, one, "slot"),
                                              conform_unsigned(c, one, "parent"),
                                              conform_unsigned(c, one, "root")));
    }
}

/* The list of nodes in the order of their places. */
static uint32_t read_places(struct conform_case *c, const char *name, uint32_t *ret_nodes)
{
    const cJSON *list = conform_list(c, c->one, name, NODES_MAX), *item;
    uint32_t count = 0;
    cJSON_ArrayForEach(item, list)
    {
        ret_nodes[count] = (uint32_t)conform_integer_at(c, list, (int)count, 0, UINT32_MAX - 1);
        count++;
    }
    return count;
}

static void expect_numbers(struct conform_case *c, const cJSON *list)
{
    const cJSON *item;
    int index = 0;
    conform_expect(c, " [");
    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsNull(item))
            conform_expect(c, " none");
        else
            conform_expect(c, " %" PRId64, conform_integer_at(c, list, index, 0, INT64_MAX));
        index++;
    }
    conform_expect(c, " ]");
}

static void run_turbine_tree(struct conform_case *c)
{
    uint32_t *nodes = conform_memory(c, NODES_MAX * sizeof *nodes);
    uint32_t fanout = (uint32_t)conform_integer(c, c->one, "fanout", 1, NODES_MAX);
    uint32_t count = read_places(c, "nodes", nodes);
    const cJSON *children;
    cJSON_ArrayForEach(children, conform_list(c, c->one, "children_by_position", NODES_MAX))
        expect_numbers(c, children);
    expect_numbers(c, conform_list(c, c->one, "parent_by_position", NODES_MAX));
    expect_numbers(c, conform_list(c, c->one, "root_distance_by_position", NODES_MAX));
    if (c->problem[0])
        return;
    for (uint32_t place = 0; place < count; place++) {
        struct turbine_children below = turbine_children_of(place, fanout, count);
        conform_got(c, " [");
        for (uint32_t i = 0; i < below.count; i++)
            conform_got(c, " %" PRIu32, nodes[below.first + i * below.step]);
        conform_got(c, " ]");
    }
    conform_got(c, " [");
    for (uint32_t place = 0; place < count; place++)
        if (place == 0)
            conform_got(c, " none");
        else
            conform_got(c, " %" PRIu32, nodes[turbine_parent_of(place, fanout)]);
    conform_got(c, " ] [");
    for (uint32_t place = 0; place < count; place++)
        conform_got(c, " %" PRIu32, turbine_distance(place, fanout));
    conform_got(c, " ]");
}

/* What a digest case says of the tree as a whole, computed from the tree. */
static void got_digest(struct conform_case *c, uint32_t fanout, uint32_t count)
{
    uint32_t at_distance[4] = {0}, with_children = 0, most = 0;
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (uint32_t place = 0; place < count; place++) {
        uint32_t children = turbine_children_of(place, fanout, count).count;
        at_distance[turbine_distance(place, fanout)]++;
        with_children += children > 0;
        most = children > most ? children : most;
        if (place == 0)
            continue;
        char text[32];
        int bytes = snprintf(text, sizeof text, "%" PRIu32 ":%" PRIu32 ";", place,
                             turbine_parent_of(place, fanout));
        crypto_hash_sha256_update(&state, (const unsigned char *)text, (unsigned long long)bytes);
    }
    crypto_hash_sha256_final(&state, hash);
    conform_got(c, "%s [", sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
    for (unsigned i = 0; i < 4; i++)
        if (at_distance[i] > 0)
            conform_got(c, " %" PRIu32, at_distance[i]);
    conform_got(c, " ] root %" PRIu32 " parents %" PRIu32 " most %" PRIu32,
                turbine_children_of(0, fanout, count).count, with_children, most);
}

static void run_turbine_digest(struct conform_case *c)
{
    uint32_t fanout = (uint32_t)conform_integer(c, c->one, "fanout", 1, NODES_MAX);
    uint32_t count = (uint32_t)conform_integer(c, c->one, "num_nodes", 1, 1 << 20);
    conform_expect(c, "%s", conform_text(c, c->one, "sha256_of_child_colon_parent_semicolon"));
    expect_numbers(c, conform_list(c, c->one, "nodes_per_root_distance", 4));
    conform_expect(c, " root %" PRIu64 " parents %" PRIu64 " most %" PRIu64,
                   conform_unsigned(c, c->one, "out_degree_root"),
                   conform_unsigned(c, c->one, "positions_with_children"),
                   conform_unsigned(c, c->one, "max_out_degree"));
    const cJSON *sample;
    if (c->problem[0])
        return;
    got_digest(c, fanout, count);
    cJSON_ArrayForEach(sample, conform_object(c, c->one, "sample"))
    {
        uint64_t place = conform_key(c, sample);
        if (place >= count) {
            conform_broken(c, "a sample beyond the nodes");
            return;
        }
        struct turbine_children below = turbine_children_of((uint32_t)place, fanout, count);
        expect_numbers(c, sample);
        conform_got(c, " [");
        for (uint32_t i = 0; i < below.count; i++)
            conform_got(c, " %" PRIu32, below.first + i * below.step);
        conform_got(c, " ]");
    }
}

static struct shred_id read_shred(struct conform_case *c, const cJSON *object, uint64_t slot)
{
    const char *type = conform_text(c, object, "type");
    if (strcmp(type, "data") != 0 && strcmp(type, "code") != 0)
        conform_broken(c, "\"type\" must be data or code");
    return (struct shred_id){slot, (uint32_t)conform_integer(c, object, "index", 0, UINT32_MAX),
                             strcmp(type, "data") == 0 ? SHRED_DATA : SHRED_CODE};
}

static void run_turbine_seed(struct conform_case *c)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, conform_list(c, c->one, "cases", LIST_MAX))
    {
        unsigned char key[VALIDATOR_KEY_BYTES], expected[TURBINE_SEED_BYTES];
        unsigned char seed[TURBINE_SEED_BYTES];
        char hex[2 * TURBINE_SEED_BYTES + 1];
        struct shred_id shred = read_shred(c, one, conform_unsigned(c, one, "slot"));
        conform_bytes(c, one, "leader_hex", key, sizeof key);
        conform_bytes(c, one, "expect_seed_hex", expected, sizeof expected);
        turbine_seed(&shred, key, seed);
        conform_expect(c, " %s", sodium_bin2hex(hex, sizeof hex, expected, sizeof expected));
        conform_got(c, " %s", sodium_bin2hex(hex, sizeof hex, seed, sizeof seed));
    }
}

/* Node k of these cases has the byte k in all places of its key; the list's order is given. So is a
 * name below 256, and the code's own order is not asked: the shuffle is used by itself. */
static void run_turbine_full(struct conform_case *c)
{
    const cJSON *one, *list = conform_list(c, c->one, "stakes_in_list_order", 256), *item;
    uint64_t stakes[256], slot = conform_unsigned(c, c->one, "slot");
    uint32_t count = 0;
    cJSON_ArrayForEach(item, list)
    {
        stakes[count] = (uint64_t)conform_integer_at(c, list, (int)count, 0, INT64_MAX / 256);
        count++;
    }
    uint32_t leader = (uint32_t)conform_integer(c, c->one, "leader", 0, (int64_t)count - 1);
    uint32_t fanout = (uint32_t)conform_integer(c, c->one, "fanout", 1, NODES_MAX);
    if (c->problem[0])
        return;
    struct memory memory = {0};
    struct weighted_shuffle shuffle;
    weighted_shuffle_init(&shuffle, &memory, stakes, count);
    cJSON_ArrayForEach(one, conform_list(c, c->one, "cases", LIST_MAX))
    {
        unsigned char key[VALIDATOR_KEY_BYTES], seed[TURBINE_SEED_BYTES];
        struct shred_id shred = read_shred(c, one, slot);
        struct chacha chacha;
        uint32_t order[256] = {0};
        memset(key, (int)leader, sizeof key);
        turbine_seed(&shred, key, seed);
        chacha_init(&chacha, seed, CHACHA_ROUNDS_20);
        weighted_shuffle_begin(&shuffle);
        weighted_shuffle_remove(&shuffle, leader);
        expect_numbers(c, conform_list(c, one, "order", 256));
        conform_got(c, " [");
        for (uint32_t place = 0; place + 1 < count; place++) {
            order[place] = weighted_shuffle_next(&shuffle, &chacha);
            conform_got(c, " %" PRIu32, order[place]);
        }
        conform_got(c, " ]");
        const cJSON *parents = conform_object(c, one, "parent_of");
        for (uint32_t place = 0; place + 1 < count; place++) {
            char name[16];
            snprintf(name, sizeof name, "%" PRIu32, order[place]);
            if (is_null(parents, name))
                conform_expect(c, " none");
            else
                conform_expect(c, " %" PRIu64, conform_unsigned(c, parents, name));
            uint32_t parent = turbine_parent_of(place, fanout);
            if (parent == TURBINE_NONE)
                conform_got(c, " none");
            else
                conform_got(c, " %" PRIu32, order[parent]);
        }
    }
    weighted_shuffle_destroy(&shuffle);
}

/* What is taken out beforehand, each once and within the list. */
static void remove_listed(struct conform_case *c, struct weighted_shuffle *shuffle)
{
    bool gone[NODES_MAX] = {false};
    const cJSON *list = conform_list(c, c->one, "removed_in_order", NODES_MAX), *item;
    int index = 0;
    cJSON_ArrayForEach(item, list)
    {
        int64_t position = conform_integer_at(c, list, index++, 0, (int64_t)shuffle->count - 1);
        if (c->problem[0] || gone[position])
            continue;
        gone[position] = true;
        weighted_shuffle_remove(shuffle, (uint32_t)position);
    }
}

static void run_weighted_shuffle(struct conform_case *c)
{
    uint64_t *weights = conform_memory(c, NODES_MAX * sizeof *weights);
    uint64_t total = 0;
    unsigned char seed[CHACHA_KEY_BYTES];
    const char *rng = conform_text(c, c->one, "rng");
    const cJSON *list = conform_list(c, c->one, "weights", NODES_MAX), *item;
    uint32_t count = 0;
    cJSON_ArrayForEach(item, list)
    {
        weights[count] = conform_unsigned_at(c, list, (int)count);
        if (weights[count] > UINT64_MAX - total)
            weights[count] = 0; /* the client counts what no longer fits as no weight */
        total += weights[count++];
    }
    if (strcmp(rng, "chacha20") != 0 && strcmp(rng, "chacha8") != 0)
        conform_broken(c, "\"rng\" must be chacha20 or chacha8");
    conform_bytes(c, c->one, "seed_hex", seed, sizeof seed);
    expect_numbers(c, conform_list(c, c->one, "expect_order", NODES_MAX));
    if (is_null(c->one, "expect_first"))
        conform_expect(c, " first none");
    else
        conform_expect(c, " first %" PRIu64, conform_unsigned(c, c->one, "expect_first"));
    if (c->problem[0])
        return;
    struct memory memory = {0};
    struct weighted_shuffle shuffle;
    struct chacha chacha;
    uint32_t first = SHUFFLE_NONE, position;
    chacha_init(&chacha, seed, strcmp(rng, "chacha8") == 0 ? CHACHA_ROUNDS_8 : CHACHA_ROUNDS_20);
    weighted_shuffle_init(&shuffle, &memory, weights, count);
    remove_listed(c, &shuffle);
    conform_got(c, " [");
    while ((position = weighted_shuffle_next(&shuffle, &chacha)) != SHUFFLE_NONE) {
        first = first == SHUFFLE_NONE ? position : first;
        conform_got(c, " %" PRIu32, position);
    }
    if (first == SHUFFLE_NONE)
        conform_got(c, " ] first none");
    else
        conform_got(c, " ] first %" PRIu32, first);
    weighted_shuffle_destroy(&shuffle);
}

static struct repair_request read_request(struct conform_case *c, const cJSON *item)
{
    const cJSON *kind = cJSON_GetArrayItem(item, 0);
    const char *text = cJSON_IsString(kind) ? kind->valuestring : "";
    struct repair_request request = {.kind = strcmp(text, "orphan") == 0    ? REPAIR_ORPHAN
                                             : strcmp(text, "highest") == 0 ? REPAIR_HIGHEST
                                                                            : REPAIR_SHRED,
                                     .slot = (uint64_t)conform_integer_at(c, item, 1, 0, SLOT_MAX)};
    if (request.kind == REPAIR_SHRED && strcmp(text, "shred") != 0)
        conform_broken(c, "a request must be orphan, highest or shred");
    if (request.kind != REPAIR_ORPHAN)
        request.index = (uint32_t)conform_integer_at(c, item, 2, 0, SHRED_INDEX_MAX);
    return request;
}

static void run_verify_response(struct conform_case *c)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, conform_list(c, c->one, "cases", LIST_MAX))
    {
        struct repair_request request = read_request(c, conform_member(c, one, "request"));
        const cJSON *response = conform_member(c, one, "response");
        conform_expect(c, " %d", conform_boolean(c, one, "accept"));
        conform_got(
            c, " %d",
            repair_answer_fits(&request, conform_unsigned(c, response, "slot"),
                               (uint32_t)conform_integer(c, response, "index", 0, UINT32_MAX)));
    }
}

static void run_nonce_step(struct conform_case *c, const cJSON *step, struct repair_nonces *nonces)
{
    uint32_t nonce = (uint32_t)conform_integer(c, step, "nonce", 0, UINT32_MAX);
    int64_t now_ms = conform_integer(c, step, "now_ms", 0, INT64_MAX / 1000);
    const char *op = conform_text(c, step, "op");
    if (strcmp(op, "add") == 0) {
        struct repair_request request = read_request(c, conform_member(c, step, "request"));
        repair_nonces_add(nonces, nonce, &request, now_ms);
        if (is_null(step, "remaining"))
            return;
        conform_expect(c, " left %" PRIu64, conform_unsigned(c, step, "remaining"));
        conform_got(c, " left %" PRIu32, repair_nonces_left(nonces, nonce));
        return;
    }
    if (strcmp(op, "response") != 0)
        conform_broken(c, "unknown operation \"%.40s\"", op);
    struct repair_request request;
    bool accepted = repair_nonces_answer(nonces, nonce, conform_unsigned(c, step, "slot"),
                                         (uint32_t)conform_integer(c, step, "index", 0, UINT32_MAX),
                                         now_ms, &request);
    uint64_t left = is_null(step, "remaining") ? 0 : conform_unsigned(c, step, "remaining");
    conform_expect(c, " %d left %" PRIu64, conform_boolean(c, step, "accept"), left);
    conform_got(c, " %d left %" PRIu32, accepted, repair_nonces_left(nonces, nonce));
}

static void run_outstanding(struct conform_case *c)
{
    struct memory memory = {0};
    struct pool entries;
    struct repair_nonces nonces;
    const cJSON *step;
    repair_nonces_pool_init(&entries, &memory);
    repair_nonces_init(&nonces, &entries, REPAIR_NONCES_MAX);
    cJSON_ArrayForEach(step, conform_list(c, c->one, "steps", LIST_MAX))
        run_nonce_step(c, step, &nonces);
    repair_nonces_destroy(&nonces);
    pool_destroy(&entries);
}

static void run_batch_size(struct conform_case *c)
{
    const cJSON *list = conform_list(c, c->one, "total_by_data", SHRED_SET_DATA_MAX + 1), *item;
    uint32_t data = 0;
    expect_numbers(c, list);
    conform_got(c, " [");
    cJSON_ArrayForEach(item, list)
        conform_got(c, " %" PRIu32, shred_set_total(SHRED_LAYOUT_VARIABLE, data++, false));
    conform_got(c, " ]");
}

static void run_one_third(struct conform_case *c)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, conform_list(c, c->one, "cases", LIST_MAX))
    {
        /* How a shred by turbine goes on is another rule: this one says nothing of it. */
        struct repair_arrival arrival = {
            .by_repair = conform_boolean(c, one, "shred_arrived_by_repair"),
            .retransmitted_before = conform_boolean(c, one, "already_retransmitted"),
            .total_stake = conform_unsigned(c, one, "total_stake"),
            .marked_stake = conform_unsigned(c, one, "stake_marked_complete")};
        conform_expect(c, " %d", conform_boolean(c, one, "expect_retransmit"));
        conform_got(c, " %d",
                    arrival.by_repair && repair_retransmits(REPAIR_RULES_PROPOSAL, &arrival));
    }
}

static const struct conform_section sections[] = {{"scenario", repair_scenario_run},
                                                  {"verify_shred_slots", run_verify_slots},
                                                  {"turbine_tree", run_turbine_tree},
                                                  {"turbine_tree_digest", run_turbine_digest},
                                                  {"turbine_seed", run_turbine_seed},
                                                  {"turbine_full", run_turbine_full},
                                                  {"weighted_shuffle", run_weighted_shuffle},
                                                  {"epoch_slots_bitmap", epoch_conform_bitmap},
                                                  {"epoch_slots_space", epoch_conform_space},
                                                  {"cluster_slots", epoch_conform_cluster},
                                                  {"cluster_slots_weights", epoch_conform_weights},
                                                  {"verify_response", run_verify_response},
                                                  {"outstanding_requests", run_outstanding},
                                                  {"erasure_batch_size", run_batch_size},
                                                  {"seed_epoch_slots_cache", epoch_conform_cache},
                                                  {"seed_one_third_rule", run_one_third},
                                                  {NULL, NULL}};

const struct conform_suite shreds_conform_suite = {
    "solana/1", "shreds, blockstore, repair, completed slots", sections};
