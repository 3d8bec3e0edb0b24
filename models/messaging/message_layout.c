#include "models/messaging/message_layout.h"

#include <string.h>

#include "models/anycast.h"
#include "models/byte_writer.h"

enum { ADDRESS_BYTES = 12, PAIR_BYTES = 12, NAME_BYTES = 4 };

/* The parameters, in the order in which they stand. */
enum parameter { GAS_LIMIT, FORWARD_FEE, INSTANT_FEE, ANYCAST, FLAGS, PARAMETER_COUNT };
struct parameter_row {
    uint32_t name; /* four letters, as they stand in the bytes */
    uint32_t bytes;
};
static const struct parameter_row parameters[PARAMETER_COUNT] = {
    [GAS_LIMIT] = {UINT32_C(0x6c736167), 8},   /* gasl */
    [FORWARD_FEE] = {UINT32_C(0x65656677), 8}, /* wfee */
    [INSTANT_FEE] = {UINT32_C(0x65656669), 8}, /* ifee */
    [ANYCAST] = {UINT32_C(0x79636e61), 5},     /* ancy */
    [FLAGS] = {UINT32_C(0x67616c66), 1},       /* flag */
};

static bool is_given(const struct message_layout *layout, enum parameter parameter)
{
    switch (parameter) {
    case GAS_LIMIT:
        return layout->gas_limit != 0;
    case FORWARD_FEE:
        return layout->forward_fee != 0;
    case INSTANT_FEE:
        return layout->instant_fee != 0;
    case ANYCAST:
        return layout->anycast_depth != 0;
    case FLAGS:
        return layout->flags != 0;
    case PARAMETER_COUNT:
        break;
    }
    return false;
}

void message_layout_of(const struct envelope *envelope, struct message_layout *ret_layout)
{
    *ret_layout = (struct message_layout){.to = envelope->to,
                                          .from = envelope->from,
                                          .has_sender = true,
                                          .flags = envelope->flags,
                                          .anycast_depth = envelope->anycast_depth,
                                          .anycast_bits = envelope->anycast_bits,
                                          .gas_limit = envelope->gas_limit,
                                          .forward_fee = envelope->forward_fee,
                                          .instant_fee = envelope->instant_fee};
    if (envelope->value != 0)
        ret_layout->value[ret_layout->value_count++] = (struct message_value){envelope->value, 0};
    for (unsigned i = 0; i < EXTRA_CURRENCIES_MAX; i++) {
        if (envelope->extra_currency[i] == 0)
            continue;
        struct message_value pair = {envelope->extra_amount[i], envelope->extra_currency[i]};
        uint32_t at = ret_layout->value_count++;
        for (; at > 0 && ret_layout->value[at - 1].currency > pair.currency; at--)
            ret_layout->value[at] = ret_layout->value[at - 1];
        ret_layout->value[at] = pair;
    }
}

static uint32_t parameter_bytes(const struct message_layout *layout)
{
    uint32_t bytes = 0;
    for (unsigned i = 0; i < PARAMETER_COUNT; i++)
        if (is_given(layout, (enum parameter)i))
            bytes += NAME_BYTES + parameters[i].bytes;
    return bytes;
}

size_t message_layout_head_bytes(const struct message_layout *layout)
{
    return ADDRESS_BYTES + 1 + layout->value_count * (size_t)PAIR_BYTES + 1 +
           (layout->has_sender ? ADDRESS_BYTES : 0) + parameter_bytes(layout);
}

uint32_t message_layout_optional_bytes(const struct envelope *envelope)
{
    struct message_layout layout;
    message_layout_of(envelope, &layout);
    uint32_t extra = layout.value_count - (envelope->value != 0);
    return extra * PAIR_BYTES + parameter_bytes(&layout);
}

uint32_t message_layout_body_bytes(const struct envelope *envelope)
{
    uint32_t head = MESSAGE_PLAIN_BYTES + message_layout_optional_bytes(envelope);
    return envelope->bytes > head ? envelope->bytes - head : 0;
}

