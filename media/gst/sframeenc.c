/**
 * SECTION:element-sframeenc
 *
 * Encrypts encoded frames end to end (SFrame, RFC 9605), in place: the payload is overwritten, header and tag are
 * memories of their own before and behind it. There is no plaintext path: a frame that cannot be sealed is dropped.
 */
#include "sframeenc.h"

#include <string.h>

#include "codecs.h"
#include "frameflow.h"
#include "framemap.h"
#include "keyring_private.h"
#include "ringuser.h"

GST_DEBUG_CATEGORY_STATIC(sframeenc_debug);
#define GST_CAT_DEFAULT sframeenc_debug

enum {
    KIND_AUTO = -1,        /* microphone or camera, after the caps */
    DISPLAY_NAME_MAX = 64, /* bytes */
    AGE_MAX_MS = 500,
};

struct _SottoSframeEnc {
    GstBaseTransform parent;

    /* object lock */
    struct ring_user ring;
    gint kind;
    guint layer;
    guint padding;
    gchar *name;
    guint64 sealed, sealed_bytes, no_key, failed;
    guint64 kid;
    gboolean has_kid;

    /* streaming thread */
    struct frame_flow flow;
    const struct sotto_codec *codec;
    gint64 name_sent_us; /* monotonic; 0: never */
    gboolean reported;   /* that frames are dropped; until one is sealed again */
    gboolean soft_emitted;
    guint64 limit_kid; /* that soft_emitted is about */
};

G_DEFINE_TYPE(SottoSframeEnc, sotto_sframe_enc, GST_TYPE_BASE_TRANSFORM)

enum { PROP_KIND = RING_PROP_LAST, PROP_LAYER, PROP_PADDING, PROP_DISPLAY_NAME, PROP_STATS };
enum { SIGNAL_REQUEST_KEY, SIGNAL_SOFT_LIMIT, SIGNAL_HARD_LIMIT, SIGNALS };
static guint signals[SIGNALS];

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(SOTTO_CAPS_MEDIA));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(SOTTO_CAPS_SEALED));

#define SOTTO_TYPE_KIND (sotto_kind_get_type())
static GType sotto_kind_get_type(void)
{
    static gsize type;
    static const GEnumValue values[] = {
        {KIND_AUTO, "Microphone for audio, camera for video", "auto"},
        {SFRAME_MICROPHONE, "Microphone", "microphone"},
        {SFRAME_CAMERA, "Camera", "camera"},
        {SFRAME_SCREEN, "Screen", "screen"},
        {SFRAME_SCREEN_AUDIO, "Audio of the screen", "screen-audio"},
        {0, NULL, NULL},
    };
    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("SottoKind", values));
    return (GType)type;
}

/* --- Caps --------------------------------------------------------------------------------------------------------- */

static GstCaps *enc_transform_caps(GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
    (void)base;
    return direction == GST_PAD_SINK ? sotto_caps_seal(caps, filter) : sotto_caps_unseal(caps, filter);
}

static gboolean enc_set_caps(GstBaseTransform *base, GstCaps *in, GstCaps *out)
{
    SottoSframeEnc *self = SOTTO_SFRAME_ENC(base);

    (void)out;
    self->codec = sotto_codec_from_caps(in);
    return self->codec != NULL;
}

/* --- Sealing ------------------------------------------------------------------------------------------------------ */

/* When the frame was captured: now less its age on the pipeline's clock. The age is bounded, for time stamps may be
 * anything and receivers refuse time that runs back. */
static guint32 capture_ms(SottoSframeEnc *self, GstBuffer *frame)
{
    GstElement *element = GST_ELEMENT(self);
    gint64 now = (gint64)key_ring_now_ms(), age = 0;
    GstClock *clock = gst_element_get_clock(element);

    if (clock && GST_BUFFER_PTS_IS_VALID(frame)) {
        guint64 running =
            gst_segment_to_running_time(&GST_BASE_TRANSFORM(self)->segment, GST_FORMAT_TIME, GST_BUFFER_PTS(frame));
        if (GST_CLOCK_TIME_IS_VALID(running))
            age = ((gint64)gst_clock_get_time(clock) - (gint64)gst_element_get_base_time(element) - (gint64)running) /
                  (gint64)GST_MSECOND;
    }
    g_clear_pointer(&clock, gst_object_unref);
    return (guint32)(now - CLAMP(age, 0, AGE_MAX_MS));
}

