/* Reports and feedback that the router sends of its own accord: receiver reports and transport-wide feedback to
 * publishers, sender reports to subscribers (RFC 3550 section 6.4, draft-holmer-rmcat-transport-wide-cc-extensions).
 * All sender reports are on one NTP clock, ours; a publisher's own clock enters as one offset for all its tracks, so
 * that its sound and picture stay together. */
#ifndef SFU_REPORTS_H
#define SFU_REPORTS_H

#include "peer.h"
#include "rtp/rtcp.h"
#include "sotto/export.h"

enum { SFU_REPORT_INTERVAL_US = 1000000, SFU_FIRST_REPORT_US = 100000 };

struct sfu_layer;

/* Our NTP time at now_us; nobody needs it to be the time of day (RFC 3550 section 4). */
uint64_t sfu_reports_ntp(uint64_t now_us);
/* What each compound packet of feedback begins with: an empty receiver report and our CNAME (RFC 3550 section 6.1).
 * False if it does not fit. */
SOTTO_MUST_CHECK bool sfu_reports_prefix(const struct sfu_peer *peer, struct bytes_writer *w);
/* A publisher's sender report came: its clock and the layer's place on it. */
void sfu_reports_note_sr(struct sfu_layer *layer, const struct rtcp_sr_rr *sr, uint64_t now_us);
/* Sends what is due. Return when they want to be called again. */
uint64_t sfu_reports_tick_publisher(struct sfu_peer *publisher, uint64_t now_us);
uint64_t sfu_reports_tick_subscriber(struct sfu_peer *subscriber, uint64_t now_us);

#endif
