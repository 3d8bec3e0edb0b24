/* Faults: from specifications to windows at build, from windows to events at start, from events to
 * node states and link conditions while running. Every window is a row of the `fault` table. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/engine_private.h"

enum { WINDOWS_MAX = 1000000, ROLES_SUGGESTED = 16 };

const char *const fault_type_names[] = {"crash", "restart", "partition", "cut", "loss",
                                        "delay", "slow",    "byzantine", NULL};

static void unknown_node(struct world *world, const char *role_name,
                         const struct fault_target *asked, struct diagnostics *diagnostics)
{
    const struct role_name *role = world_find_role(world, role_name);
    char expected[256] = "", got[64], correction[256] = "";
    if (role) {
        snprintf(expected, sizeof expected, "%s:0 to %s:%u", role->name, role->name,
                 role->count - 1);
    } else {
        const char *names[ROLES_SUGGESTED + 1] = {NULL};
        for (uint32_t i = 0; i < world->role_count && i < ROLES_SUGGESTED; i++)
            names[i] = world->roles[i].name;
        const char *near = suggest_word(role_name, names);
        const char *way = world_absent_way(world, role_name);
        if (way)
            snprintf(correction, sizeof correction, "%s", way);
        else if (near)
            snprintf(correction, sizeof correction, "\"%s:0\"", near);
        size_t used = (size_t)snprintf(expected, sizeof expected, "a node of this scenario: ");
        for (uint32_t i = 0; i < world->role_count && used + 1 < sizeof expected; i++)
            used += (size_t)snprintf(expected + used, sizeof expected - used, "%s%s:0 to %s:%u",
                                     i ? ", " : "", world->roles[i].name, world->roles[i].name,
                                     world->roles[i].count - 1);
        if (world->role_count == 0)
            snprintf(expected, sizeof expected, "a scenario that has nodes");
    }
    if (asked->type == TARGET_LINK)
        snprintf(got, sizeof got, "\"link:%u-%u\"", asked->link_from, asked->link_to);
    else if (asked->type == TARGET_RANDOM)
        snprintf(got, sizeof got, "%u of \"%s\"", asked->count, asked->role);
    else if (asked->first == asked->last)
        snprintf(got, sizeof got, "\"%s:%u\"", asked->role, asked->first);
    else
        snprintf(got, sizeof got, "\"%s:%u-%u\"", asked->role, asked->first, asked->last);
    diagnostics_add(diagnostics, "E402", asked->pointer, AT_VALUE, "no such node", expected, got,
                    correction[0] ? correction : NULL);
}

static bool check_target(struct world *world, const struct fault_target *target,
                         struct diagnostics *diagnostics)
{
    const struct role_name *role =
        world_find_role(world, target->type == TARGET_LINK ? "shard" : target->role);
    if (target->type == TARGET_LINK) {
        if (role && target->link_from < role->count && target->link_to < role->count)
            return true;
        unknown_node(world, "shard", target, diagnostics);
        return false;
    }
    uint32_t needed = target->type == TARGET_RANDOM ? target->count : target->last + 1;
    if (role && needed <= role->count)
        return true;
    unknown_node(world, target->role, target, diagnostics);
    return false;
}

/* A node in two groups would have to reach both and neither. Random targets may coincide: that is
 * the luck of the draw, and the later group has them. */
static bool check_groups(struct world *world, const struct fault_spec *spec,
                         struct diagnostics *diagnostics)
{
    size_t bytes = (size_t)world->node_count * sizeof(uint32_t);
    uint32_t *group_of = memory_take(&world->memory, "fault groups", bytes);
    bool good = true;
    for (uint32_t g = 0; g < spec->group_count; g++) {
        for (uint32_t i = 0; i < spec->groups[g].count; i++) {
            const struct fault_target *target = &spec->groups[g].targets[i];
            if (target->type != TARGET_NODES)
                continue;
            const struct role_name *role = world_find_role(world, target->role);
            for (uint32_t n = target->first; n <= target->last; n++) {
                uint32_t *group = &group_of[role->nodes[n]];
                if (*group != 0 && *group != g + 1) {
                    diagnostics_addf(diagnostics, "E305", target->pointer, AT_VALUE,
                                     "each node in one group", NULL,
                                     "%s:%u is in another group already", target->role, n);
                    good = false;
                    break;
                }
                *group = g + 1;
            }
        }
    }
    memory_give(&world->memory, group_of, bytes);
    return good;
}

