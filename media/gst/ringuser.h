/* How an element finds its key ring: its key-ring property, else a ring of its own from its key property, else the
 * pipeline's from the GstContext. */
#ifndef GST_RINGUSER_H
#define GST_RINGUSER_H

#include "gstsotto/keyring.h"

#define SOTTO_TYPE_SUITE (sotto_suite_get_type())
GType sotto_suite_get_type(void);
#define SOTTO_TYPE_PROFILE (sotto_profile_get_type())
GType sotto_profile_get_type(void);

/* The properties that ring_user_install gives a class: the first ids after PROP_0. */
enum { RING_PROP_KEY = 1, RING_PROP_KEY_RING, RING_PROP_SUITE, RING_PROP_PROFILE, RING_PROP_LAST };

/* Under the element's object lock. */
struct ring_user {
    SottoKeyRing *given;  /* property key-ring */
    SottoKeyRing *own;    /* made from property key or by request-key */
    SottoKeyRing *shared; /* from the context */
    guint suite, profile; /* of a ring of its own */
};

void ring_user_install(GObjectClass *klass);
void ring_user_clear(struct ring_user *user);
/* For set_property and get_property; FALSE if the property is another one. */
gboolean ring_user_set_property(struct ring_user *user, GstElement *element, guint id, const GValue *value);
gboolean ring_user_get_property(struct ring_user *user, GstElement *element, guint id, GValue *value);
/* For GstElementClass.set_context: takes a context of the right type. */
void ring_user_set_context(struct ring_user *user, GstElement *element, GstContext *context);
/* Going to READY: asks the pipeline for a ring unless the element has one. */
void ring_user_find(struct ring_user *user, GstElement *element);
/* The ring in use (transfer full), or NULL. */
SottoKeyRing *ring_user_get(struct ring_user *user, GstElement *element);
/* Gives the element's own ring a base key (of request-key) if it has none; the ring (transfer full), or NULL. */
SottoKeyRing *ring_user_take_base_key(struct ring_user *user, GstElement *element, GBytes *base_key);

#endif
