/* Boxes: how everything looks that the delivery service carries (docs/protocol.md).
 *
 *     version(1) type(1) number(4) nonce(24) XChaCha20-Poly1305( length(4) content zeros ) */
#ifndef CALL_SEAL_H
#define CALL_SEAL_H

#include "room_secret.h"

enum call_box_type {
    CALL_BOX_FOUNDING = 1,
    CALL_BOX_COMMIT = 2,
    CALL_BOX_WELCOME = 3,
    CALL_BOX_GROUP_INFO = 4,
    CALL_BOX_KEY_PACKAGE = 5,
    CALL_BOX_RELAY = 6,
};

enum {
    CALL_BOX_VERSION = 1,
    CALL_BOX_OVERHEAD = 1 + 1 + 4 + CORE_XCHACHA_NONCE_LEN + 4 + CORE_XCHACHA_TAG_LEN,
    CALL_BOX_STEP = 16384, /* boxes are 256 bytes long, 512, ..., 16384, then multiples of this */
};

/* The length of the box that holds so much content. */
size_t call_box_len(size_t content_len);
/* What can be read of a box without its key. False if it is too short or of an unknown version. */
bool call_box_look(struct mls_bytes box, uint8_t *type, uint32_t *number);
/* CALL_MEMORY, CALL_CRYPTO, CALL_INVALID for too much content. */
SOTTO_MUST_CHECK int call_box_seal(const struct call_room *room, enum call_box_type type, struct mls_bytes content,
                                   struct mls_output *box);
/* CALL_MALFORMED (also if the length or the zeros are wrong), CALL_NUMBER for a box under another secret, CALL_TYPE,
 * CALL_AUTH, CALL_MEMORY. */
SOTTO_MUST_CHECK int call_box_open(const struct call_room *room, enum call_box_type type, struct mls_bytes box,
                                   struct mls_output *content);

#endif
