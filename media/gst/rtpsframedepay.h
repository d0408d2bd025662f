/* rtpsframedepay: RTP packets into sealed frames. */
#ifndef GST_RTPSFRAMEDEPAY_H
#define GST_RTPSFRAMEDEPAY_H

#include <gst/rtp/gstrtpbasedepayload.h>

#define SOTTO_TYPE_RTP_SFRAME_DEPAY (sotto_rtp_sframe_depay_get_type())
G_DECLARE_FINAL_TYPE(SottoRtpSframeDepay, sotto_rtp_sframe_depay, SOTTO, RTP_SFRAME_DEPAY, GstRTPBaseDepayload)

#endif
