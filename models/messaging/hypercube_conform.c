#include "models/messaging/hypercube_conform.h"

#include <inttypes.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "models/messaging/hypercube_route.h"
#include "models/messaging/import_order.h"
#include "models/messaging/message_fees.h"
#include "models/messaging/processed_upto.h"

enum { DEPLOYED_DIGIT_BITS = 4, RECORDS_MAX = 64, QUEUES_MAX = 64, ENTRIES_MAX = 4096 };

static int32_t workchain(struct conform_case *c, const cJSON *object, const char *name)
{
    return (int32_t)conform_integer(c, object, name, INT32_MIN, INT32_MAX);
}

static struct address address(struct conform_case *c, const cJSON *object, const char *chain,
                              const char *prefix)
{
    struct address found = {workchain(c, object, chain), 0};
    found.prefix = conform_hex(c, object, prefix);
    return found;
}

/* A shard must have a tag bit: the functions under test may rely on it. */
static struct address shard(struct conform_case *c, const cJSON *object, const char *chain,
                            const char *prefix)
{
    struct address found = address(c, object, chain, prefix);
    if (!shard_valid(found.prefix)) {
        conform_broken(c, "\"%s\" is no shard: a tag bit after at most 60 prefix bits", prefix);
        found.prefix = UINT64_C(1) << 63;
    }
    return found;
}

/* Writes to either side: conform_expect or conform_got. */
static void print_address(struct conform_case *c, conform_write *write, struct address printed)
{
    write(c, " %" PRId32 ":%016" PRIx64, printed.workchain, printed.prefix);
}

static void run_route(struct conform_case *c)
{
    struct address from = address(c, c->one, "sw", "sp"), to = address(c, c->one, "dw", "dp");
    struct address here = shard(c, c->one, "cw", "cs");
    int used = (int)conform_integer(c, c->one, "used", -1, 97);
    int64_t current = conform_integer(c, c->one, "cb", -1, 96);
    int64_t next = conform_integer(c, c->one, "nb", -1, 96);
    conform_expect(c, "bits %" PRId64 " %" PRId64, current, next);
    struct route route = route_find(ROUTING_DEPLOYED, DEPLOYED_DIGIT_BITS, from, to, here, used);
    conform_got(c, "bits %d %d", route.current_bits, route.next_bits);
    if (current < 0)
        return;
    print_address(c, conform_expect, address(c, c->one, "curw", "curp"));
    print_address(c, conform_expect, address(c, c->one, "nextw", "nextp"));
    print_address(c, conform_got, route_interpolate(from, to, route.current_bits));
    print_address(c, conform_got, route_interpolate(from, to, route.next_bits));
}

static void run_interpolate(struct conform_case *c)
{
    struct address from = address(c, c->one, "sw", "sp"), to = address(c, c->one, "dw", "dp");
    int bits = (int)conform_integer(c, c->one, "d", -1000, 1000);
    print_address(c, conform_expect, address(c, c->one, "rw", "rp"));
    print_address(c, conform_got, route_interpolate(from, to, bits));
}

/* A shard tree of the file: read once a case, then asked for the shard of an address. */
struct tree {
    struct address shards[1024]; /* explicit */
    int32_t chains[64];
    uint32_t shard_count, chain_count, depth;
    uint64_t merged_pairs;
};

static void read_explicit(struct conform_case *c, const cJSON *config, struct tree *tree)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, conform_list(c, config, "shards", 1024))
    {
        struct address *added = &tree->shards[tree->shard_count++];
        added->workchain = (int32_t)conform_integer_at(c, one, 0, INT32_MIN, INT32_MAX);
        added->prefix = conform_hex_at(c, one, 1);
        if (!shard_valid(added->prefix))
            conform_broken(c, "a listed shard is no shard");
    }
}

