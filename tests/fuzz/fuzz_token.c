/* What daemons read of tokens, by the first byte: a key file, a token, a token's claims behind a good signature, a
 * request to /dev/token, a config file. Claims and requests are what matters: only they come from strangers and get
 * past the signature. What is accepted must be within its bounds, and what is written must be read again. */
#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/dev_issuer.h"
#include "daemon/token_mint.h"
#include "token_test_keys.h"

#define NOW 1800000000ull

static struct token_keys keys;
static struct dev_issuer *issuer;

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void set_up(void)
{
    token_keys_init(&keys);
    issuer = dev_issuer_new();
    must(issuer != NULL);
    must(token_keys_add(&keys, issuer_public, strlen(issuer_public)) == TOKEN_OK);
    must(dev_issuer_add_key(issuer, &keys) == TOKEN_OK);
}

static void check_token(const struct token *token)
{
    must(token_id_is_valid(token->room, strnlen(token->room, TOKEN_ID_MAX)));
    must(token_id_is_valid(token->subject, strnlen(token->subject, TOKEN_ID_MAX)));
    must((token->rights & ~(unsigned)TOKEN_RIGHTS_ALL) == 0);
    must(token->expires_s > NOW && token->expires_s <= NOW + TOKEN_LIFE_MAX_S);
}

static int check(const char *text, size_t len)
{
    struct token token;
    int error = token_check(&keys, "sotto-sfu", text, len, NOW, &token);
    if (!error) {
        check_token(&token);
    }
    return error;
}

static void try_authorization(const char *field)
{
    struct text_slice token = token_of_authorization(field);
    must(token.len == 0 || (token.data > field && token.data + token.len <= field + strlen(field)));
    check(token.data, token.len);
}

static void try_key(const char *text, size_t len)
{
    struct token_keys more;
    struct token_signer signer;
    token_keys_init(&more);
    if (token_keys_add(&more, text, len) == TOKEN_OK) {
        must(more.count == 1 && strstr(more.pem[0], "PRIVATE") == NULL);
    }
    token_keys_wipe(&more);
    if (token_signer_read(&signer, text, len) == TOKEN_OK) {
        char pem[TOKEN_PEM_MAX];
        struct text_writer w;
        text_writer_init(&w, pem, sizeof(pem));
        token_signer_write_public(&signer, &w);
        must(!w.failed && token_keys_add(&more, pem, w.len) == TOKEN_OK);
        token_keys_wipe(&more);
    }
}

static void try_claims(const char *claims)
{
    jwt_t *jwt = NULL;
    must(jwt_new(&jwt) == 0);
    if (jwt_add_grants_json(jwt, claims) == 0) {
        must(jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)issuer_private, (int)strlen(issuer_private)) == 0);
        char *text = jwt_encode_str(jwt);
        if (text) {
            int error = check(text, strlen(text));
            must(error != TOKEN_SIGNATURE && error != TOKEN_ALGORITHM);
        }
        free(text);
    }
    jwt_free(jwt);
}

static void try_request(struct text_slice body)
{
    char token[TOKEN_MAX + 1];
    int error = dev_issuer_mint(issuer, body, NOW, token);
    must(error != DEV_ISSUER_FAILED);
    if (!error) {
        must(check(token, strlen(token)) == TOKEN_OK);
    }
}

static void try_config(const char *text, size_t len)
{
    struct config_common common;
    const struct config_group group = {config_common_options, CONFIG_COMMON_COUNT, &common};
    const struct config_program program = {"fuzz", "", &group, 1};
    char problem[CONFIG_PROBLEM_MAX] = "";
    config_common_init(&common, 1);
    if (!config_read(&program, "f", text, len, problem) || !config_common_complete(&common, problem)) {
        must(problem[0] != 0);
    }
    must(common.token_key_count <= TOKEN_KEYS_MAX && memchr(common.tls_key, 0, sizeof(common.tls_key)) != NULL);
    must(!common.dev); /* no file sets a flag */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!issuer) {
        set_up();
    }
    if (size == 0) {
        return 0;
    }
    /* a terminated copy of the exact size, so that a read past its end is seen */
    size_t len = size - 1;
    char *text = malloc(len + 1);
    must(text != NULL);
    memcpy(text, data + 1, len);
    text[len] = 0;
    switch (data[0]) {
    case 'k':
        try_key(text, len);
        break;
    case 't':
        check(text, len);
        break;
    case 'a':
        try_authorization(text);
        break;
    case 'c':
        try_claims(text);
        break;
    case 'r':
        try_request((struct text_slice){text, len});
        break;
    default:
        try_config(text, len);
        break;
    }
    free(text);
    return 0;
}
