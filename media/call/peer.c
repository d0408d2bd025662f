#include "peer.h"

#include <gst/webrtc/webrtc.h>
#include <stdatomic.h>
#include <string.h>

#include "sdp.h"

enum {
    CONNECT_TIMEOUT_MS = 15000, /* from the start to a connection */
    ASK_AFTER_MIN_MS = 500,     /* without a packet, and twice as long as pauses were of late: the server is asked */
    ASK_AFTER_MAX_MS = 3000,
    ASK_AGAIN_MS = 1000,   /* between two questions */
    SILENCE_MAX_MS = 6000, /* without a packet from a server that owes us reports */
    CHECK_INTERVAL_MS = 100,
};

/* When the server was last heard, and how long its pauses were of late. An object of its own (a g_atomic_rc_box),
 * because the probe that keeps it sits inside the pipeline, which the peer holds. */
struct pulse {
    _Atomic int64_t last_us;
    _Atomic int64_t pause_us; /* the longest, fading with each packet */
};

/* The webrtcbin's callbacks come in threads of its own and may come late: they hold the peer, which may be dead. */
struct call_peer {
    gint references;
    SoupSession *http;
    char *url;
    char *token;
    GstElement *webrtcbin;
    bool expects_reports;
    void (*on_up)(void *user);
    void (*on_down)(void *user, const char *reason, enum call_retry retry);
    void *user;

    /* main context only */
    bool dead;
    bool up;
    bool offered;
    char *session_url;
    char *etag;     /* of the session; NULL: the server cannot be asked after it */
    char *fragment; /* what it is asked by */
    bool asking;
    gint64 asked_us;
    GCancellable *cancellable;
    guint timer;
    gint begun; /* atomic: media flow */
    gint64 started_us;
    gulong handlers[4];
    gulong deep_handler;
    GstElement *pipeline;

    struct pulse *pulse;
};

static struct call_peer *peer_ref(struct call_peer *peer)
{
    g_atomic_int_inc(&peer->references);
    return peer;
}

static void peer_unref(gpointer data)
{
    struct call_peer *peer = data;

    if (!g_atomic_int_dec_and_test(&peer->references))
        return;
    g_object_unref(peer->http);
    gst_object_unref(peer->webrtcbin);
    gst_object_unref(peer->pipeline);
    g_object_unref(peer->cancellable);
    g_atomic_rc_box_release(peer->pulse);
    g_free(peer->url);
    g_free(peer->token);
    g_free(peer->session_url);
    g_free(peer->etag);
    g_free(peer->fragment);
    g_free(peer);
}

static void peer_unref_closure(gpointer data, GClosure *closure)
{
    (void)closure;
    peer_unref(data);
}

/* Runs run(peer) in the main context; the peer lives until then. */
static void in_main_context(struct call_peer *peer, GSourceFunc run)
{
    g_main_context_invoke_full(NULL, G_PRIORITY_DEFAULT, run, peer_ref(peer), peer_unref);
}

static void fail(struct call_peer *peer, const char *reason, enum call_retry retry)
{
    if (peer->dead)
        return;
    peer->dead = true;
    peer->up = false;
    peer->on_down(peer->user, reason, retry);
}

static void begin_to_hear(struct pulse *pulse)
{
    atomic_store(&pulse->last_us, g_get_monotonic_time());
    atomic_store(&pulse->pause_us, 0);
}

static void heard(struct pulse *pulse)
{
    int64_t now_us = g_get_monotonic_time();
    int64_t usual_us = atomic_load(&pulse->pause_us);

    atomic_store(&pulse->pause_us, MAX(now_us - atomic_exchange(&pulse->last_us, now_us), usual_us - usual_us / 16));
}

static int64_t silent_ms(struct pulse *pulse)
{
    return (g_get_monotonic_time() - atomic_load(&pulse->last_us)) / 1000;
}

/* --- the connection's state --------------------------------------------------------------------------------------- */

