#include "models/spread/wish_list.h"

#include <string.h>

#include "sim/sim_assert.h"

static const char *const NAME = "spread: wishes";

enum { DOUBLINGS_MOST = 6, QUICK_PARTS = 4, PAUSES_MOST = 8 };

void wish_list_init(struct wish_list *list, struct memory *memory, uint64_t patience_ns)
{
    *list = (struct wish_list){.memory = memory, .patience_least_ns = patience_ns};
}

void wish_list_destroy(struct wish_list *list)
{
    memory_give(list->memory, list->wishes, list->capacity * sizeof *list->wishes);
    memory_give(list->memory, list->requests, list->request_capacity * sizeof *list->requests);
    *list = (struct wish_list){0};
}

/* The first place whose block is not above. */
static uint32_t place_of(const struct wish_list *list, uint64_t block)
{
    uint32_t low = 0, high = list->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (list->wishes[middle].block > block)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct wish *wish_list_find(const struct wish_list *list, uint64_t block)
{
    uint32_t place = place_of(list, block);
    return place < list->count && list->wishes[place].block == block ? &list->wishes[place] : NULL;
}

struct wish *wish_list_add(struct wish_list *list, uint64_t block, uint32_t holder, uint64_t due_ns)
{
    uint32_t place = place_of(list, block);
    if (place < list->count && list->wishes[place].block == block)
        return &list->wishes[place];
    if (list->count == list->capacity)
        list->wishes = memory_grow(list->memory, NAME, list->wishes, &list->capacity,
                                   list->count + 1, sizeof *list->wishes);
    memmove(&list->wishes[place + 1], &list->wishes[place],
            (list->count - place) * sizeof *list->wishes);
    list->count++;
    list->wishes[place] = (struct wish){.block = block, .due_ns = due_ns, .holder = holder};
    return &list->wishes[place];
}

static uint32_t find_request(const struct wish_list *list, uint32_t id)
{
    uint32_t at = 0;
    while (at < list->request_count && list->requests[at].id != id)
        at++;
    SIM_ASSERT(at < list->request_count);
    return at;
}

/* Those that stay keep their order, which is that of their making. */
static void end_request(struct wish_list *list, uint32_t at)
{
    list->request_count--;
    memmove(&list->requests[at], &list->requests[at + 1],
            (list->request_count - at) * sizeof *list->requests);
}

void wish_list_remove(struct wish_list *list, uint32_t place)
{
    SIM_ASSERT(place < list->count);
    uint32_t id = list->wishes[place].request;
    if (id != 0) {
        uint32_t at = find_request(list, id);
        list->asked--;
        if (--list->requests[at].left == 0)
            end_request(list, at);
    }
    list->count--;
    memmove(&list->wishes[place], &list->wishes[place + 1],
            (list->count - place) * sizeof *list->wishes);
}

uint32_t wish_list_room(const struct wish_list *list, uint32_t window)
{
    if (!list->answered && window > WISH_REQUEST_MOST)
        window = WISH_REQUEST_MOST;
    return list->asked < window ? window - list->asked : 0;
}

static void step(struct wish_list *list, struct wish_request *request, uint64_t now_ns)
{
    uint64_t took_ns = now_ns - request->since_ns;
    request->longest_ns = took_ns > request->longest_ns ? took_ns : request->longest_ns;
    request->since_ns = now_ns;
    if (request->left == 1 && request->longest_ns <= request->patience_ns / QUICK_PARTS &&
        list->doublings > 0)
        list->doublings--;
}

static void wait_longer(struct wish_list *list, uint64_t took_ns)
{
    while (list->doublings < DOUBLINGS_MOST && list->patience_least_ns << list->doublings < took_ns)
        list->doublings++;
}

bool wish_list_came(struct wish_list *list, uint64_t block, uint32_t peer, uint64_t now_ns)
{
    const struct wish *wish = wish_list_find(list, block);
    struct wish_request *request = NULL;
    if (!wish)
        return false;
    if (wish->request != 0)
        request = &list->requests[find_request(list, wish->request)];
    if (request && request->peer == peer)
        step(list, request, now_ns);
    else if (wish->attempts > 1 || (wish->attempts == 1 && !request))
        wait_longer(list, now_ns - wish->first_ns);
    list->answered = list->answered || wish->attempts > 0;
    uint32_t before = list->request_count;
    wish_list_remove(list, (uint32_t)(wish - list->wishes));
    return list->request_count < before;
}

void wish_list_ask(struct wish_list *list, const uint32_t *places, uint32_t count, uint32_t peer,
                   uint64_t now_ns)
{
    SIM_ASSERT(count > 0);
    SIM_ASSERT(count <= WISH_REQUEST_MOST);
    if (list->request_count == list->request_capacity)
        list->requests = memory_grow(list->memory, NAME, list->requests, &list->request_capacity,
                                     list->request_count + 1, sizeof *list->requests);
    uint32_t id = ++list->last_request;
    list->requests[list->request_count++] =
        (struct wish_request){.patience_ns = list->patience_least_ns << list->doublings,
                              .since_ns = now_ns,
                              .id = id,
                              .peer = peer,
                              .asked = count,
                              .left = count};
    for (uint32_t i = 0; i < count; i++) {
        SIM_ASSERT(places[i] < list->count);
        struct wish *wish = &list->wishes[places[i]];
        SIM_ASSERT(wish->request == 0);
        wish->request = id;
        if (wish->attempts++ == 0)
            wish->first_ns = now_ns;
    }
    list->asked += count;
}

static uint64_t deadline_of(const struct wish_request *request)
{
    return request->since_ns + request->patience_ns;
}

bool wish_list_expire(struct wish_list *list, uint64_t now_ns, uint32_t *ret_peer, bool *ret_silent)
{
    uint32_t at = 0;
    while (at < list->request_count && deadline_of(&list->requests[at]) > now_ns)
        at++;
    if (at == list->request_count)
        return false;
    struct wish_request request = list->requests[at];
    uint32_t left = request.left;
    for (uint32_t i = list->count; i-- > 0 && left > 0;) {
        struct wish *wish = &list->wishes[i];
        if (wish->request != request.id)
            continue;
        uint64_t pauses = wish->attempts / 2;
        wish->request = 0;
        wish->due_ns = now_ns + (pauses < PAUSES_MOST ? pauses : PAUSES_MOST) * request.patience_ns;
        left--;
    }
    SIM_ASSERT(left == 0);
    list->asked -= request.left;
    end_request(list, at);
    *ret_peer = request.peer;
    *ret_silent = request.left == request.asked;
    list->answered = list->answered && !*ret_silent;
    return true;
}

uint64_t wish_list_deadline(const struct wish_list *list)
{
    uint64_t deadline_ns = UINT64_MAX;
    for (uint32_t i = 0; i < list->request_count; i++)
        if (deadline_of(&list->requests[i]) < deadline_ns)
            deadline_ns = deadline_of(&list->requests[i]);
    return deadline_ns;
}

void wish_list_restart(struct wish_list *list, uint64_t now_ns)
{
    list->request_count = 0;
    list->asked = 0;
    list->answered = false;
    for (uint32_t i = 0; i < list->count; i++) {
        list->wishes[i].request = 0;
        list->wishes[i].due_ns = now_ns;
    }
}
