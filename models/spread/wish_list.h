#ifndef MODELS_SPREAD_WISH_LIST_H
#define MODELS_SPREAD_WISH_LIST_H

/* What one member knows of and does not have, where blocks come whole, and what of it has been
 * asked for. No kernel: time comes in as an argument, whom to ask is the caller's choice.
 *
 * Wishes stand descending by block: parents have lower numbers than their children and are wanted
 * first, so what is asked for and what comes is near the end of the array. A request names some
 * blocks to one peer. It ends when all have come, or when none has come for as long as the list has
 * patience: then what is left of it may be asked for again.
 *
 * Silence does not change patience: the peer may be down, or not have it, or a packet was lost. But
 * after a request that brought nothing one at a time is enough, until something comes; and what has
 * been asked for in vain two times and more pauses, one patience longer each second time, up to
 * eight, so that what nobody has does not keep others waiting. A block that
 * comes from somebody who is not asked for it any more took too long: patience doubles until it
 * covers the time since the block was asked for first, six times at most. A request that came in
 * steps of a quarter of it halves it.
 *
 * Add, remove: O(log wishes), and O(wishes below) to move them. Legal order: any. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/memory.h"

enum { WISH_REQUEST_MOST = 16 }; /* blocks that one request names */
#define WISH_NOBODY UINT32_MAX

struct wish {
    uint64_t block, due_ns; /* due_ns: not asked for before */
    uint64_t first_ns;      /* when it was asked for first */
    uint32_t holder;        /* a member that was heard to have it, WISH_NOBODY = unknown */
    uint32_t attempts;      /* how often it has been asked for */
    uint32_t request;       /* the one that it waits for; 0 = none */
    uint32_t spare;
};

struct wish_request {
    uint64_t patience_ns, since_ns; /* since_ns: when it was made, or a block of it came last */
    uint64_t longest_ns;            /* between two of these instants */
    uint32_t id, peer;
    uint32_t asked, left; /* blocks that it named, and of these not come yet */
};

struct wish_list {
    struct memory *memory;
    struct wish *wishes;
    struct wish_request *requests;
    uint32_t count, capacity;
    uint32_t request_count, request_capacity;
    uint32_t asked, last_request; /* wishes that wait for a request; id of the newest one */
    uint64_t patience_least_ns;
    uint32_t doublings;
    bool answered; /* the newest thing that is known of requests is not that one brought nothing */
};

void wish_list_init(struct wish_list *list, struct memory *memory, uint64_t patience_ns);
void wish_list_destroy(struct wish_list *list);

/* wish_list_find is NULL if there is no such wish. wish_list_add returns it, new or not; a new one
 * is due at `due_ns`. Both: until the list changes. */
struct wish *wish_list_find(const struct wish_list *list, uint64_t block);
struct wish *wish_list_add(struct wish_list *list, uint64_t block, uint32_t holder,
                           uint64_t due_ns);

/* wish_list_remove takes a wish back by its place in `wishes`. */
void wish_list_remove(struct wish_list *list, uint32_t place);

/* wish_list_came: a block is there, from `peer`, and is a wish no more. True: its request has ended
 * by that, and others may take its place. */
bool wish_list_came(struct wish_list *list, uint64_t block, uint32_t peer, uint64_t now_ns);

/* wish_list_room: how many more may be asked for, if `window` are in all. */
uint32_t wish_list_room(const struct wish_list *list, uint32_t window);

/* wish_list_ask makes one request of wishes that wait for none, by their places; at most
 * WISH_REQUEST_MOST. */
void wish_list_ask(struct wish_list *list, const uint32_t *places, uint32_t count, uint32_t peer,
                   uint64_t now_ns);

/* wish_list_expire ends one request whose patience is over at `now_ns`, if there is one: its wishes
 * are due, or will be after a pause. Its peer, and whether it sent nothing at all. */
bool wish_list_expire(struct wish_list *list, uint64_t now_ns, uint32_t *ret_peer,
                      bool *ret_silent);

/* wish_list_deadline: when the patience of the first request is over; UINT64_MAX if there is none.
 */
uint64_t wish_list_deadline(const struct wish_list *list);

/* wish_list_restart: requests and their answers are gone, all wishes are due. */
void wish_list_restart(struct wish_list *list, uint64_t now_ns);

#endif
