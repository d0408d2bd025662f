/* What stands in the call's group beside RFC 9420's own: extensions of the GroupContext and of leaves, and what a
 * commit carries as authenticated data. Formats: docs/protocol.md. Each has one encoding only. */
#ifndef CALL_PARAMS_H
#define CALL_PARAMS_H

#include "core/bytes.h"
#include "core/provider.h"
#include "sotto/call.h"
#include "sotto/mls.h"

/* Types of extensions, of the range for private use (RFC 9420 section 17.3). */
enum {
    CALL_EXTENSION_PARAMS = 0xF501,  /* sotto_call, in the GroupContext */
    CALL_EXTENSION_REVOKED = 0xF502, /* sotto_revoked, in the GroupContext */
    CALL_EXTENSION_LEAF = 0xF503,    /* sotto_leaf, in every LeafNode */
};

enum {
    CALL_MLS_SUITE = MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519,
    CALL_NONCE_LEN = 16,
    CALL_SIGNATURE_LEN = 64, /* Ed25519 */
    CALL_LEFT_MAX = 256,     /* leaves that one commit removes as having left */
    CALL_PADDING_MAX = 15,   /* 2^15 bytes: a frame has room for 65535 of padding */
    CALL_REVOKED_MAX = 64,   /* users with a revocation list in the group */
    CALL_EXTENSIONS = 3,     /* of the GroupContext */
    CALL_EXTENSIONS_BYTES_MAX = 1 << 18,
};

/* --- sotto_call --- */

struct call_params {
    char room[CALL_ROOM_MAX + 1];
    uint16_t sframe_suite;
    uint8_t profile; /* enum sframe_profile */
    uint8_t padding; /* of frames: 0 none, n: to multiples of 2^n bytes */
    bool locked;     /* newcomers need a member's Add */
    uint32_t secret_number;
    uint64_t founded_s;
    size_t admin_count; /* at least one */
    uint8_t admins[CALL_ADMINS_MAX][CALL_USER_ID_LEN];
};

bool call_params_parse(struct core_slice data, struct call_params *out);
void call_params_write(struct bytes_writer *w, const struct call_params *params);
bool call_params_is_admin(const struct call_params *params, const uint8_t *user_id);
/* Enters an admin in its place; once is enough. False if there are too many. */
bool call_params_add_admin(struct call_params *params, const uint8_t *user_id);
/* Whether frames may be encrypted like this in a call: suites with tags of 80 bits or more. */
bool call_params_suite_ok(uint16_t sframe_suite);

/* --- sotto_leaf --- */

struct call_leaf {
    uint8_t source;                /* enum mls_leaf_source; of the LeafNode itself, not of the extension */
    uint64_t time_s;               /* the member's clock when it made the leaf */
    uint64_t epoch;                /* that its commit ended; 0 in a key package */
    uint32_t number;               /* of the room's secret */
    uint8_t nonce[CALL_NONCE_LEN]; /* at random when it joined, the same as long as it stays */
};

/* From a leaf of a tree, or one that wants to be. False if the extension is missing or malformed. */
bool call_leaf_read(const struct mls_member *member, struct call_leaf *out);
/* The extension's data. */
void call_leaf_write(struct bytes_writer *w, const struct call_leaf *leaf);

/* --- sotto_revoked --- */

/* A walk over the lists, each signed by its user's root: `struct bytes_reader r = call_revoked_walk(data)`. */
bool call_revoked_ok(struct core_slice data);
struct bytes_reader call_revoked_walk(struct core_slice data);
bool call_revoked_next(struct bytes_reader *r, struct core_slice *list);

/* --- The GroupContext's extensions --- */

struct call_context {
    struct call_params params;
    struct core_slice revoked; /* borrowed */
};

/* From the GroupContext's extensions: exactly the three of a call, in order. */
bool call_context_parse(struct mls_bytes extensions, struct call_context *out);
/* The three as items, to be written; params: encoded. Borrowed from the arguments and constants. */
void call_context_items(struct core_slice params, struct core_slice revoked,
                        struct mls_extension_item out[CALL_EXTENSIONS]);

/* --- Authenticated data of commits --- */

/* A leaver's word that it leaves: signed with its leaf's key, so that a Remove can show as "left". */
struct call_left {
    uint32_t leaf;
    uint8_t signature[CALL_SIGNATURE_LEN];
};

struct call_commit_data {
    size_t count;
    struct call_left left[CALL_LEFT_MAX];
};

/* Empty data stands for none. */
bool call_commit_data_parse(struct core_slice data, struct call_commit_data *out);
void call_commit_data_write(struct bytes_writer *w, const struct call_commit_data *data);
const struct call_left *call_commit_data_find(const struct call_commit_data *data, uint32_t leaf);

/* seed: of the leaf's signature key. CALL_CRYPTO. */
SOTTO_MUST_CHECK int call_left_sign(const uint8_t *seed, struct mls_bytes group_id, uint32_t leaf,
                                    const uint8_t nonce[CALL_NONCE_LEN], uint8_t signature[CALL_SIGNATURE_LEN]);
bool call_left_verify(const uint8_t *signature_key, struct mls_bytes group_id, uint32_t leaf,
                      const uint8_t nonce[CALL_NONCE_LEN], const uint8_t signature[CALL_SIGNATURE_LEN]);

#endif
