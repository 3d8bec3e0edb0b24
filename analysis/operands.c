#include "analysis/operands.h"

#include "analysis/must.h"
#include "command.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PROBLEMS_SHOWN = 20 };

struct place { /* a folder still to be read, or a file */
    char *path;
    int depth;
};

struct places {
    struct place *items;
    size_t count, capacity;
};

static void place_add(struct places *places, char *path, int depth)
{
    places->items =
        must_grow(places->items, places->count, &places->capacity, sizeof places->items[0]);
    places->items[places->count++] = (struct place){.path = path, .depth = depth};
}

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    return strcmp(a->path, b->path);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int read_folder(const char *path, int depth, bool partial, struct places *folders,
                       struct places *files, struct database_error *ret_error)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        snprintf(ret_error->text, sizeof ret_error->text, "%s: %s", path, strerror(errno));
        return EXIT_IO;
    }
    const char *separator = ends_with(path, "/") ? "" : "/";
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.')
            continue;
        char *below = must_print("%s%s%s", path, separator, entry->d_name);
        bool is_run = ends_with(below, ".db") || (partial && ends_with(below, ".db.partial"));
        if (is_folder(below) && depth < OPERANDS_DEPTH_MAX)
            place_add(folders, below, depth + 1);
        else if (is_run && !command_is_catalogue(below))
            place_add(files, below, 0);
        else
            free(below);
    }
    closedir(folder);
    return EXIT_FINE;
}

/* The files below one operand. Folders wait in a list instead of on the call stack. */
static int files_of(const char *operand, bool partial, struct places *files,
                    struct database_error *ret_error)
{
    if (!is_folder(operand)) {
        place_add(files, must_copy(operand), 0);
        return EXIT_FINE;
    }
    struct places folders = {0};
    place_add(&folders, must_copy(operand), 0);
    size_t first = files->count;
    int code = EXIT_FINE;
    for (size_t i = 0; i < folders.count; i++) {
        char *path = folders.items[i].path; /* stays where it is when the list moves */
        if (code == EXIT_FINE)
            code = read_folder(path, folders.items[i].depth, partial, &folders, files, ret_error);
        free(path);
    }
    free(folders.items);
    if (code == EXIT_FINE && files->count == first) {
        snprintf(ret_error->text, sizeof ret_error->text, "%s holds no result database (*.db)",
                 operand);
        code = EXIT_IO;
    }
    if (files->count > first)
        qsort(files->items + first, files->count - first, sizeof files->items[0], compare_places);
    return code;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void note_add(struct operands *operands, char *note)
{
    operands->notes = must_grow(operands->notes, operands->note_count, &operands->note_capacity,
                                sizeof operands->notes[0]);
    operands->notes[operands->note_count++] = note;
}

static void problem_add(struct operands *operands, const struct database_error *error)
{
    operands->problems = must_grow(operands->problems, operands->problem_count,
                                   &operands->problem_capacity, sizeof operands->problems[0]);
    operands->problems[operands->problem_count++] = must_copy(error->text);
}

/* A limit or a signal ended it: its events are the first ones of the whole run. */
static bool is_part(const struct run_data *run)
{
    return run->status != NULL &&
           (strcmp(run->status, "limit") == 0 || strcmp(run->status, "interrupted") == 0);
}

/* Two runs of one key: keeps the one at `place` or puts `run` there, and frees the other. */
static int run_again(struct operands *operands, size_t place, struct run_data *run,
                     struct database_error *ret_error)
{
    struct run_data *other = operands->runs[place];
    /* A run that has not ended has no hash yet, and contradicts nothing. */
    bool same = run->result_hash == NULL || other->result_hash == NULL ||
                strcmp(run->result_hash, other->result_hash) == 0;
    bool parts = is_part(run) || is_part(other);
    if (same) {
        note_add(operands,
                 must_print("%s holds the same run as %s: counted once", run->path, other->path));
    } else if (parts) {
        bool longer =
            is_part(run) == is_part(other) ? run->n_events > other->n_events : is_part(other);
        struct run_data *part = longer ? other : run;
        operands->runs[place] = longer ? run : other;
        note_add(operands, must_print("%s holds a part (status %s) of the run in %s: left out",
                                      part->path, part->status, operands->runs[place]->path));
        run = part;
    } else {
        snprintf(ret_error->text, sizeof ret_error->text,
                 "%s and %s have the same run key %s but other results; shardsim verify says which "
                 "is right",
                 other->path, run->path, run->run_key);
    }
    run_data_free(run);
    return same || parts ? EXIT_FINE : EXIT_MISMATCH;
}

/* Adds the run unless it is there already. */
static int run_add(struct operands *operands, struct run_data *run,
                   struct database_error *ret_error)
{
    for (size_t i = 0; i < operands->count; i++)
        if (same_text(run->run_key, operands->runs[i]->run_key))
            return run_again(operands, i, run, ret_error);
    operands->runs =
        must_grow(operands->runs, operands->count, &operands->capacity, sizeof operands->runs[0]);
    operands->runs[operands->count++] = run;
    return EXIT_FINE;
}

/* Files that cannot be read outweigh those that contradict each other. */
static void take_code(struct operands *operands, int code, const struct database_error *error,
                      int *worst)
{
    if (code == EXIT_FINE)
        return;
    problem_add(operands, error);
    if (*worst != EXIT_IO)
        *worst = code;
}

int operands_load(char *const *paths, size_t count, bool partial, struct operands *ret_operands,
                  struct database_error *ret_error)
{
    *ret_operands = (struct operands){0};
    struct places files = {0};
    int worst = EXIT_FINE;
    for (size_t i = 0; i < count; i++)
        take_code(ret_operands, files_of(paths[i], partial, &files, ret_error), ret_error, &worst);
    for (size_t i = 0; i < files.count; i++) {
        struct run_data *run = run_data_load(files.items[i].path, partial, ret_error);
        int code = run == NULL ? EXIT_IO : run_add(ret_operands, run, ret_error);
        take_code(ret_operands, code, ret_error, &worst);
        free(files.items[i].path);
    }
    free(files.items);
    if (worst != EXIT_FINE)
        snprintf(ret_error->text, sizeof ret_error->text, "%s", ret_operands->problems[0]);
    return worst;
}

int operands_load_say(const char *command, char *const *paths, size_t count, bool partial,
                      struct operands *ret_operands)
{
    struct database_error error;
    int code = operands_load(paths, count, partial, ret_operands, &error);
    for (size_t i = 0; i < ret_operands->note_count; i++)
        fprintf(stderr, "%s: %s\n", command, ret_operands->notes[i]);
    for (size_t i = 0; i < ret_operands->problem_count && i < PROBLEMS_SHOWN; i++)
        fprintf(stderr, "%s: %s\n", command, ret_operands->problems[i]);
    if (ret_operands->problem_count > PROBLEMS_SHOWN)
        fprintf(stderr, "%s: and %zu problems more\n", command,
                ret_operands->problem_count - PROBLEMS_SHOWN);
    return code;
}

void operands_free(struct operands *operands)
{
    for (size_t i = 0; i < operands->count; i++)
        run_data_free(operands->runs[i]);
    for (size_t i = 0; i < operands->note_count; i++)
        free(operands->notes[i]);
    free(operands->runs);
    for (size_t i = 0; i < operands->problem_count; i++)
        free(operands->problems[i]);
    free(operands->notes);
    free(operands->problems);
    *operands = (struct operands){0};
}
