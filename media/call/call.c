#include "call.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "capture.h"
#include "core/secret.h"
#include "gallery.h"
#include "group.h"
#include "gstsotto/keyring.h"
#include "output.h"
#include "receiver.h"
#include "roster.h"
#include "sessions.h"
#include "sotto/sframe.h"
#include "stats.h"
#include "typing.h"
#include "view.h"

enum {
    LEAVE_WAIT_MS = 2000, /* for the server to be told */
    HTTP_TIMEOUT_S = 10,
    HTTP_CONNECTIONS = 8, /* to one server: goodbyes that nobody answers do not hold up an offer */
};

struct call {
    struct call_args *args;
    GMainLoop *loop;
    SoupSession *http;
    SottoKeyRing *ring;
    GstContext *key_context;
    GstClock *clock;
    GstClockTime base_time;
    struct call_capture *capture;
    struct call_roster *roster;
    struct call_gallery *gallery;
    struct call_output *output; /* NULL: neither window nor recording */
    struct call_stats *stats;
    struct call_view *view;
    struct sessions *sessions;
    struct group *group;  /* NULL: keyed by a shared secret */
    struct typing typing; /* what the user types, for the group */

    bool joined; /* at least once */
    bool leaving;
    int exit_code;

    GMutex lock; /* streaming threads reach what follows */
    bool may_send;
    bool own_known;
    uint64_t own_sender; /* id in our own KIDs */
};

/* --- frames, in streaming threads --------------------------------------------------------------------------------- */

/* Whose frame a KID claims. Without MLS that is the start in it, and one key lasts as long as its sender. */
static bool resolve(void *user, uint64_t kid, uint64_t ctr, uint64_t *sender, uint64_t *index)
{
    struct call *call = user;

    if (call->group != NULL)
        return group_resolve(call->group, kid, ctr, sender, index);
    *sender = kid & ((UINT64_C(1) << SFRAME_START_BITS) - 1);
    *index = ctr;
    return true;
}

static void on_sealed(void *user, enum call_kind kind, GstBuffer *buffer, GstCaps *caps)
{
    struct call *call = user;
    struct sframe_header header;
    uint8_t head[SFRAME_HEADER_MAX];
    gsize len = gst_buffer_extract(buffer, 0, head, sizeof(head));
    uint64_t sender = 0, index = 0;
    bool sent;

    /* nothing that does not at least look sealed leaves */
    if (sframe_header_read(head, len, &header) != SFRAME_OK || !resolve(call, header.kid, header.ctr, &sender, &index))
        return;
    /* nothing is on its way any more once group_may_send() has said that nothing may */
    g_mutex_lock(&call->lock);
    sent = call->may_send;
    call->own_known = true;
    call->own_sender = sender;
    if (sent)
        sessions_push(call->sessions, kind, buffer, caps);
    g_mutex_unlock(&call->lock);
    if (sent)
        call_stats_sealed(call->stats, kind, header.kid, index);
}

static bool is_own(struct call *call, uint64_t sender)
{
    bool own;

    g_mutex_lock(&call->lock);
    own = call->own_known && call->own_sender == sender;
    g_mutex_unlock(&call->lock);
    return own;
}

static void on_received(void *user, uint64_t claimed_sender, enum call_kind kind)
{
    struct call *call = user;

    call_roster_received(call->roster, claimed_sender, kind);
}

static void on_opened(void *user, const struct call_opened_frame *frame)
{
    struct call *call = user;

    /* a server may send our own frames back to us; they are nobody's */
    if (!is_own(call, frame->sender))
        call_gallery_frame(call->gallery, frame);
}

struct refusal {
    struct call *call;
    enum call_kind kind;
    const char *reason;
};

static gboolean say_refused(gpointer data)
{
    const struct refusal *refusal = data;

    call_view_say(refusal->call->view, "somebody's %s %s. Nothing of it is played", call_kind_name(refusal->kind),
                  refusal->reason);
    return G_SOURCE_REMOVE;
}

/* From any thread; reason is a constant, or NULL for nothing to say. */
static void tell_refused(struct call *call, enum call_kind kind, const char *reason)
{
    struct refusal *refusal;

    if (reason == NULL)
        return;
    refusal = g_new(struct refusal, 1);
    *refusal = (struct refusal){call, kind, reason};
    g_main_context_invoke_full(NULL, G_PRIORITY_DEFAULT, say_refused, refusal, g_free);
}