/* The name goes with each key frame, and with audio once a second. */
static gsize name_tlv(SottoSframeEnc *self, GstBuffer *frame, guint8 *tlv)
{
    gint64 now_us = g_get_monotonic_time();
    gboolean due = sotto_codec_is_video(self->codec)
                       ? !GST_BUFFER_FLAG_IS_SET(frame, GST_BUFFER_FLAG_DELTA_UNIT)
                       : self->name_sent_us == 0 || now_us - self->name_sent_us >= G_TIME_SPAN_SECOND;
    gsize len = 0;

    GST_OBJECT_LOCK(self);
    if (due && self->name && self->name[0]) {
        gsize name_len = strlen(self->name);
        tlv[0] = SFRAME_TLV_NAME;
        tlv[1] = (guint8)name_len;
        memcpy(tlv + 2, self->name, name_len);
        len = 2 + name_len;
        self->name_sent_us = now_us;
    }
    GST_OBJECT_UNLOCK(self);
    return len;
}

/* A frame on its way to be sealed. */
struct job {
    struct sframe_seal_item *item; /* NULL: it cannot be, for this error */
    int error;
    GstMemory *head, *tail;
    GstMapInfo head_map, payload_map, tail_map;
    struct sframe_inner inner;
    guint8 tlv[2 + DISPLAY_NAME_MAX];
    struct sframe_sealed sealed;
};

static void emit_limits(SottoSframeEnc *self, const struct sframe_sealed *sealed)
{
    if (!sealed->soft_limit || (self->soft_emitted && self->limit_kid == sealed->kid))
        return;
    self->soft_emitted = TRUE;
    self->limit_kid = sealed->kid;
    g_signal_emit(self, signals[SIGNAL_SOFT_LIMIT], 0, (guint64)sealed->kid);
}

/* Once, until frames flow again: that and why frames are dropped. */
static void report(SottoSframeEnc *self, int error)
{
    if (self->reported)
        return;
    self->reported = TRUE;
    if (error == SFRAME_NO_KEY)
        GST_ELEMENT_WARNING(self, RESOURCE, SETTINGS, ("There is no key to encrypt with; nothing is sent"),
                            ("frames are dropped until a key is set"));
    else
        GST_ELEMENT_WARNING(self, STREAM, ENCODE, ("Frames cannot be encrypted; nothing is sent"),
                            ("%s", sframe_strerror(error)));
    if (error == SFRAME_KEY_EXHAUSTED)
        g_signal_emit(self, signals[SIGNAL_HARD_LIMIT], 0, self->kid);
}

/* As the properties have it, for frames that are sealed together. */
struct setting {
    guint context;
    guint padding;
};

static int read_setting(SottoSframeEnc *self, struct setting *setting)
{
    gint kind;
    guint layer;

    GST_OBJECT_LOCK(self);
    kind = self->kind;
    layer = self->layer;
    setting->padding = self->padding;
    GST_OBJECT_UNLOCK(self);
    if (kind == KIND_AUTO)
        kind = sotto_codec_is_video(self->codec) ? SFRAME_CAMERA : SFRAME_MICROPHONE;
    return sframe_context((unsigned)kind, layer, &setting->context);
}

static gboolean map_all(struct job *job, GstBuffer *frame)
{
    if (!frame_map(frame, &job->payload_map))
        return FALSE;
    if (gst_memory_map(job->head, &job->head_map, GST_MAP_WRITE)) {
        if (gst_memory_map(job->tail, &job->tail_map, GST_MAP_WRITE))
            return TRUE;
        gst_memory_unmap(job->head, &job->head_map);
    }
    gst_buffer_unmap(frame, &job->payload_map);
    return FALSE;
}

/* Lays the frame out for sealing: header, content and tag in memories of their own. FALSE if they cannot be mapped. */
static gboolean prepare_job(SottoSframeEnc *self, const struct setting *setting, GstBuffer *frame, struct job *job,
                            struct sframe_seal_item *item)
{
    gsize size = gst_buffer_get_size(frame), tlv_len = name_tlv(self, frame, job->tlv), padding;

