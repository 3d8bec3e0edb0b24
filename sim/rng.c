#include "sim/rng.h"

#include <Random123/philox.h>

#include "sim/exact.h"
#include "sim/rng_draw.h"
#include "sim/sim_assert.h"

enum { WORDS = 4 };

void rng_philox(const uint64_t counter[4], const uint64_t key[2], uint64_t ret_word[4])
{
    philox4x64_ctr_t in = {{counter[0], counter[1], counter[2], counter[3]}};
    philox4x64_key_t with = {{key[0], key[1]}};
    philox4x64_ctr_t out = philox4x64(in, with);
    for (int i = 0; i < WORDS; i++)
        ret_word[i] = out.v[i];
}

void rng_schedule_make(const struct rng *rng, struct rng_schedule *ret_schedule)
{
    uint64_t first = rng->seed, second = rng->replication;
    for (int round = 0; round < RNG_ROUNDS; round++) {
        ret_schedule->key[round][0] = first;
        ret_schedule->key[round][1] = second;
        first += PHILOX_W64_0;
        second += PHILOX_W64_1;
    }
}

uint64_t rng_first(const struct rng_schedule *schedule, uint64_t a, uint64_t b, uint64_t c,
                   uint64_t d)
{
#pragma GCC unroll 10
    for (int round = 0; round < RNG_ROUNDS; round++) {
        uint128 left = (uint128)a * PHILOX_M4x64_0;
        uint128 right = (uint128)c * PHILOX_M4x64_1;
        a = (uint64_t)(right >> 64) ^ (b ^ schedule->key[round][0]);
        b = (uint64_t)right;
        c = (uint64_t)(left >> 64) ^ (d ^ schedule->key[round][1]);
        d = (uint64_t)left;
    }
    return a;
}

/* stream->word stays as it is: nobody looks at it before the first draw fills it. */
static void stream_open(struct rng_stream *stream, const struct rng *rng, uint64_t block,
                        uint64_t item, uint64_t entity, uint64_t where)
{
    stream->key[0] = rng->seed;
    stream->key[1] = rng->replication;
    stream->counter[0] = block;
    stream->counter[1] = item;
    stream->counter[2] = entity;
    stream->counter[3] = where;
    stream->used = WORDS;
}

void rng_stream_at(struct rng_stream *stream, const struct rng *rng, enum rng_purpose purpose,
                   uint64_t entity, uint64_t item)
{
    stream_open(stream, rng, 0, item, entity, (uint64_t)purpose);
}

void rng_stream_link(struct rng_stream *stream, const struct rng *rng, enum rng_purpose purpose,
                     uint64_t from, uint64_t to, uint64_t item, uint32_t tag, uint32_t attempt)
{
    SIM_ASSERT(tag >> RNG_TAG_BITS == 0);
    SIM_ASSERT(to >> (64 - RNG_BLOCK_BITS) == 0);
    uint64_t where = (uint64_t)purpose | (uint64_t)tag << RNG_PURPOSE_BITS |
                     (uint64_t)attempt << RNG_ATTEMPT_SHIFT;
    stream_open(stream, rng, to << RNG_BLOCK_BITS, item, from, where);
}

uint64_t rng_u64(struct rng_stream *stream)
{
    if (stream->used == WORDS) {
        rng_philox(stream->counter, stream->key, stream->word);
        stream->counter[0]++;
        /* Above the block count stands the far end of a link: it must never be carried into. */
        SIM_ASSERT((stream->counter[0] & ((UINT64_C(1) << RNG_BLOCK_BITS) - 1)) != 0);
        stream->used = 0;
    }
    return stream->word[stream->used++];
}

double rng_open(struct rng_stream *stream)
{
    return rng_open_of(rng_u64(stream));
}

uint64_t rng_below(struct rng_stream *stream, uint64_t n)
{
    SIM_ASSERT(n > 0);
    uint64_t x = rng_u64(stream);
    return (uint64_t)((uint128)x * n >> 64);
}

bool rng_chance(struct rng_stream *stream, uint64_t threshold)
{
    uint64_t x = rng_u64(stream);
    return threshold == UINT64_MAX || x < threshold;
}
