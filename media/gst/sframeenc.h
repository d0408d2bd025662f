/* sframeenc: encoded frames into sealed ones. */
#ifndef GST_SFRAMEENC_H
#define GST_SFRAMEENC_H

#include <gst/base/gstbasetransform.h>

#define SOTTO_TYPE_SFRAME_ENC (sotto_sframe_enc_get_type())
G_DECLARE_FINAL_TYPE(SottoSframeEnc, sotto_sframe_enc, SOTTO, SFRAME_ENC, GstBaseTransform)

#endif