    /* at least one byte, for an inner header that tells no padding is shorter; the TLVs and their length count, too */
    size += tlv_len ? tlv_len + 1 : 0;
    padding = setting->padding > 1 ? setting->padding - size % setting->padding : 0;
    job->inner = (struct sframe_inner){
        .codec = self->codec->id,
        .capture_ms = capture_ms(self, frame),
        .padding = padding,
        .tlv = tlv_len ? job->tlv : NULL,
        .tlv_len = tlv_len,
    };
    job->head = gst_allocator_alloc(NULL, SFRAME_HEAD_MAX, NULL);
    job->tail = gst_allocator_alloc(NULL, padding + SFRAME_TAG_MAX, NULL);
    if (!map_all(job, frame))
        return FALSE;
    *item = (struct sframe_seal_item){
        .inner = &job->inner,
        .head = job->head_map.data,
        .head_cap = job->head_map.size,
        .payload = job->payload_map.data,
        .payload_len = job->payload_map.size,
        .tail = job->tail_map.data,
        .tail_cap = job->tail_map.size,
    };
    job->item = item;
    return TRUE;
}

/* Puts header and tag around what was sealed. On any error the frame's content is not plaintext any more, or it must
 * not be used; the caller drops it. */
static int finish_job(struct job *job, GstBuffer *frame)
{
    if (job->item) {
        job->error = job->item->error;
        job->sealed = job->item->sealed;
        gst_memory_unmap(job->tail, &job->tail_map);
        gst_memory_unmap(job->head, &job->head_map);
        gst_buffer_unmap(frame, &job->payload_map);
    }
    if (job->error == SFRAME_OK) {
        /* the header was written at the end of its memory, the tag at the start of its own */
        gst_memory_resize(job->head, (gssize)(SFRAME_HEAD_MAX - job->sealed.head_len), job->sealed.head_len);
        gst_memory_resize(job->tail, 0, job->sealed.tail_len);
        gst_buffer_prepend_memory(frame, g_steal_pointer(&job->head));
        gst_buffer_append_memory(frame, g_steal_pointer(&job->tail));
    }
    g_clear_pointer(&job->head, gst_memory_unref);
    g_clear_pointer(&job->tail, gst_memory_unref);
    return job->error;
}

/* Counts what has become of a frame, and tells whom it concerns. */
static void account_for(SottoSframeEnc *self, const struct job *job, GstBuffer *frame)
{
    GST_OBJECT_LOCK(self);
    if (job->error == SFRAME_OK) {
        self->sealed++;
        self->sealed_bytes += gst_buffer_get_size(frame);
        self->kid = job->sealed.kid;
        self->has_kid = TRUE;
    } else if (job->error == SFRAME_NO_KEY) {
        self->no_key++;
    } else {
        self->failed++;
    }
    GST_OBJECT_UNLOCK(self);
    if (job->error) {
        report(self, job->error);
        return;
    }
    self->reported = FALSE;
    emit_limits(self, &job->sealed);
}

/* Seals frames in place, in their order. errors[i] says why frames[i] must be dropped. */
static void seal_frames(SottoSframeEnc *self, GstBuffer *const *frames, guint count, int *errors)
{
    struct job jobs[FRAMES_MAX];
    struct sframe_seal_item items[FRAMES_MAX];
    SottoKeyRing *ring = ring_user_get_with_key(&self->ring, GST_ELEMENT(self), sotto_key_ring_has_sender_key,
                                                signals[SIGNAL_REQUEST_KEY], 0);
    struct setting setting;
    guint ready = 0;
    int error = ring ? read_setting(self, &setting) : SFRAME_NO_KEY;

    for (guint i = 0; i < count; i++) {
        jobs[i].error = error;
        jobs[i].item = NULL;
        jobs[i].head = jobs[i].tail = NULL;
        if (error)
            continue;
        jobs[i].error = SFRAME_MEMORY;
        if (prepare_job(self, &setting, frames[i], &jobs[i], &items[ready]))
            ready++;
    }
    if (ready > 0)
        sotto_key_ring_seal(ring, setting.context, items, ready);
    for (guint i = 0; i < count; i++) {
        errors[i] = finish_job(&jobs[i], frames[i]);
        account_for(self, &jobs[i], frames[i]);
    }
    g_clear_object(&ring);
}

static GstFlowReturn enc_run(GstBaseTransform *base, GstBuffer **frames, guint count)
{
    int errors[FRAMES_MAX];

    seal_frames(SOTTO_SFRAME_ENC(base), frames, count, errors);
    for (guint i = 0; i < count; i++)
        if (errors[i])
            gst_clear_buffer(&frames[i]);
    return GST_FLOW_OK;
}

/* For whoever pulls; and without it the base class would pass frames on as they are. */
static GstFlowReturn enc_transform_ip(GstBaseTransform *base, GstBuffer *frame)
{
    int error;

    seal_frames(SOTTO_SFRAME_ENC(base), &frame, 1, &error);
    return error ? GST_BASE_TRANSFORM_FLOW_DROPPED : GST_FLOW_OK;
}

