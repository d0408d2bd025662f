#include "delivery/connection.h"

#include <stdio.h>
#include <string.h>

static const char SUBPROTOCOL[] = "sotto-ds.2";

enum {
    RETRY_FIRST_MS = 250,  /* doubling, up to */
    RETRY_MAX_MS = 2000,   /* a join and everybody's heartbeats wait for it */
    RETRY_JITTER_MS = 250, /* so that all who lost the service do not come back at once */
    KEEPALIVE_S = 5,
    MESSAGE_MAX = 1 << 20, /* bytes; the service's largest, a page of entries, is half of it */
    CODE_FIRST = 4000,     /* WebSocket codes from here on are errors of the service's: docs/protocol.md */
    CODE_MALFORMED = CODE_FIRST + 1,
    CODE_FORBIDDEN = CODE_FIRST + 4,
    CODE_REPLACED = CODE_FIRST + 12,
    CODE_KICKED = CODE_FIRST + 14,
    CODE_CLOSED = CODE_FIRST + 15,
};

/* Errors after which connecting again would be of no use. */
static const struct ending {
    gushort code;
    const char *reason;
} ENDINGS[] = {
    {CODE_FORBIDDEN, "the token lacks the right to signal; see sotto token --help"},
    {CODE_REPLACED, "this participant has connected from elsewhere"},
    {CODE_KICKED, "an admin of the delivery service has removed this participant"},
    {CODE_CLOSED, "an admin has closed the room"},
};

struct connection {
    struct connection_config config;
    char *url;
    SoupWebsocketConnection *socket; /* NULL while it is not up */
    GCancellable *cancellable;       /* of the attempt under way */
    guint retry;
    unsigned attempts;
};

static void connect_now(struct connection *connection);

static gboolean on_retry(gpointer data)
{
    struct connection *connection = data;

    connection->retry = 0;
    connect_now(connection);
    return G_SOURCE_REMOVE;
}

static void retry_later(struct connection *connection)
{
    guint delay_ms = MIN((guint)RETRY_FIRST_MS << MIN(connection->attempts, 10), RETRY_MAX_MS);

    connection->attempts++;
    connection->retry = g_timeout_add(delay_ms + (guint)g_random_int_range(0, RETRY_JITTER_MS), on_retry, connection);
}

static void on_message(SoupWebsocketConnection *socket, gint type, GBytes *message, gpointer data)
{
    struct connection *connection = data;
    gsize len = 0;
    const guint8 *bytes = g_bytes_get_data(message, &len);

    (void)socket;
    connection->attempts = 0;
    if (type == SOUP_WEBSOCKET_DATA_BINARY)
        connection->config.message(connection->config.user, bytes, len);
}

static void drop(struct connection *connection)
{
    if (connection->socket == NULL)
        return;
    g_signal_handlers_disconnect_by_data(connection->socket, connection);
    g_clear_object(&connection->socket);
}

static const char *ending_of(gushort code)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ENDINGS); i++)
        if (ENDINGS[i].code == code)
            return ENDINGS[i].reason;
    return NULL;
}

static void on_closed(SoupWebsocketConnection *socket, gpointer data)
{
    struct connection *connection = data;
    const char *ending = ending_of(soup_websocket_connection_get_close_code(socket));

    drop(connection);
    if (ending == NULL)
        retry_later(connection);
    connection->config.down(connection->config.user, ending != NULL ? ending : "the delivery service is lost",
                            ending != NULL);
}

/* What an attempt ends in may come after the connection is no more: then it is cancelled. */
struct attempt {
    struct connection *connection;
    GCancellable *cancellable;
};

