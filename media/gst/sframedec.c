/**
 * SECTION:element-sframedec
 *
 * Decrypts and authenticates SFrame (RFC 9605) frames in place. Only what opened is passed on: a frame that is forged,
 * replayed, late, of another stream, under a key that is missing or wrong, or not encrypted at all is dropped and
 * counted. Each KID that cannot be opened is reported once, on the bus. Once there are keys a key frame is asked for
 * upstream, at growing intervals.
 *
 * In a call keyed by MLS a frame of an epoch that comes next is held, for half a second and within bounds, and opened
 * in order once the epoch's keys are in the ring. Frames that can be opened never wait for those that are held.
 *
 * What comes out carries its KID and counter (gstsotto/frame.h).
 *
 * Element messages: "sotto-sframe-sender" when a stream is heard for the first time or its name changes (fields as in
 * the senders of the stats property), and "sotto-sframe-refused" once per KID that cannot be opened (kid, reason,
 * plain: TRUE if it looks like media that were never encrypted).
 */
#include "sframedec.h"

#include "codecs.h"
#include "counts.h"
#include "frameflow.h"
#include "framemap.h"
#include "framemeta.h"
#include "keyring_private.h"
#include "keyunit.h"
#include "refusal.h"
#include "ringuser.h"

GST_DEBUG_CATEGORY_STATIC(sframedec_debug);
#define GST_CAT_DEFAULT sframedec_debug

enum { AUDIO_KINDS = 1 << SFRAME_MICROPHONE | 1 << SFRAME_SCREEN_AUDIO };
enum { VIDEO_KINDS = 1 << SFRAME_CAMERA | 1 << SFRAME_SCREEN };

struct _SottoSframeDec {
    GstBaseTransform parent;

    /* object lock */
    struct ring_user ring;
    struct counts counts;
    struct senders senders;

    /* atomic: this element has a use for new keys */
    gint wants_keys;

    /* stream lock */
    struct frame_flow flow;
    const struct sotto_codec *codec;
    SottoKeyRing *watched; /* whose new keys it hears of, and which holds its frames */
    gulong watch;
    struct held_owner held; /* the ring's */
    gboolean holding;       /* there may be frames held */
    struct key_unit key_unit;
    gboolean need_key_unit; /* frames were dropped for want of a key, and no key frame has been opened since */
    gboolean want_of_key;   /* and nothing else has, either */
    gboolean charged;       /* that was so since a stream was heard for the first time */
    gboolean soft_emitted;
};

G_DEFINE_TYPE(SottoSframeDec, sotto_sframe_dec, GST_TYPE_BASE_TRANSFORM)

enum { PROP_STATS = RING_PROP_LAST };
enum { SIGNAL_REQUEST_KEY, SIGNAL_SOFT_LIMIT, SIGNAL_REFUSED, SIGNALS };
static guint signals[SIGNALS];

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(SOTTO_CAPS_SEALED));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(SOTTO_CAPS_MEDIA));

/* --- Caps --------------------------------------------------------------------------------------------------------- */

static GstCaps *dec_transform_caps(GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
    (void)base;
    return direction == GST_PAD_SINK ? sotto_caps_unseal(caps, filter) : sotto_caps_seal(caps, filter);
}

static gboolean dec_set_caps(GstBaseTransform *base, GstCaps *in, GstCaps *out)
{
    SottoSframeDec *self = SOTTO_SFRAME_DEC(base);

    (void)out;
    self->codec = sotto_codec_from_caps(in);
    return self->codec != NULL;
}

/* --- What could not be opened ------------------------------------------------------------------------------------- */

