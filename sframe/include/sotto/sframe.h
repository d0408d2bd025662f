/* SFrame (RFC 9605): end-to-end encryption of encoded media frames.
 *
 * A sender context seals the frames of one stream and layer; a receiver context opens the frames of all streams it
 * has keys for. Both live in memory that the caller owns, do no I/O, keep no clock (time is a parameter), write no
 * log, and allocate nothing in sframe_seal() and sframe_open() and their batches. A context may be used by one thread
 * at a time; different contexts may be used by different threads at once. A sender must not be used on both sides of a
 * fork(): each would go on from the same counter.
 *
 * All errors are values of enum sframe_error; out parameters are written on success only. */
#ifndef SOTTO_SFRAME_H
#define SOTTO_SFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

SOTTO_BEGIN_DECLS

#define SFRAME_ERROR_MAP(X)                                                                                            \
    X(OK, 0, "success")                                                                                                \
    X(INVALID, -1, "invalid argument")                                                                                 \
    X(MEMORY, -2, "out of memory")                                                                                     \
    X(CRYPTO, -3, "the cryptographic library failed")                                                                  \
    X(SPACE, -4, "the buffer is too small")                                                                            \
    X(SUITE, -5, "unknown cipher suite")                                                                               \
    X(HEADER, -6, "malformed SFrame header")                                                                           \
    X(TRUNCATED, -7, "the frame is shorter than its header and tag")                                                   \
    X(NO_KEY, -8, "no key for this KID")                                                                               \
    X(AUTH, -9, "the frame does not authenticate")                                                                     \
    X(REPLAY, -10, "the frame was opened before, or is older than the replay window")                                  \
    X(JUMP, -11, "the counter or capture time is further ahead than the elapsed time allows")                          \
    X(LATE, -12, "the frame is older than the delay bound")                                                            \
    X(TIME_BACK, -13, "the capture time runs back")                                                                    \
    X(STREAM, -14, "the frame belongs to another stream than expected")                                                \
    X(CODEC, -15, "the frame's codec is not the expected one")                                                         \
    X(INNER, -16, "malformed inner header")                                                                            \
    X(KEY_EXISTS, -17, "a key with this KID is installed")                                                             \
    X(KEY_REUSED, -18, "this KID and base key were installed before")                                                  \
    X(KEY_EXHAUSTED, -19, "the key's usage limit or counter is spent")                                                 \
    X(FULL, -20, "no room for another key or sender")                                                                  \
    X(QUOTA, -21, "too many frames with unknown keys")                                                                 \
    X(LEAF, -22, "the leaf index does not fit the tree")                                                               \
    X(CONTEXT, -23, "unregistered stream context")

enum sframe_error {
#define SFRAME_ERROR_ENUM(name, value, text) SFRAME_##name = value,
    SFRAME_ERROR_MAP(SFRAME_ERROR_ENUM)
#undef SFRAME_ERROR_ENUM
};

/* A text for an error, never NULL. */
SOTTO_API const char *sframe_strerror(int error);

/* --- Cipher suites (RFC 9605 section 4.5, draft-barnes-sframe-iana-256) ------------------------------------------- */

enum sframe_suite_id {
    SFRAME_AES_128_CTR_HMAC_SHA256_80 = 1,
    SFRAME_AES_128_CTR_HMAC_SHA256_64 = 2,
    SFRAME_AES_128_CTR_HMAC_SHA256_32 = 3,
    SFRAME_AES_128_GCM_SHA256_128 = 4,
    SFRAME_AES_256_GCM_SHA512_128 = 5,
    SFRAME_AES_256_CTR_HMAC_SHA512_80 = 6,
    SFRAME_AES_256_CTR_HMAC_SHA512_64 = 7,
    SFRAME_AES_256_CTR_HMAC_SHA512_32 = 8,
    SFRAME_SUITE_DEFAULT = SFRAME_AES_128_GCM_SHA256_128,
};

enum {
    SFRAME_HEADER_MAX = 17, /* config byte, 8 bytes KID, 8 bytes CTR */
    SFRAME_TAG_MAX = 16,
    SFRAME_TLV_MAX = 255,                                             /* bytes of an inner header's TLV block */
    SFRAME_PADDING_MAX = 65535,                                       /* bytes */
    SFRAME_HEAD_MAX = SFRAME_HEADER_MAX + 6 + 2 + 1 + SFRAME_TLV_MAX, /* headroom that is always enough */
    SFRAME_BASE_KEY_MIN = 16, /* bytes of entropy-bearing key material asked for by sframe_*_add_* */
    SFRAME_BASE_KEY_MAX = 256,
    SFRAME_FRAME_MAX = 1 << 26, /* bytes of a frame's content or its metadata; the key-usage limits count on it */
};

