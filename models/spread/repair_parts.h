#ifndef MODELS_SPREAD_REPAIR_PARTS_H
#define MODELS_SPREAD_REPAIR_PARTS_H

/* What the files of the repair service share. Nobody else includes this. */

#include "models/spread/cluster_slots.h"
#include "models/spread/repair_due.h"
#include "models/spread/repair_peers.h"
#include "models/spread/repair_queue.h"
#include "models/spread/repair_serve.h"
#include "models/spread/repair_times.h"
#include "models/spread/turbine_parts.h"

enum {
    /* kind 4, signature 64, sender 32, recipient 32, time 8, nonce 4, slot 8, index 8 (SOL-R5.5);
     * an orphan request has no index. Ping and pong: kind 4, sender 32, token 32, signature 64. */
    REPAIR_REQUEST_BYTES = 160,
    REPAIR_ORPHAN_BYTES = 152,
    REPAIR_PING_BYTES = 132
};

/* What timer TURBINE_TIMER_REPAIR is for: its cookie. */
enum repair_timer { REPAIR_TIMER_ITERATION, REPAIR_TIMER_FLOOD, REPAIR_TIMER_SECOND };

/* A request on its way. */
struct repair_packet {
    uint64_t slot;
    uint32_t index, nonce;
    uint32_t kind; /* enum repair_kind */
    uint32_t rank; /* of who asks */
};

/* What is sampled each second. */
enum repair_sample {
    REPAIR_SAMPLE_REQUESTS,
    REPAIR_SAMPLE_ANSWERS,
    REPAIR_SAMPLE_USEFUL,
    REPAIR_SAMPLE_DUPLICATE,
    REPAIR_SAMPLE_REFUSED,
    REPAIR_SAMPLE_UNSERVED,
    REPAIR_SAMPLES
};

struct repair_shared { /* of one chain */
    struct pool nonces;
    struct repair_list list; /* of the iteration in progress */
    int64_t second[REPAIR_SAMPLES];
    uint32_t users;
};

struct repair_met { /* a peer that asked: milliseconds + 1, 0 = never */
    uint32_t answered_ms, pinged_ms;
};

struct repair_service {
    struct turbine_member *member;
    struct repair_shared *shared;
    struct repair_due due;
    struct repair_weight weight;
    struct repair_pending pending;
    struct repair_nonces nonces;
    struct repair_peers_cache peers;
    struct repair_times times;
    struct repair_queue queue;
    struct repair_met *met; /* by rank; NULL until needed */
    uint64_t timer, timer_ns, serve_timer, flood_timer;
};

/* repair_count adds to a counter, and to this second's sample if it has one. */
void repair_count(const struct repair_service *service, struct context *context,
                  enum turbine_metric metric, int64_t delta);

/* repair_send_request asks a peer, named by rank, under a nonce. */
void repair_send_request(struct repair_service *service, struct context *context,
                         const struct repair_request *request, uint32_t peer, uint32_t nonce);

/* Of repair_answer.c: messages, the server's turns, and what a flooding validator does. */
void repair_on_request(struct repair_service *service, struct context *context,
                       const struct repair_packet *packet);
void repair_on_answer(struct repair_service *service, struct context *context,
                      const struct shred_packet *packet);
void repair_on_turn(struct repair_service *service, struct context *context);
void repair_on_ping(struct repair_service *service, struct context *context, uint32_t from);
void repair_on_pong(struct repair_service *service, struct context *context, uint32_t from);
void repair_flood(struct repair_service *service, struct context *context);

/* repair_arm sets the timer of the next iteration that can find something. */
void repair_arm(struct repair_service *service, struct context *context);

#endif
