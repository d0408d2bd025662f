/* What makes libgstsotto.so a plugin file. */
#include "gstsotto/plugin.h"

#define PACKAGE "sotto"

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, sotto,
                  "End-to-end encrypted media: SFrame (RFC 9605) and its RTP payload format", sotto_gst_plugin_init,
                  SOTTO_VERSION, "Apache 2.0", "Sotto", "https://sotto.invalid")
