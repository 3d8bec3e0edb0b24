#include "models/ledger/external_message.h"

#include "models/byte_writer.h"
#include "models/sha256.h"

void external_hash(const struct tx *tx, unsigned char ret_hash[OWNER_HASH_BYTES])
{
    unsigned char bytes[160];
    struct byte_writer writer = {.bytes = bytes, .room = sizeof bytes};
    byte_writer_put(&writer, tx->id, 8);
    byte_writer_put(&writer, tx->submit_ns, 8);
    byte_writer_put(&writer, tx->bytes, 4);
    byte_writer_put(&writer, tx->work, 4);
    byte_writer_put(&writer, tx->gas_limit, 8);
    byte_writer_put(&writer, tx->constructor, 4);
    byte_writer_put(&writer, tx->argument, 8);
    for (unsigned i = 0; i < EXTRA_CURRENCIES_MAX; i++) {
        byte_writer_put(&writer, tx->extra_currency[i], 4);
        byte_writer_put(&writer, tx->extra_amount[i], 8);
    }
    byte_writer_put(&writer, tx->anycast_depth, 1);
    byte_writer_put(&writer, tx->operation, 1);
    byte_writer_put(&writer, tx->parts, 1);
    for (unsigned i = 0; i < tx->parts; i++) {
        byte_writer_address(&writer, tx->part[i].account);
        byte_writer_put(&writer, (uint64_t)tx->part[i].amount, 8);
    }
    for (unsigned i = 0; i < EXTRA_CURRENCIES_MAX; i++) {
        byte_writer_put(&writer, tx->extra_currency[i], 4);
        byte_writer_put(&writer, tx->extra_amount[i], 8);
    }
    sha256(bytes, writer.count, ret_hash);
}

struct external_run external_execute(const struct external_code *code, const struct tx *tx,
                                     uint64_t credit, uint64_t limit)
{
    struct external_run run = {.gas = {.limit = credit}};
    if (!gas_use(&run.gas, code->signature_gas)) {
        run.reason = REASON_GAS;
        return run;
    }
    unsigned char hash[OWNER_HASH_BYTES];
    external_hash(tx, hash);
    if (!owner_signed(code->signatures, tx->part[0].account, hash, tx->signature)) {
        run.reason = REASON_SIGNATURE;
        return run;
    }
    run.accepted = true;
    run.gas.limit = limit > run.gas.used ? limit : run.gas.used;
    if (!gas_use(&run.gas, code->send_gas + tx->work))
        run.reason = REASON_GAS;
    return run;
}
