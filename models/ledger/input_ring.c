#include "models/ledger/input_ring.h"

#include "sim/memory.h"
#include "sim/sim_assert.h"

enum { CAPACITY_LEAST = 16 };
static const char *const NAME = "ledger: input rings";

static void grow(struct input_ring *ring, struct memory *memory)
{
    struct input_ring old = *ring;
    SIM_ASSERT(old.capacity <= UINT32_MAX / 4);
    ring->capacity = old.capacity > 0 ? 2 * old.capacity : CAPACITY_LEAST;
    ring->handles = memory_take(memory, NAME, ring->capacity * sizeof *ring->handles);
    for (uint64_t place = old.done; place < old.tail; place++)
        ring->handles[place & (ring->capacity - 1)] = old.handles[place & (old.capacity - 1)];
    memory_give(memory, old.handles, old.capacity * sizeof *old.handles);
}

void input_ring_put(struct input_ring *ring, struct memory *memory, uint32_t handle)
{
    if (ring->tail - ring->done == ring->capacity)
        grow(ring, memory);
    ring->handles[ring->tail & (ring->capacity - 1)] = handle;
}

void input_ring_append(struct input_ring *ring, struct memory *memory, uint32_t handle)
{
    input_ring_put(ring, memory, handle);
    ring->tail++;
}

uint32_t input_ring_at(const struct input_ring *ring, uint64_t place)
{
    SIM_ASSERT(place >= ring->done);
    SIM_ASSERT(place < ring->tail);
    return ring->handles[place & (ring->capacity - 1)];
}

void input_ring_destroy(struct input_ring *ring, struct memory *memory)
{
    memory_give(memory, ring->handles, ring->capacity * sizeof *ring->handles);
    *ring = (struct input_ring){0};
}
