#ifndef SIM_MESSAGE_H
#define SIM_MESSAGE_H

/* What a handler receives, and what it hands to context_send. Plain data, copied at send; a payload
 * pointer is valid only during the handler that received it. */

#include <stddef.h>
#include <stdint.h>

struct message {
    uint32_t from, to;   /* dense node numbers of this run */
    uint32_t wire_bytes; /* what the network was charged for */
    uint8_t slot, kind;  /* the layer that gets it, and that layer's own kind */
    uint64_t subject;    /* what it is about: message, transaction, block... logged and hashed */
    size_t payload_bytes;
    const void *payload;
};

struct send {
    uint32_t to;
    uint32_t wire_bytes;
    uint8_t slot, kind;
    uint8_t priority; /* 0 = most urgent; see network.queue.classes */
    uint32_t attempt; /* 0, 1, 2...: with subject it addresses the packet's own luck, so a resent
                         packet gets a new draw and nobody else's draw moves */
    uint32_t chain;   /* 0 = none; logged */
    uint64_t subject;
    uint64_t depart_ns; /* 0 = now; else the instant it is handed to the uplink, >= now */
    const void *payload;
    size_t payload_bytes; /* any size up to 16 MiB; 56 bytes or less stay in the event itself */
};

#endif
