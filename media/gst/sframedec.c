/**
 * SECTION:element-sframedec
 *
 * Decrypts and authenticates SFrame (RFC 9605) frames in place. Only what opened is passed on: a frame that is forged,
 * replayed, late, of another stream, under a key that is missing or wrong, or not encrypted at all is dropped and
 * counted. Each KID that cannot be opened is reported once, on the bus; a key frame is then asked for upstream, at
 * growing intervals.
 *
 * Element messages: "sotto-sframe-sender" when a stream is heard for the first time or its name changes (fields as in
 * the senders of the stats property), and "sotto-sframe-refused" once per KID that cannot be opened (kid, reason,
 * plain: TRUE if it looks like media that were never encrypted).
 */
#include "sframedec.h"

#include "codecs.h"
#include "keyring_private.h"
#include "keyunit.h"
#include "ringuser.h"
#include "senders.h"

GST_DEBUG_CATEGORY_STATIC(sframedec_debug);
#define GST_CAT_DEFAULT sframedec_debug

enum { ASK_INTERVAL_MS = 1000, AUDIO_KINDS = 1 << SFRAME_MICROPHONE | 1 << SFRAME_SCREEN_AUDIO };
enum { VIDEO_KINDS = 1 << SFRAME_CAMERA | 1 << SFRAME_SCREEN };

struct counts {
    guint64 opened, failed, replayed, late, no_key, refused, incomplete;
};

struct _SottoSframeDec {
    GstBaseTransform parent;

    /* object lock */
    struct ring_user ring;
    struct counts counts;
    struct senders senders;

    /* streaming thread */
    const struct sotto_codec *codec;
    struct key_unit key_unit;
    gboolean need_key_unit; /* frames were dropped for want of a key, and no key frame has been opened since */
    gboolean want_of_key;   /* and nothing else has, either */
    gint64 asked_us;        /* request-key was emitted */
    gboolean soft_emitted;
};

G_DEFINE_TYPE(SottoSframeDec, sotto_sframe_dec, GST_TYPE_BASE_TRANSFORM)

enum { PROP_STATS = RING_PROP_LAST };
enum { SIGNAL_REQUEST_KEY, SIGNAL_SOFT_LIMIT, SIGNALS };
static guint signals[SIGNALS];

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(SOTTO_CAPS_SEALED));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(SOTTO_CAPS_MEDIA));

/* --- Caps --------------------------------------------------------------------------------------------------------- */

static GstCaps *dec_transform_caps(GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
    GstCaps *out = direction == GST_PAD_SINK ? sotto_caps_unseal(caps) : sotto_caps_seal(caps);

    (void)base;
    if (filter) {
        GstCaps *both = gst_caps_intersect_full(filter, out, GST_CAPS_INTERSECT_FIRST);
        gst_caps_unref(out);
        out = both;
    }
    return out;
}

static gboolean dec_set_caps(GstBaseTransform *base, GstCaps *in, GstCaps *out)
{
    SottoSframeDec *self = SOTTO_SFRAME_DEC(base);

    (void)out;
    self->codec = sotto_codec_from_caps(in);
    return self->codec != NULL;
}

/* --- What could not be opened ------------------------------------------------------------------------------------- */

static void count_error(struct counts *counts, int error)
{
    switch (error) {
    case SFRAME_AUTH:
        counts->failed++;
        break;
    case SFRAME_REPLAY:
        counts->replayed++;
        break;
    case SFRAME_LATE:
    case SFRAME_TIME_BACK:
        counts->late++;
        break;
    case SFRAME_NO_KEY:
    case SFRAME_QUOTA:
        counts->no_key++;
        break;
    default:
        counts->refused++;
    }
}

static gboolean wants_key(int error)
{
    return error == SFRAME_AUTH || error == SFRAME_NO_KEY || error == SFRAME_QUOTA;
}

/* What there is to know of a frame before opening overwrites it. */
struct glimpse {
    guint64 kid; /* 0 if there is no header */
    gboolean plain;
};

static struct glimpse look_at(const SottoSframeDec *self, const guint8 *frame, gsize len)
{
    struct sframe_header header;
    struct glimpse glimpse = {.plain = sotto_codec_looks_plain(self->codec, frame, len)};

    if (sframe_header_read(frame, len, &header) == SFRAME_OK)
        glimpse.kid = header.kid;
    return glimpse;
}