struct sframe_suite {
    uint16_t id; /* enum sframe_suite_id */
    const char *name;
    uint8_t nh;             /* bytes of the hash's output */
    uint8_t nka;            /* bytes of the AES key (of CTR+HMAC suites; else 0) */
    uint8_t nk;             /* bytes of the AEAD key */
    uint8_t nn;             /* bytes of the nonce */
    uint8_t nt;             /* bytes of the tag */
    uint64_t seal_limit;    /* frames one key may seal (draft-irtf-cfrg-aead-limits) */
    uint64_t forgery_limit; /* failed opens after which a new epoch should be asked for */
    uint64_t block_limit;   /* frames plus 16-byte blocks one key may seal (same draft) */
};

/* The suite's row, or NULL for an unknown id. */
SOTTO_API const struct sframe_suite *sframe_suite_find(uint16_t id);

/* --- Header (RFC 9605 section 4.3) -------------------------------------------------------------------------------- */

struct sframe_header {
    uint64_t kid;
    uint64_t ctr;
    size_t len; /* bytes of the encoded header */
};

/* Bytes that the (minimal) encoding of kid and ctr takes: 1 to 17. */
SOTTO_API size_t sframe_header_len(uint64_t kid, uint64_t ctr);
/* Writes the header to out[0..cap) and its length to *len. SFRAME_SPACE if it does not fit. */
SOTTO_MUST_CHECK SOTTO_API int sframe_header_write(uint64_t kid, uint64_t ctr, uint8_t *out, size_t cap, size_t *len);
/* Reads the header at the start of frame. SFRAME_HEADER if it is truncated or not minimally encoded. */
SOTTO_MUST_CHECK SOTTO_API int sframe_header_read(const uint8_t *frame, size_t len, struct sframe_header *header);

/* --- Key ids and streams (RFC 9605 section 5.2) ------------------------------------------------------------------- */

enum sframe_kind {
    SFRAME_MICROPHONE = 0,
    SFRAME_CAMERA = 1,
    SFRAME_SCREEN = 2,
    SFRAME_SCREEN_AUDIO = 3,
    SFRAME_DATA = 4,
    SFRAME_KINDS,
};

enum {
    SFRAME_LAYERS = 4,      /* simulcast layers or spatial ids of a kind */
    SFRAME_EPOCH_BITS = 8,  /* E of RFC 9605 section 5.2 */
    SFRAME_START_BITS = 48, /* random bits of a sender's start, without MLS */
};

/* context = kind * 4 + layer. SFRAME_CONTEXT if either is not registered. */
SOTTO_MUST_CHECK SOTTO_API int sframe_context(unsigned kind, unsigned layer, unsigned *context);
/* KID = context || leaf || low 8 bits of epoch, the leaf in ceil(log2(leaf_slots)) bits. SFRAME_LEAF if leaf does not
 * fit leaf_slots (slots of the epoch's tree, blanks included; 1 to 2^30), SFRAME_CONTEXT for an unregistered context.
 */
SOTTO_MUST_CHECK SOTTO_API int sframe_kid_from_leaf(unsigned context, uint32_t leaf, uint32_t leaf_slots,
                                                    uint64_t epoch, uint64_t *kid);
/* KID = context || start, for calls keyed by a shared secret; start has 48 random bits, new at each sender start.
 * SFRAME_CONTEXT, or SFRAME_INVALID if start is 2^48 or more. */
SOTTO_MUST_CHECK SOTTO_API int sframe_kid_from_start(unsigned context, uint64_t start, uint64_t *kid);

/* --- Key derivation (RFC 9605 sections 4.4.2 and 5.1) ------------------------------------------------------------- */

