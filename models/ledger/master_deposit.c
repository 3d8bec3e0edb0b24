#include "models/ledger/master_deposit.h"

enum { MASTERCHAIN = -1 };

bool master_deposit_asked(const struct accounts *accounts, const struct envelope *envelope)
{
    return accounts->config->master_deposit > 0 && envelope->kind == ACCOUNTS_TRANSFER &&
           envelope->to.workchain == MASTERCHAIN && envelope->from.workchain != MASTERCHAIN;
}

static bool is_valid(const struct envelope *envelope)
{
    return envelope->constructor == CONSTRUCTOR_STAKE;
}

uint64_t master_deposit_settle(struct accounts *accounts, struct context *context,
                               struct account_book *book, struct block *block,
                               const struct envelope *envelope, enum accounts_deposit *ret_fate)
{
    const struct messaging_seam *messaging = &accounts->stack->messaging;
    uint64_t deposit = (uint64_t)accounts->config->master_deposit;
    if (!master_deposit_asked(accounts, envelope))
        return envelope->value;
    *ret_fate = DEPOSIT_KEPT;
    if (!is_valid(envelope) || envelope->value < deposit)
        return envelope->value;
    struct envelope back = {.tx = envelope->tx,
                            .from = envelope->to,
                            .to = envelope->from,
                            .value = deposit,
                            .bytes = (uint32_t)accounts->config->deposit_bytes,
                            .layer = LAYER_LEDGER,
                            .kind = ACCOUNTS_DEPOSIT_BACK,
                            .workload = envelope->workload,
                            .submit_ns = envelope->submit_ns};
    struct message_price price;
    if (messaging->price(messaging->self, &back, &price) != REASON_NONE || price.on_top >= deposit)
        return envelope->value;
    back.value -= price.on_top;
    book->open.emitted += deposit;
    messaging->emit(messaging->self, context, block, &back);
    *ret_fate = DEPOSIT_BACK;
    return envelope->value - deposit;
}