/* Once per KID: a warning that people understand, and an element message for programs. */
static void report(SottoSframeDec *self, int error, const struct glimpse *glimpse)
{
    GstStructure *s =
        gst_structure_new("sotto-sframe-refused", "kid", G_TYPE_UINT64, glimpse->kid, "reason", G_TYPE_STRING,
                          sframe_strerror(error), "plain", G_TYPE_BOOLEAN, glimpse->plain, NULL);

    gst_element_post_message(GST_ELEMENT(self), gst_message_new_element(GST_OBJECT(self), s));
    if (glimpse->plain)
        GST_ELEMENT_WARNING(self, STREAM, DECRYPT,
                            ("Media that is not encrypted arrives. It is refused: nothing of it is shown"),
                            ("%s", sframe_strerror(error)));
    else if (error == SFRAME_NO_KEY)
        GST_ELEMENT_WARNING(
            self, STREAM, DECRYPT_NOKEY,
            ("There is no key for frames of KID %" G_GINT64_MODIFIER "x. Nothing of them is shown", glimpse->kid),
            ("%s", sframe_strerror(error)));
    else if (wants_key(error))
        GST_ELEMENT_WARNING(self, STREAM, DECRYPT,
                            ("The key does not fit frames of KID %" G_GINT64_MODIFIER
                             "x: the sender uses another secret, or they are forged. Nothing of them is shown",
                             glimpse->kid),
                            ("%s", sframe_strerror(error)));
    else
        GST_ELEMENT_WARNING(
            self, STREAM, DECRYPT,
            ("Frames of KID %" G_GINT64_MODIFIER "x are refused: %s", glimpse->kid, sframe_strerror(error)), (NULL));
}

/* A replayed or late frame is everyday life on a network; everything else is worth a word. */
static gboolean worth_a_report(int error)
{
    return error != SFRAME_REPLAY && error != SFRAME_LATE && error != SFRAME_TIME_BACK && error != SFRAME_JUMP;
}

/* fragment: the depayloader was not sure that it has the whole frame. */
static void refuse(SottoSframeDec *self, int error, const struct glimpse *glimpse, gboolean fragment)
{
    gboolean first = FALSE, known = FALSE;

    GST_OBJECT_LOCK(self);
    /* a part of a frame says nothing about keys */
    if (fragment && worth_a_report(error)) {
        self->counts.incomplete++;
    } else {
        count_error(&self->counts, error);
        if (error == SFRAME_AUTH)
            known = senders_failed(&self->senders, glimpse->kid);
        first = !known && worth_a_report(error) && senders_report(&self->senders, glimpse->kid);
    }
    GST_OBJECT_UNLOCK(self);
    GST_LOG_OBJECT(self, "dropped: %s", sframe_strerror(error));
    if (first)
        report(self, error, glimpse);
    if (wants_key(error) && !fragment && !known && sotto_codec_is_video(self->codec)) {
        self->need_key_unit = self->want_of_key = TRUE;
        key_unit_request(&self->key_unit, GST_BASE_TRANSFORM_SINK_PAD(self));
    }
}

/* --- Opening ------------------------------------------------------------------------------------------------------ */

static SottoKeyRing *ring_for(SottoSframeDec *self, guint64 kid)
{
    SottoKeyRing *ring = ring_user_get(&self->ring, GST_ELEMENT(self));
    gint64 now_us = g_get_monotonic_time();
    GBytes *base_key = NULL;

    if (ring && sotto_key_ring_has_receive_key(ring))
        return ring;
    if (self->asked_us != 0 && now_us - self->asked_us < ASK_INTERVAL_MS * G_TIME_SPAN_MILLISECOND)
        return ring;
    self->asked_us = now_us;
    g_signal_emit(self, signals[SIGNAL_REQUEST_KEY], 0, kid, &base_key);
    if (base_key) {
        g_clear_object(&ring);
        ring = ring_user_take_base_key(&self->ring, GST_ELEMENT(self), base_key);
        g_bytes_unref(base_key);
    }
    return ring;
}

