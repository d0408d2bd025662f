/* Identities: users, their devices, the certificates between them, and what people compare.
 *
 * A user is an Ed25519 key, the root. Each device has an Ed25519 key of its own and a certificate for it, signed by the
 * root, that lives 14 days at most; the certificate is the device's MLS credential (type basic). No private key leaves
 * the device that made it. docs/identity.md has every format, bit for bit.
 *
 * The library does no I/O, keeps no clock (time is a parameter, in seconds since 1970) and no global state, and writes
 * no log. Functions may be called from any thread; an object is used by one at a time.
 *
 * All errors are values of enum identity_error; out parameters are written on success only. */
#ifndef SOTTO_IDENTITY_H
#define SOTTO_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

SOTTO_BEGIN_DECLS

#define IDENTITY_ERROR_MAP(X)                                                                                          \
    X(OK, 0, "success")                                                                                                \
    X(INVALID, -1, "invalid argument")                                                                                 \
    X(MEMORY, -2, "out of memory")                                                                                     \
    X(CRYPTO, -3, "the cryptographic library failed")                                                                  \
    X(SPACE, -4, "the buffer is too small")                                                                            \
    X(MALFORMED, -5, "not well-formed")                                                                                \
    X(SCHEME, -6, "of a version that is not known here")                                                               \
    X(LIMIT, -7, "larger than the limits of this library")                                                             \
    X(NAME, -8, "not a name: empty, too long, not UTF-8, or with characters that do not show")                         \
    X(KEY, -9, "not a valid key")                                                                                      \
    X(LIFETIME, -10, "a lifetime that ends before it begins, or is too long")                                          \
    X(SIGNATURE, -11, "not signed by this user's root")                                                                \
    X(DEVICE, -12, "the certificate of another device")                                                                \
    X(EXPIRED, -13, "expired")                                                                                         \
    X(NOT_YET, -14, "from the future")                                                                                 \
    X(ROOT, -15, "of another user")                                                                                    \
    X(PASSPHRASE, -16, "wrong passphrase, or it was changed")                                                          \
    X(TAKEN, -17, "another pinned user has this name")                                                                 \
    X(CODE, -18, "the codes differ, or somebody changed what was sent")                                                \
    X(STATE, -19, "not possible at this point")

enum identity_error {
#define IDENTITY_ERROR_ENUM(name, value, text) IDENTITY_##name = value,
    IDENTITY_ERROR_MAP(IDENTITY_ERROR_ENUM)
#undef IDENTITY_ERROR_ENUM
};

/* A text for an error, never NULL. */
SOTTO_API const char *identity_strerror(int error);

enum {
    IDENTITY_KEY_LEN = 32, /* bytes of an Ed25519 public key, and of a seed */
    IDENTITY_USER_ID_LEN = 32,
    IDENTITY_NAME_MAX = 64,                       /* bytes of a name, without NUL */
    IDENTITY_DEVICE_MAX = 32,                     /* bytes of a device's label, without NUL */
    IDENTITY_CERTIFICATE_MAX = 256,               /* bytes of a certificate */
    IDENTITY_CERTIFICATE_LIFE_S = 14 * 24 * 3600, /* seconds a certificate lives at most */
    IDENTITY_CLOCK_SKEW_S = 3600,                 /* seconds another's clock may be ahead */
    IDENTITY_REVOKED_MAX = 64,                    /* devices in a revocation list */
    IDENTITY_REVOCATIONS_MAX = 128 + 64 * 32,     /* bytes of a revocation list */
    IDENTITY_SECRET_MAX = 3072,                   /* bytes of a key file */
    IDENTITY_PASSPHRASE_MAX = 1024,               /* bytes of a passphrase */
    IDENTITY_PASSES_MAX = 16,                     /* passes of Argon2id that a key file may ask for */
    IDENTITY_MEMORY_MAX_KIB = 1 << 20,            /* KiB of memory that it may ask for */
    IDENTITY_PINS_MAX = 4096,                     /* users in a pin store */
};

/* Bytes that the library made and the caller owns: end each with identity_output_free(). */
struct identity_output {
    uint8_t *data;
    size_t len;
};