static void read_tree(struct conform_case *c, struct tree *tree)
{
    const cJSON *configs = conform_member(c, c->document, "configs");
    const cJSON *config = conform_member(c, configs, conform_text(c, c->one, "cfg"));
    if (!config)
        return;
    const char *kind = conform_text(c, config, "kind");
    if (strcmp(kind, "explicit") == 0) {
        read_explicit(c, config, tree);
        return;
    }
    tree->depth = (uint32_t)conform_integer(c, config, "depth", 0, 60);
    const cJSON *list = conform_list(c, config, "workchains", 64), *one;
    cJSON_ArrayForEach(one, list)
    {
        int index = (int)tree->chain_count;
        tree->chains[tree->chain_count++] =
            (int32_t)conform_integer_at(c, list, index, INT32_MIN, INT32_MAX);
    }
    if (strcmp(kind, "merged") == 0)
        tree->merged_pairs =
            (uint64_t)conform_integer(c, config, "merged_pairs", 0, INT64_C(1) << 59);
    else if (strcmp(kind, "uniform") != 0)
        conform_broken(c, "unknown kind of configuration \"%.40s\"", kind);
}

static uint64_t locate(const void *self, struct address wanted)
{
    const struct tree *tree = self;
    if (wanted.workchain == ROUTE_MASTERCHAIN)
        return UINT64_C(1) << 63;
    for (uint32_t i = 0; i < tree->shard_count; i++)
        if (shard_valid(tree->shards[i].prefix) && route_holds(tree->shards[i], wanted))
            return tree->shards[i].prefix;
    bool known = false;
    for (uint32_t i = 0; i < tree->chain_count; i++)
        known = known || tree->chains[i] == wanted.workchain;
    if (!known)
        return 0;
    uint32_t depth = tree->depth;
    if (depth > 0 && (wanted.prefix >> (64 - depth)) < 2 * tree->merged_pairs)
        depth--;
    uint64_t tag = UINT64_C(1) << (63 - depth);
    return (wanted.prefix & ~(2 * tag - 1)) | tag;
}

static void run_path(struct conform_case *c)
{
    struct tree *tree = conform_memory(c, sizeof *tree);
    read_tree(c, tree);
    struct address from = address(c, c->one, "sw", "sp"), to = address(c, c->one, "dw", "dp");
    int64_t links = conform_integer(c, c->one, "links", 0, ROUTE_VISITS_MAX);
    const cJSON *queue;
    cJSON_ArrayForEach(queue, conform_list(c, c->one, "q", ROUTE_VISITS_MAX))
    {
        print_address(c, conform_expect, address(c, queue, "w", "s"));
        conform_expect(c, " bits %" PRId64 " %" PRId64 " to",
                       conform_integer(c, queue, "cb", 0, 96),
                       conform_integer(c, queue, "nb", 0, 96));
        print_address(c, conform_expect, address(c, queue, "nw", "np"));
        conform_expect(c, ";");
    }
    conform_expect(c, " final");
    print_address(c, conform_expect, address(c, c->one, "fw", "fs"));
    conform_expect(c, " links %" PRId64, links);
    if (c->problem[0])
        return;
    struct route_visit visits[ROUTE_VISITS_MAX];
    unsigned count =
        route_walk(ROUTING_DEPLOYED, DEPLOYED_DIGIT_BITS, from, to, locate, tree, visits);
    if (count == 0) {
        conform_got(c, "refused: a workchain that does not exist");
        return;
    }
    /* A message within one shard stands in its own queue once; others once a link. */
    unsigned queued = count > 1 ? count - 1 : 1;
    for (unsigned i = 0; i < queued; i++) {
        print_address(c, conform_got, visits[i].shard);
        conform_got(c, " bits %d %d to", visits[i].route.current_bits, visits[i].route.next_bits);
        print_address(c, conform_got, visits[i].next);
        conform_got(c, ";");
    }
    conform_got(c, " final");
    print_address(c, conform_got, visits[count - 1].shard);
    conform_got(c, " links %u", count - 1);
}

static void run_neighbor(struct conform_case *c)
{
    struct address a = shard(c, c->one, "w1", "s1"), b = shard(c, c->one, "w2", "s2");
    bool expected = conform_boolean(c, c->one, "nb");
    conform_expect(c, "%s, %s", expected ? "yes" : "no", expected ? "yes" : "no");
    conform_got(c, "%s, %s", route_neighbours(DEPLOYED_DIGIT_BITS, a, b) ? "yes" : "no",
                route_neighbours(DEPLOYED_DIGIT_BITS, b, a) ? "yes" : "no");
}

