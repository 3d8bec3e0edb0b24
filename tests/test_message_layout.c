/* Goal: a message has one form as bytes, and its size follows from what it carries. Method: bytes
 * laid by hand; millions of random messages there and back; random damage, of which whatever is
 * accepted must come out as it went in. */

#include <string.h>

#include "models/messaging/message_layout.h"
#include "sim/rng.h"
#include "tests/check_main.h"

enum { ROOM = 512 };

static struct message_layout decoded(const unsigned char *bytes, size_t count)
{
    struct message_layout layout;
    ck_assert_int_eq(message_layout_decode(bytes, count, &layout), MESSAGE_FINE);
    return layout;
}

static size_t encoded(const struct message_layout *layout, unsigned char bytes[ROOM])
{
    size_t count = 0;
    ck_assert_int_eq(message_layout_encode(layout, bytes, ROOM, &count), MESSAGE_FINE);
    return count;
}

/* TON-10: recipient, value, sender, parameters, body; TON-9: pairs; TON-11: a constructor first;
 * TON-12: names of four bytes say which parameters there are. */
START_TEST(fields_stand_in_the_order_of_the_rule)
{
    static const unsigned char body[6] = {1, 2, 3, 4, 5, 6};
    static const unsigned char by_hand[] = {
        0xff, 0xff, 0xff, 0xff, 8,    7,    6, 5, 4,    3,   2,   1,          /* recipient */
        2,    0,    0,    0,    0,    0x39, 5, 0, 0,    0,   0,   0,    0,    /* value 1337 */
        21,   0,    0,    0,    0xff, 0,    0, 0, 0,    0,   0,   0x80,       /* ... and 21 */
        1,    5,    0,    0,    0,    9,    0, 0, 0,    0,   0,   0,    0xee, /* sender */
        'g',  'a',  's',  'l',  0x10, 0x27, 0, 0, 0,    0,   0,   0,          /* 10000 gas */
        'a',  'n',  'c',  'y',  3,    0,    0, 0, 0xa0, 'f', 'l', 'a',  'g',  1, 1, 2, 3, 4, 5, 6};
    struct message_layout layout = {.to = {-1, 0x0102030405060708},
                                    .from = {5, 0xee00000000000009},
                                    .value = {{1337, 0}, {UINT64_C(0x80000000000000ff), 21}},
                                    .value_count = 2,
                                    .has_sender = true,
                                    .flags = ENVELOPE_NO_INSTANT,
                                    .anycast_depth = 3,
                                    .anycast_bits = 0xa0000000,
                                    .gas_limit = 10000,
                                    .body = body,
                                    .body_bytes = sizeof body};
    unsigned char bytes[ROOM];
    size_t count = encoded(&layout, bytes);
    ck_assert_uint_eq(count, sizeof by_hand);
    ck_assert_mem_eq(bytes, by_hand, sizeof by_hand);
    ck_assert_uint_eq(message_layout_head_bytes(&layout), sizeof by_hand - sizeof body);
    struct message_layout back = decoded(by_hand, sizeof by_hand);
    uint32_t constructor = 0;
    ck_assert(message_layout_constructor(&back, &constructor));
    ck_assert_uint_eq(constructor, 0x04030201);
    ck_assert_uint_eq(back.body_bytes, sizeof body);
}
END_TEST

/* TON-9: a plain transfer has no body, a comment is a body of its own constructor; TON-7: a message
 * need not have a sender. */
