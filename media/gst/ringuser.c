#include "ringuser.h"

#include "keyring_private.h"

enum { ASK_INTERVAL_MS = 1000 };

GType sotto_suite_get_type(void)
{
    static gsize type;
    static const GEnumValue values[] = {
        {SFRAME_AES_128_CTR_HMAC_SHA256_80, "AES-128-CTR, HMAC-SHA-256, tags of 80 bits", "aes-128-ctr-hmac-sha256-80"},
        {SFRAME_AES_128_CTR_HMAC_SHA256_64, "AES-128-CTR, HMAC-SHA-256, tags of 64 bits", "aes-128-ctr-hmac-sha256-64"},
        {SFRAME_AES_128_CTR_HMAC_SHA256_32, "AES-128-CTR, HMAC-SHA-256, tags of 32 bits", "aes-128-ctr-hmac-sha256-32"},
        {SFRAME_AES_128_GCM_SHA256_128, "AES-128-GCM, tags of 128 bits", "aes-128-gcm-sha256-128"},
        {SFRAME_AES_256_GCM_SHA512_128, "AES-256-GCM, tags of 128 bits", "aes-256-gcm-sha512-128"},
        {SFRAME_AES_256_CTR_HMAC_SHA512_80, "AES-256-CTR, HMAC-SHA-512, tags of 80 bits", "aes-256-ctr-hmac-sha512-80"},
        {SFRAME_AES_256_CTR_HMAC_SHA512_64, "AES-256-CTR, HMAC-SHA-512, tags of 64 bits", "aes-256-ctr-hmac-sha512-64"},
        {SFRAME_AES_256_CTR_HMAC_SHA512_32, "AES-256-CTR, HMAC-SHA-512, tags of 32 bits", "aes-256-ctr-hmac-sha512-32"},
        {0, NULL, NULL},
    };
    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("SottoSuite", values));
    return (GType)type;
}

GType sotto_profile_get_type(void)
{
    static gsize type;
    static const GEnumValue values[] = {
        {SFRAME_PROFILE_SOTTO, "Codec, capture time, padding and name sealed in front of the frame", "sotto"},
        {SFRAME_PROFILE_RFC9605, "The frame alone, for peers that know only the RFC", "rfc9605"},
        {0, NULL, NULL},
    };
    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("SottoProfile", values));
    return (GType)type;
}

