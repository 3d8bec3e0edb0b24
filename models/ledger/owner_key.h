#ifndef MODELS_LEDGER_OWNER_KEY_H
#define MODELS_LEDGER_OWNER_KEY_H

/* Signatures of accounts' owners (TON-17). An account's key pair derives from its address, so both
 * ends know it without a table. Two kinds: real Ed25519 (about 50 us to sign, 80 us to check), or
 * modelled: SHA-256 over the owner's seed and the message (about 1 us), which only the owner's side
 * of the simulator can make. Pure. */

#include <stdbool.h>
#include <stdint.h>

#include "models/stack.h"

enum signature_kind { SIGNATURE_MODELLED, SIGNATURE_ED25519 };
enum { OWNER_HASH_BYTES = 32 };

/* owner_sign signs a hash as the owner of an account. */
void owner_sign(enum signature_kind kind, struct address account,
                const unsigned char hash[OWNER_HASH_BYTES],
                unsigned char ret_signature[SIGNATURE_BYTES]);

/* owner_signed says whether a signature of that hash is the owner's. */
bool owner_signed(enum signature_kind kind, struct address account,
                  const unsigned char hash[OWNER_HASH_BYTES],
                  const unsigned char signature[SIGNATURE_BYTES]);

#endif