START_TEST(a_plain_transfer_has_38_bytes_and_a_comment_begins_with_its_constructor)
{
    static const unsigned char comment[] = {0, 0, 0, 0, 't', 'h', 'a', 'n', 'k', 's'};
    unsigned char bytes[ROOM];
    uint32_t constructor = 77;
    struct message_layout plain = {.value = {{1, 0}}, .value_count = 1, .has_sender = true};
    size_t count = encoded(&plain, bytes);
    ck_assert_uint_eq(count, MESSAGE_PLAIN_BYTES);
    struct message_layout back = decoded(bytes, count);
    ck_assert_uint_eq(back.body_bytes, 0);
    ck_assert(!message_layout_constructor(&back, &constructor));
    plain.body = comment;
    plain.body_bytes = sizeof comment;
    count = encoded(&plain, bytes);
    back = decoded(bytes, count);
    ck_assert(message_layout_constructor(&back, &constructor));
    ck_assert_uint_eq(constructor, MESSAGE_COMMENT);
    plain.has_sender = false;
    ck_assert_uint_eq(encoded(&plain, bytes), count - 12);
}
END_TEST

static struct message_layout random_layout(struct rng_stream *stream, unsigned char body[64])
{
    struct message_layout layout = {.to = {(int32_t)rng_u64(stream), rng_u64(stream)}};
    uint64_t choice = rng_u64(stream);
    layout.value_count = (uint32_t)(choice & 3);
    uint32_t currency = (uint32_t)rng_below(stream, 3);
    for (uint32_t i = 0; i < layout.value_count; i++) {
        layout.value[i] = (struct message_value){1 + rng_below(stream, UINT64_MAX), currency};
        currency += 1 + (uint32_t)rng_below(stream, 1000);
    }
    layout.has_sender = choice >> 2 & 1;
    if (layout.has_sender)
        layout.from = (struct address){(int32_t)rng_u64(stream), rng_u64(stream)};
    layout.gas_limit = choice >> 3 & 1 ? rng_u64(stream) : 0;
    layout.forward_fee = choice >> 4 & 1 ? rng_u64(stream) : 0;
    layout.instant_fee = choice >> 5 & 1 ? rng_u64(stream) : 0;
    layout.flags = choice >> 6 & 1;
    if (choice >> 7 & 1) {
        layout.anycast_depth = (uint8_t)(1 + rng_below(stream, 30));
        layout.anycast_bits = (uint32_t)rng_u64(stream) & ~(UINT32_MAX >> layout.anycast_depth);
    }
    layout.body_bytes = (choice >> 8) % 65;
    layout.body = body;
    for (size_t i = 0; i < layout.body_bytes; i += 8) {
        uint64_t word = rng_u64(stream);
        memcpy(body + i, &word, layout.body_bytes - i < 8 ? layout.body_bytes - i : 8);
    }
    return layout;
}

static bool same(const struct message_layout *a, const struct message_layout *b)
{
    bool fields = a->to.workchain == b->to.workchain && a->to.prefix == b->to.prefix &&
                  a->has_sender == b->has_sender && a->from.workchain == b->from.workchain &&
                  a->from.prefix == b->from.prefix && a->value_count == b->value_count &&
                  a->flags == b->flags && a->anycast_depth == b->anycast_depth &&
                  a->anycast_bits == b->anycast_bits && a->gas_limit == b->gas_limit &&
                  a->forward_fee == b->forward_fee && a->instant_fee == b->instant_fee &&
                  a->body_bytes == b->body_bytes;
    for (uint32_t i = 0; fields && i < a->value_count; i++)
        fields = a->value[i].amount == b->value[i].amount &&
                 a->value[i].currency == b->value[i].currency;
    return fields && (a->body_bytes == 0 || memcmp(a->body, b->body, a->body_bytes) == 0);
}

/* TON-9 to TON-12 */
START_TEST(two_million_random_messages_come_back_as_they_went)
{
    const struct rng rng = {.seed = 11};
    for (uint64_t i = 0; i < 2000000; i++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, i, 0);
        unsigned char body[64], bytes[ROOM];
        struct message_layout layout = random_layout(&stream, body), back;
        size_t count = 0, head = message_layout_head_bytes(&layout);
        enum message_fault fault = message_layout_encode(&layout, bytes, ROOM, &count);
        if (fault != MESSAGE_FINE || count != head + layout.body_bytes ||
            message_layout_decode(bytes, count, &back) != MESSAGE_FINE || !same(&layout, &back) ||
            head > MESSAGE_HEAD_MAX)
            ck_abort_msg("message %d of seed 11", (int)i);
    }
}
END_TEST

