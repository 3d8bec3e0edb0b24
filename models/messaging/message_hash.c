#include "models/messaging/message_hash.h"

#include <string.h>

#include "models/sha256.h"

struct writer {
    unsigned char bytes[224];
    size_t count;
};

static void put(struct writer *writer, uint64_t value, size_t bytes)
{
    SIM_ASSERT(writer->count + bytes <= sizeof writer->bytes);
    for (size_t i = 0; i < bytes; i++)
        writer->bytes[writer->count++] = (unsigned char)(value >> (8 * i));
}

static void put_address(struct writer *writer, struct address address)
{
    put(writer, (uint32_t)address.workchain, 4);
    put(writer, address.prefix, 8);
}

void message_hash(const struct envelope *envelope, uint64_t lt, unsigned char ret_hash[HASH_BYTES])
{
    struct writer writer = {.count = 0};
    put(&writer, envelope->id, 8);
    put(&writer, envelope->tx, 8);
    put_address(&writer, envelope->to); /* TON-10: recipient, value, sender, body */
    put(&writer, envelope->value, 8);
    for (unsigned i = 0; i < EXTRA_CURRENCIES_MAX; i++) {
        put(&writer, envelope->extra_currency[i], 4);
        put(&writer, envelope->extra_amount[i], 8);
    }
    put_address(&writer, envelope->from);
    put(&writer, envelope->gas_limit, 8); /* TON-12; fees change on the way and are left out */
    put(&writer, envelope->anycast_bits, 4);
    put(&writer, envelope->anycast_depth, 1);
    put(&writer, envelope->flags, 1);
    put(&writer, envelope->constructor, 4);
    put(&writer, envelope->bytes, 4);
    put(&writer, envelope->layer, 1);
    put(&writer, envelope->kind, 1);
    put(&writer, envelope->workload, 1);
    put(&writer, lt, 8);
    SIM_ASSERT(writer.count + sizeof envelope->body <= sizeof writer.bytes);
    memcpy(writer.bytes + writer.count, envelope->body, sizeof envelope->body);
    writer.count += sizeof envelope->body;
    sha256(writer.bytes, writer.count, ret_hash);
}
