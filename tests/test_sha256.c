/* Goal: the hash of every text is SHA-256. Method: the texts that the standard gives; texts of all
 * lengths up to several blocks, and longer ones of random lengths, at every alignment, against
 * libsodium. */

#include <sodium.h>
#include <string.h>

#include "models/sha256.h"
#include "sim/rng.h"
#include "tests/check_main.h"

enum { TEXT_MAX = 5000, ALL_LENGTHS = 400, RANDOM_TEXTS = 2000 };

static void check_same(const unsigned char *text, size_t bytes)
{
    unsigned char ours[SHA256_BYTES], theirs[crypto_hash_sha256_BYTES];
    sha256(text, bytes, ours);
    crypto_hash_sha256(theirs, text, bytes);
    ck_assert_msg(memcmp(ours, theirs, sizeof ours) == 0, "%zu bytes", bytes);
}

/* FIPS 180-4 refers to these: one block, and a text whose length needs a block of its own. */
START_TEST(texts_of_the_standard_have_their_hashes)
{
    static const struct {
        const char *text;
        unsigned char head[4];
    } cases[] = {
        {"", {0xe3, 0xb0, 0xc4, 0x42}},
        {"abc", {0xba, 0x78, 0x16, 0xbf}},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", {0x24, 0x8d, 0x6a, 0x61}}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char hash[SHA256_BYTES];
        sha256(cases[i].text, strlen(cases[i].text), hash);
        ck_assert_mem_eq(hash, cases[i].head, sizeof cases[i].head);
    }
}
END_TEST

START_TEST(every_length_and_alignment_agrees_with_libsodium)
{
    static unsigned char text[TEXT_MAX + 64];
    const struct rng rng = {.seed = 256, .replication = 0};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 1, 0);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (unsigned char)rng_below(&stream, 256);
    for (size_t bytes = 0; bytes <= ALL_LENGTHS; bytes++)
        check_same(text + bytes % 64, bytes);
    for (int i = 0; i < RANDOM_TEXTS; i++) {
        size_t shift = rng_below(&stream, 64);
        check_same(text + shift, rng_below(&stream, TEXT_MAX));
    }
}
END_TEST

CHECK_MAIN("sha256", texts_of_the_standard_have_their_hashes,
           every_length_and_alignment_agrees_with_libsodium)
