/* What a call's group does with what the state machine says: over events that stand in for the machine's. */
#include "group.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "delivery/connection.h"
#include "home.h"
#include "id/self.h"
#include "sotto/call.h"
#include "sotto/sframe.h"
#include "unit.h"

enum { OWN_LEAF = 1, SLOTS = 2 };

/* Beside the program's: the group's connection, device and machine. */
static struct connection_config connection;
static const struct call_event *events;
static size_t event_count;
static bool may_send;
static const char *why_paused;
static unsigned padding, ended, goodbyes;
static const char *somebody; /* the one other member's name; NULL: there is none */
static char said[512];
static GString *all_said; /* NULL: nobody asks */

struct connection *__wrap_connection_new(const struct connection_config *config);
void __wrap_connection_free(struct connection *gone);
struct identity_secret *__wrap_id_self_unlock(struct id_store *store, const struct id_passphrase_source *source,
                                              uint64_t now_s, struct id_self *self);
int __wrap_call_new(const struct call_config *config, struct call_time now, struct call **call);
void __wrap_call_free(struct call *call);
int __wrap_call_leave(struct call *call);
void __wrap_call_connected(struct call *call, struct call_time now);
bool __wrap_call_next_event(struct call *call, struct call_event *event);
uint64_t __wrap_call_timeout(const struct call *call);
uint64_t __wrap_call_epoch(const struct call *call);
int __wrap_call_get_member(const struct call *call, uint32_t i, struct call_member *member);

struct connection *__wrap_connection_new(const struct connection_config *config)
{
    connection = *config;
    return (struct connection *)&connection;
}

void __wrap_connection_free(struct connection *gone)
{
    (void)gone;
}

struct identity_secret *__wrap_id_self_unlock(struct id_store *store, const struct id_passphrase_source *source,
                                              uint64_t now_s, struct id_self *self)
{
    (void)store;
    (void)source;
    (void)now_s;
    (void)self;
    return core_secret_new(sizeof(struct identity_secret));
}

int __wrap_call_new(const struct call_config *config, struct call_time now, struct call **call)
{
    (void)config;
    (void)now;
    *call = (struct call *)&events;
    return CALL_OK;
}

void __wrap_call_free(struct call *call)
{
    (void)call;
}

void __wrap_call_connected(struct call *call, struct call_time now)
{
    (void)call;
    (void)now;
}

bool __wrap_call_next_event(struct call *call, struct call_event *event)
{
    (void)call;
    if (event_count == 0)
        return false;
    *event = *events++;
    event_count--;
    return true;
}

uint64_t __wrap_call_timeout(const struct call *call)
{
    (void)call;
    return UINT64_MAX;
}

uint64_t __wrap_call_epoch(const struct call *call)
{
    (void)call;
    return 0;
}

int __wrap_call_get_member(const struct call *call, uint32_t i, struct call_member *member)
{
    (void)call;
    if (!somebody || i > 0)
        return CALL_USER;
    *member = (struct call_member){.user_id = {7}, .root_key = {8}, .device = "laptop"};
    snprintf(member->name, sizeof member->name, "%s", somebody);
    return CALL_OK;
}

int __wrap_call_leave(struct call *call)
{
    (void)call;
    goodbyes++;
    return CALL_OK;
}

/* Who is in the call, as a letter; and the slow step from that to a code, which lasts until the test lets it end. */
static char roster;
static sem_t code_begun, code_may_end;

int __wrap_call_get_digest(const struct call *call, struct identity_call_digest *digest);
int __wrap_identity_call_code(const struct identity_call_digest *digest, struct identity_call_code *out);

int __wrap_call_get_digest(const struct call *call, struct identity_call_digest *digest)
{
    (void)call;
    *digest = (struct identity_call_digest){{(uint8_t)roster}};
    return CALL_OK;
}

