#ifndef SIM_LOG_PAGES_H
#define SIM_LOG_PAGES_H

/* Rows of one integer table, written as SQLite's own b-tree pages. Private to the log.
 *
 * Most of what an INSERT costs is the library's virtual machine, not the disk. The table of events
 * is only ever appended to, in rising row numbers, so its pages are built here by the documented
 * file format (sqlite.org/fileformat2.html) and the library finds them as if it had made them. It
 * keeps every other table, the indices and all of the reading.
 *
 * Rows gather in memory. A checkpoint appends full pages to the file, then rewrites the few that
 * exist already (page 1, the root, the right edge of the tree) under a rollback journal in SQLite's
 * format, and empties that journal: this is the commit. A kill before it is undone by whoever opens
 * the file next, as with any SQLite transaction.
 *
 * Legal use: the connection of the same thread holds BEGIN EXCLUSIVE around each checkpoint, never
 * writes this table itself, and does not use locking_mode = EXCLUSIVE or WAL, so that it sees the
 * changed counter on page 1. */

#include <stdint.h>

struct log_pages;

/* log_pages_open takes over the empty table with root page `root` in the database `fd`. The
 * journal's path is copied; fd stays the caller's. NULL when there is no memory. */
struct log_pages *log_pages_open(int fd, const char *journal_path, uint32_t page_bytes,
                                 uint32_t root);

/* log_pages_append adds a row of up to 16 integers. column[0] is the row number and must rise
 * (asserted); bit i of nulls makes column i NULL. About 40 ns. 0, or -1 without memory. */
int log_pages_append(struct log_pages *pages, const int64_t *column, uint32_t columns,
                     uint32_t nulls);

/* log_pages_checkpoint commits all rows so far. 0, or -1 with errno; then the database is as it was
 * at the last checkpoint, and the only thing left to do is log_pages_close. */
int log_pages_checkpoint(struct log_pages *pages);

/* log_pages_close frees the memory; rows since the last checkpoint are gone. NULL is fine. */
void log_pages_close(struct log_pages *pages);

#endif
