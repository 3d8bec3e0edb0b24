#include "models/spread/epoch_conform.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "models/spread/cluster_slots.h"
#include "models/spread/epoch_cache.h"
#include "models/spread/epoch_slots.h"
#include "models/spread/repair_proposal.h"

enum { LIST_MAX = 32768, PEERS_MAX = 256 };
#define SLOT_MAX ((INT64_C(1) << 46) - 1)

static void print_slots(struct conform_case *c, conform_write *write, const uint64_t *slots,
                        uint32_t count)
{
    write(c, " [");
    for (uint32_t i = 0; i < count; i++)
        write(c, " %" PRIu64, slots[i]);
    write(c, " ]");
}

/* Reads a list in its order; returns how many. */
static uint32_t read_slots(struct conform_case *c, const cJSON *object, const char *name,
                           uint64_t *ret_slots)
{
    const cJSON *list = conform_list(c, object, name, LIST_MAX), *item;
    uint32_t count = 0;
    cJSON_ArrayForEach(item, list)
    {
        ret_slots[count] = (uint64_t)conform_integer_at(c, list, (int)count, 0, SLOT_MAX);
        count++;
    }
    return count;
}

void epoch_conform_bitmap(struct conform_case *c)
{
    uint64_t *slots = conform_memory(c, LIST_MAX * sizeof *slots);
    struct memory memory = {0};
    struct epoch_bitmap bitmap;
    const cJSON *one;
    epoch_bitmap_init(
        &bitmap, &memory,
        (uint32_t)conform_integer(c, c->one, "max_size_bytes", 0, EPOCH_BITMAP_BYTES_MAX));
    cJSON_ArrayForEach(one, conform_list(c, c->one, "adds", LIST_MAX))
    {
        uint32_t count = read_slots(c, one, "slots", slots);
        conform_expect(c, " added %" PRIu64, conform_unsigned(c, one, "expect_added"));
        conform_got(c, " added %" PRIu32, epoch_bitmap_add(&bitmap, slots, count));
    }
    conform_expect(c, " first %" PRIu64 " num %" PRIu64, conform_unsigned(c, c->one, "first_slot"),
                   conform_unsigned(c, c->one, "num"));
    conform_got(c, " first %" PRIu64 " num %" PRIu32, bitmap.first_slot, bitmap.num);
    cJSON_ArrayForEach(one, conform_list(c, c->one, "queries", LIST_MAX))
    {
        struct slot_set found;
        slot_set_init(&found, &memory);
        uint32_t count = read_slots(c, one, "expect", slots);
        epoch_bitmap_slots(&bitmap, conform_unsigned(c, one, "min_slot"), &found);
        print_slots(c, conform_expect, slots, count);
        print_slots(c, conform_got, found.slots, found.count);
        slot_set_destroy(&found);
    }
    epoch_bitmap_destroy(&bitmap, &memory);
}

void epoch_conform_space(struct conform_case *c)
{
    struct memory memory = {0};
    struct epoch_record record;
    epoch_record_init(&record, &memory);
    uint32_t space = epoch_record_space(&record);
    conform_expect(c, "%" PRIu64 " bytes %" PRIu64 " bits",
                   conform_unsigned(c, c->one, "expect_bytes"),
                   conform_unsigned(c, c->one, "expect_bits"));
    conform_got(c, "%" PRIu32 " bytes %" PRIu32 " bits", space, 8 * space);
    epoch_record_destroy(&record);
}

/* Peers by name, in the order of the object `stakes`, and those named elsewhere after them. */
struct peers {
    const char *names[PEERS_MAX];
    uint64_t stakes[PEERS_MAX], committed[PEERS_MAX], total;
    uint32_t count;
};

static uint32_t peer_named(struct conform_case *c, struct peers *peers, const char *name)
{
    for (uint32_t i = 0; i < peers->count; i++)
        if (strcmp(peers->names[i], name) == 0)
            return i;
    if (peers->count == PEERS_MAX) {
        conform_broken(c, "more than %d peers", PEERS_MAX);
        return 0;
    }
    peers->names[peers->count] = name;
    return peers->count++;
}

static void read_peers(struct conform_case *c, struct peers *peers)
{
    const cJSON *stakes = conform_object(c, c->one, "stakes"), *item;
    cJSON_ArrayForEach(item, stakes)
    {
        uint32_t peer = peer_named(c, peers, item->string);
        peers->stakes[peer] = (uint64_t)conform_integer(c, stakes, item->string, 0, INT64_MAX);
        bool fits = peers->stakes[peer] <= UINT64_MAX - peers->total;
        peers->total = fits ? peers->total + peers->stakes[peer] : UINT64_MAX;
    }
}

static void compare_support(struct conform_case *c, struct peers *peers,
                            const struct cluster_slots *slots)
{
    const cJSON *row, *item;
    cJSON_ArrayForEach(row, conform_object(c, c->one, "expect_support"))
    {
        uint64_t slot = conform_key(c, row);
        bool known = cluster_slots_row(slots, slot) != NULL;
        conform_expect(c, " %" PRIu64 " %s", slot, cJSON_IsNull(row) ? "unknown" : "known");
        conform_got(c, " %" PRIu64 " %s", slot, known ? "known" : "unknown");
        cJSON_ArrayForEach(item, row)
        {
            if (!item->string)
                continue;
            uint32_t peer = peer_named(c, peers, item->string);
            conform_expect(c, " %s %" PRIu64, item->string, conform_unsigned(c, row, item->string));
            conform_got(c, " %s %" PRIu64, item->string, cluster_slots_support(slots, peer, slot));
        }
    }
}

