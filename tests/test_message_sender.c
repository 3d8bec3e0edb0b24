/* Goal: a message names its sender, and nobody can name another's account (TON-7, TON-8).
 * Method: the bytes under the hash laid by hand; a ledger that names an account of another shard,
 * in a process of its own, which must end by the assertion. */

#include <sodium.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "models/messaging/message_hash.h"
#include "tests/check_main.h"
#include "tests/support_cube.h"

static size_t put(unsigned char *at, size_t count, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[count + i] = i < 8 ? (unsigned char)(value >> (8 * i)) : 0;
    return count + bytes;
}

/* TON-7, TON-10: recipient, value, sender, then the rest; the sender is under the hash, and with it
 * under every proof. */
START_TEST(the_sender_stands_after_recipient_and_value)
{
    struct envelope envelope = {.id = 0x1122334455667788,
                                .tx = 3,
                                .from = {-2, 0xaabbccddeeff0011},
                                .to = {5, 0x0123456789abcdef},
                                .value = 77,
                                .extra_currency = {21, 0},
                                .extra_amount = {5000, 0},
                                .gas_limit = 4000,
                                .constructor = 0xdeadbeef,
                                .anycast_bits = 0x80000000,
                                .anycast_depth = 1,
                                .flags = ENVELOPE_NO_INSTANT,
                                .bytes = 600,
                                .layer = 4,
                                .kind = 1,
                                .workload = 6,
                                .body = {9, 8, 7}};
    unsigned char text[160], by_hand[HASH_BYTES], got[HASH_BYTES];
    size_t count = put(text, 0, envelope.id, 8);
    count = put(text, count, envelope.tx, 8);
    count = put(text, count, 5, 4);
    count = put(text, count, 0x0123456789abcdef, 8);
    count = put(text, count, 77, 8);
    count = put(text, count, 21, 4);
    count = put(text, count, 5000, 8);
    count = put(text, count, 0, 12);
    count = put(text, count, (uint32_t)-2, 4);
    count = put(text, count, 0xaabbccddeeff0011, 8);
    count = put(text, count, 4000, 8);
    count = put(text, count, 0x80000000, 4);
    count = put(text, count, 0x0101, 2);
    count = put(text, count, 0xdeadbeef, 4);
    count = put(text, count, 600, 4);
    count = put(text, count, 0x060104, 3);
    count = put(text, count, 1000001, 8);
    memcpy(text + count, envelope.body, sizeof envelope.body);
    crypto_hash_sha256(by_hand, text, count + sizeof envelope.body);
    message_hash(&envelope, 1000001, got);
    ck_assert_mem_eq(got, by_hand, HASH_BYTES);
}
END_TEST

static int status_of_run(bool foreign_sender)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(2);
        struct support_stack *support = stack_of(16, SLOW);
        support->foreign_sender = foreign_sender;
        support_stack_job(support, 100 * MS, 3, 1, 12);
        support_stack_run(support);
        _exit(support->received == 1 ? 0 : 2);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

/* TON-8: a shard that emits in the name of an account that it does not have is our fault, found
 * at once; with its own accounts the same run delivers. */
START_TEST(no_shard_emits_in_the_name_of_another)
{
    ck_assert_int_eq(status_of_run(false), 0);
    int status = status_of_run(true);
    ck_assert(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 1));
}
END_TEST

CHECK_MAIN("message_sender", the_sender_stands_after_recipient_and_value,
           no_shard_emits_in_the_name_of_another)