/* Whatever is accepted has one form: it is encoded to the very bytes it came from. */
START_TEST(damaged_messages_are_refused_or_have_one_form)
{
    const struct rng rng = {.seed = 12};
    uint32_t refused = 0, accepted = 0;
    for (uint64_t i = 0; i < 500000; i++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, i, 0);
        unsigned char body[64], bytes[ROOM], again[ROOM];
        struct message_layout layout = random_layout(&stream, body), back;
        size_t count = encoded(&layout, bytes), length = 0;
        for (uint64_t flips = rng_below(&stream, 3); flips > 0; flips--)
            bytes[rng_below(&stream, count)] ^= (unsigned char)(1 << rng_below(&stream, 8));
        if (rng_below(&stream, 2) == 0)
            count = rng_below(&stream, count + 1);
        if (message_layout_decode(bytes, count, &back) != MESSAGE_FINE) {
            refused++;
            continue;
        }
        accepted++;
        if (message_layout_encode(&back, again, ROOM, &length) != MESSAGE_FINE || length != count ||
            memcmp(bytes, again, count) != 0)
            ck_abort_msg("message %d of seed 12", (int)i);
    }
    ck_assert_uint_gt(refused, 50000);
    ck_assert_uint_gt(accepted, 50000);
}
END_TEST

static enum message_fault fault_of(const struct message_layout *layout)
{
    unsigned char bytes[ROOM];
    size_t count;
    return message_layout_encode(layout, bytes, ROOM, &count);
}

/* TON-9, TON-12: what cannot be said cannot be written, and is not read. */
START_TEST(each_fault_has_its_name)
{
    struct message_layout layout = {.value = {{5, 9}, {5, 9}}, .value_count = 2};
    ck_assert_int_eq(fault_of(&layout), MESSAGE_VALUES); /* a currency twice */
    layout.value[1] = (struct message_value){5, 3};
    ck_assert_int_eq(fault_of(&layout), MESSAGE_VALUES); /* out of order */
    layout.value[1] = (struct message_value){0, 30};
    ck_assert_int_eq(fault_of(&layout), MESSAGE_VALUES); /* nothing of it */
    layout.value_count = 4;
    ck_assert_int_eq(fault_of(&layout), MESSAGE_VALUES);
    layout.value_count = 1;
    ck_assert_int_eq(fault_of(&layout), MESSAGE_FINE);
    layout.anycast_depth = 31;
    ck_assert_int_eq(fault_of(&layout), MESSAGE_PARAMETER);
    layout.anycast_depth = 1;
    layout.anycast_bits = 0x40000000;
    ck_assert_int_eq(fault_of(&layout), MESSAGE_PARAMETER);
    layout.anycast_bits = 0x80000000;
    ck_assert_int_eq(fault_of(&layout), MESSAGE_FINE);
    layout.body = (const unsigned char *)"gasl and more";
    layout.body_bytes = 13;
    ck_assert_int_eq(fault_of(&layout), MESSAGE_BODY);
    layout.body = (const unsigned char *)"gas and more";
    layout.body_bytes = 12;
    ck_assert_int_eq(fault_of(&layout), MESSAGE_FINE);
    unsigned char bytes[ROOM];
    size_t count = encoded(&layout, bytes), room;
    ck_assert_int_eq(message_layout_encode(&layout, bytes, count - 1, &room), MESSAGE_SHORT);
    struct message_layout back;
    ck_assert_int_eq(message_layout_decode(bytes, 11, &back), MESSAGE_SHORT);
    bytes[25] = 2; /* sender: 12 + 1 + 12 before it */
    ck_assert_int_eq(message_layout_decode(bytes, count, &back), MESSAGE_SENDER);
    bytes[12] = 4;
    ck_assert_int_eq(message_layout_decode(bytes, count, &back), MESSAGE_VALUES);
}
END_TEST

