#include "counts.h"

void counts_refused(struct counts *counts, int error)
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

GstStructure *counts_structure(const struct counts *counts, const struct senders *senders)
{
    GValue array = G_VALUE_INIT;
    GstStructure *structure;

    g_value_init(&array, GST_TYPE_ARRAY);
    for (guint i = 0; i < senders->count; i++) {
        GValue one = G_VALUE_INIT;
        g_value_init(&one, GST_TYPE_STRUCTURE);
        g_value_take_boxed(&one, senders_structure(&senders->list[i]));
        gst_value_array_append_and_take_value(&array, &one);
    }
    structure = gst_structure_new("sotto-sframedec-stats", "opened", G_TYPE_UINT64, counts->opened, "failed",
                                  G_TYPE_UINT64, counts->failed, "replayed", G_TYPE_UINT64, counts->replayed, "late",
                                  G_TYPE_UINT64, counts->late, "no-key", G_TYPE_UINT64, counts->no_key, "refused",
                                  G_TYPE_UINT64, counts->refused, "incomplete", G_TYPE_UINT64, counts->incomplete,
                                  "held", G_TYPE_UINT64, counts->held, "expired", G_TYPE_UINT64, counts->expired,
                                  "overflowed", G_TYPE_UINT64, counts->overflowed, NULL);
    gst_structure_take_value(structure, "senders", &array);
    return structure;
}