static gboolean check_state(gpointer data)
{
    struct call_peer *peer = data;
    GstWebRTCPeerConnectionState state;

    if (peer->dead)
        return G_SOURCE_REMOVE;
    g_object_get(peer->webrtcbin, "connection-state", &state, NULL);
    if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED && !peer->up) {
        peer->up = true;
        begin_to_hear(peer->pulse);
        peer->on_up(peer->user);
    } else if (state == GST_WEBRTC_PEER_CONNECTION_STATE_FAILED || state == GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED) {
        fail(peer, peer->up ? "the connection to the server was lost" : "no connection to the server comes about",
             CALL_RETRY_SOON);
    }
    return G_SOURCE_REMOVE;
}

static void on_state(GstElement *webrtcbin, GParamSpec *spec, gpointer data)
{
    (void)webrtcbin;
    (void)spec;
    in_main_context(data, check_state);
}

static void on_life(void *user, enum call_whip_life life)
{
    struct call_peer *peer = user;

    peer->asking = false;
    if (!peer->dead && (life == CALL_WHIP_GONE || life == CALL_WHIP_NO_SERVER)) {
        g_clear_pointer(&peer->session_url, g_free); /* there is nothing to end any more */
        fail(peer, life == CALL_WHIP_GONE ? "the server does not know this session any more" : "the server is away",
             CALL_RETRY_SOON);
    }
    peer_unref(peer);
}

static void ask_when_silent(struct call_peer *peer)
{
    gint64 now_us = g_get_monotonic_time();
    int64_t pause_ms = atomic_load(&peer->pulse->pause_us) / 1000;

    if (peer->session_url == NULL || peer->etag == NULL || peer->fragment == NULL || peer->asking ||
        silent_ms(peer->pulse) < CLAMP(2 * pause_ms, ASK_AFTER_MIN_MS, ASK_AFTER_MAX_MS) ||
        now_us - peer->asked_us < ASK_AGAIN_MS * G_GINT64_CONSTANT(1000))
        return;
    peer->asking = true;
    peer->asked_us = now_us;
    call_whip_ask(peer->http, peer->session_url, peer->etag, peer->token, peer->fragment, peer->cancellable, on_life,
                  peer_ref(peer));
}

static gboolean on_timer(gpointer data)
{
    struct call_peer *peer = data;

    if (peer->dead)
        return G_SOURCE_CONTINUE;
    if (!g_atomic_int_get(&peer->begun))
        peer->started_us = g_get_monotonic_time();
    if (!peer->up && g_get_monotonic_time() - peer->started_us > CONNECT_TIMEOUT_MS * G_GINT64_CONSTANT(1000))
        fail(peer, "the server does not connect in time", CALL_RETRY_SOON);
    else if (peer->up && peer->expects_reports && silent_ms(peer->pulse) > SILENCE_MAX_MS)
        fail(peer, "the server has fallen silent", CALL_RETRY_SOON);
    else
        ask_when_silent(peer);
    return G_SOURCE_CONTINUE;
}

static GstPadProbeReturn on_packet(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    (void)pad;
    (void)info;
    heard(data);
    return GST_PAD_PROBE_OK;
}

/* What comes out of nicesrc is DTLS, SRTP and SRTCP; STUN stays inside libnice. */
static void on_element(GstBin *bin, GstBin *sub_bin, GstElement *element, gpointer data)
{
    GstElementFactory *factory = gst_element_get_factory(element);
    GstPad *pad;

    (void)bin;
    (void)sub_bin;
    if (factory == NULL || strcmp(GST_OBJECT_NAME(factory), "nicesrc") != 0)
        return;
    pad = gst_element_get_static_pad(element, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_packet,
                      g_atomic_rc_box_acquire(((struct call_peer *)data)->pulse), g_atomic_rc_box_release);
    gst_object_unref(pad);
}

/* --- offer and answer --------------------------------------------------------------------------------------------- */

static gboolean remote_set(gpointer data)
{
    struct call_peer *peer = data;
    GstWebRTCSignalingState state;

    if (peer->dead)
        return G_SOURCE_REMOVE;
    g_object_get(peer->webrtcbin, "signaling-state", &state, NULL);
    if (state != GST_WEBRTC_SIGNALING_STATE_STABLE)
        fail(peer, "the server's session description does not fit ours", CALL_RETRY_NEVER);
    return G_SOURCE_REMOVE;
}

