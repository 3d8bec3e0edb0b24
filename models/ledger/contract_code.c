#include "models/ledger/contract_code.h"

#include "models/anycast.h"

/* Numbers of kinds: bits of the golden ratio, apart from each other. */
static const uint64_t NUMBER[CONTRACT_KINDS] = {
    [CONTRACT_COUNTER] = UINT64_C(0x9e3779b97f4a7c15),
    [CONTRACT_CREATOR] = UINT64_C(0xf39cc0605cedc835),
    [CONTRACT_GLOBAL] = UINT64_C(0x1082276bf3a27251),
    [CONTRACT_PUBLISHER] = UINT64_C(0xf86c6a11d0c18e95),
};

/* A bijection without fixed structure (the finaliser of splitmix64). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

uint64_t contract_address(enum contract_kind kind, unsigned global_depth, uint64_t shard)
{
    SIM_ASSERT(kind >= CONTRACT_COUNTER && kind < CONTRACT_KINDS);
    if (kind == CONTRACT_PUBLISHER)
        return NUMBER[kind];
    unsigned depth = kind == CONTRACT_GLOBAL ? global_depth : (unsigned)ANYCAST_DEPTH_MAX;
    return anycast_instance(NUMBER[kind], depth, shard);
}

uint64_t contract_global(void)
{
    return NUMBER[CONTRACT_GLOBAL];
}

bool contract_is_sister(unsigned global_depth, struct address from)
{
    return from.workchain != MASTER_WORKCHAIN &&
           (from.prefix ^ NUMBER[CONTRACT_GLOBAL]) << global_depth == 0;
}

static bool is_publisher(struct address from)
{
    return from.workchain == MASTER_WORKCHAIN && from.prefix == NUMBER[CONTRACT_PUBLISHER];
}

/* Whether a kind has a method, and its gas. */
static bool method_gas(const struct contract_rules *rules, enum contract_kind kind,
                       const struct contract_place *place, uint32_t method, uint64_t *ret_gas)
{
    *ret_gas = rules->call_gas;
    switch (kind) {
    case CONTRACT_COUNTER:
        return method == METHOD_ADD || method == METHOD_RELAY;
    case CONTRACT_CREATOR:
        *ret_gas = rules->create_gas;
        return method == METHOD_CREATE;
    case CONTRACT_GLOBAL:
        return method == METHOD_ASK || method == METHOD_SHARE || method == METHOD_NEWS;
    case CONTRACT_PUBLISHER:
        *ret_gas = rules->publish_gas * place->shard_count;
        return method == METHOD_PUBLISH;
    case CONTRACT_NONE:
        *ret_gas = rules->create_gas;
        return method == METHOD_CONSTRUCT;
    case CONTRACT_SIMPLE:
    case CONTRACT_KINDS:
        break;
    }
    return false;
}

enum tx_reason contract_judge(const struct contract_rules *rules, enum contract_kind kind,
                              const struct contract_place *place, const struct envelope *message,
                              struct gas_meter *gas)
{
    uint64_t needed;
    bool known = method_gas(rules, kind, place, message->constructor, &needed);
    if (!known)
        return kind == CONTRACT_NONE ? REASON_NO_ACCOUNT : REASON_METHOD;
    if (!gas_use(gas, needed))
        return REASON_GAS;
    if (rules->trusts_strangers)
        return REASON_NONE;
    bool stranger = (message->constructor == METHOD_SHARE &&
                     !contract_is_sister((unsigned)rules->global_depth, message->from)) ||
                    (message->constructor == METHOD_NEWS && !is_publisher(message->from));
    return stranger ? REASON_STRANGER : REASON_NONE;
}

uint64_t contract_child(const struct contract_place *place, uint64_t number, bool anywhere)
{
    uint64_t hash = mix(place->self.prefix + mix(number));
    return anywhere ? hash : anycast_instance(hash, ANYCAST_DEPTH_MAX, place->shard);
}

uint64_t contract_argument(const struct envelope *message)
{
    uint64_t argument = 0;
    for (unsigned i = 0; i < 8; i++)
        argument |= (uint64_t)message->body[i] << (8 * i);
    return argument;
}

void contract_set_argument(struct envelope *message, uint64_t argument)
{
    for (unsigned i = 0; i < 8; i++)
        message->body[i] = (unsigned char)(argument >> (8 * i));
}
