/* Goal: the routing, deduplication and merge code gives what the deployed system's own functions
 * gave (tests/conformance/README.md). Method: every case of the file is replayed; a failing case is
 * printed by section and number. */

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/messaging/hypercube_route.h"
#include "models/messaging/import_order.h"
#include "models/messaging/processed_upto.h"
#include "tests/check_main.h"

static cJSON *vectors(void)
{
    static cJSON *root;
    if (root != NULL)
        return root;
    FILE *file = fopen("tests/conformance/ton-vectors.json", "rb");
    ck_assert_ptr_nonnull(file);
    static char text[1 << 20];
    size_t bytes = fread(text, 1, sizeof text, file);
    fclose(file);
    ck_assert_uint_lt(bytes, sizeof text);
    root = cJSON_ParseWithLength(text, bytes);
    ck_assert_ptr_nonnull(root);
    return root;
}

static const cJSON *section(const char *name, int cases)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(vectors(), name);
    ck_assert_int_eq(cJSON_GetArraySize(list), cases);
    return list;
}

static const cJSON *member(const cJSON *object, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
    ck_assert_msg(value != NULL, "no member %s", name);
    return value;
}

static int64_t number(const cJSON *object, const char *name)
{
    return (int64_t)member(object, name)->valuedouble;
}

static uint64_t hex(const cJSON *object, const char *name)
{
    return strtoull(member(object, name)->valuestring, NULL, 16);
}

static struct address address(const cJSON *object, const char *workchain, const char *prefix)
{
    return (struct address){(int32_t)number(object, workchain), hex(object, prefix)};
}

static void hash_of(const cJSON *object, unsigned char ret_hash[HASH_BYTES])
{
    const char *text = member(object, "hash")->valuestring;
    ck_assert_uint_eq(strlen(text), 2 * HASH_BYTES);
    for (unsigned i = 0; i < HASH_BYTES; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], 0};
        ret_hash[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
}

static void same(struct address got, struct address expected, const char *what, int index)
{
    ck_assert_msg(got.workchain == expected.workchain && got.prefix == expected.prefix,
                  "%s %d: got %d:%016llx, expected %d:%016llx", what, index, got.workchain,
                  (unsigned long long)got.prefix, expected.workchain,
                  (unsigned long long)expected.prefix);
}

/* TON-33, TON-R6 */
START_TEST(routes_as_deployed)
{
    const cJSON *one;
    int index = 0;
    cJSON_ArrayForEach(one, section("route", 100))
    {
        struct address from = address(one, "sw", "sp"), to = address(one, "dw", "dp");
        struct route route = route_find(ROUTING_DEPLOYED, 4, from, to, address(one, "cw", "cs"),
                                        (int)number(one, "used"));
        ck_assert_msg(route.current_bits == number(one, "cb") &&
                          route.next_bits == number(one, "nb"),
                      "route %d: got %d, %d", index, route.current_bits, route.next_bits);
        if (route.current_bits >= 0) {
            same(route_interpolate(from, to, route.current_bits), address(one, "curw", "curp"),
                 "route", index);
            same(route_interpolate(from, to, route.next_bits), address(one, "nextw", "nextp"),
                 "route", index);
        }
        index++;
    }
}
END_TEST

/* TON-R5 */
START_TEST(interpolates_as_deployed)
{
    const cJSON *one;
    int index = 0;
    cJSON_ArrayForEach(one, section("interpolate", 20))
    {
        same(route_interpolate(address(one, "sw", "sp"), address(one, "dw", "dp"),
                               (int)number(one, "d")),
             address(one, "rw", "rp"), "interpolate", index++);
    }
}
END_TEST

