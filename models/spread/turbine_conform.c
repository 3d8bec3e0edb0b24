#include "models/spread/turbine_conform.h"

#include <inttypes.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "models/leader_schedule.h"
#include "models/spread/turbine_tree.h"
#include "sim/memory.h"

enum { NODES_MAX = 4096, GROUPS_MAX = 4096, FANOUT_MAX = 4096 };

struct cluster_file {
    struct turbine_node nodes[NODES_MAX];
    uint64_t stakes[NODES_MAX], running_sums[NODES_MAX];
    uint32_t ranks[NODES_MAX], groups[GROUPS_MAX];
    uint32_t count, fanout, self;
};

static void read_key(struct conform_case *c, const cJSON *item, unsigned char *ret_key)
{
    size_t bytes = 0;
    const char *text = cJSON_IsString(item) ? item->valuestring : "";
    if (sodium_hex2bin(ret_key, VALIDATOR_KEY_BYTES, text, strlen(text), NULL, &bytes, NULL) != 0 ||
        bytes != VALIDATOR_KEY_BYTES)
        conform_broken(c, "a key must be %d hexadecimal digits", 2 * VALIDATOR_KEY_BYTES);
}

/* The list must be in the agreed order, as the file says it is: the code asserts it. */
static void check_order(struct conform_case *c, const struct cluster_file *file)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < file->count; i++) {
        if (file->stakes[i] > UINT64_MAX - total)
            conform_broken(c, "the stakes' sum does not fit in 64 bits");
        total += file->stakes[i];
        if (i == 0 || file->stakes[i] < file->stakes[i - 1])
            continue;
        if (file->stakes[i] > file->stakes[i - 1] ||
            memcmp(file->nodes[i].key, file->nodes[i - 1].key, VALIDATOR_KEY_BYTES) >= 0)
            conform_broken(c, "nodes are not in list order at %" PRIu32, i);
    }
    if (total == 0 && file->count > 0)
        conform_broken(c, "nobody has stake");
}

static struct cluster_file *read_file(struct conform_case *c)
{
    struct cluster_file *file = conform_memory(c, sizeof *file);
    const cJSON *stakes = conform_list(c, c->document, "stakes", NODES_MAX), *item;
    const cJSON *keys = conform_list(c, c->document, "pubkeys_hex", NODES_MAX);
    const cJSON *key = keys ? keys->child : NULL;
    cJSON_ArrayForEach(item, stakes)
    {
        struct turbine_node *node = &file->nodes[file->count];
        node->id = file->count;
        node->stake = (uint64_t)conform_integer_at(c, stakes, (int)node->id, 0, INT64_MAX);
        file->stakes[node->id] = node->stake;
        if (!key)
            conform_broken(c, "more stakes than keys");
        else
            read_key(c, key, node->key);
        key = key ? key->next : NULL;
        file->count++;
        if (c->problem[0])
            return file;
    }
    file->fanout = (uint32_t)conform_integer(c, c->document, "fanout", 1, FANOUT_MAX);
    file->self = (uint32_t)conform_integer(c, c->document, "self", 0, (int64_t)file->count - 1);
    check_order(c, file);
    return file;
}

static struct shred_id read_shred(struct conform_case *c)
{
    const char *type = conform_text(c, c->one, "type");
    if (strcmp(type, "data") != 0 && strcmp(type, "code") != 0)
        conform_broken(c, "\"type\" must be data or code");
    return (struct shred_id){conform_unsigned(c, c->one, "slot"),
                             (uint32_t)conform_integer(c, c->one, "index", 0, UINT32_MAX),
                             strcmp(type, "data") == 0 ? SHRED_DATA : SHRED_CODE};
}

static void run_broadcast(struct conform_case *c)
{
    struct cluster_file *file = read_file(c);
    struct shred_id shred = read_shred(c);
    uint32_t leader = (uint32_t)conform_integer(c, c->one, "leader", 0, (int64_t)file->count - 1);
    conform_expect(c, "root %" PRId64, conform_integer(c, c->one, "expect_root", 0, NODES_MAX));
    if (c->problem[0])
        return;
    struct memory memory = {0};
    struct turbine_cluster cluster;
    turbine_cluster_init(&cluster, &memory, file->nodes, file->count, file->fanout,
                         CHACHA_ROUNDS_8);
    conform_got(c, "root %" PRIu32, turbine_root(&cluster, &shred, leader));
    turbine_cluster_destroy(&cluster);
}

static void print_list(struct conform_case *c, const char *name)
{
    const cJSON *list = conform_list(c, c->one, name, NODES_MAX), *item;
    int index = 0;
    conform_expect(c, "; %s", name);
    cJSON_ArrayForEach(item, list)
        conform_expect(c, " %" PRId64, conform_integer_at(c, list, index++, 0, NODES_MAX));
}

static void run_retransmit(struct conform_case *c)
{
    struct cluster_file *file = read_file(c);
    struct shred_id shred = read_shred(c);
    uint32_t leader = (uint32_t)conform_integer(c, c->one, "leader", 0, (int64_t)file->count - 1);
    conform_expect(c, "place %" PRId64,
                   conform_integer(c, c->one, "position_of_self", 0, NODES_MAX));
    print_list(c, "first_ten_of_order");
    print_list(c, "children");
    if (leader == file->self)
        conform_broken(c, "a leader has no place in the tree of its own shred");
    if (c->problem[0])
        return;
    struct memory memory = {0};
    struct turbine_cluster cluster;
    turbine_cluster_init(&cluster, &memory, file->nodes, file->count, file->fanout,
                         CHACHA_ROUNDS_8);
    uint32_t count = turbine_order(&cluster, &shred, leader, file->ranks), place = 0;
    while (place < count && file->ranks[place] != file->self)
        place++;
    conform_got(c, "place %" PRIu32 "; first_ten_of_order", place);
    for (uint32_t i = 0; i < 10 && i < count; i++)
        conform_got(c, " %" PRIu32, file->ranks[i]);
    conform_got(c, "; children");
    struct turbine_children children = turbine_children_of(place, file->fanout, count);
    for (uint32_t i = 0; i < children.count; i++)
        conform_got(c, " %" PRIu32, file->ranks[children.first + i * children.step]);
    turbine_cluster_destroy(&cluster);
}

/* The cases are bare numbers: the rank that leads the group at that place of the list. */
static void run_leader_of_group(struct conform_case *c)
{
    const cJSON *list = conform_list(c, c->document, "leader_of_group", GROUPS_MAX), *item;
    struct cluster_file *file = read_file(c);
    int index = 0;
    cJSON_ArrayForEach(item, list)
    {
        if (item == c->one)
            break;
        index++;
    }
    if (!item)
        conform_broken(c, "\"leader_of_group\" is a list of ranks");
    else
        conform_expect(c, "leader %" PRId64, conform_integer_at(c, list, index, 0, NODES_MAX));
    if (c->problem[0])
        return;
    leader_schedule_fill(0, file->stakes, file->count, file->running_sums, (uint32_t)index + 1,
                         file->groups);
    conform_got(c, "leader %" PRIu32, file->groups[index]);
}

static const struct conform_section sections[] = {{"broadcast", run_broadcast},
                                                  {"retransmit", run_retransmit},
                                                  {"leader_of_group", run_leader_of_group},
                                                  {NULL, NULL}};

const struct conform_suite turbine_conform_suite = {
    "solana-turbine/1", "turbine trees and leader schedule of a real cluster", sections};
