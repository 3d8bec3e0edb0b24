#include "sim/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/log_schema.h"

enum {
    LOCK_TRIES_MAX = 16,
    PATH_BYTES_MAX = 512 - 16 /* SQLite's own limit, less ".partial" and "-journal" */
};

__attribute__((format(printf, 3, 4))) static int fail(char *ret_error, size_t error_bytes,
                                                      const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(ret_error, error_bytes, format, arguments);
    va_end(arguments);
    return -1;
}

static int fail_errno(const char *path, char *ret_error, size_t error_bytes)
{
    int error = errno;
    const char *what_to_do = "write elsewhere with -o FILE";

    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        what_to_do = "free space or write elsewhere with -o FILE";
    return fail(ret_error, error_bytes, "cannot write %s: %s; %s", path, strerror(error),
                what_to_do);
}

/* "file:x" would be a URI to a SQLite built with them, "./file:x" is not. */
static char *path_make(const char *path, const char *suffix)
{
    size_t bytes = strlen(path) + strlen(suffix) + 3;
    char *made = malloc(bytes);

    if (made != NULL)
        snprintf(made, bytes, "%s%s%s", strncmp(path, "file:", 5) == 0 ? "./" : "", path, suffix);
    return made;
}

/* How long SQLite will find the path, which it makes absolute first. */
static size_t path_bytes(const char *path)
{
    char *folder = path[0] == '/' ? NULL : getcwd(NULL, 0);
    size_t bytes = strlen(path) + (folder == NULL ? 0 : strlen(folder) + 1);

    free(folder);
    return bytes;
}

/* Ours: empty, or a SQLite header (its documented layout) with our application_id. */
static bool is_ours(int fd)
{
    unsigned char header[100];
    ssize_t bytes = pread(fd, header, sizeof header, 0);

    if (bytes == 0)
        return true;
    if (bytes != (ssize_t)sizeof header || memcmp(header, "SQLite format 3", 16) != 0)
        return false;
    uint32_t id = (uint32_t)header[68] << 24 | (uint32_t)header[69] << 16 |
                  (uint32_t)header[70] << 8 | (uint32_t)header[71];
    return id == LOG_APPLICATION_ID;
}

/* What the user asks to replace must be a result: a name may have been mistyped. */
static bool is_ours_named(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool ours = fd >= 0 && is_ours(fd);

    if (fd >= 0)
        close(fd);
    return ours;
}

int log_file_init(struct log_file *file, const char *path, bool force, char *ret_error,
                  size_t error_bytes)
{
    struct stat existing;

    *file = (struct log_file){.fd = -1, .force = force};
    if (path[0] == '\0')
        return fail(ret_error, error_bytes, "the name of the result file is empty; give -o FILE");
    if (path_bytes(path) > PATH_BYTES_MAX)
        return fail(ret_error, error_bytes,
                    "cannot write %.200s...: with its folders the name has %zu bytes, and SQLite "
                    "takes %d; write elsewhere with -o FILE",
                    path, path_bytes(path), PATH_BYTES_MAX);
    file->path = path_make(path, "");
    file->partial = path_make(path, ".partial");
    if (file->path == NULL || file->partial == NULL)
        return fail(ret_error, error_bytes, "cannot write %s: out of memory", path);
    if (lstat(file->path, &existing) != 0) {
        if (errno == ENOENT)
            return 0;
        return fail_errno(path, ret_error, error_bytes);
    }
    if (S_ISDIR(existing.st_mode))
        return fail(ret_error, error_bytes,
                    "cannot write %s: it is a folder; name a file in it with -o FILE", path);
    if (!S_ISREG(existing.st_mode))
        return fail(ret_error, error_bytes,
                    "cannot write %s: it is not a regular file; write elsewhere with -o FILE",
                    path);
    if (!force)
        return fail(ret_error, error_bytes,
                    "%s exists; replace it with --force or write elsewhere with -o FILE", path);
    if (!is_ours_named(file->path))
        return fail(ret_error, error_bytes,
                    "%s is there and is no result database: it is left alone; write elsewhere "
                    "with -o FILE",
                    path);
    return 0;
}

static int make_folders(const struct log_file *file, char *ret_error, size_t error_bytes)
{
    for (char *slash = strchr(file->path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        struct stat folder;
        bool there = stat(file->path, &folder) == 0 && S_ISDIR(folder.st_mode);
        if (!there && mkdir(file->path, 0777) != 0 && errno != EEXIST) {
            int failed = fail_errno(file->path, ret_error, error_bytes);
            *slash = '/';
            return failed;
        }
        *slash = '/';
    }
    return 0;
}

static void remove_sides(const struct log_file *file)
{
    static const char *const suffixes[] = {"-journal", "-wal", "-shm"};

    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char *side = path_make(file->partial, suffixes[i]);
        if (side != NULL)
            unlink(side);
        free(side);
    }
}

static int in_use(const struct log_file *file, char *ret_error, size_t error_bytes)
{
    return fail(ret_error, error_bytes,
                "%s is being written by another run; wait for it or write elsewhere with -o FILE",
                file->partial);
}

static bool same_file(int fd, const char *path)
{
    struct stat by_fd, by_path;

    return fstat(fd, &by_fd) == 0 && lstat(path, &by_path) == 0 && by_fd.st_ino == by_path.st_ino &&
           by_fd.st_dev == by_path.st_dev;
}

