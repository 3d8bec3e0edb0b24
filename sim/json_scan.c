#include "sim/json_scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/sim_assert.h"
#include "sim/utf8.h"

enum { NUMBER_BYTES_MAX = 1000 };

struct scanner {
    struct json_scan *scan;
    struct diagnostics *diagnostics;
    size_t at;
    uint32_t open[JSON_DEPTH_MAX];  /* nodes of the arrays and objects around `at` */
    uint32_t count[JSON_DEPTH_MAX]; /* children each of them has so far */
    uint32_t depth;
    uint32_t duplicated; /* the key whose duplicate was reported last; 0 = none */
};

static void *grow(void *array, size_t count, size_t item_bytes)
{
    void *grown = realloc(array, count * item_bytes);
    SIM_ASSERT(grown != NULL);
    return grown;
}

static bool fail(struct scanner *s, const char *code, size_t offset, const char *problem,
                 const char *expected)
{
    uint32_t line, column;
    json_scan_place(s->scan, (uint32_t)offset, &line, &column);
    char *got = NULL, byte[32] = "the end of the text";
    if (offset < s->scan->bytes) {
        snprintf(byte, sizeof byte, "the byte 0x%02X", (unsigned char)s->scan->text[offset]);
        size_t left = s->scan->bytes - offset;
        size_t bytes = 1;
        while (bytes < left && bytes < 4 && (s->scan->text[offset + bytes] & 0xc0) == 0x80)
            bytes++;
        bool is_visible = s->scan->text[offset] != '\0' &&
                          memcmp(s->scan->text + offset, "\xef\xbb\xbf", bytes) != 0;
        if (is_visible && utf8_error(s->scan->text + offset, bytes) == bytes)
            got = json_quote_short(s->scan->text + offset, bytes);
    }
    diagnostics_add_at(s->diagnostics, code, s->scan->file, line, column, "", problem, expected,
                       got == NULL ? byte : got, NULL);
    free(got);
    return false;
}

/* --- Values --- */

static void skip_space(struct scanner *s)
{
    const char *text = s->scan->text;
    while (text[s->at] == ' ' || text[s->at] == '\t' || text[s->at] == '\n' || text[s->at] == '\r')
        s->at++;
}

static uint32_t add_node(struct scanner *s, uint32_t key_offset, uint32_t name)
{
    struct json_scan *scan = s->scan;
    if (scan->node_count == scan->node_capacity) {
        scan->node_capacity = scan->node_capacity == 0 ? 64 : 2 * scan->node_capacity;
        scan->nodes = grow(scan->nodes, scan->node_capacity, sizeof *scan->nodes);
    }
    uint32_t parent = s->depth == 0 ? JSON_NODE_NONE : s->open[s->depth - 1];
    scan->nodes[scan->node_count] =
        (struct json_node){.key_offset = key_offset, .parent = parent, .name = name};
    return scan->node_count++;
}

/* Reads four hex digits; -1 when they are none. */
static int32_t hex4(const char *text)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = text[i];
        int32_t digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* Reads what follows a backslash at s->at; *ret_point gets the code point. */
static bool scan_escape(struct scanner *s, uint32_t *ret_point)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *text = s->scan->text + s->at;
    const char *letter = text[1] == '\0' ? NULL : strchr(letters, text[1]);
    if (letter != NULL) {
        *ret_point = (unsigned char)meanings[letter - letters];
        s->at += 2;
        return true;
    }
    int32_t high = text[1] == 'u' ? hex4(text + 2) : -1;
    if (high < 0)
        return fail(s, "E007", s->at, "bad escape in a string",
                    "one of: \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
    if (high == 0)
        return fail(s, "E003", s->at, "NUL character in a string", "text without NUL");
    if (high < 0xd800 || high > 0xdfff) {
        *ret_point = (uint32_t)high;
        s->at += 6;
        return true;
    }
    int32_t low = high < 0xdc00 && text[6] == '\\' && text[7] == 'u' ? hex4(text + 8) : -1;
    if (low < 0xdc00 || low > 0xdfff)
        return fail(s, "E007", s->at, "half of a surrogate pair",
                    "\\uD800 to \\uDBFF followed by \\uDC00 to \\uDFFF");
    *ret_point = 0x10000 + ((uint32_t)(high - 0xd800) << 10 | (uint32_t)(low - 0xdc00));
    s->at += 12;
    return true;
}

