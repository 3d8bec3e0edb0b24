#include "analysis/pdf_edit.h"

#include "analysis/must.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A whole file; one zero byte follows the last. */
struct bytes {
    char *data;
    size_t count;
};

static int read_bytes(const char *path, struct bytes *ret_bytes, char *ret_error, size_t room)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        snprintf(ret_error, room, "%s: %s", path, strerror(errno));
        return -1;
    }
    struct bytes bytes = {0};
    size_t capacity = 0, got = 1;
    while (got > 0) {
        if (capacity - bytes.count < 65537) {
            capacity = capacity * 2 + 131072;
            bytes.data = realloc(bytes.data, capacity);
            MUST(bytes.data != NULL);
        }
        got = fread(bytes.data + bytes.count, 1, 65536, file);
        bytes.count += got;
    }
    bytes.data[bytes.count] = '\0';
    bool failed = ferror(file) != 0;
    fclose(file);
    if (failed || bytes.count < 64 || memcmp(bytes.data, "%PDF-", 5) != 0) {
        snprintf(ret_error, room, "%s is not a PDF", path);
        free(bytes.data);
        return -1;
    }
    *ret_bytes = bytes;
    return 0;
}

static char *find(const struct bytes *bytes, size_t from, const char *words)
{
    if (from >= bytes->count)
        return NULL;
    return memmem(bytes->data + from, bytes->count - from, words, strlen(words));
}

static char *find_last(const struct bytes *bytes, const char *words)
{
    char *last = NULL;
    for (char *at = find(bytes, 0, words); at != NULL;
         at = find(bytes, (size_t)(at - bytes->data) + 1, words))
        last = at;
    return last;
}

/* Same length, so no offset in the file moves. */
static void fix_date(struct bytes *bytes)
{
    static const char fixed[] = "20000101000000";
    char *date = find(bytes, 0, "/CreationDate (D:");
    if (date == NULL)
        return;
    date += strlen("/CreationDate (D:");
    for (size_t i = 0; i < sizeof fixed - 1 && *date >= '0' && *date <= '9'; i++)
        *date++ = fixed[i];
}

static void print_string(FILE *file, const char *name, const char *text)
{
    fprintf(file, "   /%s (", name);
    for (const char *c = text; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        if ((byte & 0xC0) == 0x80)
            continue; /* the rest of a character already written as '?' */
        if (byte == '(' || byte == ')' || byte == '\\')
            fputc('\\', file);
        fputc(byte >= 0x80 ? '?' : byte < 0x20 ? ' ' : byte, file);
    }
    fprintf(file, ")\n");
}

/* The numbers of the old trailer; false when the file has no plain table of objects. */
static bool read_trailer(const struct bytes *bytes, unsigned long *ret_size, char ret_root[32],
                         unsigned long *ret_start)
{
    const char *trailer = find_last(bytes, "trailer"), *start = find_last(bytes, "startxref");
    if (trailer == NULL || start == NULL || start < trailer)
        return false;
    const char *size = strstr(trailer, "/Size "), *root = strstr(trailer, "/Root ");
    unsigned long object = 0, generation = 0;
    if (size == NULL || root == NULL || sscanf(size, "/Size %lu", ret_size) != 1 ||
        sscanf(root, "/Root %lu %lu R", &object, &generation) != 2 ||
        sscanf(start, "startxref %lu", ret_start) != 1)
        return false;
    snprintf(ret_root, 32, "%lu %lu R", object % 1000000000, generation % 65536);
    return true;
}

int pdf_finish(const char *path, const struct pdf_info *info, char *ret_error, size_t error_bytes)
{
    struct bytes bytes;
    if (read_bytes(path, &bytes, ret_error, error_bytes) != 0)
        return -1;
    fix_date(&bytes);
    unsigned long size = 0, start = 0;
    char root[32];
    bool plain = read_trailer(&bytes, &size, root, &start);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        snprintf(ret_error, error_bytes, "%s: %s", path, strerror(errno));
        free(bytes.data);
        return -1;
    }
    bool failed = fwrite(bytes.data, 1, bytes.count, file) != bytes.count;
    if (plain) {
        size_t object_at = bytes.count;
        fprintf(file, "%lu 0 obj\n<<\n", size);
        print_string(file, "Title", info->title);
        print_string(file, "Subject", info->subject);
        print_string(file, "Keywords", info->keywords);
        print_string(file, "Creator", "shardsim");
        fprintf(file, "   /CreationDate (D:20000101000000Z)\n>>\nendobj\n");
        long table_at = ftell(file);
        fprintf(file, "xref\n%lu 1\n%010zu 00000 n \n", size, object_at);
        fprintf(file,
                "trailer\n<< /Size %lu\n   /Root %s\n   /Info %lu 0 R\n   /Prev %lu\n>>\n"
                "startxref\n%ld\n%%%%EOF\n",
                size + 1, root, size, start, table_at);
    }
    failed = failed || ferror(file) != 0;
    failed = fclose(file) != 0 || failed;
    free(bytes.data);
    if (failed)
        snprintf(ret_error, error_bytes, "%s could not be written", path);
    return failed ? -1 : 0;
}

int pdf_inspect(const char *path, struct pdf_facts *ret_facts, char *ret_error, size_t error_bytes)
{
    struct bytes bytes;
    if (read_bytes(path, &bytes, ret_error, error_bytes) != 0)
        return -1;
    struct pdf_facts facts = {.all_liberation = true};
    const char *box = find(&bytes, 0, "/MediaBox [");
    double right = 0, top = 0;
    if (box != NULL && sscanf(box, "/MediaBox [ %*f %*f %lf %lf", &right, &top) == 2) {
        facts.width_in = right / 72;
        facts.height_in = top / 72;
    }
    for (const char *font = find(&bytes, 0, "/Type /FontDescriptor"); font != NULL;) {
        const char *end = strstr(font, "endobj");
        const char *name = strstr(font, "/FontName /"), *file = strstr(font, "/FontFile");
        facts.fonts++;
        facts.embedded += end != NULL && file != NULL && file < end;
        const char *liberation = name != NULL ? strstr(name, "Liberation") : NULL;
        if (liberation == NULL || end == NULL || liberation > end)
            facts.all_liberation = false;
        font = find(&bytes, (size_t)(font - bytes.data) + 1, "/Type /FontDescriptor");
    }
    free(bytes.data);
    *ret_facts = facts;
    return 0;
}
