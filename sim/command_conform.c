/* `shardsim conform FILE...`: runs reference cases against the protocols' own code. */

#include "sim/command_conform.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "command.h"
#include "sim/conform.h"
#include "sim/diagnostics.h"
#include "sim/json_indent.h"
#include "sim/json_scan.h"

enum { FILES_MAX = 64, SECTIONS_MAX = 64, BROKEN_MAX = 20, KEY_JSON = 256, KEY_SECTION };

struct conform_request {
    const char *files[FILES_MAX];
    int file_count;
    char *sections[SECTIONS_MAX + 1]; /* those asked for; NULL-terminated; none = all */
    int section_count;
    bool json;
    bool section_found[SECTIONS_MAX];
    uint64_t passed, failed;
    int broken;       /* an exit code, or 0 */
    int broken_cases; /* and sections of this file; it is given up at BROKEN_MAX */
};

const struct argp_option command_conform_options[] = {
    {"json", KEY_JSON, NULL, 0, "one JSON object a line", 0},
    {"section", KEY_SECTION, "S,...", 0, "only these sections", 0},
    {0}};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct conform_request *request = state->input;
    switch (key) {
    case KEY_JSON:
        request->json = true;
        return 0;
    case KEY_SECTION:
        for (char *word = strtok(text, ","); word; word = strtok(NULL, ",")) {
            if (request->section_count == SECTIONS_MAX)
                argp_error(state, "--section: at most %d of them", SECTIONS_MAX);
            else
                request->sections[request->section_count++] = word;
        }
        if (request->section_count == 0)
            argp_error(state, "--section: which one?");
        return 0;
    case ARGP_KEY_ARG:
        if (request->file_count == FILES_MAX)
            argp_error(state, "at most %d files at a time", FILES_MAX);
        else
            request->files[request->file_count++] = text;
        return 0;
    case ARGP_KEY_END:
        if (request->file_count == 0)
            argp_error(state, "which file of reference cases?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool wanted(struct conform_request *request, const char *section)
{
    bool found = request->section_count == 0;
    for (int i = 0; i < request->section_count; i++)
        if (strcmp(request->sections[i], section) == 0)
            found = request->section_found[i] = true;
    return found;
}

static void report_failure(const struct conform_request *request, const char *section, int index,
                           const char *expected, const char *got)
{
    if (!request->json) {
        printf("  FAILED %s[%d]\n    expected  %s\n    got       %s\n", section, index, expected,
               got);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "section", section);
    cJSON_AddNumberToObject(object, "case", index);
    cJSON_AddStringToObject(object, "result", "failed");
    cJSON_AddStringToObject(object, "expected", expected);
    cJSON_AddStringToObject(object, "got", got);
    json_line_print(object);
}

static void report_section(const struct conform_request *request, const char *file,
                           const char *suite, const char *section, uint64_t passed, uint64_t failed)
{
    if (!request->json) {
        printf("%-14s %-16s %5llu passed, %llu failed\n", suite, section,
               (unsigned long long)passed, (unsigned long long)failed);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "file", file);
    cJSON_AddStringToObject(object, "suite", suite);
    cJSON_AddStringToObject(object, "section", section);
    cJSON_AddNumberToObject(object, "passed", (double)passed);
    cJSON_AddNumberToObject(object, "failed", (double)failed);
    json_line_print(object);
}

/* Returns 1 passed, 0 failed, -1 the file is broken here. */
static int run_case(struct conform_request *request, const char *file,
                    const struct conform_section *section, const cJSON *document, const cJSON *one,
                    int index)
{
    char *expected = NULL, *got = NULL;
    size_t expected_bytes, got_bytes;
    struct conform_case conform_case = {.document = document, .one = one};
    conform_case.expected = open_memstream(&expected, &expected_bytes);
    conform_case.got = open_memstream(&got, &got_bytes);
    section->run(&conform_case);
    fclose(conform_case.expected);
    fclose(conform_case.got);
    int result = strcmp(expected, got) == 0;
    if (expected_bytes == 0 && got_bytes == 0)
        conform_broken(&conform_case, "it says nothing that could be compared");
    if (conform_case.problem[0]) {
        fprintf(stderr, "shardsim: %s: %s[%d]: broken case: %s\n", file, section->name, index,
                conform_case.problem);
        result = -1;
    } else if (!result) {
        report_failure(request, section->name, index, expected, got);
    }
    free(conform_case.memory);
    free(expected);
    free(got);
    return result;
}

static void note_broken(struct conform_request *request)
{
    request->broken = EXIT_SCENARIO;
    request->broken_cases++;
}

static bool is_of(const cJSON *one, const struct conform_section *section)
{
    const cJSON *kind = cJSON_GetObjectItemCaseSensitive(one, "kind");
    return cJSON_IsString(kind) && strcmp(kind->valuestring, section->name) == 0;
}

/* The cases of one list: a section's own, or those of all kinds. */
static void run_list(struct conform_request *request, const char *file,
                     const struct conform_section *section, const cJSON *document, const char *name,
                     uint64_t counts[2])
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(document, name), *one;
    bool by_kind = strcmp(name, section->name) != 0;
    int index = 0;
    if (!cJSON_IsArray(list))
        return; /* name_unknown says so */
    cJSON_ArrayForEach(one, list)
    {
        if (request->broken_cases >= BROKEN_MAX)
            return;
        if (!by_kind || is_of(one, section)) {
            int result = run_case(request, file, section, document, one, index);
            if (result < 0)
                note_broken(request);
            else
                counts[result]++;
        }
        index++;
    }
}

static void run_section(struct conform_request *request, const char *file,
                        const struct conform_suite *suite, const struct conform_section *section,
                        const cJSON *document)
{
    uint64_t counts[2] = {0, 0}; /* failed, passed */
    run_list(request, file, section, document, section->name, counts);
    run_list(request, file, section, document, "cases", counts);
    bool there = cJSON_GetObjectItemCaseSensitive(document, section->name) != NULL;
    if (there || counts[0] + counts[1] > 0)
        report_section(request, file, suite->name, section->name, counts[1], counts[0]);
    request->passed += counts[1];
    request->failed += counts[0];
}

static const struct conform_suite *find_suite(const char *file, const cJSON *document)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(document, "suite");
    const char *names[64] = {NULL};
    for (int i = 0; conform_suites[i] && i < 63; i++) {
        names[i] = conform_suites[i]->name;
        if (cJSON_IsString(name) && strcmp(name->valuestring, names[i]) == 0)
            return conform_suites[i];
    }
    if (!cJSON_IsString(name)) {
        fprintf(stderr, "shardsim: %s: no key \"suite\": not a file of reference cases\n", file);
        return NULL;
    }
    fprintf(stderr, "shardsim: %s: unknown suite \"%.60s\"\n  expected  one of:", file,
            name->valuestring);
    for (int i = 0; names[i]; i++)
        fprintf(stderr, "%s %s", i ? "," : "", names[i]);
    const char *near = suggest_word(name->valuestring, names);
    fprintf(stderr, "\n");
    if (near)
        fprintf(stderr, "  try       \"%s\"\n", near);
    return NULL;
}