static GstFlowReturn enc_chain(GstPad *pad, GstObject *parent, GstBuffer *frame)
{
    (void)pad;
    return frame_flow_take(&SOTTO_SFRAME_ENC(parent)->flow, frame);
}

static GstFlowReturn enc_chain_list(GstPad *pad, GstObject *parent, GstBufferList *frames)
{
    (void)pad;
    return frame_flow_take_list(&SOTTO_SFRAME_ENC(parent)->flow, frames);
}

static gboolean enc_sink_event(GstBaseTransform *base, GstEvent *event)
{
    if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP)
        frame_flow_reset(&SOTTO_SFRAME_ENC(base)->flow);
    return GST_BASE_TRANSFORM_CLASS(sotto_sframe_enc_parent_class)->sink_event(base, event);
}

/* --- Element ------------------------------------------------------------------------------------------------------ */

static GstStructure *make_stats(SottoSframeEnc *self)
{
    GstStructure *stats;

    GST_OBJECT_LOCK(self);
    stats = gst_structure_new("sotto-sframeenc-stats", "sealed", G_TYPE_UINT64, self->sealed, "bytes", G_TYPE_UINT64,
                              self->sealed_bytes, "no-key", G_TYPE_UINT64, self->no_key, "failed", G_TYPE_UINT64,
                              self->failed, NULL);
    if (self->has_kid)
        gst_structure_set(stats, "kid", G_TYPE_UINT64, self->kid, NULL);
    GST_OBJECT_UNLOCK(self);
    return stats;
}

/* Valid UTF-8 of 64 bytes at most; longer names lose their end. */
static gchar *fit_name(const gchar *name)
{
    gchar *valid, *end;

    if (!name)
        return NULL;
    valid = g_utf8_make_valid(name, -1);
    if (strlen(valid) > DISPLAY_NAME_MAX) {
        end = g_utf8_find_prev_char(valid, valid + DISPLAY_NAME_MAX + 1);
        *end = '\0';
    }
    return valid;
}

static void enc_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    SottoSframeEnc *self = SOTTO_SFRAME_ENC(object);

    if (ring_user_set_property(&self->ring, GST_ELEMENT(self), id, value))
        return;
    GST_OBJECT_LOCK(self);
    switch (id) {
    case PROP_KIND:
        self->kind = g_value_get_enum(value);
        break;
    case PROP_LAYER:
        self->layer = g_value_get_uint(value);
        break;
    case PROP_PADDING:
        self->padding = g_value_get_uint(value);
        break;
    case PROP_DISPLAY_NAME:
        g_free(self->name);
        self->name = fit_name(g_value_get_string(value));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
    GST_OBJECT_UNLOCK(self);
}

static void enc_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    SottoSframeEnc *self = SOTTO_SFRAME_ENC(object);

    if (ring_user_get_property(&self->ring, GST_ELEMENT(self), id, value))
        return;
    if (id == PROP_STATS) {
        g_value_take_boxed(value, make_stats(self));
        return;
    }
    GST_OBJECT_LOCK(self);
    switch (id) {
    case PROP_KIND:
        g_value_set_enum(value, self->kind);
        break;
    case PROP_LAYER:
        g_value_set_uint(value, self->layer);
        break;
    case PROP_PADDING:
        g_value_set_uint(value, self->padding);
        break;
    case PROP_DISPLAY_NAME:
        g_value_set_string(value, self->name);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
    GST_OBJECT_UNLOCK(self);
}

static void enc_set_context(GstElement *element, GstContext *context)
{
    ring_user_set_context(&SOTTO_SFRAME_ENC(element)->ring, element, context);
    GST_ELEMENT_CLASS(sotto_sframe_enc_parent_class)->set_context(element, context);
}

static GstStateChangeReturn enc_change_state(GstElement *element, GstStateChange transition)
{
    SottoSframeEnc *self = SOTTO_SFRAME_ENC(element);

    if (transition == GST_STATE_CHANGE_NULL_TO_READY)
        ring_user_find(&self->ring, element);
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
        self->name_sent_us = self->ring.asked_us = 0;
        self->reported = FALSE;
        frame_flow_reset(&self->flow);
    }
    return GST_ELEMENT_CLASS(sotto_sframe_enc_parent_class)->change_state(element, transition);
}

static void enc_finalize(GObject *object)
{
    SottoSframeEnc *self = SOTTO_SFRAME_ENC(object);
    ring_user_clear(&self->ring);
    g_free(self->name);
    G_OBJECT_CLASS(sotto_sframe_enc_parent_class)->finalize(object);
}

