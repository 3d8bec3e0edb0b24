/* The run loop: pops events in key order, hands them to the layer they are addressed to, and stops
 * when it must. The order is asserted at push (an event never precedes its cause) and at pop. */

#include "sim/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/engine_private.h"
#include "sim/network_way.h"
#include "sim/wall_clock.h"

enum {
    WATCH_EVERY = 1 << 12, /* events between looks at clock, signal and log */
    PROGRESS_EVERY = 1 << 16,
    SAFETY_EVERY = 1 << 20
};

const char *const engine_status_names[] = {"ok", "limit", "interrupted", "violation", "failed"};

/* Counters of the last run, for engine_counter. */
static struct {
    const struct model *model[SLOT_MAX];
    int64_t counters[SLOT_MAX][COUNTERS_MAX];
} last_run;

/* Timers are steps of the protocol, unless their model says that there is one for each packet. */
static enum log_weight weight_of(const struct world *world, const struct event *event,
                                 uint32_t kind_id)
{
    if (event_type(event) == EVENT_FAULT)
        return LOG_MILESTONE;
    if (event_type(event) != EVENT_TIMER)
        return LOG_PACKET;
    const struct model *model = world->model[kind_id >> KIND_BITS];
    uint32_t kind = (kind_id & ((1U << KIND_BITS) - 1)) - KIND_TIMER;
    return model->packet_timers >> kind & 1 ? LOG_PACKET : LOG_STEP;
}

/* The row of the running event, in the digest and, out of the way, in the log. */
static __attribute__((noinline)) void log_row(struct world *world, const struct event *event,
                                              uint32_t kind_id, uint32_t chain, uint32_t bytes,
                                              uint64_t entity, uint64_t peer)
{
    struct row_fields fields = {.kind_id = kind_id,
                                .chain = chain,
                                .bytes = bytes,
                                .entity = entity,
                                .peer = peer,
                                .subject = event->subject,
                                .value = event_type(event) == EVENT_MESSAGE ? event->attempt : 0,
                                .weight = weight_of(world, event, kind_id)};
    rows_log(world, &fields, event_cause_seq(event));
}

static inline void event_row(struct world *world, const struct event *event, uint32_t kind_id,
                             uint32_t chain, uint32_t bytes, uint64_t entity, uint64_t peer)
{
    world->context.cause_seq = ++world->rows;
    if (__builtin_expect(world->log != NULL, 0))
        log_row(world, event, kind_id, chain, bytes, entity, peer);
}

/* The same row in the digest, whose rows have no order: it can wait. */
static inline void event_digest(struct world *world, const struct event *event, uint32_t kind_id,
                                uint32_t chain, uint32_t bytes, uint64_t entity, uint64_t peer,
                                uint32_t value)
{
    rows_digest(world, event->cause_mix, 0, kind_id, chain, bytes, entity, peer, event->subject,
                value);
}

/* What of a message stands in its side record. Returns the chain. */
static uint32_t read_side(const struct world *world, const struct event *event,
                          struct message *message)
{
    const struct side *side = event_side(world, event);
    message->payload_bytes = side->payload_bytes;
    message->payload = side->payload             ? slab_at(&world->payloads, side->payload)
                       : side->payload_bytes > 0 ? event->inline_payload
                                                 : NULL;
    return side->chain;
}

void engine_push_apart(struct world *world, uint32_t node, struct queue_entry entry)
{
    struct queue *queue = world->queue;
    if (queue == NULL) {
        uint32_t group = world->nodes[node].group;
        SIM_ASSERT(!world->running || group == world->context.group ||
                   queue_entry_time_ns(&entry) >= world->window_end_ns);
        queue = world->group_queue[group];
    }
    world->queue_type->push(queue, &entry);
}

static inline void handle_message(struct world *world, struct event *event, uint32_t handle,
                                  uint32_t from)
{
    const struct node *node = &world->nodes[event->to];
    if (__builtin_expect(node->down > 0, 0)) {
        network_drop(world, handle, from, DROP_NODE_DOWN);
        return;
    }
    uint32_t kind_id = event_kind_id(event), slot = kind_id >> KIND_BITS;
    size_t length = event_length(event);
    struct message message;
    message.from = from;
    message.to = event->to;
    message.wire_bytes = event->bytes;
    message.slot = (uint8_t)slot;
    message.kind = (uint8_t)kind_id;
    message.subject = event->subject;
    message.payload_bytes = length;
    message.payload = length > 0 ? event->inline_payload : NULL;
    uint32_t chain = event->chain;
    bool side = length == LENGTH_SIDE;
    if (__builtin_expect(side, 0))
        chain = read_side(world, event, &message);
    uint64_t entity = node->identity, peer = world->nodes[from].identity;
    event_row(world, event, kind_id, chain, event->bytes, entity, peer);
    world->model[slot]->on_message(world->state[slot], &world->context, &message);
    event_digest(world, event, kind_id, chain, event->bytes, entity, peer, event->attempt);
    if (__builtin_expect(side, 0))
        event_free_side(world, event);
    event_free_plain(world, handle, event);
}

