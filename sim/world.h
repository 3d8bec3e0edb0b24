#ifndef SIM_WORLD_H
#define SIM_WORLD_H

/* The world as models build it: nodes in roles, groups, named entities. Legal only in build(). */

#include <stdbool.h>
#include <stdint.h>

#include "sim/order.h"
#include "sim/rng.h"

struct memory;
struct stack;
struct world;

/* Roles are fixed numbers, part of every identity: append, never renumber. Role 0 names chains,
 * which are entities but no nodes. */
enum role {
    ROLE_CHAIN = 0,
    ROLE_SHARD = 1, /* a chain's collective node */
    ROLE_VALIDATOR = 2,
    ROLE_CLIENT = 3,
    ROLE_DSP = 4,
    ROLE_RELAY = 5,
    ROLE_ECHO = 6,
    ROLE_PHOLD = 7,
    ROLE_MASTER = 8,
    ROLE_LINK = 14,
    ROLE_TEST = 15
};

struct node_options {
    enum role role;
    const char *role_name; /* "shard": what fault targets and the log call it */
    uint32_t index;        /* the identity within the role */
    uint32_t group;        /* unit of threads: world_group_add() */
    uint64_t parent;       /* identity of the entity it belongs to, or 0 */
    bool uplink_unlimited; /* true: network.bandwidth does not apply (a client stands for many) */
};

/* world_group_add makes a group: nodes that may share memory and call each other's seams. */
uint32_t world_group_add(struct world *world);

/* world_node_add returns the new node's dense number. Its name is "role:ordinal", ordinal counting
 * the nodes of that role from 0. Asserts that the identity is new. */
uint32_t world_node_add(struct world *world, const struct node_options *options);

/* world_role_absent says that a scenario with other choices would have nodes of a role, and what to
 * write instead: the `try` where a fault names one. Both texts are constants. */
void world_role_absent(struct world *world, const char *role_name, const char *way);

/* world_entity_add names an entity that is no node (a chain, a contract) in the log. */
void world_entity_add(struct world *world, uint64_t identity, const char *type, const char *name,
                      uint64_t parent);

uint32_t world_node_count(const struct world *world);
uint32_t world_group(const struct world *world, uint32_t node);
uint64_t world_identity(const struct world *world, uint32_t node);
struct memory *world_memory(struct world *world); /* counted; freed by the model's destroy */
const struct rng *world_rng(const struct world *world);
uint64_t world_duration_ns(const struct world *world);
/* world_flight_ns is the least time that a packet of so many bytes takes over the slowest pair of
 * the network: its bandwidth and the floor of its latency. */
uint64_t world_flight_ns(const struct world *world, uint32_t wire_bytes);

/* world_property_on says whether a property of that slot is to be checked in this run. */
bool world_property_on(const struct world *world, uint8_t slot, uint32_t property);

/* world_property_within is the scenario's "within" for a property such as finality; 0 = none. */
uint64_t world_property_within(const struct world *world, uint8_t slot, uint32_t property);

#endif
