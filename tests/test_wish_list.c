/* Goal: what a member misses is asked for once at a time, parents first, and again only when
 * patience is over; patience follows what is seen of answers. Method: cases by hand, and lists that
 * grow and shrink by luck against a slow, obvious record. */

#include "models/spread/wish_list.h"

#include "sim/rng.h"
#include "tests/check_main.h"

enum { BLOCKS = 60, PATIENCE = 100, ROUNDS = 20000 };

static struct memory memory;

static uint32_t place_of(const struct wish_list *list, uint64_t block)
{
    const struct wish *wish = wish_list_find(list, block);
    ck_assert_ptr_nonnull(wish);
    return (uint32_t)(wish - list->wishes);
}

/* Asks for blocks first .. last of one peer. */
static void ask(struct wish_list *list, uint64_t first, uint64_t last, uint32_t peer,
                uint64_t now_ns)
{
    uint32_t places[WISH_REQUEST_MOST], count = 0;
    for (uint64_t block = first; block <= last; block++)
        places[count++] = place_of(list, block);
    wish_list_ask(list, places, count, peer, now_ns);
}

static void add(struct wish_list *list, uint64_t first, uint64_t last)
{
    for (uint64_t block = first; block <= last; block++)
        wish_list_add(list, block, WISH_NOBODY, 7);
}

START_TEST(a_request_ends_with_its_last_block)
{
    struct wish_list list;
    wish_list_init(&list, &memory, PATIENCE);
    add(&list, 1, 5);
    ask(&list, 1, 3, 9, 0);
    ck_assert_uint_eq(list.asked, 3);
    ck_assert(!wish_list_came(&list, 2, 9, 10));
    ck_assert(!wish_list_came(&list, 4, 9, 11)); /* not asked for */
    ck_assert(!wish_list_came(&list, 8, 9, 11)); /* no wish */
    ck_assert(!wish_list_came(&list, 1, 9, 12));
    ck_assert(wish_list_came(&list, 3, 9, 13));
    ck_assert_uint_eq(list.asked, 0);
    ck_assert_uint_eq(list.request_count, 0);
    ck_assert_uint_eq(list.count, 1);
    ck_assert_uint_eq(wish_list_deadline(&list), UINT64_MAX);
    wish_list_destroy(&list);
}
END_TEST

START_TEST(a_wish_that_is_heard_of_again_stays_what_it_is)
{
    struct wish_list list;
    wish_list_init(&list, &memory, PATIENCE);
    wish_list_add(&list, 5, 3, 70);
    ask(&list, 5, 5, 3, 80);
    const struct wish *wish = wish_list_add(&list, 5, 4, 10);
    ck_assert_uint_eq(list.count, 1);
    ck_assert_uint_eq(wish->due_ns, 70);
    ck_assert_uint_eq(wish->holder, 3);
    ck_assert_uint_eq(wish->attempts, 1);
    wish_list_destroy(&list);
}
END_TEST

START_TEST(each_block_gives_its_request_patience_anew)
{
    struct wish_list list;
    uint32_t peer;
    bool silent;
    wish_list_init(&list, &memory, PATIENCE);
    add(&list, 1, 3);
    ask(&list, 1, 3, 9, 0);
    ck_assert_uint_eq(wish_list_deadline(&list), 100);
    wish_list_came(&list, 1, 9, 90);
    ck_assert_uint_eq(wish_list_deadline(&list), 190);
    wish_list_came(&list, 2, 4, 150); /* of another one: no sign of life of this peer */
    ck_assert_uint_eq(wish_list_deadline(&list), 190);
    ck_assert(!wish_list_expire(&list, 189, &peer, &silent));
    ck_assert(wish_list_expire(&list, 190, &peer, &silent));
    ck_assert_uint_eq(peer, 9);
    ck_assert(!silent);
    ck_assert_uint_eq(list.asked, 0);
    ck_assert_uint_eq(wish_list_find(&list, 3)->request, 0);
    ck_assert_uint_eq(wish_list_find(&list, 3)->due_ns, 190);
    ck_assert_uint_eq(wish_list_find(&list, 3)->attempts, 1);
    wish_list_destroy(&list);
}
END_TEST