static void on_refused(void *user, uint64_t claimed_sender, enum call_kind kind, unsigned slot,
                       enum call_refusal reason)
{
    struct call *call = user;

    /* a newcomer's media may be there before its keys */
    if (call->group != NULL && !sotto_key_ring_has_receive_key(call->ring))
        return;
    tell_refused(call, kind, call_roster_refused(call->roster, claimed_sender, kind, slot, reason));
}

static void on_named(void *user, uint64_t sender, const char *name)
{
    struct call *call = user;

    /* where members make the keys, their certificates name them */
    if (call->group == NULL && !is_own(call, sender))
        call_roster_named(call->roster, sender, name);
}

static void on_plain(void *user, enum call_kind kind, unsigned slot)
{
    struct call *call = user;

    tell_refused(call, kind, call_roster_plain(call->roster, kind, slot));
}

static void want_our_key(void *user)
{
    struct call *call = user;

    call_capture_request_key(call->capture);
}

static void want_their_key(void *user, uint64_t sender)
{
    struct call *call = user;

    sessions_request_key(call->sessions, sender);
}

static void on_sound(void *user, uint64_t sender, GstSample *sample)
{
    struct call *call = user;

    if (call->output != NULL)
        call_output_sound(call->output, sender, sample);
}

/* --- the connection ----------------------------------------------------------------------------------------------- */

static void finish(void *user)
{
    struct call *call = user;

    call->exit_code = 1;
    g_main_loop_quit(call->loop);
}

static void say(void *user, const char *text)
{
    struct call *call = user;

    call_view_say(call->view, "%s", text);
}

static void connected(void *user)
{
    struct call *call = user;

    call->joined = true;
    call_stats_joined(call->stats);
    call_view_say(call->view, "connected");
    call_capture_request_key(call->capture);
}

static void closed(void *user)
{
    struct call *call = user;

    g_main_loop_quit(call->loop);
}

static bool make_sessions(struct call *call)
{
    const struct sessions_config config = {
        .http = call->http,
        .server = call->args->server,
        .room = call->args->room,
        .token = call->args->token,
        .clock = call->clock,
        .base_time = call->base_time,
        .key_ring = call->key_context,
        .kinds = {[CALL_AUDIO] = call_capture_has(call->capture, CALL_AUDIO),
                  [CALL_VIDEO] = call_capture_has(call->capture, CALL_VIDEO)},
        .codec = call->args->codec,
        .frames = {.resolve = resolve,
                   .received = on_received,
                   .opened = on_opened,
                   .refused = on_refused,
                   .named = on_named,
                   .plain = on_plain,
                   .user = call},
        .want_key = want_our_key,
        .say = say,
        .up = connected,
        .failed = finish,
        .closed = closed,
        .user = call,
    };

    call->sessions = sessions_new(&config);
    if (call->sessions == NULL)
        return false;
    call_stats_pseudonym(call->stats, sessions_pseudonym(call->sessions));
    return true;
}

/* --- the group ---------------------------------------------------------------------------------------------------- */

static void group_may_send(void *user, bool may)
{
    struct call *call = user;

    g_mutex_lock(&call->lock);
    call->may_send = may;
    g_mutex_unlock(&call->lock);
    if (may)
        call_capture_request_key(call->capture);
}

/* Tiles get their names, whichever came first. */
static void name_members(struct call *call)
{
    struct group_member member;

    for (size_t i = 0; call->group != NULL && group_get_member(call->group, i, &member); i++)
        if (member.name != NULL)
            call_roster_named(call->roster, member.sender, member.name);
}

static void group_members(void *user)
{
    struct call *call = user;
    GArray *present = g_array_new(FALSE, FALSE, sizeof(struct call_present));
    struct group_member member;

    for (size_t i = 0; group_get_member(call->group, i, &member); i++) {
        const struct call_present one = {member.sender, member.left   ? CALL_PRESENCE_LEFT
                                                        : member.lost ? CALL_PRESENCE_LOST
                                                                      : CALL_PRESENCE_HERE};

        g_array_append_val(present, one);
    }
    call_roster_members(call->roster, (const struct call_present *)present->data, present->len);
    g_array_unref(present);
}

static void group_paused(void *user, const char *why)
{
    struct call *call = user;

    call_view_paused(call->view, why);
}