/* Scans a string at s->at. With `name`, its unescaped bytes go there and *ret_bytes says how many.
 * Unescaping never makes a text longer. */
static bool scan_string(struct scanner *s, char *name, size_t *ret_bytes)
{
    const char *text = s->scan->text;
    size_t bytes = 0;
    s->at++;
    while (text[s->at] != '"') {
        if (text[s->at] == '\0')
            return fail(s, "E010", s->at, "a string has no end", "a closing quote");
        if ((unsigned char)text[s->at] < 0x20)
            return fail(s, "E004", s->at, "control character in a string",
                        text[s->at] == '\n'   ? "a closing quote, or the escape \\n"
                        : text[s->at] == '\t' ? "the escape \\t"
                                              : "an escape such as \\u001b");
        if (text[s->at] != '\\') {
            if (name != NULL)
                name[bytes] = text[s->at];
            bytes++;
            s->at++;
            continue;
        }
        uint32_t point = 0;
        if (!scan_escape(s, &point))
            return false;
        if (name != NULL)
            bytes += utf8_write(point, name + bytes);
    }
    s->at++;
    if (name != NULL)
        *ret_bytes = bytes;
    return true;
}

static size_t skip_digits(struct scanner *s)
{
    size_t start = s->at;
    while (s->scan->text[s->at] >= '0' && s->scan->text[s->at] <= '9')
        s->at++;
    return s->at - start;
}

static bool scan_number(struct scanner *s)
{
    const char *text = s->scan->text;
    size_t start = s->at;
    if (text[s->at] == '-')
        s->at++;
    bool has_zero = text[s->at] == '0';
    size_t digits = skip_digits(s);
    if (digits == 0)
        return fail(s, "E008", s->at, "bad number", "a digit");
    if (has_zero && digits > 1)
        return fail(s, "E008", start, "a number begins with 0", "no leading zeros");
    if (text[s->at] == '.') {
        s->at++;
        if (skip_digits(s) == 0)
            return fail(s, "E008", s->at, "bad number", "a digit after the point");
    }
    bool has_exponent = text[s->at] == 'e' || text[s->at] == 'E';
    if (has_exponent) {
        s->at++;
        if (text[s->at] == '+' || text[s->at] == '-')
            s->at++;
        if (skip_digits(s) == 0)
            return fail(s, "E008", s->at, "bad number", "a digit in the exponent");
    }
    bool has_unit = text[s->at] == '%' || (text[s->at] >= 'A' && text[s->at] <= 'Z') ||
                    (text[s->at] >= 'a' && text[s->at] <= 'z');
    if (has_unit)
        return fail(s, "E008", s->at, "letters after a number",
                    "quotes around a quantity: \"40ms\"");
    if (s->at - start > NUMBER_BYTES_MAX)
        return fail(s, "E009", start, "a number is too long", "at most 1000 characters");
    if ((has_exponent || digits > 300) && isinf(strtod(text + start, NULL)))
        return fail(s, "E009", start, "a number is too large", "a number below 1.8e308");
    return true;
}

static bool scan_word(struct scanner *s)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++) {
        size_t bytes = strlen(words[i]);
        if (strncmp(s->scan->text + s->at, words[i], bytes) == 0) {
            s->at += bytes;
            return true;
        }
    }
    if (s->at >= s->scan->bytes)
        return fail(s, "E010", s->at, "the text ends too early", "a value");
    return fail(s, "E001", s->at, "no value here",
                "a string, a number, an object, an array, true, false or null");
}

/* Scans a value up to its end, or up to after the opening bracket of an array or object, which then
 * is pushed. */
static bool scan_value(struct scanner *s, uint32_t node)
{
    char first = s->scan->text[s->at];
    s->scan->nodes[node].value_offset = (uint32_t)s->at;
    bool fine = true;
    if (first == '{' || first == '[') {
        if (s->depth == JSON_DEPTH_MAX)
            return fail(s, "E005", s->at, "nested too deep", "at most 64 levels");
        s->open[s->depth] = node;
        s->count[s->depth] = 0;
        s->depth++;
        s->at++;
    } else if (first == '"') {
        fine = scan_string(s, NULL, NULL);
    } else if (first == '-' || (first >= '0' && first <= '9')) {
        fine = scan_number(s);
    } else {
        fine = scan_word(s);
    }
    s->scan->nodes[node].value_end = (uint32_t)s->at;
    return fine;
}

