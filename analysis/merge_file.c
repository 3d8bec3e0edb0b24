#include "analysis/merge_file.h"

#include "analysis/must.h"
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* True when nothing is there, an empty file, or a catalogue. By its header alone: SQLite would
 * first want to play back the journal of a killed merge. */
static bool may_replace(const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return true; /* if it is there all the same, writing will say why it cannot be read */
    return S_ISREG(status.st_mode) && (status.st_size == 0 || command_is_catalogue(path));
}

static int fail_left_alone(const char *path, struct database_error *ret_error)
{
    snprintf(ret_error->text, sizeof ret_error->text,
             "%s is there and is no catalogue: it is left alone; give another name to -o", path);
    return -1;
}

static int fail_errno(const struct merge_file *file, struct database_error *ret_error)
{
    int error = errno;
    const char *what = error == ENOENT || error == ENOTDIR
                           ? "make the folder first, or give another place to -o"
                           : "free space, or give another place to -o";
    snprintf(ret_error->text, sizeof ret_error->text, "%s could not be written: %s; %s",
             file->output, strerror(error), what);
    return -1;
}

static void remove_journal(const struct merge_file *file)
{
    char *journal = must_print("%s-journal", file->partial);
    unlink(journal);
    free(journal);
}

static void release(struct merge_file *file)
{
    if (file->lock >= 0)
        close(file->lock);
    free(file->partial);
    *file = (struct merge_file){.lock = -1};
}

/* Between opening and locking another merge may have published or removed the file. */
static bool is_still_named(const struct merge_file *file)
{
    struct stat mine, named;
    return fstat(file->lock, &mine) == 0 && lstat(file->partial, &named) == 0 &&
           mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

int merge_file_open(const char *output, struct merge_file *ret_file,
                    struct database_error *ret_error)
{
    struct merge_file file = {
        .output = output, .partial = must_print("%s.partial", output), .lock = -1};
    int status = 0;
    if (!may_replace(output)) {
        status = fail_left_alone(output, ret_error);
    } else if (!may_replace(file.partial)) {
        status = fail_left_alone(file.partial, ret_error);
    } else {
        file.lock = open(file.partial, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (file.lock < 0)
            status = fail_errno(&file, ret_error);
    }
    if (status == 0 && (flock(file.lock, LOCK_EX | LOCK_NB) != 0 || !is_still_named(&file))) {
        snprintf(ret_error->text, sizeof ret_error->text,
                 "%s is being written by another merge; wait for it or give another name to -o",
                 file.partial);
        status = -1;
    }
    if (status == 0) {
        remove_journal(&file);
        if (ftruncate(file.lock, 0) != 0)
            status = fail_errno(&file, ret_error);
    }
    if (status != 0)
        release(&file);
    *ret_file = file;
    return status;
}

int merge_file_publish(struct merge_file *file, struct database_error *ret_error)
{
    int status = 0;
    if (fsync(file->lock) != 0 || rename(file->partial, file->output) != 0) {
        status = fail_errno(file, ret_error);
        merge_file_abandon(file);
    } else {
        release(file);
    }
    return status;
}

void merge_file_abandon(struct merge_file *file)
{
    unlink(file->partial);
    remove_journal(file);
    release(file);
}
