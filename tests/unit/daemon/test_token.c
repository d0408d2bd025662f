#include "daemon/token.h"
#include "token_test_keys.h"
#include "unit.h"

#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1800000000ul
#define FPR "5A:CB:07:91:4F:33:E2:8D:60:1B:F7:C4:9A:28:D3:76:0E:B1:45:FC:82:69:1D:A7:3E:54:CD:90:12:7B:E8:36"

static const char good[] =
    "{\"room\":\"blue\",\"sub\":\"p-1\",\"allow\":[\"publish\",\"subscribe\"],\"exp\":1800000300}";

/* A token over these claims (JSON), on the heap. */
static char *mint(const char *claims, jwt_alg_t alg, const char *key)
{
    jwt_t *jwt = NULL;
    if (jwt_new(&jwt) || jwt_add_grants_json(jwt, claims) ||
        jwt_set_alg(jwt, alg, (const unsigned char *)key, key ? (int)strlen(key) : 0)) {
        fprintf(stderr, "cannot mint %s\n", claims);
        exit(1);
    }
    char *text = jwt_encode_str(jwt);
    jwt_free(jwt);
    return text;
}

static int check_text(const char *text, struct token *token)
{
    struct token_keys keys;
    token_keys_init(&keys);
    CU_ASSERT_EQUAL(token_keys_add(&keys, issuer_public, strlen(issuer_public)), TOKEN_OK);
    int error = token_check(&keys, "sotto-sfu", text, strlen(text), NOW, token);
    token_keys_wipe(&keys);
    return error;
}

static int check(const char *claims, struct token *token)
{
    char *text = mint(claims, JWT_ALG_ES256, issuer_private);
    int error = check_text(text, token);
    free(text);
    return error;
}

static void a_good_token_says_who_and_what(void)
{
    struct token token = {.expires_s = 0};
    CU_ASSERT_EQUAL(check(good, &token), TOKEN_OK);
    CU_ASSERT_STRING_EQUAL(token.room, "blue");
    CU_ASSERT_STRING_EQUAL(token.subject, "p-1");
    CU_ASSERT(token.rights == (TOKEN_PUBLISH | TOKEN_SUBSCRIBE) && !token.bound);
    CU_ASSERT_EQUAL(token.expires_s, NOW + 300);
    CU_ASSERT_EQUAL(
        check("{\"room\":\"r\",\"sub\":\"s\",\"allow\":[\"subscribe\",\"dance\"],\"exp\":1800000300,\"nbf\":1800000020,"
              "\"fpr\":\"" FPR "\"}",
              &token),
        TOKEN_OK);
    CU_ASSERT(token.rights == TOKEN_SUBSCRIBE && token.bound);
    CU_ASSERT(token.fingerprint[0] == 0x5a && token.fingerprint[31] == 0x36);
}

