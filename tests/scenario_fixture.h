#ifndef TESTS_SCENARIO_FIXTURE_H
#define TESTS_SCENARIO_FIXTURE_H

/* Short ways to load a scenario from a text and to look at what came out. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/diagnostics.h"
#include "sim/scenario.h"
#include "tests/check_main.h"

struct loaded {
    struct scenario *scenario; /* NULL: refused */
    struct diagnostics diagnostics;
    char *text; /* the problems as printed */
};

static inline struct loaded load_with(const char *name, const char *text,
                                      const struct scenario_options *options)
{
    struct loaded loaded = {0};
    int status = text == NULL ? scenario_load(name, options, &loaded.diagnostics, &loaded.scenario)
                              : scenario_load_text(name, text, strlen(text), options,
                                                   &loaded.diagnostics, &loaded.scenario);
    ck_assert_int_eq(status == 0, loaded.scenario != NULL);
    ck_assert_int_eq(status == 0, loaded.diagnostics.errors == 0);
    size_t bytes = 0;
    FILE *out = open_memstream(&loaded.text, &bytes);
    diagnostics_print(&loaded.diagnostics, out, 0, false);
    fclose(out);
    return loaded;
}

static inline struct loaded load(const char *text)
{
    return load_with("t.json", text, NULL);
}

static inline void unload(struct loaded *loaded)
{
    diagnostics_free(&loaded->diagnostics);
    scenario_free(loaded->scenario);
    free(loaded->text);
    *loaded = (struct loaded){0};
}

/* The members of a scenario that has the two required keys already. */
#define SCENARIO(members) "{\"version\": 1, \"duration\": \"10s\", " members "}"

/* The exact list of problems that a text has. */
static inline void refuses(const char *text, const char *printed)
{
    struct loaded loaded = load(text);
    ck_assert_msg(loaded.scenario == NULL, "accepted %s", text);
    ck_assert_str_eq(loaded.text, printed);
    unload(&loaded);
}

/* The first problem's code and pointer; more may follow. */
static inline void refuses_at(const char *text, const char *code, const char *pointer)
{
    struct loaded loaded = load(text);
    ck_assert_msg(loaded.scenario == NULL, "accepted %s", text);
    const struct diagnostic *first = &loaded.diagnostics.list[0];
    ck_assert_msg(strcmp(first->code, code) == 0 && strcmp(first->pointer, pointer) == 0,
                  "%s gave %s", text, loaded.text);
    ck_assert_msg(loaded.diagnostics.count == 1, "%s gave %s", text, loaded.text);
    unload(&loaded);
}

static inline void accepts(const char *text)
{
    struct loaded loaded = load(text);
    ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
    unload(&loaded);
}

static inline uint64_t hash_of(const char *text)
{
    struct loaded loaded = load(text);
    ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
    uint64_t hash = loaded.scenario->config_hash;
    unload(&loaded);
    return hash;
}

/* A folder for files of one test; the caller removes what it writes with remove_folder. */
static inline char *make_folder(void)
{
    char *folder = strdup("/tmp/shardsim-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    return folder;
}

static inline void write_file(const char *folder, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
}

static inline void remove_folder(char *folder)
{
    char command[300];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
    free(folder);
}

#endif