static void install_properties(GObjectClass *klass)
{
    ring_user_install(klass);
    g_object_class_install_property(
        klass, PROP_KIND,
        g_param_spec_enum("kind", "Kind", "What the stream is; authenticated with every frame", SOTTO_TYPE_KIND,
                          KIND_AUTO, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
    g_object_class_install_property(
        klass, PROP_LAYER,
        g_param_spec_uint("layer", "Layer", "Simulcast layer; each has its own key, counter and replay window", 0,
                          SFRAME_LAYERS - 1, 0, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
    g_object_class_install_property(
        klass, PROP_PADDING,
        g_param_spec_uint("padding", "Padding",
                          "Frames are padded up to multiples of so many bytes, to hide their size; 0: not at all", 0,
                          SFRAME_PADDING_MAX, 0, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
    g_object_class_install_property(
        klass, PROP_DISPLAY_NAME,
        g_param_spec_string("display-name", "Display name",
                            "Sealed into each key frame, and into audio once a second: 64 bytes at most, for the "
                            "call's members to see and nobody else",
                            NULL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING));
    g_object_class_install_property(
        klass, PROP_STATS,
        g_param_spec_boxed("stats", "Statistics",
                           "Structure sotto-sframeenc-stats: sealed, bytes (with header and tag), no-key and failed "
                           "(frames dropped), kid (in use)",
                           GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
    gst_type_mark_as_plugin_api(SOTTO_TYPE_KIND, (GstPluginAPIFlags)0);
}

static void install_signals(GType type)
{
    /**
     * SottoSframeEnc::request-key:
     * @kid: 0; there is no key yet
     *
     * There is no key to seal with. The handler may set one, or return the base key (16 bytes or more) of a shared
     * secret. Emitted again after a second at the earliest.
     */
    signals[SIGNAL_REQUEST_KEY] = ring_user_install_request(type);
    /**
     * SottoSframeEnc::soft-limit:
     * @kid: whose key nears the frames it may seal; another should be set soon
     */
    signals[SIGNAL_SOFT_LIMIT] =
        g_signal_new("soft-limit", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT64);
    /**
     * SottoSframeEnc::hard-limit:
     * @kid: whose key may seal no more; frames are dropped until another is set
     */
    signals[SIGNAL_HARD_LIMIT] =
        g_signal_new("hard-limit", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT64);
}

static void sotto_sframe_enc_class_init(SottoSframeEncClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GstElementClass *element_class = GST_ELEMENT_CLASS(klass);
    GstBaseTransformClass *transform_class = GST_BASE_TRANSFORM_CLASS(klass);

    GST_DEBUG_CATEGORY_INIT(sframeenc_debug, "sframeenc", 0, "SFrame encryption");
    object_class->set_property = enc_set_property;
    object_class->get_property = enc_get_property;
    object_class->finalize = enc_finalize;
    element_class->set_context = enc_set_context;
    element_class->change_state = enc_change_state;
    transform_class->transform_caps = enc_transform_caps;
    transform_class->set_caps = enc_set_caps;
    transform_class->transform_ip = enc_transform_ip;
    transform_class->sink_event = enc_sink_event;
    transform_class->passthrough_on_same_caps = FALSE;

    install_properties(object_class);
    install_signals(G_TYPE_FROM_CLASS(klass));
    gst_element_class_add_static_pad_template(element_class, &sink_template);
    gst_element_class_add_static_pad_template(element_class, &src_template);
    gst_element_class_set_static_metadata(element_class, "SFrame encoder", "Filter/Network/Crypto",
                                          "Encrypts encoded frames end to end (RFC 9605): every byte of them, in place",
                                          "The Sotto authors");
}

static void sotto_sframe_enc_init(SottoSframeEnc *self)
{
    static const struct frame_work work = {.run = enc_run};
    GstBaseTransform *base = GST_BASE_TRANSFORM(self);

    frame_flow_init(&self->flow, base, &work);
    gst_pad_set_chain_function(GST_BASE_TRANSFORM_SINK_PAD(base), enc_chain);
    gst_pad_set_chain_list_function(GST_BASE_TRANSFORM_SINK_PAD(base), enc_chain_list);
    self->ring.suite = SFRAME_SUITE_DEFAULT;
    self->ring.profile = SFRAME_PROFILE_SOTTO;
    self->kind = KIND_AUTO;
    gst_base_transform_set_in_place(base, TRUE);
}
