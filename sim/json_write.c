#include "sim/json_write.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_assert.h"

/* A document nests 64 deep, and a --set or a sweep can put one of them at the end of a path. */
enum { DEPTH_MAX = 160 };

struct frame { /* an array or object that is being written */
    const cJSON **children;
    size_t count, next;
    bool is_object;
};

static int compare_keys(const void *a, const void *b)
{
    const cJSON *left = *(const cJSON *const *)a, *right = *(const cJSON *const *)b;
    return strcmp(left->string, right->string);
}

static bool is_skipped(const char *name, const char *const *skip)
{
    for (size_t i = 0; skip != NULL && skip[i] != NULL; i++) {
        if (strcmp(skip[i], name) == 0)
            return true;
    }
    return false;
}

static struct frame open_frame(const cJSON *item, const char *const *skip)
{
    struct frame frame = {.is_object = cJSON_IsObject(item)};
    size_t count = (size_t)cJSON_GetArraySize(item);
    frame.children = malloc((count + 1) * sizeof *frame.children);
    SIM_ASSERT(frame.children != NULL);
    for (const cJSON *child = item->child; child != NULL; child = child->next) {
        if (!frame.is_object || !is_skipped(child->string, skip))
            frame.children[frame.count++] = child;
    }
    if (frame.is_object && frame.count > 1) /* no ties: keys of an object differ */
        qsort(frame.children, frame.count, sizeof *frame.children, compare_keys);
    return frame;
}

static void write_string(FILE *out, const char *text)
{
    cJSON string = {.type = cJSON_String, .valuestring = (char *)(uintptr_t)text};
    char *quoted = cJSON_PrintUnformatted(&string);
    SIM_ASSERT(quoted != NULL);
    fputs(quoted, out);
    cJSON_free(quoted);
}

void json_write_number(double number, char ret_text[JSON_NUMBER_BYTES])
{
    number = number + 0.0; /* -0 becomes 0 */
    bool is_integer = number >= -9007199254740992.0 && number <= 9007199254740992.0 &&
                      !(number > (double)(int64_t)number) && !(number < (double)(int64_t)number);
    if (is_integer) {
        snprintf(ret_text, JSON_NUMBER_BYTES, "%" PRId64, (int64_t)number);
        return;
    }
    /* The fewest digits that read back as the same double. cJSON's own printer is content with a
     * neighbour of it. */
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(ret_text, JSON_NUMBER_BYTES, "%.*g", digits, number);
        double again = strtod(ret_text, NULL);
        if (!(again < number) && !(again > number))
            break;
    }
}

static void write_scalar(FILE *out, const cJSON *item)
{
    if (cJSON_IsString(item)) {
        write_string(out, item->valuestring);
        return;
    }
    if (cJSON_IsNumber(item)) {
        char number[JSON_NUMBER_BYTES];
        json_write_number(item->valuedouble, number);
        fputs(number, out);
        return;
    }
    char *text = cJSON_PrintUnformatted(item);
    SIM_ASSERT(text != NULL);
    fputs(text, out);
    cJSON_free(text);
}

char *json_write_canonical(const cJSON *root, const char *const *skip)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    SIM_ASSERT(out != NULL);
    struct frame stack[DEPTH_MAX];
    size_t depth = 0;
    const cJSON *item = root;
    const char *const *skip_here = skip;
    while (item != NULL || depth > 0) {
        if (item != NULL && (cJSON_IsObject(item) || cJSON_IsArray(item))) {
            SIM_ASSERT(depth < DEPTH_MAX);
            stack[depth] = open_frame(item, skip_here);
            fputc(stack[depth].is_object ? '{' : '[', out);
            depth++;
        } else if (item != NULL) {
            write_scalar(out, item);
        }
        skip_here = NULL;
        item = NULL;
        if (depth == 0)
            break;
        struct frame *frame = &stack[depth - 1];
        if (frame->next == frame->count) {
            fputc(frame->is_object ? '}' : ']', out);
            free(frame->children);
            depth--;
            continue;
        }
        if (frame->next > 0)
            fputc(',', out);
        item = frame->children[frame->next++];
        if (frame->is_object) {
            write_string(out, item->string);
            fputc(':', out);
        }
    }
    fclose(out);
    return text;
}