/* Pointer of a node, escaped by RFC 6901; the caller frees it. */
static char *pointer_of(const struct json_scan *scan, uint32_t node)
{
    uint32_t path[JSON_DEPTH_MAX + 1];
    size_t depth = 0;
    for (uint32_t i = node; scan->nodes[i].parent != JSON_NODE_NONE; i = scan->nodes[i].parent)
        path[depth++] = i;
    char *pointer = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&pointer, &bytes);
    SIM_ASSERT(out != NULL);
    while (depth-- > 0) {
        const struct json_node *step = &scan->nodes[path[depth]];
        fputc('/', out);
        if (step->key_offset == JSON_NODE_NONE) {
            fprintf(out, "%u", step->name);
            continue;
        }
        for (const char *c = scan->names + step->name; *c != '\0'; c++) {
            if (*c == '~' || *c == '/')
                fputs(*c == '~' ? "~0" : "~1", out);
            else
                fputc(*c, out);
        }
    }
    fclose(out);
    return pointer;
}

static void report_duplicate(struct scanner *s, uint32_t node, uint32_t first)
{
    struct json_scan *scan = s->scan;
    if (s->diagnostics->count >= DIAGNOSTICS_KEPT_MAX || first == s->duplicated)
        return; /* nothing more to say, and the text stays refused */
    s->duplicated = first;
    uint32_t line, column, first_line, first_column;
    json_scan_place(scan, scan->nodes[node].key_offset, &line, &column);
    json_scan_place(scan, scan->nodes[first].key_offset, &first_line, &first_column);
    const char *name = scan->names + scan->nodes[node].name;
    char *got = json_quote_short(name, strlen(name));
    char *pointer = pointer_of(scan, node);
    char problem[80];
    snprintf(problem, sizeof problem, "duplicate key, first at %u:%u", first_line, first_column);
    diagnostics_add_at(s->diagnostics, "E102", scan->file, line, column, pointer, problem,
                       "each key once", got, NULL);
    free(pointer);
    free(got);
}

/* Scans `"key" :` of an object and makes the member's node. */
static bool scan_key(struct scanner *s, uint32_t *ret_node)
{
    struct json_scan *scan = s->scan;
    size_t key_offset = s->at;
    if (s->at >= scan->bytes)
        return fail(s, "E010", s->at, "the text ends too early", "a key in quotes");
    if (scan->text[s->at] != '"')
        return fail(s, "E001", s->at, "no key here",
                    scan->text[s->at] == '}' ? "a key after the comma" : "a key in quotes");
    char *name = scan->names + scan->name_bytes;
    size_t bytes;
    if (!scan_string(s, name, &bytes))
        return false;
    name[bytes] = '\0';
    uint32_t parent = s->open[s->depth - 1];
    uint32_t first = json_scan_child(scan, parent, name, bytes);
    uint32_t node = add_node(s, (uint32_t)key_offset, (uint32_t)scan->name_bytes);
    scan->name_bytes += bytes + 1;
    /* A duplicate stays out of the index: a million equal keys would make one chain of it. */
    if (first == JSON_NODE_NONE)
        json_scan_index(scan, node);
    else
        report_duplicate(s, node, first);
    skip_space(s);
    if (scan->text[s->at] != ':')
        return fail(s, s->at >= scan->bytes ? "E010" : "E001", s->at, "no colon after a key", ":");
    s->at++;
    skip_space(s);
    *ret_node = node;
    return true;
}