/* Wipes and frees; the output is then empty. An output of zeros is allowed. */
SOTTO_API void identity_output_free(struct identity_output *output);

/* --- Keys --------------------------------------------------------------------------------------------------------- */

/* A root's or a device's key pair. Secret: keep it in guarded memory, end it with identity_key_wipe(). The seed is what
 * sotto/mls.h takes as signature_private_key for suites 1 and 3. */
struct identity_key {
    uint8_t seed[IDENTITY_KEY_LEN];
    uint8_t public_key[IDENTITY_KEY_LEN];
};

/* A fresh key pair. IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_key_new(struct identity_key *key);
/* The key pair of a seed. IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_key_from_seed(const uint8_t seed[IDENTITY_KEY_LEN], struct identity_key *key);
SOTTO_API void identity_key_wipe(struct identity_key *key);

/* The user id: a hash of the root's public key. IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_user_id(const uint8_t root_key[IDENTITY_KEY_LEN],
                                                uint8_t user_id[IDENTITY_USER_ID_LEN]);

/* Whether text[0..len) may be shown as a name of at most max bytes: UTF-8 in its shortest form, 1 to max bytes, no
 * control characters, none that change the direction of others or do not show (spaces at either end among them), no
 * line breaks, no code points that are not characters. */
SOTTO_API bool identity_name_ok(const char *text, size_t len, size_t max);

/* --- Device certificates ------------------------------------------------------------------------------------------ */

/* What a certificate says. name and device are claims of the user's: see pins. NUL-terminated. */
struct identity_certificate {
    uint8_t user_id[IDENTITY_USER_ID_LEN]; /* of root_key */
    uint8_t root_key[IDENTITY_KEY_LEN];
    uint8_t device_key[IDENTITY_KEY_LEN];
    char name[IDENTITY_NAME_MAX + 1];
    char device[IDENTITY_DEVICE_MAX + 1];
    uint64_t created_s;
    uint64_t expires_s; /* the first second in which it is not valid any more */
};

/* Signs a certificate for what `content` says but its user_id and root_key, which are root's. out[0..cap) gets *len
 * bytes, IDENTITY_CERTIFICATE_MAX at most. IDENTITY_NAME, IDENTITY_LIFETIME (more than IDENTITY_CERTIFICATE_LIFE_S
 * among them), IDENTITY_KEY (a device key that is the root's own), IDENTITY_SPACE, IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_certificate_make(const struct identity_key *root,
                                                         const struct identity_certificate *content, uint8_t *out,
                                                         size_t cap, size_t *len);
/* Reads a certificate and checks everything of it that no clock decides, its signature included: the same for all who
 * ask, for ever. IDENTITY_MALFORMED, IDENTITY_SCHEME, IDENTITY_NAME, IDENTITY_LIFETIME, IDENTITY_KEY,
 * IDENTITY_SIGNATURE, IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_certificate_verify(const uint8_t *data, size_t len,
                                                           struct identity_certificate *out);
/* The same without the signature: only for a certificate that was verified before, as those of a group's members are.
 * Its contents prove nothing else. */
SOTTO_MUST_CHECK SOTTO_API int identity_certificate_parse(const uint8_t *data, size_t len,
                                                          struct identity_certificate *out);
/* Whether it is in its lifetime by one's own clock: IDENTITY_EXPIRED, IDENTITY_NOT_YET (created more than
 * IDENTITY_CLOCK_SKEW_S from now). */
SOTTO_MUST_CHECK SOTTO_API int identity_certificate_current(const struct identity_certificate *certificate,
                                                            uint64_t now_s);

/* --- As MLS credentials: for the callbacks of struct mls_policy ------------------------------------------------------
 * Each takes credentials as they stand in leaves (type basic: the certificate). None asks a clock. */

/* For credential_valid: whether the credential is a genuine certificate, of the key that signs for the leaf. at_s: when
 * it must not be expired (the group's time); 0: at no time. What it says goes to *out, which may be NULL.
 * As identity_certificate_verify, and IDENTITY_DEVICE, IDENTITY_EXPIRED. */
