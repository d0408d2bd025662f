/* Who asks to be let in. */
#include "knocks.h"

#include <string.h>

#include "unit.h"

static const uint8_t *id(uint8_t first, uint8_t last)
{
    static uint8_t ids[2][CALL_USER_ID_LEN];
    static unsigned next;
    uint8_t *made = ids[next++ % 2];
    memset(made, 0xab, CALL_USER_ID_LEN);
    made[0] = first;
    made[CALL_USER_ID_LEN - 1] = last;
    return made;
}

static void who_asks_is_told_once_and_found_by_its_first_digits(void)
{
    struct knocks knocks = {0};
    char word[KNOCKS_WORD + 1];
    CU_ASSERT_TRUE(knocks_add(&knocks, id(1, 1)));
    CU_ASSERT_FALSE(knocks_add(&knocks, id(1, 1)));
    CU_ASSERT_TRUE(knocks_add(&knocks, id(2, 1)));
    knocks_word(id(1, 1), word);
    CU_ASSERT_STRING_EQUAL(word, "01ababababababab");
    CU_ASSERT_PTR_NOT_NULL_FATAL(knocks_find(&knocks, word));
    CU_ASSERT_EQUAL(memcmp(knocks_find(&knocks, word), id(1, 1), CALL_USER_ID_LEN), 0);
    CU_ASSERT_PTR_NULL(knocks_find(&knocks, "01abababababab"));
    CU_ASSERT_PTR_NULL(knocks_find(&knocks, "03ababababababab"));
    CU_ASSERT_PTR_NULL(knocks_find(&knocks, ""));
    knocks_remove(&knocks, id(1, 1));
    CU_ASSERT_PTR_NULL(knocks_find(&knocks, word));
    CU_ASSERT_PTR_NOT_NULL(knocks_find(&knocks, "02ababababababab"));
    CU_ASSERT_TRUE(knocks_add(&knocks, id(1, 1)));
}

/* Ids are hashes: who makes one that begins like another's lets nobody be admitted by mistake. */
static void two_of_the_same_digits_are_nobody(void)
{
    struct knocks knocks = {0};
    CU_ASSERT_TRUE(knocks_add(&knocks, id(1, 1)));
    CU_ASSERT_TRUE(knocks_add(&knocks, id(1, 2)));
    CU_ASSERT_PTR_NULL(knocks_find(&knocks, "01ababababababab"));
    /* all of them tell the two apart */
    char whole[2 * CALL_USER_ID_LEN + 1] = "01";
    for (size_t i = 1; i + 1 < CALL_USER_ID_LEN; i++)
        strcat(whole, "ab");
    CU_ASSERT_PTR_NULL(knocks_find(&knocks, whole));
    strcat(whole, "02");
    CU_ASSERT_PTR_NOT_NULL_FATAL(knocks_find(&knocks, whole));
    CU_ASSERT_EQUAL(memcmp(knocks_find(&knocks, whole), id(1, 2), CALL_USER_ID_LEN), 0);
}

static void many_are_bounded(void)
{
    struct knocks knocks = {0};
    for (unsigned i = 0; i < 3 * KNOCKS_KEPT; i++)
        CU_ASSERT_TRUE(knocks_add(&knocks, id((uint8_t)i, 0)));
    CU_ASSERT_EQUAL(knocks.count, KNOCKS_KEPT);
    CU_ASSERT_PTR_NULL(knocks_find(&knocks, "00ababababababab"));
    CU_ASSERT_PTR_NOT_NULL(knocks_find(&knocks, "2fababababababab"));
}

static const struct unit_test TESTS[] = {
    {"who asks is told once, and found by the first digits of its id",
     who_asks_is_told_once_and_found_by_its_first_digits},
    {"digits that two ids begin with name nobody", two_of_the_same_digits_are_nobody},
    {"many who ask are bounded", many_are_bounded},
};

UNIT_MAIN("call.knocks", TESTS)
