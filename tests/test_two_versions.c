/* Goal: a leader makes two versions of its blocks and some members see the second one alone: they
 * have something whole that is nobody's block, and whoever asks them for shreds gets those of their
 * version. Method: the turbine under the real engine with a chain made by hand; a wrapper shows
 * each member one version of each shred that comes down a tree, and looks at answers to repair. */

#include <string.h>

#include "models/spread/repair_proposal.h"
#include "models/spread/turbine.h"
#include "models/spread/turbine_parts.h"
#include "sim/context.h"
#include "tests/check_main.h"
#include "tests/support_spread.h"

#define SECOND UINT64_C(1000000000)

enum { MEMBERS = 20, LIAR = 1, FIRST_SLOT = 4, LAST_SLOT = 7 };
#define VERSION_BIT (UINT64_C(1) << 31)

static struct {
    uint32_t second_from; /* members from here on see the second version */
    uint32_t answers, wrong;
} seen;

static bool lied(uint64_t slot)
{
    return slot >= FIRST_SLOT && slot <= LAST_SLOT;
}

static void watch(void *state, struct context *context, const struct message *message)
{
    struct message shown = *message;
    bool second = context->self >= seen.second_from;
    if (message->kind <= TURBINE_SHRED_CODE && lied(message->subject >> 32))
        shown.subject = (message->subject & ~VERSION_BIT) | (second ? VERSION_BIT : 0);
    if (message->kind == TURBINE_REPAIR_ANSWER && lied(message->subject >> 16)) {
        const struct shred_packet *packet = message->payload;
        seen.answers += message->from >= seen.second_from;
        seen.wrong += (packet->version == 1) != (message->from >= seen.second_from);
    }
    spread_turbine_model.on_message(state, context, &shown);
}

static struct model watched;
static struct support_spread *make_support(uint32_t second_from)
{
    watched = spread_turbine_model;
    watched.on_message = watch;
    memset(&seen, 0, sizeof seen);
    seen.second_from = second_from;
    struct support_spread *support = support_spread_new(&watched, MEMBERS);
    support->slots = 12;
    support->config.fanout = 3;
    support->config.repair.enabled = 0;
    support_spread_fault(support, FAULT_BYZANTINE, LIAR, LIAR, 1, 0)->behaviour = "equivocate";
    return support;
}

START_TEST(the_second_version_is_nobodys_block)
{
    struct support_spread *support = make_support(MEMBERS / 2);
    support->lag = 0;
    support_spread_run(support);
    for (uint32_t member = 0; member < MEMBERS; member++)
        for (uint64_t slot = 1; slot <= support->slots; slot++)
            ck_assert((support_spread_completed(support, member, slot) != 0) ==
                      (member < MEMBERS / 2 || !lied(slot)));
    ck_assert_int_eq(support_spread_counter(support, "slots_dead"), 0);
    support_spread_free(support);
}
END_TEST

/* The first version is final for the others, so those with the second one lack it. */
START_TEST(who_has_the_second_version_lacks_the_block)
{
    for (uint32_t alike = 0; alike < 2; alike++) {
        struct support_spread *support = make_support(alike ? MEMBERS : MEMBERS / 2);
        support_spread_property(support, "no_lost_shred", 2 * SECOND);
        support_spread_run(support);
        ck_assert_int_eq(support->result.status, alike ? ENGINE_OK : ENGINE_VIOLATION);
        ck_assert(alike || strstr(support->result.violation, "no_lost_shred"));
        support_spread_free(support);
    }
}
END_TEST

/* SOL-33: who is asked answers with what it has. */
START_TEST(answers_are_of_the_version_that_one_has)
{
    for (uint32_t from = LIAR + 1; from <= MEMBERS / 2; from += MEMBERS / 2 - LIAR - 1) {
        struct support_spread *support = make_support(from);
        support->votes = true;
        support->lag = 9;
        support->config.repair.enabled = 1;
        support->config.repair.rules = REPAIR_RULES_DEPLOYED;
        support->config.repair.defer_ns = 0;
        support->scenario.network.loss = INT64_C(250000000000);
        support_spread_run(support);
        ck_assert_uint_gt(seen.answers, 100);
        ck_assert_uint_eq(seen.wrong, 0);
        support_spread_free(support);
    }
}
END_TEST

CHECK_MAIN("two_versions", the_second_version_is_nobodys_block,
           who_has_the_second_version_lacks_the_block, answers_are_of_the_version_that_one_has)
