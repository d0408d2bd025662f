#include "daemon/dev_issuer.h"
#include "unit.h"

#include <string.h>

#define NOW 1800000000ull
#define FPR "5A:CB:07:91:4F:33:E2:8D:60:1B:F7:C4:9A:28:D3:76:0E:B1:45:FC:82:69:1D:A7:3E:54:CD:90:12:7B:E8:36"

static char minted[TOKEN_MAX + 1];

static int check(const struct dev_issuer *issuer, uint64_t now_s, struct token *token)
{
    struct token_keys keys;
    token_keys_init(&keys);
    CU_ASSERT_EQUAL(dev_issuer_add_key(issuer, &keys), TOKEN_OK);
    int error = token_check(&keys, "sotto-sfu", minted, strlen(minted), now_s, token);
    token_keys_wipe(&keys);
    return error;
}

static void what_is_asked_for_is_what_the_token_says(void)
{
    struct dev_issuer *issuer = dev_issuer_new();
    struct token token;
    CU_ASSERT_PTR_NOT_NULL_FATAL(issuer);
    CU_ASSERT_EQUAL(dev_issuer_mint(issuer, text_of("{\"room\":\"tea\"}"), NOW, minted), DEV_ISSUER_OK);
    CU_ASSERT_EQUAL(check(issuer, NOW, &token), TOKEN_OK);
    CU_ASSERT_STRING_EQUAL(token.room, "tea");
    CU_ASSERT_EQUAL(strlen(token.subject), 12);
    CU_ASSERT_EQUAL(token.rights, TOKEN_PUBLISH | TOKEN_SUBSCRIBE | TOKEN_SIGNAL);
    CU_ASSERT_FALSE(token.bound);
    CU_ASSERT_EQUAL(token.expires_s, NOW + 3600);
    CU_ASSERT_EQUAL(check(issuer, NOW + 3600, &token), TOKEN_EXPIRED);

    static const char whole[] =
        "{\"room\":\"tea\",\"sub\":\"ann\",\"allow\":[\"admin\",\"subscribe\"],\"fpr\":\"" FPR "\"}";
    CU_ASSERT_EQUAL(dev_issuer_mint(issuer, text_of(whole), NOW, minted), DEV_ISSUER_OK);
    CU_ASSERT_EQUAL(check(issuer, NOW, &token), TOKEN_OK);
    CU_ASSERT_STRING_EQUAL(token.subject, "ann");
    CU_ASSERT_EQUAL(token.rights, TOKEN_ADMIN | TOKEN_SUBSCRIBE);
    CU_ASSERT(token.bound && token.fingerprint[0] == 0x5a && token.fingerprint[31] == 0x36);
    CU_ASSERT_EQUAL(dev_issuer_mint(issuer, text_of("{\"room\":\"tea\",\"allow\":[]}"), NOW, minted), DEV_ISSUER_OK);
    CU_ASSERT_EQUAL(check(issuer, NOW, &token), TOKEN_OK);
    CU_ASSERT_EQUAL(token.rights, 0);
    dev_issuer_free(issuer);
}

static void each_start_has_a_key_of_its_own(void)
{
    struct dev_issuer *one = dev_issuer_new();
    struct dev_issuer *other = dev_issuer_new();
    struct token token;
    CU_ASSERT_EQUAL(dev_issuer_mint(one, text_of("{\"room\":\"tea\"}"), NOW, minted), DEV_ISSUER_OK);
    CU_ASSERT_EQUAL(check(one, NOW, &token), TOKEN_OK);
    CU_ASSERT_EQUAL(check(other, NOW, &token), TOKEN_SIGNATURE);
    dev_issuer_free(one);
    dev_issuer_free(other);
}

static void mistakes_are_named(void)
{
    static const struct {
        const char *body;
        int error;
    } rows[] = {
        {"", DEV_ISSUER_NOT_JSON},
        {"room=tea", DEV_ISSUER_NOT_JSON},
        {"[\"room\"]", DEV_ISSUER_NOT_JSON},
        {"{\"room\":\"a\",\"room\":\"b\"}", DEV_ISSUER_NOT_JSON},
        {"{}", DEV_ISSUER_ROOM},
        {"{\"room\":7}", DEV_ISSUER_ROOM},
        {"{\"room\":\"\"}", DEV_ISSUER_ROOM},
        {"{\"room\":\"a/b\"}", DEV_ISSUER_ROOM},
        {"{\"room\":\"a\",\"sub\":\"\"}", DEV_ISSUER_SUBJECT},
        {"{\"room\":\"a\",\"sub\":null}", DEV_ISSUER_SUBJECT},
        {"{\"room\":\"a\",\"allow\":\"publish\"}", DEV_ISSUER_ALLOW},
        {"{\"room\":\"a\",\"allow\":[\"dance\"]}", DEV_ISSUER_ALLOW},
        {"{\"room\":\"a\",\"allow\":[1]}", DEV_ISSUER_ALLOW},
        {"{\"room\":\"a\",\"fpr\":\"AA:BB\"}", DEV_ISSUER_FINGERPRINT},
        {"{\"room\":\"a\",\"fpr\":0}", DEV_ISSUER_FINGERPRINT},
        {"{\"room\":\"a\",\"exp\":1900000000}", DEV_ISSUER_UNKNOWN},
        {"{\"room\":\"a\",\"aud\":\"sotto-ds\"}", DEV_ISSUER_UNKNOWN},
    };
    struct dev_issuer *issuer = dev_issuer_new();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        strcpy(minted, "untouched");
        int error = dev_issuer_mint(issuer, text_of(rows[i].body), NOW, minted);
        if (error != rows[i].error)
            fprintf(stderr, "row %zu: %s\n", i, dev_issuer_error_text(error));
        CU_ASSERT_EQUAL(error, rows[i].error);
        CU_ASSERT_STRING_EQUAL(minted, "untouched");
    }
    dev_issuer_free(issuer);
    dev_issuer_free(NULL);
}

static const struct unit_test tests[] = {
    {"what is asked for is what the token says", what_is_asked_for_is_what_the_token_says},
    {"each start has a key of its own", each_start_has_a_key_of_its_own},
    {"mistakes are named", mistakes_are_named},
};
UNIT_MAIN("daemon.dev_issuer", tests)
