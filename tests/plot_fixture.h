#ifndef TESTS_PLOT_FIXTURE_H
#define TESTS_PLOT_FIXTURE_H

/* The files that a plot leaves in `folder`, which is also where its runs lie. */

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support_database.h"

static char folder[64];

static inline bool exists(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static inline void holds(const char *name, const char *words)
{
    char *text = support_read(folder, name, NULL);
    ck_assert_msg(strstr(text, words) != NULL, "%s lacks '%s':\n%.4000s", name, words, text);
    free(text);
}

#endif
