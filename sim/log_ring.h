#ifndef SIM_LOG_RING_H
#define SIM_LOG_RING_H

/* A ring of log records from one producing thread to one writing thread. Private to the log.
 *
 * Each side keeps its last look at the other's counter, so a record costs one release store and,
 * mostly, no shared load. Nobody spins: the producer sleeps while the ring is full until half of it
 * is free, the writer sleeps until a batch has gathered or its time is up. A wake-up that is missed
 * costs at most the writer's time-out, or the ring running full, which always wakes it. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/log_rows.h"

enum {
    LOG_RING_RECORDS = 16384, /* 1.5 MiB; a power of two */
    LOG_RING_BATCH = 1024     /* the writer is woken for this many */
};

struct log_ring {
    struct log_record *record;
    char pad_producer[64]; /* each side's counters on lines of their own */
    _Atomic uint64_t head; /* records ever published */
    uint64_t head_own, tail_seen;
    char pad_writer[64];
    _Atomic uint64_t tail; /* records ever released */
    uint64_t tail_own, head_seen;
    char pad_sleep[64];
    atomic_bool writer_asleep, producer_asleep, closing;
    pthread_mutex_t mutex;
    pthread_cond_t space, work;
};

/* log_ring_init returns 0, or -1 when there is no memory. */
int log_ring_init(struct log_ring *ring);
void log_ring_destroy(struct log_ring *ring);

/* Producer. log_ring_claim returns the slot for the next record and blocks while the ring is full;
 * log_ring_publish hands that slot over. log_ring_close says that nothing will follow. */
struct log_record *log_ring_claim(struct log_ring *ring);
void log_ring_publish(struct log_ring *ring);
void log_ring_close(struct log_ring *ring);

/* Writer. log_ring_peek returns how many records are ready one after the other at *ret_first;
 * log_ring_release gives back the first `count` of them. log_ring_wait sleeps until a batch, the
 * end or the time-out. log_ring_closed is true when log_ring_close was called; records may be left.
 */
size_t log_ring_peek(struct log_ring *ring, const struct log_record **ret_first);
void log_ring_release(struct log_ring *ring, size_t count);
void log_ring_wait(struct log_ring *ring, unsigned timeout_ms);
bool log_ring_closed(struct log_ring *ring);

#endif
