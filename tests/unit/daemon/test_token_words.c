#include "daemon/token.h"
#include "unit.h"

#include <string.h>

static void ids_are_plain(void)
{
    CU_ASSERT(token_id_is_valid("a-Z_0.9", 7));
    CU_ASSERT_FALSE(token_id_is_valid("", 0));
    CU_ASSERT_FALSE(token_id_is_valid(".", 1));
    CU_ASSERT_FALSE(token_id_is_valid("..", 2));
    CU_ASSERT_FALSE(token_id_is_valid("a b", 3));
    CU_ASSERT_FALSE(token_id_is_valid("a/b", 3));
}

static void rights_and_their_names_go_both_ways(void)
{
    unsigned all = 0;
    for (unsigned right = 1; right <= TOKEN_RIGHTS_ALL; right <<= 1) {
        const char *name = token_right_name(right);
        CU_ASSERT_PTR_NOT_NULL_FATAL(name);
        CU_ASSERT_EQUAL(token_right_of(name), right);
        all |= right;
    }
    CU_ASSERT_EQUAL(all, TOKEN_RIGHTS_ALL);
    CU_ASSERT_EQUAL(token_right_of("admin"), TOKEN_ADMIN);
    CU_ASSERT_EQUAL(token_right_of("dance"), 0);
    CU_ASSERT_PTR_NULL(token_right_name(TOKEN_PUBLISH | TOKEN_SUBSCRIBE));
    CU_ASSERT_PTR_NULL(token_right_name(TOKEN_RIGHTS_ALL + 1));
}

static void errors_have_sentences(void)
{
    CU_ASSERT_STRING_EQUAL(token_error_text(TOKEN_OK), "no error");
    CU_ASSERT_STRING_EQUAL(token_error_text(TOKEN_EXPIRED), "the token has expired");
    CU_ASSERT_STRING_EQUAL(token_error_text(-999), "unknown error");
}

static const struct unit_test tests[] = {
    {"ids are plain", ids_are_plain},
    {"rights and their names go both ways", rights_and_their_names_go_both_ways},
    {"errors have sentences", errors_have_sentences},
};
UNIT_MAIN("daemon.token_words", tests)
