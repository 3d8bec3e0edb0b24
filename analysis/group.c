#include "analysis/group.h"

#include "analysis/must.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 8, LABEL_KEYS_MAX = 2 };

struct keys { /* JSON Pointers, or the words seed, replication, experiment, run, config */
    char *names[KEYS_MAX];
    size_t count;
};

static void keys_free(struct keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        free(keys->names[i]);
    keys->count = 0;
}

static bool is_word(const char *name)
{
    static const char *const words[] = {"seed", "replication", "experiment", "run", "config"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(name, words[i]) == 0)
            return true;
    return false;
}

/* messaging.path becomes /messaging/path. */
static char *pointer_of(const char *name)
{
    if (name[0] == '/' || is_word(name))
        return must_copy(name);
    char *pointer = must_print("/%s", name);
    for (char *c = pointer; *c != '\0'; c++)
        if (*c == '.')
            *c = '/';
    return pointer;
}

static char *dotted(const char *pointer)
{
    char *name = must_copy(pointer[0] == '/' ? pointer + 1 : pointer);
    for (char *c = name; *c != '\0'; c++)
        if (*c == '/')
            *c = '.';
    return name;
}

/* The value of a key in a run, to be freed; number is NAN where it is not a number. */
static char *value_of(const struct run_data *run, const char *key, double *ret_number)
{
    *ret_number = NAN;
    if (strcmp(key, "seed") == 0 || strcmp(key, "replication") == 0) {
        int64_t value = key[0] == 's' ? run->seed : run->replication;
        *ret_number = (double)value;
        return must_print("%" PRId64, value);
    }
    if (strcmp(key, "experiment") == 0)
        return must_copy(run->experiment != NULL ? run->experiment : "-");
    if (strcmp(key, "run") == 0)
        return must_copy(run->run_key);
    if (strcmp(key, "config") == 0)
        return must_copy(run->config_hash);
    const struct run_param *param = run_data_param(run, key);
    if (param == NULL)
        return must_copy("-");
    *ret_number = param->number;
    return param->text != NULL ? must_copy(param->text) : must_print("%.12g", param->number);
}

static bool same_value(const struct run_data *a, const struct run_data *b, const char *key)
{
    double number;
    char *left = value_of(a, key, &number), *right = value_of(b, key, &number);
    bool same = strcmp(left, right) == 0;
    free(left);
    free(right);
    return same;
}

static int path_rank(const char *text)
{
    static const char *const order[] = {"slow", "instant", "both"};
    for (int i = 0; i < 3; i++)
        if (strcmp(text, order[i]) == 0)
            return i;
    return -1;
}

static int compare_values(const struct run_data *a, const struct run_data *b, const char *key)
{
    double left_number, right_number;
    char *left = value_of(a, key, &left_number), *right = value_of(b, key, &right_number);
    int result = strcmp(left, right);
    if (path_rank(left) >= 0 && path_rank(right) >= 0)
        result = path_rank(left) - path_rank(right);
    else if (!isnan(left_number) && !isnan(right_number) && left_number != right_number)
        result = left_number < right_number ? -1 : 1;
    free(left);
    free(right);
    return result;
}

bool group_describes(const char *pointer)
{
    static const char *const ignored[] = {"/seed", "/replications", "/name", "/log", "/$schema"};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        if (strcmp(pointer, ignored[i]) == 0)
            return false;
    return strncmp(pointer, "/x-", 3) != 0 && strncmp(pointer, "/sweep", 6) != 0;
}

static bool differs(const struct grouping *grouping, const char *key)
{
    for (size_t i = 1; i < grouping->count; i++)
        if (!same_value(grouping->groups[0].runs[0], grouping->groups[i].runs[0], key))
            return true;
    return false;
}

static bool keys_hold(const struct keys *keys, const char *name)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->names[i], name) == 0)
            return true;
    return false;
}

/* The parameters in which groups differ; only the swept ones when `swept`. True when there are one
 * or two: more would not fit a column head. */
static bool find_differing(const struct grouping *grouping, bool swept, struct keys *keys)
{
    for (size_t i = 0; i < grouping->count; i++) {
        const struct run_data *run = grouping->groups[i].runs[0];
        for (size_t k = 0; k < run->param_count; k++) {
            const struct run_param *param = &run->params[k];
            if ((swept && !param->swept) || !group_describes(param->path) ||
                keys_hold(keys, param->path) || !differs(grouping, param->path))
                continue;
            if (keys->count == LABEL_KEYS_MAX)
                return false;
            keys->names[keys->count++] = must_copy(param->path);
        }
    }
    return keys->count > 0;
}

static bool names_differ(const struct grouping *grouping)
{
    for (size_t i = 0; i < grouping->count; i++)
        for (size_t k = i + 1; k < grouping->count; k++)
            if (same_value(grouping->groups[i].runs[0], grouping->groups[k].runs[0], "experiment"))
                return false;
    return true;
}

static char *file_stem(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *stem = must_copy(slash != NULL ? slash + 1 : path);
    char *dot = strstr(stem, ".db");
    if (dot != NULL && dot != stem)
        *dot = '\0';
    return stem;
}

static char *label_of(const struct run_data *run, const struct keys *keys)
{
    char *label = must_copy("");
    for (size_t i = 0; i < keys->count; i++) {
        double number;
        char *value = value_of(run, keys->names[i], &number);
        char *longer = must_print("%s%s%s", label, i > 0 ? ", " : "", value);
        free(value);
        free(label);
        label = longer;
    }
    return label;
}