/* fragment: the depayloader was not sure that it has the whole frame. */
static void refuse(SottoSframeDec *self, int error, const struct glimpse *glimpse, gboolean fragment)
{
    gboolean first = FALSE, known = FALSE;

    GST_OBJECT_LOCK(self);
    /* a part of a frame says nothing about keys */
    if (fragment && refusal_worth_a_report(error)) {
        self->counts.incomplete++;
    } else {
        counts_refused(&self->counts, error);
        if (error == SFRAME_AUTH)
            known = senders_failed(&self->senders, glimpse->kid);
        first = !known && refusal_worth_a_report(error) && senders_report(&self->senders, glimpse->kid);
    }
    GST_OBJECT_UNLOCK(self);
    GST_LOG_OBJECT(self, "dropped: %s", sframe_strerror(error));
    g_signal_emit(self, signals[SIGNAL_REFUSED], 0, glimpse->kid, error, fragment);
    if (first)
        refusal_report(GST_ELEMENT(self), error, glimpse);
    /* anybody can make such frames up: many cost one key frame, as one does */
    if (refusal_wants_key(error) && !fragment && !known && !self->charged && sotto_codec_is_video(self->codec)) {
        self->charged = self->need_key_unit = self->want_of_key = TRUE;
        /* without a key a key frame would be of no use either: it is asked for once there is one */
        if (error == SFRAME_AUTH)
            key_unit_request(&self->key_unit, GST_BASE_TRANSFORM_SINK_PAD(self));
    }
}

/* --- Opening ------------------------------------------------------------------------------------------------------ */

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
    if (news == SENDER_NEW)
        self->charged = FALSE;
    GST_OBJECT_UNLOCK(self);
    if (message)
        gst_element_post_message(GST_ELEMENT(self), gst_message_new_element(GST_OBJECT(self), message));

    frame_meta_set(frame, opened->kid, opened->ctr);
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

/* A frame on its way to be opened. */
struct job {
    struct glimpse glimpse;
    GstMapInfo map;
};

/* Maps frames and looks at each. One that cannot be mapped and those behind it are left out: *count becomes less. */
static GstFlowReturn map_frames(SottoSframeDec *self, const struct sframe_expect *expect, GstBuffer *const *frames,
                                guint *count, struct job *jobs, struct sframe_open_item *items)
{
    for (guint i = 0; i < *count; i++) {
        const GstMapInfo *map = &jobs[i].map;

        if (!frame_map(frames[i], &jobs[i].map)) {
            GST_ELEMENT_ERROR(self, RESOURCE, FAILED, (NULL), ("a frame cannot be mapped"));
            *count = i;
            return GST_FLOW_ERROR;
        }
        jobs[i].glimpse = refusal_glimpse(self->codec, map->data, map->size);
        items[i] = (struct sframe_open_item){
            .expect = expect, .frame = map->data, .frame_len = map->size, .error = SFRAME_NO_KEY};
    }
    return GST_FLOW_OK;
}

/* Once that there were too many forgeries: with the KID of the last that came. */
static void emit_limit(SottoSframeDec *self, SottoKeyRing *ring, const struct job *jobs,
                       const struct sframe_open_item *items, guint count)
{
    guint last = 0;

    if (self->soft_emitted || !sotto_key_ring_forgery_limit(ring))
        return;
    for (guint i = 0; i < count; i++)
        if (items[i].error == SFRAME_AUTH)
            last = i;
    self->soft_emitted = TRUE;
    g_signal_emit(self, signals[SIGNAL_SOFT_LIMIT], 0, jobs[last].glimpse.kid);
}

/* The frame becomes what was opened of it, or is refused. */
static gboolean finish_job(SottoSframeDec *self, SottoKeyRing *ring, struct job *job,
                           const struct sframe_open_item *item, GstBuffer *frame)
{
    gboolean fragment = GST_BUFFER_FLAG_IS_SET(frame, GST_BUFFER_FLAG_CORRUPTED);
    gssize offset = 0;

    if (item->error == SFRAME_OK) {
        offset = (gssize)(item->opened.payload - job->map.data);
        accept(self, frame, &item->opened);
    }
    gst_buffer_unmap(frame, &job->map);
    if (item->error) {
        refuse(self, item->error, &job->glimpse, fragment && ring && sotto_key_ring_has_receive_key(ring));
        return FALSE;
    }
    gst_buffer_resize(frame, offset, (gssize)item->opened.payload_len);
    return TRUE;
}

