/* rtpsframepay: sealed frames into RTP packets. */
#ifndef GST_RTPSFRAMEPAY_H
#define GST_RTPSFRAMEPAY_H

#include <gst/rtp/gstrtpbasepayload.h>

#define SOTTO_TYPE_RTP_SFRAME_PAY (sotto_rtp_sframe_pay_get_type())
G_DECLARE_FINAL_TYPE(SottoRtpSframePay, sotto_rtp_sframe_pay, SOTTO, RTP_SFRAME_PAY, GstRTPBasePayload)

#endif
