/* rtphdrextdd: the Dependency Descriptor as an RTP header extension. */
#ifndef GST_RTPHDREXTDD_H
#define GST_RTPHDREXTDD_H

#include <gst/rtp/gstrtphdrext.h>

#define SOTTO_TYPE_RTP_HDREXT_DD (sotto_rtp_hdrext_dd_get_type())
G_DECLARE_FINAL_TYPE(SottoRtpHdrextDd, sotto_rtp_hdrext_dd, SOTTO, RTP_HDREXT_DD, GstRTPHeaderExtension)

/* The custom meta that reading leaves on a buffer. Its structure has the fields key (gboolean), frame-number,
 * spatial-id and temporal-id (guint). A depayloader's base class shows the extension only the last packet of a frame;
 * rtpsframedepay reads every packet's and adds the meta itself. */
#define SOTTO_META_DD "SottoDependencyDescriptor"
/* Puts it there, unless it is there. */
void sotto_dd_meta_add(GstBuffer *buffer, gboolean key, guint frame_number, guint spatial_id, guint temporal_id);

#endif
