#ifndef ANALYSIS_OPERANDS_H
#define ANALYSIS_OPERANDS_H

/* The operands of a command, DB or DIR, turned into loaded runs. A DIR stands for every *.db at
 * most three folders below it, in order of their paths (by bytes), but for catalogues, which are
 * often kept beside the runs that they list. A run that turns up twice is counted once, because a
 * copy is not a replication; the same run key with another result is an error. Of a whole run and
 * a part of it, or of two parts, the longer one counts. */

#include "analysis/database.h"
#include "analysis/run_data.h"

enum { OPERANDS_DEPTH_MAX = 3 };

struct operands {
    struct run_data **runs;
    size_t count, capacity;
    char **notes; /* sentences for stderr */
    size_t note_count, note_capacity;
    char **problems; /* one for each file that cannot be read, or contradicts another */
    size_t problem_count, problem_capacity;
};

/* operands_load returns EXIT_FINE, EXIT_IO or EXIT_MISMATCH, the latter two with all problems in
 * the operands and the first in ret_error. operands_free is due in every case. */
int operands_load(char *const *paths, size_t count, bool partial, struct operands *ret_operands,
                  struct database_error *ret_error);

/* operands_load_say is operands_load that says the notes and up to 20 problems on stderr, after the
 * command's title, such as "shardsim plot". */
int operands_load_say(const char *command, char *const *paths, size_t count, bool partial,
                      struct operands *ret_operands);

void operands_free(struct operands *operands);

#endif
