/* What an SDP offer asks for becomes a session's parameters (offer.c), and these the SDP answer (answer.c).
 * Rules: RFC 9725 for publishers, draft-ietf-wish-whep-03 for subscribers, RFC 9429 for what browsers write. */
#ifndef SFU_OFFER_H
#define SFU_OFFER_H

#include "sfu/sdp.h"
#include "sfu/session.h"
#include "sotto/export.h"

/* name, value, HTTP status, sentence for the client */
#define SFU_OFFER_ERRORS(X)                                                                                            \
    X(SFU_OFFER_BAD_MID, -1, 400, "a=mid is missing, repeated or longer than 16 characters")                           \
    X(SFU_OFFER_BAD_ICE, -2, 400, "a=ice-ufrag and a=ice-pwd are missing or malformed")                                \
    X(SFU_OFFER_BAD_FINGERPRINT, -3, 400, "a=fingerprint is missing or malformed")                                     \
    X(SFU_OFFER_BAD_SETUP, -4, 400, "a=setup is missing or malformed")                                                 \
    X(SFU_OFFER_BAD_FORMAT, -5, 400, "a payload type or its rtpmap, fmtp or rtcp-fb is malformed")                     \
    X(SFU_OFFER_BAD_EXTMAP, -6, 400, "an a=extmap is malformed or its id is used twice")                               \
    X(SFU_OFFER_BAD_SSRC, -7, 400, "an a=ssrc or a=ssrc-group is malformed or its SSRC is used twice")                 \
    X(SFU_OFFER_BAD_RID, -8, 400, "an a=rid or a=simulcast is malformed or names more than 4 layers")                  \
    X(SFU_OFFER_BAD_DIRECTION, -9, 400, "an m= section has more than one direction")                                   \
    X(SFU_OFFER_NO_BUNDLE, -10, 422, "a=group:BUNDLE must hold every audio and video section")                         \
    X(SFU_OFFER_NO_RTCP_MUX, -11, 422, "a=rtcp-mux is required")                                                       \
    X(SFU_OFFER_MIXED_TRANSPORT, -12, 422, "the bundled sections name different ICE credentials or fingerprints")      \
    X(SFU_OFFER_HASH, -13, 422, "a=fingerprint must be of sha-256")                                                    \
    X(SFU_OFFER_ROLE, -14, 422, "a=setup must be actpass or active: this side is passive")                             \
    X(SFU_OFFER_ICE_LITE, -15, 422, "both sides are ICE-lite")                                                         \
    X(SFU_OFFER_NOTHING, -16, 406, "no audio or video section has a direction and a codec that can be accepted")       \
    X(SFU_OFFER_NO_RANDOM, -17, 500, "the system has no random bytes")                                                 \
    X(SFU_OFFER_TOO_LARGE, -18, 422, "the answer would be too large")

enum sfu_offer_error {
    SFU_OFFER_OK = 0,
#define X(name, value, status, text) name = value,
    SFU_OFFER_ERRORS(X)
#undef X
};
/* A sentence for an error; never NULL. */
const char *sfu_offer_error_text(int error);
/* The HTTP status that goes with it (RFC 9725 section 4.2). */
int sfu_offer_error_status(int error);

/* One extension's URI, as a=extmap names it. */
const char *sfu_extension_uri(enum sfu_extension extension);

struct sfu_offer_rules {
    enum sfu_role role;
    /* Lets the audio-level extension through. It tells the forwarding unit who speaks, so it is a room's choice. */
    bool audio_level;
};

/* Fills media, the remote ICE credentials and fingerprint, and extmap_allow_mixed of params from an offer; for
 * subscribers also the SSRCs that the answer will name. The other fields are the caller's. Sections that cannot be
 * accepted are kept with active false. Returns an sfu_offer_error; params is written on success only. */
SOTTO_MUST_CHECK int sfu_offer_read(const struct sdp *sdp, const struct sfu_offer_rules *rules,
                                    struct sfu_session_params *params);

/* ICE credentials of a fragment or a description (RFC 8839 section 5.4), from its session or any of its sections, as
 * slices of the text. False if there are none or they are malformed. */
SOTTO_MUST_CHECK bool sfu_offer_credentials(const struct sdp *sdp, struct text_slice *ufrag, struct text_slice *pwd);

enum { SFU_ANNOUNCE_MAX = 4 };

/* What the answer says of this side. */
struct sfu_answer_config {
    const char *addresses[SFU_ANNOUNCE_MAX]; /* numeric; one host candidate each, the first preferred */
    size_t address_count;                    /* at least 1 */
    uint16_t port;                           /* UDP */
    const char *fingerprint;                 /* of the DTLS certificate: 32 hex pairs with colons (SHA-256) */
};

/* Writes the answer to the offer that params was read from; params must be complete. Returns SFU_OFFER_OK or
 * SFU_OFFER_TOO_LARGE. */
SOTTO_MUST_CHECK int sfu_answer_write(const struct sdp *offer, const struct sfu_session_params *params,
                                      const struct sfu_answer_config *config, struct text_writer *w);
/* The answer to an ICE restart: a fragment with this side's new credentials and its candidates (RFC 9725 section
 * 4.3.3), under the section that carries the transport. */
SOTTO_MUST_CHECK int sfu_answer_write_fragment(const struct sfu_media *tagged, const char *local_ufrag,
                                               const char *local_pwd, const struct sfu_answer_config *config,
                                               struct text_writer *w);
/* The section whose transport the others share: the first accepted one; NULL if there is none. */
const struct sfu_media *sfu_session_tagged_media(const struct sfu_session_params *params);

#endif
