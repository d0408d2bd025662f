/* Bearer tokens: JSON Web Tokens (RFC 7519) signed with ES256 and nothing else, checked with public keys.
 *
 * Claims: room; sub, the participant's pseudonym in that room; allow, an array of "publish" and "subscribe"; exp, at
 * most an hour ahead; optional nbf; optional aud, which must name SFU_TOKEN_AUDIENCE_NAME then; optional fpr, the
 * SHA-256 fingerprint of the client's DTLS certificate as SDP writes it, without which a stolen token could be used
 * from elsewhere. */
#ifndef SFU_TOKEN_H
#define SFU_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/session.h"
#include "sotto/export.h"

enum {
    SFU_TOKEN_MAX = 4096,   /* bytes of a token */
    SFU_TOKEN_KEYS_MAX = 8, /* issuers' keys, so that one can be replaced while another is in use */
    SFU_TOKEN_KEY_FILE_MAX = 16384,
    SFU_TOKEN_LIFE_MAX_S = 3600, /* a token that expires later than this from now is refused */
    SFU_TOKEN_SKEW_S = 30,       /* how far an issuer's clock may be ahead of ours (nbf, iat) */
};

#define SFU_TOKEN_AUDIENCE_NAME "sotto-sfu"

#define SFU_TOKEN_ERRORS(X)                                                                                            \
    X(SFU_TOKEN_MISSING, -1, "a bearer token is required")                                                             \
    X(SFU_TOKEN_TOO_LONG, -2, "the token is longer than 4096 bytes")                                                   \
    X(SFU_TOKEN_MALFORMED, -3, "the token is not a JWT")                                                               \
    X(SFU_TOKEN_ALGORITHM, -4, "the token's algorithm is not ES256")                                                   \
    X(SFU_TOKEN_SIGNATURE, -5, "the token's signature is not of a known key")                                          \
    X(SFU_TOKEN_CLAIMS, -6, "a claim of the token is missing or malformed")                                            \
    X(SFU_TOKEN_EXPIRED, -7, "the token has expired")                                                                  \
    X(SFU_TOKEN_TOO_EARLY, -8, "the token is not valid yet")                                                           \
    X(SFU_TOKEN_LIFE, -9, "the token lives longer than an hour")                                                       \
    X(SFU_TOKEN_BAD_KEY, -10, "not a PEM public key on the curve P-256")                                               \
    X(SFU_TOKEN_KEY_FILE, -11, "the key file cannot be read")                                                          \
    X(SFU_TOKEN_TOO_MANY_KEYS, -12, "there are more than 8 keys")                                                      \
    X(SFU_TOKEN_MEMORY, -13, "out of memory")                                                                          \
    X(SFU_TOKEN_AUDIENCE, -14, "the token is for another service than sotto-sfu")                                      \
    X(SFU_TOKEN_CRITICAL, -15, "the token demands an extension that is not known here")

enum sfu_token_error {
    SFU_TOKEN_OK = 0,
#define X(name, value, text) name = value,
    SFU_TOKEN_ERRORS(X)
#undef X
};
/* A sentence for an error; never NULL, never part of a token. */
const char *sfu_token_error_text(int error);

struct sfu_token_keys {
    char *pem[SFU_TOKEN_KEYS_MAX]; /* heap, each checked to be a P-256 public key */
    size_t count;
};

/* Starts with no key: then every token is refused. */
void sfu_token_keys_init(struct sfu_token_keys *keys);
void sfu_token_keys_wipe(struct sfu_token_keys *keys);
/* Adds one PEM public key (SubjectPublicKeyInfo). SFU_TOKEN_BAD_KEY for anything else, a private key above all. */
SOTTO_MUST_CHECK int sfu_token_keys_add(struct sfu_token_keys *keys, const char *pem, size_t pem_len);
/* The same from a file of at most SFU_TOKEN_KEY_FILE_MAX bytes. */
SOTTO_MUST_CHECK int sfu_token_keys_load(struct sfu_token_keys *keys, const char *path);

struct sfu_token {
    char room[SFU_ID_MAX];
    char subject[SFU_ID_MAX];
    bool publish;
    bool subscribe;
    uint64_t expires_s; /* seconds since 1970 */
    bool bound;         /* fingerprint holds a claim that the offer's must equal */
    uint8_t fingerprint[SFU_FINGERPRINT_LEN];
};

/* True if text can be a room or a pseudonym: 1 to 63 letters, digits, '-', '_' or '.'. */
bool sfu_id_is_valid(const char *text, size_t len);

/* Checks text[0..len) at the time now_s (seconds since 1970): algorithm first, then signature, then claims. token is
 * written on success only. */
SOTTO_MUST_CHECK int sfu_token_check(const struct sfu_token_keys *keys, const char *text, size_t len, uint64_t now_s,
                                     struct sfu_token *token);

#endif
