#ifndef SIM_ASSERT_H
#define SIM_ASSERT_H

/* Assertions that stay on in release builds: they catch *our* faults, never bad input (that is
 * diagnostics.h) and never a protocol that broke its promise (that is context_violation).
 * A failed one prints the expression, the place and the command that replays the run, then aborts
 * with exit code 1 and leaves the .partial database as it was at the last commit. */

#define SIM_ASSERT(expression)                                                                     \
    (__builtin_expect(!!(expression), 1) ? (void)0                                                 \
                                         : sim_assert_failed(#expression, __FILE__, __LINE__))

/* sim_assert_failed prints what was wrong and exits with code 1. Never returns. */
_Noreturn void sim_assert_failed(const char *expression, const char *file, int line);

/* sim_assert_replay sets the command printed by a later failure; the text is copied (512 bytes). */
void sim_assert_replay(const char *command);

#endif
