#ifndef MODELS_SPREAD_SHRED_H
#define MODELS_SPREAD_SHRED_H

/* Shreds: the packet-sized pieces of a block, their sizes, and how a block is cut into them
 * (SOL-R1, SOL-R9). Data shreds carry the block, code shreds are Reed-Solomon sums of a set of
 * them. Data and code indices count separately from 0 in each slot; an erasure set ("fec set") is
 * named by the index of its first data shred. All functions are pure and O(1) unless said. */

#include <stdbool.h>
#include <stdint.h>

enum shred_type { SHRED_DATA, SHRED_CODE };

struct shred_id {
    uint64_t slot;
    uint32_t index;
    enum shred_type type;
};

enum {
    SHRED_DATA_BYTES = 1203,
    SHRED_CODE_BYTES = 1228,
    SHRED_PACKET_BYTES_MAX = 1232,
    SHRED_NONCE_BYTES = 4, /* what an answer to a repair request adds */
    SHRED_HEADER_BYTES = 88,
    SHRED_PROOF_ENTRY_BYTES = 20,
    SHRED_ROOT_BYTES = 32,      /* of the set before, chained */
    SHRED_SIGNATURE_BYTES = 64, /* of the retransmitter, in the last set of a slot */
    SHRED_INDEX_MAX = 32768,    /* data shreds a slot, and code shreds a slot */
    SHRED_SET_DATA = 32,        /* of a full set, and as many code shreds */
    SHRED_SET_DATA_MAX = 63,    /* of the last set of a batch, before all sets had 32:32 */
    SHRED_SET_MAX = 2 * SHRED_SET_DATA_MAX,
    SHRED_REFERENCE_TICKS = 64 /* the tick a data shred carries is below this */
};

/* How sets are sized: always 32:32, padded (2026), or smaller and larger ones at the end (2.3). */
enum shred_layout { SHRED_LAYOUT_FIXED, SHRED_LAYOUT_VARIABLE };

struct shred_set {
    uint32_t first_data, data_count;
    uint32_t first_code, code_count;
    bool last; /* of its slot */
};

/* shred_proof_entries is the length of the Merkle proof in each shred of a set of `total`. */
uint32_t shred_proof_entries(uint32_t total);

/* shred_payload_bytes is what one data shred carries of the block: 963 bytes in a set of 64, 899 in
 * the last one of a slot. */
uint32_t shred_payload_bytes(uint32_t total, bool last);

/* shred_set_total is data and code shreds of a set with so many data shreds (SOL-R9; 0 for 0). */
uint32_t shred_set_total(enum shred_layout layout, uint32_t data_count, bool last);

/* shred_cut is how so many bytes, shredded together, are cut; `last` if they end their slot. There
 * is at least one set; all but the last one are 32:32. More than shred_block_bytes_max() bytes are
 * refused with set_count 0. With variable sizes the last set holds at most 32 data shreds. */
struct shred_plan {
    enum shred_layout layout;
    bool last;
    uint32_t set_count, data_count, code_count;
    uint32_t tail_data, tail_code; /* of the last set */
};
struct shred_plan shred_cut(enum shred_layout layout, uint64_t bytes, bool last);

/* shred_set_at is set number `set` of a plan, shred_set_of the set that holds a shred's index. */
struct shred_set shred_set_at(const struct shred_plan *plan, uint32_t set);
struct shred_set shred_set_of(const struct shred_plan *plan, enum shred_type type, uint32_t index);

/* shred_set_number is the number of that set: a small last set may have more than 32 code shreds.
 */
static inline uint32_t shred_set_number(const struct shred_plan *plan, uint32_t index)
{
    uint32_t set = index / SHRED_SET_DATA;
    return set < plan->set_count ? set : plan->set_count - 1;
}

uint64_t shred_block_bytes_max(void);

/* shred_bytes is the size of a shred on the wire. */
static inline uint32_t shred_bytes(enum shred_type type)
{
    return type == SHRED_DATA ? SHRED_DATA_BYTES : SHRED_CODE_BYTES;
}

#endif
