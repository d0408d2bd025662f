/* Elements in sframeenc's place that encrypt nothing: a sender as hostile or broken as tests need it. */
#ifndef TESTS_CALL_PLAIN_SEAL_H
#define TESTS_CALL_PLAIN_SEAL_H

#include <glib.h>

/* Registers an element named sframeenc over the real one: it changes the caps and nothing else. After gst_init() and
 * sotto_gst_register(). */
gboolean plain_seal_register(void);

#endif