START_TEST(who_sends_nothing_is_named)
{
    struct wish_list list;
    uint32_t peer;
    bool silent;
    wish_list_init(&list, &memory, PATIENCE);
    add(&list, 1, 4);
    ask(&list, 1, 2, 9, 0);
    ask(&list, 3, 4, 8, 20);
    ck_assert(wish_list_expire(&list, 120, &peer, &silent));
    ck_assert_uint_eq(peer, 9);
    ck_assert(silent);
    ck_assert(wish_list_expire(&list, 120, &peer, &silent));
    ck_assert_uint_eq(peer, 8);
    ck_assert(!wish_list_expire(&list, 120, &peer, &silent));
    wish_list_destroy(&list);
}
END_TEST

START_TEST(patience_covers_what_late_answers_took_and_not_silence)
{
    struct wish_list list;
    uint32_t peer;
    bool silent;
    wish_list_init(&list, &memory, PATIENCE);
    add(&list, 1, 9);
    ask(&list, 1, 1, 9, 1000);
    ck_assert(wish_list_expire(&list, 1100, &peer, &silent));
    ask(&list, 1, 1, 8, 1100);
    ck_assert_uint_eq(wish_list_deadline(&list), 1200);
    ck_assert(wish_list_expire(&list, 1200, &peer, &silent));
    ck_assert_uint_eq(list.doublings, 0);
    ask(&list, 1, 1, 7, 1200);
    wish_list_came(&list, 1, 9, 1250); /* of the first one, after all: it took 250 */
    ck_assert_uint_eq(list.doublings, 2);
    ask(&list, 2, 2, 8, 1300);
    ck_assert_uint_eq(wish_list_deadline(&list), 1700);
    ck_assert(wish_list_expire(&list, 1700, &peer, &silent));
    wish_list_came(&list, 2, 8, 1800); /* nobody is asked just now; 500 */
    ck_assert_uint_eq(list.doublings, 3);
    wish_list_came(&list, 3, 8, 900000); /* never asked for: no answer */
    ck_assert_uint_eq(list.doublings, 3);
    ask(&list, 4, 4, 8, 2000);
    ck_assert(wish_list_expire(&list, 2800, &peer, &silent));
    wish_list_came(&list, 4, 8, 900000);
    ck_assert_uint_eq(list.doublings, 6);
    wish_list_destroy(&list);
}
END_TEST

/* A quarter of 400 is quick. */
START_TEST(patience_falls_where_answers_come_quickly)
{
    struct wish_list list;
    wish_list_init(&list, &memory, PATIENCE);
    add(&list, 1, 6);
    list.doublings = 2;
    ask(&list, 1, 2, 9, 3000);
    wish_list_came(&list, 1, 9, 3101);
    wish_list_came(&list, 2, 9, 3102);
    ck_assert_uint_eq(list.doublings, 2);
    ask(&list, 3, 4, 9, 4000);
    wish_list_came(&list, 3, 9, 4100);
    ck_assert_uint_eq(list.doublings, 2);
    wish_list_came(&list, 4, 9, 4200);
    ck_assert_uint_eq(list.doublings, 1);
    ask(&list, 5, 5, 9, 5000);
    wish_list_came(&list, 5, 9, 5001);
    ask(&list, 6, 6, 9, 6000);
    wish_list_came(&list, 6, 9, 6001);
    ck_assert_uint_eq(list.doublings, 0);
    wish_list_destroy(&list);
}
END_TEST

