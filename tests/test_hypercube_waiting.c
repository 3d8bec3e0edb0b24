/* Goal: proofs that wait stand in the order in which they came, and those that never waited are
 * known without a look at the others. Method: random operations on the lists, as blocks make them
 * when they take proofs in and when they are dropped, beside plain arrays. */

#include <string.h>

#include "models/messaging/hypercube_proofs.h"
#include "sim/rng.h"
#include "tests/check_main.h"

enum { MOST = 64, STEPS = 10000, SEED = 11 };

struct plain {
    uint32_t slots[MOST];
    uint32_t count;
};

static void model_put(struct plain *model, uint32_t at, uint32_t slot)
{
    memmove(model->slots + at + 1, model->slots + at, (model->count - at) * sizeof *model->slots);
    model->slots[at] = slot;
    model->count++;
}

static uint32_t model_take(struct plain *model, uint32_t at)
{
    uint32_t slot = model->slots[at];
    model->count--;
    memmove(model->slots + at, model->slots + at + 1, (model->count - at) * sizeof *model->slots);
    return slot;
}

static void compare(struct hypercube *cube, const struct list *list, const struct plain *model)
{
    uint32_t at = 0, previous = 0;
    for (uint32_t slot = list->first; slot != 0; at++) {
        const struct input *input = pool_at(&cube->inputs, slot);
        ck_assert_uint_lt(at, model->count);
        ck_assert_uint_eq(slot, model->slots[at]);
        ck_assert_uint_eq(input->previous, previous);
        previous = slot;
        slot = input->next;
    }
    ck_assert_uint_eq(at, model->count);
    ck_assert_uint_eq(list->last, previous);
}

static void compare_fresh(struct hypercube *cube, const struct cube_chain *chain,
                          const struct plain *model)
{
    uint32_t fresh = 0, listed = 0;
    for (uint32_t i = 0; i < model->count; i++) {
        const struct input *input = pool_at(&cube->inputs, model->slots[i]);
        ck_assert(input->fresh == !input->waited);
        fresh += input->fresh;
    }
    for (uint32_t slot = chain->fresh.first; slot != 0; listed++) {
        const struct input *input = pool_at(&cube->inputs, slot);
        ck_assert(input->fresh);
        slot = input->fresh_next;
    }
    ck_assert_uint_eq(listed, fresh);
}

static uint32_t proof_make(struct hypercube *cube, uint64_t id, bool waited)
{
    uint32_t slot = pool_take(&cube->inputs);
    *(struct input *)pool_at(&cube->inputs, slot) =
        (struct input){.kind = INPUT_PROOF, .id = id, .waited = waited};
    return slot;
}

/* A block takes some proofs in and is dropped: they go before the others, in its order. */
static void take_and_drop(struct hypercube *cube, struct cube_chain *chain, struct plain *model,
                          struct rng_stream *stream)
{
    struct list taken = {0, 0};
    uint32_t slots[MOST], count = 0;
    uint32_t wanted = (uint32_t)rng_below(stream, model->count + 1);
    while (count < wanted) {
        uint32_t slot = model_take(model, (uint32_t)rng_below(stream, model->count));
        cube_proof_unlink(cube, chain, slot);
        if (taken.last != 0)
            ((struct input *)pool_at(&cube->inputs, taken.last))->next = slot;
        else
            taken.first = slot;
        taken.last = slot;
        slots[count++] = slot;
    }
    compare(cube, &chain->proofs, model);
    compare_fresh(cube, chain, model);
    if (taken.last != 0)
        ((struct input *)pool_at(&cube->inputs, taken.last))->next = 0;
    cube_proof_give_back(cube, chain, &taken);
    while (count > 0)
        model_put(model, 0, slots[--count]);
}

/* TON-R51: what must wait for older messages keeps its place. */
START_TEST(proofs_that_wait_keep_their_order)
{
    static struct memory memory;
    static struct hypercube cube;
    static struct cube_chain chain;
    static struct plain proofs, postponed;
    const struct rng rng = {.seed = SEED, .replication = 0};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 1, 0);
    pool_init(&cube.inputs, &memory, "test.inputs", sizeof(struct input));
    map_init(&chain.waiting, &memory, "test.waiting");
    for (uint64_t step = 1; step <= STEPS; step++) {
        uint64_t choice = rng_below(&stream, 8);
        if (choice < 3 && proofs.count + postponed.count < MOST) {
            bool later = choice == 0;
            uint32_t slot = proof_make(&cube, step, !later && rng_below(&stream, 2) == 0);
            struct plain *model = later ? &postponed : &proofs;
            (later ? cube_proof_postpone : cube_proof_append)(&cube, &chain, slot);
            model_put(model, model->count, slot);
        } else if (choice < 5 && proofs.count > 0) {
            uint32_t slot = model_take(&proofs, (uint32_t)rng_below(&stream, proofs.count));
            cube_proof_unlink(&cube, &chain, slot);
            pool_give(&cube.inputs, slot);
        } else if (choice == 5 && postponed.count > 0) {
            uint32_t slot = model_take(&postponed, (uint32_t)rng_below(&stream, postponed.count));
            cube_proof_unlink(&cube, &chain, slot);
            cube_proof_append(&cube, &chain, slot);
            model_put(&proofs, proofs.count, slot);
        } else if (choice == 6) {
            take_and_drop(&cube, &chain, &proofs, &stream);
        }
        compare(&cube, &chain.proofs, &proofs);
        compare(&cube, &chain.postponed, &postponed);
        compare_fresh(&cube, &chain, &proofs);
        ck_assert_uint_eq(chain.postponed_count, postponed.count);
    }
    map_destroy(&chain.waiting);
    pool_destroy(&cube.inputs);
}
END_TEST

CHECK_MAIN("hypercube_waiting", proofs_that_wait_keep_their_order)