int __wrap_identity_call_code(const struct identity_call_digest *digest, struct identity_call_code *out)
{
    sem_post(&code_begun);
    sem_wait(&code_may_end);
    *out = (struct identity_call_code){0};
    snprintf(out->words, sizeof out->words, "words of %c", digest->bytes[0]);
    snprintf(out->digits, sizeof out->digits, "digits of %c", digest->bytes[0]);
    return IDENTITY_OK;
}

/* And what it asks of the key ring and of the connection, seen on its way. */
static struct {
    guint64 epoch;
    guint32 leaf;
    gint64 ahead_ms;
} told_clock, told_removed;
static unsigned resets;

gboolean __real_sotto_key_ring_set_clock(SottoKeyRing *ring, guint64 epoch, guint32 leaf, gint64 ahead_ms,
                                         GError **error);
gboolean __wrap_sotto_key_ring_set_clock(SottoKeyRing *ring, guint64 epoch, guint32 leaf, gint64 ahead_ms,
                                         GError **error);
gboolean __real_sotto_key_ring_remove_leaf(SottoKeyRing *ring, guint64 epoch, guint32 leaf, GError **error);
gboolean __wrap_sotto_key_ring_remove_leaf(SottoKeyRing *ring, guint64 epoch, guint32 leaf, GError **error);
void __wrap_connection_reset(struct connection *lost, const char *reason);

gboolean __wrap_sotto_key_ring_set_clock(SottoKeyRing *ring, guint64 epoch, guint32 leaf, gint64 ahead_ms,
                                         GError **error)
{
    const gboolean ok = __real_sotto_key_ring_set_clock(ring, epoch, leaf, ahead_ms, error);
    if (ok) {
        told_clock.epoch = epoch;
        told_clock.leaf = leaf;
        told_clock.ahead_ms = ahead_ms;
    }
    return ok;
}

gboolean __wrap_sotto_key_ring_remove_leaf(SottoKeyRing *ring, guint64 epoch, guint32 leaf, GError **error)
{
    const gboolean ok = __real_sotto_key_ring_remove_leaf(ring, epoch, leaf, error);
    if (ok) {
        told_removed.epoch = epoch;
        told_removed.leaf = leaf;
    }
    return ok;
}

void __wrap_connection_reset(struct connection *lost, const char *reason)
{
    CU_ASSERT_PTR_EQUAL(lost, &connection);
    CU_ASSERT_PTR_NOT_NULL(reason);
    resets++;
}

static void on_may_send(void *user, bool may)
{
    (void)user;
    may_send = may;
}

static void on_paused(void *user, const char *why)
{
    (void)user;
    why_paused = why;
}

static void on_ended(void *user)
{
    (void)user;
    ended++;
}

static void on_padding(void *user, unsigned multiple)
{
    (void)user;
    padding = multiple;
}

static void on_say(void *user, const char *text)
{
    (void)user;
    snprintf(said, sizeof said, "%s", text);
    if (all_said)
        g_string_append_printf(all_said, "%s\n", text);
}

static void nothing(void *user)
{
    (void)user;
}

static char folder[HOME_MAX];
static SottoKeyRing *ring;
static struct group *group;

/* A home, a ring and a group over them; end them by close_group(). */
static void open_group(void)
{
    home_make(folder);
    ring = sotto_key_ring_new(0, 0);
    const struct group_config config = {
        .link = "sotto://127.0.0.1:1/room#AAAAAAAAAAAAAAAAAAAAAA",
        .identity_folder = folder,
        .ring = ring,
        .may_send = on_may_send,
        .paused = on_paused,
        .padding = on_padding,
        .say = on_say,
        .members = nothing,
        .ended = on_ended,
    };
    group = group_new(&config);
    CU_ASSERT_PTR_NOT_NULL_FATAL(group);
}

static void close_group(void)
{
    group_free(group);
    g_object_unref(ring);
    home_remove(folder);
}

/* The machine has something to say: it is asked whenever the connection comes up. */
static void tell(const struct call_event *list, size_t count)
{
    events = list;
    event_count = count;
    said[0] = '\0';
    connection.up(connection.user);
}

