#include "command.h"

#include <string.h>

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
