#include "models/chacha.h"

#include <string.h>

#include "sim/exact.h"
#include "sim/sim_assert.h"

/* Four blocks side by side: lane i of each of the 16 words belongs to block `counter + i`. */
enum { LANES = 4, STATE_WORDS = 16 };
typedef uint32_t lanes __attribute__((vector_size(4 * LANES)));

static uint32_t read_word(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

void chacha_init(struct chacha *chacha, const unsigned char key[CHACHA_KEY_BYTES],
                 enum chacha_rounds rounds)
{
    for (unsigned i = 0; i < 8; i++)
        chacha->key[i] = read_word(key + 4 * (size_t)i);
    chacha->counter = 0;
    chacha->rounds = (uint32_t)rounds;
    chacha->used = CHACHA_WORDS;
}

static lanes same(uint32_t word)
{
    return (lanes){word, word, word, word};
}

#define ROTATE(x, bits) ((x) << (bits) | (x) >> (32 - (bits)))
#define QUARTER(a, b, c, d)                                                                        \
    do {                                                                                           \
        a += b, d ^= a, d = ROTATE(d, 16);                                                         \
        c += d, b ^= c, b = ROTATE(b, 12);                                                         \
        a += b, d ^= a, d = ROTATE(d, 8);                                                          \
        c += d, b ^= c, b = ROTATE(b, 7);                                                          \
    } while (0)

static void refill(struct chacha *chacha)
{
    lanes start[STATE_WORDS], x[STATE_WORDS];
    static const uint32_t constant[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    for (unsigned i = 0; i < 4; i++)
        start[i] = same(constant[i]);
    for (unsigned i = 0; i < 8; i++)
        start[4 + i] = same(chacha->key[i]);
    for (unsigned i = 0; i < LANES; i++) {
        start[12][i] = (uint32_t)(chacha->counter + i);
        start[13][i] = (uint32_t)((chacha->counter + i) >> 32);
    }
    start[14] = start[15] = same(0);
    memcpy(x, start, sizeof x);
    for (uint32_t round = 0; round < chacha->rounds; round += 2) {
        QUARTER(x[0], x[4], x[8], x[12]);
        QUARTER(x[1], x[5], x[9], x[13]);
        QUARTER(x[2], x[6], x[10], x[14]);
        QUARTER(x[3], x[7], x[11], x[15]);
        QUARTER(x[0], x[5], x[10], x[15]);
        QUARTER(x[1], x[6], x[11], x[12]);
        QUARTER(x[2], x[7], x[8], x[13]);
        QUARTER(x[3], x[4], x[9], x[14]);
    }
    for (unsigned i = 0; i < STATE_WORDS; i += 2) {
        lanes low = x[i] + start[i], high = x[i + 1] + start[i + 1];
        for (unsigned lane = 0; lane < LANES; lane++)
            chacha->words[lane * (STATE_WORDS / 2) + i / 2] =
                (uint64_t)high[lane] << 32 | low[lane];
    }
    chacha->counter += LANES;
    chacha->used = 0;
}

uint64_t chacha_u64(struct chacha *chacha)
{
    if (chacha->used == CHACHA_WORDS)
        refill(chacha);
    return chacha->words[chacha->used++];
}

static uint64_t draw(struct chacha *chacha, uint64_t n, uint64_t zone)
{
    for (;;) { /* each turn ends it with probability above 1/2 */
        uint128 product = (uint128)chacha_u64(chacha) * n;
        if ((uint64_t)product <= zone)
            return (uint64_t)(product >> 64);
    }
}

uint64_t chacha_below(struct chacha *chacha, uint64_t n)
{
    SIM_ASSERT(n > 0);
    return draw(chacha, n, (n << __builtin_clzll(n)) - 1);
}

uint64_t chacha_uniform(struct chacha *chacha, uint64_t n)
{
    SIM_ASSERT(n > 0);
    return draw(chacha, n, UINT64_MAX - (UINT64_MAX - n + 1) % n);
}
