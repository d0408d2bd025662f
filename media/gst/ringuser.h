/* How an element finds its key ring: its key-ring property, else a ring of its own from its key property, else the
 * pipeline's from the GstContext; and how it asks the application for a key by the signal request-key. */
#ifndef GST_RINGUSER_H
#define GST_RINGUSER_H

#include "gstsotto/keyring.h"

#define SOTTO_TYPE_SUITE (sotto_suite_get_type())
GType sotto_suite_get_type(void);
#define SOTTO_TYPE_PROFILE (sotto_profile_get_type())
GType sotto_profile_get_type(void);

/* The properties that ring_user_install gives a class: the first ids after PROP_0. */
enum { RING_PROP_KEY = 1, RING_PROP_KEY_RING, RING_PROP_SUITE, RING_PROP_PROFILE, RING_PROP_LAST };

struct ring_user {
    /* object lock */
    SottoKeyRing *given;  /* property key-ring */
    SottoKeyRing *own;    /* made from property key or by request-key */
    SottoKeyRing *shared; /* from the context */
    guint suite, profile; /* of a ring of its own */

    /* streaming thread */
    gint64 asked_us; /* request-key was emitted; 0: not yet */
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
/* Gives a class the signal request-key: with a KID (guint64), for a base key (GBytes, transfer full) or NULL; the first
 * handler that gives one is the last asked. Its id. */
guint ring_user_install_request(GType type);
/* The ring in use, or NULL (transfer full). If it has no key by has_key, the signal is emitted with the KID, once a
 * second at most, and the base key that is given becomes the ring's. In the streaming thread. */
SottoKeyRing *ring_user_get_with_key(struct ring_user *user, GstElement *element,
                                     gboolean (*has_key)(SottoKeyRing *ring), guint request_key, guint64 kid);

#endif
