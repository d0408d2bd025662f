/* Senders, receivers and frames for the tests of sframe/. All senders here hold the same base key. */
#ifndef TESTS_SFRAME_FIXTURE_H
#define TESTS_SFRAME_FIXTURE_H

#include "sender.h"
#include "sotto/sframe.h"
#include "unit.h"

enum {
    FIX_PAYLOAD_MAX = 2000,
    FIX_PADDING_MAX = 300,
    FIX_FRAME_MAX = SFRAME_HEAD_MAX + FIX_PAYLOAD_MAX + FIX_PADDING_MAX + SFRAME_TAG_MAX,
    FIX_TIME_MS = 100000, /* receivers' clocks begin here */
    FIX_START_A = 0x1111,
    FIX_START_B = 0x2222,
};

extern const uint8_t fix_key[16];
extern const uint8_t fix_other_key[16];

/* End the test if they fail. */
struct sframe_sender *fix_sender(uint16_t suite, uint8_t profile);
struct sframe_sender *fix_sender_of(const struct sframe_sender_config *config);
/* With fix_key under kid. */
struct sframe_sender *fix_sender_kid(uint64_t kid);
struct sframe_receiver *fix_receiver(uint16_t suite, uint8_t profile);
struct sframe_receiver *fix_receiver_of(const struct sframe_receiver_config *config);
/* Default suite and profile, fix_key as the shared secret. */
struct sframe_receiver *fix_receiver_shared(void);
void fix_free_sender(struct sframe_sender *sender);
void fix_free_receiver(struct sframe_receiver *receiver);

/* What the key seals next, and the blocks that count as sealed. No credit stays: the next frame is no steady one. */
void fix_set_ctr(struct sframe_sender_key *key, uint64_t ctr);
void fix_set_blocks(struct sframe_sender_key *key, uint64_t blocks);

/* libcrypto, with a seal_one and an open_one in each AEAD's row: steady frames, and expected ones, without ipsec-mb. */
const struct core_provider *fix_provider_steady(void);
extern size_t fix_steady_seals;     /* calls of those so far */
extern bool fix_steady_seals_break; /* they write something, wipe it and fail */
extern size_t fix_steady_opens;
extern bool fix_steady_opens_break; /* they fail */

uint64_t fix_kid(unsigned kind, unsigned layer, uint64_t start);

struct fix_frame {
    uint8_t bytes[FIX_FRAME_MAX];
    size_t len;
    struct sframe_sealed sealed;
};

/* Seals len bytes that depend on len alone. capture_ms counts in SFRAME_PROFILE_SOTTO. */
void fix_seal(struct sframe_sender *sender, uint8_t profile, uint32_t capture_ms, size_t len, struct fix_frame *frame);
/* As above in SFRAME_PROFILE_SOTTO, 40 bytes. */
void fix_seal_at(struct sframe_sender *sender, uint32_t capture_ms, struct fix_frame *frame);
/* Opens a copy, so that a frame can be opened again. payload is of a static buffer. */
int fix_open(struct sframe_receiver *receiver, const struct fix_frame *frame, uint64_t now_ms,
             struct sframe_opened *opened);
/* Whether payload is what fix_seal puts in. */
bool fix_payload_ok(const struct sframe_opened *opened, size_t len);

#endif