static bool check_spec(struct world *world, const struct fault_spec *spec,
                       struct diagnostics *diagnostics)
{
    bool good = true;
    for (uint32_t i = 0; i < spec->target.count; i++)
        good = check_target(world, &spec->target.targets[i], diagnostics) && good;
    for (uint32_t g = 0; g < spec->group_count; g++)
        for (uint32_t i = 0; i < spec->groups[g].count; i++)
            good = check_target(world, &spec->groups[g].targets[i], diagnostics) && good;
    if (spec->type == FAULT_BYZANTINE)
        good = fault_find_behaviour(world, spec, diagnostics, NULL) != NULL && good;
    return good && (spec->group_count == 0 || check_groups(world, spec, diagnostics));
}

/* The targets' own random stream: (fault number, occurrence). A partial shuffle picks k different
 * nodes of the role. */
static void mark_random(struct world *world, struct fault_window *window,
                        const struct fault_target *target, uint16_t mark, uint64_t spec_index,
                        uint64_t occurrence)
{
    const struct role_name *role = world_find_role(world, target->role);
    uint32_t *order = memory_take(&world->memory, "fault targets", role->count * sizeof *order);
    for (uint32_t i = 0; i < role->count; i++)
        order[i] = i;
    struct rng_stream stream;
    rng_stream_at(&stream, &world->rng, RNG_FAULT, spec_index, occurrence);
    for (uint32_t i = 0; i < target->count; i++) {
        uint32_t j = i + (uint32_t)rng_below(&stream, role->count - i);
        uint32_t chosen = order[j];
        order[j] = order[i];
        window->member[role->nodes[chosen]] = mark;
    }
    memory_give(&world->memory, order, role->count * sizeof *order);
}

static void mark_targets(struct world *world, struct fault_window *window,
                         const struct fault_group *group, uint16_t mark, uint64_t spec_index,
                         uint64_t occurrence)
{
    for (uint32_t i = 0; i < group->count; i++) {
        const struct fault_target *target = &group->targets[i];
        if (target->type == TARGET_RANDOM) {
            mark_random(world, window, target, mark, spec_index, occurrence);
        } else if (target->type == TARGET_NODES) {
            const struct role_name *role = world_find_role(world, target->role);
            for (uint32_t node = target->first; node <= target->last; node++)
                window->member[role->nodes[node]] = mark;
        }
    }
}

static void add_window(struct world *world, uint32_t spec_index, uint64_t occurrence,
                       uint64_t from_ns, uint64_t to_ns)
{
    const struct fault_spec *spec = &world->scenario->faults.specs[spec_index];
    if (world->window_count == world->window_capacity)
        world->windows =
            memory_grow(&world->memory, "faults", world->windows, &world->window_capacity,
                        world->window_count + 1, sizeof(struct fault_window));
    struct fault_window *window = &world->windows[world->window_count++];
    *window = (struct fault_window){.spec = spec, .from_ns = from_ns, .to_ns = to_ns};
    if (spec->type == FAULT_BYZANTINE)
        window->model = fault_find_behaviour(world, spec, NULL, &window->behaviour);
    window->member =
        memory_take(&world->memory, "fault targets", world->node_count * sizeof(uint16_t));
    if (spec->type == FAULT_PARTITION)
        for (uint32_t g = 0; g < spec->group_count; g++)
            mark_targets(world, window, &spec->groups[g], (uint16_t)(g + 1), spec_index,
                         occurrence);
    else
        mark_targets(world, window, &spec->target, 1, spec_index, occurrence);
    for (uint32_t node = 0; node < world->node_count; node++)
        window->node_count += window->member[node] != 0;
    window->nodes =
        memory_take(&world->memory, "fault targets", (window->node_count + 1) * sizeof(uint32_t));
    uint32_t count = 0;
    for (uint32_t node = 0; node < world->node_count; node++)
        if (window->member[node])
            window->nodes[count++] = node;
}

static uint64_t window_end(const struct world *world, const struct fault_spec *spec, uint64_t at_ns)
{
    if (spec->for_ns == 0 || spec->type == FAULT_RESTART)
        return UINT64_MAX;
    uint64_t end = at_ns + spec->for_ns;
    return end > world->scenario->duration_ns ? UINT64_MAX : end;
}

static void expand_spec(struct world *world, uint32_t index, struct diagnostics *diagnostics)
{
    const struct fault_spec *spec = &world->scenario->faults.specs[index];
    if (spec->every_ns == 0) {
        add_window(world, index, 0, spec->at_ns, window_end(world, spec, spec->at_ns));
        return;
    }
    uint64_t occurrences = (spec->to_ns - spec->from_ns + spec->every_ns - 1) / spec->every_ns;
    if (world->window_count + occurrences > WINDOWS_MAX ||
        (world->window_count + occurrences) * world->node_count > (UINT64_C(1) << 31)) {
        diagnostics_addf(diagnostics, "E305", spec->pointer, AT_VALUE,
                         "a longer `every`, a shorter window or fewer nodes", NULL,
                         "this fault would strike %llu times: too many to hold in memory",
                         (unsigned long long)occurrences);
        return;
    }
    for (uint64_t i = 0; i < occurrences; i++) {
        uint64_t at_ns = spec->from_ns + i * spec->every_ns;
        add_window(world, index, i, at_ns, window_end(world, spec, at_ns));
    }
}