/* key gets suite->nk bytes, salt suite->nn bytes. SFRAME_INVALID, SFRAME_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int sframe_derive(const struct sframe_suite *suite, uint64_t kid, const uint8_t *base_key,
                                             size_t base_key_len, uint8_t *key, uint8_t *salt);
/* The next base key of the ratchet: HKDF-Expand(HKDF-Extract("", base_key), "SFrame 1.0 Ratchet", suite->nh).
 * next gets suite->nh bytes and may be base_key. SFRAME_INVALID, SFRAME_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int sframe_ratchet(const struct sframe_suite *suite, const uint8_t *base_key,
                                              size_t base_key_len, uint8_t *next);

/* --- Inner header (docs/frame-format.md) -------------------------------------------------------------------------- */

enum sframe_profile {
    SFRAME_PROFILE_SOTTO = 0,   /* the inner header is inside each frame */
    SFRAME_PROFILE_RFC9605 = 1, /* the frame's content is the payload alone */
};

enum sframe_codec {
    SFRAME_CODEC_ANY = 0, /* never in a frame; in an expectation: whatever it is */
    SFRAME_CODEC_OPUS = 1,
    SFRAME_CODEC_VP8 = 2,
    SFRAME_CODEC_VP9 = 3,
    SFRAME_CODEC_H264 = 4,
    SFRAME_CODEC_AV1 = 5,
    SFRAME_CODEC_DATA = 6,
};

/* Types in the TLV block: one byte type, one byte length, value. Unknown types are skipped. */
enum sframe_tlv { SFRAME_TLV_NAME = 1 /* display name, UTF-8, 1 to 64 bytes */ };

struct sframe_inner {
    uint8_t codec;       /* enum sframe_codec */
    uint32_t capture_ms; /* on the sender's clock, modulo 2^32 */
    size_t padding;      /* zero bytes at the end, to hide the payload's length */
    const uint8_t *tlv;  /* borrowed; NULL when tlv_len is 0 */
    size_t tlv_len;
};

/* The first TLV of a type in an opened frame's block; *value is borrowed from it. SFRAME_INNER if there is none,
 * SFRAME_INVALID. */
SOTTO_MUST_CHECK SOTTO_API int sframe_tlv_find(const struct sframe_inner *inner, uint8_t type, const uint8_t **value,
                                               size_t *value_len);

/* --- Provider ----------------------------------------------------------------------------------------------------- */

/* What encrypts in this process: "ipsec-mb" where it is built in, the CPU has AES instructions and its known answers
 * were right, else "libcrypto". Chosen by the first call of this, a _size or an _init; the same ever after. */
SOTTO_API const char *sframe_provider_name(void);

/* --- Sender ------------------------------------------------------------------------------------------------------- */

struct sframe_sender;

struct sframe_sender_config {
    uint16_t suite;       /* enum sframe_suite_id; 0 is the default */
    uint8_t profile;      /* enum sframe_profile */
    uint16_t keys;        /* keys installed at a time; 0 is 4 */
    uint32_t key_history; /* keys ever installed that are remembered so that none comes twice; 0 is 4096. When it is
                             full, further keys are refused with SFRAME_FULL */
};

/* Bytes that a sender of this configuration takes with this process's cryptographic provider (its choice is made once;
 * on another machine the size may differ); 0 if the configuration is invalid. */
SOTTO_API size_t sframe_sender_size(const struct sframe_sender_config *config);
/* Makes a sender in memory[0..len), aligned as by malloc, which must outlive it. Keys' cipher states may be allocated
 * here and in sframe_sender_add_key. SFRAME_SUITE, SFRAME_INVALID, SFRAME_SPACE, SFRAME_MEMORY, SFRAME_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int sframe_sender_init(void *memory, size_t len, const struct sframe_sender_config *config,
                                                  struct sframe_sender **sender);
/* Wipes every key and all state. NULL is allowed. */
SOTTO_API void sframe_sender_wipe(struct sframe_sender *sender);

/* Installs a key; its counter starts at 0. The first one is used at once, later ones after sframe_sender_use_key.
 * The same (KID, base key) is never installed twice in a sender's life. SFRAME_KEY_EXISTS, SFRAME_KEY_REUSED,
 * SFRAME_FULL, SFRAME_INVALID (length), SFRAME_CRYPTO, SFRAME_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int sframe_sender_add_key(struct sframe_sender *sender, uint64_t kid,
                                                     const uint8_t *base_key, size_t base_key_len);
/* Seals with this key from now on. SFRAME_NO_KEY. */
SOTTO_MUST_CHECK SOTTO_API int sframe_sender_use_key(struct sframe_sender *sender, uint64_t kid);
/* Wipes a key. If it was in use, nothing is sealed until another is. SFRAME_NO_KEY. */
SOTTO_MUST_CHECK SOTTO_API int sframe_sender_remove_key(struct sframe_sender *sender, uint64_t kid);

