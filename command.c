#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void command_word_print(FILE *file, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/._-+=:,@%";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        fputs(word, file);
        return;
    }
    fputc('\'', file);
    for (; *word != '\0'; word++)
        if (*word == '\'')
            fputs("'\\''", file);
        else
            fputc(*word, file);
    fputc('\'', file);
}

void command_next_print(const char *before, const char *path, const char *after)
{
    bool from_stdin = strcmp(path, "-") == 0;
    fflush(stdout); /* one file may take both */
    fprintf(stderr, "next: shardsim %s ", before);
    command_word_print(stderr, path);
    fprintf(stderr, "%s%s\n", after, from_stdin ? " < FILE" : "");
}

static uint32_t big_endian(const unsigned char *bytes, int count)
{
    uint32_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* The database file format of SQLite, section 1.3. */
int command_head_read(const char *path, struct command_head *ret_head)
{
    enum { MAGIC_BYTES = 16, HEAD_BYTES = 100 };
    unsigned char head[HEAD_BYTES] = {0};
    struct stat status;
    if (stat(path, &status) != 0)
        return -1;
    errno = EINVAL;
    int file = S_ISREG(status.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return -1;
    ssize_t got = read(file, head, sizeof head);
    int error = errno;
    close(file);
    errno = error;
    if (got < 0)
        return -1;
    *ret_head = (struct command_head){
        .bytes = (uint64_t)status.st_size,
        .is_database = got >= MAGIC_BYTES && memcmp(head, "SQLite format 3", MAGIC_BYTES) == 0,
        .is_whole = got == HEAD_BYTES};
    if (!ret_head->is_whole)
        return 0;
    uint32_t page_bytes = big_endian(head + 16, 2);
    if (big_endian(head + 24, 4) == big_endian(head + 92, 4))
        ret_head->needed_bytes =
            (uint64_t)big_endian(head + 28, 4) * (page_bytes == 1 ? 65536 : page_bytes);
    ret_head->application_id = big_endian(head + 68, 4);
    ret_head->layout = big_endian(head + 60, 4);
    return 0;
}

bool command_is_catalogue(const char *path)
{
    struct command_head head;
    return command_head_read(path, &head) == 0 && head.is_database && head.is_whole &&
           head.application_id == COMMAND_CATALOGUE_ID;
}
