#include "sessions.h"

#include <stdio.h>

#include "core/secret.h"
#include "sender.h"

enum {
    RETRY_FIRST_MS = 100, /* doubling, up to */
    RETRY_SOON_MS = 1000, /* where nobody is there who could be too busy */
    RETRY_LATER_MS = 8000,
    STEADY_MS = 5000,      /* a connection that lasted so long was none of several attempts */
    RETRY_JITTER_MS = 250, /* so that all who lost the server do not come back at once */
    PSEUDONYM_LEN = 16,
};

struct sessions {
    struct sessions_config config;
    char pseudonym[PSEUDONYM_LEN + 1]; /* joins the two where no token does */
    bool sender_up, receiver_up;
    guint retry, lost; /* sources; 0: none */
    unsigned attempts;
    enum call_retry retry_when; /* of what was lost last */
    gint64 up_us;               /* since when it is up; 0: it is not */
    unsigned closing;           /* of whose end the server is being told */
    bool ending;

    GMutex lock; /* streaming threads reach what follows */
    struct call_sender *sender;
    struct call_receiver *receiver;
};

static bool sends(const struct sessions *sessions)
{
    return sessions->config.kinds[CALL_AUDIO] || sessions->config.kinds[CALL_VIDEO];
}

bool sessions_are_up(const struct sessions *sessions)
{
    return sessions->receiver_up && (sessions->sender_up || !sends(sessions));
}

void sessions_push(struct sessions *sessions, enum call_kind kind, GstBuffer *buffer, GstCaps *caps)
{
    g_mutex_lock(&sessions->lock);
    if (sessions->sender != NULL)
        call_sender_push(sessions->sender, kind, buffer, caps);
    g_mutex_unlock(&sessions->lock);
}

void sessions_request_key(struct sessions *sessions, uint64_t sender)
{
    g_mutex_lock(&sessions->lock);
    if (sessions->receiver != NULL)
        call_receiver_request_key(sessions->receiver, sender);
    g_mutex_unlock(&sessions->lock);
}

static void closed(void *user)
{
    struct sessions *sessions = user;

    sessions->closing--;
    if (sessions->ending && sessions->closing == 0)
        sessions->config.closed(sessions->config.user);
}

static void disconnect(struct sessions *sessions)
{
    struct call_sender *sender;
    struct call_receiver *receiver;

    g_mutex_lock(&sessions->lock);
    sender = sessions->sender;
    receiver = sessions->receiver;
    sessions->sender = NULL;
    sessions->receiver = NULL;
    g_mutex_unlock(&sessions->lock);
    sessions->sender_up = sessions->receiver_up = false;
    /* counted first: closed may be called at once */
    sessions->closing += (sender != NULL) + (receiver != NULL);
    if (sender != NULL)
        call_sender_free(sender, closed, sessions);
    if (receiver != NULL)
        call_receiver_free(receiver, closed, sessions);
}

static void went_up(struct sessions *sessions)
{
    if (!sessions_are_up(sessions))
        return;
    sessions->up_us = g_get_monotonic_time();
    sessions->config.up(sessions->config.user);
}

static void sender_up(void *user)
{
    struct sessions *sessions = user;

    sessions->sender_up = true;
    went_up(sessions);
}

static void receiver_up(void *user)
{
    struct sessions *sessions = user;

    sessions->receiver_up = true;
    went_up(sessions);
}

static gboolean on_retry(gpointer data)
{
    struct sessions *sessions = data;

    sessions->retry = 0;
    sessions_start(sessions);
    return G_SOURCE_REMOVE;
}

/* The first, second, fourth and so on: a server that is long away does not fill the screen. */
static bool says_attempts(const struct sessions *sessions)
{
    return (sessions->attempts & (sessions->attempts - 1)) == 0;
}

/* Not in the callback that told of the loss, which still stands inside what is freed here. */
static gboolean on_lost(gpointer data)
{
    struct sessions *sessions = data;
    guint max_ms = sessions->retry_when == CALL_RETRY_SOON ? RETRY_SOON_MS : RETRY_LATER_MS;
    guint delay_ms = MIN((guint)RETRY_FIRST_MS << MIN(sessions->attempts, 10), max_ms);

    disconnect(sessions);
    sessions->lost = 0;
    sessions->attempts++;
    delay_ms += (guint)g_random_int_range(0, RETRY_JITTER_MS);
    if (says_attempts(sessions)) {
        char *text = g_strdup_printf("trying again in %.1f s", delay_ms / 1000.0);

        sessions->config.say(sessions->config.user, text);
        g_free(text);
    }
    sessions->retry = g_timeout_add(delay_ms, on_retry, sessions);
    return G_SOURCE_REMOVE;
}