static void on_connected(GObject *source, GAsyncResult *result, gpointer data)
{
    struct attempt *attempt = data;
    struct connection *connection = attempt->connection;
    bool cancelled = g_cancellable_is_cancelled(attempt->cancellable);
    GError *error = NULL;
    SoupWebsocketConnection *socket = soup_session_websocket_connect_finish(SOUP_SESSION(source), result, &error);

    g_object_unref(attempt->cancellable);
    g_free(attempt);
    if (cancelled) {
        g_clear_error(&error);
        g_clear_object(&socket);
        return;
    }
    g_clear_object(&connection->cancellable);
    if (socket == NULL) {
        char *reason = g_strdup_printf("the delivery service cannot be reached: %s", error->message);

        g_error_free(error);
        retry_later(connection);
        connection->config.down(connection->config.user, reason, false);
        g_free(reason);
        return;
    }
    soup_websocket_connection_set_max_incoming_payload_size(socket, MESSAGE_MAX);
    soup_websocket_connection_set_keepalive_interval(socket, KEEPALIVE_S);
    connection->socket = socket;
    g_signal_connect(socket, "message", G_CALLBACK(on_message), connection);
    g_signal_connect(socket, "closed", G_CALLBACK(on_closed), connection);
    connection->config.up(connection->config.user);
}

static void connect_now(struct connection *connection)
{
    char *protocols[] = {(char *)SUBPROTOCOL, NULL};
    SoupMessage *message = soup_message_new(SOUP_METHOD_GET, connection->url);

    struct attempt *attempt = g_new(struct attempt, 1);

    connection->cancellable = g_cancellable_new();
    *attempt = (struct attempt){connection, g_object_ref(connection->cancellable)};
    soup_session_websocket_connect_async(connection->config.http, message, NULL, protocols, G_PRIORITY_DEFAULT,
                                         connection->cancellable, on_connected, attempt);
    g_object_unref(message);
}

/* HOST, HOST:PORT, [ADDRESS], [ADDRESS]:PORT */
static bool is_this_machine(const char *host)
{
    bool brackets = host[0] == '[';
    size_t len = brackets ? strcspn(host + 1, "]") : strcspn(host, ":");
    char *name = g_strndup(host + (brackets ? 1 : 0), len);
    GInetAddress *address = g_inet_address_new_from_string(name);
    bool is = strcmp(name, "localhost") == 0 || (address != NULL && g_inet_address_get_is_loopback(address));

    g_clear_object(&address);
    g_free(name);
    return is;
}

char *connection_url(const char *host)
{
    return g_strdup_printf("%s://%s/ds", is_this_machine(host) ? "ws" : "wss", host);
}

struct connection *connection_new(const struct connection_config *config)
{
    struct connection *connection;

    if (!g_uri_is_valid(config->url, G_URI_FLAGS_NONE, NULL)) {
        fprintf(stderr, "sotto: %s is not a URL\n", config->url);
        return NULL;
    }
    connection = g_new0(struct connection, 1);
    connection->config = *config;
    connection->url = g_strdup(config->url);
    connect_now(connection);
    return connection;
}

void connection_free(struct connection *connection)
{
    if (connection == NULL)
        return;
    if (connection->cancellable != NULL) {
        g_cancellable_cancel(connection->cancellable);
        g_object_unref(connection->cancellable);
    }
    if (connection->socket != NULL &&
        soup_websocket_connection_get_state(connection->socket) == SOUP_WEBSOCKET_STATE_OPEN)
        soup_websocket_connection_close(connection->socket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
    drop(connection);
    if (connection->retry != 0)
        g_source_remove(connection->retry);
    g_free(connection->url);
    g_free(connection);
}

void connection_send(struct connection *connection, const uint8_t *data, size_t len)
{
    if (connection->socket != NULL &&
        soup_websocket_connection_get_state(connection->socket) == SOUP_WEBSOCKET_STATE_OPEN)
        soup_websocket_connection_send_binary(connection->socket, data, len);
}

void connection_reset(struct connection *connection, const char *reason)
{
    if (connection->socket == NULL)
        return;
    if (soup_websocket_connection_get_state(connection->socket) == SOUP_WEBSOCKET_STATE_OPEN)
        soup_websocket_connection_close(connection->socket, CODE_MALFORMED, NULL);
    drop(connection);
    retry_later(connection);
    connection->config.down(connection->config.user, reason, false);
}
