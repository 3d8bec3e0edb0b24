#include "models/ledger/external_message.h"

#include "models/sha256.h"

struct writer {
    unsigned char bytes[160];
    size_t count;
};

static void put(struct writer *writer, uint64_t value, size_t bytes)
{
    SIM_ASSERT(writer->count + bytes <= sizeof writer->bytes);
    for (size_t i = 0; i < bytes; i++)
        writer->bytes[writer->count++] = (unsigned char)(value >> (8 * i));
}

void external_hash(const struct tx *tx, unsigned char ret_hash[OWNER_HASH_BYTES])
{
    struct writer writer = {.count = 0};
    put(&writer, tx->id, 8);
    put(&writer, tx->submit_ns, 8);
    put(&writer, tx->bytes, 4);
    put(&writer, tx->work, 4);
    put(&writer, tx->gas_limit, 8);
    put(&writer, tx->constructor, 4);
    put(&writer, tx->argument, 8);
    for (unsigned i = 0; i < EXTRA_CURRENCIES_MAX; i++) {
        put(&writer, tx->extra_currency[i], 4);
        put(&writer, tx->extra_amount[i], 8);
    }
    put(&writer, tx->anycast_depth, 1);
    put(&writer, tx->operation, 1);
    put(&writer, tx->parts, 1);
    for (unsigned i = 0; i < tx->parts; i++) {
        put(&writer, (uint32_t)tx->part[i].account.workchain, 4);
        put(&writer, tx->part[i].account.prefix, 8);
        put(&writer, (uint64_t)tx->part[i].amount, 8);
    }
    for (unsigned i = 0; i < EXTRA_CURRENCIES_MAX; i++) {
        put(&writer, tx->extra_currency[i], 4);
        put(&writer, tx->extra_amount[i], 8);
    }
    sha256(writer.bytes, writer.count, ret_hash);
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
