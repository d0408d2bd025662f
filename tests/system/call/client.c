/* The client with what tests need and the product must not have, switched on by environment variables:
 *   TEST_PLAIN=1      seals nothing: its frames leave in the clear
 *   TEST_KEEP=1       stays connected, and keeps all keys, when it is removed from the group
 *   TEST_PROFILE=1    founds rooms of RFC 9605's profile alone, and stays in them
 *   TEST_FRAMES=FILE  writes every encoded frame, before it is sealed, as a 4-byte length (big-endian) and its bytes
 *   TEST_SEALS=FILE   writes down what is sealed under which key: see seals.h
 *   TEST_START_ALIKE=1  repeats the nonces of a shared secret with each start
 * Everything else is the product's own objects. */
#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "call.h"
#include "capture.h"
#include "founder.h"
#include "gstsotto/plugin.h"
#include "keeper.h"
#include "plain_seal.h"
#include "seals.h"

struct call_capture *__real_call_capture_new(const struct call_capture_config *config);
struct call_capture *__wrap_call_capture_new(const struct call_capture_config *config);

static FILE *frames;
static GMutex frames_lock;

static GstPadProbeReturn on_encoded(GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
    GstMapInfo map;

    (void)pad;
    (void)user;
    if (gst_buffer_map(GST_PAD_PROBE_INFO_BUFFER(info), &map, GST_MAP_READ)) {
        const guint32 len = GUINT32_TO_BE((guint32)map.size);

        g_mutex_lock(&frames_lock);
        fwrite(&len, sizeof(len), 1, frames);
        fwrite(map.data, 1, map.size, frames);
        fflush(frames);
        g_mutex_unlock(&frames_lock);
        gst_buffer_unmap(GST_PAD_PROBE_INFO_BUFFER(info), &map);
    }
    return GST_PAD_PROBE_OK;
}

static void watch(struct call_capture *capture, const char *name)
{
    GstElement *seal = gst_bin_get_by_name(GST_BIN(call_capture_pipeline(capture)), name);
    GstPad *pad;

    if (seal == NULL)
        return;
    pad = gst_element_get_static_pad(seal, "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_encoded, NULL, NULL);
    gst_object_unref(pad);
    gst_object_unref(seal);
}

struct call_capture *__wrap_call_capture_new(const struct call_capture_config *config)
{
    struct call_capture *capture = __real_call_capture_new(config);

    if (capture != NULL && frames != NULL) {
        watch(capture, "videoseal");
        watch(capture, "audioseal");
    }
    return capture;
}

int main(int argc, char **argv)
{
    struct call_args args;
    const char *path = getenv("TEST_FRAMES");
    const char *seals = getenv("TEST_SEALS");
    int exit_code = 1;

    if (call_args_parse(&args, argc, argv) != CALL_ARGS_RUN)
        return 2;
    gst_init(NULL, NULL);
    if (getenv("TEST_KEEP") != NULL)
        keeper_enable();
    if (getenv("TEST_PROFILE") != NULL)
        founder_enable();
    if (getenv("TEST_START_ALIKE") != NULL)
        seals_start_alike();
    if (path != NULL && (frames = fopen(path, "wbe")) == NULL)
        perror(path);
    else if (seals != NULL && !seals_write_to(seals))
        perror(seals);
    else if (sotto_gst_register() && (getenv("TEST_PLAIN") == NULL || plain_seal_register()))
        exit_code = call_run(&args);
    call_args_wipe(&args);
    return exit_code;
}
