#include "ds/auth.h"

#include <string.h>

#include "daemon/token_mint.h"
#include "unit.h"

enum { NOW = 1800000000 };

static struct token_signer signer;

/* A key whose public half the issuers' are. */
static void start(struct token_issuers *issuers)
{
    char pem[TOKEN_PEM_MAX];
    struct text_writer w;
    struct token_keys keys;
    token_issuers_init(issuers);
    CU_ASSERT_EQUAL_FATAL(token_signer_new(&signer), TOKEN_OK);
    text_writer_init(&w, pem, sizeof(pem));
    token_signer_write_public(&signer, &w);
    token_keys_init(&keys);
    CU_ASSERT_EQUAL(token_keys_add(&keys, pem, w.len), TOKEN_OK);
    token_issuers_set(issuers, &keys);
    CU_ASSERT_EQUAL(keys.count, 0);
}

/* NULL and the grant, or why not. */
static const char *check(struct token_issuers *issuers, unsigned rights, const char *audience, uint64_t now_s,
                         struct ds_grant *grant)
{
    char text[TOKEN_MAX + 1];
    const struct token claims = {.room = "tea", .subject = "p-1", .rights = rights, .expires_s = NOW + 600};
    CU_ASSERT_EQUAL_FATAL(token_mint(&signer, &claims, audience, NOW, text), TOKEN_OK);
    return ds_auth_check(issuers, (struct core_slice){(const uint8_t *)text, strlen(text)}, now_s, grant);
}

static void a_token_says_who_and_what(void)
{
    struct token_issuers issuers;
    struct ds_grant grant = {.expires_s = 1};
    start(&issuers);
    CU_ASSERT_PTR_NULL(check(&issuers, TOKEN_SIGNAL, DS_AUDIENCE, NOW, &grant));
    CU_ASSERT(grant.signal && !grant.admin && grant.expires_s == NOW + 600);
    CU_ASSERT_STRING_EQUAL(grant.room, "tea");
    CU_ASSERT_STRING_EQUAL(grant.subject, "p-1");
    CU_ASSERT_PTR_NULL(check(&issuers, TOKEN_SIGNAL | TOKEN_ADMIN, NULL, NOW, &grant));
    CU_ASSERT(grant.signal && grant.admin);
    CU_ASSERT_PTR_NULL(check(&issuers, TOKEN_PUBLISH | TOKEN_SUBSCRIBE, NULL, NOW, &grant));
    CU_ASSERT(!grant.signal && !grant.admin); /* the SFU's rights are none here */
    token_issuers_wipe(&issuers);
    token_signer_wipe(&signer);
}

static void what_is_wrong_is_said_and_grants_nothing(void)
{
    struct token_issuers issuers;
    struct ds_grant grant = {.expires_s = 77};
    start(&issuers);
    CU_ASSERT_STRING_EQUAL(check(&issuers, TOKEN_SIGNAL, "sotto-sfu", NOW, &grant), token_error_text(TOKEN_AUDIENCE));
    CU_ASSERT_STRING_EQUAL(check(&issuers, TOKEN_SIGNAL, NULL, NOW + 600, &grant), token_error_text(TOKEN_EXPIRED));
    CU_ASSERT_STRING_EQUAL(ds_auth_check(&issuers, (struct core_slice){NULL, 0}, NOW, &grant),
                           token_error_text(TOKEN_MISSING));
    struct token_keys none;
    token_keys_init(&none);
    token_issuers_set(&issuers, &none);
    CU_ASSERT_STRING_EQUAL(check(&issuers, TOKEN_SIGNAL, NULL, NOW, &grant), token_error_text(TOKEN_SIGNATURE));
    CU_ASSERT_EQUAL(grant.expires_s, 77);
    token_issuers_wipe(&issuers);
    token_signer_wipe(&signer);
}

static const struct unit_test tests[] = {
    {"a token says who, and what they may", a_token_says_who_and_what},
    {"what is wrong is said, and grants nothing", what_is_wrong_is_said_and_grants_nothing},
};
UNIT_MAIN("ds.auth", tests)