static void went_down(void *user, const char *reason, enum call_retry retry)
{
    struct sessions *sessions = user;

    if (sessions->ending || sessions->lost != 0 || sessions->retry != 0)
        return;
    if (sessions->up_us != 0 && g_get_monotonic_time() - sessions->up_us > STEADY_MS * G_GINT64_CONSTANT(1000))
        sessions->attempts = 0;
    sessions->up_us = 0;
    if (says_attempts(sessions) || retry == CALL_RETRY_NEVER)
        sessions->config.say(sessions->config.user, reason);
    sessions->retry_when = retry;
    if (retry == CALL_RETRY_NEVER)
        sessions->config.failed(sessions->config.user);
    else
        sessions->lost = g_idle_add(on_lost, sessions);
}

static void want_key(void *user)
{
    const struct sessions *sessions = user;

    sessions->config.want_key(sessions->config.user);
}

/* A token names us to the server; a server that asks for none (--dev) is told a pseudonym that says nothing. */
static char *endpoint(const struct sessions *sessions, const char *what)
{
    const struct sessions_config *config = &sessions->config;

    if (config->token != NULL)
        return g_strdup_printf("%s/%s/%s", config->server, what, config->room);
    return g_strdup_printf("%s/%s/%s?name=%s", config->server, what, config->room, sessions->pseudonym);
}

void sessions_start(struct sessions *sessions)
{
    const struct sessions_config *config = &sessions->config;
    char *whip = endpoint(sessions, "whip");
    char *whep = endpoint(sessions, "whep");
    struct call_sender_config send = {
        .http = config->http,
        .url = whip,
        .token = config->token,
        .clock = config->clock,
        .base_time = config->base_time,
        .kinds = {[CALL_AUDIO] = config->kinds[CALL_AUDIO], [CALL_VIDEO] = config->kinds[CALL_VIDEO]},
        .codec = config->codec,
        .up = sender_up,
        .down = went_down,
        .want_key = want_key,
        .user = sessions,
    };
    struct call_receiver_config receive = {
        .http = config->http,
        .url = whep,
        .token = config->token,
        .clock = config->clock,
        .base_time = config->base_time,
        .key_ring = config->key_ring,
        .frames = config->frames,
        .up = receiver_up,
        .down = went_down,
        .user = sessions,
    };
    struct call_sender *sender = sends(sessions) ? call_sender_new(&send) : NULL;
    struct call_receiver *receiver = call_receiver_new(&receive);

    g_mutex_lock(&sessions->lock);
    sessions->sender = sender;
    sessions->receiver = receiver;
    g_mutex_unlock(&sessions->lock);
    if (receiver == NULL || (sends(sessions) && sender == NULL))
        config->failed(config->user);
    g_free(whip);
    g_free(whep);
}

struct sessions *sessions_new(const struct sessions_config *config)
{
    struct sessions *sessions;
    uint8_t bytes[PSEUDONYM_LEN / 2];

    if (!core_random(bytes, sizeof(bytes))) {
        fprintf(stderr, "sotto: the system has no random bytes\n");
        return NULL;
    }
    sessions = g_new0(struct sessions, 1);
    sessions->config = *config;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(sessions->pseudonym + 2 * i, 3, "%02x", bytes[i]);
    g_mutex_init(&sessions->lock);
    return sessions;
}

const char *sessions_pseudonym(const struct sessions *sessions)
{
    return sessions->pseudonym;
}

void sessions_end(struct sessions *sessions)
{
    sessions->ending = true;
    g_clear_handle_id(&sessions->lost, g_source_remove);
    g_clear_handle_id(&sessions->retry, g_source_remove);
    sessions->closing++; /* this end: it is over when the others are, and where there is none */
    disconnect(sessions);
    closed(sessions);
}

void sessions_free(struct sessions *sessions)
{
    g_mutex_clear(&sessions->lock);
    g_free(sessions);
}
