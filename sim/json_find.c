/* The half of json_scan.h that looks things up: nodes by pointer, places by offset. */
#include "sim/json_scan.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_assert.h"

/* Keys are hashed with SipHash keyed by the parent, so that equal names of different parents do not
 * meet in one chain. */
static uint32_t hash_name(uint32_t parent, const char *name, size_t bytes)
{
    unsigned char key[crypto_shorthash_siphash24_KEYBYTES] = "shardsim scanner";
    memcpy(key, &parent, sizeof parent);
    unsigned char hash[crypto_shorthash_siphash24_BYTES];
    crypto_shorthash_siphash24(hash, (const unsigned char *)name, bytes, key);
    uint32_t word;
    memcpy(&word, hash, sizeof word);
    return word;
}

static uint32_t hash_index(uint32_t parent, uint32_t index)
{
    uint64_t x = ((uint64_t)parent << 32 | index) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)((x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9) >> 32);
}

static void table_put(struct json_table *table, const struct json_node *nodes, uint32_t node)
{
    uint32_t mask = table->capacity - 1;
    uint32_t slot = nodes[node].hash & mask;
    while (table->slots[slot] != 0)
        slot = (slot + 1) & mask;
    table->slots[slot] = node + 1;
}

static void table_add(struct json_table *table, const struct json_node *nodes, uint32_t node)
{
    if (2 * (table->count + 1) > table->capacity) {
        struct json_table old = *table;
        table->capacity = old.capacity == 0 ? 64 : 2 * old.capacity;
        table->slots = calloc(table->capacity, sizeof *table->slots);
        SIM_ASSERT(table->slots != NULL);
        for (uint32_t i = 0; i < old.capacity; i++) {
            if (old.slots[i] != 0)
                table_put(table, nodes, old.slots[i] - 1);
        }
        free(old.slots);
    }
    table_put(table, nodes, node);
    table->count++;
}

void json_scan_index(struct json_scan *scan, uint32_t node)
{
    const char *name = scan->names + scan->nodes[node].name;
    scan->nodes[node].hash = hash_name(scan->nodes[node].parent, name, strlen(name));
    table_add(&scan->members, scan->nodes, node);
}

uint32_t json_scan_child(const struct json_scan *scan, uint32_t parent, const char *name,
                         size_t name_bytes)
{
    const struct json_table *table = &scan->members;
    if (table->capacity == 0)
        return JSON_NODE_NONE;
    uint32_t hash = hash_name(parent, name, name_bytes);
    uint32_t mask = table->capacity - 1;
    for (uint32_t slot = hash & mask; table->slots[slot] != 0; slot = (slot + 1) & mask) {
        const struct json_node *node = &scan->nodes[table->slots[slot] - 1];
        if (node->hash != hash || node->parent != parent)
            continue;
        const char *other = scan->names + node->name;
        if (strncmp(other, name, name_bytes) == 0 && other[name_bytes] == '\0')
            return table->slots[slot] - 1;
    }
    return JSON_NODE_NONE;
}

/* Elements are looked up seldom, and a large array is quicker to read without an index of them: it
 * is made at the first look. */
static void index_elements(const struct json_scan *scan)
{
    for (uint32_t i = 1; i < scan->node_count; i++) {
        if (scan->nodes[i].key_offset == JSON_NODE_NONE) {
            scan->nodes[i].hash = hash_index(scan->nodes[i].parent, scan->nodes[i].name);
            table_add(scan->elements, scan->nodes, i);
        }
    }
}

static uint32_t find_element(const struct json_scan *scan, uint32_t parent, uint32_t index)
{
    const struct json_table *table = scan->elements;
    if (table->capacity == 0)
        index_elements(scan);
    if (table->capacity == 0)
        return JSON_NODE_NONE;
    uint32_t hash = hash_index(parent, index);
    uint32_t mask = table->capacity - 1;
    for (uint32_t slot = hash & mask; table->slots[slot] != 0; slot = (slot + 1) & mask) {
        const struct json_node *node = &scan->nodes[table->slots[slot] - 1];
        if (node->hash == hash && node->parent == parent && node->name == index)
            return table->slots[slot] - 1;
    }
    return JSON_NODE_NONE;
}

uint32_t json_scan_find(const struct json_scan *scan, const char *pointer)
{
    uint32_t node = 0;
    char *name = malloc(strlen(pointer) + 1);
    SIM_ASSERT(name != NULL);
    while (*pointer == '/' && node != JSON_NODE_NONE) {
        size_t bytes = 0;
        for (pointer++; *pointer != '/' && *pointer != '\0'; pointer++) {
            bool is_escape = *pointer == '~' && (pointer[1] == '0' || pointer[1] == '1');
            name[bytes++] = !is_escape ? *pointer : *++pointer == '0' ? '~' : '/';
        }
        name[bytes] = '\0';
        if (scan->text[scan->nodes[node].value_offset] == '{')
            node = json_scan_child(scan, node, name, bytes);
        else if (bytes > 0 && bytes < 10 && strspn(name, "0123456789") == bytes)
            node = find_element(scan, node, (uint32_t)strtoul(name, NULL, 10));
        else
            node = JSON_NODE_NONE;
    }
    free(name);
    return *pointer == '\0' ? node : JSON_NODE_NONE;
}

void json_scan_place(const struct json_scan *scan, uint32_t offset, uint32_t *ret_line,
                     uint32_t *ret_column)
{
    uint32_t low = 0, high = scan->line_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (scan->line_offsets[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    *ret_line = low + 1;
    *ret_column = offset - scan->line_offsets[low] + 1;
}