static void handle_timer(struct world *world, struct event *event, uint32_t handle)
{
    uint32_t slot = event_kind_id(event) >> KIND_BITS;
    uint8_t kind = (uint8_t)event_kind_id(event);
    uint32_t kind_id = slot << KIND_BITS | (uint32_t)(KIND_TIMER + kind);
    uint32_t chain = event->chain;
    uint64_t cookie = event->subject;
    uint64_t entity = world->nodes[event->to].identity;
    event_row(world, event, kind_id, chain, 0, entity, 0);
    event_digest(world, event, kind_id, chain, 0, entity, 0, 0);
    event_free_plain(world, handle, event);
    world->model[slot]->on_timer(world->state[slot], &world->context, kind, chain, cookie);
}

static void handle_kernel(struct world *world, struct event *event, uint32_t handle, uint32_t kind)
{
    uint64_t entity = event_type(event) == EVENT_FAULT ? 0 : world->nodes[event->to].identity;
    uint32_t kind_id = (uint32_t)SLOT_KERNEL << 8 | kind, chain = event_chain(world, event);
    event_row(world, event, kind_id, chain, 0, entity, 0);
    event_digest(world, event, kind_id, chain, 0, entity, 0, 0);
    event_free(world, handle);
}

/* Everything but messages. */
static __attribute__((noinline)) void handle_other(struct world *world, struct event *event,
                                                   uint32_t handle, uint32_t source)
{
    struct context *context = &world->context;
    switch (event_type(event)) {
    case EVENT_TIMER:
        handle_timer(world, event, handle);
        break;
    case EVENT_DEPART:
        context->cause_seq = event_cause_seq(event);
        network_hand_over(world, handle, event, source);
        break;
    case EVENT_PORT: {
        uint32_t link = (uint32_t)event->subject;
        handle_kernel(world, event, handle, KERNEL_PORT);
        network_port_free(world,
                          link ? world->links[link - 1].port : world->nodes[context->self].port);
        break;
    }
    case EVENT_FAULT: {
        bool begins = event->subject & 1;
        uint32_t window = (uint32_t)(event->subject >> 1);
        handle_kernel(world, event, handle, begins ? KERNEL_FAULT_BEGINS : KERNEL_FAULT_ENDS);
        fault_apply(world, window, begins);
        break;
    }
    case EVENT_MESSAGE:
    case EVENT_FREE:
    case EVENT_CANCELLED:
        SIM_ASSERT(event_type(event) != EVENT_FREE && event_type(event) != EVENT_CANCELLED);
    }
}

/* True when the event is dead and must not be seen: cancelled, or of a node that crashed since. */
static bool is_dead(const struct world *world, const struct event *event, uint32_t node)
{
    if (event_type(event) == EVENT_TIMER)
        return event->epoch != world->nodes[node].epoch;
    if (event_type(event) == EVENT_DEPART)
        return event_side(world, event)->epoch != world->nodes[node].epoch;
    return event_type(event) == EVENT_CANCELLED;
}

static inline __attribute__((always_inline)) void
dispatch(struct world *world, struct queue_entry popped, struct event *event)
{
    const struct queue_entry *entry = &popped;
    uint32_t handle = queue_entry_slot(entry);
    struct context *context = &world->context;
    /* With a queue a group only each group's own events rise; the windows see to the rest. */
    SIM_ASSERT(engine_rises(world, popped) || world->group_queue);
    queue_entry_copy(&world->current_entry, entry);
    /* Faults have no source. */
    enum order_class order_class = queue_entry_class(entry);
    uint32_t source = 0;
    uint64_t identity = 0;
    if (__builtin_expect(order_class != ORDER_FAULT, 1)) {
        source = world->node_by_order[queue_entry_source(entry)];
        identity = world->nodes[source].identity;
    }
    bool message = event_type(event) == EVENT_MESSAGE;
    context->now_ns = queue_entry_time_ns(entry);
    context->depth = queue_entry_depth(entry);
    context->trace_index = 0;
    world->current_key =
        digest_key_of(context->now_ns, order_rank(context->depth, order_class, identity),
                      queue_entry_sequence(entry));
    context->cause_mix = world->current_key.mix;
    context->self = event_type(event) == EVENT_DEPART ? source : event->to;
    if (!message && is_dead(world, event, context->self)) {
        event_free(world, handle);
        return;
    }
    world->events++;
    context->group = world->nodes[context->self].group;
    if (message)
        handle_message(world, event, handle, source);
    else
        handle_other(world, event, handle, source);
    network_way_arrive(world);
}

