/* sframedec: sealed frames into encoded ones. */
#ifndef GST_SFRAMEDEC_H
#define GST_SFRAMEDEC_H

#include <gst/base/gstbasetransform.h>

#define SOTTO_TYPE_SFRAME_DEC (sotto_sframe_dec_get_type())
G_DECLARE_FINAL_TYPE(SottoSframeDec, sotto_sframe_dec, SOTTO, SFRAME_DEC, GstBaseTransform)

#endif