static uint64_t locate_uniform(const void *self, struct address wanted)
{
    unsigned depth = wanted.workchain == ROUTE_MASTERCHAIN ? 0 : *(const unsigned *)self;
    uint64_t tag = UINT64_C(1) << (63 - depth);
    return (wanted.prefix & ~(2 * tag - 1)) | tag;
}

static void run_paper_path(struct conform_case *c)
{
    unsigned depth = (unsigned)conform_integer(c, c->one, "depth", 0, 60);
    unsigned digit_bits = (unsigned)conform_integer(c, c->one, "r", 1, 8);
    struct address from = address(c, c->one, "sw", "sp"), to = address(c, c->one, "dw", "dp");
    conform_expect(c, "links %" PRId64, conform_integer(c, c->one, "links", 0, ROUTE_VISITS_MAX));
    const cJSON *visit;
    cJSON_ArrayForEach(visit, conform_list(c, c->one, "visit", ROUTE_VISITS_MAX))
    {
        struct address one = {(int32_t)conform_integer_at(c, visit, 0, INT32_MIN, INT32_MAX), 0};
        one.prefix = conform_hex_at(c, visit, 1);
        print_address(c, conform_expect, one);
    }
    if (c->problem[0])
        return;
    struct route_visit visits[ROUTE_VISITS_MAX];
    unsigned count =
        route_walk(ROUTING_PAPER, digit_bits, from, to, locate_uniform, &depth, visits);
    conform_got(c, "links %u", count - 1);
    for (unsigned i = 0; i + 1 < count; i++)
        print_address(c, conform_got, visits[i].next);
}

struct end_lts {
    uint64_t of_record[RECORDS_MAX];
};

static uint64_t end_lt_of(const void *self, struct address current, uint64_t seqno, uint32_t record)
{
    (void)current, (void)seqno;
    return ((const struct end_lts *)self)->of_record[record];
}

/* limit: how many records the caller has room for. */
static void read_records(struct conform_case *c, const char *name, struct processed_upto *upto,
                         struct end_lts *ends)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, conform_list(c, c->one, name, (int)upto->capacity - 1))
    {
        struct processed_record *record = &upto->records[upto->count];
        *record = (struct processed_record){.shard = conform_hex(c, one, "shard"),
                                            .seqno = conform_unsigned(c, one, "mc"),
                                            .last_lt = conform_unsigned(c, one, "lt")};
        if (!shard_valid(record->shard)) {
            conform_broken(c, "a record's shard is no shard");
            record->shard = UINT64_C(1) << 63;
        }
        conform_bytes(c, one, "hash", record->last_hash, HASH_BYTES);
        if (ends)
            ends->of_record[upto->count] = conform_unsigned(c, one, "end_lt");
        upto->count++;
    }
}

static void run_processed(struct conform_case *c)
{
    struct processed_record records[RECORDS_MAX];
    struct processed_upto upto = {shard(c, c->one, "ow", "os"), records, 0, RECORDS_MAX};
    struct end_lts ends = {0};
    read_records(c, "list", &upto, &ends);
    unsigned char hash[HASH_BYTES];
    conform_bytes(c, c->one, "hash", hash, sizeof hash);
    struct processed_query query = {.current = address(c, c->one, "curw", "curp"),
                                    .next = address(c, c->one, "nextw", "nextp"),
                                    .lt = conform_unsigned(c, c->one, "lt"),
                                    .enqueued_lt = conform_unsigned(c, c->one, "enq_lt"),
                                    .hash = hash};
    conform_expect(c, "%s", conform_boolean(c, c->one, "processed") ? "processed" : "new");
    conform_got(c, "%s", processed_already(&upto, &query, end_lt_of, &ends) ? "processed" : "new");
}