static void group_pads(void *user, unsigned multiple)
{
    struct call *call = user;

    call_capture_set_padding(call->capture, multiple);
}

static void group_vanishing(void *user, const char *who, const char *text, size_t len, uint64_t vanish_ms)
{
    struct call *call = user;

    call_view_vanishing(call->view, who, text, len, vanish_ms);
}

static void take_line(struct call *call)
{
    char *line = g_strstrip(call->typing.text);

    if (line[0] != '\0' && !call->leaving)
        group_typed(call->group, line);
    typing_wipe(&call->typing);
}

/* What is typed, or comes through a pipe, goes to the group line by line, and stays nowhere. */
static gboolean on_input(gint fd, GIOCondition condition, gpointer data)
{
    struct call *call = data;
    uint8_t bytes[256];
    ssize_t count = read(fd, bytes, sizeof(bytes));

    (void)condition;
    for (ssize_t i = 0; i < count; i++)
        if (typing_take(&call->typing, bytes[i]))
            take_line(call);
    core_wipe(bytes, sizeof(bytes));
    call_view_typed(call->view);
    return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

static guint watch_lines(struct call *call)
{
    call_view_type(call->view, call->typing.text);
    return g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP, on_input, call);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void write_results(struct call *call)
{
    if (call->args->snapshot_path != NULL) {
        cairo_surface_t *surface = call_view_draw(call->view, call->roster);
        if (!call_grid_save(surface, call->args->snapshot_path))
            call->exit_code = 1;
        cairo_surface_destroy(surface);
    }
    if (call->args->stats_path != NULL &&
        !call_stats_write(call->stats, call->args->stats_path, call->args, call->capture, call->roster,
                          call->group != NULL ? group_json(call->group) : NULL))
        call->exit_code = 1;
}

static gboolean leave_in_any_case(gpointer data)
{
    struct call *call = data;

    g_main_loop_quit(call->loop);
    return G_SOURCE_REMOVE;
}

static gboolean leave(gpointer data)
{
    struct call *call = data;

    if (call->leaving) {
        /* asked a second time: no more waiting */
        g_main_loop_quit(call->loop);
        return G_SOURCE_CONTINUE;
    }
    call->leaving = true;
    if (!call->joined) {
        call_view_say(call->view, "the call was never reached");
        call->exit_code = 1;
    }
    call_stats_left(call->stats);
    name_members(call);
    write_results(call);
    sessions_end(call->sessions);
    if (call->group != NULL)
        group_leave(call->group);
    g_timeout_add(LEAVE_WAIT_MS, leave_in_any_case, call);
    return G_SOURCE_CONTINUE;
}

static void capture_failed(void *user, const char *reason)
{
    struct call *call = user;

    call_view_say(call->view, "%s", reason);
    finish(call);
}

static void output_closed(void *user, const char *reason)
{
    struct call *call = user;

    call_view_say(call->view, "%s", reason);
    leave(call);
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

static gboolean every_second(gpointer data)
{
    struct call *call = data;

    if (!call->leaving) {
        name_members(call);
        call_view_update(call->view, call->roster, call->capture, sessions_are_up(call->sessions));
        call_gallery_tidy(call->gallery);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean every_picture(gpointer data)
{
    struct call *call = data;

    if (!call->leaving)
        call_output_picture(call->output, call_view_draw(call->view, call->roster));
    return G_SOURCE_CONTINUE;
}

static bool make_keys(struct call *call)
{
    GError *error = NULL;

    call->ring = sotto_key_ring_new(0, 0);
    if (call->ring == NULL ||
        (call->args->link == NULL && !sotto_key_ring_set_secret(call->ring, call->args->secret, &error))) {
        fprintf(stderr, "sotto: no keys could be made: %s\n", error != NULL ? error->message : "no key ring");
        g_clear_error(&error);
        return false;
    }
    core_secret_free(call->args->secret);
    call->args->secret = NULL;
    call->key_context = sotto_key_ring_context_new(call->ring);
    call->may_send = call->args->link == NULL;
    return true;
}

/* Where a link says so, keys come from the call's members. */
static bool make_group(struct call *call)
{
    struct group_config config = {
        .http = call->http,
        .link = call->args->link,
        .url = call->args->ds,
        .token = call->args->token,
        .identity_folder = call->args->home,
        .passphrase = {.file = call->args->passphrase_file,
                       .environment = "SOTTO_PASSPHRASE",
                       .option = "--passphrase-file"},
        .ring = call->ring,
        .may_send = group_may_send,
        .paused = group_paused,
        .padding = group_pads,
        .say = say,
        .members = group_members,
        .vanishing = group_vanishing,
        .ended = finish,
        .user = call,
    };

    if (call->args->link == NULL)
        return true;
    call->group = group_new(&config);
    core_secret_free(call->args->link);
    call->args->link = NULL;
    return call->group != NULL;
}

static bool make_media(struct call *call)
{
    struct call_capture_config capture = {
        .args = call->args,
        .key_ring = call->key_context,
        .sealed = on_sealed,
        .failed = capture_failed,
        .user = call,
    };
    struct call_gallery_config gallery = {
        .roster = call->roster, .want_key = want_their_key, .sound = on_sound, .user = call};
    GstElement *pipeline;

    call->gallery = call_gallery_new(&gallery);
    call->clock = gst_system_clock_obtain();
    call->base_time = gst_clock_get_time(call->clock);
    if (call->args->window || call->args->record_path != NULL) {
        call->output = call_output_new(call->args, call->clock, call->base_time, output_closed, call);
        if (call->output == NULL)
            return false;
    }
    call->capture = call_capture_new(&capture);
    if (call->capture == NULL)
        return false;
    /* one clock and one time zero for every pipeline, so that a frame's time means the same in all of them */
    pipeline = call_capture_pipeline(call->capture);
    gst_pipeline_use_clock(GST_PIPELINE(pipeline), call->clock);
    gst_element_set_start_time(pipeline, GST_CLOCK_TIME_NONE);
    gst_element_set_base_time(pipeline, call->base_time);
    return make_sessions(call);
}

static void run(struct call *call)
{
    guint timers[6] = {0};

    timers[0] = g_unix_signal_add(SIGINT, leave, call);
    timers[1] = g_unix_signal_add(SIGTERM, leave, call);
    timers[2] = g_timeout_add(1000, every_second, call);
    if (call->args->seconds > 0)
        timers[3] = g_timeout_add_seconds(call->args->seconds, leave, call);
    if (call->output != NULL)
        timers[4] = g_timeout_add(1000 / CALL_OUTPUT_RATE, every_picture, call);
    if (call->group != NULL)
        timers[5] = watch_lines(call);
    else
        call_view_say(call->view,
                      "keyed by a shared secret: whoever knows it can read this call and speak in any name in it");
    if (!call_capture_start(call->capture)) {
        fprintf(stderr, "sotto: the camera or the microphone does not start\n");
        call->exit_code = 1;
    } else {
        sessions_start(call->sessions);
        g_main_loop_run(call->loop);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(timers); i++)
        if (timers[i] != 0 && g_main_context_find_source_by_id(NULL, timers[i]) != NULL)
            g_source_remove(timers[i]);
}

static void clear(struct call *call)
{
    if (call->sessions != NULL)
        sessions_end(call->sessions);
    group_free(call->group);
    if (call->capture != NULL)
        call_capture_free(call->capture);
    if (call->gallery != NULL)
        call_gallery_free(call->gallery);
    if (call->output != NULL)
        call_output_free(call->output);
    soup_session_abort(call->http);
    g_object_unref(call->http);
    if (call->sessions != NULL)
        sessions_free(call->sessions);
    if (call->clock != NULL)
        gst_object_unref(call->clock);
    if (call->key_context != NULL)
        gst_context_unref(call->key_context);
    if (call->ring != NULL)
        g_object_unref(call->ring);
    call_view_free(call->view);
    call_stats_free(call->stats);
    call_roster_free(call->roster);
    g_main_loop_unref(call->loop);
    g_mutex_clear(&call->lock);
}

int call_run(struct call_args *args)
{
    struct call call = {.args = args};

    g_mutex_init(&call.lock);
    call.loop = g_main_loop_new(NULL, FALSE);
    call.http = soup_session_new_with_options("user-agent", "sotto", "timeout", (guint)HTTP_TIMEOUT_S,
                                              "max-conns-per-host", HTTP_CONNECTIONS, NULL);
    call.roster = call_roster_new();
    call.stats = call_stats_new(args->stats_path != NULL);
    call.view = call_view_new(args);
    if (make_keys(&call) && make_media(&call) && make_group(&call))
        run(&call);
    else
        call.exit_code = 1;
    clear(&call);
    return call.exit_code;
}