/* Removes the .partial of a run that was killed. The lock is asked first: a live run holds it. */
static int clear_leftover(const struct log_file *file, char *ret_error, size_t error_bytes)
{
    for (int tries = 0; tries < LOCK_TRIES_MAX; tries++) {
        struct stat existing;
        if (lstat(file->partial, &existing) != 0)
            return errno == ENOENT ? 0 : fail_errno(file->partial, ret_error, error_bytes);
        int fd = -1;
        if (S_ISREG(existing.st_mode)) {
            fd = open(file->partial, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
            if (fd < 0 && errno == ENOENT)
                continue;
            if (fd < 0)
                return fail_errno(file->partial, ret_error, error_bytes);
        }
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
            close(fd);
            return in_use(file, ret_error, error_bytes);
        }
        if (fd >= 0 && !same_file(fd, file->partial)) {
            close(fd); /* somebody replaced it between open and lock */
            continue;
        }
        if (fd < 0 || !is_ours(fd)) {
            if (fd >= 0)
                close(fd);
            return fail(ret_error, error_bytes,
                        "%s is in the way and is no result database; move it or write elsewhere "
                        "with -o FILE",
                        file->partial);
        }
        int removed = unlink(file->partial);
        if (removed == 0)
            remove_sides(file);
        else
            fail_errno(file->partial, ret_error, error_bytes);
        close(fd);
        return removed;
    }
    return in_use(file, ret_error, error_bytes);
}

static int write_whole(int fd, const void *image, size_t image_bytes)
{
    const char *bytes = image;

    while (image_bytes > 0) {
        ssize_t written = write(fd, bytes, image_bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return -1;
        bytes += written;
        image_bytes -= (size_t)written;
    }
    return 0;
}

/* Opens the folder that the result is in. */
static int open_folder(const struct log_file *file, int flags)
{
    char *folder = strdup(file->path);
    int fd = -1;

    if (folder == NULL)
        return -1;
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        fd = open(".", flags, 0666);
    else if (slash == folder)
        fd = open("/", flags, 0666);
    else {
        *slash = '\0';
        fd = open(folder, flags, 0666);
    }
    free(folder);
    return fd;
}

/* Writes a file without a name, locks it and then names it: it appears whole. -1 with errno where
 * the file system cannot do that (or EEXIST). */
static int create_nameless(const struct log_file *file, const void *image, size_t image_bytes)
{
    char nameless[64];
    int fd = open_folder(file, O_TMPFILE | O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return -1;
    snprintf(nameless, sizeof nameless, "/proc/self/fd/%d", fd);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && write_whole(fd, image, image_bytes) == 0 &&
        linkat(AT_FDCWD, nameless, AT_FDCWD, file->partial, AT_SYMLINK_FOLLOW) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* The same in two steps: the file is whole some microseconds after it appears. */
static int create_named(const struct log_file *file, const void *image, size_t image_bytes)
{
    int fd = open(file->partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && write_whole(fd, image, image_bytes) == 0)
        return fd;
    int error = errno;
    unlink(file->partial);
    close(fd);
    errno = error;
    return -1;
}

int log_file_create(struct log_file *file, const void *image, size_t image_bytes, char *ret_error,
                    size_t error_bytes)
{
    if (make_folders(file, ret_error, error_bytes) != 0 ||
        clear_leftover(file, ret_error, error_bytes) != 0)
        return -1;
    file->fd = create_nameless(file, image, image_bytes);
    if (file->fd < 0 && errno != EEXIST)
        file->fd = create_named(file, image, image_bytes);
    if (file->fd < 0 && errno == EEXIST)
        return in_use(file, ret_error, error_bytes);
    if (file->fd < 0)
        return fail_errno(file->partial, ret_error, error_bytes);
    remove_sides(file); /* a journal without its database would be played back into ours */
    return 0;
}

int log_file_sync(const struct log_file *file, char *ret_error, size_t error_bytes)
{
    return fsync(file->fd) == 0 ? 0 : fail_errno(file->partial, ret_error, error_bytes);
}

static void sync_folder(const struct log_file *file)
{
    int fd = open_folder(file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    fsync(fd); /* some file systems cannot; the rename itself was done */
    close(fd);
}

int log_file_publish(struct log_file *file, char *ret_error, size_t error_bytes,
                     uint64_t *ret_file_bytes)
{
    struct stat status;

    if (log_file_sync(file, ret_error, error_bytes) != 0)
        return -1;
    if (fstat(file->fd, &status) != 0)
        return fail_errno(file->partial, ret_error, error_bytes);
    int renamed = renameat2(AT_FDCWD, file->partial, AT_FDCWD, file->path,
                            file->force ? 0 : RENAME_NOREPLACE);
    if (renamed != 0 && errno == EINVAL) { /* not every file system can refuse in one step */
        if (access(file->path, F_OK) == 0)
            errno = EEXIST;
        else
            renamed = rename(file->partial, file->path);
    }
    if (renamed != 0 && errno == EEXIST)
        return fail(ret_error, error_bytes,
                    "%s appeared while the run was going on; the result is whole and stays in %s",
                    file->path, file->partial);
    if (renamed != 0)
        return fail_errno(file->path, ret_error, error_bytes);
    sync_folder(file);
    *ret_file_bytes = (uint64_t)status.st_size;
    return 0;
}

void log_file_tidy(const struct log_file *file)
{
    char *journal = path_make(file->partial, "-journal");
    struct stat status;

    if (journal != NULL && lstat(journal, &status) == 0 && status.st_size == 0)
        unlink(journal);
    free(journal);
}

void log_file_remove(const struct log_file *file)
{
    unlink(file->partial);
    remove_sides(file);
}

void log_file_free(struct log_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    free(file->partial);
    *file = (struct log_file){.fd = -1};
}
