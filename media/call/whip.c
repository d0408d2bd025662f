#include "whip.h"

#include <string.h>

enum { ANSWER_MAX = 256 * 1024 /* bytes of an answer; more is not one */ };

struct request {
    SoupMessage *message;
    GCancellable *cancellable;
    call_whip_done answered;
    void (*deleted)(void *user);
    void (*asked)(void *user, enum call_whip_life life);
    void *user;
    char *body; /* ANSWER_MAX + 1 bytes */
};

static void request_free(struct request *request)
{
    g_object_unref(request->message);
    g_clear_object(&request->cancellable);
    g_free(request->body);
    g_free(request);
}

static SoupMessage *message_new(const char *method, const char *url, const char *token)
{
    SoupMessage *message = soup_message_new(method, url);

    if (message == NULL)
        return NULL;
    /* a token goes to the server it was made for and nowhere else */
    soup_message_add_flags(message, SOUP_MESSAGE_NO_REDIRECT);
    if (token != NULL) {
        char *value = g_strdup_printf("Bearer %s", token);
        soup_message_headers_replace(soup_message_get_request_headers(message), "Authorization", value);
        g_free(value);
    }
    return message;
}

/* The Location header seen from the request's URL, if it stays on the same server. */
static char *session_url(SoupMessage *message)
{
    const char *location = soup_message_headers_get_one(soup_message_get_response_headers(message), "Location");
    GUri *base = soup_message_get_uri(message);
    GUri *uri;
    char *url = NULL;

    if (location == NULL)
        return NULL;
    uri = g_uri_parse_relative(base, location, SOUP_HTTP_URI_FLAGS, NULL);
    if (uri == NULL)
        return NULL;
    if (g_strcmp0(g_uri_get_host(uri), g_uri_get_host(base)) == 0 &&
        g_strcmp0(g_uri_get_scheme(uri), g_uri_get_scheme(base)) == 0 && g_uri_get_port(uri) == g_uri_get_port(base))
        url = g_uri_to_string(uri);
    g_uri_unref(uri);
    return url;
}

static enum call_retry retry_after(guint status)
{
    switch (status) {
    case 404: /* a server that has just come back may not know the room yet */
    case 408:
    case 409: /* the session before is still being taken down */
    case 502: /* a proxy whose server is away */
    case 504:
        return CALL_RETRY_SOON;
    case 429:
        return CALL_RETRY_LATER;
    default:
        return status >= 300 && status < 500 ? CALL_RETRY_NEVER : CALL_RETRY_LATER;
    }
}

static char *describe_refusal(SoupMessage *message)
{
    guint status = soup_message_get_status(message);

    switch (status) {
    case 401:
    case 403:
        return g_strdup_printf("the server does not let us in (%u): is the token missing, expired or for another room?",
                               status);
    case 404:
        return g_strdup("the server does not know this address (404)");
    case 405:
        return g_strdup("this is no forwarding unit's address (405): --server takes a URL without a path");
    default:
        return g_strdup_printf("the server answers %u %s", status, soup_message_get_reason_phrase(message));
    }
}

static void report(struct request *request, struct call_whip_answer *answer, char *error)
{
    answer->error = error;
    request->answered(request->user, answer);
    g_free(answer->sdp);
    g_free(answer->session_url);
    g_free(answer->etag);
    g_free(error);
    request_free(request);
}

static void body_done(GObject *source, GAsyncResult *result, gpointer user)
{
    struct request *request = user;
    struct call_whip_answer answer = {0};
    GError *error = NULL;
    char *text = NULL;
    gsize len = 0;

    g_input_stream_read_all_finish(G_INPUT_STREAM(source), result, &len, &error);
    if (error != NULL) {
        text = g_strdup_printf("the server's answer breaks off: %s", error->message);
    } else if (soup_message_get_status(request->message) != 201) {
        text = describe_refusal(request->message);
        answer.retry = retry_after(soup_message_get_status(request->message));
    } else if (len == 0 || len > ANSWER_MAX || memchr(request->body, '\0', len) != NULL) {
        text = g_strdup("the server's answer is no session description");
    } else {
        answer.session_url = session_url(request->message);
        answer.ok = answer.session_url != NULL;
        answer.etag =
            g_strdup(soup_message_headers_get_one(soup_message_get_response_headers(request->message), "ETag"));
        if (answer.ok)
            answer.sdp = g_strndup(request->body, len);
        else
            text = g_strdup("the server names no session of its own");
    }
    report(request, &answer, text);
    g_clear_error(&error);
}

