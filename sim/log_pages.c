#include "sim/log_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/sim_assert.h"

/* Names of the file format. A page is a header, an array of 16-bit cell places that grows upwards,
 * and cells that grow downwards from the end. */
enum {
    PAGE_LEAF = 13,
    PAGE_INTERIOR = 5,
    LEAF_HEADER = 8,
    INTERIOR_HEADER = 12,
    COLUMNS_MAX = 16,
    CELL_BYTES_MAX = 9 + 9 + 1 + COLUMNS_MAX * 9,
    LEVELS_MAX = 8, /* 512-byte pages, the smallest, need 7 for 2^32 pages */
    LOCK_BYTE = 1 << 30,
    JOURNAL_SECTOR = 512,
    REWRITTEN_MAX = LEVELS_MAX + 4,
    AT_COUNTER = 24, /* in page 1 */
    AT_PAGE_COUNT = 28,
    AT_VALID_FOR = 92
};

struct leaf {
    unsigned char *image;
    uint32_t page;           /* 0 = not in the file yet */
    uint32_t cells, content; /* content: where the lowest cell begins */
    int64_t last_key;
};

/* The rightmost interior page of a level. Its cells are finished children; its right child is the
 * rightmost page of the level below, which is still growing. */
struct level {
    uint32_t page, count, cell_bytes;
    struct entry {
        uint32_t child;
        int64_t key; /* the greatest in child */
    } * entries;
};

struct rewritten { /* an existing page and what it will hold */
    uint32_t page;
    unsigned char *image;
};

struct log_pages {
    int fd, journal_fd;
    uint32_t page_bytes, root;
    uint32_t height; /* interior levels; 0 = the root is the leaf */
    struct leaf leaf;
    struct leaf *full; /* leaves that were filled since the last checkpoint */
    size_t full_count, full_capacity;
    struct level level[LEVELS_MAX + 1]; /* 1 .. height; level[height].page == root */
    bool dirty;
    /* of the checkpoint that goes on */
    uint32_t count_before, count; /* pages of the file */
    struct rewritten rewritten[REWRITTEN_MAX];
    uint32_t rewritten_count;
    char journal_path[];
};

static void put16(unsigned char *at, uint32_t value)
{
    at[0] = (unsigned char)(value >> 8);
    at[1] = (unsigned char)value;
}

static void put32(unsigned char *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

static uint32_t get32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3];
}

/* SQLite's variable-length integer: big-endian, 7 bits a byte, 8 in a ninth. Returns its bytes. */
static uint32_t put_varint(unsigned char *at, uint64_t value)
{
    unsigned char reversed[9];
    uint32_t bytes = 0;

    if (value >> 56 != 0) {
        at[8] = (unsigned char)value;
        value >>= 8;
        for (int i = 7; i >= 0; i--) {
            at[i] = (unsigned char)(value & 0x7f) | 0x80;
            value >>= 7;
        }
        return 9;
    }
    do {
        reversed[bytes++] = (unsigned char)(value & 0x7f) | 0x80;
        value >>= 7;
    } while (value != 0);
    reversed[0] &= 0x7f;
    for (uint32_t i = 0; i < bytes; i++)
        at[i] = reversed[bytes - 1 - i];
    return bytes;
}

static uint32_t varint_bytes(uint64_t value)
{
    unsigned char scratch[9];

    return put_varint(scratch, value);
}

struct log_pages *log_pages_open(int fd, const char *journal_path, uint32_t page_bytes,
                                 uint32_t root)
{
    size_t path_bytes = strlen(journal_path) + 1;
    struct log_pages *pages = calloc(1, sizeof *pages + path_bytes);

    SIM_ASSERT(page_bytes >= 512 && page_bytes <= 32768);
    SIM_ASSERT(root > 1);
    if (pages == NULL)
        return NULL;
    memcpy(pages->journal_path, journal_path, path_bytes);
    pages->fd = fd;
    pages->journal_fd = -1;
    pages->page_bytes = page_bytes;
    pages->root = root;
    pages->leaf.content = page_bytes;
    pages->leaf.last_key = INT64_MIN;
    pages->leaf.image = calloc(1, page_bytes);
    if (pages->leaf.image == NULL) {
        free(pages);
        return NULL;
    }
    return pages;
}

