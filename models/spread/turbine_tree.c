#include "models/spread/turbine_tree.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "models/sha256.h"
#include "sim/sim_assert.h"

static const char *const NAME = "spread: cluster";

/* Descending by stake, then key; keys differ, so there are no ties. */
static int compare_nodes(const void *left, const void *right)
{
    const struct turbine_node *a = left, *b = right;
    if (a->stake != b->stake)
        return a->stake < b->stake ? 1 : -1;
    return memcmp(b->key, a->key, VALIDATOR_KEY_BYTES);
}

void turbine_sort(struct turbine_node *nodes, uint32_t count)
{
    if (count > 1)
        qsort(nodes, count, sizeof *nodes, compare_nodes); /* no ties: keys differ */
    for (uint32_t i = 1; i < count; i++)
        SIM_ASSERT(compare_nodes(&nodes[i - 1], &nodes[i]) < 0);
}

void turbine_cluster_init(struct turbine_cluster *cluster, struct memory *memory,
                          const struct turbine_node *nodes, uint32_t count, uint32_t fanout,
                          enum chacha_rounds rounds)
{
    SIM_ASSERT(count > 0);
    SIM_ASSERT(fanout > 0);
    *cluster = (struct turbine_cluster){
        .memory = memory, .count = count, .fanout = fanout, .rounds = rounds};
    cluster->nodes = memory_take(memory, NAME, count * sizeof *cluster->nodes);
    uint64_t *stakes = memory_take(memory, NAME, count * sizeof *stakes);
    for (uint32_t i = 0; i < count; i++) {
        SIM_ASSERT(i == 0 || compare_nodes(&nodes[i - 1], &nodes[i]) < 0);
        cluster->nodes[i] = nodes[i];
        stakes[i] = nodes[i].stake;
    }
    weighted_shuffle_init(&cluster->shuffle, memory, stakes, count);
    memory_give(memory, stakes, count * sizeof *stakes);
}

void turbine_cluster_destroy(struct turbine_cluster *cluster)
{
    weighted_shuffle_destroy(&cluster->shuffle);
    memory_give(cluster->memory, cluster->nodes, cluster->count * sizeof *cluster->nodes);
    *cluster = (struct turbine_cluster){0};
}

void turbine_seed(const struct shred_id *shred, const unsigned char leader_key[VALIDATOR_KEY_BYTES],
                  unsigned char ret_seed[TURBINE_SEED_BYTES])
{
    unsigned char text[8 + 1 + 4 + VALIDATOR_KEY_BYTES];
    for (unsigned i = 0; i < 8; i++)
        text[i] = (unsigned char)(shred->slot >> 8 * i);
    text[8] = shred->type == SHRED_DATA ? 0xa5 : 0x5a;
    for (unsigned i = 0; i < 4; i++)
        text[9 + i] = (unsigned char)(shred->index >> 8 * i);
    memcpy(text + 13, leader_key, VALIDATOR_KEY_BYTES);
    sha256(text, sizeof text, ret_seed);
}

static void begin(struct turbine_cluster *cluster, const struct shred_id *shred, uint32_t leader,
                  struct chacha *ret_chacha)
{
    unsigned char seed[TURBINE_SEED_BYTES];
    SIM_ASSERT(leader < cluster->count);
    turbine_seed(shred, cluster->nodes[leader].key, seed);
    chacha_init(ret_chacha, seed, cluster->rounds);
    weighted_shuffle_begin(&cluster->shuffle);
    weighted_shuffle_remove(&cluster->shuffle, leader);
}

uint32_t turbine_order(struct turbine_cluster *cluster, const struct shred_id *shred,
                       uint32_t leader, uint32_t *ret_ranks)
{
    struct chacha chacha;
    begin(cluster, shred, leader, &chacha);
    for (uint32_t place = 0; place + 1 < cluster->count; place++)
        ret_ranks[place] = weighted_shuffle_next(&cluster->shuffle, &chacha);
    SIM_ASSERT(weighted_shuffle_next(&cluster->shuffle, &chacha) == SHUFFLE_NONE);
    return cluster->count - 1;
}

void turbine_order_first(struct turbine_cluster *cluster, const struct shred_id *shred,
                         uint32_t leader, uint32_t places, uint32_t *ret_ranks)
{
    struct chacha chacha;
    SIM_ASSERT(places < cluster->count);
    begin(cluster, shred, leader, &chacha);
    for (uint32_t place = 0; place < places; place++)
        ret_ranks[place] = weighted_shuffle_next(&cluster->shuffle, &chacha);
}

uint32_t turbine_root(struct turbine_cluster *cluster, const struct shred_id *shred,
                      uint32_t leader)
{
    struct chacha chacha;
    begin(cluster, shred, leader, &chacha);
    return weighted_shuffle_next(&cluster->shuffle, &chacha);
}

struct turbine_children turbine_children_of(uint32_t place, uint32_t fanout, uint32_t count)
{
    SIM_ASSERT(place < count);
    SIM_ASSERT(fanout > 0);
    uint64_t first = 1, step = 1;
    if (place > 0) {
        uint64_t offset = (place - 1) % fanout, anchor = place - offset;
        first = anchor * fanout + offset + 1;
        step = fanout;
    }
    if (first >= count)
        return (struct turbine_children){0, 0, 0};
    uint64_t fitting = (count - 1 - first) / step + 1;
    return (struct turbine_children){(uint32_t)first, (uint32_t)step,
                                     fitting < fanout ? (uint32_t)fitting : fanout};
}

uint32_t turbine_parent_of(uint32_t place, uint32_t fanout)
{
    SIM_ASSERT(fanout > 0);
    if (place == 0)
        return TURBINE_NONE;
    uint32_t offset = (place - 1) % fanout, q = (place - 1) / fanout;
    if (q == 0)
        return 0;
    return q - (q - 1) % fanout + offset;
}

uint32_t turbine_distance(uint32_t place, uint32_t fanout)
{
    if (place == 0)
        return 0;
    if (place <= fanout)
        return 1;
    return place <= (uint64_t)fanout * ((uint64_t)fanout + 1) ? 2 : 3;
}