static void print_records(struct conform_case *c, conform_write *write, uint64_t owner,
                          const struct processed_upto *upto)
{
    write(c, "owner %016" PRIx64, owner);
    for (uint32_t i = 0; i < upto->count; i++) {
        const struct processed_record *record = &upto->records[i];
        write(c, "; %016" PRIx64 " mc %" PRIu64 " lt %" PRIu64 " ", record->shard, record->seqno,
              record->last_lt);
        for (int j = 0; j < HASH_BYTES; j++)
            write(c, "%02X", record->last_hash[j]);
    }
}

static void collect(struct conform_case *c, struct processed_upto *upto)
{
    const char *op = conform_text(c, c->one, "op");
    if (strcmp(op, "compactify") == 0) {
        processed_compactify(upto);
    } else if (strcmp(op, "insert") == 0) {
        unsigned char hash[HASH_BYTES];
        conform_bytes(c, c->one, "hash", hash, sizeof hash);
        bool inserted = processed_insert(upto, conform_unsigned(c, c->one, "mc"),
                                         conform_unsigned(c, c->one, "lt"), hash);
        conform_expect(c, "%s ", conform_boolean(c, c->one, "ok") ? "inserted" : "refused");
        conform_got(c, "%s ", inserted ? "inserted" : "refused");
        processed_compactify(upto);
    } else if (strcmp(op, "split") == 0) {
        uint64_t child = conform_hex(c, c->one, "new_owner");
        if (!shard_valid(child) || !shard_ancestor(upto->owner.prefix, child))
            conform_broken(c, "\"new_owner\" is no part of the owner");
        else
            processed_split(upto, child);
    } else if (strcmp(op, "combine") == 0) {
        struct processed_record others[RECORDS_MAX];
        uint64_t low = upto->owner.prefix & (~upto->owner.prefix + 1);
        if (shard_depth(upto->owner.prefix) == 0) {
            conform_broken(c, "a whole workchain has no sibling to combine with");
            return;
        }
        struct processed_upto other = {
            {upto->owner.workchain, upto->owner.prefix ^ low << 1}, others, 0, RECORDS_MAX};
        read_records(c, "in2", &other, NULL);
        processed_combine(upto, &other);
    } else {
        conform_broken(c, "unknown operation \"%.40s\"", op);
    }
}

static void run_collection(struct conform_case *c)
{
    struct processed_record records[2 * RECORDS_MAX], listed[2 * RECORDS_MAX];
    struct processed_upto upto = {shard(c, c->one, "ow", "os"), records, 0, RECORDS_MAX};
    read_records(c, "in", &upto, NULL);
    upto.capacity = 2 * RECORDS_MAX;
    struct processed_upto expected = {upto.owner, listed, 0, 2 * RECORDS_MAX};
    collect(c, &upto);
    read_records(c, "out", &expected, NULL);
    print_records(c, conform_expect, conform_hex(c, c->one, "out_owner"), &expected);
    print_records(c, conform_got, upto.owner.prefix, &upto);
}

/* The queues of a merge case, with the entries of all of them in one array. */
struct merge_input {
    struct merge_entry entries[ENTRIES_MAX];
    int64_t ids[ENTRIES_MAX];
    struct merge_queue queues[QUEUES_MAX];
    struct import_item items[ENTRIES_MAX];
    struct merge_result results[ENTRIES_MAX];
    uint32_t queue_count, entry_count;
};

static void read_queue(struct conform_case *c, const cJSON *queue, struct merge_input *input)
{
    struct merge_queue *added = &input->queues[input->queue_count++];
    *added = (struct merge_queue){.entries = &input->entries[input->entry_count],
                                  .limit = conform_integer(c, queue, "limit", -1, INT64_C(1) << 40),
                                  .disabled = conform_boolean(c, queue, "disabled")};
    const cJSON *message;
    cJSON_ArrayForEach(message,
                       conform_list(c, queue, "msgs", ENTRIES_MAX - (int)input->entry_count))
    {
        struct merge_entry *entry = &input->entries[input->entry_count];
        entry->next = address(c, message, "nw", "np");
        entry->lt = conform_unsigned(c, message, "lt");
        conform_bytes(c, message, "hash", entry->hash, HASH_BYTES);
        input->ids[input->entry_count++] = conform_integer(c, message, "id", INT64_MIN, INT64_MAX);
        added->count++;
    }
}

