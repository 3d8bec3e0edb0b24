#ifndef SIM_JSON_SCAN_H
#define SIM_JSON_SCAN_H

/* A strict RFC 8259 scanner that runs before cJSON, which accepts what it must not (NUL in strings,
 * "01", "1.", raw newlines, bad UTF-8, 1e400, duplicate keys). It also remembers where every key
 * and value stands, so that a problem found later can name its line and column.
 *
 * Limits: 16 MiB of text, depth 64. No recursion; time and memory are linear in the text. The
 * first error of syntax ends the scan; duplicate keys are all reported. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;
struct diagnostics;

enum { JSON_DEPTH_MAX = 64 };
#define JSON_NODE_NONE UINT32_MAX /* an enumerator is an int */
#define JSON_BYTES_MAX ((size_t)16 << 20)

struct json_node {
    uint32_t key_offset;   /* of the key's opening quote; JSON_NODE_NONE: no member of an object */
    uint32_t value_offset; /* of the first byte of the value; value_end: after its last byte     */
    uint32_t value_end;
    uint32_t parent; /* JSON_NODE_NONE for the root */
    uint32_t name;   /* member: offset of the unescaped key in names; element: its index */
    uint32_t hash;   /* of (parent, name); 0: a duplicate, not in the table */
};

struct json_table { /* open addressing: (parent, name) -> node + 1 */
    uint32_t *slots;
    uint32_t capacity, count;
};

struct json_scan {
    char *file; /* name for messages */
    char *text; /* NUL-terminated copy */
    size_t bytes;
    struct json_node *nodes; /* in the order of the text; node 0 is the root */
    uint32_t node_count, node_capacity;
    char *names;
    size_t name_bytes;
    uint32_t *line_offsets; /* where each line begins */
    uint32_t line_count;
    struct json_table members;
    struct json_table *elements; /* filled at the first look-up of an element */
};

/* json_scan_text checks a text and returns its places, or NULL with at least one diagnostic. Text
 * and file name are copied. */
struct json_scan *json_scan_text(const char *file, const char *text, size_t bytes,
                                 struct diagnostics *diagnostics);

/* json_scan_find returns the node at an RFC 6901 pointer, or JSON_NODE_NONE. O(pointer length). */
uint32_t json_scan_find(const struct json_scan *scan, const char *pointer);

/* json_scan_child returns a member by its unescaped name, or JSON_NODE_NONE. */
uint32_t json_scan_child(const struct json_scan *scan, uint32_t parent, const char *name,
                         size_t name_bytes);

/* json_scan_index makes a member known to json_scan_child. For the scanner. */
void json_scan_index(struct json_scan *scan, uint32_t node);

/* json_scan_place turns an offset into line and column, both from 1. O(log lines). */
void json_scan_place(const struct json_scan *scan, uint32_t offset, uint32_t *ret_line,
                     uint32_t *ret_column);

/* json_scan_got describes a value for the "got" line: `number 40`, `"text"`, `an array`... The
 * caller frees it. */
char *json_scan_got(const struct json_scan *scan, uint32_t node);

/* json_scan_tree parses the text with cJSON. Every number carries its own text in valuestring,
 * since a double cannot hold every integer. The caller deletes it with cJSON_Delete. NULL = no
 * memory. */
struct cJSON *json_scan_tree(const struct json_scan *scan);

/* json_quote_short returns text as a JSON string, cut after about 60 bytes. The caller frees it. */
char *json_quote_short(const char *text, size_t bytes);

void json_scan_free(struct json_scan *scan);

#endif
