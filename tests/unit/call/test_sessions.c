/* When sessions are made, made anew and ended: over a sender and a receiver that only note it. */
#include "sessions.h"

#include <stdio.h>
#include <string.h>

#include "sender.h"
#include "unit.h"

/* The last sender and receiver that were made; who waits for the server to be told of an end. */
static struct call_sender_config sending;
static struct call_receiver_config receiving;
static char whip[128], whep[128];
static unsigned senders, receivers, senders_freed, receivers_freed, pushed, keys_asked;
static struct {
    void (*closed)(void *user);
    void *user;
} ends[8];
static unsigned end_count;

struct call_sender *__wrap_call_sender_new(const struct call_sender_config *config);
void __wrap_call_sender_free(struct call_sender *sender, void (*closed)(void *user), void *user);
void __wrap_call_sender_push(struct call_sender *sender, enum call_kind kind, GstBuffer *buffer, GstCaps *caps);
struct call_receiver *__wrap_call_receiver_new(const struct call_receiver_config *config);
void __wrap_call_receiver_free(struct call_receiver *receiver, void (*closed)(void *user), void *user);
void __wrap_call_receiver_request_key(struct call_receiver *receiver, uint64_t sender);

struct call_sender *__wrap_call_sender_new(const struct call_sender_config *config)
{
    sending = *config;
    snprintf(whip, sizeof whip, "%s", config->url);
    senders++;
    return (struct call_sender *)&sending;
}

static void note_end(void (*closed)(void *user), void *user)
{
    CU_ASSERT_FATAL(end_count < sizeof ends / sizeof ends[0]);
    ends[end_count].closed = closed;
    ends[end_count++].user = user;
}

void __wrap_call_sender_free(struct call_sender *sender, void (*closed)(void *user), void *user)
{
    CU_ASSERT_PTR_EQUAL(sender, &sending);
    senders_freed++;
    note_end(closed, user);
}

void __wrap_call_sender_push(struct call_sender *sender, enum call_kind kind, GstBuffer *buffer, GstCaps *caps)
{
    CU_ASSERT_PTR_EQUAL(sender, &sending);
    (void)kind;
    (void)buffer;
    (void)caps;
    pushed++;
}

struct call_receiver *__wrap_call_receiver_new(const struct call_receiver_config *config)
{
    receiving = *config;
    snprintf(whep, sizeof whep, "%s", config->url);
    receivers++;
    return (struct call_receiver *)&receiving;
}

void __wrap_call_receiver_free(struct call_receiver *receiver, void (*closed)(void *user), void *user)
{
    CU_ASSERT_PTR_EQUAL(receiver, &receiving);
    receivers_freed++;
    note_end(closed, user);
}

void __wrap_call_receiver_request_key(struct call_receiver *receiver, uint64_t sender)
{
    CU_ASSERT_PTR_EQUAL(receiver, &receiving);
    CU_ASSERT_EQUAL(sender, 7);
    keys_asked++;
}

static unsigned ups, failures, closings;
static GString *said;

static void on_say(void *user, const char *text)
{
    (void)user;
    g_string_append_printf(said, "%s\n", text);
}

static void on_up(void *user)
{
    (void)user;
    ups++;
}

static void on_failed(void *user)
{
    (void)user;
    failures++;
}

static void on_closed(void *user)
{
    (void)user;
    closings++;
}

static struct sessions *make(const char *token, bool sends)
{
    const struct sessions_config config = {
        .server = "http://sfu",
        .room = "room",
        .token = token,
        .kinds = {[CALL_VIDEO] = sends},
        .say = on_say,
        .up = on_up,
        .failed = on_failed,
        .closed = on_closed,
    };
    struct sessions *sessions = sessions_new(&config);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sessions);
    senders = receivers = senders_freed = receivers_freed = pushed = keys_asked = end_count = 0;
    ups = failures = closings = 0;
    said = g_string_new(NULL);
    return sessions;
}

static void drop(struct sessions *sessions)
{
    sessions_end(sessions);
    sessions_free(sessions);
    g_string_free(said, TRUE);
}

static void both_up(void)
{
    sending.up(sending.user);
    receiving.up(receiving.user);
}

static void use(struct sessions *sessions)
{
    sessions_push(sessions, CALL_VIDEO, NULL, NULL);
    sessions_request_key(sessions, 7);
}

