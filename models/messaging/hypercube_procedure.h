#ifndef MODELS_MESSAGING_HYPERCUBE_PROCEDURE_H
#define MODELS_MESSAGING_HYPERCUBE_PROCEDURE_H

/* What a block does besides importing, by the rules of the deployed system: logical time, removal
 * of what neighbours have processed, deferred messages; and the parameters of these. Part of
 * hypercube_parts.h, which says what the structures are. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/stack.h"
#include "sim/param.h"

struct hypercube;
struct cube_chain;
struct cube_part;
struct entry;
struct link;
struct parcel;

enum cube_lt { CUBE_LT_BLOCK, CUBE_LT_ACCOUNT };
enum cube_cleanup { CUBE_CLEANUP_AS_TOLD, CUBE_CLEANUP_ROUND_ROBIN };

extern const char *const cube_lt_choices[];
extern const char *const cube_lt_helps[];
extern const char *const cube_cleanup_choices[];
extern const char *const cube_cleanup_helps[];

/* Rows of the parameter table, for a config with fields of these names. */
#define CUBE_PROCEDURE_PARAMS(config_type)                                                         \
    {.name = "lt",                                                                                 \
     .help = "logical time of the messages of a block",                                            \
     .kind = PARAM_CHOICE,                                                                         \
     .offset = offsetof(config_type, lt),                                                          \
     .value_default = CUBE_LT_BLOCK,                                                               \
     .choices = cube_lt_choices,                                                                   \
     .choice_helps = cube_lt_helps,                                                                \
     .deployed = true},                                                                            \
        {.name = "quota_messages",                                                                 \
         .help = "messages that a block imports from each neighbour; the first one beyond it "     \
                 "ends the "                                                                       \
                 "import from all of them; deployed: 100 (TON-R23); 0 = any number",               \
         .kind = PARAM_INTEGER,                                                                    \
         .offset = offsetof(config_type, quota_messages),                                          \
         .value_max = 1000000,                                                                     \
         .swarm_min = 1,                                                                           \
         .swarm_max = 100},                                                                        \
        {.name = "quota_bytes",                                                                    \
         .help = "the same in bytes of messages; deployed: 65536; 0 = any number",                 \
         .kind = PARAM_BYTES,                                                                      \
         .offset = offsetof(config_type, quota_bytes),                                             \
         .value_min = 0,                                                                           \
         .value_max = 1 << 30,                                                                     \
         .swarm_min = 100,                                                                         \
         .swarm_max = 65536},                                                                      \
        {.name = "cleanup",                                                                        \
         .help = "in which order a block removes what neighbours have processed (TON-47)",         \
         .kind = PARAM_CHOICE,                                                                     \
         .offset = offsetof(config_type, cleanup),                                                 \
         .value_default = CUBE_CLEANUP_AS_TOLD,                                                    \
         .choices = cube_cleanup_choices,                                                          \
         .choice_helps = cube_cleanup_helps,                                                       \
         .deployed = true},                                                                        \
        {.name = "defer_after",                                                                    \
         .help = "after so many messages of one sender in a block its next ones are deferred "     \
                 "to later blocks, a few in each; deployed: 10 (TON-R38); 0 or path instant: "     \
                 "never",                                                                          \
         .kind = PARAM_INTEGER,                                                                    \
         .offset = offsetof(config_type, defer_after),                                             \
         .value_max = 1000000,                                                                     \
         .swarm_min = 1,                                                                           \
         .swarm_max = 12},                                                                         \
    {                                                                                              \
        .name = "queue_limit",                                                                     \
        .help =                                                                                    \
            "with more entries in its own queue a block takes no inputs of the ledger; deployed: " \
            "8000 (TON-R37); 0 = no limit",                                                        \
        .kind = PARAM_INTEGER, .offset = offsetof(config_type, queue_limit),                       \
        .value_max = 1000000000, .swarm_min = 1, .swarm_max = 200                                  \
    }

/* hypercube_time.c: logical time of the open block. */
/* start_lt of a block in which nothing has happened yet (TON-R13). */
uint64_t cube_start_lt(const struct hypercube *cube, const struct cube_chain *chain,
                       const struct block *block);
void cube_time_open(struct hypercube *cube, struct block *block, struct cube_chain *chain,
                    struct cube_part *part);
void cube_time_deliver(struct hypercube *cube, struct block *block, struct cube_part *part,
                       const struct parcel *parcel);
void cube_time_delivered(struct cube_part *part);
/* The logical time of the message that is emitted now. */
uint64_t cube_time_emit(struct hypercube *cube, struct block *block, struct cube_chain *chain,
                        struct cube_part *part, const struct envelope *envelope);

/* hypercube_clean.c: removal of what neighbours have processed (TON-47, TON-R31). */
/* Finds what can be removed, into cube->cleaning; cube_clean removes it in the open block. */
bool cube_clean_plan(struct hypercube *cube, const struct cube_chain *chain);
uint32_t cube_clean(struct hypercube *cube, struct block *block, struct cube_part *part);
/* A neighbour says that it processed an entry; an entry left its queue, in final(). */
void cube_clean_answered(struct hypercube *cube, struct cube_chain *chain, struct link *link,
                         struct entry *entry);
void cube_clean_removed(struct hypercube *cube, struct context *context, struct link *link,
                        const struct entry *entry);

/* A message that was taken out of the deferred ones. */
uint64_t cube_time_dispatch(struct hypercube *cube, struct block *block, struct cube_chain *chain,
                            struct cube_part *part, uint64_t account);

/* hypercube_dispatch.c: deferred messages. */
bool cube_dispatch_defers(struct hypercube *cube, const struct block *block,
                          const struct cube_chain *chain, const struct cube_part *part,
                          const struct envelope *envelope);
void cube_dispatch_defer(struct hypercube *cube, struct block *block, struct cube_part *part,
                         struct cube_chain *chain, const struct parcel *parcel);
uint32_t cube_dispatch(struct hypercube *cube, struct block *block, struct cube_part *part,
                       struct cube_chain *chain);
/* In final(): a message joins its sender's list, or leaves it. */
void cube_dispatch_deferred(struct hypercube *cube, struct cube_chain *chain, uint32_t entry);
void cube_dispatch_left(struct hypercube *cube, struct cube_chain *chain, uint32_t entry);
void cube_dispatch_scan(struct hypercube *cube, const struct cube_chain *chain);

#endif
