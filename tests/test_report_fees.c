/* The report on what messages paid, from databases made by hand: who earned how much, and what a
 * message paid by the number of its hops; nothing where nobody paid. */

#include "analysis/operands.h"
#include "analysis/report.h"
#include "tests/check_main.h"
#include "tests/report_fixture.h"
#include "tests/support_database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *report_of(int64_t earned)
{
    const struct support_run run = {.run_key = "k",
                                    .config_hash = "c",
                                    .result_hash = "r",
                                    .experiment = "e",
                                    .status = "ok",
                                    .sim_end_ns = INT64_C(100000000000),
                                    .warmup_ns = INT64_C(10000000000)};
    support_folder(folder);
    sqlite3 *database = support_database(folder, "k.db", &run);
    support_sql(database,
                "INSERT INTO metric VALUES ('fees_emitter', -1, %lld, 'units', 1),"
                " ('fees_final', -1, %lld, 'units', 1), ('fees_storage', -1, 0, 'units', 1)",
                (long long)earned, (long long)(2 * earned));
    support_message(database, 1, 5000, 6000, 1, 1); /* in the warm-up */
    for (int k = 0; k < 4; k++) {
        support_message(database, 10 + k, 20000, 21000, 1, 1 + k % 2);
        support_sql(database, "UPDATE message SET fee_total = %d WHERE message_id = %d",
                    k % 2 ? 30 + k : 20, 10 + k);
    }
    support_close(database);
    load(NULL);
    char *text = report(REPORT_TEXT);
    finish();
    return text;
}

/* TON-51, TON-R41 to TON-R43: roles, and what a longer way costs */
START_TEST(roles_and_hops_are_laid_out)
{
    static const char expected[] =
        "units paid for messages: to whom, whole run; and by a message, after the warm-up\n"
        "  emitting shards                       700\n"
        "  delivering shards                    1400\n"
        "  a message of 1 hop                  20.00\n"
        "  a message of 2 hops                 32.00\n";
    char *text = report_of(700);
    ck_assert_msg(strstr(text, expected) != NULL, "%s", text);
    free(text);
}
END_TEST

START_TEST(a_run_without_fees_has_no_such_rows)
{
    char *text = report_of(0);
    ck_assert_msg(strstr(text, "units paid") == NULL, "%s", text);
    free(text);
}
END_TEST

CHECK_MAIN("report_fees", roles_and_hops_are_laid_out, a_run_without_fees_has_no_such_rows)
