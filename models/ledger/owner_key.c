#include "models/ledger/owner_key.h"

#include <sodium.h>
#include <string.h>

#include "models/sha256.h"

_Static_assert(SIGNATURE_BYTES == crypto_sign_BYTES, "one size of signature");
_Static_assert(crypto_hash_sha256_BYTES == crypto_sign_SEEDBYTES, "a hash is a seed");
_Static_assert(crypto_hash_sha256_BYTES == OWNER_HASH_BYTES, "one size of hash");

enum { ADDRESS_BYTES = 12 };

/* The seed: a hash of a word that nothing else begins with, and of the address. */
static void derive_seed(struct address account, unsigned char ret_seed[crypto_sign_SEEDBYTES])
{
    unsigned char text[6 + ADDRESS_BYTES] = {'o', 'w', 'n', 'e', 'r', ':'};
    uint64_t workchain = (uint32_t)account.workchain;
    for (unsigned i = 0; i < 4; i++)
        text[6 + i] = (unsigned char)(workchain >> (8 * i));
    for (unsigned i = 0; i < 8; i++)
        text[10 + i] = (unsigned char)(account.prefix >> (8 * i));
    sha256(text, sizeof text, ret_seed);
}

static void sign_modelled(const unsigned char seed[crypto_sign_SEEDBYTES],
                          const unsigned char hash[OWNER_HASH_BYTES],
                          unsigned char ret_signature[SIGNATURE_BYTES])
{
    unsigned char text[crypto_sign_SEEDBYTES + OWNER_HASH_BYTES];
    memcpy(text, seed, crypto_sign_SEEDBYTES);
    memcpy(text + crypto_sign_SEEDBYTES, hash, OWNER_HASH_BYTES);
    memset(ret_signature, 0, SIGNATURE_BYTES);
    sha256(text, sizeof text, ret_signature);
}

void owner_sign(enum signature_kind kind, struct address account,
                const unsigned char hash[OWNER_HASH_BYTES],
                unsigned char ret_signature[SIGNATURE_BYTES])
{
    unsigned char seed[crypto_sign_SEEDBYTES];
    derive_seed(account, seed);
    if (kind == SIGNATURE_MODELLED) {
        sign_modelled(seed, hash, ret_signature);
        return;
    }
    unsigned char open[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    int failed = crypto_sign_seed_keypair(open, secret, seed);
    SIM_ASSERT(failed == 0);
    failed = crypto_sign_detached(ret_signature, NULL, hash, OWNER_HASH_BYTES, secret);
    SIM_ASSERT(failed == 0);
}

bool owner_signed(enum signature_kind kind, struct address account,
                  const unsigned char hash[OWNER_HASH_BYTES],
                  const unsigned char signature[SIGNATURE_BYTES])
{
    unsigned char seed[crypto_sign_SEEDBYTES];
    derive_seed(account, seed);
    if (kind == SIGNATURE_MODELLED) {
        unsigned char expected[SIGNATURE_BYTES];
        sign_modelled(seed, hash, expected);
        return memcmp(expected, signature, SIGNATURE_BYTES) == 0;
    }
    unsigned char open[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    int failed = crypto_sign_seed_keypair(open, secret, seed);
    SIM_ASSERT(failed == 0);
    return crypto_sign_verify_detached(signature, hash, OWNER_HASH_BYTES, open) == 0;
}