/* Two events: an epoch under a suite, and that it is to be sent with. */
static void enter(uint64_t epoch, uint16_t suite, uint8_t profile, uint8_t padding_bits)
{
    uint8_t key[CALL_BASE_KEY_MAX] = {(uint8_t)epoch, 1};
    const uint8_t leaves = 1;
    const struct call_event list[] = {
        {.type = CALL_EVENT_EPOCH_ADDED,
         .data = key,
         .len = sframe_suite_find(suite)->nk,
         .leaves = &leaves,
         .leaves_len = 1,
         .epoch = epoch,
         .leaf = OWN_LEAF,
         .leaf_slots = SLOTS,
         .sframe_suite = suite,
         .sframe_profile = profile,
         .padding = padding_bits},
        {.type = CALL_EVENT_SEND_WITH, .epoch = epoch, .leaf = OWN_LEAF},
    };
    tell(list, sizeof list / sizeof list[0]);
}

static void frames_are_sealed_as_the_room_says(void)
{
    open_group();
    enter(5, SFRAME_AES_256_GCM_SHA512_128, SFRAME_PROFILE_SOTTO, 7);
    CU_ASSERT_EQUAL(sotto_key_ring_suite(ring), SFRAME_AES_256_GCM_SHA512_128);
    CU_ASSERT_EQUAL(padding, 128);
    CU_ASSERT_TRUE(may_send);
    CU_ASSERT_TRUE(sotto_key_ring_has_receive_key(ring));
    enter(6, SFRAME_AES_256_GCM_SHA512_128, SFRAME_PROFILE_SOTTO, 0);
    CU_ASSERT_EQUAL(padding, 0);
    CU_ASSERT_TRUE(may_send);
    /* another room's, by which this ring's keys would have to begin anew: nothing is sent, and it is said */
    enter(7, SFRAME_AES_128_GCM_SHA256_128, SFRAME_PROFILE_SOTTO, 0);
    CU_ASSERT_FALSE(may_send);
    CU_ASSERT_NOT_EQUAL(said[0], '\0');
    enter(8, SFRAME_AES_256_GCM_SHA512_128, SFRAME_PROFILE_RFC9605, 0);
    CU_ASSERT_FALSE(may_send);
    close_group();
}

/* Nothing of such a room would be bound to its time and kind. Nobody is to wait for this client in it, either. */
static void a_room_without_the_inner_header_is_left(void)
{
    open_group();
    may_send = false;
    ended = goodbyes = 0;
    enter(5, SFRAME_AES_128_GCM_SHA256_128, SFRAME_PROFILE_RFC9605, 0);
    CU_ASSERT_FALSE(may_send);
    CU_ASSERT_FALSE(sotto_key_ring_has_receive_key(ring));
    CU_ASSERT_EQUAL(sotto_key_ring_profile(ring), SFRAME_PROFILE_SOTTO);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "this room seals frames by RFC 9605 alone"));
    CU_ASSERT_EQUAL(goodbyes, 1);
    CU_ASSERT_EQUAL(ended, 1);
    enter(6, SFRAME_AES_128_GCM_SHA256_128, SFRAME_PROFILE_RFC9605, 0);
    CU_ASSERT_STRING_EQUAL(said, ""); /* it has been said */
    CU_ASSERT_EQUAL(ended, 1);
    CU_ASSERT_FALSE(may_send);
    close_group();
}

static bool is_paused_by(const char *why)
{
    return why_paused && strcmp(why_paused, why) == 0;
}

