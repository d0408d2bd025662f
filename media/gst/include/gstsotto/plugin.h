/* The elements of the plugin for programs that link them in (sotto_gst) and then need no plugin file. */
#ifndef GSTSOTTO_PLUGIN_H
#define GSTSOTTO_PLUGIN_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Registers every element with the running program. After gst_init(). FALSE if the registry refuses. */
gboolean sotto_gst_register(void);
/* The plugin's init function: registers every element with plugin. */
gboolean sotto_gst_plugin_init(GstPlugin *plugin);

G_END_DECLS

#endif