void log_pages_close(struct log_pages *pages)
{
    if (pages == NULL)
        return;
    for (size_t i = 0; i < pages->full_count; i++)
        free(pages->full[i].image);
    for (uint32_t i = 0; i < pages->rewritten_count; i++)
        free(pages->rewritten[i].image);
    for (int i = 0; i <= LEVELS_MAX; i++)
        free(pages->level[i].entries);
    if (pages->journal_fd >= 0)
        close(pages->journal_fd);
    free(pages->full);
    free(pages->leaf.image);
    free(pages);
}

/* The smallest serial type that holds the value, and the value behind it. */
static unsigned char put_value(unsigned char **at, int64_t value)
{
    static const unsigned char bytes_of[] = {0, 1, 2, 3, 4, 6, 8};
    uint64_t magnitude = (uint64_t)(value < 0 ? ~value : value);
    unsigned char type = 6;

    if (magnitude < 2 && value >= 0)
        return (unsigned char)(8 + value); /* 0 and 1 are types of their own */
    if (magnitude < UINT64_C(1) << 7)
        type = 1;
    else if (magnitude < UINT64_C(1) << 15)
        type = 2;
    else if (magnitude < UINT64_C(1) << 23)
        type = 3;
    else if (magnitude < UINT64_C(1) << 31)
        type = 4;
    else if (magnitude < UINT64_C(1) << 47)
        type = 5;
    for (int shift = 8 * (bytes_of[type] - 1); shift >= 0; shift -= 8)
        *(*at)++ = (unsigned char)((uint64_t)value >> shift);
    return type;
}

/* The filled leaf waits for the checkpoint; a new one begins. */
static int leaf_filled(struct log_pages *pages)
{
    if (pages->full_count == pages->full_capacity) {
        size_t capacity = pages->full_capacity ? 2 * pages->full_capacity : 64;
        struct leaf *full = realloc(pages->full, capacity * sizeof *full);
        if (full == NULL)
            return -1;
        pages->full = full;
        pages->full_capacity = capacity;
    }
    unsigned char *image = calloc(1, pages->page_bytes);
    if (image == NULL)
        return -1;
    pages->full[pages->full_count++] = pages->leaf;
    pages->leaf = (struct leaf){
        .image = image, .content = pages->page_bytes, .last_key = pages->leaf.last_key};
    return 0;
}

int log_pages_append(struct log_pages *pages, const int64_t *column, uint32_t columns,
                     uint32_t nulls)
{
    unsigned char values[COLUMNS_MAX * 8], cell[CELL_BYTES_MAX], types[COLUMNS_MAX];
    unsigned char *value = values;

    SIM_ASSERT(columns > 0 && columns <= COLUMNS_MAX);
    SIM_ASSERT(column[0] > pages->leaf.last_key);
    types[0] = 0; /* the row number is the key; its column is stored as NULL */
    for (uint32_t i = 1; i < columns; i++)
        types[i] = nulls & UINT32_C(1) << i ? 0 : put_value(&value, column[i]);
    uint32_t value_bytes = (uint32_t)(value - values);
    uint32_t bytes = put_varint(cell, 1 + columns + value_bytes);
    bytes += put_varint(cell + bytes, (uint64_t)column[0]);
    cell[bytes++] = (unsigned char)(1 + columns);
    memcpy(cell + bytes, types, columns);
    bytes += columns;
    memcpy(cell + bytes, values, value_bytes);
    bytes += value_bytes;

    struct leaf *leaf = &pages->leaf;
    if (LEAF_HEADER + 2 * (leaf->cells + 1) + bytes > leaf->content && leaf_filled(pages) != 0)
        return -1;
    leaf->content -= bytes;
    memcpy(leaf->image + leaf->content, cell, bytes);
    put16(leaf->image + LEAF_HEADER + (size_t)2 * leaf->cells, leaf->content);
    leaf->cells++;
    leaf->last_key = column[0];
    pages->dirty = true;
    return 0;
}

