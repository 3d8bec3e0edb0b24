/* Goal: lists of shards are read as written, and nothing else is. */

#include "tests/check_main.h"

#include <stdio.h>

#include "models/workload/shard_list.h"

START_TEST(ranges_are_walked_in_order)
{
    struct shard_list list;
    ck_assert_ptr_null(shard_list_parse("0,2-4,7,4294967295", &list));
    static const uint32_t expected[] = {0, 2, 3, 4, 7, UINT32_MAX};
    ck_assert_uint_eq(list.shards, 6);
    for (uint64_t i = 0; i < 6; i++)
        ck_assert_uint_eq(shard_list_at(&list, i), expected[i]);
    ck_assert_ptr_null(shard_list_parse("0-4294967295", &list));
    ck_assert_uint_eq(list.shards, UINT64_C(1) << 32);
    ck_assert_uint_eq(shard_list_at(&list, 123456789), 123456789);
}
END_TEST

START_TEST(everything_else_is_refused)
{
    static const char *const bad[] = {"",
                                      "a",
                                      "1-",
                                      "-1",
                                      "3-2",
                                      "1,1",
                                      "1,0",
                                      "0-5,5",
                                      "1,,2",
                                      "1,",
                                      "1 2",
                                      " 1",
                                      "1;2",
                                      "0x1",
                                      "1-2-3",
                                      "4294967296",
                                      "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct shard_list list = {.shards = 42};
        ck_assert_msg(shard_list_parse(bad[i], &list) != NULL, "\"%s\" was read", bad[i]);
        ck_assert_uint_eq(list.shards, 42);
    }
}
END_TEST

START_TEST(too_many_ranges_are_refused)
{
    char text[400];
    size_t used = 0;
    for (int i = 0; i < 65; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%d", i ? "," : "", 2 * i);
    struct shard_list list;
    ck_assert_ptr_nonnull(shard_list_parse(text, &list));
    ck_assert_uint_lt(used, sizeof text);
}
END_TEST

START_TEST(find_is_the_opposite_of_at)
{
    struct shard_list list;
    ck_assert_ptr_null(shard_list_parse("0-3,8,17-20", &list));
    uint64_t position;
    for (uint64_t i = 0; i < list.shards; i++) {
        ck_assert(shard_list_find(&list, shard_list_at(&list, i), &position));
        ck_assert_uint_eq(position, i);
    }
    static const uint32_t absent[] = {4, 7, 9, 16, 21, UINT32_MAX};
    for (int i = 0; i < 6; i++)
        ck_assert(!shard_list_find(&list, absent[i], &position));
}
END_TEST

CHECK_MAIN("shard_list", find_is_the_opposite_of_at, ranges_are_walked_in_order,
           everything_else_is_refused, too_many_ranges_are_refused)
