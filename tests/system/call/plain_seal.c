#include "plain_seal.h"

#include <gst/base/gstbasetransform.h>
#include <gst/gst.h>

struct plain_seal {
    GstBaseTransform parent;
    char *display_name;
};

struct plain_seal_class {
    GstBaseTransformClass parent;
};

typedef struct plain_seal PlainSeal;
typedef struct plain_seal_class PlainSealClass;

static GType plain_seal_get_type(void);
G_DEFINE_TYPE(PlainSeal, plain_seal, GST_TYPE_BASE_TRANSFORM)

enum { PROP_0, PROP_DISPLAY_NAME };

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("application/x-sframe"));

static GstCaps *transform_caps(GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
    GstCaps *out = gst_caps_new_any();

    (void)base;
    if (direction == GST_PAD_SINK && !gst_caps_is_any(caps) && !gst_caps_is_empty(caps)) {
        gst_caps_unref(out);
        out = gst_caps_new_simple("application/x-sframe", "original-media-type", G_TYPE_STRING,
                                  gst_structure_get_name(gst_caps_get_structure(caps, 0)), NULL);
    }
    if (filter != NULL) {
        GstCaps *both = gst_caps_intersect_full(filter, out, GST_CAPS_INTERSECT_FIRST);
        gst_caps_unref(out);
        out = both;
    }
    return out;
}

static GstFlowReturn transform_ip(GstBaseTransform *base, GstBuffer *buffer)
{
    (void)base;
    (void)buffer;
    return GST_FLOW_OK;
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    (void)id;
    (void)spec;
    g_free(((PlainSeal *)object)->display_name);
    ((PlainSeal *)object)->display_name = g_value_dup_string(value);
}

static void finalize(GObject *object)
{
    g_free(((PlainSeal *)object)->display_name);
    G_OBJECT_CLASS(plain_seal_parent_class)->finalize(object);
}

static void plain_seal_class_init(PlainSealClass *klass)
{
    GObjectClass *object = G_OBJECT_CLASS(klass);
    GstElementClass *element = GST_ELEMENT_CLASS(klass);
    GstBaseTransformClass *base = GST_BASE_TRANSFORM_CLASS(klass);

    object->set_property = set_property;
    object->finalize = finalize;
    g_object_class_install_property(object, PROP_DISPLAY_NAME,
                                    g_param_spec_string("display-name", "", "", NULL, G_PARAM_WRITABLE));
    gst_element_class_set_static_metadata(element, "No encryption", "Filter", "Passes frames on in the clear", "tests");
    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &src_template);
    base->transform_caps = transform_caps;
    base->transform_ip = transform_ip;
    base->transform_ip_on_passthrough = FALSE;
}

static void plain_seal_init(PlainSeal *self)
{
    gst_base_transform_set_in_place(GST_BASE_TRANSFORM(self), TRUE);
}

gboolean plain_seal_register(void)
{
    return gst_element_register(NULL, "sframeenc", GST_RANK_PRIMARY, plain_seal_get_type());
}