static void post_done(GObject *source, GAsyncResult *result, gpointer user)
{
    struct request *request = user;
    struct call_whip_answer answer = {0};
    GError *error = NULL;
    GInputStream *stream = soup_session_send_finish(SOUP_SESSION(source), result, &error);

    if (stream != NULL) {
        /* no more of it than an answer can have, whatever the server sends */
        request->body = g_malloc(ANSWER_MAX + 1);
        g_input_stream_read_all_async(stream, request->body, ANSWER_MAX + 1, G_PRIORITY_DEFAULT, request->cancellable,
                                      body_done, request);
        g_object_unref(stream);
    } else {
        report(request, &answer, g_strdup_printf("the server cannot be reached: %s", error->message));
    }
    g_clear_error(&error);
}

void call_whip_post(SoupSession *http, const char *url, const char *token, const char *offer, GCancellable *cancellable,
                    call_whip_done done, void *user)
{
    struct request *request;
    SoupMessage *message = message_new("POST", url, token);
    GBytes *body;

    if (message == NULL) {
        struct call_whip_answer answer = {.retry = CALL_RETRY_NEVER, .error = "the server's URL is malformed"};
        done(user, &answer);
        return;
    }
    request = g_new0(struct request, 1);
    request->message = message;
    request->answered = done;
    request->user = user;
    request->cancellable = cancellable != NULL ? g_object_ref(cancellable) : NULL;
    body = g_bytes_new(offer, strlen(offer));
    soup_message_set_request_body_from_bytes(message, "application/sdp", body);
    g_bytes_unref(body);
    soup_session_send_async(http, message, G_PRIORITY_DEFAULT, cancellable, post_done, request);
}

static enum call_whip_life life_from(guint status)
{
    switch (status) {
    case 404:
    case 410:
        return CALL_WHIP_GONE;
    case 502: /* a proxy, and nobody behind it */
        return CALL_WHIP_NO_SERVER;
    default:
        /* whoever refuses the question, as it may (section 4.3), has the session that it was asked of */
        return status >= 200 && status < 500 ? CALL_WHIP_THERE : CALL_WHIP_UNKNOWN;
    }
}

static void ask_done(GObject *source, GAsyncResult *result, gpointer user)
{
    struct request *request = user;
    GError *error = NULL;
    GInputStream *stream = soup_session_send_finish(SOUP_SESSION(source), result, &error);
    enum call_whip_life life = CALL_WHIP_UNKNOWN;

    if (stream != NULL)
        life = life_from(soup_message_get_status(request->message));
    else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
        life = CALL_WHIP_NO_SERVER;
    g_clear_error(&error);
    g_clear_object(&stream);
    request->asked(request->user, life);
    request_free(request);
}

void call_whip_ask(SoupSession *http, const char *session_url, const char *etag, const char *token,
                   const char *fragment, GCancellable *cancellable, void (*done)(void *user, enum call_whip_life life),
                   void *user)
{
    struct request *request;
    SoupMessage *message = message_new("PATCH", session_url, token);
    GBytes *body;

    if (message == NULL) {
        done(user, CALL_WHIP_UNKNOWN);
        return;
    }
    request = g_new0(struct request, 1);
    request->message = message;
    request->asked = done;
    request->user = user;
    soup_message_headers_replace(soup_message_get_request_headers(message), "If-Match", etag);
    body = g_bytes_new(fragment, strlen(fragment));
    soup_message_set_request_body_from_bytes(message, "application/trickle-ice-sdpfrag", body);
    g_bytes_unref(body);
    soup_session_send_async(http, message, G_PRIORITY_DEFAULT, cancellable, ask_done, request);
}

static void delete_done(GObject *source, GAsyncResult *result, gpointer user)
{
    struct request *request = user;
    GInputStream *stream = soup_session_send_finish(SOUP_SESSION(source), result, NULL);

    g_clear_object(&stream);
    if (request->deleted != NULL)
        request->deleted(request->user);
    request_free(request);
}

void call_whip_delete(SoupSession *http, const char *session_url, const char *token, void (*done)(void *user),
                      void *user)
{
    struct request *request;
    SoupMessage *message = message_new("DELETE", session_url, token);

    if (message == NULL) {
        if (done != NULL)
            done(user);
        return;
    }
    request = g_new0(struct request, 1);
    request->message = message;
    request->deleted = done;
    request->user = user;
    soup_session_send_async(http, message, G_PRIORITY_DEFAULT, NULL, delete_done, request);
}