static const struct conform_section *find_section(const struct conform_suite *suite,
                                                  const char *name)
{
    const struct conform_section *section = suite->sections;
    while (section->name && strcmp(section->name, name) != 0)
        section++;
    return section->name ? section : NULL;
}

/* A case of no kind that we know cannot be run, which is told and never passed over. */
static void name_unknown_kinds(struct conform_request *request, const char *file,
                               const struct conform_suite *suite, const cJSON *cases)
{
    const cJSON *one;
    int index = -1;
    cJSON_ArrayForEach(one, cases)
    {
        const cJSON *kind = cJSON_GetObjectItemCaseSensitive(one, "kind");
        index++;
        if (cJSON_IsString(kind) && find_section(suite, kind->valuestring))
            continue;
        if (cJSON_IsString(kind))
            fprintf(stderr, "shardsim: %s: cases[%d]: kind \"%.60s\" is unknown and was not run\n",
                    file, index, kind->valuestring);
        else
            fprintf(stderr, "shardsim: %s: cases[%d]: no \"kind\": it was not run\n", file, index);
        note_broken(request);
        if (request->broken_cases >= BROKEN_MAX)
            return;
    }
}

/* Arrays of objects in the file that no section of ours reads are named, not passed over, unless
 * sections were asked for by name. A section that is no array is broken in any case. */
static void name_unknown(struct conform_request *request, const char *file,
                         const struct conform_suite *suite, const cJSON *document)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, document)
    {
        bool cases = strcmp(member->string, "cases") == 0;
        bool known = cases || find_section(suite, member->string);
        if (known && !cJSON_IsArray(member)) {
            fprintf(stderr, "shardsim: %s: \"%s\" must be an array of cases\n", file,
                    member->string);
            note_broken(request);
        } else if (!known && cJSON_IsArray(member) && cJSON_IsObject(member->child) &&
                   request->section_count == 0) {
            fprintf(stderr, "shardsim: %s: section \"%.60s\" is unknown and was not run\n", file,
                    member->string);
            note_broken(request);
        } else if (cases && request->section_count == 0) {
            name_unknown_kinds(request, file, suite, member);
        }
    }
}

