/* What a call keeps over a restart of its program, as bytes: its group, its place in the log, a commit that was on its
 * way. Sealed under a key that comes from the device's, for one room. Nothing of SFrame is in it.
 *
 *     struct {
 *         uint8  magic[4];       "SCAL"
 *         uint8  version = 1;
 *         opaque nonce[24];      random
 *         opaque sealed[];       XChaCha20-Poly1305 of what call_kept_write() writes; what stands before it is AAD
 *     } */
#ifndef CALL_KEPT_H
#define CALL_KEPT_H

#include "room_secret.h"
#include "sotto/identity.h"
#include "wire/envelope.h"

struct call_kept {
    uint32_t number; /* of the room's secret */
    uint8_t secret[CALL_SECRET_LEN];
    uint8_t log_id[WIRE_LOG_ID_LEN];
    uint64_t next;           /* the entry of the log that is to be taken next */
    struct core_slice group; /* mls_group_save()'s, under the same key; the staged commit is in it */
    bool has_commit;         /* one of its own is on its way; as it was appended: */
    uint8_t append_id[WIRE_APPEND_ID_LEN];
    struct core_slice commit;
    struct core_slice welcome; /* empty: none */
    struct core_slice info;
};

void call_kept_write(struct bytes_writer *w, const struct call_kept *kept);
/* Borrows from plain. False if it is not well-formed, or over a limit of the envelopes that its parts are for. */
bool call_kept_parse(struct core_slice plain, struct call_kept *kept);

/* HKDF (SHA-256) of the device's private key, for this room. CALL_CRYPTO. */
SOTTO_MUST_CHECK int call_kept_key(const uint8_t seed[IDENTITY_KEY_LEN], struct core_slice room,
                                   uint8_t key[CORE_XCHACHA_KEY_LEN]);
/* CALL_MEMORY (more than CALL_STATE_MAX, too), CALL_CRYPTO. */
SOTTO_MUST_CHECK int call_kept_seal(const uint8_t key[CORE_XCHACHA_KEY_LEN], const struct call_kept *kept,
                                    struct mls_output *state);
/* CALL_MALFORMED, CALL_AUTH for another key or changed bytes, CALL_MEMORY. */
SOTTO_MUST_CHECK int call_kept_open(const uint8_t key[CORE_XCHACHA_KEY_LEN], struct mls_bytes state,
                                    struct mls_output *plain);

#endif