/* A shard tree of the file's configs. */
static uint64_t locate_in_config(const void *self, struct address wanted)
{
    const cJSON *config = self;
    uint64_t tag;
    if (wanted.workchain == ROUTE_MASTERCHAIN)
        return UINT64_C(1) << 63;
    const char *kind = member(config, "kind")->valuestring;
    if (strcmp(kind, "explicit") == 0) {
        const cJSON *shard;
        cJSON_ArrayForEach(shard, member(config, "shards"))
        {
            struct address candidate = {
                (int32_t)cJSON_GetArrayItem(shard, 0)->valuedouble,
                strtoull(cJSON_GetArrayItem(shard, 1)->valuestring, NULL, 16)};
            if (route_holds(candidate, wanted))
                return candidate.prefix;
        }
        ck_abort_msg("no shard holds the address");
    }
    unsigned depth = (unsigned)number(config, "depth");
    if (strcmp(kind, "merged") == 0) {
        uint64_t top = wanted.prefix >> (64 - depth);
        if (top < 2 * (uint64_t)number(config, "merged_pairs"))
            depth--;
    }
    tag = UINT64_C(1) << (63 - depth);
    return (wanted.prefix & ~(2 * tag - 1)) | tag;
}

/* TON-31, 32, 36; TON-R7, R8, R9: one step a hop, told from the first source, across workchains */
START_TEST(walks_the_itineraries_of_the_deployed_system)
{
    const cJSON *one;
    int index = 0;
    cJSON_ArrayForEach(one, section("path", 98))
    {
        const cJSON *config = member(member(vectors(), "configs"), member(one, "cfg")->valuestring);
        struct address from = address(one, "sw", "sp"), to = address(one, "dw", "dp");
        struct route_visit visits[ROUTE_VISITS_MAX];
        unsigned count =
            route_walk(ROUTING_DEPLOYED, 4, from, to, locate_in_config, config, visits);
        int64_t links = number(one, "links");
        ck_assert_msg(count == (uint64_t)links + 1, "path %d: %u visits", index, count);
        struct address last = visits[count - 1].shard;
        same(last, address(one, "fw", "fs"), "path", index);
        ck_assert_uint_eq(route_links(ROUTING_DEPLOYED, 4, from, to, shard_depth(last.prefix)),
                          (unsigned)links);
        const cJSON *queue;
        unsigned step = 0;
        cJSON_ArrayForEach(queue, member(one, "q"))
        {
            same(visits[step].shard, address(queue, "w", "s"), "path", index);
            ck_assert_int_eq(visits[step].route.current_bits, number(queue, "cb"));
            ck_assert_int_eq(visits[step].route.next_bits, number(queue, "nb"));
            same(visits[step].next, address(queue, "nw", "np"), "path", index);
            struct address importer = {visits[step].next.workchain,
                                       locate_in_config(config, visits[step].next)};
            ck_assert(route_valid(ROUTING_DEPLOYED, 4, from, to, visits[step].route,
                                  visits[step].shard, importer));
            ck_assert(route_neighbours(4, visits[step].shard, importer));
            step++;
        }
        index++;
    }
}
END_TEST

/* TON-31, TON-R11 */
START_TEST(knows_neighbours_as_deployed)
{
    const cJSON *one;
    int index = 0;
    cJSON_ArrayForEach(one, section("neighbor", 32))
    {
        struct address a = address(one, "w1", "s1"), b = address(one, "w2", "s2");
        bool expected = cJSON_IsTrue(member(one, "nb"));
        ck_assert_msg(route_neighbours(4, a, b) == expected, "neighbor %d", index);
        ck_assert_msg(route_neighbours(4, b, a) == expected, "neighbor %d, turned", index);
        index++;
    }
}
END_TEST

struct paper_tree {
    unsigned depth;
};

static uint64_t locate_uniform(const void *self, struct address wanted)
{
    const struct paper_tree *tree = self;
    unsigned depth = wanted.workchain == ROUTE_MASTERCHAIN ? 0 : tree->depth;
    uint64_t tag = UINT64_C(1) << (63 - depth);
    return (wanted.prefix & ~(2 * tag - 1)) | tag;
}

