#include "daemon/token.h"

#include <errno.h>
#include <jansson.h>
#include <jwt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "daemon/pem.h"
#include "daemon/text.h"

void token_keys_init(struct token_keys *keys)
{
    keys->count = 0;
}

void token_keys_wipe(struct token_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        free(keys->pem[i]);
    keys->count = 0;
}

/* A SubjectPublicKeyInfo of id-ecPublicKey on prime256v1 with an uncompressed point always starts with these bytes
 * (RFC 5480 section 2). So neither a key of another kind nor a private key can come to be used, whatever the libraries
 * behind would make of it. */
static bool is_p256_public_key(const char *pem)
{
    static const uint8_t prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                     0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    uint8_t der[91];
    return !strstr(pem, "PRIVATE") && pem_read(pem, "PUBLIC KEY", der, sizeof(der)) &&
           memcmp(der, prefix, sizeof(prefix)) == 0;
}

int token_keys_add(struct token_keys *keys, const char *pem, size_t pem_len)
{
    if (keys->count == TOKEN_KEYS_MAX)
        return TOKEN_TOO_MANY_KEYS;
    if (pem_len > TOKEN_KEY_FILE_MAX || memchr(pem, 0, pem_len))
        return TOKEN_BAD_KEY;
    char *copy = strndup(pem, pem_len);
    if (!copy)
        return TOKEN_MEMORY;
    if (!is_p256_public_key(copy)) {
        core_wipe(copy, pem_len);
        free(copy);
        return TOKEN_BAD_KEY;
    }
    keys->pem[keys->count++] = copy;
    return TOKEN_OK;
}

int token_keys_load(struct token_keys *keys, const char *path)
{
    char pem[TOKEN_KEY_FILE_MAX];
    FILE *file = fopen(path, "re");
    if (!file)
        return TOKEN_KEY_FILE;
    size_t len = fread(pem, 1, sizeof(pem), file);
    int error = ferror(file) ? TOKEN_KEY_FILE : token_keys_add(keys, pem, len);
    fclose(file);
    core_wipe(pem, sizeof(pem)); /* it may have been a private key by mistake */
    return error;
}

/* Three parts of base64url (RFC 7515 section 7.1). libjwt would pass over what stands behind a third dot. */
static bool is_compact_jws(struct text_slice s)
{
    for (int part = 0; part < 3; part++)
        if (!text_is_made_of(text_take(&s, '.'), "-_"))
            return false;
    return s.len == 0 && s.data == NULL;
}

static int read_allow(jwt_t *jwt, struct token *token)
{
    int error = TOKEN_CLAIMS;
    char *text = jwt_get_grants_json(jwt, "allow");
    json_t *allow = text ? json_loads(text, 0, NULL) : NULL;
    size_t i;
    json_t *item;
    if (!json_is_array(allow))
        goto out;
    json_array_foreach(allow, i, item)
    {
        const char *what = json_string_value(item);
        if (!what)
            goto out;
        token->rights |= token_right_of(what);
    }
    error = TOKEN_OK;
out:
    json_decref(allow);
    free(text);
    return error;
}

static bool names_us(const json_t *item, const char *audience)
{
    const char *name = json_string_value(item);
    return name && strcmp(name, audience) == 0;
}

/* RFC 7519 section 4.1.3: with an "aud" that does not name us the token is another service's, whoever signed it. */
static bool is_for_us(jwt_t *jwt, const char *audience)
{
    char *text = jwt_get_grants_json(jwt, "aud");
    if (!text)
        return true;
    json_t *aud = json_loads(text, JSON_DECODE_ANY, NULL);
    bool ours = names_us(aud, audience);
    size_t i;
    json_t *item;
    json_array_foreach(aud, i, item)
    {
        ours |= names_us(item, audience);
    }
    json_decref(aud);
    free(text);
    return ours;
}

static bool read_id(jwt_t *jwt, const char *name, char *out)
{
    const char *value = jwt_get_grant(jwt, name);
    return value && token_id_is_valid(value, strlen(value)) && text_copy(text_of(value), out, TOKEN_ID_MAX);
}

/* A NumericDate (RFC 7519 section 2) as a whole number. *present is false without the claim. */
static bool read_time(jwt_t *jwt, const char *name, bool *present, uint64_t *out)
{
    errno = 0;
    long value = jwt_get_grant_int(jwt, name);
    *present = errno != ENOENT;
    if (!*present)
        return true;
    *out = (uint64_t)value;
    return errno == 0 && value > 0;
}

