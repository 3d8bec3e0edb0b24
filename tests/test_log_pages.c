/* Goal: SQLite cannot tell pages built here from its own, and a checkpoint happens wholly or not at
 * all. Method: the same random rows go to a table through log_pages and to another one through
 * INSERT, with page sizes down to the smallest, where few rows make deep trees; then the tables are
 * compared and integrity_check reads every byte. Torn checkpoints are mixes of the file before and
 * after, with the journal that the checkpoint wrote. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/log_pages.h"
#include "tests/check_main.h"
#include "tests/log_fixture.h"

enum { COLUMNS = 10 };

struct pair { /* a database with a direct table and a plain one */
    sqlite3 *database;
    sqlite3_stmt *insert;
    struct log_pages *pages;
    char path[256], journal[300];
    int fd;
    uint64_t random;
};

static uint64_t random_next(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void execute(sqlite3 *database, const char *sql)
{
    char *error = NULL;
    int code = sqlite3_exec(database, sql, NULL, NULL, &error);

    ck_assert_msg(code == SQLITE_OK, "%s: %s", sql, error);
}

static void pair_open(struct pair *pair, unsigned page_bytes, uint64_t seed)
{
    char sql[1200];
    static const char columns[] = "(seq INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER,"
                                  " d INTEGER, e INTEGER, f INTEGER, g INTEGER, h INTEGER,"
                                  " i INTEGER) STRICT;";

    memset(pair, 0, sizeof *pair);
    pair->random = seed;
    snprintf(pair->path, sizeof pair->path, "%s", in_folder("pair.db"));
    snprintf(pair->journal, sizeof pair->journal, "%s-journal", pair->path);
    unlink(pair->path);
    ck_assert_int_eq(sqlite3_open(pair->path, &pair->database), SQLITE_OK);
    snprintf(sql, sizeof sql,
             "PRAGMA page_size = %u; PRAGMA synchronous = OFF; PRAGMA journal_mode = TRUNCATE;"
             "CREATE TABLE plain %s CREATE TABLE direct %s CREATE TABLE other (text TEXT);",
             page_bytes, columns, columns);
    execute(pair->database, sql);
    ck_assert_int_eq(sqlite3_prepare_v2(pair->database,
                                        "INSERT INTO plain VALUES (?,?,?,?,?,?,?,?,?,?)", -1,
                                        &pair->insert, NULL),
                     SQLITE_OK);
    pair->fd = open(pair->path, O_RDWR);
    ck_assert_int_ge(pair->fd, 0);
}

static void pair_begin(struct pair *pair, const char *journal)
{
    unsigned page_bytes = (unsigned)atoi(query(pair->path, "PRAGMA page_size"));
    unsigned root = (unsigned)atoi(
        query(pair->path, "SELECT rootpage FROM sqlite_schema WHERE name = 'direct'"));

    pair->pages = log_pages_open(pair->fd, journal, page_bytes, root);
    ck_assert_ptr_nonnull(pair->pages);
}

static void pair_close(struct pair *pair)
{
    log_pages_close(pair->pages);
    sqlite3_finalize(pair->insert);
    sqlite3_close(pair->database);
    close(pair->fd);
}

/* Small and large magnitudes alike, both signs, NULL; the borders of each storage size. */
static int64_t random_value(uint64_t *random, bool *ret_null)
{
    unsigned bits = (unsigned)(random_next(random) % 65);
    uint64_t value = bits == 0 ? 0 : random_next(random) >> (64 - bits);
    uint64_t border = UINT64_C(1) << (bits == 64 ? 63 : bits);

    *ret_null = false;
    switch (random_next(random) % 8) {
    case 0:
        *ret_null = true;
        return 0;
    case 1:
        return (int64_t)border;
    case 2:
        return (int64_t)(border - 1);
    case 3:
        return (int64_t) ~(border - 1);
    case 4:
        return (int64_t)~border;
    case 5:
        return (int64_t)~value;
    default:
        return (int64_t)value;
    }
}

static int64_t row_add(struct pair *pair, int64_t seq)
{
    int64_t column[COLUMNS] = {seq};
    uint32_t nulls = 0;

    sqlite3_bind_int64(pair->insert, 1, seq);
    for (int i = 1; i < COLUMNS; i++) {
        bool null;
        column[i] = random_value(&pair->random, &null);
        if (null) {
            nulls |= UINT32_C(1) << i;
            sqlite3_bind_null(pair->insert, i + 1);
        } else {
            sqlite3_bind_int64(pair->insert, i + 1, column[i]);
        }
    }
    ck_assert_int_eq(sqlite3_step(pair->insert), SQLITE_DONE);
    sqlite3_reset(pair->insert);
    ck_assert_int_eq(log_pages_append(pair->pages, column, COLUMNS, nulls), 0);
    uint64_t gap = random_next(&pair->random) % 16 == 0 ? random_next(&pair->random) % 1000 : 0;
    return (int64_t)((uint64_t)seq + 1 + gap);
}

static int checkpoint(struct pair *pair)
{
    execute(pair->database, "BEGIN EXCLUSIVE");
    int failed = log_pages_checkpoint(pair->pages);
    execute(pair->database, "COMMIT");
    return failed;
}

static const char difference[] =
    "SELECT (SELECT count(*) FROM plain) || ' ' || (SELECT count(*) FROM direct) || ' ' ||"
    " (SELECT count(*) FROM (SELECT * FROM plain EXCEPT SELECT * FROM direct)) || ' ' ||"
    " (SELECT count(*) FROM (SELECT * FROM direct EXCEPT SELECT * FROM plain))";

static void assert_alike(struct pair *pair, uint64_t rows, uint64_t seed)
{
    char wanted[64];

    snprintf(wanted, sizeof wanted, "%" PRIu64 " %" PRIu64 " 0 0", rows, rows);
    ck_assert_msg(strcmp(query(pair->path, difference), wanted) == 0, "seed %" PRIu64 ": %s", seed,
                  query(pair->path, difference));
    ck_assert_msg(strcmp(query(pair->path, "PRAGMA integrity_check"), "ok") == 0,
                  "seed %" PRIu64 ": %s", seed, query(pair->path, "PRAGMA integrity_check"));
}

/* Rows, with checkpoints of random sizes between them, and other tables written meanwhile. */
static void rows_add(struct pair *pair, uint64_t rows, uint64_t step_max)
{
    int64_t seq = (int64_t)(random_next(&pair->random) % 300) - 100;

    for (uint64_t done = 0; done < rows;) {
        uint64_t step = 1 + random_next(&pair->random) % step_max;
        execute(pair->database, "BEGIN");
        for (uint64_t i = 0; i < step && done < rows; i++, done++)
            seq = row_add(pair, seq);
        execute(pair->database, "INSERT INTO other VALUES (hex(zeroblob(300))); COMMIT");
        ck_assert_int_eq(checkpoint(pair), 0);
    }
}

START_TEST(rows_read_as_those_that_sqlite_wrote)
{
    static const struct {
        unsigned page_bytes;
        uint64_t rows, step_max;
    } cases[] = {{512, 0, 1},
                 {512, 1, 1},
                 {512, 5, 1},
                 {512, 60, 3},
                 {512, 700, 1},
                 {512, 5000, 40},
                 {512, 100000, 9000},
                 {1024, 20000, 100},
                 {4096, 30000, 70},
                 {16384, 30000, 90},
                 {16384, 300000, 100000},
                 {32768, 9000, 9}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair pair;
        pair_open(&pair, cases[i].page_bytes, i);
        pair_begin(&pair, pair.journal);
        rows_add(&pair, cases[i].rows, cases[i].step_max);
        ck_assert_int_eq(checkpoint(&pair), 0); /* with nothing new */
        assert_alike(&pair, cases[i].rows, i);
        pair_close(&pair);
    }
    remove_folder();
}
END_TEST

/* Keys of one byte and of nine: all widths of row numbers, in leaves and above them. */
START_TEST(row_numbers_of_every_width_are_found)
{
    struct pair pair;
    uint64_t rows = 0;

    pair_open(&pair, 512, 1);
    pair_begin(&pair, pair.journal);
    execute(pair.database, "BEGIN");
    row_add(&pair, INT64_MIN + 1);
    rows++;
    for (int bits = 0; bits < 63; bits++)
        for (int64_t i = 0; i < 40 && (bits > 5 || i < 1 << bits); i++, rows++)
            row_add(&pair, (INT64_C(1) << bits) + i);
    row_add(&pair, INT64_MAX);
    rows++;
    execute(pair.database, "COMMIT");
    ck_assert_int_eq(checkpoint(&pair), 0);
    assert_alike(&pair, rows, 1);
    ck_assert_str_eq(query(pair.path, "SELECT count(*) FROM plain p JOIN direct d USING (seq)"),
                     query(pair.path, "SELECT count(*) FROM plain"));
    pair_close(&pair);
    remove_folder();
}
END_TEST

START_TEST(rows_wait_for_the_checkpoint)
{
    struct pair pair;

    pair_open(&pair, 512, 1);
    pair_begin(&pair, pair.journal);
    for (int64_t seq = 1; seq <= 1000; seq++)
        row_add(&pair, seq);
    ck_assert_str_eq(query(pair.path, "SELECT count(*) FROM direct"), "0");
    ck_assert_int_eq(checkpoint(&pair), 0);
    ck_assert_str_eq(query(pair.path, "SELECT count(*) FROM direct"), "1000");
    execute(pair.database, "UPDATE direct SET a = 1 WHERE seq = 500");
    ck_assert_str_eq(query(pair.path, "PRAGMA integrity_check"), "ok");
    pair_close(&pair);
    remove_folder();
}
END_TEST

/* A connection that has read pages must not believe its cache, even when no page was added. */
START_TEST(open_connections_see_every_checkpoint)
{
    struct pair pair;
    sqlite3_stmt *count;
    unsigned char header[100];

    pair_open(&pair, 512, 1);
    pair_begin(&pair, pair.journal);
    ck_assert_int_eq(
        sqlite3_prepare_v2(pair.database, "SELECT count(*) FROM direct", -1, &count, NULL),
        SQLITE_OK);
    for (int64_t seq = 1; seq <= 100; seq++) {
        int64_t column[COLUMNS] = {seq};
        ck_assert_int_eq(log_pages_append(pair.pages, column, COLUMNS, 0), 0);
        ck_assert_int_eq(checkpoint(&pair), 0);
        ck_assert_int_eq(sqlite3_step(count), SQLITE_ROW);
        ck_assert_int_eq(sqlite3_column_int64(count, 0), seq);
        sqlite3_reset(count);
        ck_assert_int_eq(pread(pair.fd, header, sizeof header, 0), sizeof header);
        ck_assert(memcmp(header + 24, header + 92, 4) == 0); /* the page count is to be believed */
    }
    sqlite3_finalize(count);
    pair_close(&pair);
    remove_folder();
}
END_TEST

/* The page at 2^30 belongs to SQLite's locks. A file with a hole stands for a gigabyte of rows. */
START_TEST(page_of_the_lock_byte_is_skipped)
{
    struct pair pair;
    uint32_t pages_before = (1 << 30) / 512 - 4;
    unsigned char count[4] = {(unsigned char)(pages_before >> 24),
                              (unsigned char)(pages_before >> 16),
                              (unsigned char)(pages_before >> 8), (unsigned char)pages_before};
    unsigned char lock_page[512], zeros[512] = {0};

    pair_open(&pair, 512, 1);
    ck_assert_int_eq(ftruncate(pair.fd, (off_t)pages_before * 512), 0);
    ck_assert_int_eq(pwrite(pair.fd, count, 4, 28), 4);
    pair_begin(&pair, pair.journal);
    for (int64_t seq = 1; seq <= 2000; seq++)
        ck_assert_int_eq(log_pages_append(pair.pages, (int64_t[COLUMNS]){seq, seq}, COLUMNS, 0), 0);
    ck_assert_int_eq(checkpoint(&pair), 0);
    ck_assert_int_eq(pread(pair.fd, lock_page, 512, 1 << 30), 512);
    ck_assert(memcmp(lock_page, zeros, 512) == 0);
    ck_assert_str_eq(query(pair.path, "SELECT count(*) || ' ' || sum(a) FROM direct"),
                     "2000 2001000");
    ck_assert_int_gt(atoi(query(pair.path, "PRAGMA page_count")), (1 << 30) / 512 + 20);
    pair_close(&pair);
    remove_folder();
}
END_TEST

static unsigned char *read_whole(int fd, size_t *ret_bytes)
{
    struct stat status;

    ck_assert_int_eq(fstat(fd, &status), 0);
    *ret_bytes = (size_t)status.st_size;
    unsigned char *bytes = malloc(*ret_bytes + 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_eq(pread(fd, bytes, *ret_bytes, 0), (ssize_t)*ret_bytes);
    return bytes;
}

static void write_whole(const char *path, const unsigned char *bytes, size_t count)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, count), (ssize_t)count);
    close(fd);
}

