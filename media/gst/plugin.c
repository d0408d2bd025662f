#include "gstsotto/plugin.h"

#include "rtphdrextdd.h"
#include "rtpsframedepay.h"
#include "rtpsframepay.h"
#include "sframedec.h"
#include "sframeenc.h"

#ifndef PACKAGE
#define PACKAGE "sotto"
#endif
#define SOTTO_DESCRIPTION "End-to-end encrypted media: SFrame (RFC 9605) and its RTP payload format"
#define SOTTO_ORIGIN "https://sotto.invalid"

gboolean sotto_gst_plugin_init(GstPlugin *plugin)
{
    return gst_element_register(plugin, "sframeenc", GST_RANK_NONE, SOTTO_TYPE_SFRAME_ENC) &&
           gst_element_register(plugin, "sframedec", GST_RANK_NONE, SOTTO_TYPE_SFRAME_DEC) &&
           gst_element_register(plugin, "rtpsframepay", GST_RANK_NONE, SOTTO_TYPE_RTP_SFRAME_PAY) &&
           gst_element_register(plugin, "rtpsframedepay", GST_RANK_NONE, SOTTO_TYPE_RTP_SFRAME_DEPAY) &&
           /* a rank above none, so that (de)payloaders find it by its URI */
           gst_element_register(plugin, "rtphdrextdd", GST_RANK_MARGINAL, SOTTO_TYPE_RTP_HDREXT_DD);
}

gboolean sotto_gst_register(void)
{
    return gst_plugin_register_static(GST_VERSION_MAJOR, GST_VERSION_MINOR, "sotto", SOTTO_DESCRIPTION,
                                      sotto_gst_plugin_init, SOTTO_VERSION, "Apache 2.0", "sotto", "Sotto",
                                      SOTTO_ORIGIN);
}
