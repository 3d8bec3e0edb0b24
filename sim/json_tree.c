/* The half of json_scan.h that meets cJSON: the tree with exact numbers, and values in words. */
#include "sim/json_scan.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_assert.h"
#include "sim/utf8.h"

enum { GOT_BYTES_MAX = 60 };

char *json_quote_short(const char *text, size_t bytes)
{
    size_t cut = utf8_cut(text, bytes, GOT_BYTES_MAX);
    char part[GOT_BYTES_MAX + 4];
    memcpy(part, text, cut);
    strcpy(part + cut, cut < bytes ? "..." : "");
    cJSON *string = cJSON_CreateString(part);
    SIM_ASSERT(string != NULL);
    char *quoted = cJSON_PrintUnformatted(string);
    SIM_ASSERT(quoted != NULL);
    cJSON_Delete(string);
    return quoted;
}

char *json_scan_got(const struct json_scan *scan, uint32_t node)
{
    const struct json_node *value = &scan->nodes[node];
    const char *text = scan->text + value->value_offset;
    size_t bytes = value->value_end - value->value_offset;
    size_t cut = utf8_cut(text, bytes, GOT_BYTES_MAX);
    const char *dots = cut < bytes ? "..." : "";
    char *got = NULL;
    int written = 0;
    if (text[0] == '{' || text[0] == '[')
        written = asprintf(&got, "%s", text[0] == '{' ? "an object" : "an array");
    else if (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'))
        written = asprintf(&got, "number %.*s%s", (int)cut, text, dots);
    else
        written = asprintf(&got, "%.*s%s", (int)cut, text, dots);
    SIM_ASSERT(written > 0);
    return got;
}

/* Both the scan and cJSON keep the order of the text, so the n-th value of one is the n-th of the
 * other: one walk along both hands each number its own text. */
static void keep_number_texts(const struct json_scan *scan, cJSON *root)
{
    cJSON *path[JSON_DEPTH_MAX + 1];
    size_t depth = 0;
    cJSON *item = root;
    for (uint32_t i = 0; i < scan->node_count; i++) {
        SIM_ASSERT(item != NULL);
        const struct json_node *node = &scan->nodes[i];
        if (cJSON_IsNumber(item)) {
            item->valuestring =
                strndup(scan->text + node->value_offset, node->value_end - node->value_offset);
            SIM_ASSERT(item->valuestring != NULL);
        }
        if (item->child != NULL) {
            SIM_ASSERT(depth <= JSON_DEPTH_MAX);
            path[depth++] = item;
            item = item->child;
            continue;
        }
        while (item->next == NULL && depth > 0)
            item = path[--depth];
        item = depth == 0 && item == root ? NULL : item->next;
    }
    SIM_ASSERT(item == NULL);
}

struct cJSON *json_scan_tree(const struct json_scan *scan)
{
    cJSON *root = cJSON_ParseWithLength(scan->text, scan->bytes);
    if (root != NULL)
        keep_number_texts(scan, root);
    return root;
}
