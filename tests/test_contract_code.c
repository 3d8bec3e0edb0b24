/* Goal: what contracts are: addresses of residents, methods by constructor, gas before effects, and
 * whom an instance believes (TON-11, TON-21, TON-23 to TON-25). Method: every kind with every
 * method; instances of all shards of several depths, built bit by bit; addresses that are none. */

#include "models/ledger/contract_code.h"

#include "models/anycast.h"
#include "models/shard_prefix.h"
#include "tests/check_main.h"

static const struct contract_rules rules = {
    .call_gas = 10, .create_gas = 20, .publish_gas = 3, .global_depth = 6};

static enum tx_reason judge(enum contract_kind kind, uint32_t method, struct address from,
                            uint64_t limit, uint64_t *ret_used)
{
    struct contract_place place = {.shard = SHARD_WHOLE, .shard_count = 7};
    struct envelope message = {.constructor = method, .from = from};
    struct gas_meter gas = {.limit = limit};
    enum tx_reason reason = contract_judge(&rules, kind, &place, &message, &gas);
    *ret_used = gas.used;
    return reason;
}

/* TON-11, TON-21: one entry point that tells messages apart by their constructor */
START_TEST(each_kind_has_its_methods_and_no_others)
{
    static const uint64_t gas_of[CONTRACT_KINDS][METHOD_NEWS + 1] = {
        [CONTRACT_NONE][METHOD_CONSTRUCT] = 20, [CONTRACT_COUNTER][METHOD_ADD] = 10,
        [CONTRACT_COUNTER][METHOD_RELAY] = 10,  [CONTRACT_CREATOR][METHOD_CREATE] = 20,
        [CONTRACT_GLOBAL][METHOD_ASK] = 10,     [CONTRACT_GLOBAL][METHOD_SHARE] = 10,
        [CONTRACT_GLOBAL][METHOD_NEWS] = 10,    [CONTRACT_PUBLISHER][METHOD_PUBLISH] = 21};
    for (unsigned kind = 0; kind < CONTRACT_KINDS; kind++)
        for (uint32_t method = 0; method <= METHOD_NEWS; method++) {
            struct address from = {0, contract_global()};
            if (method == METHOD_NEWS)
                from = (struct address){MASTER_WORKCHAIN,
                                        contract_address(CONTRACT_PUBLISHER, 6, SHARD_WHOLE)};
            uint64_t used, needed = gas_of[kind][method];
            enum tx_reason reason = judge((enum contract_kind)kind, method, from, 100, &used);
            ck_assert_uint_eq(used, needed);
            enum tx_reason none = kind == CONTRACT_NONE ? REASON_NO_ACCOUNT : REASON_METHOD;
            ck_assert_int_eq(reason, needed ? REASON_NONE : none);
            if (needed == 0)
                continue;
            ck_assert_int_eq(judge((enum contract_kind)kind, method, from, needed, &used),
                             REASON_NONE);
            ck_assert_int_eq(judge((enum contract_kind)kind, method, from, needed - 1, &used),
                             REASON_GAS);
            ck_assert_uint_eq(used, needed - 1); /* all of it is gone */
        }
}
END_TEST

/* TON-8, TON-23: only sisters; TON-25: only the publisher */
START_TEST(special_messages_are_taken_from_instances_only)
{
    uint64_t used;
    for (unsigned depth = 0; depth <= 8; depth++)
        for (uint32_t i = 0; i < 1u << depth; i++) {
            struct address from = {
                0, contract_address(CONTRACT_GLOBAL, 6, shard_from_heap(1u << depth | i))};
            ck_assert_int_eq(judge(CONTRACT_GLOBAL, METHOD_SHARE, from, 100, &used), REASON_NONE);
            from.prefix ^= 1;
            ck_assert_int_eq(judge(CONTRACT_GLOBAL, METHOD_SHARE, from, 100, &used),
                             REASON_STRANGER);
            from.prefix ^= 1 | UINT64_C(1) << 57; /* bit 7 of the address: beyond depth 6 */
            ck_assert_int_eq(judge(CONTRACT_GLOBAL, METHOD_SHARE, from, 100, &used),
                             REASON_STRANGER);
        }
    uint64_t publisher = contract_address(CONTRACT_PUBLISHER, 6, SHARD_WHOLE);
    struct address from = {MASTER_WORKCHAIN, publisher};
    ck_assert_int_eq(judge(CONTRACT_GLOBAL, METHOD_NEWS, from, 100, &used), REASON_NONE);
    from.workchain = 0;
    ck_assert_int_eq(judge(CONTRACT_GLOBAL, METHOD_NEWS, from, 100, &used), REASON_STRANGER);
    from = (struct address){MASTER_WORKCHAIN, publisher ^ 2};
    ck_assert_int_eq(judge(CONTRACT_GLOBAL, METHOD_NEWS, from, 100, &used), REASON_STRANGER);
    from = (struct address){MASTER_WORKCHAIN, contract_global()};
    ck_assert_int_eq(judge(CONTRACT_GLOBAL, METHOD_SHARE, from, 100, &used), REASON_STRANGER);
}
END_TEST

/* TON-23: an instance in every shard up to depth d, and 2^d of them in deeper trees */
START_TEST(there_is_an_instance_in_every_shard_up_to_the_depth)
{
    for (unsigned depth = 0; depth <= 9; depth++) {
        uint32_t inside = 0;
        for (uint32_t i = 0; i < 1u << depth; i++) {
            uint64_t shard = shard_from_heap(1u << depth | i);
            inside += shard_contains(shard, contract_address(CONTRACT_GLOBAL, 6, shard));
            ck_assert(shard_contains(shard, contract_address(CONTRACT_COUNTER, 6, shard)));
            ck_assert(shard_contains(shard, contract_address(CONTRACT_CREATOR, 6, shard)));
        }
        ck_assert_uint_eq(inside, 1u << (depth < 6 ? depth : 6));
    }
}
END_TEST

/* TON-5: at home or anywhere, and never the same twice */
START_TEST(children_have_addresses_of_their_own)
{
    uint64_t shard = shard_from_heap(0x1a7), before = 0;
    struct contract_place place = {.self.prefix = contract_address(CONTRACT_CREATOR, 6, shard),
                                   .shard = shard};
    uint32_t at_home = 0;
    for (uint64_t number = 1; number <= 1000; number++) {
        uint64_t child = contract_child(&place, number, false);
        ck_assert(shard_contains(shard, child));
        ck_assert_uint_ne(child, before);
        before = child;
        at_home += shard_contains(shard, contract_child(&place, number, true));
    }
    ck_assert_uint_lt(at_home, 30); /* one of 256, were it by chance */
}
END_TEST

START_TEST(an_argument_is_the_first_word_of_the_body)
{
    struct envelope message = {0};
    contract_set_argument(&message, UINT64_C(0x1122334455667788));
    ck_assert_uint_eq(contract_argument(&message), UINT64_C(0x1122334455667788));
    ck_assert_uint_eq(message.body[0], 0x88);
    ck_assert_uint_eq(message.body[8], 0);
}
END_TEST

CHECK_MAIN("contract_code", each_kind_has_its_methods_and_no_others,
           special_messages_are_taken_from_instances_only,
           there_is_an_instance_in_every_shard_up_to_the_depth,
           children_have_addresses_of_their_own, an_argument_is_the_first_word_of_the_body)