static void claims_are_demanded_one_by_one(void)
{
#define EXP "\"exp\":1800000300"
#define WHO "\"room\":\"r\",\"sub\":\"s\","
#define MAY "\"allow\":[\"publish\"],"
    static const struct {
        const char *claims;
        int error;
    } rows[] = {
        {"{" WHO MAY EXP "}", TOKEN_OK},
        {"{\"sub\":\"s\"," MAY EXP "}", TOKEN_CLAIMS},
        {"{\"room\":\"r\"," MAY EXP "}", TOKEN_CLAIMS},
        {"{" WHO EXP "}", TOKEN_CLAIMS},
        {"{" WHO MAY "\"iat\":1800000000}", TOKEN_CLAIMS},
        {"{\"room\":\"\",\"sub\":\"s\"," MAY EXP "}", TOKEN_CLAIMS},
        {"{\"room\":\"a/b\",\"sub\":\"s\"," MAY EXP "}", TOKEN_CLAIMS},
        {"{\"room\":7,\"sub\":\"s\"," MAY EXP "}", TOKEN_CLAIMS},
        {"{\"room\":\"r\",\"sub\":\"a\\nb\"," MAY EXP "}", TOKEN_CLAIMS},
        {"{\"room\":\"r\",\"sub\":\"0123456789012345678901234567890123456789012345678901234567890123\"," MAY EXP "}",
         TOKEN_CLAIMS},
        {"{" WHO "\"allow\":\"publish\"," EXP "}", TOKEN_CLAIMS},
        {"{" WHO "\"allow\":[1]," EXP "}", TOKEN_CLAIMS},
        {"{" WHO MAY "\"exp\":\"1800000300\"}", TOKEN_CLAIMS},
        {"{" WHO MAY "\"exp\":1800000300.5}", TOKEN_CLAIMS},
        {"{" WHO MAY "\"exp\":-1}", TOKEN_CLAIMS},
        {"{" WHO MAY "\"exp\":1800000001}", TOKEN_OK},
        {"{" WHO MAY "\"exp\":1800000000}", TOKEN_EXPIRED},
        {"{" WHO MAY "\"exp\":1799999999}", TOKEN_EXPIRED},
        {"{" WHO MAY "\"exp\":1800003600}", TOKEN_OK},
        {"{" WHO MAY "\"exp\":1800003601}", TOKEN_LIFE},
        {"{" WHO MAY EXP ",\"nbf\":1800000030}", TOKEN_OK},
        {"{" WHO MAY EXP ",\"nbf\":1800000031}", TOKEN_TOO_EARLY},
        {"{" WHO MAY EXP ",\"nbf\":\"soon\"}", TOKEN_CLAIMS},
        {"{" WHO MAY EXP ",\"iat\":1800000031}", TOKEN_TOO_EARLY},
        {"{" WHO MAY EXP ",\"fpr\":\"AA:BB\"}", TOKEN_CLAIMS},
        {"{" WHO MAY EXP ",\"fpr\":7}", TOKEN_CLAIMS},
        {"{" WHO MAY EXP ",\"fpr\":null}", TOKEN_CLAIMS},
        {"{" WHO MAY EXP ",\"aud\":\"sotto-sfu\"}", TOKEN_OK},
        {"{" WHO MAY EXP ",\"aud\":[\"sotto-ds\",\"sotto-sfu\"]}", TOKEN_OK},
        {"{" WHO MAY EXP ",\"aud\":\"sotto-ds\"}", TOKEN_AUDIENCE},
        {"{" WHO MAY EXP ",\"aud\":[\"sotto-ds\",7]}", TOKEN_AUDIENCE},
        {"{" WHO MAY EXP ",\"aud\":[]}", TOKEN_AUDIENCE},
        {"{" WHO MAY EXP ",\"aud\":{\"sotto-sfu\":1}}", TOKEN_AUDIENCE},
        {"{" WHO MAY EXP ",\"aud\":null}", TOKEN_AUDIENCE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct token token;
        int error = check(rows[i].claims, &token);
        if (error != rows[i].error)
            fprintf(stderr, "row %zu: %s: %s\n", i, rows[i].claims, token_error_text(error));
        CU_ASSERT_EQUAL(error, rows[i].error);
    }
}

/* One right and no other for each name; none for names that are not known. */
static void rights_are_told_apart(void)
{
    static const struct {
        const char *allow;
        unsigned rights;
    } rows[] = {
        {"\"publish\"", TOKEN_PUBLISH},
        {"\"subscribe\"", TOKEN_SUBSCRIBE},
        {"\"signal\"", TOKEN_SIGNAL},
        {"\"admin\"", TOKEN_ADMIN},
        {"\"admin\",\"signal\",\"admin\"", TOKEN_ADMIN | TOKEN_SIGNAL},
        {"\"Admin\",\"admin \",\"\"", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char claims[256];
        struct token token = {.rights = 99};
        snprintf(claims, sizeof(claims), "{" WHO "\"allow\":[%s]," EXP "}", rows[i].allow);
        CU_ASSERT_EQUAL(check(claims, &token), TOKEN_OK);
        CU_ASSERT_EQUAL(token.rights, rows[i].rights);
    }
}

/* A token for one daemon is none for another. */
static void the_audience_is_the_daemon_that_asks(void)
{
    struct token_keys keys;
    struct token token;
    char *text = mint("{" WHO MAY EXP ",\"aud\":\"sotto-ds\"}", JWT_ALG_ES256, issuer_private);
    token_keys_init(&keys);
    CU_ASSERT_EQUAL(token_keys_add(&keys, issuer_public, strlen(issuer_public)), TOKEN_OK);
    CU_ASSERT_EQUAL(token_check(&keys, "sotto-ds", text, strlen(text), NOW, &token), TOKEN_OK);
    CU_ASSERT_EQUAL(token_check(&keys, "sotto-sfu", text, strlen(text), NOW, &token), TOKEN_AUDIENCE);
    token_keys_wipe(&keys);
    free(text);
}

static void the_bearer_scheme_is_read(void)
{
    static const struct {
        const char *field;
        const char *token;
    } rows[] = {
        {"Bearer a.b.c", "a.b.c"}, {"bearer   a.b.c ", "a.b.c"},
        {"Token a.b.c", ""},       {"Bearer", ""},
        {"Bearer ", ""},           {"", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CU_ASSERT(text_equal(token_of_authorization(rows[i].field), rows[i].token));
}

static void only_es256_is_an_algorithm(void)
{
    struct token token;
    char *text = mint(good, JWT_ALG_NONE, NULL);
    CU_ASSERT_EQUAL(check_text(text, &token), TOKEN_ALGORITHM);
    free(text);
    /* the well-known forgery: everybody has the public key, so everybody has this "HMAC key" */
    text = mint(good, JWT_ALG_HS256, issuer_public);
    CU_ASSERT_EQUAL(check_text(text, &token), TOKEN_ALGORITHM);
    free(text);
    text = mint(good, JWT_ALG_HS512, issuer_public);
    CU_ASSERT_EQUAL(check_text(text, &token), TOKEN_ALGORITHM);
    free(text);
    /* the header of "none" in front of a good token's claims and signature */
    char *signed_text = mint(good, JWT_ALG_ES256, issuer_private);
    char forged[2048];
    snprintf(forged, sizeof(forged), "eyJhbGciOiJub25lIn0%s", strchr(signed_text, '.'));
    CU_ASSERT_EQUAL(check_text(forged, &token), TOKEN_ALGORITHM);
    free(signed_text);
}

/* RFC 7515 section 4.1.11: a signer that demands an extension is not to be taken at less than its word. */
static void what_is_critical_must_be_understood(void)
{
    struct token token;
    static const char *const headers[] = {"{\"crit\":[\"exp\"],\"exp\":1}", "{\"crit\":\"b64\"}", "{\"crit\":[]}"};
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        jwt_t *jwt = NULL;
        CU_ASSERT_EQUAL_FATAL(jwt_new(&jwt), 0);
        CU_ASSERT_EQUAL(jwt_add_grants_json(jwt, good), 0);
        CU_ASSERT_EQUAL(jwt_add_headers_json(jwt, headers[i]), 0);
        CU_ASSERT_EQUAL(
            jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)issuer_private, (int)strlen(issuer_private)), 0);
        char *text = jwt_encode_str(jwt);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        CU_ASSERT_EQUAL(check_text(text, &token), TOKEN_CRITICAL);
        free(text);
        jwt_free(jwt);
    }
}

static void signatures_are_of_a_known_key(void)
{
    struct token_keys keys;
    struct token token;
    char *text = mint(good, JWT_ALG_ES256, other_private);
    CU_ASSERT_EQUAL(check_text(text, &token), TOKEN_SIGNATURE);
    token_keys_init(&keys);
    CU_ASSERT_EQUAL(token_check(&keys, "sotto-sfu", text, strlen(text), NOW, &token), TOKEN_SIGNATURE);
    CU_ASSERT_EQUAL(token_keys_add(&keys, issuer_public, strlen(issuer_public)), TOKEN_OK);
    CU_ASSERT_EQUAL(token_keys_add(&keys, other_public, strlen(other_public)), TOKEN_OK);
    CU_ASSERT_EQUAL(token_check(&keys, "sotto-sfu", text, strlen(text), NOW, &token), TOKEN_OK);
    token_keys_wipe(&keys);
    free(text);
}

/* Each character in turn becomes another: nothing but the last of a part (whose low bits are padding) may pass. */
static void no_changed_character_passes(void)
{
    char *text = mint(good, JWT_ALG_ES256, issuer_private);
    size_t len = strlen(text);
    size_t passed = 0;
    for (size_t i = 0; i < len; i++) {
        struct token token;
        char saved = text[i];
        text[i] = saved == 'A' ? 'Q' : 'A';
        if (check_text(text, &token) == TOKEN_OK) {
            passed++;
            CU_ASSERT(i + 1 == len);
        }
        text[i] = saved;
    }
    CU_ASSERT(passed <= 1);
    free(text);
}

static void shapes_that_are_no_token_are_refused(void)
{
    struct token token;
    char *text = mint(good, JWT_ALG_ES256, issuer_private);
    char longer[2048];
    CU_ASSERT_EQUAL(check_text("", &token), TOKEN_MISSING);
    CU_ASSERT_EQUAL(check_text("a.b", &token), TOKEN_MALFORMED);
    CU_ASSERT_EQUAL(check_text("a.b.c", &token), TOKEN_MALFORMED);
    CU_ASSERT_EQUAL(check_text("a b.c.d", &token), TOKEN_MALFORMED);
    snprintf(longer, sizeof(longer), "%s.x", text);
    CU_ASSERT_EQUAL(check_text(longer, &token), TOKEN_MALFORMED);
    char *huge = malloc(TOKEN_MAX + 2);
    memset(huge, 'a', TOKEN_MAX + 1);
    huge[TOKEN_MAX + 1] = 0;
    CU_ASSERT_EQUAL(check_text(huge, &token), TOKEN_TOO_LONG);
    free(huge);
    /* an exact-size block: a sanitizer would see a byte read too far */
    struct token_keys keys;
    token_keys_init(&keys);
    CU_ASSERT_EQUAL(token_keys_add(&keys, issuer_public, strlen(issuer_public)), TOKEN_OK);
    for (size_t cut = 0; cut < strlen(text); cut++) {
        char *part = malloc(cut ? cut : 1);
        memcpy(part, text, cut);
        CU_ASSERT_NOT_EQUAL(token_check(&keys, "sotto-sfu", part, cut, NOW, &token), TOKEN_OK);
        free(part);
    }
    token_keys_wipe(&keys);
    free(text);
}

static void only_p256_public_keys_are_taken(void)
{
    struct token_keys keys;
    token_keys_init(&keys);
    CU_ASSERT_EQUAL(token_keys_add(&keys, issuer_private, strlen(issuer_private)), TOKEN_BAD_KEY);
    CU_ASSERT_EQUAL(token_keys_add(&keys, p384_public, strlen(p384_public)), TOKEN_BAD_KEY);
    CU_ASSERT_EQUAL(token_keys_add(&keys, rsa_public, strlen(rsa_public)), TOKEN_BAD_KEY);
    CU_ASSERT_EQUAL(token_keys_add(&keys, "", 0), TOKEN_BAD_KEY);
    char both[4096];
    snprintf(both, sizeof(both), "%s%s", issuer_public, issuer_private);
    CU_ASSERT_EQUAL(token_keys_add(&keys, both, strlen(both)), TOKEN_BAD_KEY);
    CU_ASSERT_EQUAL(token_keys_load(&keys, "/nonexistent/key"), TOKEN_KEY_FILE);
    CU_ASSERT_EQUAL(keys.count, 0);
    for (int i = 0; i < TOKEN_KEYS_MAX; i++)
        CU_ASSERT_EQUAL(token_keys_add(&keys, issuer_public, strlen(issuer_public)), TOKEN_OK);
    CU_ASSERT_EQUAL(token_keys_add(&keys, issuer_public, strlen(issuer_public)), TOKEN_TOO_MANY_KEYS);
    token_keys_wipe(&keys);
}

static const struct unit_test tests[] = {
    {"a good token says who and what", a_good_token_says_who_and_what},
    {"claims are demanded one by one", claims_are_demanded_one_by_one},
    {"rights are told apart", rights_are_told_apart},
    {"the audience is the daemon that asks", the_audience_is_the_daemon_that_asks},
    {"the bearer scheme is read", the_bearer_scheme_is_read},
    {"only ES256 is an algorithm", only_es256_is_an_algorithm},
    {"signatures are of a known key", signatures_are_of_a_known_key},
    {"what is critical must be understood", what_is_critical_must_be_understood},
    {"no changed character passes", no_changed_character_passes},
    {"shapes that are no token are refused", shapes_that_are_no_token_are_refused},
    {"only P-256 public keys are taken", only_p256_public_keys_are_taken},
};
UNIT_MAIN("daemon.token", tests)