static void put_name(unsigned char *at, const char *name, unsigned char first)
{
    memset(at, 0, 12);
    memcpy(at, name, 4);
    at[4] = first;
}

START_TEST(parameters_out_of_order_twice_or_zero_are_refused)
{
    unsigned char bytes[ROOM] = {0};
    struct message_layout back;
    put_name(bytes + 14, "wfee", 1); /* 12 of recipient, no value, no sender */
    put_name(bytes + 26, "gasl", 1);
    ck_assert_int_eq(message_layout_decode(bytes, 26, &back), MESSAGE_FINE);
    ck_assert_int_eq(message_layout_decode(bytes, 38, &back), MESSAGE_PARAMETER);
    put_name(bytes + 26, "wfee", 1);
    ck_assert_int_eq(message_layout_decode(bytes, 38, &back), MESSAGE_PARAMETER);
    put_name(bytes + 26, "ifee", 0);
    ck_assert_int_eq(message_layout_decode(bytes, 38, &back), MESSAGE_PARAMETER);
    put_name(bytes + 26, "ifee", 1);
    ck_assert_int_eq(message_layout_decode(bytes, 38, &back), MESSAGE_FINE);
    ck_assert_uint_eq(back.instant_fee, 1);
    ck_assert_int_eq(message_layout_decode(bytes, 37, &back), MESSAGE_SHORT);
}
END_TEST

/* TON-12: parameters and further currencies are counted in a message's bytes; TON-R39: its cells
 * follow from what is left for the body. */
START_TEST(options_add_their_bytes_and_leave_the_body_alone)
{
    struct envelope envelope = {.value = 9, .bytes = 500};
    ck_assert_uint_eq(message_layout_optional_bytes(&envelope), 0);
    ck_assert_uint_eq(message_layout_body_bytes(&envelope), 462);
    envelope.extra_currency[1] = 4;
    envelope.extra_amount[1] = 2;
    envelope.gas_limit = 70;
    envelope.forward_fee = 1;
    envelope.flags = ENVELOPE_NO_INSTANT;
    ck_assert_uint_eq(message_layout_optional_bytes(&envelope), 12 + 12 + 12 + 5);
    envelope.bytes += 41;
    ck_assert_uint_eq(message_layout_body_bytes(&envelope), 462);
    envelope.extra_currency[0] = 7;
    envelope.extra_amount[0] = 3;
    struct message_layout layout;
    message_layout_of(&envelope, &layout);
    ck_assert_uint_eq(layout.value_count, 3);
    ck_assert_uint_eq(layout.value[1].currency, 4);
    ck_assert_uint_eq(layout.value[2].currency, 7);
    ck_assert_uint_eq(message_layout_head_bytes(&layout), MESSAGE_PLAIN_BYTES + 53);
    envelope.bytes = 10;
    ck_assert_uint_eq(message_layout_body_bytes(&envelope), 0);
    ck_assert_uint_eq(message_layout_cells(0), 0);
    ck_assert_uint_eq(message_layout_cells(127), 1);
    ck_assert_uint_eq(message_layout_cells(128), 2);
    ck_assert_uint_eq(message_layout_cells(462), 4);
}
END_TEST

CHECK_MAIN("message_layout", fields_stand_in_the_order_of_the_rule,
           a_plain_transfer_has_38_bytes_and_a_comment_begins_with_its_constructor,
           two_million_random_messages_come_back_as_they_went,
           damaged_messages_are_refused_or_have_one_form, each_fault_has_its_name,
           parameters_out_of_order_twice_or_zero_are_refused,
           options_add_their_bytes_and_leave_the_body_alone)
