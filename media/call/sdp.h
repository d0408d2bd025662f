/* What our session descriptions say besides what webrtcbin writes. */
#ifndef CALL_SDP_H
#define CALL_SDP_H

#include <gst/sdp/gstsdpmessage.h>
#include <stdbool.h>

#include "args.h"

/* Header extension ids, the same in every session description of ours. */
enum { CALL_EXTENSION_DD = 1, CALL_EXTENSION_MID = 2 };

#define CALL_URI_DD "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
#define CALL_URI_MID "urn:ietf:params:rtp-hdrext:sdes:mid"

/* Payload types, the same in every session description of ours. webrtcbin picks those of RTX from 96 upwards. */
enum { CALL_PAYLOAD_OPUS = 111, CALL_PAYLOAD_VIDEO = 112 /* + enum call_codec */ };

/* a=packetization:<pt> raw for each video codec of an offer: its frames are cut without regard to the codec's own
 * payload format, because nobody on the way can read them. */
void call_sdp_add_packetization(GstSDPMessage *sdp);

/* What RFC 9725 section 4.3.2 lets a client PATCH its session with once its offer held all candidates: that there are
 * no more. Freed by the caller; NULL if the offer names no ICE credentials. */
char *call_sdp_no_more_candidates(const GstSDPMessage *offer);

/* The caps by which a transceiver offers Opus, or a video codec. */
GstCaps *call_sdp_audio_caps(void);
GstCaps *call_sdp_video_caps(enum call_codec codec);

/* The index of the m-line that names this SSRC in an a=ssrc line; -1 if none does. */
int call_sdp_find_ssrc(const GstSDPMessage *sdp, guint ssrc);

#endif
