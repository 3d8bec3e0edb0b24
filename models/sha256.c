#include "models/sha256.h"

#include <sodium.h>
#include <stdint.h>
#include <string.h>

#include "sim/sim_assert.h"

_Static_assert(crypto_hash_sha256_BYTES == SHA256_BYTES, "one size of hash");

static void sha256_portable(const void *text, size_t bytes, unsigned char ret_hash[SHA256_BYTES])
{
    int failed = crypto_hash_sha256(ret_hash, text, bytes);
    SIM_ASSERT(failed == 0);
}

#if defined __x86_64__ && (defined __GNUC__ || defined __clang__)

#include <cpuid.h>
#include <immintrin.h>

enum { BLOCK_BYTES = 64, LENGTH_AT = 56 };

#define WITH_EXTENSIONS __attribute__((target("sha,ssse3,sse4.1")))

/* Written once, before main: asking the processor takes longer than hashing. */
static bool has_extensions;

__attribute__((constructor)) static void look_for_extensions(void)
{
    unsigned eax, ebx, ecx, edx;
    bool sse = __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_SSSE3) && (ecx & bit_SSE4_1);
    has_extensions = sse && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & bit_SHA);
}

/* FIPS 180-4, 4.2.2. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* The eight words of the state as the instructions want them: a b e f and c d g h. */
struct halves {
    __m128i abef, cdgh;
};

WITH_EXTENSIONS static inline void four_rounds(struct halves *state, __m128i words, unsigned group)
{
    const void *constants = &round_constants[4 * group];
    __m128i sum = _mm_add_epi32(words, _mm_loadu_si128(constants));
    state->cdgh = _mm_sha256rnds2_epu32(state->cdgh, state->abef, sum);
    sum = _mm_shuffle_epi32(sum, 0x0e);
    state->abef = _mm_sha256rnds2_epu32(state->abef, state->cdgh, sum);
}

/* The next four words of the message schedule, of the sixteen before them, oldest first. */
WITH_EXTENSIONS static inline __m128i next_words(__m128i a, __m128i b, __m128i c, __m128i d)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));
    return _mm_sha256msg2_epu32(sum, d);
}

WITH_EXTENSIONS static void compress(struct halves *state, const unsigned char *block)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const struct halves before = *state;
    __m128i words[4];
    for (unsigned i = 0; i < 4; i++) {
        const void *at = block + sizeof words[0] * i;
        words[i] = _mm_shuffle_epi8(_mm_loadu_si128(at), big_endian);
        four_rounds(state, words[i], i);
    }
#pragma GCC unroll 12
    for (unsigned i = 4; i < 16; i++) {
        __m128i next =
            next_words(words[i % 4], words[(i + 1) % 4], words[(i + 2) % 4], words[(i + 3) % 4]);
        words[i % 4] = next;
        four_rounds(state, next, i);
    }
    state->abef = _mm_add_epi32(state->abef, before.abef);
    state->cdgh = _mm_add_epi32(state->cdgh, before.cdgh);
}

static void put_big_endian(unsigned char *bytes, uint64_t value)
{
    value = __builtin_bswap64(value);
    memcpy(bytes, &value, sizeof value);
}

WITH_EXTENSIONS static void sha256_fast(const unsigned char *text, size_t bytes,
                                        unsigned char ret_hash[SHA256_BYTES])
{
    /* FIPS 180-4, 5.3.3, in the order of struct halves, highest word first. */
    struct halves state = {_mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c),
                           _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19)};
    size_t rest = bytes % BLOCK_BYTES;
    for (const unsigned char *end = text + (bytes - rest); text != end; text += BLOCK_BYTES)
        compress(&state, text);
    unsigned char last[2 * BLOCK_BYTES] = {0};
    if (rest > 0)
        memcpy(last, text, rest);
    last[rest] = 0x80;
    size_t blocks = rest < LENGTH_AT ? 1 : 2;
    put_big_endian(last + (blocks - 1) * BLOCK_BYTES + LENGTH_AT, (uint64_t)bytes * 8);
    for (size_t i = 0; i < blocks; i++)
        compress(&state, last + i * BLOCK_BYTES);
    const __m128i order = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
    __m128i abcd = _mm_unpackhi_epi64(state.cdgh, state.abef);
    __m128i efgh = _mm_unpacklo_epi64(state.cdgh, state.abef);
    void *first = ret_hash, *second = ret_hash + sizeof abcd;
    _mm_storeu_si128(first, _mm_shuffle_epi8(abcd, order));
    _mm_storeu_si128(second, _mm_shuffle_epi8(efgh, order));
}

bool sha256_extended(void)
{
    return has_extensions;
}

void sha256(const void *text, size_t bytes, unsigned char ret_hash[SHA256_BYTES])
{
    if (has_extensions)
        sha256_fast(text, bytes, ret_hash);
    else
        sha256_portable(text, bytes, ret_hash);
}

#else

bool sha256_extended(void)
{
    return false;
}

void sha256(const void *text, size_t bytes, unsigned char ret_hash[SHA256_BYTES])
{
    sha256_portable(text, bytes, ret_hash);
}

#endif
