#include "sim/conform.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "sim/sim_assert.h"

void conform_broken(struct conform_case *conform_case, const char *format, ...)
{
    if (conform_case->problem[0])
        return; /* the first one is the cause of the others */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(conform_case->problem, sizeof conform_case->problem, format, arguments);
    va_end(arguments);
}

void conform_expect(struct conform_case *conform_case, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(conform_case->expected, format, arguments);
    va_end(arguments);
}

void conform_got(struct conform_case *conform_case, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(conform_case->got, format, arguments);
    va_end(arguments);
}

void *conform_memory(struct conform_case *conform_case, size_t bytes)
{
    SIM_ASSERT(!conform_case->memory);
    conform_case->memory = calloc(1, bytes);
    SIM_ASSERT(conform_case->memory);
    return conform_case->memory;
}

const cJSON *conform_member(struct conform_case *conform_case, const cJSON *object,
                            const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!value)
        conform_broken(conform_case, "no member \"%s\"", name);
    return value;
}

enum { WHOLE_BYTES = 24 };

/* Digits, with a minus perhaps, and nothing else. json_scan_tree keeps a number's own text, but for
 * integers of up to 15 digits, which a double holds. */
static bool whole_text(const cJSON *value, char ret_text[WHOLE_BYTES])
{
    if (!cJSON_IsString(value) && !cJSON_IsNumber(value))
        return false;
    char printed[WHOLE_BYTES] = "";
    const char *text = value->valuestring;
    if (!text) {
        snprintf(printed, sizeof printed, "%.0f", value->valuedouble);
        text = printed;
    }
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (digits[0] == '\0' || strlen(digits) > 20 || digits[strspn(digits, "0123456789")] != '\0')
        return false;
    snprintf(ret_text, WHOLE_BYTES, "%s", text);
    return true;
}

static int64_t integer_of(struct conform_case *conform_case, const cJSON *value, const char *name,
                          int64_t min, int64_t max)
{
    char text[WHOLE_BYTES];
    errno = 0;
    if (value && whole_text(value, text)) {
        long long number = strtoll(text, NULL, 10);
        if (errno == 0 && number >= min && number <= max)
            return number;
    }
    if (value)
        conform_broken(conform_case, "\"%s\" must be a whole number from %lld to %lld", name,
                       (long long)min, (long long)max);
    return 0;
}

int64_t conform_integer(struct conform_case *conform_case, const cJSON *object, const char *name,
                        int64_t min, int64_t max)
{
    return integer_of(conform_case, conform_member(conform_case, object, name), name, min, max);
}

static const cJSON *item_at(struct conform_case *conform_case, const cJSON *array, int index)
{
    const cJSON *item = cJSON_GetArrayItem(array, index);
    if (!item)
        conform_broken(conform_case, "an array lacks its item %d", index);
    return item;
}

int64_t conform_integer_at(struct conform_case *conform_case, const cJSON *array, int index,
                           int64_t min, int64_t max)
{
    return integer_of(conform_case, item_at(conform_case, array, index), "item", min, max);
}

static uint64_t unsigned_of(struct conform_case *conform_case, const cJSON *value, const char *name)
{
    char text[WHOLE_BYTES];
    errno = 0;
    if (value && whole_text(value, text) && text[0] != '-') {
        uint64_t number = strtoull(text, NULL, 10);
        if (errno == 0)
            return number;
    }
    if (value)
        conform_broken(conform_case, "\"%s\" must be a whole number, 0 or more, below 2^64", name);
    return 0;
}

uint64_t conform_unsigned(struct conform_case *conform_case, const cJSON *object, const char *name)
{
    return unsigned_of(conform_case, conform_member(conform_case, object, name), name);
}

uint64_t conform_unsigned_at(struct conform_case *conform_case, const cJSON *array, int index)
{
    return unsigned_of(conform_case, item_at(conform_case, array, index), "item");
}

bool conform_boolean(struct conform_case *conform_case, const cJSON *object, const char *name)
{
    const cJSON *value = conform_member(conform_case, object, name);
    if (value && !cJSON_IsBool(value))
        conform_broken(conform_case, "\"%s\" must be true or false", name);
    return cJSON_IsTrue(value);
}

const char *conform_text(struct conform_case *conform_case, const cJSON *object, const char *name)
{
    const cJSON *value = conform_member(conform_case, object, name);
    if (cJSON_IsString(value))
        return value->valuestring;
    if (value)
        conform_broken(conform_case, "\"%s\" must be a text", name);
    return "";
}

static bool is_hex(const cJSON *value, size_t digits)
{
    return cJSON_IsString(value) && strlen(value->valuestring) == digits &&
           strspn(value->valuestring, "0123456789abcdefABCDEF") == digits;
}

void conform_bytes(struct conform_case *conform_case, const cJSON *object, const char *name,
                   unsigned char *ret_bytes, size_t bytes)
{
    const cJSON *value = conform_member(conform_case, object, name);
    memset(ret_bytes, 0, bytes);
    if (!is_hex(value, 2 * bytes)) {
        if (value)
            conform_broken(conform_case, "\"%s\" must be %zu hexadecimal digits", name, 2 * bytes);
        return;
    }
    for (size_t i = 0; i < bytes; i++) {
        char pair[3] = {value->valuestring[2 * i], value->valuestring[2 * i + 1], '\0'};
        ret_bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
}

static uint64_t hex_of(struct conform_case *conform_case, const cJSON *value, const char *name)
{
    if (is_hex(value, 16))
        return strtoull(value->valuestring, NULL, 16);
    if (value)
        conform_broken(conform_case, "\"%s\" must be 16 hexadecimal digits", name);
    return 0;
}

uint64_t conform_hex(struct conform_case *conform_case, const cJSON *object, const char *name)
{
    return hex_of(conform_case, conform_member(conform_case, object, name), name);
}

uint64_t conform_hex_at(struct conform_case *conform_case, const cJSON *array, int index)
{
    return hex_of(conform_case, item_at(conform_case, array, index), "item");
}

const cJSON *conform_list(struct conform_case *conform_case, const cJSON *object, const char *name,
                          int limit)
{
    const cJSON *value = conform_member(conform_case, object, name);
    if (value && (!cJSON_IsArray(value) || cJSON_GetArraySize(value) > limit)) {
        conform_broken(conform_case, "\"%s\" must be an array of at most %d items", name, limit);
        return NULL;
    }
    return value;
}

const cJSON *conform_object(struct conform_case *conform_case, const cJSON *object,
                            const char *name)
{
    const cJSON *value = conform_member(conform_case, object, name);
    if (value && !cJSON_IsObject(value)) {
        conform_broken(conform_case, "\"%s\" must be an object", name);
        return NULL;
    }
    return value;
}

uint64_t conform_key(struct conform_case *conform_case, const cJSON *member)
{
    const char *key = member->string;
    errno = 0;
    if (key[0] != '\0' && key[strspn(key, "0123456789")] == '\0') {
        uint64_t number = strtoull(key, NULL, 10);
        if (errno == 0)
            return number;
    }
    conform_broken(conform_case, "the key \"%.40s\" must be a whole number", key);
    return 0;
}
