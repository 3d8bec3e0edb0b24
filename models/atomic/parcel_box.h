#ifndef MODELS_ATOMIC_PARCEL_BOX_H
#define MODELS_ATOMIC_PARCEL_BOX_H

/* What a node has sent and not been thanked for, in order of the next sending. All parcels wait
 * equally long, so what is sent again goes to the end and the order keeps itself. O(1) each. */

#include <stdint.h>

#include "models/stack.h"
#include "sim/memory.h"

enum parcel_kind { PARCEL_SUBMIT, PARCEL_OUTCOME };

struct parcel {
    union {
        struct tx tx;            /* PARCEL_SUBMIT */
        struct tx_result result; /* PARCEL_OUTCOME */
    } content;
    uint64_t resend_ns;
    uint32_t to, chain; /* node; the chain it concerns */
    uint32_t sequence;  /* PARCEL_SUBMIT: of the pair client, chain; from 1 */
    uint32_t attempt;
    uint32_t before, after;
    enum parcel_kind kind;
};

struct parcel_box {
    uint32_t first, last;
    uint64_t timer; /* of the node's resending; 0 = none */
};

static inline struct parcel *parcel_at(const struct pool *parcels, uint32_t handle)
{
    return pool_at(parcels, handle);
}

void parcel_box_append(struct parcel_box *box, const struct pool *parcels, uint32_t handle);
void parcel_box_remove(struct parcel_box *box, const struct pool *parcels, uint32_t handle);

#endif