/* The frame is good: what the caller may know of it, and what is new about its sender. */
static void accept(SottoSframeDec *self, GstBuffer *frame, const struct sframe_opened *opened)
{
    gboolean key = sotto_codec_is_key(self->codec, opened->payload, opened->payload_len);
    const struct sender *sender;
    enum sender_news news;
    GstStructure *message = NULL;

    GST_OBJECT_LOCK(self);
    self->counts.opened++;
    news = senders_opened(&self->senders, opened, &sender);
    if (news != SENDER_KNOWN)
        message = senders_structure(sender);
    GST_OBJECT_UNLOCK(self);
    if (message)
        gst_element_post_message(GST_ELEMENT(self), gst_message_new_element(GST_OBJECT(self), message));

    /* what the frame is, its sender has authenticated; what the packets said of it, nobody has */
    GST_BUFFER_FLAG_UNSET(frame, GST_BUFFER_FLAG_CORRUPTED | GST_BUFFER_FLAG_DELTA_UNIT);
    if (!key)
        GST_BUFFER_FLAG_SET(frame, GST_BUFFER_FLAG_DELTA_UNIT);
    if (key) {
        self->need_key_unit = FALSE;
        key_unit_reset(&self->key_unit);
    } else if (self->need_key_unit) {
        /* now a key frame is of use: however long it was asked for in vain, it need not be waited for */
        if (self->want_of_key)
            key_unit_hasten(&self->key_unit);
        key_unit_request(&self->key_unit, GST_BASE_TRANSFORM_SINK_PAD(self));
    }
    self->want_of_key = FALSE;
}

static GstFlowReturn dec_transform_ip(GstBaseTransform *base, GstBuffer *frame)
{
    SottoSframeDec *self = SOTTO_SFRAME_DEC(base);
    gboolean fragment = GST_BUFFER_FLAG_IS_SET(frame, GST_BUFFER_FLAG_CORRUPTED);
    const struct sframe_expect expect = {
        .kinds = sotto_codec_is_video(self->codec) ? VIDEO_KINDS : AUDIO_KINDS,
        .codec = self->codec->id,
    };
    struct sframe_opened opened;
    struct glimpse glimpse;
    SottoKeyRing *ring;
    GstMapInfo map;
    gsize offset = 0;
    int error = SFRAME_NO_KEY;

    if (!gst_buffer_map(frame, &map, GST_MAP_READWRITE)) {
        GST_ELEMENT_ERROR(self, RESOURCE, FAILED, (NULL), ("a frame cannot be mapped"));
        return GST_FLOW_ERROR;
    }
    glimpse = look_at(self, map.data, map.size);
    ring = ring_for(self, glimpse.kid);
    if (ring)
        error = sotto_key_ring_open(ring, &expect, map.data, map.size, &opened);
    if (error == SFRAME_OK) {
        offset = (gsize)(opened.payload - map.data);
        accept(self, frame, &opened);
    }
    gst_buffer_unmap(frame, &map);
    fragment = fragment && ring && sotto_key_ring_has_receive_key(ring);
    if (ring && !self->soft_emitted && sotto_key_ring_forgery_limit(ring)) {
        self->soft_emitted = TRUE;
        g_signal_emit(self, signals[SIGNAL_SOFT_LIMIT], 0, glimpse.kid);
    }
    g_clear_object(&ring);

    if (error) {
        refuse(self, error, &glimpse, fragment);
        return GST_BASE_TRANSFORM_FLOW_DROPPED; /* the base class flags what comes next as discontinuous */
    }
    gst_buffer_resize(frame, (gssize)offset, opened.payload_len);
    return GST_FLOW_OK;
}

/* --- Element ------------------------------------------------------------------------------------------------------ */

static GstStructure *make_stats(SottoSframeDec *self)
{
    GValue senders = G_VALUE_INIT;
    GstStructure *stats;

    g_value_init(&senders, GST_TYPE_ARRAY);
    GST_OBJECT_LOCK(self);
    for (guint i = 0; i < self->senders.count; i++) {
        GValue one = G_VALUE_INIT;
        g_value_init(&one, GST_TYPE_STRUCTURE);
        g_value_take_boxed(&one, senders_structure(&self->senders.list[i]));
        gst_value_array_append_and_take_value(&senders, &one);
    }
    stats = gst_structure_new("sotto-sframedec-stats", "opened", G_TYPE_UINT64, self->counts.opened, "failed",
                              G_TYPE_UINT64, self->counts.failed, "replayed", G_TYPE_UINT64, self->counts.replayed,
                              "late", G_TYPE_UINT64, self->counts.late, "no-key", G_TYPE_UINT64, self->counts.no_key,
                              "refused", G_TYPE_UINT64, self->counts.refused, "incomplete", G_TYPE_UINT64,
                              self->counts.incomplete, NULL);
    GST_OBJECT_UNLOCK(self);
    gst_structure_take_value(stats, "senders", &senders);
    return stats;
}