int fault_resolve(struct world *world, struct diagnostics *diagnostics)
{
    const struct fault_plan *plan = &world->scenario->faults;
    size_t errors = diagnostics->errors;
    for (uint32_t i = 0; i < plan->count; i++)
        if (check_spec(world, &plan->specs[i], diagnostics))
            expand_spec(world, i, diagnostics);
    if (world->window_count > 0)
        world->link_faults =
            memory_take(&world->memory, "faults", world->window_count * sizeof *world->link_faults);
    return diagnostics->errors > errors ? -1 : 0;
}

static void describe_targets(const struct world *world, const struct fault_window *window,
                             char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < window->node_count && used + 48 < bytes; i++) {
        const struct node *node = &world->nodes[window->nodes[i]];
        used += (size_t)snprintf(text + used, bytes - used, "%s%s:%u", i ? " " : "",
                                 world->roles[node->role_name].name, node->ordinal);
        if (window->spec->type == FAULT_PARTITION)
            used += (size_t)snprintf(text + used, bytes - used, "/%u",
                                     window->member[window->nodes[i]]);
    }
    if (window->node_count > 0 && used + 48 >= bytes)
        snprintf(text + used, bytes - used, " ... %u nodes in all", window->node_count);
    const struct fault_group *target = &window->spec->target;
    for (uint32_t i = 0; i < target->count && used + 48 < bytes; i++)
        if (target->targets[i].type == TARGET_LINK)
            used += (size_t)snprintf(text + used, bytes - used, "%slink:%u-%u", used ? " " : "",
                                     target->targets[i].link_from, target->targets[i].link_to);
}

static void schedule_edge(struct world *world, uint32_t window, uint64_t at_ns, bool begins)
{
    struct event *event;
    uint32_t handle = event_take(world, false, &event);
    *event = (struct event){.cause_mix = world->context.cause_mix,
                            .what = event_what_of(event_cause(world), EVENT_FAULT, 0, 0),
                            .subject = (uint64_t)window << 1 | (begins ? 1 : 0)};
    /* Sources of faults are no nodes: the sequence number is the window's, ends after begins. */
    struct queue_entry entry = queue_entry_make(at_ns, 0, ORDER_FAULT, 0,
                                                (uint64_t)window << 1 | (begins ? 1 : 0), handle);
    world->queue_type->push(world->fault_queue ? world->fault_queue : world->queue, &entry);
}

void fault_schedule(struct world *world)
{
    for (uint32_t i = 0; i < world->window_count; i++) {
        const struct fault_window *window = &world->windows[i];
        char target[512], detail[96] = "";
        describe_targets(world, window, target, sizeof target);
        if (window->spec->type == FAULT_LOSS)
            snprintf(detail, sizeof detail, "rate %.6g", (double)window->spec->rate / 0x1p64);
        else if (window->spec->type == FAULT_DELAY)
            snprintf(detail, sizeof detail, "add %.9g s", (double)window->spec->add_ns / 1e9);
        else if (window->spec->type == FAULT_SLOW)
            snprintf(detail, sizeof detail, "factor %.6g", window->spec->factor);
        else if (window->spec->type == FAULT_BYZANTINE)
            snprintf(detail, sizeof detail, "%s, share %.6g", window->spec->behaviour,
                     (double)window->spec->share / 0x1p64);
        log_fault(world->log, i, fault_type_names[window->spec->type], target, window->from_ns,
                  window->to_ns, detail);
        schedule_edge(world, i, window->from_ns, true);
        if (window->to_ns != UINT64_MAX)
            schedule_edge(world, i, window->to_ns, false);
    }
}

static bool is_link_fault(enum fault_type type)
{
    return type == FAULT_PARTITION || type == FAULT_CUT || type == FAULT_LOSS ||
           type == FAULT_DELAY;
}

/* Slow factors of windows that overlap multiply, in window order, whichever began first. */
static void recompute_slow(struct world *world, uint32_t node)
{
    double factor = 1;
    for (uint32_t i = 0; i < world->window_count; i++)
        if (world->windows[i].active && world->windows[i].spec->type == FAULT_SLOW &&
            world->windows[i].member[node])
            factor *= world->windows[i].spec->factor;
    double scaled = factor * 1024;
    world->nodes[node].slow_1024 = scaled > 4e9 ? UINT32_C(4000000000) : (uint32_t)(scaled + 0.5);
}

