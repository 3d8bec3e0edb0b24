#ifndef MODELS_LEDGER_CONTRACT_CODE_H
#define MODELS_LEDGER_CONTRACT_CODE_H

/* What contracts are and what their methods cost and accept. Pure: no state, no kernel.
 *
 * Residents stand at addresses of their own from the start: a counter and a creator in every shard
 * of the beginning, a global contract with an instance in every shard up to depth d (TON-23), and a
 * publisher in the masterchain (TON-25). A resident's address is the kind's own number with the
 * shard's bits in front, as anycast.h makes them, so it needs no table. Others are created while
 * the run goes on (TON-5). A contract has one entry point that tells its methods apart by the first
 * four bytes of a message's body (TON-11, TON-21). Cost: O(1) each. */

#include <stdbool.h>
#include <stdint.h>

#include "models/ledger/gas_price.h"
#include "models/stack.h"

struct contract_rules {
    uint64_t call_gas, create_gas; /* of a plain method; of creating, on either side */
    uint64_t publish_gas;          /* for every shard that is told */
    uint64_t global_depth;         /* of the global contract's instances */
    bool trusts_strangers;         /* a switch of tests: special messages from anybody */
};

/* Where a run happens. */
struct contract_place {
    struct address self;
    uint64_t shard;       /* tagged prefix of its shard */
    uint32_t shard_count; /* shards that a publisher tells */
};

/* contract_address is the resident of that kind in a shard (of the beginning; for CONTRACT_GLOBAL
 * in any). The publisher's shard is the masterchain's. */
uint64_t contract_address(enum contract_kind kind, unsigned global_depth, uint64_t shard);

/* contract_global is the address of the global contract before anything is known of the shard. */
uint64_t contract_global(void);

/* contract_is_sister: an address that only an instance of the global contract can have (the number
 * behind its first d bits is a hash). TON-8, TON-23: senders cannot be forged. */
bool contract_is_sister(unsigned global_depth, struct address from);

/* contract_judge uses up the gas of what a message asks for and says whether the contract does it:
 * REASON_GAS, REASON_METHOD (no such method), REASON_STRANGER (not for this sender). All gas is
 * taken before any effect, so nothing has to be undone. */
enum tx_reason contract_judge(const struct contract_rules *rules, enum contract_kind kind,
                              const struct contract_place *place, const struct envelope *message,
                              struct gas_meter *gas);

/* contract_child is the address of the number-th contract that a creator makes: a hash, with the
 * creator's shard in front unless it shall be anywhere. */
uint64_t contract_child(const struct contract_place *place, uint64_t number, bool anywhere);

/* contract_argument reads and writes the first word of a body. */
uint64_t contract_argument(const struct envelope *message);
void contract_set_argument(struct envelope *message, uint64_t argument);

#endif
