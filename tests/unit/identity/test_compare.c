/* Safety numbers and call codes. */
#include <string.h>

#include "people.h"
#include "unit.h"
#include "words.h"

/* By a script of its own. */
static const char SAFETY[] = "635677103014459742499569096229850298427524894266355656872604";
static const char DIGITS[] = "54704 32615 64632 11246 51650 68601";
static const char WORDS[] = "settle design copper scrap moral area kite vintage surprise divert";

static void safety_numbers(void)
{
    const struct identity_key anna = people_key(1);
    const struct identity_key ben = people_key(4);
    char first[IDENTITY_SAFETY_NUMBER_DIGITS + 1];
    char second[IDENTITY_SAFETY_NUMBER_DIGITS + 1];
    CU_ASSERT_EQUAL(identity_safety_number(anna.public_key, ben.public_key, first), IDENTITY_OK);
    CU_ASSERT_STRING_EQUAL(first, SAFETY);
    CU_ASSERT_EQUAL(identity_safety_number(ben.public_key, anna.public_key, second), IDENTITY_OK);
    CU_ASSERT_STRING_EQUAL(second, SAFETY);
    CU_ASSERT_EQUAL(identity_safety_number(people_key(9).public_key, ben.public_key, second), IDENTITY_OK);
    CU_ASSERT_STRING_NOT_EQUAL(second, SAFETY);
}

static struct identity_member member(uint8_t root, uint8_t device)
{
    struct identity_member out;
    memcpy(out.root_key, people_key(root).public_key, IDENTITY_KEY_LEN);
    memcpy(out.device_key, people_key(device).public_key, IDENTITY_KEY_LEN);
    return out;
}

static int code_of(const char *group_id, const char *parameters, const struct identity_member *members, size_t count,
                   struct identity_call_code *out)
{
    struct identity_call_digest digest;
    const int error = identity_call_digest((const uint8_t *)group_id, strlen(group_id), (const uint8_t *)parameters,
                                           strlen(parameters), members, count, &digest);
    return error == IDENTITY_OK ? identity_call_code(&digest, out) : error;
}

static void call_codes(void)
{
    struct identity_member members[] = {member(4, 5), member(1, 3), member(1, 2), member(9, 8)};
    struct identity_call_code code;
    struct identity_call_code other;
    CU_ASSERT_EQUAL(code_of("group", "parameters", members, 3, &code), IDENTITY_OK);
    CU_ASSERT_STRING_EQUAL(code.digits, DIGITS);
    CU_ASSERT_STRING_EQUAL(code.words, WORDS);
    const struct identity_member first = members[0]; /* another order is the same call */
    members[0] = members[2];
    members[2] = first;
    CU_ASSERT_EQUAL(code_of("group", "parameters", members, 3, &other), IDENTITY_OK);
    CU_ASSERT_STRING_EQUAL(other.digits, DIGITS);
    CU_ASSERT_STRING_EQUAL(other.words, WORDS);
    /* a member more, one less, another group, other parameters, a byte moved from one to the other: another code */
    CU_ASSERT_EQUAL(code_of("group", "parameters", members, 4, &other), IDENTITY_OK);
    CU_ASSERT_STRING_NOT_EQUAL(other.digits, DIGITS);
    CU_ASSERT_STRING_NOT_EQUAL(other.words, WORDS);
    CU_ASSERT_EQUAL(code_of("group", "parameters", members, 2, &other), IDENTITY_OK);
    CU_ASSERT_STRING_NOT_EQUAL(other.digits, DIGITS);
    CU_ASSERT_EQUAL(code_of("Group", "parameters", members, 3, &other), IDENTITY_OK);
    CU_ASSERT_STRING_NOT_EQUAL(other.digits, DIGITS);
    CU_ASSERT_EQUAL(code_of("group", "Parameters", members, 3, &other), IDENTITY_OK);
    CU_ASSERT_STRING_NOT_EQUAL(other.digits, DIGITS);
    CU_ASSERT_EQUAL(code_of("groupp", "arameters", members, 3, &other), IDENTITY_OK);
    CU_ASSERT_STRING_NOT_EQUAL(other.digits, DIGITS);
    /* the device keys of two users exchanged */
    const struct identity_member swapped[] = {member(4, 2), member(1, 3), member(1, 5)};
    CU_ASSERT_EQUAL(code_of("group", "parameters", swapped, 3, &other), IDENTITY_OK);
    CU_ASSERT_STRING_NOT_EQUAL(other.digits, DIGITS);
}

static void no_code_without_a_call(void)
{
    static uint8_t large[(1 << 16) + 1];
    const struct identity_member members[] = {member(1, 2), member(4, 5), member(1, 2)};
    struct identity_call_code code;
    struct identity_call_digest digest;
    CU_ASSERT_EQUAL(code_of("group", "parameters", members, 0, &code), IDENTITY_INVALID);
    CU_ASSERT_EQUAL(code_of("group", "parameters", members, 3, &code), IDENTITY_INVALID); /* one twice */
    CU_ASSERT_EQUAL(code_of("group", "parameters", members, IDENTITY_CALL_CODE_MEMBERS_MAX + 1, &code), IDENTITY_LIMIT);
    CU_ASSERT_EQUAL(identity_call_digest(large, sizeof large, large, 0, members, 1, &digest), IDENTITY_LIMIT);
    CU_ASSERT_EQUAL(identity_call_digest(large, 1, large, sizeof large, members, 1, &digest), IDENTITY_LIMIT);
}

static void words_can_be_told_apart(void)
{
    for (size_t i = 0; i < IDENTITY_WORDS; i++) {
        size_t len = strlen(identity_words[i]);
        CU_ASSERT(len >= 3 && len <= IDENTITY_WORD_MAX);
        CU_ASSERT_EQUAL(strspn(identity_words[i], "abcdefghijklmnopqrstuvwxyz"), len);
        if (i > 0)
            CU_ASSERT(strncmp(identity_words[i - 1], identity_words[i], 4) < 0);
    }
}

static const struct unit_test tests[] = {
    {"a safety number equals an independent one, whoever asks, and another root's differs", safety_numbers},
    {"a call code equals an independent one in any order, and differs for any other call", call_codes},
    {"there is no code of nobody, of one member twice, or of more than the bounds", no_code_without_a_call},
    {"no two words are alike in their first four letters", words_can_be_told_apart},
};

UNIT_MAIN("identity.compare", tests)
