#ifndef SIM_SWARM_PLAN_H
#define SIM_SWARM_PLAN_H

/* What `swarm` runs: small random scenarios around a base scenario, drawn from the parameter tables
 * of the layers that it uses. Each draw is addressed by (seed, run, attempt, what is drawn): run i
 * is the same in every swarm of that seed, and a further parameter changes no other's draw.
 *
 * A drawn run lasts 20 to 120 s of simulated time and is quiet in its last third: no new
 * transactions and no faults, so that all can drain. Each parameter keeps the base's value in half
 * of the runs, and each kind of fault is absent from half of them. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine.h"
#include "sim/param.h"
#include "sim/rng.h"

struct cJSON;
struct scenario;

enum { SWARM_POINTER_BYTES = 96, SWARM_SLOTS_MAX = 256, SWARM_BEHAVIOURS_MAX = 32 };
/* Addresses of draws: the slots by their index, then the run as a whole, then its faults. */
enum { SWARM_DRAW_RUN = SWARM_SLOTS_MAX, SWARM_DRAW_FAULTS = SWARM_SLOTS_MAX + 16 };

struct swarm_slot { /* one thing that may be drawn */
    char pointer[SWARM_POINTER_BYTES];
    const struct param *row;
    const struct cJSON *base; /* its value in the base; owned by the plan */
};

struct swarm_plan {
    struct cJSON *base; /* the effective base scenario without faults */
    const char *path, *name;
    struct swarm_slot *slots;
    uint32_t slot_count;
};

struct swarm_address {
    uint64_t seed, run, attempt;
};

/* swarm_plan_make finds what can be drawn around a scenario, which must outlive the plan. */
void swarm_plan_make(const struct scenario *scenario, struct swarm_plan *ret_plan);
void swarm_plan_free(struct swarm_plan *plan);

/* swarm_plan_draw draws the parameters of a run: a scenario document without faults, which the
 * reader may still refuse. The caller deletes it. */
struct cJSON *swarm_plan_draw(const struct swarm_plan *plan, const struct swarm_address *address);

/* The world that was drawn, as far as faults are concerned. */
struct swarm_world {
    struct engine_role roles[ENGINE_ROLES_MAX];
    uint32_t role_count;
    const char *behaviours[SWARM_BEHAVIOURS_MAX]; /* names in the models' tables */
    uint32_t behaviour_count;
};

/* swarm_plan_behaviours lists the Byzantine behaviours of a scenario's layers. */
void swarm_plan_behaviours(const struct scenario *scenario, struct swarm_world *ret_world);

/* swarm_plan_faults draws faults among the nodes that the drawn world has, into the document. */
void swarm_plan_faults(const struct swarm_address *address, const struct swarm_world *world,
                       struct cJSON *document);

/* swarm_find returns the value at a pointer of plain tokens, or NULL. */
struct cJSON *swarm_find(const struct cJSON *document, const char *pointer);

/* swarm_put replaces the value at a pointer, or adds it to its object; consumes the value. Returns
 * false, with the value deleted, where there is no such object. */
bool swarm_put(struct cJSON *document, const char *pointer, struct cJSON *value);

/* swarm_time reads a time of a document in ns; 0 when there is none. */
int64_t swarm_time(const struct cJSON *document, const char *pointer);

/* --- swarm_value.c --- */

/* swarm_between draws from low to high, about as often from each octave above low. */
int64_t swarm_between(struct rng_stream *stream, int64_t low, int64_t high);

/* swarm_value draws a value for a row around its value in the base (NULL: around the default), or
 * returns NULL when values of that kind are not drawn. The caller owns it. */
struct cJSON *swarm_value(const struct param *row, const struct cJSON *base,
                          struct rng_stream *stream);

/* swarm_value_is_drawn says whether swarm_value can draw for such a row. */
bool swarm_value_is_drawn(const struct param *row);

/* swarm_quantity is a JSON string such as "1500000000ns". The caller owns it. */
struct cJSON *swarm_quantity(enum param_kind kind, int64_t value);

/* swarm_number reads a value of a numeric row in base units; false when it is none. */
bool swarm_number(const struct param *row, const struct cJSON *value, int64_t *ret_value);

#endif
