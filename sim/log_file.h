#ifndef SIM_LOG_FILE_H
#define SIM_LOG_FILE_H

/* The files of a result database: PATH.partial while it is written, PATH when it is whole. Private
 * to the log; knows names, locks and renames, nothing of SQL.
 *
 * The .partial appears in one step with a complete first image in it, and under a lock that lasts
 * until log_file_publish or log_file_release, so that at any moment a killed run leaves a whole
 * database and a second run on the same path is refused. A leftover .partial is replaced only when
 * it is empty or one of ours (application_id); nothing else is ever overwritten. All errors are
 * whole sentences that name the path and what to do. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_file {
    char *path, *partial; /* partial never looks like a URI to SQLite */
    int fd;               /* holds the lock; -1 = not created */
    bool force;
};

/* log_file_init copies the path; refuses one that exists without force, a folder, or no regular
 * file. 0 or -1; log_file_free in both cases. */
int log_file_init(struct log_file *file, const char *path, bool force, char *ret_error,
                  size_t error_bytes);

/* log_file_create makes the folders above, clears a leftover of ours away and lets PATH.partial
 * appear with `image` in it, locked. 0 or -1. */
int log_file_create(struct log_file *file, const void *image, size_t image_bytes, char *ret_error,
                    size_t error_bytes);

/* log_file_sync waits until the .partial is on the disk. 0 or -1. */
int log_file_sync(const struct log_file *file, char *ret_error, size_t error_bytes);

/* log_file_publish renames the .partial to PATH and syncs the folder. Without force it still does
 * not replace a PATH that appeared meanwhile. 0 and the size, or -1 and the .partial stays. */
int log_file_publish(struct log_file *file, char *ret_error, size_t error_bytes,
                     uint64_t *ret_file_bytes);

/* log_file_tidy removes an emptied journal that a failure left; one with content is needed. */
void log_file_tidy(const struct log_file *file);

/* log_file_remove deletes the .partial: the run was given up before it began. */
void log_file_remove(const struct log_file *file);

/* log_file_free gives up the lock and the memory. */
void log_file_free(struct log_file *file);

#endif