void epoch_conform_cluster(struct conform_case *c)
{
    struct peers *peers = conform_memory(c, sizeof *peers);
    struct memory memory = {0};
    struct cluster_slots slots;
    uint64_t marked[LIST_MAX];
    const cJSON *update;
    read_peers(c, peers);
    if (cJSON_GetObjectItemCaseSensitive(c->one, "total_stake_override"))
        peers->total = conform_unsigned(c, c->one, "total_stake_override");
    cluster_slots_init(&slots, &memory, peers->stakes, PEERS_MAX, peers->total,
                       (uint64_t)conform_integer(c, c->one, "root", 0, SLOT_MAX));
    cJSON_ArrayForEach(update, conform_list(c, c->one, "updates", LIST_MAX))
    {
        uint32_t count = read_slots(c, update, "slots", marked);
        uint32_t peer = peer_named(c, peers, conform_text(c, update, "from"));
        for (uint32_t i = 0; i < count; i++)
            cluster_slots_mark(&slots, peer, marked[i]);
    }
    compare_support(c, peers, &slots);
    cluster_slots_destroy(&slots);
}

/* A map of who put how much on the slot, or a list of who put their stake there. */
static void read_supporters(struct conform_case *c, struct peers *peers, const cJSON *supporters)
{
    const cJSON *item;
    if (!cJSON_IsNull(supporters) && !cJSON_IsArray(supporters) && !cJSON_IsObject(supporters))
        conform_broken(c, "\"supporters\" must be null, a map or a list");
    cJSON_ArrayForEach(item, supporters)
    {
        const char *name = item->string ? item->string : item->valuestring;
        if (!name) {
            conform_broken(c, "a supporter must have a name");
            return;
        }
        uint32_t peer = peer_named(c, peers, name);
        peers->committed[peer] = item->string
                                     ? (uint64_t)conform_integer(c, supporters, name, 0, INT64_MAX)
                                     : peers->stakes[peer];
    }
}

/* SOL-R5.2. Without supporters the slot is outside the ring. */
void epoch_conform_weights(struct conform_case *c)
{
    struct peers *peers = conform_memory(c, sizeof *peers);
    const cJSON *item, *supporters = conform_member(c, c->one, "supporters");
    read_peers(c, peers);
    read_supporters(c, peers, supporters);
    struct memory memory = {0};
    struct cluster_slots outside;
    cluster_slots_init(&outside, &memory, peers->stakes, PEERS_MAX, peers->total, 0);
    const cJSON *list = conform_list(c, c->one, "expect_weights", PEERS_MAX);
    const cJSON *named = conform_list(c, c->one, "peers", PEERS_MAX);
    conform_expect(c, "%d weights", cJSON_GetArraySize(list));
    conform_got(c, "%d weights", cJSON_GetArraySize(named));
    int index = 0;
    cJSON_ArrayForEach(item, list)
        conform_expect(c, " %" PRId64, conform_integer_at(c, list, index++, 0, INT64_MAX));
    cJSON_ArrayForEach(item, named)
    {
        if (!cJSON_IsString(item))
            conform_broken(c, "a peer must be a name");
        uint32_t peer = peer_named(c, peers, cJSON_IsString(item) ? item->valuestring : "");
        uint64_t weight = cJSON_IsNull(supporters)
                              ? repair_peer_weight(&outside, REPAIR_PEERS_2025, peer, NULL, false)
                              : repair_ring_weight(REPAIR_PEERS_2025, peers->stakes[peer],
                                                   peers->committed[peer]);
        conform_got(c, " %" PRIu64, weight);
    }
    cluster_slots_destroy(&outside);
}

static void compare_cache(struct conform_case *c, const cJSON *step, struct epoch_cache *cache,
                          uint64_t *room)
{
    uint32_t count = read_slots(c, step, "cache", room);
    conform_expect(c, " M %" PRIu64, conform_unsigned(c, step, "M"));
    conform_got(c, " M %" PRIu64, cache->base);
    print_slots(c, conform_expect, room, count);
    print_slots(c, conform_got, cache->cache.slots, cache->cache.count);
    count = read_slots(c, step, "rle_runs_starting_with_present", room);
    print_slots(c, conform_expect, room, count);
    count = epoch_cache_runs(cache, room);
    print_slots(c, conform_got, room, count);
    count = read_slots(c, step, "stash", room);
    print_slots(c, conform_expect, room, count);
    count = 0;
    for (uint32_t i = 0; i < cache->stash_count; i++)
        for (uint64_t k = 0; k < cache->stash[i].count && count < LIST_MAX; k++)
            room[count++] = cache->stash[i].first + k;
    print_slots(c, conform_got, room, count);
    conform_expect(c, ";");
    conform_got(c, ";");
}

void epoch_conform_cache(struct conform_case *c)
{
    uint64_t *room = conform_memory(c, LIST_MAX * sizeof *room);
    uint32_t limit = (uint32_t)conform_integer(c, c->one, "N", 2, LIST_MAX / 2);
    struct memory memory = {0};
    struct epoch_cache cache;
    const cJSON *step;
    if (limit % 2 != 0)
        conform_broken(c, "\"N\" must be even");
    if (c->problem[0])
        return;
    epoch_cache_init(&cache, &memory, 0, UINT64_C(1) << 47, limit);
    cJSON_ArrayForEach(step, conform_list(c, c->one, "steps", LIST_MAX))
    {
        epoch_cache_complete(&cache, (uint64_t)conform_integer(c, step, "complete", 0, SLOT_MAX));
        compare_cache(c, step, &cache, room);
    }
    epoch_cache_destroy(&cache);
}
