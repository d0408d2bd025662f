/* MLS (RFC 9420): continuous group keys. A library of its own, in no need of the rest of Sotto.
 *
 * All errors are values of enum mls_error; out parameters are written on success only. */
#ifndef SOTTO_MLS_H
#define SOTTO_MLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

SOTTO_BEGIN_DECLS

#define MLS_ERROR_MAP(X)                                                                                               \
    X(OK, 0, "success")                                                                                                \
    X(INVALID, -1, "invalid argument")                                                                                 \
    X(MEMORY, -2, "out of memory")                                                                                     \
    X(CRYPTO, -3, "the cryptographic library failed")                                                                  \
    X(SPACE, -4, "the buffer is too small")                                                                            \
    X(SUITE, -5, "unknown cipher suite")                                                                               \
    X(MALFORMED, -6, "not a well-formed message")                                                                      \
    X(LIMIT, -7, "larger than the limits of this library")                                                             \
    X(KEY, -8, "not a valid key")                                                                                      \
    X(SIGNATURE, -9, "wrong signature")                                                                                \
    X(AUTH, -10, "the ciphertext does not authenticate")                                                               \
    X(MEMBERSHIP, -11, "wrong membership tag")                                                                         \
    X(CONFIRMATION, -12, "wrong confirmation tag")                                                                     \
    X(SENDER, -13, "a sender of this kind may not send this content")                                                  \
    X(LEAF, -14, "no member at this leaf")                                                                             \
    X(GENERATION_USED, -15, "the key of this generation was used, or dropped")                                         \
    X(GENERATION_FAR, -16, "the generation is further ahead than the limit")                                           \
    X(GROUP, -17, "the message is for another group")                                                                  \
    X(EPOCH, -18, "the message is for another epoch")

enum mls_error {
#define MLS_ERROR_ENUM(name, value, text) MLS_##name = value,
    MLS_ERROR_MAP(MLS_ERROR_ENUM)
#undef MLS_ERROR_ENUM
};

/* A text for an error, never NULL. */
SOTTO_API const char *mls_strerror(int error);

/* Bounds of everything that input can make grow. */
enum mls_limit {
    MLS_MESSAGE_MAX = 1 << 26,    /* bytes of a message */
    MLS_TREE_DEPTH_MAX = 16,      /* levels of parents: 65536 leaves */
    MLS_EXTENSIONS_MAX = 64,      /* extensions in one list */
    MLS_LABEL_MAX = 255,          /* bytes of a label */
    MLS_PSKS_MAX = 256,           /* pre-shared keys in one commit */
    MLS_GENERATIONS_AHEAD = 1024, /* generations a message may be ahead of those seen */
    MLS_GENERATIONS_KEPT = 64,    /* keys of skipped generations kept per sender and kind of content */
    MLS_PADDING_MAX = 1 << 16,    /* bytes of padding in a PrivateMessage that is written */
};

enum { MLS_VERSION_1_0 = 1 };

enum mls_cipher_suite {
    MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519 = 1,
    MLS_128_DHKEMP256_AES128GCM_SHA256_P256 = 2,
    MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_ED25519 = 3,
    MLS_256_DHKEMX448_AES256GCM_SHA512_ED448 = 4,
    MLS_256_DHKEMP521_AES256GCM_SHA512_P521 = 5,
    MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_ED448 = 6,
    MLS_256_DHKEMP384_AES256GCM_SHA384_P384 = 7,
};

enum mls_wire_format {
    MLS_WIRE_PUBLIC_MESSAGE = 1,
    MLS_WIRE_PRIVATE_MESSAGE = 2,
    MLS_WIRE_WELCOME = 3,
    MLS_WIRE_GROUP_INFO = 4,
    MLS_WIRE_KEY_PACKAGE = 5,
};

enum mls_content_type { MLS_CONTENT_APPLICATION = 1, MLS_CONTENT_PROPOSAL = 2, MLS_CONTENT_COMMIT = 3 };

enum mls_sender_type {
    MLS_SENDER_MEMBER = 1,
    MLS_SENDER_EXTERNAL = 2,
    MLS_SENDER_NEW_MEMBER_PROPOSAL = 3,
    MLS_SENDER_NEW_MEMBER_COMMIT = 4,
};

enum mls_proposal_type {
    MLS_PROPOSAL_ADD = 1,
    MLS_PROPOSAL_UPDATE = 2,
    MLS_PROPOSAL_REMOVE = 3,
    MLS_PROPOSAL_PSK = 4,
    MLS_PROPOSAL_REINIT = 5,
    MLS_PROPOSAL_EXTERNAL_INIT = 6,
    MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS = 7,
};

enum mls_extension_type {
    MLS_EXTENSION_APPLICATION_ID = 1,
    MLS_EXTENSION_RATCHET_TREE = 2,
    MLS_EXTENSION_REQUIRED_CAPABILITIES = 3,
    MLS_EXTENSION_EXTERNAL_PUB = 4,
    MLS_EXTENSION_EXTERNAL_SENDERS = 5,
};

enum mls_credential_type { MLS_CREDENTIAL_BASIC = 1, MLS_CREDENTIAL_X509 = 2 };

SOTTO_END_DECLS

#endif
