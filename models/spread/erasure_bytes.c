#include "models/spread/erasure_bytes.h"

#include <string.h>

#include "models/spread/reed_solomon.h"
#include "sim/rng.h"
#include "sim/sim_assert.h"

static const char *const NAME = "spread: erasure";

enum { SET_MAX = REED_SOLOMON_SHREDS_MAX };

struct room {
    struct reed_solomon coder;
    unsigned char made[SET_MAX][SHRED_DATA_BYTES], held[SET_MAX][SHRED_DATA_BYTES];
    unsigned char *made_at[SET_MAX], *held_at[SET_MAX];
    bool present[SET_MAX];
};

static void draw_shred(uint64_t content, uint32_t index, uint32_t bytes, unsigned char *ret_shred)
{
    const uint64_t key[2] = {content, index};
    for (uint32_t at = 0; at < bytes; at += 4 * sizeof(uint64_t)) {
        const uint64_t counter[4] = {at, 0, 0, 0};
        uint64_t words[4];
        rng_philox(counter, key, words);
        size_t left = bytes - at < sizeof words ? bytes - at : sizeof words;
        memcpy(ret_shred + at, words, left);
    }
}

uint32_t erasure_bytes_recover(struct memory *memory, uint64_t content, const struct shred_set *set,
                               uint32_t data, uint64_t code)
{
    uint32_t total = set->data_count + set->code_count, right = 0;
    uint32_t bytes = shred_payload_bytes(total, set->last);
    struct room *room = memory_take(memory, NAME, sizeof *room);
    SIM_ASSERT(total <= SET_MAX);
    reed_solomon_init(&room->coder, set->data_count, set->code_count);
    for (uint32_t i = 0; i < total; i++) {
        bool is_data = i < set->data_count;
        room->made_at[i] = room->made[i];
        room->held_at[i] = room->held[i];
        room->present[i] = is_data ? data >> i & 1 : code >> (i - set->data_count) & 1;
        if (is_data)
            draw_shred(content, set->first_data + i, bytes, room->made[i]);
    }
    reed_solomon_encode(&room->coder, room->made_at, bytes);
    for (uint32_t i = 0; i < total; i++)
        if (room->present[i])
            memcpy(room->held[i], room->made[i], bytes);
    bool recovered = reed_solomon_recover(&room->coder, room->held_at, room->present, bytes);
    for (uint32_t i = 0; i < set->data_count; i++)
        right +=
            (recovered || room->present[i]) && memcmp(room->held[i], room->made[i], bytes) == 0;
    memory_give(memory, room, sizeof *room);
    return right;
}
