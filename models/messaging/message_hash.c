#include "models/messaging/message_hash.h"

#include <string.h>

#include "models/byte_writer.h"
#include "models/sha256.h"

void message_hash(const struct envelope *envelope, uint64_t lt, unsigned char ret_hash[HASH_BYTES])
{
    unsigned char bytes[224];
    struct byte_writer writer = {.bytes = bytes, .room = sizeof bytes};
    byte_writer_put(&writer, envelope->id, 8);
    byte_writer_put(&writer, envelope->tx, 8);
    byte_writer_address(&writer, envelope->to); /* TON-10: recipient, value, sender, body */
    byte_writer_put(&writer, envelope->value, 8);
    for (unsigned i = 0; i < EXTRA_CURRENCIES_MAX; i++) {
        byte_writer_put(&writer, envelope->extra_currency[i], 4);
        byte_writer_put(&writer, envelope->extra_amount[i], 8);
    }
    byte_writer_address(&writer, envelope->from);
    byte_writer_put(&writer, envelope->gas_limit,
                    8); /* TON-12; fees change on the way and are left out */
    byte_writer_put(&writer, envelope->anycast_bits, 4);
    byte_writer_put(&writer, envelope->anycast_depth, 1);
    byte_writer_put(&writer, envelope->flags, 1);
    byte_writer_put(&writer, envelope->constructor, 4);
    byte_writer_put(&writer, envelope->bytes, 4);
    byte_writer_put(&writer, envelope->layer, 1);
    byte_writer_put(&writer, envelope->kind, 1);
    byte_writer_put(&writer, envelope->workload, 1);
    byte_writer_put(&writer, lt, 8);
    SIM_ASSERT(writer.count + sizeof envelope->body <= writer.room);
    memcpy(bytes + writer.count, envelope->body, sizeof envelope->body);
    writer.count += sizeof envelope->body;
    sha256(bytes, writer.count, ret_hash);
}