/* Opens frames in place, in their order: opened[i] says whether frames[i] goes on. */
static GstFlowReturn open_frames(SottoSframeDec *self, GstBuffer *const *frames, guint count, gboolean *opened)
{
    const struct sframe_expect expect = {
        .kinds = sotto_codec_is_video(self->codec) ? VIDEO_KINDS : AUDIO_KINDS,
        .codec = self->codec->id,
    };
    struct job jobs[FRAMES_MAX];
    struct sframe_open_item items[FRAMES_MAX];
    guint mapped = count;
    GstFlowReturn flow = map_frames(self, &expect, frames, &mapped, jobs, items);
    SottoKeyRing *ring = NULL;

    if (mapped > 0)
        ring = ring_user_get_with_key(&self->ring, GST_ELEMENT(self), sotto_key_ring_has_receive_key,
                                      signals[SIGNAL_REQUEST_KEY], jobs[0].glimpse.kid);
    if (ring) {
        sotto_key_ring_open(ring, items, mapped);
        emit_limit(self, ring, jobs, items, mapped);
    }
    for (guint i = 0; i < count; i++)
        opened[i] = i < mapped && finish_job(self, ring, &jobs[i], &items[i], frames[i]);
    g_clear_object(&ring);
    return flow;
}

/* Those that are refused are let go and become NULL. */
static GstFlowReturn dec_run(GstBaseTransform *base, GstBuffer **frames, guint count)
{
    SottoSframeDec *self = SOTTO_SFRAME_DEC(base);
    gboolean opened[FRAMES_MAX];
    GstFlowReturn flow = open_frames(self, frames, count, opened);

    for (guint i = 0; i < count; i++)
        if (!opened[i])
            gst_clear_buffer(&frames[i]);
    g_atomic_int_set(&self->wants_keys, self->holding || self->need_key_unit);
    return flow;
}

/* For whoever pulls; and without it the base class would pass frames on as they are. */
static GstFlowReturn dec_transform_ip(GstBaseTransform *base, GstBuffer *frame)
{
    gboolean opened;
    GstFlowReturn flow = open_frames(SOTTO_SFRAME_DEC(base), &frame, 1, &opened);

    return flow == GST_FLOW_OK && !opened ? GST_BASE_TRANSFORM_FLOW_DROPPED : flow;
}

/* --- Frames of epochs to come ------------------------------------------------------------------------------------- */

/* Frames that were held in vain, or found no room. */
static void lose(SottoSframeDec *self, guint64 frames, guint64 kid, guint64 *count)
{
    const struct glimpse glimpse = {.kid = kid};

    GST_OBJECT_LOCK(self);
    *count += frames;
    GST_OBJECT_UNLOCK(self);
    for (guint64 i = 0; i < frames; i++)
        refuse(self, SFRAME_NO_KEY, &glimpse, FALSE);
    self->flow.gap = TRUE;
}

/* The next frame that was held and has keys now. */
static GstBuffer *next_held(SottoSframeDec *self)
{
    struct held_owner news;
    GstBuffer *frame = sotto_key_ring_take_held(self->watched, &self->held, &news);

    self->holding = news.frames > 0;
    if (news.expired > 0)
        lose(self, news.expired, news.expired_newest, &self->counts.expired);
    return frame;
}

/* Opens what was held and can be opened now, and pushes it. With the stream lock. */
static GstFlowReturn push_held(SottoSframeDec *self)
{
    GstBuffer *frames[FRAMES_MAX], *frame;
    GstFlowReturn flow = GST_FLOW_OK;
    guint count;

    do {
        for (count = 0; count < FRAMES_MAX && self->holding && (frame = next_held(self)); count++)
            frames[count] = gst_buffer_make_writable(frame);
        if (count > 0)
            flow = frame_flow_run(&self->flow, frames, count);
    } while (count == FRAMES_MAX && flow == GST_FLOW_OK);
    return flow;
}

/* New keys may come while no frame does: what they open, and the key frame that they make worth asking for. */
static void use_new_keys(GstElement *element, gpointer user)
{
    SottoSframeDec *self = SOTTO_SFRAME_DEC(element);
    GstPad *sink = GST_BASE_TRANSFORM_SINK_PAD(self);

    (void)user;
    GST_PAD_STREAM_LOCK(sink);
    if (self->watched) {
        push_held(self);
        if (self->need_key_unit && self->want_of_key) {
            key_unit_hasten(&self->key_unit);
            key_unit_request(&self->key_unit, sink);
        }
    }
    GST_PAD_STREAM_UNLOCK(sink);
}