/* The same where it need not be compiled into the loop. */
static __attribute__((noinline)) void dispatch_apart(struct world *world, struct queue_entry popped)
{
    dispatch(world, popped, event_at(world, queue_entry_slot(&popped)));
}

struct loop {
    uint64_t end_ns, wall_start_ns, next_safety;
    uint64_t until_ns; /* end_ns, or the instant at which to stop */
    enum engine_status status;
    bool stop_at_instant; /* a limit that acts between instants has been passed */
};

static void limit(struct world *world, struct loop *loop, const char *text)
{
    if (loop->stop_at_instant)
        return;
    loop->status = ENGINE_LIMIT;
    loop->stop_at_instant = true;
    snprintf(world->result.limit, sizeof world->result.limit, "%s", text);
}

/* Looks at what only the outside world knows: clock, signal, disk. */
static void watch(struct world *world, struct loop *loop)
{
    const struct engine_options *options = world->options;
    if (options->max_wall_ns && wall_clock_ns() - loop->wall_start_ns > options->max_wall_ns)
        limit(world, loop, "--max-wall: the wall-clock time is used up");
    if (options->signal_number && *options->signal_number && !loop->stop_at_instant) {
        loop->status = ENGINE_INTERRUPTED;
        loop->stop_at_instant = true;
    }
    if (log_failed(world->log)) {
        loop->status = ENGINE_LOG_FAILED;
        loop->stop_at_instant = true;
    }
    if (options->progress && world->events % PROGRESS_EVERY == 0) {
        struct engine_progress progress = {world->context.now_ns, loop->end_ns, world->events};
        options->progress(options->progress_context, &progress);
    }
}

static void check_safety(struct world *world)
{
    for (uint32_t slot = 0; slot < SLOT_MAX; slot++)
        if (world->model[slot] && world->model[slot]->check_safety)
            world->model[slot]->check_safety(world->state[slot], &world->context);
}

static void set_look_at(struct world *world, const struct loop *loop)
{
    const struct engine_options *options = world->options;
    world->look_at = world->events - world->events % WATCH_EVERY + WATCH_EVERY;
    if (loop->next_safety < world->look_at && !world->group_queue)
        world->look_at = loop->next_safety;
    if (options->max_events && options->max_events < world->look_at)
        world->look_at = options->max_events;
    if (world->violations > 0)
        world->look_at = 0;
}

static bool look_around(struct world *world, struct loop *loop)
{
    const struct engine_options *options = world->options;
    if (world->memory.exceeded_by && !loop->stop_at_instant) {
        char text[160];
        snprintf(text, sizeof text, "--max-memory: %.1f MiB counted; pool \"%s\" passed the limit",
                 (double)world->memory.used_bytes / 1048576.0, world->memory.exceeded_by);
        limit(world, loop, text);
    }
    if (world->violations > 0) {
        loop->status = ENGINE_VIOLATION;
        return true;
    }
    if (options->max_events && world->events >= options->max_events) {
        limit(world, loop, "--max-events: that many events have happened");
        return true;
    }
    if (world->events % WATCH_EVERY == 0)
        watch(world, loop);
    if (world->events >= loop->next_safety && !world->group_queue) {
        loop->next_safety += SAFETY_EVERY;
        check_safety(world);
    }
    set_look_at(world, loop);
    if (loop->stop_at_instant && world->context.now_ns < loop->until_ns)
        loop->until_ns = world->context.now_ns;
    return false;
}

/* What must be looked at after every event. Returns true to stop at once. */
static inline bool after_event(struct world *world, struct loop *loop)
{
    if (__builtin_expect(world->events < world->look_at && !world->memory.exceeded_by, 1))
        return false;
    return look_around(world, loop);
}

/* An event is two cache lines, and rarely in the cache when there are many. */
static inline void fetch(const struct event *event)
{
    __builtin_prefetch(event);
    __builtin_prefetch((const unsigned char *)event + 64);
}