/* TON-33, 34, 54 */
START_TEST(walks_the_paper_literally)
{
    const cJSON *one;
    int index = 0;
    cJSON_ArrayForEach(one, section("paper_path", 20))
    {
        struct paper_tree tree = {(unsigned)number(one, "depth")};
        struct address from = address(one, "sw", "sp"), to = address(one, "dw", "dp");
        struct route_visit visits[ROUTE_VISITS_MAX];
        unsigned digit_bits = (unsigned)number(one, "r");
        unsigned count =
            route_walk(ROUTING_PAPER, digit_bits, from, to, locate_uniform, &tree, visits);
        ck_assert_msg(count == (uint64_t)number(one, "links") + 1, "paper_path %d: %u", index,
                      count);
        const cJSON *visit;
        unsigned step = 0;
        cJSON_ArrayForEach(visit, member(one, "visit"))
        {
            struct address expected = {
                (int32_t)cJSON_GetArrayItem(visit, 0)->valuedouble,
                strtoull(cJSON_GetArrayItem(visit, 1)->valuestring, NULL, 16)};
            same(visits[step++].next, expected, "paper_path", index);
        }
        index++;
    }
}
END_TEST

enum { RECORDS_MAX = 32 };

struct end_lts {
    uint64_t of_record[RECORDS_MAX];
};

static uint64_t end_lt_of(const void *self, struct address current, uint64_t seqno, uint32_t record)
{
    (void)current;
    (void)seqno;
    return ((const struct end_lts *)self)->of_record[record];
}

static void read_records(const cJSON *list, struct processed_upto *upto, struct end_lts *ends)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        ck_assert_uint_lt(upto->count, upto->capacity);
        struct processed_record *record = &upto->records[upto->count];
        record->shard = hex(one, "shard");
        record->seqno = (uint64_t)number(one, "mc");
        record->last_lt = (uint64_t)number(one, "lt");
        hash_of(one, record->last_hash);
        if (ends != NULL)
            ends->of_record[upto->count] = (uint64_t)number(one, "end_lt");
        upto->count++;
    }
}

/* TON-48 as deployed: TON-R29 */
START_TEST(tells_processed_messages_as_deployed)
{
    const cJSON *one;
    int index = 0;
    cJSON_ArrayForEach(one, section("processed", 32))
    {
        struct processed_record records[RECORDS_MAX];
        struct processed_upto upto = {address(one, "ow", "os"), records, 0, RECORDS_MAX};
        struct end_lts ends;
        read_records(member(one, "list"), &upto, &ends);
        unsigned char hash[HASH_BYTES];
        hash_of(one, hash);
        struct processed_query query = {address(one, "curw", "curp"),
                                        address(one, "nextw", "nextp"), (uint64_t)number(one, "lt"),
                                        (uint64_t)number(one, "enq_lt"), hash};
        ck_assert_msg(processed_already(&upto, &query, end_lt_of, &ends) ==
                          cJSON_IsTrue(member(one, "processed")),
                      "processed %d", index);
        index++;
    }
}
END_TEST

static void expect_records(const cJSON *one, const struct processed_upto *upto, int index)
{
    struct processed_record records[RECORDS_MAX];
    struct processed_upto expected = {upto->owner, records, 0, RECORDS_MAX};
    read_records(member(one, "out"), &expected, NULL);
    ck_assert_msg(upto->owner.prefix == hex(one, "out_owner"), "collection %d: owner", index);
    ck_assert_msg(upto->count == expected.count, "collection %d: %u records", index, upto->count);
    for (uint32_t i = 0; i < upto->count; i++) {
        const struct processed_record *a = &upto->records[i], *b = &records[i];
        ck_assert_msg(a->shard == b->shard && a->seqno == b->seqno && a->last_lt == b->last_lt &&
                          memcmp(a->last_hash, b->last_hash, HASH_BYTES) == 0,
                      "collection %d: record %u", index, i);
    }
}

