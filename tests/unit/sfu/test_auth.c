#include "sfu/auth.h"
#include "token_test_keys.h"
#include "unit.h"

#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1800000000ul

static char *mint(void)
{
    jwt_t *jwt = NULL;
    if (jwt_new(&jwt) || jwt_add_grants_json(jwt, "{\"room\":\"r\",\"sub\":\"s\",\"allow\":[],\"exp\":1800000300}") ||
        jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)issuer_private, (int)strlen(issuer_private)))
        exit(1);
    char *text = jwt_encode_str(jwt);
    jwt_free(jwt);
    return text;
}

static void the_bearer_scheme_is_read(void)
{
    struct token_issuers issuers;
    struct token_keys keys;
    struct token token;
    struct http_request request = {.method = HTTP_POST};
    char *text = mint();
    token_issuers_init(&issuers);
    snprintf(request.authorization, sizeof(request.authorization), "Bearer %s", text);
    CU_ASSERT_EQUAL(sfu_auth_check(&issuers, &request, NOW, &token), TOKEN_SIGNATURE);
    token_keys_init(&keys);
    CU_ASSERT_EQUAL(token_keys_add(&keys, issuer_public, strlen(issuer_public)), TOKEN_OK);
    token_issuers_set(&issuers, &keys);
    CU_ASSERT_EQUAL(keys.count, 0);
    CU_ASSERT_EQUAL(sfu_auth_check(&issuers, &request, NOW, &token), TOKEN_OK);
    snprintf(request.authorization, sizeof(request.authorization), "bearer   %s ", text);
    CU_ASSERT_EQUAL(sfu_auth_check(&issuers, &request, NOW, &token), TOKEN_OK);
    snprintf(request.authorization, sizeof(request.authorization), "Token %s", text);
    CU_ASSERT_EQUAL(sfu_auth_check(&issuers, &request, NOW, &token), TOKEN_MISSING);
    strcpy(request.authorization, "Bearer");
    CU_ASSERT_EQUAL(sfu_auth_check(&issuers, &request, NOW, &token), TOKEN_MISSING);
    strcpy(request.authorization, "");
    CU_ASSERT_EQUAL(sfu_auth_check(&issuers, &request, NOW, &token), TOKEN_MISSING);
    token_issuers_wipe(&issuers);
    free(text);
}

static void dev_tokens_take_their_name_from_the_query(void)
{
    struct http_request request = {.method = HTTP_POST, .query = "name=ann.1"};
    struct token token = {.expires_s = 1};
    CU_ASSERT(sfu_auth_dev_token(&request, "blue", &token));
    CU_ASSERT_STRING_EQUAL(token.subject, "ann.1");
    CU_ASSERT_STRING_EQUAL(token.room, "blue");
    CU_ASSERT(token.rights == (TOKEN_PUBLISH | TOKEN_SUBSCRIBE) && !token.bound);
    strcpy(request.query, "name=");
    CU_ASSERT_FALSE(sfu_auth_dev_token(&request, "blue", &token));
    strcpy(request.query, "name=../x");
    CU_ASSERT_FALSE(sfu_auth_dev_token(&request, "blue", &token));
    CU_ASSERT_STRING_EQUAL(token.subject, "ann.1");
    strcpy(request.query, "surname=x");
    CU_ASSERT(sfu_auth_dev_token(&request, "blue", &token));
    CU_ASSERT_EQUAL(strlen(token.subject), 12);
}

static const struct unit_test tests[] = {
    {"the bearer scheme is read", the_bearer_scheme_is_read},
    {"dev tokens take their name from the query", dev_tokens_take_their_name_from_the_query},
};
UNIT_MAIN("sfu.auth", tests)