static char *read_whole(const char *path, size_t *ret_bytes)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    char *text = NULL;
    size_t capacity = JSON_BYTES_MAX + 1;
    if (file)
        text = malloc(capacity);
    if (text) {
        *ret_bytes = fread(text, 1, capacity, file);
        if (ferror(file)) {
            free(text);
            text = NULL;
        }
    }
    if (!text)
        fprintf(stderr, "shardsim: %s: cannot be read: %s\n", path, strerror(errno));
    if (file && file != stdin)
        fclose(file);
    return text;
}

static void run_text(struct conform_request *request, const char *name, const char *text,
                     size_t bytes)
{
    struct diagnostics diagnostics = {0};
    struct json_scan *scan = json_scan_text(name, text, bytes, &diagnostics);
    cJSON *document = scan ? json_scan_tree(scan) : NULL;
    const struct conform_suite *suite = document ? find_suite(name, document) : NULL;
    diagnostics_print(&diagnostics, stderr, 20, false);
    if (!suite && request->broken == 0)
        request->broken = EXIT_SCENARIO;
    request->broken_cases = 0;
    if (suite)
        name_unknown(request, name, suite, document);
    for (int i = 0; suite && suite->sections[i].name; i++)
        if (wanted(request, suite->sections[i].name) && request->broken_cases < BROKEN_MAX)
            run_section(request, name, suite, &suite->sections[i], document);
    if (request->broken_cases >= BROKEN_MAX)
        fprintf(stderr, "shardsim: %s: %d broken cases: the rest of the file was not run\n", name,
                BROKEN_MAX);
    cJSON_Delete(document);
    if (scan)
        json_scan_free(scan);
    diagnostics_free(&diagnostics);
}

int command_conform_text(const char *name, const char *text, size_t bytes)
{
    struct conform_request request = {0};
    run_text(&request, name, text, bytes);
    if (request.broken)
        return request.broken;
    return request.failed > 0 ? EXIT_MISMATCH : EXIT_FINE;
}

static void run_file(struct conform_request *request, const char *path)
{
    size_t bytes = 0;
    char *text = read_whole(path, &bytes);
    if (!text) {
        request->broken = EXIT_IO;
        return;
    }
    run_text(request, path, text, bytes);
    free(text);
}

/* A section that no file has is a word mistyped. */
static int check_sections(const struct conform_request *request)
{
    const char *names[256] = {NULL};
    size_t count = 0;
    for (int i = 0; conform_suites[i]; i++)
        for (int j = 0; conform_suites[i]->sections[j].name && count < 255; j++)
            names[count++] = conform_suites[i]->sections[j].name;
    int code = 0;
    for (int i = 0; i < request->section_count; i++) {
        bool known = request->section_found[i];
        for (size_t j = 0; names[j]; j++)
            known = known || strcmp(names[j], request->sections[i]) == 0;
        if (known)
            continue;
        const char *near = suggest_word(request->sections[i], names);
        fprintf(stderr, "shardsim: --section: unknown section \"%s\"%s%s%s\n", request->sections[i],
                near ? " (try \"" : "", near ? near : "", near ? "\")" : "");
        code = EXIT_USAGE;
    }
    return code;
}

int command_conform(int argc, char **argv)
{
    static const struct argp argp = {
        command_conform_options,
        parse_option,
        "FILE...",
        "Runs reference cases of a protocol against the code that simulates it.\v"
        "A line a section, each failing case with expected and got, last line `N passed, N "
        "failed`. Exit codes: 0 all pass, 3 unknown suite, section or kind, or a broken or empty "
        "file, 5 a case failed.",
        NULL,
        NULL,
        NULL};
    struct conform_request request = {0};
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &request) != 0)
        return EXIT_USAGE;
    int code = check_sections(&request);
    if (code != 0)
        return code;
    for (int i = 0; i < request.file_count; i++)
        run_file(&request, request.files[i]);
    if (request.json)
        printf("{\"passed\":%llu,\"failed\":%llu}\n", (unsigned long long)request.passed,
               (unsigned long long)request.failed);
    else
        printf("%llu passed, %llu failed\n", (unsigned long long)request.passed,
               (unsigned long long)request.failed);
    if (request.broken)
        return request.broken;
    if (request.passed + request.failed == 0) {
        fprintf(stderr, "shardsim: no case was run\n");
        return EXIT_SCENARIO;
    }
    return request.failed > 0 ? EXIT_MISMATCH : EXIT_FINE;
}