static int write_at(int fd, const unsigned char *bytes, size_t count, uint64_t offset)
{
    while (count > 0) {
        ssize_t written = pwrite(fd, bytes, count, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return -1;
        bytes += written;
        offset += (uint64_t)written;
        count -= (size_t)written;
    }
    return 0;
}

static int read_page(const struct log_pages *pages, uint32_t page, unsigned char *ret_image)
{
    uint64_t offset = (uint64_t)(page - 1) * pages->page_bytes;
    ssize_t got = pread(pages->fd, ret_image, pages->page_bytes, (off_t)offset);

    if (got == (ssize_t)pages->page_bytes)
        return 0;
    if (got >= 0)
        errno = EIO;
    return -1;
}

/* The next page of the file; the one with the lock byte is never used. */
static uint32_t page_new(struct log_pages *pages)
{
    pages->count++;
    if (pages->count == LOCK_BYTE / pages->page_bytes + 1)
        pages->count++;
    return pages->count;
}

/* A new page goes to the file at once; one that the last checkpoint had waits for the journal. */
static int page_put(struct log_pages *pages, uint32_t page, const unsigned char *image)
{
    if (page > pages->count_before)
        return write_at(pages->fd, image, pages->page_bytes,
                        (uint64_t)(page - 1) * pages->page_bytes);
    SIM_ASSERT(pages->rewritten_count < REWRITTEN_MAX);
    unsigned char *copy = malloc(pages->page_bytes);
    if (copy == NULL)
        return -1;
    memcpy(copy, image, pages->page_bytes);
    pages->rewritten[pages->rewritten_count++] = (struct rewritten){page, copy};
    return 0;
}

static int leaf_put(struct log_pages *pages, const struct leaf *leaf)
{
    leaf->image[0] = PAGE_LEAF;
    put16(leaf->image + 3, leaf->cells);
    put16(leaf->image + 5, leaf->content);
    return page_put(pages, leaf->page, leaf->image);
}

/* Writes an interior page of the first `count` entries. */
static int interior_put(struct log_pages *pages, const struct level *level, uint32_t count,
                        uint32_t page, uint32_t right_child)
{
    unsigned char *image = calloc(1, pages->page_bytes);
    uint32_t content = pages->page_bytes;

    if (image == NULL)
        return -1;
    SIM_ASSERT(count > 0); /* SQLite takes an interior page without cells for damage */
    for (uint32_t i = 0; i < count; i++) {
        unsigned char cell[4 + 9];
        put32(cell, level->entries[i].child);
        uint32_t bytes = 4 + put_varint(cell + 4, (uint64_t)level->entries[i].key);
        content -= bytes;
        memcpy(image + content, cell, bytes);
        put16(image + INTERIOR_HEADER + (size_t)2 * i, content);
    }
    SIM_ASSERT(content >= INTERIOR_HEADER + 2 * count);
    image[0] = PAGE_INTERIOR;
    put16(image + 3, count);
    put16(image + 5, content);
    put32(image + 8, right_child);
    int put = page_put(pages, page, image);
    free(image);
    return put;
}

/* The tree grows by a level: what was the root gets a page of its own. */
static int grow(struct log_pages *pages)
{
    SIM_ASSERT(pages->height < LEVELS_MAX); /* no file has the pages for more */
    pages->height++;
    struct level *top = &pages->level[pages->height];
    *top = (struct level){.page = pages->root};
    /* the smallest cell is a child, a key of a byte and the cell's place */
    top->entries = malloc((pages->page_bytes / 7 + 1) * sizeof *top->entries);
    return top->entries != NULL ? 0 : -1;
}

/* Adds a finished child to its level, and what that finishes to the levels above. A full page gives
 * its last entry up as its right child. */
static int child_add(struct log_pages *pages, uint32_t child, int64_t key)
{
    struct entry entry = {child, key};

    for (uint32_t i = 1;; i++) {
        if (i > pages->height && grow(pages) != 0)
            return -1;
        struct level *level = &pages->level[i];
        uint32_t bytes = 4 + varint_bytes((uint64_t)entry.key) + 2;
        if (INTERIOR_HEADER + level->cell_bytes + bytes <= pages->page_bytes) {
            level->entries[level->count++] = entry;
            level->cell_bytes += bytes;
            return 0;
        }
        bool is_root = i == pages->height;
        uint32_t page = is_root ? page_new(pages) : level->page;
        struct entry last = level->entries[level->count - 1];
        if (interior_put(pages, level, level->count - 1, page, last.child) != 0)
            return -1;
        level->page = page_new(pages);
        level->entries[0] = entry;
        level->count = 1;
        level->cell_bytes = bytes;
        entry = (struct entry){page, last.key};
    }
}

/* All that grew since the last checkpoint: full leaves, the growing one, the right edge. */
static int tree_put(struct log_pages *pages)
{
    for (size_t i = 0; i < pages->full_count; i++) {
        struct leaf *leaf = &pages->full[i];
        if (leaf->page == 0 || leaf->page == pages->root)
            leaf->page = page_new(pages);
        if (leaf_put(pages, leaf) != 0 || child_add(pages, leaf->page, leaf->last_key) != 0)
            return -1;
    }
    if (pages->leaf.page == 0)
        pages->leaf.page = pages->height == 0 ? pages->root : page_new(pages);
    if (leaf_put(pages, &pages->leaf) != 0)
        return -1;
    uint32_t below = pages->leaf.page;
    for (uint32_t i = 1; i <= pages->height; i++) {
        struct level *level = &pages->level[i];
        if (interior_put(pages, level, level->count, level->page, below) != 0)
            return -1;
        below = level->page;
    }
    SIM_ASSERT(below == pages->root);
    return 0;
}

/* Saves the pages that will be rewritten, as they are, in the format of a rollback journal. */
static int journal_write(struct log_pages *pages)
{
    static const unsigned char magic[8] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
    size_t record_bytes = 4 + (size_t)pages->page_bytes + 4;
    size_t bytes = JOURNAL_SECTOR + pages->rewritten_count * record_bytes;
    unsigned char *journal = calloc(1, bytes);

    if (journal == NULL)
        return -1;
    memcpy(journal, magic, sizeof magic);
    put32(journal + 8, pages->rewritten_count);
    put32(journal + 12, pages->count); /* added to each checksum; any number will do */
    put32(journal + 16, pages->count_before);
    put32(journal + 20, JOURNAL_SECTOR);
    put32(journal + 24, pages->page_bytes);
    int failed = 0;
    for (uint32_t i = 0; i < pages->rewritten_count && failed == 0; i++) {
        unsigned char *record = journal + JOURNAL_SECTOR + i * record_bytes;
        uint32_t sum = pages->count;
        put32(record, pages->rewritten[i].page);
        failed = read_page(pages, pages->rewritten[i].page, record + 4);
        for (int at = (int)pages->page_bytes - 200; at > 0; at -= 200)
            sum += record[4 + at];
        put32(record + 4 + pages->page_bytes, sum);
    }
    if (failed == 0 && pages->journal_fd < 0) {
        pages->journal_fd = open(pages->journal_path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        failed = pages->journal_fd < 0 ? -1 : 0;
    }
    if (failed == 0 && write_at(pages->journal_fd, journal, bytes, 0) != 0) {
        int error = errno;
        failed = ftruncate(pages->journal_fd, 0); /* nothing was rewritten yet */
        errno = error;
        failed = -1;
    }
    free(journal);
    return failed;
}

/* Page 1 counts the change and the pages, for every reader to see. */
static int first_page_put(struct log_pages *pages, unsigned char *first)
{
    uint32_t counter = get32(first + AT_COUNTER) + 1;

    put32(first + AT_COUNTER, counter);
    put32(first + AT_VALID_FOR, counter);
    put32(first + AT_PAGE_COUNT, pages->count);
    return page_put(pages, 1, first);
}

static int rewrite(struct log_pages *pages)
{
    for (uint32_t i = 0; i < pages->rewritten_count; i++)
        if (write_at(pages->fd, pages->rewritten[i].image, pages->page_bytes,
                     (uint64_t)(pages->rewritten[i].page - 1) * pages->page_bytes) != 0)
            return -1; /* the journal stays: who opens the file next plays it back */
    return ftruncate(pages->journal_fd, 0);
}

/* Gives back the space of pages that nothing points to. Returns -1 with errno as it was. */
static int append_undo(const struct log_pages *pages)
{
    int error = errno;

    if (ftruncate(pages->fd, (off_t)pages->count_before * pages->page_bytes) != 0)
        error = errno; /* harmless: readers go by the number of pages in page 1 */
    errno = error;
    return -1;
}

int log_pages_checkpoint(struct log_pages *pages)
{
    if (!pages->dirty)
        return 0;
    unsigned char *first = malloc(pages->page_bytes);
    if (first == NULL)
        return -1;
    int failed = read_page(pages, 1, first);
    if (failed == 0) {
        pages->count_before = get32(first + AT_PAGE_COUNT);
        pages->count = pages->count_before;
        SIM_ASSERT(pages->count_before >= pages->root);
        if (tree_put(pages) != 0 || first_page_put(pages, first) != 0 || journal_write(pages) != 0)
            failed = append_undo(pages);
        else
            failed = rewrite(pages);
    }
    int error = errno;
    free(first);
    for (uint32_t i = 0; i < pages->rewritten_count; i++)
        free(pages->rewritten[i].image);
    for (size_t i = 0; i < pages->full_count; i++)
        free(pages->full[i].image);
    pages->rewritten_count = 0;
    pages->full_count = 0;
    pages->dirty = false;
    errno = error;
    return failed;
}