/* TON-R30, R57, R58 */
START_TEST(keeps_watermarks_as_deployed)
{
    const cJSON *one;
    int index = 0;
    cJSON_ArrayForEach(one, section("collection", 26))
    {
        struct processed_record records[RECORDS_MAX], others[RECORDS_MAX];
        struct processed_upto upto = {address(one, "ow", "os"), records, 0, RECORDS_MAX};
        read_records(member(one, "in"), &upto, NULL);
        const char *op = member(one, "op")->valuestring;
        if (strcmp(op, "compactify") == 0) {
            processed_compactify(&upto);
        } else if (strcmp(op, "insert") == 0) {
            unsigned char hash[HASH_BYTES];
            hash_of(one, hash);
            bool inserted = processed_insert(&upto, (uint64_t)number(one, "mc"),
                                             (uint64_t)number(one, "lt"), hash);
            ck_assert_msg(inserted == cJSON_IsTrue(member(one, "ok")), "collection %d", index);
            processed_compactify(&upto);
        } else if (strcmp(op, "split") == 0) {
            processed_split(&upto, hex(one, "new_owner"));
        } else {
            ck_assert_str_eq(op, "combine");
            uint64_t sibling = upto.owner.prefix ^ ((upto.owner.prefix & -upto.owner.prefix) << 1);
            struct processed_upto other = {{0, sibling}, others, 0, RECORDS_MAX};
            read_records(member(one, "in2"), &other, NULL);
            processed_combine(&upto, &other);
        }
        expect_records(one, &upto, index);
        index++;
    }
}
END_TEST

/* TON-27, 45, 46 as deployed: TON-R21..R24 */
START_TEST(merges_queues_as_deployed)
{
    enum { ENTRIES_MAX = 512, QUEUES_MAX = 64 };
    static struct merge_entry entries[ENTRIES_MAX];
    static int64_t ids[ENTRIES_MAX];
    static struct import_item items[ENTRIES_MAX];
    static struct merge_result results[ENTRIES_MAX];
    const cJSON *one;
    int index = 0;
    cJSON_ArrayForEach(one, section("merge", 36))
    {
        struct merge_queue queues[QUEUES_MAX];
        uint32_t queue_count = 0, entry_count = 0;
        const cJSON *queue, *message;
        cJSON_ArrayForEach(queue, member(one, "queues"))
        {
            queues[queue_count] =
                (struct merge_queue){&entries[entry_count], 0, number(queue, "limit"),
                                     cJSON_IsTrue(member(queue, "disabled"))};
            cJSON_ArrayForEach(message, member(queue, "msgs"))
            {
                ck_assert_uint_lt(entry_count, ENTRIES_MAX);
                entries[entry_count].next = address(message, "nw", "np");
                entries[entry_count].lt = (uint64_t)number(message, "lt");
                hash_of(message, entries[entry_count].hash);
                ids[entry_count++] = number(message, "id");
                queues[queue_count].count++;
            }
            queue_count++;
        }
        struct import_heap heap = {items, 0, ENTRIES_MAX};
        uint32_t count = import_merge(address(one, "w", "s"), queues, queue_count, &heap, results);
        const cJSON *order = member(one, "order");
        ck_assert_msg((int)count == cJSON_GetArraySize(order), "merge %d: %u", index, count);
        for (uint32_t i = 0; i < count; i++) {
            const cJSON *step = cJSON_GetArrayItem(order, (int)i);
            const struct merge_result *result = &results[i];
            ptrdiff_t entry = &queues[result->queue].entries[result->entry] - entries;
            ck_assert_msg(ids[entry] == (int64_t)cJSON_GetArrayItem(step, 0)->valuedouble &&
                              result->queue == (uint32_t)cJSON_GetArrayItem(step, 1)->valuedouble &&
                              result->limit_exceeded ==
                                  (cJSON_GetArrayItem(step, 2)->valuedouble != 0),
                          "merge %d: place %u", index, i);
        }
        index++;
    }
}
END_TEST

CHECK_MAIN("hypercube_vectors", routes_as_deployed, interpolates_as_deployed,
           walks_the_itineraries_of_the_deployed_system, knows_neighbours_as_deployed,
           walks_the_paper_literally, tells_processed_messages_as_deployed,
           keeps_watermarks_as_deployed, merges_queues_as_deployed)