static void dec_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    if (!ring_user_set_property(&SOTTO_SFRAME_DEC(object)->ring, GST_ELEMENT(object), id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void dec_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    SottoSframeDec *self = SOTTO_SFRAME_DEC(object);

    if (ring_user_get_property(&self->ring, GST_ELEMENT(self), id, value))
        return;
    if (id == PROP_STATS)
        g_value_take_boxed(value, make_stats(self));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void dec_set_context(GstElement *element, GstContext *context)
{
    ring_user_set_context(&SOTTO_SFRAME_DEC(element)->ring, element, context);
    GST_ELEMENT_CLASS(sotto_sframe_dec_parent_class)->set_context(element, context);
}

static GstStateChangeReturn dec_change_state(GstElement *element, GstStateChange transition)
{
    SottoSframeDec *self = SOTTO_SFRAME_DEC(element);

    if (transition == GST_STATE_CHANGE_NULL_TO_READY)
        ring_user_find(&self->ring, element);
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
        self->need_key_unit = self->want_of_key = self->soft_emitted = FALSE;
        self->asked_us = 0;
        self->key_unit = (struct key_unit){0};
    }
    return GST_ELEMENT_CLASS(sotto_sframe_dec_parent_class)->change_state(element, transition);
}

static void dec_finalize(GObject *object)
{
    ring_user_clear(&SOTTO_SFRAME_DEC(object)->ring);
    G_OBJECT_CLASS(sotto_sframe_dec_parent_class)->finalize(object);
}

static gboolean first_key_wins(GSignalInvocationHint *hint, GValue *result, const GValue *one, gpointer data)
{
    (void)hint;
    (void)data;
    g_value_copy(one, result);
    return g_value_get_boxed(one) == NULL;
}

static void sotto_sframe_dec_class_init(SottoSframeDecClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GstElementClass *element_class = GST_ELEMENT_CLASS(klass);
    GstBaseTransformClass *transform_class = GST_BASE_TRANSFORM_CLASS(klass);

    GST_DEBUG_CATEGORY_INIT(sframedec_debug, "sframedec", 0, "SFrame decryption");
    object_class->set_property = dec_set_property;
    object_class->get_property = dec_get_property;
    object_class->finalize = dec_finalize;
    element_class->set_context = dec_set_context;
    element_class->change_state = dec_change_state;
    transform_class->transform_caps = dec_transform_caps;
    transform_class->set_caps = dec_set_caps;
    transform_class->transform_ip = dec_transform_ip;
    transform_class->passthrough_on_same_caps = FALSE;

    ring_user_install(object_class);
    g_object_class_install_property(
        object_class, PROP_STATS,
        g_param_spec_boxed("stats", "Statistics",
                           "Structure sotto-sframedec-stats, counts of frames: opened, failed (did not authenticate), "
                           "replayed, late, no-key, refused (malformed, or another stream or codec), incomplete "
                           "(packets lost), and senders, an array of structures: kid, sender, kind, layer, codec, "
                           "name, opened, failed",
                           GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
    /**
     * SottoSframeDec::request-key:
     * @kid: the KID of the frame that came, 0 if it has none
     *
     * There is no key to open anything with. The handler may set one, or return the base key (16 bytes or more) of a
     * shared secret. Emitted again after a second at the earliest.
     */
    signals[SIGNAL_REQUEST_KEY] = g_signal_new("request-key", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0,
                                               first_key_wins, NULL, NULL, G_TYPE_BYTES, 1, G_TYPE_UINT64);
    /**
     * SottoSframeDec::soft-limit:
     * @kid: the KID of the frame that came
     *
     * So many frames did not authenticate that the suite's limit is reached: new keys should be agreed on. The keys
     * stay good; there is no hard limit to receiving, or forgeries could end it.
     */
    signals[SIGNAL_SOFT_LIMIT] = g_signal_new("soft-limit", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                              NULL, G_TYPE_NONE, 1, G_TYPE_UINT64);
    gst_element_class_add_static_pad_template(element_class, &sink_template);
    gst_element_class_add_static_pad_template(element_class, &src_template);
    gst_element_class_set_static_metadata(element_class, "SFrame decoder", "Filter/Network/Crypto",
                                          "Decrypts and authenticates end-to-end encrypted frames (RFC 9605) in place, "
                                          "and passes nothing else",
                                          "The Sotto authors");
}

static void sotto_sframe_dec_init(SottoSframeDec *self)
{
    self->ring.suite = SFRAME_SUITE_DEFAULT;
    self->ring.profile = SFRAME_PROFILE_SOTTO;
    gst_base_transform_set_in_place(GST_BASE_TRANSFORM(self), TRUE);
}
