#include "models/chain/stake_law.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/exact.h"
#include "sim/sim_assert.h"

enum { LINE_BYTES = 256, STAKE_PROBLEMS_MAX = 20 };

/* A stake of the laws: nobody is left without. */
static uint64_t whole(double stake)
{
    if (stake >= (double)STAKE_MAX)
        return STAKE_MAX;
    return stake < 1.0 ? 1 : (uint64_t)stake;
}

void stake_law_even(uint32_t count, uint64_t *ret_stakes)
{
    for (uint32_t i = 0; i < count; i++)
        ret_stakes[i] = STAKE_UNIT;
}

void stake_law_zipf(double exponent, uint32_t count, uint64_t *ret_stakes)
{
    for (uint32_t i = 0; i < count; i++)
        ret_stakes[i] = whole((double)STAKE_MAX * exact_pow((double)(i + 1), -exponent));
}

void stake_law_lognormal(const struct rng *rng, double sigma, uint32_t count, uint64_t *ret_stakes)
{
    for (uint32_t i = 0; i < count; i++) {
        struct rng_stream stream;
        rng_stream_at(&stream, rng, RNG_STAKE, i, 0);
        double normal = exact_normal_inverse(rng_open(&stream));
        ret_stakes[i] = whole((double)STAKE_UNIT * exact_exp(sigma * normal));
    }
}

/* Cuts a line's comment and the blanks around its number. */
static char *trimmed(char *line)
{
    line[strcspn(line, "#\r\n")] = '\0';
    while (isspace((unsigned char)*line))
        line++;
    for (size_t end = strlen(line); end > 0 && isspace((unsigned char)line[end - 1]); end--)
        line[end - 1] = '\0';
    return line;
}

enum line_status { LINE_STAKE, LINE_NO_NUMBER, LINE_TOO_LARGE };

static enum line_status parse_stake(const char *text, uint64_t *ret_stake)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || text[digits] != '\0')
        return LINE_NO_NUMBER;
    errno = 0;
    *ret_stake = strtoull(text, NULL, 10);
    return errno == 0 && *ret_stake <= STAKE_MAX ? LINE_STAKE : LINE_TOO_LARGE;
}

/* One row for each of the first lines that are no stakes. */
static void problem(struct diagnostics *diagnostics, const char *pointer, uint32_t problems,
                    uint32_t number, enum line_status status, const char *text)
{
    static const char *const whats[] = {
        [LINE_NO_NUMBER] = "is no stake", [LINE_TOO_LARGE] = "is too large a stake"};
    static const char *const tries[] = {
        [LINE_NO_NUMBER] = NULL,
        [LINE_TOO_LARGE] = "the same shares in a larger unit, such as SOL instead of lamports"};
    if (problems < STAKE_PROBLEMS_MAX)
        diagnostics_addf(diagnostics, "E512", pointer, AT_VALUE,
                         "a whole number from 0 to 1000000000000 on each line", tries[status],
                         "line %" PRIu32 " %s: \"%.40s\"", number, whats[status], text);
    else if (problems == STAKE_PROBLEMS_MAX)
        diagnostics_addf(diagnostics, "E512", pointer, AT_VALUE, NULL, NULL,
                         "line %" PRIu32 ": more problems follow", number);
}

/* The begin of the next line; what is longer than that is a comment, or no stake. */
static bool next_line(FILE *file, char line[LINE_BYTES])
{
    if (!fgets(line, LINE_BYTES, file))
        return false;
    for (int got = 0; !strchr(line, '\n') && got != '\n' && got != EOF;)
        got = fgetc(file);
    return true;
}

static int read_lines(FILE *file, const char *pointer, struct diagnostics *diagnostics,
                      uint32_t count, uint64_t *ret_stakes)
{
    char line[LINE_BYTES];
    uint32_t found = 0, number = 0, problems = 0;
    while (next_line(file, line)) {
        number++;
        const char *text = trimmed(line);
        if (*text == '\0')
            continue;
        uint64_t stake = 0;
        enum line_status status = parse_stake(text, &stake);
        if (status != LINE_STAKE)
            problem(diagnostics, pointer, ++problems, number, status, text);
        if (found < count)
            ret_stakes[found] = stake;
        found++;
    }
    if (found != count)
        diagnostics_addf(diagnostics, "E512", pointer, AT_VALUE, "a stake for each validator",
                         "another `count`, or another file",
                         "the file has %" PRIu32 " stakes for %" PRIu32 " validators", found,
                         count);
    return problems == 0 && found == count ? 0 : -1;
}

int stake_law_read(const char *path, const char *pointer, struct diagnostics *diagnostics,
                   uint32_t count, uint64_t *ret_stakes)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        diagnostics_addf(diagnostics, "E510", pointer, AT_VALUE, "a file of stakes", NULL,
                         "cannot open the stakes: %s", strerror(errno));
        return -1;
    }
    int status = read_lines(file, pointer, diagnostics, count, ret_stakes);
    fclose(file);
    return status;
}