uint32_t message_layout_cells(uint32_t body_bytes)
{
    return body_bytes / MESSAGE_CELL_BYTES + (body_bytes % MESSAGE_CELL_BYTES != 0);
}

/* ---- Writing ---- */

static void put_parameter(struct byte_writer *writer, const struct message_layout *layout,
                          enum parameter parameter)
{
    byte_writer_put(writer, parameters[parameter].name, NAME_BYTES);
    switch (parameter) {
    case GAS_LIMIT:
        byte_writer_put(writer, layout->gas_limit, 8);
        return;
    case FORWARD_FEE:
        byte_writer_put(writer, layout->forward_fee, 8);
        return;
    case INSTANT_FEE:
        byte_writer_put(writer, layout->instant_fee, 8);
        return;
    case ANYCAST:
        byte_writer_put(writer, layout->anycast_depth, 1);
        byte_writer_put(writer, layout->anycast_bits, 4);
        return;
    case FLAGS:
        byte_writer_put(writer, layout->flags, 1);
        return;
    case PARAMETER_COUNT:
        break;
    }
    SIM_ASSERT(false); /* every parameter is above */
}

/* ---- What may stand there ---- */

static bool values_fine(const struct message_layout *layout)
{
    if (layout->value_count > MESSAGE_VALUES_MAX)
        return false;
    for (uint32_t i = 0; i < layout->value_count; i++) {
        if (layout->value[i].amount == 0)
            return false;
        if (i > 0 && layout->value[i].currency <= layout->value[i - 1].currency)
            return false;
    }
    return true;
}

static bool anycast_fine(uint8_t depth, uint32_t bits)
{
    if (depth == 0)
        return bits == 0;
    return depth <= ANYCAST_DEPTH_MAX && (bits & (UINT32_MAX >> depth)) == 0;
}

static uint32_t word_at(const unsigned char *bytes)
{
    uint32_t word = 0;
    for (unsigned i = 0; i < 4; i++)
        word |= (uint32_t)bytes[i] << (8 * i);
    return word;
}

/* Which parameter these bytes name; PARAMETER_COUNT: none. */
static enum parameter named(const unsigned char *bytes, size_t count)
{
    if (count < NAME_BYTES)
        return PARAMETER_COUNT;
    for (unsigned i = 0; i < PARAMETER_COUNT; i++)
        if (word_at(bytes) == parameters[i].name)
            return (enum parameter)i;
    return PARAMETER_COUNT;
}

enum message_fault message_layout_encode(const struct message_layout *layout, unsigned char *bytes,
                                         size_t capacity, size_t *ret_bytes)
{
    if (!values_fine(layout))
        return MESSAGE_VALUES;
    if (!anycast_fine(layout->anycast_depth, layout->anycast_bits))
        return MESSAGE_PARAMETER;
    if (named(layout->body, layout->body_bytes) != PARAMETER_COUNT)
        return MESSAGE_BODY;
    size_t head = message_layout_head_bytes(layout);
    if (capacity < head || capacity - head < layout->body_bytes)
        return MESSAGE_SHORT;
    struct byte_writer writer = {.bytes = bytes, .room = capacity};
    byte_writer_address(&writer, layout->to);
    byte_writer_put(&writer, layout->value_count, 1);
    for (uint32_t i = 0; i < layout->value_count; i++) {
        byte_writer_put(&writer, layout->value[i].currency, 4);
        byte_writer_put(&writer, layout->value[i].amount, 8);
    }
    byte_writer_put(&writer, layout->has_sender, 1);
    if (layout->has_sender)
        byte_writer_address(&writer, layout->from);
    for (unsigned i = 0; i < PARAMETER_COUNT; i++)
        if (is_given(layout, (enum parameter)i))
            put_parameter(&writer, layout, (enum parameter)i);
    SIM_ASSERT(writer.count == head && head <= MESSAGE_HEAD_MAX);
    if (layout->body_bytes > 0)
        memcpy(bytes + head, layout->body, layout->body_bytes);
    *ret_bytes = head + layout->body_bytes;
    return MESSAGE_FINE;
}

