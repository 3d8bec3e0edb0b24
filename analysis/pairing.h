#ifndef ANALYSIS_PAIRING_H
#define ANALYSIS_PAIRING_H

/* Which run of one set is compared with which of another: those that had the same random numbers,
 * and agree in every parameter that is not what the sets differ in. */

#include "analysis/group.h"

/* Two sets of runs that stand side by side: the i-th of one and of the other are a pair. */
struct pairs {
    struct group groups[2]; /* labels and runs are those of the sets */
    size_t alone[2];        /* runs without a partner */
};

/* pairing_make pairs runs of equal seed and replication that agree in every parameter which varies
 * within a set; a run is in one pair at most. The sets must outlive the pairs. O(a b). */
void pairing_make(const struct group *a, const struct group *b, struct pairs *ret_pairs);
void pairing_free(struct pairs *pairs);

#endif