/* A journal in memory that cannot shrink: the checkpoint rewrites all pages and then cannot end. */
static void tear(unsigned page_bytes, uint64_t rows, uint64_t seed)
{
    struct pair pair;
    char journal[64];
    size_t before_bytes, after_bytes, journal_bytes;
    int memory = memfd_create("journal", MFD_ALLOW_SEALING);

    pair_open(&pair, page_bytes, seed);
    snprintf(journal, sizeof journal, "/proc/self/fd/%d", memory);
    pair_begin(&pair, journal);
    rows_add(&pair, rows, 1 + rows / 2);
    unsigned char *before = read_whole(pair.fd, &before_bytes);
    for (int64_t seq = 10000000; seq < 10000000 + 3 * (int64_t)rows + 1; seq++) {
        int64_t column[COLUMNS] = {seq, seq, -seq};
        ck_assert_int_eq(log_pages_append(pair.pages, column, COLUMNS, 8), 0);
    }
    ck_assert_int_eq(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    ck_assert_int_eq(checkpoint(&pair), -1);
    unsigned char *after = read_whole(pair.fd, &after_bytes);
    unsigned char *saved = read_whole(memory, &journal_bytes);
    ck_assert_uint_ge(after_bytes, before_bytes);
    pair_close(&pair);

    for (int mix = 0; mix < 6; mix++) {
        unsigned char *torn = malloc(after_bytes);
        memcpy(torn, after, after_bytes);
        for (size_t at = 0; at < before_bytes; at += 512) /* 0: all new, 1: all old, then torn */
            if (mix == 1 || (mix > 1 && random_next(&pair.random) % 2))
                memcpy(torn + at, before + at, 512);
        size_t torn_bytes =
            mix < 3 ? after_bytes
                    : before_bytes + random_next(&pair.random) % (after_bytes - before_bytes + 1);
        write_whole(pair.path, torn, torn_bytes);
        write_whole(pair.journal, saved, journal_bytes);
        assert_alike(&pair, rows, seed);
        int fd = open(pair.path, O_RDONLY);
        size_t back_bytes;
        unsigned char *back = read_whole(fd, &back_bytes);
        ck_assert_uint_eq(back_bytes, before_bytes);
        ck_assert(memcmp(back, before, before_bytes) == 0);
        close(fd);
        free(back);
        free(torn);
    }
    /* A journal that was cut while it was written: nothing was rewritten yet. */
    for (int cut = 0; cut < 4; cut++) {
        write_whole(pair.path, before, before_bytes);
        write_whole(pair.journal, saved,
                    cut == 0 ? journal_bytes - 1 : random_next(&pair.random) % journal_bytes);
        assert_alike(&pair, rows, seed);
    }
    free(before);
    free(after);
    free(saved);
    close(memory);
}

START_TEST(torn_checkpoint_is_undone_by_the_next_reader)
{
    static const struct {
        unsigned page_bytes;
        uint64_t rows;
    } cases[] = {{512, 0},  {512, 1},  {512, 7},    {512, 8},  {512, 9},
                 {512, 40}, {512, 60}, {512, 3000}, {4096, 1}, {4096, 3000}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        tear(cases[i].page_bytes, cases[i].rows, i);
    remove_folder();
}
END_TEST

START_TEST(full_disk_leaves_the_last_checkpoint)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct pair pair;
        pair_open(&pair, 1024, seed);
        pair_begin(&pair, pair.journal);
        rows_add(&pair, 4000, 1000);
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            struct stat status;
            fstat(pair.fd, &status);
            rlim_t limit = (rlim_t)status.st_size + seed * 1500;
            signal(SIGXFSZ, SIG_IGN);
            setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit, limit});
            for (int64_t seq = 10000000; seq < 10003000; seq++) {
                int64_t column[COLUMNS] = {seq, seq, -seq};
                log_pages_append(pair.pages, column, COLUMNS, 0);
            }
            int failed = log_pages_checkpoint(pair.pages);
            _exit(failed == -1 && errno == EFBIG ? 0 : 1);
        }
        int status;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
        pair_close(&pair);
        assert_alike(&pair, 4000, seed);
    }
    remove_folder();
}
END_TEST

CHECK_MAIN("log_pages", rows_read_as_those_that_sqlite_wrote, row_numbers_of_every_width_are_found,
           rows_wait_for_the_checkpoint, open_connections_see_every_checkpoint,
           page_of_the_lock_byte_is_skipped, torn_checkpoint_is_undone_by_the_next_reader,
           full_disk_leaves_the_last_checkpoint)