/* In the thread of whoever added the keys, which must not wait for what stands downstream. */
static void on_keys_added(SottoKeyRing *ring, SottoSframeDec *self)
{
    (void)ring;
    if (g_atomic_int_get(&self->wants_keys))
        gst_element_call_async(GST_ELEMENT(self), use_new_keys, NULL, NULL);
}

/* Hears of the ring's new keys from here on; NULL for none. Frames held by the ring before are gone. */
static void watch(SottoSframeDec *self, SottoKeyRing *ring)
{
    if (self->watched == ring)
        return;
    if (self->watched) {
        g_signal_handler_disconnect(self->watched, self->watch);
        sotto_key_ring_drop_held(self->watched, &self->held);
    }
    self->holding = FALSE;
    g_set_object(&self->watched, ring);
    if (ring)
        self->watch = g_signal_connect_object(ring, "keys-added", G_CALLBACK(on_keys_added), self, (GConnectFlags)0);
}

/* Keeps the frame if it came before its epoch's keys (*frame is NULL then), or lets it go for want of room. The run of
 * frames that came before it ends with it. */
static GstFlowReturn hold(SottoSframeDec *self, GstBuffer **frame)
{
    gboolean discont = GST_BUFFER_IS_DISCONT(*frame);
    struct sframe_header header;
    guint8 head[SFRAME_HEADER_MAX];
    gsize len = gst_buffer_extract(*frame, 0, head, sizeof(head));
    enum ring_hold held;
    GstFlowReturn flow;

    if (!self->watched || sframe_header_read(head, len, &header) != SFRAME_OK)
        return GST_FLOW_OK;
    /* before it is held, so that keys which come right after are not missed */
    g_atomic_int_set(&self->wants_keys, TRUE);
    held = sotto_key_ring_hold(self->watched, &self->held, header.kid, *frame);
    if (held == RING_HOLD_NOT)
        return GST_FLOW_OK;
    if (held == RING_HOLD_HELD) {
        *frame = NULL;
        self->holding = TRUE;
        GST_OBJECT_LOCK(self);
        self->counts.held++;
        GST_OBJECT_UNLOCK(self);
    }
    gst_clear_buffer(frame);
    flow = frame_flow_finish(&self->flow);
    if (held == RING_HOLD_FULL)
        lose(self, 1, header.kid, &self->counts.overflowed);
    self->flow.gap = self->flow.gap || discont;
    return flow;
}

static GstFlowReturn dec_admit(GstBaseTransform *base, GstBuffer **frame)
{
    SottoSframeDec *self = SOTTO_SFRAME_DEC(base);
    GstFlowReturn flow = GST_FLOW_OK;

    if (self->flow.count == 0) {
        SottoKeyRing *ring = ring_user_get(&self->ring, GST_ELEMENT(self));

        watch(self, ring);
        g_clear_object(&ring);
        flow = push_held(self);
    }
    return flow == GST_FLOW_OK ? hold(self, frame) : flow;
}

static GstFlowReturn dec_chain(GstPad *pad, GstObject *parent, GstBuffer *frame)
{
    (void)pad;
    return frame_flow_take(&SOTTO_SFRAME_DEC(parent)->flow, frame);
}

static GstFlowReturn dec_chain_list(GstPad *pad, GstObject *parent, GstBufferList *frames)
{
    (void)pad;
    return frame_flow_take_list(&SOTTO_SFRAME_DEC(parent)->flow, frames);
}

/* What was held belongs to the stream that ends here. */
static gboolean dec_sink_event(GstBaseTransform *base, GstEvent *event)
{
    SottoSframeDec *self = SOTTO_SFRAME_DEC(base);

    if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) {
        watch(self, NULL);
        frame_flow_reset(&self->flow);
    }
    return GST_BASE_TRANSFORM_CLASS(sotto_sframe_dec_parent_class)->sink_event(base, event);
}

static gboolean dec_stop(GstBaseTransform *base)
{
    /* use_new_keys() may be running */
    GST_PAD_STREAM_LOCK(base->sinkpad);
    watch(SOTTO_SFRAME_DEC(base), NULL);
    GST_PAD_STREAM_UNLOCK(base->sinkpad);
    return TRUE;
}