static void run_wheel(struct world *world, struct loop *loop)
{
    struct queue_wheel *wheel = world->wheel;
    uint32_t next = 0;
    struct event *next_event = NULL;
    bool stop = false;
    while (!stop && queue_wheel_pop_until(wheel, loop->until_ns)) {
        uint32_t handle = queue_entry_slot(&wheel->last);
        struct event *event = next_event;
        if (__builtin_expect(handle != next, 0))
            event = event_at(world, handle);
        /* The next event is on its way into the cache while this one is handled. */
        next = queue_entry_slot(wheel->next);
        next = next != 0 ? next : handle;
        next_event = event_at(world, next);
        fetch(next_event);
        dispatch(world, wheel->last, event);
        stop = after_event(world, loop);
    }
}

static void run_single(struct world *world, struct loop *loop)
{
    struct queue_entry entry;
    bool stop = false;
    while (!stop && world->queue_type->pop_until(world->queue, loop->until_ns, &entry)) {
        dispatch_apart(world, entry);
        stop = after_event(world, loop);
    }
}

static bool earliest(struct world *world, uint64_t *ret_ns)
{
    struct queue_entry entry;
    bool any = false;
    for (uint32_t group = 0; group < world->group_count; group++)
        if (world->queue_type->peek(world->group_queue[group], &entry) &&
            (!any || queue_entry_time_ns(&entry) < *ret_ns)) {
            *ret_ns = queue_entry_time_ns(&entry);
            any = true;
        }
    return any;
}

static void shuffle_groups(const struct world *world, uint32_t *order, uint64_t window)
{
    struct rng shuffle = {.seed = world->options->group_order, .replication = 0};
    struct rng_stream stream;
    rng_stream_at(&stream, &shuffle, RNG_TEST, 0, window);
    for (uint32_t i = world->group_count; i > 1; i--) {
        uint32_t j = (uint32_t)rng_below(&stream, i);
        uint32_t swapped = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swapped;
    }
}

/* Conservative windows: within the least link latency no group can reach another. */
static void run_grouped(struct world *world, struct loop *loop)
{
    uint32_t *order =
        memory_take(&world->memory, "group order", world->group_count * sizeof(uint32_t) + 1);
    for (uint32_t i = 0; i < world->group_count; i++)
        order[i] = i;
    struct queue_entry entry;
    for (uint64_t window = 0; !loop->stop_at_instant; window++) {
        uint64_t start_ns = UINT64_MAX;
        bool events = earliest(world, &start_ns), stop = false;
        bool fault = world->queue_type->peek(world->fault_queue, &entry);
        if (fault && queue_entry_time_ns(&entry) <= start_ns) {
            if (queue_entry_time_ns(&entry) > loop->end_ns)
                break;
            world->window_end_ns = 0;
            world->queue_type->pop(world->fault_queue, &entry);
            dispatch_apart(world, entry);
            continue;
        }
        if (!events || start_ns > loop->end_ns)
            break;
        world->window_end_ns = start_ns + world->lookahead_ns;
        if (fault && queue_entry_time_ns(&entry) < world->window_end_ns)
            world->window_end_ns = queue_entry_time_ns(&entry);
        shuffle_groups(world, order, window);
        for (uint32_t i = 0; i < world->group_count && !stop; i++) {
            struct queue *queue = world->group_queue[order[i]];
            while (!stop && world->queue_type->peek(queue, &entry) &&
                   queue_entry_time_ns(&entry) < world->window_end_ns &&
                   queue_entry_time_ns(&entry) <= loop->end_ns) {
                world->queue_type->pop(queue, &entry);
                dispatch_apart(world, entry);
                stop = after_event(world, loop);
            }
        }
        if (stop)
            break;
    }
    memory_give(&world->memory, order, world->group_count * sizeof(uint32_t) + 1);
}

static void fetch_event(const void *owner, const struct queue_entry *entry)
{
    fetch(event_at(owner, queue_entry_slot(entry)));
}

static void make_queues(struct world *world)
{
    bool grouped = world->options->group_order != 0 && world->lookahead_ns > 0;
    if (!grouped) {
        world->queue = world->queue_type->create(&world->memory);
        if (world->queue_type == &queue_wheel)
            world->wheel = (struct queue_wheel *)world->queue;
        if (world->queue_type->foresee)
            world->queue_type->foresee(world->queue, fetch_event, world);
        return;
    }
    world->queue_type = &queue_heap; /* one a group: small, and popped in windows */
    world->group_queue = memory_take(&world->memory, "group queues",
                                     (world->group_count + 1) * sizeof(struct queue *));
    for (uint32_t i = 0; i < world->group_count; i++)
        world->group_queue[i] = queue_heap.create(&world->memory);
    world->fault_queue = queue_heap.create(&world->memory);
}

