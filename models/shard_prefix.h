#ifndef MODELS_SHARD_PREFIX_H
#define MODELS_SHARD_PREFIX_H

/* Shards as tagged prefixes (TON-R3, TON-R4).
 *
 * A shard of depth d is 64 bits: d prefix bits, a single 1 bit (the tag), then zeros, so one word
 * says both which addresses it holds and how long its prefix is. Depth 0, the whole workchain, is
 * 0x8000000000000000. Depths up to 60 are legal here; a shard has a heap index (1 << depth | prefix
 * bits), and so an identity, up to SHARD_HEAP_DEPTH_MAX only. Numeric order of disjoint shards is
 * their order of addresses from left to right. Everything here is pure and O(1). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SHARD_DEPTH_MAX = 60,
    SHARD_HEAP_DEPTH_MAX = 20,
    SHARD_TEXT_BYTES = 32 /* "-2147483648:8000000000000000" and its end */
};

#define SHARD_WHOLE UINT64_C(0x8000000000000000)

/* shard_valid: a tag is there and the depth is at most SHARD_DEPTH_MAX. */
bool shard_valid(uint64_t shard);

/* The rest asserts shard_valid of what it is given. */
unsigned shard_depth(uint64_t shard);

/* shard_contains: the 64-bit address prefix lies in the shard. */
bool shard_contains(uint64_t shard, uint64_t prefix);

/* shard_first, shard_last: the inclusive range of address prefixes. */
uint64_t shard_first(uint64_t shard);
uint64_t shard_last(uint64_t shard);

/* shard_intersects: equal on the shorter prefix, that is, one is the other or its ancestor. */
bool shard_intersects(uint64_t a, uint64_t b);

uint64_t shard_parent(uint64_t shard);            /* depth > 0 */
uint64_t shard_child(uint64_t shard, bool right); /* depth < SHARD_DEPTH_MAX */
uint64_t shard_sibling(uint64_t shard);           /* depth > 0 */

/* shard_of_prefix: the shard of that depth that holds an address prefix. */
uint64_t shard_of_prefix(uint64_t prefix, unsigned depth);

/* shard_heap, shard_from_heap: 1 for the whole, 2 and 3 for its halves, and so on. */
uint32_t shard_heap(uint64_t shard);
uint64_t shard_from_heap(uint32_t heap);

/* shard_parse_prefix reads exactly 16 hexadecimal digits of a valid shard. */
bool shard_parse_prefix(const char *text, uint64_t *ret_shard);

/* shard_parse reads "WORKCHAIN:PREFIX", as in "0:2e8c000000000000" (decimal, then 16 hex digits).
 */
bool shard_parse(const char *text, int32_t *ret_workchain, uint64_t *ret_shard);

/* shard_print writes that form. */
void shard_print(int32_t workchain, uint64_t shard, char ret_text[SHARD_TEXT_BYTES]);

#endif
