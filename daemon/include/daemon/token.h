/* Bearer tokens: JSON Web Tokens (RFC 7519) signed with ES256 and nothing else, checked with public keys.
 *
 * Claims: room; sub, the participant's pseudonym in that room; allow, an array of rights (TOKEN_RIGHTS); exp, at most
 * an hour ahead; optional nbf and iat; optional aud, which must name the daemon then; optional fpr, the SHA-256
 * fingerprint of the client's DTLS certificate as SDP writes it, without which a stolen token could be used from
 * elsewhere. */
#ifndef DAEMON_TOKEN_H
#define DAEMON_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/text.h"
#include "sotto/export.h"

enum {
    TOKEN_MAX = 4096,   /* bytes of a token */
    TOKEN_KEYS_MAX = 8, /* issuers' keys, so that one can be replaced while another is in use */
    TOKEN_KEY_FILE_MAX = 16384,
    TOKEN_LIFE_MAX_S = 3600,    /* a token that expires later than this from now is refused */
    TOKEN_SKEW_S = 30,          /* how far an issuer's clock may be ahead of ours (nbf, iat) */
    TOKEN_ID_MAX = 64,          /* bytes of a room or pseudonym, with the terminating NUL */
    TOKEN_FINGERPRINT_LEN = 32, /* SHA-256 */
};

/* A right's bit, and its name in "allow". Rights of other names give nothing: later versions may have more. */
#define TOKEN_RIGHTS(X)                                                                                                \
    X(TOKEN_PUBLISH, 1, "publish")     /* sotto-sfu: send media */                                                     \
    X(TOKEN_SUBSCRIBE, 2, "subscribe") /* sotto-sfu: receive media */                                                  \
    X(TOKEN_SIGNAL, 4, "signal")       /* sotto-ds: read and append to the room's log, key packages, the relay */      \
    X(TOKEN_ADMIN, 8, "admin")         /* sotto-ds: put a participant out, close the room */

enum token_right {
#define X(name, bit, text) name = bit,
    TOKEN_RIGHTS(X)
#undef X
};
enum { TOKEN_RIGHTS_ALL = 15 };
/* The right of that name, 0 if it is not known here; and its name, NULL for what is no single right. */
unsigned token_right_of(const char *name);
const char *token_right_name(unsigned right);

#define TOKEN_ERRORS(X)                                                                                                \
    X(TOKEN_MISSING, -1, "a bearer token is required")                                                                 \
    X(TOKEN_TOO_LONG, -2, "the token is longer than 4096 bytes")                                                       \
    X(TOKEN_MALFORMED, -3, "the token is not a JWT")                                                                   \
    X(TOKEN_ALGORITHM, -4, "the token's algorithm is not ES256")                                                       \
    X(TOKEN_SIGNATURE, -5, "the token's signature is not of a known key")                                              \
    X(TOKEN_CLAIMS, -6, "a claim of the token is missing or malformed")                                                \
    X(TOKEN_EXPIRED, -7, "the token has expired")                                                                      \
    X(TOKEN_TOO_EARLY, -8, "the token is not valid yet")                                                               \
    X(TOKEN_LIFE, -9, "the token lives longer than an hour")                                                           \
    X(TOKEN_BAD_KEY, -10, "not a PEM public key on the curve P-256")                                                   \
    X(TOKEN_KEY_FILE, -11, "the key file cannot be read")                                                              \
    X(TOKEN_TOO_MANY_KEYS, -12, "there are more than 8 keys")                                                          \
    X(TOKEN_MEMORY, -13, "out of memory")                                                                              \
    X(TOKEN_AUDIENCE, -14, "the token is for another service than this")                                               \
    X(TOKEN_CRITICAL, -15, "the token demands an extension that is not known here")                                    \
    X(TOKEN_BAD_PRIVATE_KEY, -16, "not a PEM private key on the curve P-256")                                          \
    X(TOKEN_KEY_SAVE, -17, "the key file cannot be written")                                                           \
    X(TOKEN_NO_KEY, -18, "the system makes no key or signature")

enum token_error {
    TOKEN_OK = 0,
#define X(name, value, text) name = value,
    TOKEN_ERRORS(X)
#undef X
};
/* A sentence for an error; never NULL, never part of a token. */
const char *token_error_text(int error);

struct token_keys {
    char *pem[TOKEN_KEYS_MAX]; /* heap, each checked to be a P-256 public key */
    size_t count;
};

/* Starts with no key: then every token is refused. */
void token_keys_init(struct token_keys *keys);
void token_keys_wipe(struct token_keys *keys);
/* Adds one PEM public key (SubjectPublicKeyInfo). TOKEN_BAD_KEY for anything else, a private key above all. */
SOTTO_MUST_CHECK int token_keys_add(struct token_keys *keys, const char *pem, size_t pem_len);
/* The same from a file of at most TOKEN_KEY_FILE_MAX bytes. */
SOTTO_MUST_CHECK int token_keys_load(struct token_keys *keys, const char *path);

struct token {
    char room[TOKEN_ID_MAX];
    char subject[TOKEN_ID_MAX];
    unsigned rights;    /* bits of enum token_right */
    uint64_t expires_s; /* seconds since 1970 */
    bool bound;         /* fingerprint holds a claim that the offer's must equal */
    uint8_t fingerprint[TOKEN_FINGERPRINT_LEN];
};

/* True if text can be a room or a pseudonym: 1 to 63 letters, digits, '-', '_' or '.'. */
bool token_id_is_valid(const char *text, size_t len);

/* Checks text[0..len) at the time now_s (seconds since 1970): algorithm first, then signature, then claims. audience is
 * the daemon's name, which "aud" must hold where a token has one. Whether the room and the rights are those that a
 * request needs is the caller's to ask. Returns a token_error; token is written on success only. */
SOTTO_MUST_CHECK int token_check(const struct token_keys *keys, const char *audience, const char *text, size_t len,
                                 uint64_t now_s, struct token *token);
/* The value of an HTTP Authorization field of the scheme Bearer (RFC 6750 section 2.1), as a slice of it; empty, which
 * token_check calls missing, if it is of another scheme. */
struct text_slice token_of_authorization(const char *field);

#endif
