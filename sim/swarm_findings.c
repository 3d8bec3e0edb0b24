#include "sim/swarm_findings.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/json_indent.h"
#include "sim/json_write.h"
#include "sim/sim_assert.h"
#include "sim/swarm_plan.h"
#include "sim/swarm_shrink.h"

enum { PATH_BYTES = 1024, COMMAND_BYTES = 8192 };

void swarm_findings_add(struct swarm_findings *findings, uint64_t run,
                        const struct swarm_outcome *outcome)
{
    if (findings->count == findings->capacity) {
        findings->capacity = findings->capacity ? 2 * findings->capacity : 16;
        findings->list = realloc(findings->list, findings->capacity * sizeof *findings->list);
        SIM_ASSERT(findings->list != NULL);
    }
    size_t bytes = offsetof(struct swarm_outcome, text) + strlen(outcome->text) + 1;
    struct swarm_outcome *copy = calloc(1, sizeof *copy);
    SIM_ASSERT(copy != NULL);
    memcpy(copy, outcome, bytes);
    findings->list[findings->count++] = (struct swarm_finding){run, copy};
}

uint32_t swarm_findings_of(const struct swarm_findings *findings, enum swarm_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < findings->count; i++)
        count += findings->list[i].outcome->kind == kind;
    return count;
}

void swarm_findings_free(struct swarm_findings *findings)
{
    for (uint32_t i = 0; i < findings->count; i++)
        free(findings->list[i].outcome);
    free(findings->list);
    *findings = (struct swarm_findings){0};
}

/* By run, which is the same whatever -j; runs are different, so there are no ties. */
static void sort(struct swarm_findings *findings)
{
    for (uint32_t i = 1; i < findings->count; i++) {
        struct swarm_finding one = findings->list[i];
        uint32_t at = i;
        for (; at > 0 && findings->list[at - 1].run > one.run; at--)
            findings->list[at] = findings->list[at - 1];
        findings->list[at] = one;
    }
}

/* --- Texts --- */

__attribute__((format(printf, 2, 3))) static void append(char text[COMMAND_BYTES],
                                                         const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, COMMAND_BYTES - used, format, arguments);
    va_end(arguments);
}

/* A word as a shell reads it back. */
static void append_word(char text[COMMAND_BYTES], const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+%@";
    if (*word && strspn(word, plain) == strlen(word)) {
        append(text, " %s", word);
        return;
    }
    append(text, " '");
    for (; *word; word++)
        append(text, *word == '\'' ? "'\\''" : "%c", *word);
    append(text, "'");
}

/* The command that draws a run again. */
static void drawn_command(const struct swarm_report *report, uint64_t run,
                          char ret_text[COMMAND_BYTES])
{
    ret_text[0] = '\0';
    append(ret_text, "shardsim swarm");
    append_word(ret_text, report->scenario_path);
    for (const char *const *set = report->sets; *set; set++) {
        append(ret_text, " --set");
        append_word(ret_text, *set);
    }
    append(ret_text, " --seed %" PRIu64 " --only %" PRIu64, report->seed, run);
}

/* The command that shows a minimal scenario. */
static void replay_command(const struct swarm_outcome *outcome, uint64_t run, const char *path,
                           char ret_text[COMMAND_BYTES])
{
    ret_text[0] = '\0';
    append(ret_text, "shardsim run --force");
    append_word(ret_text, path);
    if (outcome->kind == SWARM_HASH && strncmp(outcome->what, "heap", 4) == 0)
        append(ret_text, " --queue heap");
    else if (outcome->kind == SWARM_HASH)
        append(ret_text, " --group-order %" PRIu64, run + 1);
}

/* --- Files --- */

static void scenario_path(const struct swarm_report *report, uint64_t run, const char *ending,
                          char ret_path[PATH_BYTES])
{
    char name[256];
    snprintf(name, sizeof name, "%s", report->plan->name);
    for (char *at = name; *at; at++)
        *at = *at == '/' ? '_' : *at;
    snprintf(ret_path, PATH_BYTES, "%s/%s-%" PRIu64 "%s", report->folder, name, run, ending);
}

static bool make_folder(const char *folder)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s", folder);
    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        mkdir(path, 0755); /* what is not there in the end fails below */
        *at = '/';
    }
    if (mkdir(path, 0755) == 0 || errno == EEXIST)
        return true;
    fprintf(stderr, "shardsim: %s: cannot make this folder: %s\n", folder, strerror(errno));
    return false;
}

static bool write_scenario(const char *path, const char *text, const struct swarm_outcome *outcome,
                           const char *drawn)
{
    cJSON *document = cJSON_Parse(text);
    if (document == NULL)
        return true; /* it broke before anything was drawn; --only shows it again */
    cJSON_AddStringToObject(document, "x-found", outcome->what);
    cJSON_AddStringToObject(document, "x-drawn", drawn);
    char *whole = json_write_canonical(document, NULL);
    cJSON_Delete(document);
    FILE *file = fopen(path, "w");
    if (file)
        json_indent_print(file, whole);
    free(whole);
    bool fine = file && !ferror(file);
    fine = file && fclose(file) == 0 && fine;
    if (!fine)
        fprintf(stderr, "shardsim: %s: cannot be written: %s\n", path, strerror(errno));
    return fine;
}

/* --- Groups --- */