START_TEST(who_gets_nothing_asks_one_at_a_time)
{
    struct wish_list list;
    uint32_t peer;
    bool silent;
    wish_list_init(&list, &memory, PATIENCE);
    add(&list, 1, 40);
    ck_assert_uint_eq(wish_list_room(&list, 64), 16);
    ck_assert_uint_eq(wish_list_room(&list, 5), 5);
    ask(&list, 1, 16, 9, 0);
    ck_assert_uint_eq(wish_list_room(&list, 64), 0);
    wish_list_came(&list, 40, 9, 10); /* not asked for */
    ck_assert_uint_eq(wish_list_room(&list, 64), 0);
    wish_list_came(&list, 1, 9, 10);
    ck_assert_uint_eq(wish_list_room(&list, 64), 64 - 15);
    ask(&list, 17, 20, 8, 20);
    ck_assert(wish_list_expire(&list, 110, &peer, &silent)); /* it had brought one */
    ck_assert_uint_eq(wish_list_room(&list, 64), 60);
    ck_assert(wish_list_expire(&list, 120, &peer, &silent));
    ck_assert_uint_eq(wish_list_room(&list, 64), 16);
    ask(&list, 2, 3, 9, 130);
    ck_assert_uint_eq(wish_list_room(&list, 64), 14);
    wish_list_came(&list, 17, 8, 140); /* late, but somebody answers */
    ck_assert_uint_eq(wish_list_room(&list, 64), 62);
    wish_list_restart(&list, 150);
    ck_assert_uint_eq(wish_list_room(&list, 64), 16);
    wish_list_destroy(&list);
}
END_TEST

/* Asked for at once the second time, after one patience the third, and so on. */
START_TEST(what_nobody_has_pauses)
{
    struct wish_list list;
    uint32_t peer;
    bool silent;
    uint64_t now_ns = 1000;
    wish_list_init(&list, &memory, PATIENCE);
    add(&list, 1, 1);
    for (uint64_t attempt = 1; attempt <= 30; attempt++) {
        ask(&list, 1, 1, 9, now_ns);
        now_ns += PATIENCE;
        ck_assert(wish_list_expire(&list, now_ns, &peer, &silent));
        uint64_t pauses = attempt / 2 < 8 ? attempt / 2 : 8;
        ck_assert_uint_eq(wish_list_find(&list, 1)->due_ns, now_ns + pauses * PATIENCE);
    }
    wish_list_destroy(&list);
}
END_TEST

START_TEST(after_a_restart_all_is_due_and_nothing_asked)
{
    struct wish_list list;
    wish_list_init(&list, &memory, PATIENCE);
    add(&list, 1, 4);
    ask(&list, 2, 3, 9, 50);
    wish_list_restart(&list, 77);
    ck_assert_uint_eq(list.asked, 0);
    ck_assert_uint_eq(list.request_count, 0);
    for (uint64_t block = 1; block <= 4; block++) {
        ck_assert_uint_eq(wish_list_find(&list, block)->due_ns, 77);
        ck_assert_uint_eq(wish_list_find(&list, block)->request, 0);
    }
    ck_assert_uint_eq(wish_list_find(&list, 2)->attempts, 1); /* luck is not drawn again */
    wish_list_destroy(&list);
}
END_TEST

/* By block: what a list should hold. */
struct slow {
    bool wished[BLOCKS];
    uint32_t request[BLOCKS], peer[ROUNDS];
    uint64_t since_ns[ROUNDS];
    uint32_t requests;
};

static void compare(const struct wish_list *list, const struct slow *slow, uint64_t now_ns)
{
    uint32_t count = 0, asked = 0;
    uint64_t deadline_ns = UINT64_MAX;
    for (uint32_t block = BLOCKS; block-- > 0;) {
        const struct wish *wish = wish_list_find(list, block);
        ck_assert(slow->wished[block] == (wish != NULL));
        if (!wish)
            continue;
        ck_assert_ptr_eq(wish, &list->wishes[count]); /* descending */
        ck_assert_uint_eq(wish->request, slow->request[block]);
        count++;
        asked += wish->request != 0;
        if (wish->request != 0 && slow->since_ns[wish->request] + PATIENCE < deadline_ns)
            deadline_ns = slow->since_ns[wish->request] + PATIENCE;
    }
    ck_assert_uint_eq(list->count, count);
    ck_assert_uint_eq(list->asked, asked);
    ck_assert_uint_eq(wish_list_deadline(list), deadline_ns);
    ck_assert(deadline_ns > now_ns);
}