static void on_remote_set(GstPromise *promise, gpointer data)
{
    in_main_context(data, remote_set);
    gst_promise_unref(promise);
}

static void on_answer(void *user, const struct call_whip_answer *answer)
{
    struct call_peer *peer = user;
    GstWebRTCSessionDescription *description;
    GstSDPMessage *sdp = NULL;

    if (peer->dead) {
        if (answer->ok)
            call_whip_delete(peer->http, answer->session_url, peer->token, NULL, NULL);
        goto out;
    }
    if (!answer->ok) {
        fail(peer, answer->error, answer->retry);
        goto out;
    }
    peer->session_url = g_strdup(answer->session_url);
    peer->etag = g_strdup(answer->etag);
    begin_to_hear(peer->pulse);
    if (gst_sdp_message_new_from_text(answer->sdp, &sdp) != GST_SDP_OK) {
        fail(peer, "the server's session description cannot be read", CALL_RETRY_NEVER);
        goto out;
    }
    description = gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
    g_signal_emit_by_name(peer->webrtcbin, "set-remote-description", description,
                          gst_promise_new_with_change_func(on_remote_set, peer_ref(peer), peer_unref));
    gst_webrtc_session_description_free(description);
out:
    peer_unref(peer);
}

static gboolean post_offer(gpointer data)
{
    struct call_peer *peer = data;
    GstWebRTCICEGatheringState gathering;
    GstWebRTCSessionDescription *local = NULL;
    char *text;

    if (peer->dead || peer->offered)
        return G_SOURCE_REMOVE;
    g_object_get(peer->webrtcbin, "ice-gathering-state", &gathering, "local-description", &local, NULL);
    if (gathering == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE && local != NULL) {
        peer->offered = true;
        peer->fragment = call_sdp_no_more_candidates(local->sdp);
        text = gst_sdp_message_as_text(local->sdp);
        call_whip_post(peer->http, peer->url, peer->token, text, peer->cancellable, on_answer, peer_ref(peer));
        g_free(text);
    }
    if (local != NULL)
        gst_webrtc_session_description_free(local);
    return G_SOURCE_REMOVE;
}

static void on_gathering(GstElement *webrtcbin, GParamSpec *spec, gpointer data)
{
    (void)webrtcbin;
    (void)spec;
    in_main_context(data, post_offer);
}

static gboolean no_offer(gpointer data)
{
    fail(data, "no session description could be made", CALL_RETRY_NEVER);
    return G_SOURCE_REMOVE;
}

