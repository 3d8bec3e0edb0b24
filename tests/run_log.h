#ifndef TESTS_RUN_LOG_H
#define TESTS_RUN_LOG_H

/* The log of a run that a test makes by hand, whose provenance nobody asks for. */

#include <stdint.h>
#include <stdio.h>

#include "sim/log.h"
#include "sim/sim_assert.h"

/* Opens the database, anew; the caller closes it with run_log_close. */
static inline struct log *run_log_open(const char *path, enum log_level level)
{
    char error[256];
    struct log_run run = {.experiment = "test",
                          .measurement = "",
                          .program_version = "",
                          .model_version = "",
                          .git_rev = "",
                          .compiler = "",
                          .libraries = "",
                          .host = "",
                          .argv = "",
                          .scenario_json = "{}",
                          .started_utc = ""};
    struct log *log = log_open(path, true, level, &run, error, sizeof error);
    if (!log)
        fprintf(stderr, "%s\n", error);
    SIM_ASSERT(log != NULL);
    return log;
}

static inline void run_log_close(struct log *log, uint64_t sim_end_ns)
{
    char error[256];
    uint64_t bytes;
    struct log_end end = {.status = "ok", .sim_end_ns = sim_end_ns};
    int status = log_close(log, &end, error, sizeof error, &bytes);
    SIM_ASSERT(status == 0);
}

#endif