static void run_merge(struct conform_case *c)
{
    struct merge_input *input = conform_memory(c, sizeof *input);
    const cJSON *queue;
    cJSON_ArrayForEach(queue, conform_list(c, c->one, "queues", QUEUES_MAX))
        read_queue(c, queue, input);
    const cJSON *step;
    conform_expect(c, "order ");
    conform_got(c, "order ");
    cJSON_ArrayForEach(step, conform_list(c, c->one, "order", ENTRIES_MAX))
    {
        conform_expect(c, "%" PRId64 " from %" PRId64 "%s; ",
                       conform_integer_at(c, step, 0, INT64_MIN, INT64_MAX),
                       conform_integer_at(c, step, 1, 0, QUEUES_MAX),
                       conform_integer_at(c, step, 2, 0, 1) ? " over the limit" : "");
    }
    struct import_heap heap = {input->items, 0, ENTRIES_MAX};
    uint32_t count = import_merge(shard(c, c->one, "w", "s"), input->queues, input->queue_count,
                                  &heap, input->results);
    for (uint32_t i = 0; i < count; i++) {
        const struct merge_result *result = &input->results[i];
        ptrdiff_t entry = &input->queues[result->queue].entries[result->entry] - input->entries;
        conform_got(c, "%" PRId64 " from %" PRIu32 "%s; ", input->ids[entry], result->queue,
                    result->limit_exceeded ? " over the limit" : "");
    }
}

static void run_fee(struct conform_case *c)
{
    struct message_prices prices = {
        .lump = conform_unsigned(c, c->one, "lump"),
        .bit = conform_unsigned(c, c->one, "bit"),
        .cell = conform_unsigned(c, c->one, "cell"),
        .instant_factor = (uint32_t)conform_integer(c, c->one, "ihrf", 0, UINT32_MAX),
        .first = (uint16_t)conform_integer(c, c->one, "first", 0, UINT16_MAX),
        .next = (uint16_t)conform_integer(c, c->one, "next", 0, UINT16_MAX)};
    uint64_t forward = fee_forward(&prices, conform_unsigned(c, c->one, "bits"),
                                   conform_unsigned(c, c->one, "cells"));
    uint64_t instant =
        conform_boolean(c, c->one, "ihr_disabled") ? 0 : fee_instant(&prices, forward);
    uint64_t first = fee_first(&prices, forward), remaining = forward - first;
    conform_expect(c, "forward %" PRIu64 " instant %" PRIu64 " first %" PRIu64 " left %" PRIu64,
                   conform_unsigned(c, c->one, "fwd_fee"), conform_unsigned(c, c->one, "ihr_fee"),
                   conform_unsigned(c, c->one, "first_part"),
                   conform_unsigned(c, c->one, "remaining0"));
    conform_got(c, "forward %" PRIu64 " instant %" PRIu64 " first %" PRIu64 " left %" PRIu64,
                forward, instant, first, remaining);
    const cJSON *list = conform_list(c, c->one, "transit", 1000), *one;
    int index = 0;
    cJSON_ArrayForEach(one, list)
    {
        uint64_t taken = fee_transit(&prices, remaining);
        remaining -= taken;
        conform_expect(c, " transit %" PRId64, conform_integer_at(c, list, index++, 0, INT64_MAX));
        conform_got(c, " transit %" PRIu64, taken);
    }
    conform_expect(c, " final %" PRIu64, conform_unsigned(c, c->one, "final_part"));
    conform_got(c, " final %" PRIu64, remaining);
}

static const struct conform_section sections[] = {{"route", run_route},
                                                  {"interpolate", run_interpolate},
                                                  {"path", run_path},
                                                  {"neighbor", run_neighbor},
                                                  {"fee", run_fee},
                                                  {"processed", run_processed},
                                                  {"collection", run_collection},
                                                  {"merge", run_merge},
                                                  {"paper_path", run_paper_path},
                                                  {NULL, NULL}};

const struct conform_suite hypercube_conform_suite = {
    "ton/1", "hypercube routing, queues, watermarks and fees", sections};
