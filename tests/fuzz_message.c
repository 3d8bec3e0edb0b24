/* Goal: no bytes make the decoder of messages crash or read beyond them, and whatever it accepts
 * has one form. Method: libFuzzer on the bytes of a message; what is accepted is encoded again. */

#include <stdint.h>
#include <string.h>

#include "models/messaging/message_layout.h"
#include "sim/sim_assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned char again[1 << 16];
    struct message_layout layout;
    size_t bytes = 0;
    if (size > sizeof again || message_layout_decode(data, size, &layout) != MESSAGE_FINE)
        return 0;
    enum message_fault fault = message_layout_encode(&layout, again, sizeof again, &bytes);
    SIM_ASSERT(fault == MESSAGE_FINE);
    SIM_ASSERT(bytes == size && memcmp(again, data, size) == 0);
    SIM_ASSERT(message_layout_head_bytes(&layout) + layout.body_bytes == size);
    return 0;
}