/* Contact lost, or in an epoch that the others are not in: what the user reads from the first word to the last. */
static void who_is_stopped_is_told_why_and_when_it_is_over(void)
{
    const struct call_event roster_event = {.type = CALL_EVENT_ROSTER};
    const struct call_event no_contact = {.type = CALL_EVENT_SEND_STOPPED, .pause = CALL_PAUSE_LOST};
    const struct call_event again = {.type = CALL_EVENT_SEND_WITH, .epoch = 5, .leaf = OWN_LEAF};
    struct call_event anew[] = {
        {.type = CALL_EVENT_SEND_STOPPED, .pause = CALL_PAUSE_JOINING},
        {.type = CALL_EVENT_WARNING, .warning = CALL_WARNING_RESYNC},
        {.type = CALL_EVENT_PHASE, .phase = CALL_PHASE_ASKING},
    };
    open_group();
    all_said = g_string_new(NULL);
    may_send = false;
    somebody = "Ben";
    tell(&roster_event, 1);
    enter(5, SFRAME_AES_128_GCM_SHA256_128, SFRAME_PROFILE_SOTTO, 0);
    CU_ASSERT_STRING_EQUAL(all_said->str, ""); /* nothing has stopped it yet */
    CU_ASSERT_PTR_NULL(why_paused);
    tell(&no_contact, 1);
    CU_ASSERT_FALSE(may_send);
    CU_ASSERT_STRING_EQUAL(said, "not sending: contact with half of the members is lost "
                                 "(/go-on to remove them and continue)");
    CU_ASSERT_TRUE(is_paused_by("contact with half of the members is lost"));
    tell(&again, 1);
    CU_ASSERT_TRUE(may_send);
    CU_ASSERT_STRING_EQUAL(said, "sending again");
    CU_ASSERT_PTR_NULL(why_paused);
    tell(&again, 1); /* another epoch */
    CU_ASSERT_STRING_EQUAL(said, "");
    /* among the fewer: it goes to the others */
    g_string_truncate(all_said, 0);
    tell(anew, 3);
    CU_ASSERT_STRING_EQUAL(all_said->str, "not sending: no keys yet\n"
                                          "could not follow the group, coming in anew\n"
                                          "asking to be let in\n");
    CU_ASSERT_TRUE(is_paused_by("no keys yet"));
    /* where one commit is to blame, so is who made it */
    anew[1].by[0] = 7;
    g_string_truncate(all_said, 0);
    tell(&anew[1], 1);
    CU_ASSERT_STRING_EQUAL(said, "could not follow the group, coming in anew: what Ben sent cannot be used here");
    somebody = NULL;
    close_group();
    g_string_free(all_said, TRUE);
    all_said = NULL;
}

static void a_kick_names_both(void)
{
    const struct call_event list[] = {
        {.type = CALL_EVENT_ROSTER},
        {.type = CALL_EVENT_WARNING, .warning = CALL_WARNING_KICK, .user_id = {9}, .by = {7}},
    };
    open_group();
    somebody = "Ben";
    tell(list, 2);
    CU_ASSERT_STRING_EQUAL(said, "somebody is being removed by Ben");
    somebody = NULL;
    close_group();
}

static void tags_under_80_bits_are_refused(void)
{
    for (uint16_t suite = 1; suite <= 8; suite++) {
        open_group();
        may_send = false;
        enter(5, suite, SFRAME_PROFILE_SOTTO, 0);
        CU_ASSERT_EQUAL(may_send, sframe_suite_find(suite)->nt >= 10);
        CU_ASSERT_EQUAL(sotto_key_ring_has_receive_key(ring), sframe_suite_find(suite)->nt >= 10);
        close_group();
    }
}

/* By the clock frames are judged late, and a removed member's keys die at once: both go to the ring as they come. */
static void clocks_and_removed_leaves_reach_the_ring(void)
{
    open_group();
    enter(5, SFRAME_AES_128_GCM_SHA256_128, SFRAME_PROFILE_SOTTO, 0);
    const struct call_event clock = {.type = CALL_EVENT_CLOCK, .epoch = 5, .leaf = 0, .clock_ahead_ms = -123456789};
    tell(&clock, 1);
    CU_ASSERT_EQUAL(told_clock.epoch, 5);
    CU_ASSERT_EQUAL(told_clock.leaf, 0);
    CU_ASSERT_EQUAL(told_clock.ahead_ms, -123456789);
    told_removed.leaf = UINT32_MAX;
    const struct call_event removed = {.type = CALL_EVENT_LEAF_REMOVED, .epoch = 5, .leaf = 0};
    tell(&removed, 1);
    CU_ASSERT_EQUAL(told_removed.epoch, 5);
    CU_ASSERT_EQUAL(told_removed.leaf, 0);
    close_group();
}