SOTTO_MUST_CHECK SOTTO_API int identity_credential_check(const uint8_t *credential, size_t credential_len,
                                                         const uint8_t *signature_key, size_t signature_key_len,
                                                         uint64_t at_s, struct identity_certificate *out);
/* For same_client: whether both are of one device: the same root and device key. The credentials were checked before;
 * false if one is not well-formed. */
SOTTO_API bool identity_same_device(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
/* Whether both are of one user: the same root. As identity_same_device. */
SOTTO_API bool identity_same_user(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
/* For successor: whether the new credential may take the place of the old one: of the same device, and either the same
 * certificate or one that was created later. As identity_same_device. */
SOTTO_API bool identity_successor(const uint8_t *old_credential, size_t old_len, const uint8_t *new_credential,
                                  size_t new_len);

/* --- Revocation lists --------------------------------------------------------------------------------------------- */

/* The devices of a user that are not to be trusted although their certificates have not expired. Of two lists the one
 * with the higher number counts; the root numbers them from 1. */
struct identity_revocations {
    uint8_t root_key[IDENTITY_KEY_LEN];
    uint64_t number; /* 0: there is no list */
    uint64_t created_s;
    size_t count;
    uint8_t devices[IDENTITY_REVOKED_MAX][IDENTITY_KEY_LEN]; /* public keys, ascending, each once */
};

/* Enters a device, in its place; once is enough. IDENTITY_LIMIT. */
SOTTO_MUST_CHECK SOTTO_API int identity_revocations_add(struct identity_revocations *list,
                                                        const uint8_t device_key[IDENTITY_KEY_LEN]);
/* Whether it lists the device. */
SOTTO_API bool identity_revocations_has(const struct identity_revocations *list,
                                        const uint8_t device_key[IDENTITY_KEY_LEN]);
/* Signs the list for what it says but its root_key, which is root's. out[0..cap) gets *len bytes,
 * IDENTITY_REVOCATIONS_MAX at most. IDENTITY_INVALID (number 0, order, count), IDENTITY_SPACE, IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_revocations_make(const struct identity_key *root,
                                                         const struct identity_revocations *list, uint8_t *out,
                                                         size_t cap, size_t *len);
/* Reads a list and checks it, its signature included; no clock decides. IDENTITY_MALFORMED, IDENTITY_SCHEME,
 * IDENTITY_LIMIT, IDENTITY_SIGNATURE, IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_revocations_verify(const uint8_t *data, size_t len,
                                                           struct identity_revocations *out);
/* Which of two verified lists of one root counts: positive for a, negative for b, 0 if they say the same. The higher
 * number does; of two lists of one number, which no honest root signs, the longer and then the one of higher bytes, so
 * that everybody who has seen both goes by the same. */
SOTTO_API int identity_revocations_compare(const struct identity_revocations *a, const struct identity_revocations *b);
/* Replaces *held by `received` if that one counts; *changed (may be NULL) says whether it did. A list with number 0 is
 * replaced by any. IDENTITY_ROOT if they are not of one root. */
SOTTO_MUST_CHECK SOTTO_API int identity_revocations_merge(struct identity_revocations *held,
                                                          const struct identity_revocations *received, bool *changed);

/* --- Key files ---------------------------------------------------------------------------------------------------- */

enum identity_secret_kind {
    IDENTITY_SECRET_ROOT = 1,   /* a user's root, as its device keeps it */
    IDENTITY_SECRET_DEVICE = 2, /* a device's key */
    IDENTITY_SECRET_EXPORT = 3, /* a user's root, to be kept elsewhere for recovery */
};

/* What a key file holds. Secret: keep it in guarded memory, end it with identity_secret_wipe(). */
struct identity_secret {
    uint8_t kind; /* enum identity_secret_kind */
    struct identity_key key;
    char name[IDENTITY_NAME_MAX + 1]; /* of a root: its user's name; of a device: its label */
    /* Of a root: its last revocation list, so that a recovered one goes on with the numbers; number 0: none. */
    struct identity_revocations revocations;
};

SOTTO_API void identity_secret_wipe(struct identity_secret *secret);

/* What finding a key from a passphrase costs (Argon2id, RFC 9106). */
struct identity_cost {
    uint32_t passes;     /* 1 to IDENTITY_PASSES_MAX */
    uint32_t memory_kib; /* 8 to IDENTITY_MEMORY_MAX_KIB */
};

/* Writes a key file: encrypted under a passphrase, or, with passphrase NULL, not (permissions of the file are then all
 * that protects it: say so to the user). cost is used with a passphrase only; it is stored in the file. out[0..cap)
 * gets *len bytes, IDENTITY_SECRET_MAX at most: wipe them where they were not encrypted. IDENTITY_INVALID (kind, cost,
 * an empty or overlong passphrase, revocations of another root), IDENTITY_NAME, IDENTITY_SPACE, IDENTITY_MEMORY,
 * IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_secret_seal(const struct identity_secret *secret, const char *passphrase,
                                                    size_t passphrase_len, const struct identity_cost *cost,
                                                    uint8_t *out, size_t cap, size_t *len);
/* What kind of key file it is, and whether a passphrase is needed; nothing is proven. IDENTITY_MALFORMED,
 * IDENTITY_SCHEME, IDENTITY_LIMIT (it asks for more work than the bounds above). */
SOTTO_MUST_CHECK SOTTO_API int identity_secret_peek(const uint8_t *data, size_t len, uint8_t *kind, bool *encrypted);
/* Opens a key file of that kind. passphrase is not looked at where none is needed. As identity_secret_peek, and
 * IDENTITY_INVALID (another kind, no passphrase where one is needed), IDENTITY_PASSPHRASE, IDENTITY_MEMORY,
 * IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_secret_open(const uint8_t *data, size_t len, uint8_t kind,
                                                    const char *passphrase, size_t passphrase_len,
                                                    struct identity_secret *out);

/* --- Pins: whom the user knows ------------------------------------------------------------------------------------ */

/* What is known of a root. */
struct identity_pin {
    uint8_t root_key[IDENTITY_KEY_LEN];
    char petname[IDENTITY_NAME_MAX + 1]; /* the user's own name for it; empty: none */
    char claimed[IDENTITY_NAME_MAX + 1]; /* the name it claimed when it was pinned, or that was accepted since */
    bool verified;                       /* safety numbers were compared */
    uint64_t since_s;                    /* when it was pinned */
    uint64_t revocations;                /* the highest number of its revocation lists that was seen; 0: none */
};

enum identity_pin_state {
    IDENTITY_PIN_NEW = 1,  /* never seen, and its name is like nobody's: a claim. Pin it to know it again. */
    IDENTITY_PIN_PINNED,   /* seen before */
    IDENTITY_PIN_VERIFIED, /* compared with its user */
    IDENTITY_PIN_CHANGED,  /* never seen, under the very name of a pinned user: somebody else, or the same with a new
                            * root. Show nothing of it until the user has decided. */
    IDENTITY_PIN_CONFLICT, /* its name could be taken for a pinned user's. Show it as such, never under the name alone.
                            */
};

struct identity_pins;

/* An empty store. IDENTITY_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int identity_pins_new(struct identity_pins **out);
/* A store that was written before. IDENTITY_MALFORMED, IDENTITY_SCHEME, IDENTITY_LIMIT, IDENTITY_MEMORY,
 * IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_pins_read(const uint8_t *data, size_t len, struct identity_pins **out);
/* The whole store, to be kept. IDENTITY_MEMORY, IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_pins_write(const struct identity_pins *pins, struct identity_output *out);
/* NULL is allowed. */
SOTTO_API void identity_pins_free(struct identity_pins *pins);

SOTTO_API size_t identity_pins_count(const struct identity_pins *pins);
/* The i-th pin, in the order of root keys; borrowed until the store changes. NULL beyond the last. */
SOTTO_API const struct identity_pin *identity_pins_at(const struct identity_pins *pins, size_t i);
/* The pin of a root; borrowed until the store changes. NULL: it is not pinned. */
SOTTO_API const struct identity_pin *identity_pins_find(const struct identity_pins *pins,
                                                        const uint8_t root_key[IDENTITY_KEY_LEN]);
/* Pins a root, or replaces what was known of it. IDENTITY_NAME, IDENTITY_TAKEN (the petname is another pin's),
 * IDENTITY_LIMIT (nobody else is ever forgotten for it), IDENTITY_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int identity_pins_put(struct identity_pins *pins, const struct identity_pin *pin);
/* Forgets a root; whether it was pinned. */
SOTTO_API bool identity_pins_remove(struct identity_pins *pins, const uint8_t root_key[IDENTITY_KEY_LEN]);

/* Whether people could take one name for the other. An application that shows names in all scripts gives one after
 * Unicode's technical standard 39 (ICU's uspoof_areConfusableUTF8). */
typedef bool identity_confusable(void *context, const char *a, const char *b);

struct identity_judgement {
    uint8_t state;                    /* enum identity_pin_state */
    const struct identity_pin *pin;   /* what is known of the root; NULL: nothing */
    const struct identity_pin *rival; /* CHANGED, CONFLICT: whose name it is, or is like */
};

/* What to show of a root that claims a name. confusable NULL: names are alike if they differ in ASCII's capitals only.
 * The pins in *out are borrowed until the store changes. */
SOTTO_API void identity_pins_judge(const struct identity_pins *pins, const uint8_t root_key[IDENTITY_KEY_LEN],
                                   const char *name, identity_confusable *confusable, void *context,
                                   struct identity_judgement *out);

/* --- What people compare ------------------------------------------------------------------------------------------ */

enum {
    IDENTITY_SAFETY_NUMBER_DIGITS = 60,
    IDENTITY_CALL_CODE_DIGITS = 30,
    IDENTITY_CALL_CODE_WORDS = 10,
    IDENTITY_CALL_CODE_MEMBERS_MAX = 1 << 16,
    IDENTITY_CALL_DIGEST_LEN = 64,
};

/* The safety number of two users: the same 60 digits for both, and other ones if either sees another root. out gets
 * them without spaces, with NUL. IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_safety_number(const uint8_t a[IDENTITY_KEY_LEN],
                                                      const uint8_t b[IDENTITY_KEY_LEN],
                                                      char out[IDENTITY_SAFETY_NUMBER_DIGITS + 1]);

/* A leaf of the call, by the keys that sign for it. */
struct identity_member {
    uint8_t root_key[IDENTITY_KEY_LEN];
    uint8_t device_key[IDENTITY_KEY_LEN];
};

/* The code of a call, for people to read to each other: two forms of one thing. NUL-terminated. */
struct identity_call_code {
    char digits[IDENTITY_CALL_CODE_DIGITS + 6]; /* six groups of five, with spaces between */
    char words[IDENTITY_CALL_CODE_WORDS * 9];   /* with spaces between */
};

/* What a call's code is made from, and all that it depends on: equal digests have equal codes. No secret. */
struct identity_call_digest {
    uint8_t bytes[IDENTITY_CALL_DIGEST_LEN];
};

/* The digest of a call with these members, in any order: the same on every screen exactly if group id, parameters and
 * members are. Quick. IDENTITY_INVALID (no member, the same one twice), IDENTITY_LIMIT, IDENTITY_MEMORY,
 * IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_call_digest(const uint8_t *group_id, size_t group_id_len,
                                                    const uint8_t *parameters, size_t parameters_len,
                                                    const struct identity_member *members, size_t count,
                                                    struct identity_call_digest *out);
/* The code of a digest. Takes some tenths of a second and 64 MiB, on purpose: not for a thread that has a call's events
 * to serve. It reads *digest and nothing else, so any thread will do. IDENTITY_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int identity_call_code(const struct identity_call_digest *digest,
                                                  struct identity_call_code *out);

/* --- Linking a device ------------------------------------------------------------------------------------------------
 * How a user's new device gets its certificate from the one that has the root, over any transport, a hostile server's
 * relay among them. One device shows a short code and the user types it on the other; from it both derive a key
 * (CPace). Who does not know the code has one guess in a run, and a wrong guess ends the run on both sides: the next
 * one takes a new code. Public keys and certificates cross, and nothing secret.
 *
 *     new device:  identity_link_begin ─── start ──►   root's:  identity_link_await
 *                  identity_link_receive ◄── reply ──           identity_link_receive
 *                                        ── request ─►          identity_link_receive: ASKED
 *                                        ◄── answer ──          identity_link_answer
 *                  DONE, result in hand  ── done ───►           identity_link_receive: DONE */

enum {
    IDENTITY_LINK_CODE_DIGITS = 8,
    IDENTITY_LINK_MESSAGE_MAX = 3072, /* bytes of any message */
};

enum identity_link_state {
    IDENTITY_LINK_WAITING = 1, /* for the other's next message */
    IDENTITY_LINK_ASKED,       /* root's device: the request is there, identity_link_answer() it */
    IDENTITY_LINK_DONE,
    IDENTITY_LINK_FAILED, /* for good */
};

struct identity_link;

/* A fresh code, of digits, with NUL: for one run. IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_link_code(char code[IDENTITY_LINK_CODE_DIGITS + 1]);
/* The new device begins: its public key, its label and the code. out[0..cap) gets the first message. IDENTITY_INVALID
 * (not a code), IDENTITY_NAME, IDENTITY_SPACE, IDENTITY_MEMORY, IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_link_begin(const char *code, const uint8_t device_key[IDENTITY_KEY_LEN],
                                                   const char *device, struct identity_link **link, uint8_t *out,
                                                   size_t cap, size_t *len);
/* The root's device awaits the first message. IDENTITY_INVALID, IDENTITY_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int identity_link_await(const char *code, struct identity_link **link);
/* Wipes and frees; NULL is allowed. */
SOTTO_API void identity_link_free(struct identity_link *link);
SOTTO_API enum identity_link_state identity_link_state(const struct identity_link *link);

/* Whether the run waits for such a message, where anybody may send some and identity_link_receive() would end it for
 * one that is none. The form is looked at, a share's element with it; not what shows that the other knows the code:
 * that is its one guess. The last message shows nothing of the kind, and is none unless it is genuine. */
SOTTO_MUST_CHECK SOTTO_API bool identity_link_expects(const struct identity_link *link, const uint8_t *data,
                                                      size_t data_len);
/* Takes the other's message. out[0..cap), IDENTITY_LINK_MESSAGE_MAX at least, gets the one to send back; *len is 0 if
 * there is none. Any error ends the run: the state is then FAILED. IDENTITY_STATE (no message is expected),
 * IDENTITY_MALFORMED, IDENTITY_SCHEME, IDENTITY_CODE, IDENTITY_KEY (a share that is none), IDENTITY_NAME, errors of
 * verifying what the root's device sent, IDENTITY_SPACE, IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_link_receive(struct identity_link *link, const uint8_t *data, size_t data_len,
                                                     uint8_t *out, size_t cap, size_t *len);

/* On the root's device, once ASKED: who asks. IDENTITY_STATE. */
SOTTO_MUST_CHECK SOTTO_API int identity_link_request(const struct identity_link *link,
                                                     uint8_t device_key[IDENTITY_KEY_LEN],
                                                     char device[IDENTITY_DEVICE_MAX + 1]);
/* Answers with the certificate for that key, and the root's revocation list (empty: none). IDENTITY_STATE,
 * IDENTITY_DEVICE (not of that key), IDENTITY_ROOT (the list of another root), errors of verifying both,
 * IDENTITY_SPACE, IDENTITY_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int identity_link_answer(struct identity_link *link, const uint8_t *certificate,
                                                    size_t certificate_len, const uint8_t *revocations,
                                                    size_t revocations_len, uint8_t *out, size_t cap, size_t *len);
/* On the new device, once DONE: what it got, verified; borrowed from the link. IDENTITY_STATE. */
SOTTO_MUST_CHECK SOTTO_API int identity_link_result(const struct identity_link *link, const uint8_t **certificate,
                                                    size_t *certificate_len, const uint8_t **revocations,
                                                    size_t *revocations_len);

SOTTO_END_DECLS

#endif
