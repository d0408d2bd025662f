/* Between offer.c, codecs.c and answer.c. */
#ifndef SFU_OFFER_INTERNAL_H
#define SFU_OFFER_INTERNAL_H

#include "sfu/offer.h"

/* Fills media->codecs, in the section's order of preference, from its payload types; media->kind must be set. Codecs
 * that are not forwarded are left out. Returns SFU_OFFER_OK or SFU_OFFER_BAD_FORMAT. */
int sfu_offer_codecs(const struct sdp *sdp, const struct sdp_media *section, struct sfu_media *media);

/* The value of a parameter of a=fmtp (`a=1;b=2`), empty if it is absent. */
struct text_slice sfu_fmtp_find(struct text_slice fmtp, const char *name);

/* Takes `<id>[/<direction>] <uri>` of a=extmap apart (RFC 8285 section 5). False if it is malformed. */
bool sfu_extmap_parse(struct text_slice value, uint64_t *id, struct text_slice *direction, struct text_slice *uri);

#endif
