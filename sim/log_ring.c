#include "sim/log_ring.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/sim_assert.h"

int log_ring_init(struct log_ring *ring)
{
    pthread_condattr_t monotonic;

    memset(ring, 0, sizeof *ring);
    ring->record = malloc(LOG_RING_RECORDS * sizeof *ring->record);
    if (ring->record == NULL)
        return -1;
    SIM_ASSERT(pthread_mutex_init(&ring->mutex, NULL) == 0);
    SIM_ASSERT(pthread_condattr_init(&monotonic) == 0);
    SIM_ASSERT(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    SIM_ASSERT(pthread_cond_init(&ring->space, NULL) == 0);
    SIM_ASSERT(pthread_cond_init(&ring->work, &monotonic) == 0);
    pthread_condattr_destroy(&monotonic);
    return 0;
}

void log_ring_destroy(struct log_ring *ring)
{
    pthread_cond_destroy(&ring->work);
    pthread_cond_destroy(&ring->space);
    pthread_mutex_destroy(&ring->mutex);
    free(ring->record);
    ring->record = NULL;
}

/* Sleeps until half the ring is free, so that a full ring costs one switch of threads per half
 * ring, not one per record. The flag goes up before the counter is read, and the writer moves the
 * counter before it reads the flag: one of the two always sees the other. */
static void wait_for_space(struct log_ring *ring)
{
    pthread_mutex_lock(&ring->mutex);
    atomic_store(&ring->producer_asleep, true);
    while (ring->head_own - atomic_load(&ring->tail) > LOG_RING_RECORDS / 2) {
        pthread_cond_signal(&ring->work);
        pthread_cond_wait(&ring->space, &ring->mutex);
        atomic_store(&ring->producer_asleep, true);
    }
    atomic_store(&ring->producer_asleep, false);
    pthread_mutex_unlock(&ring->mutex);
}

struct log_record *log_ring_claim(struct log_ring *ring)
{
    if (ring->head_own - ring->tail_seen >= LOG_RING_RECORDS) {
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (ring->head_own - ring->tail_seen >= LOG_RING_RECORDS) {
            wait_for_space(ring);
            ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        }
        SIM_ASSERT(ring->head_own - ring->tail_seen < LOG_RING_RECORDS);
    }
    return &ring->record[ring->head_own % LOG_RING_RECORDS];
}

void log_ring_publish(struct log_ring *ring)
{
    ring->head_own++;
    atomic_store_explicit(&ring->head, ring->head_own, memory_order_release);
    if (ring->head_own % LOG_RING_BATCH == 0 && atomic_load(&ring->writer_asleep)) {
        pthread_mutex_lock(&ring->mutex);
        pthread_cond_signal(&ring->work);
        pthread_mutex_unlock(&ring->mutex);
    }
}

void log_ring_close(struct log_ring *ring)
{
    pthread_mutex_lock(&ring->mutex);
    atomic_store(&ring->closing, true);
    pthread_cond_signal(&ring->work);
    pthread_mutex_unlock(&ring->mutex);
}

size_t log_ring_peek(struct log_ring *ring, const struct log_record **ret_first)
{
    if (ring->head_seen == ring->tail_own)
        ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
    SIM_ASSERT(ring->head_seen - ring->tail_own <= LOG_RING_RECORDS);

    uint64_t first = ring->tail_own % LOG_RING_RECORDS;
    uint64_t count = ring->head_seen - ring->tail_own;
    uint64_t to_wrap = LOG_RING_RECORDS - first;
    *ret_first = &ring->record[first];
    return (size_t)(count < to_wrap ? count : to_wrap);
}

void log_ring_release(struct log_ring *ring, size_t count)
{
    SIM_ASSERT(count <= ring->head_seen - ring->tail_own);
    ring->tail_own += count;
    atomic_store(&ring->tail, ring->tail_own);
    if (!atomic_load(&ring->producer_asleep))
        return;
    pthread_mutex_lock(&ring->mutex);
    if (atomic_load(&ring->head) - ring->tail_own <= LOG_RING_RECORDS / 2) {
        atomic_store(&ring->producer_asleep, false); /* else log_ring_wait would not sleep */
        pthread_cond_signal(&ring->space);
    }
    pthread_mutex_unlock(&ring->mutex);
}

void log_ring_wait(struct log_ring *ring, unsigned timeout_ms)
{
    struct timespec until;
    int waited = 0;

    /* outside the simulation: how long the writer thread sleeps */
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + (uint64_t)timeout_ms * 1000000;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);

    pthread_mutex_lock(&ring->mutex);
    atomic_store(&ring->writer_asleep, true);
    while (waited == 0 && !atomic_load(&ring->closing) && !atomic_load(&ring->producer_asleep) &&
           atomic_load(&ring->head) - ring->tail_own < LOG_RING_BATCH)
        waited = pthread_cond_timedwait(&ring->work, &ring->mutex, &until);
    atomic_store(&ring->writer_asleep, false);
    pthread_mutex_unlock(&ring->mutex);
}

bool log_ring_closed(struct log_ring *ring)
{
    return atomic_load(&ring->closing);
}
