#include "daemon/dev_issuer.h"

#include <jansson.h>
#include <string.h>

#include "core/secret.h"
#include "daemon/token_mint.h"

enum { RANDOM_SUBJECT_LEN = 12 };

struct dev_issuer {
    struct token_signer signer;
};

const char *dev_issuer_error_text(int error)
{
    switch (error) {
    case DEV_ISSUER_OK:
        return "no error";
#define X(name, value, text)                                                                                           \
    case name:                                                                                                         \
        return text;
        DEV_ISSUER_ERRORS(X)
#undef X
    default:
        return "unknown error";
    }
}

struct dev_issuer *dev_issuer_new(void)
{
    struct dev_issuer *issuer = core_secret_new(sizeof(*issuer));
    if (issuer && token_signer_new(&issuer->signer)) {
        dev_issuer_free(issuer);
        return NULL;
    }
    return issuer;
}

void dev_issuer_free(struct dev_issuer *issuer)
{
    core_secret_free(issuer);
}

int dev_issuer_add_key(const struct dev_issuer *issuer, struct token_keys *keys)
{
    char pem[TOKEN_PEM_MAX];
    struct text_writer w;
    text_writer_init(&w, pem, sizeof(pem));
    token_signer_write_public(&issuer->signer, &w);
    return token_keys_add(keys, pem, w.len);
}

static bool read_id(const json_t *value, char out[TOKEN_ID_MAX])
{
    struct text_slice s = {json_string_value(value), json_string_length(value)};
    return s.data && token_id_is_valid(s.data, s.len) && text_copy(s, out, TOKEN_ID_MAX);
}

/* Unlike token_check it refuses what it does not know: here a misspelt right is a mistake of the one who asks. */
static bool read_allow(const json_t *value, unsigned *rights)
{
    size_t i;
    json_t *item;
    unsigned found = 0;
    if (!json_is_array(value))
        return false;
    json_array_foreach(value, i, item)
    {
        const char *name = json_string_value(item);
        unsigned right = name ? token_right_of(name) : 0;
        if (!right)
            return false;
        found |= right;
    }
    *rights = found;
    return true;
}

static int read_claim(const char *name, const json_t *value, struct token *claims)
{
    if (strcmp(name, "room") == 0)
        return read_id(value, claims->room) ? DEV_ISSUER_OK : DEV_ISSUER_ROOM;
    if (strcmp(name, "sub") == 0)
        return read_id(value, claims->subject) ? DEV_ISSUER_OK : DEV_ISSUER_SUBJECT;
    if (strcmp(name, "allow") == 0)
        return read_allow(value, &claims->rights) ? DEV_ISSUER_OK : DEV_ISSUER_ALLOW;
    if (strcmp(name, "fpr") == 0) {
        struct text_slice s = {json_string_value(value), json_string_length(value)};
        claims->bound = s.data && text_fingerprint(s, claims->fingerprint, sizeof(claims->fingerprint));
        return claims->bound ? DEV_ISSUER_OK : DEV_ISSUER_FINGERPRINT;
    }
    return DEV_ISSUER_UNKNOWN;
}

int dev_issuer_mint(const struct dev_issuer *issuer, struct text_slice body, uint64_t now_s, char out[TOKEN_MAX + 1])
{
    struct token claims = {
        .rights = TOKEN_PUBLISH | TOKEN_SUBSCRIBE | TOKEN_SIGNAL,
        .expires_s = now_s + TOKEN_LIFE_MAX_S,
    };
    int error = DEV_ISSUER_OK;
    const char *name;
    json_t *value;
    json_t *root = body.len > 0 ? json_loadb(body.data, body.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!json_is_object(root)) {
        json_decref(root);
        return DEV_ISSUER_NOT_JSON;
    }
    json_object_foreach(root, name, value)
    {
        if (!error)
            error = read_claim(name, value, &claims);
    }
    json_decref(root);
    if (!error && claims.room[0] == 0)
        error = DEV_ISSUER_ROOM;
    if (!error && claims.subject[0] == 0 && !text_random(claims.subject, RANDOM_SUBJECT_LEN, "-_"))
        error = DEV_ISSUER_FAILED;
    if (!error && token_mint(&issuer->signer, &claims, NULL, now_s, out))
        error = DEV_ISSUER_FAILED;
    return error;
}