static int read_claims(jwt_t *jwt, const char *audience, uint64_t now_s, struct token *token)
{
    bool expires;
    bool starts;
    bool issued;
    uint64_t exp = 0;
    uint64_t nbf = 0;
    uint64_t iat = 0;
    if (!read_id(jwt, "room", token->room) || !read_id(jwt, "sub", token->subject) ||
        !read_time(jwt, "exp", &expires, &exp) || !read_time(jwt, "nbf", &starts, &nbf) ||
        !read_time(jwt, "iat", &issued, &iat) || !expires)
        return TOKEN_CLAIMS;
    if (!is_for_us(jwt, audience))
        return TOKEN_AUDIENCE;
    if (exp <= now_s)
        return TOKEN_EXPIRED;
    if ((starts && nbf > now_s + TOKEN_SKEW_S) || (issued && iat > now_s + TOKEN_SKEW_S))
        return TOKEN_TOO_EARLY;
    if (exp > now_s + TOKEN_LIFE_MAX_S)
        return TOKEN_LIFE;
    token->expires_s = exp;
    /* a claim of another type than string must not count as absent, so ask for its JSON */
    char *fpr = jwt_get_grants_json(jwt, "fpr");
    if (fpr) {
        free(fpr);
        const char *text = jwt_get_grant(jwt, "fpr");
        if (!text || !text_fingerprint(text_of(text), token->fingerprint, sizeof(token->fingerprint)))
            return TOKEN_CLAIMS;
        token->bound = true;
    }
    return read_allow(jwt, token);
}

/* Signed by one of the keys: *out is libjwt's view of the token then. */
static int verify(const struct token_keys *keys, const char *text, jwt_t **out)
{
    jwt_t *jwt = NULL;
    /* Without a key libjwt only parses. The algorithm is settled before any key is used: with the token's own word for
     * it, a public key would serve as an HMAC key, and "none" would need no key at all. */
    if (jwt_decode(&jwt, text, NULL, 0))
        return TOKEN_MALFORMED;
    const char *algorithm = jwt_get_header(jwt, "alg");
    bool es256 = algorithm && strcmp(algorithm, "ES256") == 0;
    char *critical = jwt_get_headers_json(jwt, "crit");
    bool demands = critical != NULL;
    free(critical);
    jwt_free(jwt);
    if (!es256)
        return TOKEN_ALGORITHM;
    /* RFC 7515 section 4.1.11: what it names has to be understood, and none is */
    if (demands)
        return TOKEN_CRITICAL;
    for (size_t i = 0; i < keys->count; i++) {
        jwt = NULL;
        const char *pem = keys->pem[i];
        if (jwt_decode(&jwt, text, (const unsigned char *)pem, (int)strlen(pem)) == 0) {
            if (jwt_get_alg(jwt) == JWT_ALG_ES256) {
                *out = jwt;
                return TOKEN_OK;
            }
            jwt_free(jwt);
        }
    }
    return TOKEN_SIGNATURE;
}

int token_check(const struct token_keys *keys, const char *audience, const char *text, size_t len, uint64_t now_s,
                struct token *token)
{
    char copy[TOKEN_MAX + 1];
    struct token found = {.expires_s = 0};
    jwt_t *jwt = NULL;
    if (len == 0)
        return TOKEN_MISSING;
    if (len > TOKEN_MAX)
        return TOKEN_TOO_LONG;
    struct text_slice slice = {text, len};
    if (!is_compact_jws(slice)) {
        /* an unsecured JWT ends with an empty signature; say what is wrong with it */
        return text[len - 1] == '.' ? TOKEN_ALGORITHM : TOKEN_MALFORMED;
    }
    memcpy(copy, text, len);
    copy[len] = 0;
    int error = verify(keys, copy, &jwt);
    if (!error)
        error = read_claims(jwt, audience, now_s, &found);
    if (!error)
        *token = found;
    jwt_free(jwt);
    core_wipe(copy, sizeof(copy));
    return error;
}

struct text_slice token_of_authorization(const char *field)
{
    static const char scheme[] = "Bearer ";
    const size_t scheme_len = sizeof(scheme) - 1;
    struct text_slice s = text_of(field);
    if (s.len < scheme_len || !text_equal_nocase((struct text_slice){s.data, scheme_len}, scheme))
        return (struct text_slice){NULL, 0};
    return text_trim((struct text_slice){s.data + scheme_len, s.len - scheme_len});
}