static void a_service_that_does_not_answer_is_left(void)
{
    open_group();
    resets = 0;
    const struct call_event unanswered = {.type = CALL_EVENT_RECONNECT};
    tell(&unanswered, 1);
    CU_ASSERT_EQUAL(resets, 1);
    tell(NULL, 0);
    CU_ASSERT_EQUAL(resets, 1);
    close_group();
}

static void run_until_said(const char *text)
{
    const gint64 end_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    while (strstr(all_said->str, text) == NULL && g_get_monotonic_time() < end_us)
        g_main_context_iteration(NULL, FALSE);
    CU_ASSERT_PTR_NOT_NULL(strstr(all_said->str, text));
}

static void run_until_begun(void)
{
    const gint64 end_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    int got = sem_trywait(&code_begun);
    while (got != 0 && g_get_monotonic_time() < end_us) {
        g_main_context_iteration(NULL, FALSE);
        got = sem_trywait(&code_begun);
    }
    CU_ASSERT_EQUAL_FATAL(got, 0);
}

static void check_code(const char *digits)
{
    json_t *json = group_json(group);
    const char *code = json_string_value(json_object_get(json, "call_code"));
    CU_ASSERT_EQUAL(code == NULL, digits == NULL);
    if (code && digits)
        CU_ASSERT_STRING_EQUAL(code, digits);
    json_decref(json);
}

static void a_code_is_shown_while_it_is_the_rosters(void)
{
    const struct call_event changed = {.type = CALL_EVENT_ROSTER};
    open_group();
    all_said = g_string_new(NULL);
    sem_init(&code_begun, 0, 0);
    sem_init(&code_may_end, 0, 0);
    roster = 'a';
    tell(&changed, 1);
    run_until_begun();
    CU_ASSERT_PTR_NOT_NULL(strstr(all_said->str, "here:")); /* the roster waits for no code */
    /* somebody comes while a code is being made: it is nobody's code now */
    roster = 'b';
    sem_post(&code_may_end);
    tell(&changed, 1);
    run_until_begun();
    check_code(NULL);
    sem_post(&code_may_end);
    run_until_said("words of b (digits of b)");
    CU_ASSERT_PTR_NULL(strstr(all_said->str, "words of a"));
    check_code("digits of b");
    /* another epoch of the same roster has the same code, and it is not made again */
    g_string_truncate(all_said, 0);
    tell(&changed, 1);
    run_until_said("words of b (digits of b)");
    CU_ASSERT_NOT_EQUAL(sem_trywait(&code_begun), 0);
    roster = 'c';
    check_code(NULL);
    close_group();
    g_string_free(all_said, TRUE);
    all_said = NULL;
    sem_destroy(&code_begun);
    sem_destroy(&code_may_end);
}

static const struct unit_test TESTS[] = {
    {"a call code is shown, and made once, while the roster is the one it was made from",
     a_code_is_shown_while_it_is_the_rosters},
    {"a room whose frames have no inner header is refused, said and left", a_room_without_the_inner_header_is_left},
    {"who is stopped from sending, or is among the fewer, is told why, by whom, and when it is over",
     who_is_stopped_is_told_why_and_when_it_is_over},
    {"an announced kick names who makes it", a_kick_names_both},
    {"clocks and removed leaves reach the key ring", clocks_and_removed_leaves_reach_the_ring},
    {"a delivery service that does not answer is left for another connection", a_service_that_does_not_answer_is_left},
    {"frames are sealed as the room says, and nothing is sent where they cannot be",
     frames_are_sealed_as_the_room_says},
    {"a suite with tags under 80 bits seals and opens nothing", tags_under_80_bits_are_refused},
};

UNIT_MAIN("call.group", TESTS)