static void name_by_keys(struct grouping *grouping, const struct keys *keys)
{
    free(grouping->by);
    grouping->by = must_copy("");
    for (size_t i = 0; i < keys->count; i++) {
        char *name = dotted(keys->names[i]);
        char *longer = must_print("%s%s%s", grouping->by, i > 0 ? ", " : "", name);
        free(name);
        free(grouping->by);
        grouping->by = longer;
    }
    for (size_t i = 0; i < grouping->count; i++) {
        free(grouping->groups[i].label);
        grouping->groups[i].label = label_of(grouping->groups[i].runs[0], keys);
    }
}

static void name_by_default(struct grouping *grouping, bool each_run)
{
    grouping->by = must_copy(each_run ? "run" : "configuration");
    bool experiments = names_differ(grouping) && !each_run;
    for (size_t i = 0; i < grouping->count; i++) {
        const struct run_data *run = grouping->groups[i].runs[0];
        bool named = experiments && run->experiment != NULL && run->experiment[0] != '\0';
        grouping->groups[i].label = named ? must_copy(run->experiment) : file_stem(run->path);
    }
}

static int parse_keys(const char *by, struct run_data *const *runs, size_t count,
                      struct keys *ret_keys, struct database_error *ret_error)
{
    char *list = must_copy(by), *rest = NULL;
    int code = 0;
    for (char *name = strtok_r(list, ",", &rest); name != NULL && code == 0;
         name = strtok_r(NULL, ",", &rest)) {
        if (ret_keys->count == KEYS_MAX) {
            snprintf(ret_error->text, sizeof ret_error->text, "--by takes at most %d names",
                     KEYS_MAX);
            code = -1;
            break;
        }
        char *key = pointer_of(name);
        bool known = is_word(key);
        for (size_t i = 0; i < count; i++)
            known = known || run_data_param(runs[i], key) != NULL;
        ret_keys->names[ret_keys->count++] = key;
        if (!known) {
            snprintf(ret_error->text, sizeof ret_error->text,
                     "--by %s: no run has such a parameter; the table param lists them: "
                     "sqlite3 %s 'SELECT path FROM param'",
                     name, runs[0]->path);
            code = -1;
        }
    }
    free(list);
    return code;
}

static void place_run(struct grouping *grouping, const struct run_data *run,
                      const struct keys *keys)
{
    size_t at = 0;
    for (; at < grouping->count; at++) {
        bool same = true;
        for (size_t k = 0; k < keys->count; k++)
            same = same && same_value(grouping->groups[at].runs[0], run, keys->names[k]);
        if (same)
            break;
    }
    if (at == grouping->count) {
        grouping->groups = must_grow(grouping->groups, grouping->count, &grouping->capacity,
                                     sizeof grouping->groups[0]);
        grouping->groups[grouping->count++] = (struct group){0};
    }
    struct group *group = &grouping->groups[at];
    group->runs = must_grow(group->runs, group->count, &group->capacity, sizeof group->runs[0]);
    group->runs[group->count++] = run;
}

/* Replications are summed in one order, however the files came: floating-point sums depend on it.
 */
static int compare_runs(const void *left, const void *right)
{
    const struct run_data *a = *(const struct run_data *const *)left;
    const struct run_data *b = *(const struct run_data *const *)right;
    if (a->seed != b->seed)
        return a->seed < b->seed ? -1 : 1;
    if (a->replication != b->replication)
        return a->replication < b->replication ? -1 : 1;
    return strcmp(a->run_key, b->run_key);
}

/* Insertion sort: groups are few, and equal ones keep the order of the operands. */
static void sort_groups(struct grouping *grouping, const struct keys *keys)
{
    for (size_t i = 1; i < grouping->count; i++) {
        struct group group = grouping->groups[i];
        size_t at = i;
        for (; at > 0; at--) {
            int order = 0;
            for (size_t k = 0; k < keys->count && order == 0; k++)
                order =
                    compare_values(grouping->groups[at - 1].runs[0], group.runs[0], keys->names[k]);
            if (order <= 0)
                break;
            grouping->groups[at] = grouping->groups[at - 1];
        }
        grouping->groups[at] = group;
    }
}

int group_runs(struct run_data *const *runs, size_t count, const char *by,
               struct grouping *ret_grouping, struct database_error *ret_error)
{
    struct keys keys = {0}, labels = {0};
    struct grouping grouping = {0};
    MUST(count > 0);
    if (parse_keys(by != NULL ? by : "config", runs, count, &keys, ret_error) != 0) {
        keys_free(&keys);
        return -1;
    }
    for (size_t i = 0; i < count; i++)
        place_run(&grouping, runs[i], &keys);
    for (size_t i = 0; i < grouping.count; i++)
        qsort(grouping.groups[i].runs, grouping.groups[i].count, sizeof grouping.groups[i].runs[0],
              compare_runs);
    bool each_run = by != NULL && strcmp(by, "run") == 0;
    if (by != NULL && !each_run) {
        sort_groups(&grouping, &keys);
        name_by_keys(&grouping, &keys);
    } else {
        name_by_default(&grouping, each_run);
        bool found = !each_run && find_differing(&grouping, false, &labels);
        if (!found && !each_run) {
            keys_free(&labels);
            found = find_differing(&grouping, true, &labels);
        }
        if (found) {
            sort_groups(&grouping, &labels);
            name_by_keys(&grouping, &labels);
        }
    }
    keys_free(&keys);
    keys_free(&labels);
    *ret_grouping = grouping;
    return 0;
}

void group_free(struct grouping *grouping)
{
    for (size_t i = 0; i < grouping->count; i++) {
        free(grouping->groups[i].label);
        free(grouping->groups[i].runs);
    }
    free(grouping->groups);
    free(grouping->by);
    *grouping = (struct grouping){0};
}