/* --- Element ------------------------------------------------------------------------------------------------------ */

static GstStructure *make_stats(SottoSframeDec *self)
{
    GstStructure *stats;

    GST_OBJECT_LOCK(self);
    stats = counts_structure(&self->counts, &self->senders);
    GST_OBJECT_UNLOCK(self);
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
        self->need_key_unit = self->want_of_key = self->charged = self->soft_emitted = FALSE;
        self->ring.asked_us = 0;
        self->key_unit = (struct key_unit){0};
        frame_flow_reset(&self->flow);
    }
    return GST_ELEMENT_CLASS(sotto_sframe_dec_parent_class)->change_state(element, transition);
}

static void dec_finalize(GObject *object)
{
    ring_user_clear(&SOTTO_SFRAME_DEC(object)->ring);
    G_OBJECT_CLASS(sotto_sframe_dec_parent_class)->finalize(object);
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
    transform_class->sink_event = dec_sink_event;
    transform_class->stop = dec_stop;
    transform_class->passthrough_on_same_caps = FALSE;

    ring_user_install(object_class);
    g_object_class_install_property(
        object_class, PROP_STATS,
        g_param_spec_boxed("stats", "Statistics",
                           "Structure sotto-sframedec-stats, counts of frames: opened, failed (did not authenticate), "
                           "replayed, late, no-key, refused (malformed, or another stream or codec), incomplete "
                           "(packets lost), held (for the keys of their epoch), expired (of those, no-key too), "
                           "overflowed (no room to hold them, no-key too), and senders, an array of structures: kid, "
                           "sender, kind, layer, codec, "
                           "name, opened, failed",
                           GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
    /**
     * SottoSframeDec::request-key:
     * @kid: the KID of the frame that came, 0 if it has none
     *
     * There is no key to open anything with. The handler may set one, or return the base key (16 bytes or more) of a
     * shared secret. Emitted again after a second at the earliest.
     */
    signals[SIGNAL_REQUEST_KEY] = ring_user_install_request(G_TYPE_FROM_CLASS(klass));
    /**
     * SottoSframeDec::soft-limit:
     * @kid: the KID of the frame that came
     *
     * So many frames did not authenticate that the suite's limit is reached: new keys should be agreed on. The keys
     * stay good; there is no hard limit to receiving, or forgeries could end it.
     */
    signals[SIGNAL_SOFT_LIMIT] = g_signal_new("soft-limit", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                              NULL, G_TYPE_NONE, 1, G_TYPE_UINT64);
    /**
     * SottoSframeDec::refused:
     * @kid: the KID of the frame, 0 if it has none
     * @error: why, a value of enum sframe_error
     * @fragment: it may be a part of a frame only
     *
     * A frame was dropped: every one that comes in comes out or is told of here, later where it was held. Emitted in
     * the streaming thread.
     */
    signals[SIGNAL_REFUSED] = g_signal_new("refused", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                           G_TYPE_NONE, 3, G_TYPE_UINT64, G_TYPE_INT, G_TYPE_BOOLEAN);
    gst_element_class_add_static_pad_template(element_class, &sink_template);
    gst_element_class_add_static_pad_template(element_class, &src_template);
    gst_element_class_set_static_metadata(element_class, "SFrame decoder", "Filter/Network/Crypto",
                                          "Decrypts and authenticates end-to-end encrypted frames (RFC 9605) in place, "
                                          "and passes nothing else",
                                          "The Sotto authors");
}

static void sotto_sframe_dec_init(SottoSframeDec *self)
{
    static const struct frame_work work = {.admit = dec_admit, .run = dec_run};
    GstBaseTransform *base = GST_BASE_TRANSFORM(self);

    frame_flow_init(&self->flow, base, &work);
    gst_pad_set_chain_function(GST_BASE_TRANSFORM_SINK_PAD(base), dec_chain);
    gst_pad_set_chain_list_function(GST_BASE_TRANSFORM_SINK_PAD(base), dec_chain_list);
    self->ring.suite = SFRAME_SUITE_DEFAULT;
    self->ring.profile = SFRAME_PROFILE_SOTTO;
    gst_base_transform_set_in_place(base, TRUE);
}