/* One step inside an array or object: a closing bracket, or the next child. */
static bool scan_step(struct scanner *s)
{
    struct json_scan *scan = s->scan;
    uint32_t parent = s->open[s->depth - 1];
    uint32_t *count = &s->count[s->depth - 1];
    bool is_object = scan->text[scan->nodes[parent].value_offset] == '{';
    char closing = is_object ? '}' : ']';
    if (scan->text[s->at] == closing) {
        s->at++;
        scan->nodes[parent].value_end = (uint32_t)s->at;
        s->depth--;
        return true;
    }
    if (*count > 0) {
        if (s->at >= scan->bytes)
            return fail(s, "E010", s->at, "the text ends too early",
                        is_object ? ", or }" : ", or ]");
        if (scan->text[s->at] != ',')
            return fail(s, "E001", s->at, "no comma after a value",
                        is_object ? ", or }" : ", or ]");
        s->at++;
        skip_space(s);
    }
    uint32_t node = 0;
    if (is_object) {
        if (!scan_key(s, &node))
            return false;
    } else {
        node = add_node(s, JSON_NODE_NONE, *count);
    }
    (*count)++;
    return scan_value(s, node);
}

static bool scan_document(struct scanner *s)
{
    struct json_scan *scan = s->scan;
    const char *nul = memchr(scan->text, '\0', scan->bytes);
    size_t bad = utf8_error(scan->text, scan->bytes);
    if (bad < scan->bytes && (nul == NULL || scan->text + bad < nul))
        return fail(s, "E002", bad, "the text is not UTF-8", "UTF-8 without surrogates");
    if (nul != NULL && strcmp(scan->text, "SQLite format 3") == 0)
        return fail(s, "E003", 0, "a database, not a scenario",
                    "a scenario (shardsim show FILE prints the one of a result)");
    if (nul != NULL)
        return fail(s, "E003", (size_t)(nul - scan->text), "NUL character", "text without NUL");
    if (strncmp(scan->text, "\xef\xbb\xbf", 3) == 0)
        return fail(s, "E001", 0, "the text begins with a byte order mark", "no mark");
    skip_space(s);
    if (!scan_value(s, add_node(s, JSON_NODE_NONE, 0)))
        return false;
    /* Each step takes at least one byte, so the loop ends. */
    while (s->depth > 0) {
        skip_space(s);
        if (!scan_step(s))
            return false;
    }
    skip_space(s);
    if (s->at < scan->bytes)
        return fail(s, "E011", s->at, "text after the end of the value", "nothing");
    return true;
}

static void find_lines(struct json_scan *scan)
{
    uint32_t capacity = 64;
    scan->line_offsets = grow(NULL, capacity, sizeof *scan->line_offsets);
    scan->line_offsets[0] = 0;
    scan->line_count = 1;
    const char *at = scan->text;
    const char *end = scan->text + scan->bytes;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        if (scan->line_count == capacity) {
            capacity *= 2;
            scan->line_offsets = grow(scan->line_offsets, capacity, sizeof *scan->line_offsets);
        }
        scan->line_offsets[scan->line_count++] = (uint32_t)(at - scan->text);
    }
}

struct json_scan *json_scan_text(const char *file, const char *text, size_t bytes,
                                 struct diagnostics *diagnostics)
{
    if (bytes > JSON_BYTES_MAX) {
        diagnostics_add_at(diagnostics, "E006", file, 1, 1, "", "the text is too large",
                           "at most 16 MiB", NULL, NULL);
        return NULL;
    }
    struct json_scan *scan = calloc(1, sizeof *scan);
    SIM_ASSERT(scan != NULL);
    scan->file = strdup(file);
    scan->text = malloc(bytes + 1);
    /* A key with its quotes and colon takes more of the text than its name and a NUL. */
    scan->names = malloc(bytes + 1);
    SIM_ASSERT(scan->file != NULL && scan->text != NULL && scan->names != NULL);
    if (bytes > 0)
        memcpy(scan->text, text, bytes);
    scan->text[bytes] = '\0';
    scan->bytes = bytes;
    find_lines(scan);
    scan->elements = calloc(1, sizeof *scan->elements);
    SIM_ASSERT(scan->elements != NULL);
    struct scanner scanner = {.scan = scan, .diagnostics = diagnostics};
    size_t errors_before = diagnostics->errors;
    scan_document(&scanner);
    if (diagnostics->errors != errors_before) {
        json_scan_free(scan);
        return NULL;
    }
    return scan;
}

void json_scan_free(struct json_scan *scan)
{
    if (scan == NULL)
        return;
    free(scan->file);
    free(scan->text);
    free(scan->nodes);
    free(scan->names);
    free(scan->line_offsets);
    free(scan->members.slots);
    free(scan->elements->slots);
    free(scan->elements);
    free(scan);
}
