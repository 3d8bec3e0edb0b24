#ifndef MODELS_BYTE_WRITER_H
#define MODELS_BYTE_WRITER_H

/* Numbers as bytes, least significant first and without padding: what is hashed, signed or sent
 * must be the same on every machine. The caller owns the bytes. */

#include <stddef.h>
#include <stdint.h>

#include "models/stack.h"
#include "sim/sim_assert.h"

struct byte_writer {
    unsigned char *bytes;
    size_t room, count; /* what fits, what is written */
};

/* byte_writer_put writes the lowest `bytes` bytes of a number, for which there must be room. */
static inline void byte_writer_put(struct byte_writer *writer, uint64_t value, size_t bytes)
{
    SIM_ASSERT(writer->count + bytes <= writer->room);
    for (size_t i = 0; i < bytes; i++)
        writer->bytes[writer->count++] = (unsigned char)(value >> (8 * i));
}

/* byte_writer_address writes an address: 12 bytes. */
static inline void byte_writer_address(struct byte_writer *writer, struct address address)
{
    byte_writer_put(writer, (uint32_t)address.workchain, 4);
    byte_writer_put(writer, address.prefix, 8);
}

#endif