static void free_queues(struct world *world)
{
    if (world->queue)
        world->queue_type->destroy(world->queue);
    if (!world->group_queue)
        return;
    for (uint32_t i = 0; i < world->group_count; i++)
        queue_heap.destroy(world->group_queue[i]);
    queue_heap.destroy(world->fault_queue);
    memory_give(&world->memory, world->group_queue,
                (world->group_count + 1) * sizeof(struct queue *));
}

static void start(struct world *world)
{
    world->current_key = digest_key_of(0, 0, 0);
    rows_dictionaries(world);
    make_queues(world);
    fault_schedule(world);
    for (uint32_t i = 0; i < world->scenario->layer_count; i++) {
        uint8_t slot = world->scenario->layers[i].slot;
        if (world->node_count > 0)
            context_as(&world->context, 0);
        if (world->model[slot]->start)
            world->model[slot]->start(world->state[slot], &world->context);
    }
    network_way_arrive(world);
    world->running = true;
}

static void finish(struct world *world, struct loop *loop)
{
    struct engine_result *result = &world->result;
    bool whole = loop->status == ENGINE_OK;
    uint64_t now_ns = world->context.now_ns;
    result->sim_end_ns = whole ? world->scenario->duration_ns : now_ns;
    if (loop->status == ENGINE_LIMIT && !loop->stop_at_instant)
        result->sim_end_ns = loop->end_ns;
    /* The end has no event: what the layers say now is caused by nothing and hashed by nobody. */
    world->context.now_ns = result->sim_end_ns;
    if (loop->status != ENGINE_VIOLATION)
        check_safety(world);
    for (uint32_t slot = 0; slot < SLOT_MAX && whole; slot++)
        if (world->model[slot] && world->model[slot]->check_liveness)
            world->model[slot]->check_liveness(world->state[slot], &world->context);
    if (world->violations > 0)
        loop->status = ENGINE_VIOLATION;
    for (uint32_t i = 0; i < world->scenario->layer_count; i++) {
        uint8_t slot = world->scenario->layers[i].slot;
        if (world->model[slot]->report)
            world->model[slot]->report(world->state[slot], &world->context);
    }
    rows_metrics(world);
    result->status = loop->status;
    result->events = world->events;
    result->rows = world->rows;
    result->result_hash[0] = world->digest.high;
    result->result_hash[1] = world->digest.low;
    result->memory_peak_bytes = world->memory.peak_bytes;
}

int engine_run(const struct scenario *scenario, const struct engine_options *options,
               struct diagnostics *diagnostics, struct engine_result *ret_result)
{
    struct world *world = calloc(1, sizeof *world);
    SIM_ASSERT(world);
    world_init(world, scenario, options);
    if (world_build(world, diagnostics) != 0) {
        world_free(world);
        free(world);
        return -1;
    }
    struct loop loop = {.end_ns = scenario->duration_ns,
                        .wall_start_ns = wall_clock_ns(),
                        .next_safety = SAFETY_EVERY,
                        .status = ENGINE_OK};
    if (options->until_ns && options->until_ns < loop.end_ns) {
        loop.end_ns = options->until_ns;
        loop.status = ENGINE_LIMIT;
        snprintf(world->result.limit, sizeof world->result.limit, "--until: that time is reached");
    }
    loop.until_ns = loop.end_ns;
    start(world);
    set_look_at(world, &loop);
    if (world->group_queue)
        run_grouped(world, &loop);
    else if (world->wheel)
        run_wheel(world, &loop);
    else
        run_single(world, &loop);
    finish(world, &loop);
    memcpy(last_run.model, world->model, sizeof last_run.model);
    memcpy(last_run.counters, world->counters, sizeof last_run.counters);
    *ret_result = world->result;
    free_queues(world);
    world_free(world);
    free(world);
    return 0;
}

int engine_check(const struct scenario *scenario, struct diagnostics *diagnostics)
{
    const struct engine_options options = {0};
    struct world *world = calloc(1, sizeof *world);
    SIM_ASSERT(world);
    world_init(world, scenario, &options);
    int status = world_build(world, diagnostics);
    world_free(world);
    free(world);
    return status;
}

int64_t engine_counter(const struct engine_result *result, const char *layer, const char *metric)
{
    int64_t sum = 0;
    (void)result;
    for (uint32_t slot = 0; slot < SLOT_MAX; slot++) {
        const struct model *model = last_run.model[slot];
        if (!model || !model->metrics || strcmp(model->layer_name, layer) != 0)
            continue;
        for (uint32_t i = 0; model->metrics[i].name; i++)
            if (strcmp(model->metrics[i].name, metric) == 0)
                sum += last_run.counters[slot][i];
    }
    return sum;
}