struct sframe_sealed {
    uint64_t kid;
    uint64_t ctr;
    size_t head_len; /* bytes written at the END of head: SFrame header and encrypted inner header */
    size_t tail_len; /* bytes written at the start of tail: encrypted padding and tag */
    bool soft_limit; /* the key nears its limit: ask for a new one */
};

/* Seals one frame in place. The frame is head's last head_len bytes, then payload, then tail's first tail_len bytes;
 * the three may be one buffer (head + head_cap == payload and payload + payload_len == tail, which is fastest) or
 * apart. payload[0..payload_len) is overwritten by its ciphertext. inner: required in SFRAME_PROFILE_SOTTO, NULL in
 * SFRAME_PROFILE_RFC9605. metadata is authenticated, not sent (RFC 9605 section 4.4.3).
 * The counter is spent before anything is encrypted, also when sealing then fails.
 * SFRAME_NO_KEY, SFRAME_KEY_EXHAUSTED, SFRAME_SPACE, SFRAME_INVALID, SFRAME_CRYPTO (payload's content is then lost:
 * wiped, never left half encrypted). */
SOTTO_MUST_CHECK SOTTO_API int sframe_seal(struct sframe_sender *sender, const struct sframe_inner *inner,
                                           const uint8_t *metadata, size_t metadata_len, uint8_t *head, size_t head_cap,
                                           uint8_t *payload, size_t payload_len, uint8_t *tail, size_t tail_cap,
                                           struct sframe_sealed *sealed);

/* --- Receiver ----------------------------------------------------------------------------------------------------- */

struct sframe_receiver;

struct sframe_receiver_config {
    uint16_t suite;  /* enum sframe_suite_id; 0 is the default */
    uint8_t profile; /* enum sframe_profile */
    uint32_t keys;   /* streams with state at a time (one per KID), of all epochs that overlap; 0 is 1024. Any member
                        can take up to 20 for each member, itself or not. Under a shared secret, where nobody removes
                        them, a stream silent for a minute makes room for a new one when they are all taken; eight
                        times this number are remembered after that, so that they go on where they were and none of
                        their old frames opens again, then SFRAME_FULL */
    uint32_t max_delay_ms; /* frames captured longer ago are refused; 0 is 3000 */
    uint32_t jitter_ms;    /* capture time may run back within a sender and kind by this much; 0 is 1000 */
};

/* As sframe_sender_size and sframe_sender_init. A key's cipher state (about 1 kB) is part of this memory, or, with
 * libcrypto, allocated here by the library; nothing grows after that but add_epoch's copy of the leaves, and their
 * clocks (sframe_receiver_set_clock). */
SOTTO_API size_t sframe_receiver_size(const struct sframe_receiver_config *config);
SOTTO_MUST_CHECK SOTTO_API int sframe_receiver_init(void *memory, size_t len,
                                                    const struct sframe_receiver_config *config,
                                                    struct sframe_receiver **receiver);
SOTTO_API void sframe_receiver_wipe(struct sframe_receiver *receiver);

/* Where keys come from. One of the following kinds in a receiver's life; another kind is SFRAME_INVALID. A removed key
 * is remembered (the last 4096 of them): installed again, its old frames would open again. */

/* A key for one KID. SFRAME_KEY_EXISTS (never silently kept or replaced), SFRAME_KEY_REUSED while its replay window
 * would be forgotten, SFRAME_FULL, SFRAME_INVALID, SFRAME_CRYPTO, SFRAME_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int sframe_receiver_add_key(struct sframe_receiver *receiver, uint64_t kid,
                                                       const uint8_t *base_key, size_t base_key_len);
/* A ratchet (RFC 9605 section 5.1): KID = generation << ratchet_bits | step. kid is the one that base_key belongs to (a
 * late joiner's need not be step 0); ratchet_bits is 1 to 8. Steps ahead are taken, at most 2^ratchet_bits - 1 of them,
 * when a frame under them authenticates, never before; then only the step before stays, for frames out of order. (With
 * one bit it does not stay: the next step has its KID.) At most 32 generations. Of a removed one the key it was added
 * with is remembered, not those it was ratcheted to: do not add it again from a later step. Errors as add_key. */
