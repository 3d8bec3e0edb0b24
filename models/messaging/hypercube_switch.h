#ifndef MODELS_MESSAGING_HYPERCUBE_SWITCH_H
#define MODELS_MESSAGING_HYPERCUBE_SWITCH_H

/* Shards that split and merge (TON-R57 to TON-R60): what the files that do it share. */

#include "models/messaging/hypercube_parts.h"

struct build;

/* cube_reshard_build refuses what a switch does not follow; -1 with a diagnostic. */
int cube_reshard_build(struct hypercube *cube, const struct build *build);

/* hypercube_reshard.c: shards that split and merge: the upcalls of struct block_app. */
void cube_divide(void *self, struct context *context, uint32_t parent, uint32_t left,
                 uint32_t right);
void cube_unite(void *self, struct context *context, uint32_t left, uint32_t right,
                uint32_t parent);
/* What dies and what begins in the switch that goes on. */
struct cube_switch {
    struct hypercube *cube;
    struct context *context;
    uint32_t old[2], young[2]; /* chains */
    uint32_t old_count, young_count;
    uint64_t lt; /* above any logical time of what dies */
};
bool cube_switch_is(const uint32_t *chains, uint32_t count, uint32_t chain);
/* The young chain that holds an address, CHAIN_NONE if none does. */
uint32_t cube_switch_holder(const struct cube_switch *sw, struct address address);
/* hypercube_relink.c: queues and views. settle: what receivers had imported counts as answered.
 * entries, mirrors: they go to their new chains and links. streams (hypercube_streams.c): both ends
 * of each new link agree again. */
void cube_relink_settle(struct cube_switch *sw);
void cube_relink_entries(struct cube_switch *sw);
void cube_relink_mirrors(struct cube_switch *sw);
void cube_relink_streams(struct cube_switch *sw);
/* hypercube_inherit.c: sets, inputs and removals. */
void cube_inherit_inputs(struct cube_switch *sw);
void cube_inherit_removals(struct cube_switch *sw);
void cube_inherit_senders(struct cube_switch *sw);
void cube_inherit_memory(struct cube_switch *sw);

/* The epoch of two chains that talk: packets of another one are of a former life of one of them. */
uint32_t cube_epoch(struct hypercube *cube, uint32_t a, uint32_t b);
/* Whether what came about these two is from their present lives. */
bool cube_current(struct hypercube *cube, uint32_t a, uint32_t b, uint32_t epoch);
struct address cube_current_address(const struct parcel *parcel);
struct address cube_next_address(const struct parcel *parcel);

#endif