static void expire(struct wish_list *list, struct slow *slow, uint64_t now_ns)
{
    uint32_t peer;
    bool silent;
    for (uint32_t block = 0; block < BLOCKS; block++)
        if (slow->request[block] != 0 && slow->since_ns[slow->request[block]] + PATIENCE <= now_ns)
            slow->request[block] = 0;
    while (wish_list_expire(list, now_ns, &peer, &silent))
        ;
}

static void ask_some(struct wish_list *list, struct slow *slow, struct rng_stream *dice,
                     uint64_t now_ns)
{
    uint32_t places[WISH_REQUEST_MOST], count = 0, most = 1 + (uint32_t)rng_below(dice, 16);
    uint32_t peer = (uint32_t)rng_below(dice, 3);
    for (uint32_t i = list->count; i-- > 0 && count < most;)
        if (list->wishes[i].request == 0 && rng_below(dice, 2) == 0)
            places[count++] = i;
    if (count == 0)
        return;
    wish_list_ask(list, places, count, peer, now_ns);
    slow->peer[++slow->requests] = peer;
    slow->since_ns[slow->requests] = now_ns;
    for (uint32_t i = 0; i < count; i++)
        slow->request[list->wishes[places[i]].block] = slow->requests;
}

START_TEST(a_list_is_what_a_slow_record_says)
{
    static struct slow slow;
    struct wish_list list;
    struct rng rng = {.seed = 11};
    struct rng_stream dice;
    rng_stream_at(&dice, &rng, RNG_TEST, 0, 0);
    wish_list_init(&list, &memory, PATIENCE);
    list.doublings = 0;
    uint64_t now_ns = 0;
    for (uint32_t i = 1; i < ROUNDS; i++) {
        uint64_t block = rng_below(&dice, BLOCKS), what = rng_below(&dice, 4);
        now_ns += rng_below(&dice, 20);
        expire(&list, &slow, now_ns);
        if (what == 0) {
            wish_list_add(&list, block, WISH_NOBODY, now_ns);
            slow.wished[block] = true;
        } else if (what == 1 && slow.wished[block]) {
            uint32_t id = slow.request[block], peer = id == 0 ? 0 : slow.peer[id], left = 0;
            for (uint32_t other = 0; other < BLOCKS; other++)
                left += id != 0 && slow.request[other] == id;
            ck_assert(wish_list_came(&list, block, peer, now_ns) == (left == 1));
            slow.since_ns[id] = now_ns;
            slow.wished[block] = false;
            slow.request[block] = 0;
            list.doublings = 0; /* has tests of its own */
        } else if (what == 2 && slow.wished[block]) {
            wish_list_remove(&list, place_of(&list, block));
            slow.wished[block] = false;
            slow.request[block] = 0;
        } else if (what == 3) {
            ask_some(&list, &slow, &dice, now_ns);
        }
        compare(&list, &slow, now_ns);
    }
    ck_assert_uint_gt(slow.requests, 1000);
    wish_list_destroy(&list);
}
END_TEST

CHECK_MAIN("wish_list", a_request_ends_with_its_last_block,
           a_wish_that_is_heard_of_again_stays_what_it_is,
           each_block_gives_its_request_patience_anew, who_sends_nothing_is_named,
           patience_covers_what_late_answers_took_and_not_silence,
           who_gets_nothing_asks_one_at_a_time, patience_falls_where_answers_come_quickly,
           what_nobody_has_pauses, after_a_restart_all_is_due_and_nothing_asked,
           a_list_is_what_a_slow_record_says)