static void what_is_due(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void up_is_both_directions_or_the_one_used(void)
{
    struct sessions *sessions = make(NULL, true);
    use(sessions); /* nowhere to yet */
    sessions_start(sessions);
    receiving.up(receiving.user);
    CU_ASSERT_FALSE(sessions_are_up(sessions));
    CU_ASSERT_EQUAL(ups, 0);
    sending.up(sending.user);
    CU_ASSERT_TRUE(sessions_are_up(sessions));
    CU_ASSERT_EQUAL(ups, 1);
    use(sessions);
    CU_ASSERT_EQUAL(pushed, 1);
    CU_ASSERT_EQUAL(keys_asked, 1);
    drop(sessions);
    sessions = make(NULL, false);
    sessions_start(sessions);
    CU_ASSERT_EQUAL(senders, 0);
    receiving.up(receiving.user);
    CU_ASSERT_TRUE(sessions_are_up(sessions));
    drop(sessions);
}

static void the_server_joins_them_by_token_or_pseudonym(void)
{
    struct sessions *sessions = make("token", true);
    sessions_start(sessions);
    CU_ASSERT_STRING_EQUAL(whip, "http://sfu/whip/room");
    CU_ASSERT_STRING_EQUAL(whep, "http://sfu/whep/room");
    CU_ASSERT_STRING_EQUAL(sending.token, "token");
    CU_ASSERT_STRING_EQUAL(receiving.token, "token");
    drop(sessions);
    sessions = make(NULL, true);
    sessions_start(sessions);
    char wanted[128];
    CU_ASSERT_EQUAL(strlen(sessions_pseudonym(sessions)), 16);
    snprintf(wanted, sizeof wanted, "http://sfu/whip/room?name=%s", sessions_pseudonym(sessions));
    CU_ASSERT_STRING_EQUAL(whip, wanted);
    snprintf(wanted, sizeof wanted, "http://sfu/whep/room?name=%s", sessions_pseudonym(sessions));
    CU_ASSERT_STRING_EQUAL(whep, wanted);
    drop(sessions);
}

/* Not in the callback that tells of it, which stands inside what is freed. */
static void what_is_lost_is_made_anew_together(void)
{
    struct sessions *sessions = make(NULL, true);
    sessions_start(sessions);
    both_up();
    receiving.down(receiving.user, "the server is gone", CALL_RETRY_SOON);
    CU_ASSERT_EQUAL(receivers_freed, 0);
    sending.down(sending.user, "the server is gone", CALL_RETRY_SOON); /* of the same loss */
    const gint64 end_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    while (receivers < 2 && g_get_monotonic_time() < end_us) {
        g_main_context_iteration(NULL, FALSE);
        if (receivers_freed == 1 && receivers < 2)
            use(sessions); /* nowhere to */
    }
    CU_ASSERT_EQUAL(senders, 2);
    CU_ASSERT_EQUAL(receivers, 2);
    CU_ASSERT_EQUAL(senders_freed, 1);
    CU_ASSERT_EQUAL(receivers_freed, 1);
    CU_ASSERT_EQUAL(pushed, 0);
    CU_ASSERT_EQUAL(keys_asked, 0);
    CU_ASSERT_FALSE(sessions_are_up(sessions));
    CU_ASSERT_EQUAL(strncmp(said->str, "the server is gone\ntrying again in 0.", 37), 0);
    both_up();
    CU_ASSERT_EQUAL(ups, 2);
    drop(sessions);
}

static void where_no_attempt_helps_there_is_none(void)
{
    struct sessions *sessions = make(NULL, true);
    sessions_start(sessions);
    sending.down(sending.user, "not allowed in", CALL_RETRY_NEVER);
    what_is_due();
    CU_ASSERT_EQUAL(failures, 1);
    CU_ASSERT_STRING_EQUAL(said->str, "not allowed in\n");
    CU_ASSERT_EQUAL(receivers, 1);
    drop(sessions);
}

static void the_end_waits_for_every_session(void)
{
    struct sessions *sessions = make(NULL, true);
    sessions_start(sessions);
    sessions_end(sessions);
    CU_ASSERT_EQUAL(senders_freed, 1);
    CU_ASSERT_EQUAL(receivers_freed, 1);
    CU_ASSERT_EQUAL(closings, 0);
    ends[0].closed(ends[0].user);
    CU_ASSERT_EQUAL(closings, 0);
    ends[1].closed(ends[1].user);
    CU_ASSERT_EQUAL(closings, 1);
    sessions_free(sessions);
    g_string_free(said, TRUE);
    sessions = make(NULL, true);
    sessions_end(sessions);
    CU_ASSERT_EQUAL(closings, 1); /* there is nobody to tell */
    sessions_free(sessions);
    g_string_free(said, TRUE);
}

static void nothing_is_tried_after_the_end(void)
{
    struct sessions *sessions = make(NULL, true);
    sessions_start(sessions);
    sending.down(sending.user, "lost", CALL_RETRY_SOON);
    sessions_end(sessions);
    what_is_due();
    CU_ASSERT_STRING_EQUAL(said->str, "lost\n");
    sending.down(sending.user, "lost once more", CALL_RETRY_NEVER);
    CU_ASSERT_EQUAL(failures, 0);
    CU_ASSERT_STRING_EQUAL(said->str, "lost\n");
    CU_ASSERT_EQUAL(receivers, 1);
    sessions_free(sessions);
    g_string_free(said, TRUE);
}

static gboolean mark(gpointer data)
{
    *(bool *)data = true;
    return G_SOURCE_REMOVE;
}

/* The lost ones are freed already, and the next attempt is set for some moment: it is not made. */
static void an_attempt_that_is_ahead_is_not_made_after_the_end(void)
{
    enum { LATER_MS = 1000 }; /* than the first attempt would be */
    struct sessions *sessions = make(NULL, true);
    bool later = false;
    sessions_start(sessions);
    sending.down(sending.user, "lost", CALL_RETRY_SOON);
    what_is_due();
    CU_ASSERT_PTR_NOT_NULL(strstr(said->str, "trying again in"));
    CU_ASSERT_EQUAL(senders_freed, 1);
    sessions_end(sessions);
    g_timeout_add(LATER_MS, mark, &later);
    while (!later)
        g_main_context_iteration(NULL, TRUE);
    CU_ASSERT_EQUAL(receivers, 1);
    sessions_free(sessions);
    g_string_free(said, TRUE);
}

static const struct unit_test TESTS[] = {
    {"up is in both directions, or in the one that is used", up_is_both_directions_or_the_one_used},
    {"the server joins the two by their token, or by a pseudonym", the_server_joins_them_by_token_or_pseudonym},
    {"once either is lost both are made anew", what_is_lost_is_made_anew_together},
    {"where no attempt helps none is made", where_no_attempt_helps_there_is_none},
    {"the end waits until the server was told of every session", the_end_waits_for_every_session},
    {"nothing is tried or told after the end", nothing_is_tried_after_the_end},
    {"an attempt that is ahead is not made after the end", an_attempt_that_is_ahead_is_not_made_after_the_end},
};

UNIT_MAIN("call.sessions", TESTS)