static void on_offer(GstPromise *promise, gpointer data)
{
    struct call_peer *peer = data;
    GstWebRTCSessionDescription *offer = NULL;
    const GstStructure *reply = NULL;

    if (gst_promise_wait(promise) == GST_PROMISE_RESULT_REPLIED)
        reply = gst_promise_get_reply(promise);
    if (reply != NULL)
        gst_structure_get(reply, "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &offer, NULL);
    if (offer != NULL) {
        /* our own description gets the lines too, so that both ends read the same */
        call_sdp_add_packetization(offer->sdp);
        g_signal_emit_by_name(peer->webrtcbin, "set-local-description", offer, NULL);
        gst_webrtc_session_description_free(offer);
        in_main_context(peer, post_offer);
    } else {
        in_main_context(peer, no_offer);
    }
    gst_promise_unref(promise);
}

static void on_negotiation_needed(GstElement *webrtcbin, gpointer data)
{
    GstWebRTCSessionDescription *local = NULL;

    /* one offer a session: what the server changes later it changes without us */
    g_object_get(webrtcbin, "local-description", &local, NULL);
    if (local != NULL) {
        gst_webrtc_session_description_free(local);
        return;
    }
    g_signal_emit_by_name(webrtcbin, "create-offer", NULL,
                          gst_promise_new_with_change_func(on_offer, peer_ref(data), peer_unref));
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static bool has_property(GObject *object, const char *name)
{
    return object != NULL && g_object_class_find_property(G_OBJECT_GET_CLASS(object), name) != NULL;
}

/* The server has a public address, so nothing is asked of routers (UPnP, on by default, also announces us in the local
 * network). Keepalives are binding requests, which the server takes as our consent (RFC 7675). libnice leaves loopback
 * out unless told: a server on this machine is reached by it, also without any network. */
static void set_up_ice(GstElement *webrtcbin, const char *url)
{
    GUri *uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
    const char *host = uri != NULL ? g_uri_get_host(uri) : NULL;
    GObject *ice = NULL, *agent = NULL;
    gboolean added = FALSE;

    g_object_get(webrtcbin, "ice-agent", &ice, NULL);
    if (has_property(ice, "agent"))
        g_object_get(ice, "agent", &agent, NULL);
    if (has_property(agent, "upnp"))
        g_object_set(agent, "upnp", FALSE, NULL);
    if (has_property(agent, "keepalive-conncheck"))
        g_object_set(agent, "keepalive-conncheck", TRUE, NULL);
    g_clear_object(&agent);
    if (host != NULL &&
        (g_str_has_prefix(host, "127.") || strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0)) {
        g_signal_emit_by_name(ice, "add-local-ip-address", strcmp(host, "::1") == 0 ? "::1" : "127.0.0.1", &added);
    }
    g_clear_object(&ice);
    if (uri != NULL)
        g_uri_unref(uri);
}

static gulong connect_signal(struct call_peer *peer, const char *signal, GCallback callback)
{
    return g_signal_connect_data(peer->webrtcbin, signal, callback, peer_ref(peer), peer_unref_closure, 0);
}

struct call_peer *call_peer_new(const struct call_peer_config *config)
{
    struct call_peer *peer = g_new0(struct call_peer, 1);

    peer->references = 1;
    peer->http = g_object_ref(config->http);
    peer->url = g_strdup(config->url);
    peer->token = g_strdup(config->token);
    peer->webrtcbin = gst_object_ref(config->webrtcbin);
    peer->pipeline = gst_object_ref(config->pipeline);
    peer->expects_reports = config->expects_reports;
    peer->on_up = config->up;
    peer->on_down = config->down;
    peer->user = config->user;
    peer->cancellable = g_cancellable_new();
    peer->started_us = g_get_monotonic_time();
    peer->begun = !config->waits;
    peer->pulse = g_atomic_rc_box_new0(struct pulse);
    begin_to_hear(peer->pulse);
    set_up_ice(peer->webrtcbin, peer->url);
    peer->handlers[0] = connect_signal(peer, "on-negotiation-needed", G_CALLBACK(on_negotiation_needed));
    peer->handlers[1] = connect_signal(peer, "notify::ice-gathering-state", G_CALLBACK(on_gathering));
    peer->handlers[2] = connect_signal(peer, "notify::connection-state", G_CALLBACK(on_state));
    peer->handlers[3] = connect_signal(peer, "notify::ice-connection-state", G_CALLBACK(on_state));
    peer->deep_handler = g_signal_connect_data(peer->pipeline, "deep-element-added", G_CALLBACK(on_element),
                                               peer_ref(peer), peer_unref_closure, 0);
    peer->timer = g_timeout_add(CHECK_INTERVAL_MS, on_timer, peer);
    return peer;
}

void call_peer_free(struct call_peer *peer, void (*closed)(void *user), void *user)
{
    peer->dead = true;
    peer->up = false;
    g_source_remove(peer->timer);
    for (size_t i = 0; i < G_N_ELEMENTS(peer->handlers); i++)
        g_signal_handler_disconnect(peer->webrtcbin, peer->handlers[i]);
    g_signal_handler_disconnect(peer->pipeline, peer->deep_handler);
    g_cancellable_cancel(peer->cancellable);
    if (peer->session_url != NULL)
        call_whip_delete(peer->http, peer->session_url, peer->token, closed, user);
    else if (closed != NULL)
        closed(user);
    peer_unref(peer);
}

void call_peer_begin(struct call_peer *peer)
{
    g_atomic_int_set(&peer->begun, TRUE);
}

bool call_peer_is_up(const struct call_peer *peer)
{
    return peer->up;
}
