/* Goal: the generator is ChaCha as published, and its draws are those of the rules. Method:
 * published key streams, libsodium for 20 rounds, a plain version a block for both; draws against
 * rejection written out. */

#include "models/chacha.h"

#include <sodium.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/check_main.h"

enum { NUMBERS = 200 };

static const struct rng rng = {.seed = 31, .replication = 0};

static uint64_t little_endian(const unsigned char *bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

static void check_stream(enum chacha_rounds rounds, const char *hex)
{
    unsigned char key[CHACHA_KEY_BYTES] = {0}, expected[64];
    size_t bytes = 0;
    ck_assert_int_eq(sodium_hex2bin(expected, 64, hex, strlen(hex), NULL, &bytes, NULL), 0);
    ck_assert_uint_eq(bytes, 64);
    struct chacha chacha;
    chacha_init(&chacha, key, rounds);
    for (unsigned i = 0; i < 8; i++)
        ck_assert_uint_eq(chacha_u64(&chacha), little_endian(expected + 8 * i));
}

/* SOL-R8.3 */
START_TEST(gives_the_published_streams)
{
    check_stream(CHACHA_ROUNDS_20,
                 "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
                 "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
    check_stream(CHACHA_ROUNDS_8,
                 "3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e"
                 "984ce172b9216f419f445367456d5619314a42a3da86b001387bfdb80e0cfe42");
}
END_TEST

static void random_key(uint64_t item, unsigned char ret_key[CHACHA_KEY_BYTES])
{
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 1, item);
    for (unsigned i = 0; i < CHACHA_KEY_BYTES; i++)
        ret_key[i] = (unsigned char)rng_below(&stream, 256);
}

START_TEST(twenty_rounds_equal_the_library)
{
    for (uint64_t item = 0; item < 20; item++) {
        unsigned char key[CHACHA_KEY_BYTES], nonce[8] = {0}, stream[8 * NUMBERS];
        random_key(item, key);
        crypto_stream_chacha20(stream, sizeof stream, nonce, key);
        struct chacha chacha;
        chacha_init(&chacha, key, CHACHA_ROUNDS_20);
        for (unsigned i = 0; i < NUMBERS; i++)
            ck_assert_uint_eq(chacha_u64(&chacha), little_endian(stream + 8 * (size_t)i));
    }
}
END_TEST

static uint32_t rotate(uint32_t x, unsigned bits)
{
    return x << bits | x >> (32 - bits);
}

static void quarter(uint32_t *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
    x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 7);
}

static void plain_block(const uint32_t *key, uint64_t counter, unsigned rounds, uint32_t *ret_words)
{
    uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, x[16];
    memcpy(start + 4, key, 32);
    start[12] = (uint32_t)counter;
    start[13] = (uint32_t)(counter >> 32);
    memcpy(x, start, sizeof x);
    for (unsigned round = 0; round < rounds; round += 2) {
        for (unsigned i = 0; i < 4; i++)
            quarter(x, i, 4 + i, 8 + i, 12 + i);
        for (unsigned i = 0; i < 4; i++)
            quarter(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
    }
    for (unsigned i = 0; i < 16; i++)
        ret_words[i] = x[i] + start[i];
}

START_TEST(eight_rounds_equal_the_plain_version)
{
    for (uint64_t item = 0; item < 20; item++) {
        unsigned char key[CHACHA_KEY_BYTES];
        random_key(item, key);
        struct chacha chacha;
        chacha_init(&chacha, key, CHACHA_ROUNDS_8);
        for (uint64_t block = 0; block < NUMBERS / 8; block++) {
            uint32_t words[16];
            plain_block(chacha.key, block, 8, words);
            for (unsigned i = 0; i < 8; i++)
                ck_assert_uint_eq(chacha_u64(&chacha),
                                  (uint64_t)words[2 * i + 1] << 32 | words[2 * i]);
        }
    }
}
END_TEST

/* The counter has 64 bits: the carry reaches its upper half, also in the middle of four blocks. */
START_TEST(counts_blocks_beyond_32_bits)
{
    unsigned char key[CHACHA_KEY_BYTES];
    random_key(7, key);
    struct chacha chacha;
    chacha_init(&chacha, key, CHACHA_ROUNDS_8);
    chacha.counter = UINT32_MAX - 1;
    for (uint64_t block = UINT32_MAX - UINT64_C(1); block < UINT32_MAX + UINT64_C(3); block++) {
        uint32_t words[16];
        plain_block(chacha.key, block, 8, words);
        for (unsigned i = 0; i < 8; i++)
            ck_assert_uint_eq(chacha_u64(&chacha), (uint64_t)words[2 * i + 1] << 32 | words[2 * i]);
    }
}
END_TEST

/* SOL-R8.3, SOL-R8.10: both draws, their zones written out; large n make many rejections. */
START_TEST(draws_by_rejection)
{
    for (uint64_t item = 0; item < 3000; item++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, 2, item);
        uint64_t n = rng_u64(&stream) >> rng_below(&stream, 64);
        n = n == 0 ? 1 : n;
        unsigned char key[CHACHA_KEY_BYTES];
        random_key(item, key);
        for (unsigned widest = 0; widest < 2; widest++) {
            struct chacha fast, slow;
            chacha_init(&fast, key, CHACHA_ROUNDS_8);
            chacha_init(&slow, key, CHACHA_ROUNDS_8);
            uint64_t zone = n;
            while (!widest && zone >> 63 == 0)
                zone <<= 1;
            /* 2^64 - (2^64 mod n) - 1, or n shifted to the top bit, less 1. */
            zone = widest ? UINT64_MAX - (UINT64_MAX % n + 1) % n : zone - 1;
            __extension__ unsigned __int128 product;
            do {
                product = chacha_u64(&slow);
                product *= n;
            } while ((uint64_t)product > zone);
            uint64_t expected = (uint64_t)(product >> 64);
            uint64_t got = widest ? chacha_uniform(&fast, n) : chacha_below(&fast, n);
            ck_assert_uint_eq(got, expected);
            ck_assert_uint_lt(got, n);
            ck_assert_uint_eq(chacha_u64(&fast), chacha_u64(&slow)); /* as many were used */
        }
    }
}
END_TEST

CHECK_MAIN("chacha", gives_the_published_streams, twenty_rounds_equal_the_library,
           eight_rounds_equal_the_plain_version, counts_blocks_beyond_32_bits, draws_by_rejection)