/* Returns whether the layers must be told. */
static bool change_node(struct world *world, const struct fault_window *window, uint32_t node,
                        bool begins)
{
    struct node *changed = &world->nodes[node];
    if (window->spec->type == FAULT_SLOW) {
        recompute_slow(world, node);
        return true;
    }
    if (window->spec->type == FAULT_BYZANTINE)
        return true;
    if (window->spec->type == FAULT_RESTART) {
        bool was_down = changed->down > 0;
        changed->down = 0;
        return was_down;
    }
    if (begins) {
        changed->down++;
        if (changed->down == 1)
            changed->epoch++; /* timers and waiting packets of before die */
        return changed->down == 1;
    }
    if (changed->down == 0)
        return false; /* a restart came first */
    return --changed->down == 0;
}

static void tell_layers(struct world *world, uint32_t node, const struct fault *fault,
                        const struct model *only)
{
    world->context.self = node;
    world->context.group = world->nodes[node].group;
    for (uint8_t slot = 0; slot < SLOT_MAX; slot++)
        if (world->model[slot] && world->model[slot]->on_fault &&
            (only == NULL || only == world->model[slot]))
            world->model[slot]->on_fault(world->state[slot], &world->context, fault);
}

/* The link faults that act now, in the order of the scenario, whichever began first. */
static void list_link_fault(struct world *world, uint32_t index, bool begins)
{
    uint32_t at = 0, *list = world->link_faults;
    while (at < world->link_faults_active && list[at] < index)
        at++;
    if (begins) {
        memmove(list + at + 1, list + at, (world->link_faults_active - at) * sizeof *list);
        list[at] = index;
        world->link_faults_active++;
    } else {
        SIM_ASSERT(at < world->link_faults_active && list[at] == index);
        world->link_faults_active--;
        memmove(list + at, list + at + 1, (world->link_faults_active - at) * sizeof *list);
    }
}

void fault_apply(struct world *world, uint32_t index, bool begins)
{
    struct fault_window *window = &world->windows[index];
    enum fault_type type = window->spec->type;
    window->active = begins;
    if (is_link_fault(type)) {
        list_link_fault(world, index, begins);
        network_settle(world);
        return;
    }
    /* The end of a crash is a restart to the layers. */
    struct fault fault = {.type = type,
                          .begins = begins,
                          .index = index,
                          .behaviour = window->behaviour,
                          .share = window->spec->share};
    for (uint32_t i = 0; i < window->node_count; i++)
        if (change_node(world, window, window->nodes[i], begins))
            tell_layers(world, window->nodes[i], &fault, window->model);
}

static bool link_concerned(const struct world *world, const struct fault_window *window,
                           const struct event *event, uint32_t from)
{
    if (window->member[from] || window->member[event->to])
        return true;
    const struct fault_group *target = &window->spec->target;
    for (uint32_t i = 0; i < target->count; i++) {
        const struct fault_target *link = &target->targets[i];
        if (link->type == TARGET_LINK &&
            world_find_target(world, "shard", link->link_from) == from &&
            world_find_target(world, "shard", link->link_to) == event->to)
            return true;
    }
    return false;
}

enum drop_reason fault_on_link(struct world *world, const struct event *event, uint32_t from,
                               uint64_t *delay_ns)
{
    for (uint32_t k = 0; k < world->link_faults_active; k++) {
        uint32_t i = world->link_faults[k];
        const struct fault_window *window = &world->windows[i];
        if (window->spec->type == FAULT_PARTITION) {
            uint16_t one = window->member[from], other = window->member[event->to];
            if (one && other && one != other)
                return DROP_PARTITION;
            continue;
        }
        if (!link_concerned(world, window, event, from))
            continue;
        if (window->spec->type == FAULT_CUT)
            return DROP_CUT;
        if (window->spec->type == FAULT_DELAY)
            *delay_ns += window->spec->add_ns;
        if (window->spec->type == FAULT_LOSS) {
            struct rng_stream stream; /* the window's number sits in the tag: its own luck */
            rng_stream_link(&stream, &world->rng, RNG_LINK_LOSS, world->nodes[from].identity,
                            world->nodes[event->to].identity, event->subject,
                            (uint32_t)((i + 1) & 0xff) << 16 | event_kind_id(event),
                            event->attempt);
            if (rng_chance(&stream, window->spec->rate))
                return DROP_FAULT_LOSS;
        }
    }
    return 0;
}

void fault_free(struct world *world)
{
    for (uint32_t i = 0; i < world->window_count; i++) {
        memory_give(&world->memory, world->windows[i].member, world->node_count * sizeof(uint16_t));
        memory_give(&world->memory, world->windows[i].nodes,
                    (world->windows[i].node_count + 1) * sizeof(uint32_t));
    }
    if (world->link_faults)
        memory_give(&world->memory, world->link_faults,
                    world->window_count * sizeof *world->link_faults);
    memory_give(&world->memory, world->windows,
                world->window_capacity * sizeof(struct fault_window));
}