/* ---- Reading ---- */

struct reader {
    const unsigned char *bytes;
    size_t left;
    bool ended; /* a field was not there: what was read for it is 0 */
};

static uint64_t take(struct reader *reader, size_t bytes)
{
    uint64_t value = 0;
    if (reader->left < bytes) {
        reader->ended = true;
        return 0;
    }
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)reader->bytes[i] << (8 * i);
    reader->bytes += bytes;
    reader->left -= bytes;
    return value;
}

static struct address take_address(struct reader *reader)
{
    struct address address;
    address.workchain = (int32_t)(uint32_t)take(reader, 4);
    address.prefix = take(reader, 8);
    return address;
}

static void take_parameter(struct reader *reader, enum parameter parameter,
                           struct message_layout *layout)
{
    take(reader, NAME_BYTES);
    switch (parameter) {
    case GAS_LIMIT:
        layout->gas_limit = take(reader, 8);
        return;
    case FORWARD_FEE:
        layout->forward_fee = take(reader, 8);
        return;
    case INSTANT_FEE:
        layout->instant_fee = take(reader, 8);
        return;
    case ANYCAST:
        layout->anycast_depth = (uint8_t)take(reader, 1);
        layout->anycast_bits = (uint32_t)take(reader, 4);
        return;
    case FLAGS:
        layout->flags = (uint8_t)take(reader, 1);
        return;
    case PARAMETER_COUNT:
        break;
    }
    SIM_ASSERT(false); /* every parameter is above */
}

static enum message_fault take_parameters(struct reader *reader, struct message_layout *layout)
{
    enum parameter next = GAS_LIMIT; /* the first that may still come */
    for (;;) {
        enum parameter parameter = named(reader->bytes, reader->left);
        if (parameter == PARAMETER_COUNT)
            return MESSAGE_FINE;
        if (parameter < next)
            return MESSAGE_PARAMETER;
        take_parameter(reader, parameter, layout);
        if (reader->ended)
            return MESSAGE_SHORT;
        if (!is_given(layout, parameter) ||
            !anycast_fine(layout->anycast_depth, layout->anycast_bits))
            return MESSAGE_PARAMETER;
        next = (enum parameter)(parameter + 1);
    }
}

enum message_fault message_layout_decode(const unsigned char *bytes, size_t count,
                                         struct message_layout *ret_layout)
{
    struct reader reader = {bytes, count, false};
    struct message_layout layout = {.to = take_address(&reader)};
    layout.value_count = (uint32_t)take(&reader, 1);
    if (layout.value_count > MESSAGE_VALUES_MAX)
        return MESSAGE_VALUES;
    for (uint32_t i = 0; i < layout.value_count; i++) {
        layout.value[i].currency = (uint32_t)take(&reader, 4);
        layout.value[i].amount = take(&reader, 8);
    }
    if (reader.ended)
        return MESSAGE_SHORT;
    if (!values_fine(&layout))
        return MESSAGE_VALUES;
    uint64_t sender = take(&reader, 1);
    if (sender > 1)
        return MESSAGE_SENDER;
    layout.has_sender = sender == 1;
    if (layout.has_sender)
        layout.from = take_address(&reader);
    if (reader.ended)
        return MESSAGE_SHORT;
    enum message_fault fault = take_parameters(&reader, &layout);
    if (fault != MESSAGE_FINE)
        return fault;
    layout.body = reader.bytes;
    layout.body_bytes = reader.left;
    *ret_layout = layout;
    return MESSAGE_FINE;
}

bool message_layout_constructor(const struct message_layout *layout, uint32_t *ret_constructor)
{
    if (layout->body_bytes < MESSAGE_CONSTRUCTOR_BYTES)
        return false;
    *ret_constructor = word_at(layout->body);
    return true;
}
