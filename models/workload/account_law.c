#include "models/workload/account_law.h"

#include "models/ascending.h"
#include "sim/exact.h"
#include "sim/memory.h"
#include "sim/sim_assert.h"

static const char *const NAME = "workload: Zipf table";

void account_law_uniform(struct account_law *law, uint64_t shards, uint64_t per_shard)
{
    SIM_ASSERT(shards > 0 && per_shard > 0);
    *law = (struct account_law){.shards = shards, .per_shard = per_shard};
}

static uint64_t total_of(const struct account_law *law)
{
    return law->shards * law->per_shard;
}

static double weight_of(const struct account_law *law, uint64_t place, double exponent)
{
    uint64_t rank = place % law->per_shard * law->shards + place / law->per_shard;
    return exact_pow((double)(rank + 1), -exponent);
}

void account_law_zipf(struct account_law *law, struct memory *memory, uint64_t shards,
                      uint64_t per_shard, double exponent)
{
    account_law_uniform(law, shards, per_shard);
    uint64_t count = total_of(law);
    SIM_ASSERT(count <= ACCOUNT_LAW_ZIPF_MAX);
    SIM_ASSERT(exponent >= 0.0 && exponent <= 20.0);
    law->upto = memory_take(memory, NAME, count * sizeof *law->upto);
    double whole = 0.0;
    for (uint64_t place = 0; place < count; place++)
        whole += weight_of(law, place, exponent);
    /* The same additions in the same order end at `whole` exactly, so the last entry is 2^63. */
    double sum = 0.0;
    for (uint64_t place = 0; place < count; place++) {
        sum += weight_of(law, place, exponent);
        law->upto[place] = (uint64_t)(sum / whole * 0x1p63 + 0.5);
    }
    SIM_ASSERT(law->upto[count - 1] == UINT64_C(1) << 63);
}

void account_law_destroy(struct account_law *law, struct memory *memory)
{
    memory_give(memory, law->upto, law->upto ? total_of(law) * sizeof *law->upto : 0);
    law->upto = NULL;
}

static uint64_t below(uint64_t x, uint64_t n)
{
    return (uint64_t)((uint128)x * n >> 64);
}

static struct account_place place_of(const struct account_law *law, uint64_t place)
{
    return (struct account_place){place / law->per_shard, place % law->per_shard};
}

/* Weight of all accounts before a place. */
static uint64_t before(const struct account_law *law, uint64_t place)
{
    if (law->upto == NULL)
        return place;
    return place == 0 ? 0 : law->upto[place - 1];
}

/* The place whose share of the weight covers `weight`. */
static uint64_t find(const struct account_law *law, uint64_t weight)
{
    return law->upto == NULL ? weight : ascending_draw(law->upto, total_of(law), weight);
}

/* Draws among the places of [from, to) without those of [hole, hole_end), which lies in it.
 * Returns false when nothing there has any weight. */
static bool draw(const struct account_law *law, uint64_t from, uint64_t to, uint64_t hole,
                 uint64_t hole_end, uint64_t x, uint64_t *ret_place)
{
    uint64_t start = before(law, from);
    uint64_t hole_start = before(law, hole);
    uint64_t hole_weight = before(law, hole_end) - hole_start;
    uint64_t weight = before(law, to) - start - hole_weight;
    if (weight == 0)
        return false;
    uint64_t at = start + below(x, weight);
    *ret_place = find(law, at >= hole_start ? at + hole_weight : at);
    return true;
}

struct account_place account_law_any(const struct account_law *law, uint64_t x)
{
    uint64_t place = 0;
    bool found = draw(law, 0, total_of(law), 0, 0, x, &place);
    SIM_ASSERT(found);
    return place_of(law, place);
}

struct account_place account_law_inside(const struct account_law *law, uint64_t shard, uint64_t x)
{
    SIM_ASSERT(shard < law->shards);
    uint64_t first = shard * law->per_shard;
    uint64_t place;
    if (draw(law, first, first + law->per_shard, first, first, x, &place))
        return place_of(law, place);
    return (struct account_place){shard, below(x, law->per_shard)};
}

struct account_place account_law_within(const struct account_law *law, uint64_t shard,
                                        uint64_t avoid, uint64_t x)
{
    SIM_ASSERT(shard < law->shards && avoid < law->per_shard);
    uint64_t first = shard * law->per_shard;
    uint64_t place;
    if (law->per_shard == 1)
        return (struct account_place){shard, avoid};
    if (draw(law, first, first + law->per_shard, first + avoid, first + avoid + 1, x, &place))
        return place_of(law, place);
    uint64_t index = (avoid + 1 + below(x, law->per_shard - 1)) % law->per_shard;
    return (struct account_place){shard, index};
}

struct account_place account_law_outside(const struct account_law *law, uint64_t shard, uint64_t x)
{
    SIM_ASSERT(shard < law->shards && law->shards > 1);
    uint64_t first = shard * law->per_shard;
    uint64_t end = first + law->per_shard;
    uint64_t place;
    if (draw(law, 0, total_of(law), first, end, x, &place))
        return place_of(law, place);
    uint64_t others = total_of(law) - law->per_shard;
    place = below(x, others);
    return place_of(law, place >= first ? place + law->per_shard : place);
}