static bool is_first(const struct swarm_findings *findings, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++)
        if (swarm_same(findings->list[i].outcome, findings->list[index].outcome))
            return false;
    return true;
}

static void print_others(const struct swarm_findings *findings, uint32_t first)
{
    enum { SHOWN = 10 };
    uint32_t count = 0;
    for (uint32_t i = first + 1; i < findings->count; i++) {
        if (!swarm_same(findings->list[i].outcome, findings->list[first].outcome))
            continue;
        if (count < SHOWN)
            printf(count == 0 ? "  also     --only %" PRIu64 : ", %" PRIu64, findings->list[i].run);
        count++;
    }
    if (count > SHOWN)
        printf(" and %u more", count - SHOWN);
    if (count > 0)
        printf("\n");
}

static void print_json(const struct swarm_finding *finding, const char *drawn, const char *replay,
                       const char *path)
{
    char subject[SWARM_WHAT_BYTES];
    swarm_subject(finding->outcome, subject);
    cJSON *line = cJSON_CreateObject();
    cJSON_AddNumberToObject(line, "run", (double)finding->run);
    cJSON_AddStringToObject(line, "kind", swarm_kind_names[finding->outcome->kind]);
    cJSON_AddStringToObject(line, "subject", subject);
    cJSON_AddStringToObject(line, "what", finding->outcome->what);
    cJSON_AddStringToObject(line, "drawn", drawn);
    if (replay) {
        cJSON_AddStringToObject(line, "replay", replay);
        cJSON_AddStringToObject(line, "scenario", path);
    }
    char *text = json_write_canonical(line, NULL);
    printf("%s\n", text);
    free(text);
    cJSON_Delete(line);
}

static bool report_first(const struct swarm_findings *findings, uint32_t index,
                         const struct swarm_report *report)
{
    const struct swarm_finding *finding = &findings->list[index];
    char drawn[COMMAND_BYTES], replay[COMMAND_BYTES], path[PATH_BYTES];
    struct swarm_shrunk shrunk = {0};
    const struct swarm_task task = {.plan = report->plan,
                                    .seed = report->seed,
                                    .run = finding->run,
                                    .orders = finding->outcome->kind == SWARM_HASH,
                                    .max_wall_ns = report->max_wall_ns};
    drawn_command(report, finding->run, drawn);
    if (finding->outcome->text[0] == '\0') {
        printf("found    %s: %s\n  drawn    %s\n", swarm_kind_names[finding->outcome->kind],
               finding->outcome->what, drawn);
        return true;
    }
    fprintf(stderr, "| minimising run %" PRIu64 "\n", finding->run);
    swarm_shrink(&task, finding->outcome, report->child, report->stop, &shrunk);
    scenario_path(report, finding->run, ".json", path);
    replay_command(shrunk.outcome, finding->run, path, replay);
    bool written = write_scenario(path, shrunk.text, shrunk.outcome, drawn);
    if (report->json) {
        print_json(finding, drawn, replay, path);
    } else {
        printf("found    %s: %s\n", swarm_kind_names[finding->outcome->kind],
               finding->outcome->what);
        printf("  drawn    %s\n", drawn);
        print_others(findings, index);
        printf("  minimal  %u of %u faults, %u of %u changed parameters, %" PRIu64
               " events (%u candidates)\n",
               shrunk.faults_after, shrunk.faults_before, shrunk.changes_after,
               shrunk.changes_before, shrunk.outcome->events, shrunk.tried);
        printf("  shows    %s\n  replay   %s\n", shrunk.outcome->what, replay);
    }
    free(shrunk.text);
    free(shrunk.outcome);
    return written;
}

bool swarm_findings_report(struct swarm_findings *findings, const struct swarm_report *report)
{
    char drawn[COMMAND_BYTES], path[PATH_BYTES];
    bool written = true;
    sort(findings);
    if (findings->count > 0 && !make_folder(report->folder))
        return false;
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct swarm_finding *finding = &findings->list[i];
        drawn_command(report, finding->run, drawn);
        if (report->keep_all) {
            scenario_path(report, finding->run, ".drawn.json", path);
            written &= write_scenario(path, finding->outcome->text, finding->outcome, drawn);
        }
        if (is_first(findings, i))
            written &= report_first(findings, i, report);
        else if (report->json)
            print_json(finding, drawn, NULL, NULL);
    }
    return written;
}

void swarm_findings_json_summary(const struct swarm_findings *findings, uint64_t runs,
                                 uint64_t redrawn, uint64_t refused, cJSON *drawn)
{
    cJSON *line = cJSON_CreateObject();
    cJSON_AddNumberToObject(line, "runs", (double)runs);
    cJSON_AddNumberToObject(line, "redrawn", (double)redrawn);
    cJSON_AddNumberToObject(line, "refused", (double)refused);
    cJSON *kinds = cJSON_AddObjectToObject(line, "findings");
    for (int kind = SWARM_VIOLATION; kind < SWARM_KINDS; kind++)
        cJSON_AddNumberToObject(kinds, swarm_kind_names[kind],
                                swarm_findings_of(findings, (enum swarm_kind)kind));
    cJSON_AddItemToObject(line, "drawn", drawn);
    char *text = json_write_canonical(line, NULL);
    printf("%s\n", text);
    free(text);
    cJSON_Delete(line);
}