SOTTO_MUST_CHECK SOTTO_API int sframe_receiver_add_ratchet(struct sframe_receiver *receiver, uint64_t kid,
                                                           unsigned ratchet_bits, const uint8_t *base_key,
                                                           size_t base_key_len);
/* An MLS epoch: KIDs of sframe_kid_from_leaf. Bit i of leaves (bytes in order, low bit first, (leaf_slots + 7) / 8
 * bytes, copied) says whether leaf i is a member other than the receiver itself. An epoch with the same low 8 bits is
 * dropped first. SFRAME_KEY_REUSED if an epoch with these low bits and this base key was here before. SFRAME_INVALID,
 * SFRAME_MEMORY, SFRAME_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int sframe_receiver_add_epoch(struct sframe_receiver *receiver, uint64_t epoch,
                                                         uint32_t leaf_slots, const uint8_t *leaves,
                                                         const uint8_t *base_key, size_t base_key_len);
/* A shared secret: KIDs of sframe_kid_from_start. A sender becomes known by its first frame that authenticates.
 * Errors as add_key. */
SOTTO_MUST_CHECK SOTTO_API int sframe_receiver_add_shared(struct sframe_receiver *receiver, const uint8_t *base_key,
                                                          size_t base_key_len);

/* Wipes the key of a KID (of a ratchet: its whole generation), an epoch (with all keys derived from it), or one leaf of
 * an epoch. SFRAME_NO_KEY: there is none, or it comes from an epoch or a shared secret, which would bring it back. */
SOTTO_MUST_CHECK SOTTO_API int sframe_receiver_remove_key(struct sframe_receiver *receiver, uint64_t kid);
SOTTO_MUST_CHECK SOTTO_API int sframe_receiver_remove_epoch(struct sframe_receiver *receiver, uint64_t epoch);
SOTTO_MUST_CHECK SOTTO_API int sframe_receiver_remove_leaf(struct sframe_receiver *receiver, uint64_t epoch,
                                                           uint32_t leaf);

/* How far the clock that stamps the frames of an epoch's leaf is ahead of the one that sframe_open is given, as far as
 * is known from elsewhere, as from heartbeats (of the two ends of an estimate, the further ahead). From now on its
 * frames of this epoch are SFRAME_LATE when they are older than max_delay_ms by it. Without it a frame's age is
 * measured by the sender's other frames alone, so that a delay that all of them have from the first one on is not seen.
 * May be told again and again. SFRAME_NO_KEY: no such leaf. SFRAME_MEMORY: the first call for an epoch takes eight
 * bytes for each of its leaf slots. */
SOTTO_MUST_CHECK SOTTO_API int sframe_receiver_set_clock(struct sframe_receiver *receiver, uint64_t epoch,
                                                         uint32_t leaf, int64_t ahead_ms);

/* What the caller is about to use the frame as; a frame of anything else is refused. */
struct sframe_expect {
    uint32_t kinds; /* bit set 1 << enum sframe_kind; 0 is any. KIDs without structure (add_key, add_ratchet) fit all */
    uint8_t codec;  /* enum sframe_codec */
};

struct sframe_opened {
    uint64_t kid;
    uint64_t ctr;
    unsigned context; /* kind * 4 + layer, where the KID's structure is known; else 0 */
    uint64_t sender;  /* leaf index, start, or KID, after the kind of key: one value per sender */
    uint8_t *payload; /* inside the frame */
    size_t payload_len;
    struct sframe_inner inner; /* all zero in SFRAME_PROFILE_RFC9605; tlv points into the frame */
};

/* Opens one frame in place: frame[0..frame_len) is overwritten. now_ms: a monotonic clock of the receiver's,
 * one that goes on while the machine sleeps (CLOCK_BOOTTIME), for senders do.
 * expect may be NULL. Authenticates first and changes state after: a frame that fails creates no key, window, ratchet
 * step or allocation. On any error the frame's content is wiped or still ciphertext; nothing of it is plaintext.
 * SFRAME_HEADER, SFRAME_TRUNCATED, SFRAME_NO_KEY, SFRAME_QUOTA, SFRAME_AUTH, SFRAME_REPLAY, SFRAME_JUMP, SFRAME_LATE,
 * SFRAME_TIME_BACK, SFRAME_STREAM, SFRAME_CODEC, SFRAME_INNER, SFRAME_FULL, SFRAME_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int sframe_open(struct sframe_receiver *receiver, const struct sframe_expect *expect,
                                           const uint8_t *metadata, size_t metadata_len, uint8_t *frame,
                                           size_t frame_len, uint64_t now_ms, struct sframe_opened *opened);

/* --- Several frames at once --------------------------------------------------------------------------------------- */