void ring_user_install(GObjectClass *klass)
{
    g_object_class_install_property(
        klass, RING_PROP_KEY,
        g_param_spec_string("key", "Key",
                            "The call's shared secret: 32 hex digits (openssl rand -hex 16), or a password. Can be "
                            "set at any time, never read. The element then has a key ring of its own",
                            NULL, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING));
    g_object_class_install_property(
        klass, RING_PROP_KEY_RING,
        g_param_spec_object("key-ring", "Key ring",
                            "The keys of the call, shared with other elements. Unset, it comes from the key property, "
                            "else from the pipeline's context sotto.keyring",
                            SOTTO_TYPE_KEY_RING, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
    g_object_class_install_property(
        klass, RING_PROP_SUITE,
        g_param_spec_enum("suite", "Cipher suite", "Of a key ring of the element's own; a shared one brings its suite",
                          SOTTO_TYPE_SUITE, SFRAME_SUITE_DEFAULT,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
    g_object_class_install_property(
        klass, RING_PROP_PROFILE,
        g_param_spec_enum("profile", "Profile",
                          "What a sealed frame holds. Of a key ring of the element's own; a shared one brings its "
                          "profile",
                          SOTTO_TYPE_PROFILE, SFRAME_PROFILE_SOTTO,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
    gst_type_mark_as_plugin_api(SOTTO_TYPE_SUITE, (GstPluginAPIFlags)0);
    gst_type_mark_as_plugin_api(SOTTO_TYPE_PROFILE, (GstPluginAPIFlags)0);
    gst_type_mark_as_plugin_api(SOTTO_TYPE_KEY_RING, (GstPluginAPIFlags)0);
}

void ring_user_clear(struct ring_user *user)
{
    g_clear_object(&user->given);
    g_clear_object(&user->own);
    g_clear_object(&user->shared);
}

/* Puts a ring (transfer full, or NULL) in the place of another. That one goes without the lock held: with it may go
 * frames, whose memory may be anybody's. */
static void replace_ring(SottoKeyRing **place, GstElement *element, SottoKeyRing *ring)
{
    SottoKeyRing *before;

    GST_OBJECT_LOCK(element);
    before = *place;
    *place = ring;
    GST_OBJECT_UNLOCK(element);
    g_clear_object(&before);
}

/* The element's own ring (transfer full). */
static SottoKeyRing *own_ring(struct ring_user *user, GstElement *element)
{
    SottoKeyRing *ring;

    GST_OBJECT_LOCK(element);
    if (!user->own)
        user->own = sotto_key_ring_new(user->suite, user->profile);
    ring = g_object_ref(user->own);
    GST_OBJECT_UNLOCK(element);
    return ring;
}

static void set_key(struct ring_user *user, GstElement *element, const gchar *secret)
{
    SottoKeyRing *ring;
    GError *error = NULL;

    if (!secret) {
        replace_ring(&user->own, element, NULL);
        return;
    }
    ring = own_ring(user, element);
    if (!sotto_key_ring_set_secret(ring, secret, &error))
        GST_ELEMENT_WARNING(element, RESOURCE, SETTINGS, ("%s", error->message), (NULL));
    g_clear_error(&error);
    g_object_unref(ring);
}

/* Suite or profile. It stays as it is if the own ring does not take it: what can be read is what is used. */
static void set_parameter(struct ring_user *user, GstElement *element, guint id, guint value)
{
    guint suite, profile;
    gboolean taken;

    GST_OBJECT_LOCK(element);
    suite = id == RING_PROP_SUITE ? value : user->suite;
    profile = id == RING_PROP_PROFILE ? value : user->profile;
    taken = !user->own || sotto_key_ring_set_parameters(user->own, suite, profile);
    if (taken) {
        user->suite = suite;
        user->profile = profile;
    }
    GST_OBJECT_UNLOCK(element);
    if (!taken)
        GST_ELEMENT_WARNING(element, RESOURCE, SETTINGS,
                            ("Suite and profile are settled once frames were sealed or opened."), (NULL));
}

gboolean ring_user_set_property(struct ring_user *user, GstElement *element, guint id, const GValue *value)
{
    switch (id) {
    case RING_PROP_KEY:
        set_key(user, element, g_value_get_string(value));
        return TRUE;
    case RING_PROP_KEY_RING:
        replace_ring(&user->given, element, g_value_dup_object(value));
        return TRUE;
    case RING_PROP_SUITE:
    case RING_PROP_PROFILE:
        set_parameter(user, element, id, (guint)g_value_get_enum(value));
        return TRUE;
    default:
        return FALSE;
    }
}

gboolean ring_user_get_property(struct ring_user *user, GstElement *element, guint id, GValue *value)
{
    switch (id) {
    case RING_PROP_KEY_RING:
        g_value_take_object(value, ring_user_get(user, element));
        return TRUE;
    case RING_PROP_SUITE:
    case RING_PROP_PROFILE:
        GST_OBJECT_LOCK(element);
        g_value_set_enum(value, (gint)(id == RING_PROP_SUITE ? user->suite : user->profile));
        GST_OBJECT_UNLOCK(element);
        return TRUE;
    default:
        return FALSE;
    }
}

void ring_user_set_context(struct ring_user *user, GstElement *element, GstContext *context)
{
    SottoKeyRing *ring = context ? sotto_key_ring_from_context(context) : NULL;

    if (ring)
        replace_ring(&user->shared, element, ring);
}

void ring_user_find(struct ring_user *user, GstElement *element)
{
    SottoKeyRing *ring = ring_user_get(user, element);

    /* whoever has one answers by setting the context: the pipeline, or the application's bus handler */
    if (!ring)
        gst_element_post_message(element, gst_message_new_need_context(GST_OBJECT(element), SOTTO_KEY_RING_CONTEXT));
    g_clear_object(&ring);
}

SottoKeyRing *ring_user_get(struct ring_user *user, GstElement *element)
{
    SottoKeyRing *ring;

    GST_OBJECT_LOCK(element);
    ring = user->given ? user->given : user->own ? user->own : user->shared;
    if (ring)
        g_object_ref(ring);
    GST_OBJECT_UNLOCK(element);
    return ring;
}

static gboolean first_key_wins(GSignalInvocationHint *hint, GValue *result, const GValue *one, gpointer data)
{
    (void)hint;
    (void)data;
    g_value_copy(one, result);
    return g_value_get_boxed(one) == NULL;
}

guint ring_user_install_request(GType type)
{
    return g_signal_new("request-key", type, G_SIGNAL_RUN_LAST, 0, first_key_wins, NULL, NULL, G_TYPE_BYTES, 1,
                        G_TYPE_UINT64);
}

/* The ring with the key, one of the element's own if it had none (transfer full). */
static SottoKeyRing *take_base_key(struct ring_user *user, GstElement *element, GBytes *base_key)
{
    SottoKeyRing *ring = ring_user_get(user, element);
    GError *error = NULL;
    gsize len;
    const guint8 *bytes = g_bytes_get_data(base_key, &len);

    if (!ring)
        ring = own_ring(user, element);
    if (!sotto_key_ring_set_base_key(ring, bytes, len, &error))
        GST_WARNING_OBJECT(element, "request-key: %s", error->message);
    g_clear_error(&error);
    return ring;
}

SottoKeyRing *ring_user_get_with_key(struct ring_user *user, GstElement *element,
                                     gboolean (*has_key)(SottoKeyRing *ring), guint request_key, guint64 kid)
{
    SottoKeyRing *ring = ring_user_get(user, element);
    gint64 now_us = g_get_monotonic_time();
    GBytes *base_key = NULL;

    if (ring && has_key(ring))
        return ring;
    if (user->asked_us != 0 && now_us - user->asked_us < ASK_INTERVAL_MS * G_TIME_SPAN_MILLISECOND)
        return ring;
    user->asked_us = now_us;
    g_signal_emit(element, request_key, 0, kid, &base_key);
    if (base_key) {
        g_clear_object(&ring);
        ring = take_base_key(user, element, base_key);
        g_bytes_unref(base_key);
    }
    return ring;
}