/* For frames that naturally come together: the layers of a picture, a burst of audio, the streams of a room that is
 * recorded. Where the CPU has wide vectors, sixteen frames of like sizes take suites 1-3 a half to a third of the time
 * (at 160 bytes two thirds), 6-8 a half to a quarter; the others lose nothing. Results are those of single calls in the
 * order of the items, whatever the batch. */

/* What batches work in: some 2 MB with ipsec-mb, which init and wipe touch all of, and calls what their frames need (16
 * times the longest, at most); else next to nothing. Holds nothing secret between calls. */
struct sframe_batch;

/* Bytes a batch takes with this process's cryptographic provider. */
SOTTO_API size_t sframe_batch_size(void);
/* Makes a batch in memory[0..len), aligned as by malloc, which must outlive it and is not moved. It serves any senders
 * and receivers, and is used by one thread at a time. Takes some hundred microseconds. SFRAME_INVALID, SFRAME_SPACE,
 * SFRAME_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int sframe_batch_init(void *memory, size_t len, struct sframe_batch **batch);
/* NULL is allowed. */
SOTTO_API void sframe_batch_wipe(struct sframe_batch *batch);

/* A frame to seal: the arguments of sframe_seal, and its results. The buffers of a call's items must not overlap. */
struct sframe_seal_item {
    struct sframe_sender *sender; /* several items may name the same: their counters follow the items' order */
    const struct sframe_inner *inner;
    const uint8_t *metadata;
    size_t metadata_len;
    uint8_t *head;
    size_t head_cap;
    uint8_t *payload;
    size_t payload_len;
    uint8_t *tail;
    size_t tail_cap;
    int error;                   /* out: as sframe_seal returns it */
    struct sframe_sealed sealed; /* out, where error is SFRAME_OK */
};

/* Seals items[0..count), each as sframe_seal would, in this order: every counter is spent before its frame is
 * encrypted, also when sealing then fails. No allocation. One that fails keeps none of the others back.
 * Returns SFRAME_OK if all were sealed, else the error of the first that was not; SFRAME_INVALID without batch or
 * items: then none was touched. */
SOTTO_MUST_CHECK SOTTO_API int sframe_seal_batch(struct sframe_batch *batch, struct sframe_seal_item *items,
                                                 size_t count);

/* A frame to open: the arguments of sframe_open, and its results. The frames of a call's items must not overlap. */
struct sframe_open_item {
    const struct sframe_expect *expect;
    const uint8_t *metadata;
    size_t metadata_len;
    uint8_t *frame;
    size_t frame_len;
    int error;                   /* out: as sframe_open returns it */
    struct sframe_opened opened; /* out, where error is SFRAME_OK */
};

/* Opens items[0..count), each as sframe_open would, in this order: of two frames with one counter only the first that
 * is authentic opens, and a forged one changes nothing. On any item's error its frame is wiped or still ciphertext. No
 * allocation. now_ms is the time of all of them.
 * Returns SFRAME_OK if all were opened, else the error of the first that was not; SFRAME_INVALID without batch,
 * receiver or items: then none was touched. */
SOTTO_MUST_CHECK SOTTO_API int sframe_open_batch(struct sframe_batch *batch, struct sframe_receiver *receiver,
                                                 struct sframe_open_item *items, size_t count, uint64_t now_ms);

struct sframe_receiver_stats {
    uint64_t opened;
    uint64_t failed;    /* did not authenticate */
    uint64_t replayed;  /* SFRAME_REPLAY */
    uint64_t late;      /* SFRAME_LATE and SFRAME_TIME_BACK */
    uint64_t no_key;    /* SFRAME_NO_KEY and SFRAME_QUOTA */
    uint64_t refused;   /* every other error */
    uint32_t keys;      /* streams with state now */
    bool forgery_limit; /* a key has seen its suite's limit of failures: ask for a new epoch; the key stays good */
};

SOTTO_API void sframe_receiver_stats(const struct sframe_receiver *receiver, struct sframe_receiver_stats *stats);

SOTTO_END_DECLS

#endif
