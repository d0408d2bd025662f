#include "group.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "chat.h"
#include "code.h"
#include "commands.h"
#include "core/secret.h"
#include "delivery/connection.h"
#include "id/self.h"
#include "keep.h"
#include "knocks.h"
#include "people.h"
#include "sotto/sframe.h"
#include "texts.h"

enum {
    LINE_LEN = 1024,
    ROSTER_DELAY_MS = 700, /* after a change of the roster: the code takes a while, and changes may come in rows */
};

struct group {
    struct group_config config;
    char *folder;
    struct call_link link;
    struct call *call;
    struct connection *connection;
    struct people *people;
    struct code_maker *maker;
    struct identity_call_digest code_of; /* what the code was made from */
    struct identity_call_code code;
    bool code_known;
    guint timer, roster_timer;
    struct knocks knocks;
    bool may_send;
    bool was_sending; /* since it came: whoever is stopped now is told when that is over */
    bool refused;     /* this room is none that the client takes part in */
    bool unanswered;  /* the machine wants another connection */
    bool leaving, ended;
    bool away; /* the delivery service is, and it has been said */
};

/* --- saying ------------------------------------------------------------------------------------------------------- */

static void say(const struct group *group, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void say(const struct group *group, const char *format, ...)
{
    char text[LINE_LEN];
    va_list args;

    va_start(args, format);
    g_vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    group->config.say(group->config.user, text);
}

static bool is_nobody(const uint8_t user_id[CALL_USER_ID_LEN])
{
    static const uint8_t nobody[CALL_USER_ID_LEN];

    return memcmp(user_id, nobody, sizeof(nobody)) == 0;
}

static const char *name_of(const struct group *group, const uint8_t user_id[CALL_USER_ID_LEN])
{
    for (size_t i = 0; i < people_count(group->people); i++) {
        const struct person *person = people_at(group->people, i);

        if (memcmp(person->member.user_id, user_id, CALL_USER_ID_LEN) == 0)
            return person->shown;
    }
    return "somebody";
}

static void say_gone(const struct group *group, const struct call_event *event)
{
    switch (event->gone) {
    case CALL_GONE_LEFT:
        say(group, "%s left", name_of(group, event->user_id));
        break;
    case CALL_GONE_REMOVED:
    case CALL_GONE_KICKED: {
        char *who = g_strdup(name_of(group, event->user_id));

        say(group, "%s was removed by %s", who, name_of(group, event->by));
        g_free(who);
        break;
    }
    }
}

static void say_warning(const struct group *group, const struct call_event *event)
{
    const char *text = texts_warning(event->warning);

    if (event->warning == CALL_WARNING_RESYNC && !is_nobody(event->by))
        say(group, "%s: what %s sent cannot be used here", text, name_of(group, event->by));
    else if (event->warning == CALL_WARNING_KICK)
        say(group, "%s is being removed by %s", name_of(group, event->user_id), name_of(group, event->by));
    else
        say(group, "%s", text);
}

/* Others' words, cleaned of what could deceive a terminal. */
static void say_chat(const struct group *group, const struct call_event *event)
{
    char *text = g_strndup((const char *)event->data, event->len);
    size_t len = strlen(text);

    if (chat_clean(text, len)) {
        if (event->vanish_ms == 0)
            say(group, "%s: %s", name_of(group, event->user_id), text);
        else
            group->config.vanishing(group->config.user, name_of(group, event->user_id), text, len, event->vanish_ms);
    }
    core_wipe(text, len);
    g_free(text);
}

/* A code is nobody's any more from when the members, or what they have agreed on, are others. */
static bool is_present(const struct group *group, const struct identity_call_digest *digest)
{
    struct identity_call_digest present;

    return call_get_digest(group->call, &present) == CALL_OK && memcmp(&present, digest, sizeof(present)) == 0;
}

static bool code_is_present(const struct group *group)
{
    return group->code_known && is_present(group, &group->code_of);
}

static void say_code(const struct group *group)
{
    say(group, "call code, the same on every screen: %s (%s)", group->code.words, group->code.digits);
}

static void on_code(void *user, const struct identity_call_digest *digest, const struct identity_call_code *code)
{
    struct group *group = user;

    /* where the roster has changed meanwhile, it is about to be told with its own */
    if (!is_present(group, digest))
        return;
    if (code == NULL) {
        say(group, "the call code cannot be made: there is no memory for it");
        return;
    }
    group->code_known = true;
    group->code_of = *digest;
    group->code = *code;
    say_code(group);
}

static gboolean tell_roster(gpointer data)
{
    struct group *group = data;
    struct identity_call_digest digest;
    char line[LINE_LEN];

    group->roster_timer = 0;
    say(group, "epoch %" G_GUINT64_FORMAT ", %zu here:", call_epoch(group->call), people_count(group->people));
    for (size_t i = 0; i < people_count(group->people); i++) {
        people_describe(people_at(group->people, i), line, sizeof(line));
        say(group, "  %s", line);
    }
    if (code_is_present(group))
        say_code(group);
    else if (call_get_digest(group->call, &digest) == CALL_OK)
        code_maker_want(group->maker, &digest);
    return G_SOURCE_REMOVE;
}

static void roster_changed(struct group *group)
{
    people_update(group->people, group->call);
    group->config.members(group->config.user);
    if (group->roster_timer == 0)
        group->roster_timer = g_timeout_add(ROSTER_DELAY_MS, tell_roster, group);
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static void set_may_send(struct group *group, bool may)
{
    if (group->may_send == may)
        return;
    group->may_send = may;
    group->config.may_send(group->config.user, may);
}

static void complain(const struct group *group, const char *what, GError *error)
{
    say(group, "%s: %s", what, error != NULL ? error->message : "unknown error");
    g_clear_error(&error);
}

static void add_epoch(struct group *group, const struct call_event *event)
{
    GError *error = NULL;

    /* without the inner header nothing bounds a frame's age, or says what it is: no call of this client's is weaker */
    if (event->sframe_profile != SFRAME_PROFILE_SOTTO) {
        if (!group->refused)
            say(group, "this room seals frames by RFC 9605 alone, without their time and kind: who delays or exchanges "
                       "them would not be noticed. Nothing is sent or played here: make another room");
        group->refused = true;
        return;
    }
    /* who is in it, before frames are opened that have waited for its keys */
    if (event->epoch == call_epoch(group->call))
        people_update(group->people, group->call);
    people_epoch_added(group->people, event->epoch, event->leaf_slots);
    group->config.padding(group->config.user, event->padding > 0 ? 1u << event->padding : 0);
    if (!sotto_key_ring_set_parameters(group->config.ring, event->sframe_suite, event->sframe_profile)) {
        say(group, "this room seals frames otherwise than the one before: nothing of it can be sent or opened. Leave, "
                   "and come again");
        return;
    }
    if (!sotto_key_ring_add_epoch(group->config.ring, event->epoch, event->leaf_slots, event->leaves, event->data,
                                  event->len, &error))
        complain(group, "the keys of an epoch cannot be used", error);
}

static void remove_epoch(struct group *group, uint64_t epoch)
{
    /* false where it was never added, which has been said */
    sotto_key_ring_remove_epoch(group->config.ring, epoch, NULL);
    people_epoch_removed(group->people, epoch);
}

static void send_with(struct group *group, const struct call_event *event)
{
    GError *error = NULL;
    bool ok;

    if (group->refused)
        return;
    ok = sotto_key_ring_use_epoch(group->config.ring, event->epoch, event->leaf, &error);
    if (!ok)
        complain(group, "nothing is sent", error);
    else if (!group->may_send && group->was_sending)
        say(group, "sending again");
    group->was_sending |= ok;
    set_may_send(group, ok);
    if (ok)
        group->config.paused(group->config.user, NULL);
}

static void stop_sending(struct group *group, enum call_pause pause)
{
    set_may_send(group, false);
    if (group->leaving || group->refused || pause == CALL_PAUSE_OUT)
        return;
    say(group, "not sending: %s%s", texts_pause(pause), texts_pause_advice(pause));
    group->config.paused(group->config.user, texts_pause(pause));
}

/* --- the machine -------------------------------------------------------------------------------------------------- */

static struct call_time now(void)
{
    struct timespec boot;

    clock_gettime(CLOCK_BOOTTIME, &boot);
    return (struct call_time){.ms = (uint64_t)boot.tv_sec * 1000 + (uint64_t)boot.tv_nsec / 1000000,
                              .unix_s = (uint64_t)g_get_real_time() / G_USEC_PER_SEC};
}

static void take_phase(struct group *group, enum call_phase phase)
{
    say(group, "%s", texts_phase(phase));
    if (phase != CALL_PHASE_OUT && phase != CALL_PHASE_LINK_OLD)
        return;
    set_may_send(group, false);
    group->ended = true;
}

static void take_link(struct group *group)
{
    struct call_link link;
    char text[CALL_LINK_MAX];

    if (call_get_link(group->call, &link) == CALL_OK && call_link_format(&link, text, sizeof(text)) == CALL_OK)
        say(group, "the room has a new link, the old one admits nobody any more: %s", text);
    core_wipe(&link, sizeof(link));
    core_wipe(text, sizeof(text));
}

static void take_knock(struct group *group, const uint8_t *user_id)
{
    char word[KNOCKS_WORD + 1];

    knocks_word(user_id, word);
    if (knocks_add(&group->knocks, user_id))
        say(group, "somebody of user id %s… asks to be let in: /admit %s", word, word);
}

static void take(struct group *group, const struct call_event *event)
{
    switch (event->type) {
    case CALL_EVENT_SEND:
        if (group->connection != NULL)
            connection_send(group->connection, event->data, event->len);
        break;
    case CALL_EVENT_RECONNECT:
        group->unanswered = true;
        break;
    case CALL_EVENT_PHASE:
        take_phase(group, event->phase);
        break;
    case CALL_EVENT_EPOCH_ADDED:
        add_epoch(group, event);
        break;
    case CALL_EVENT_EPOCH_REMOVED:
        remove_epoch(group, event->epoch);
        break;
    case CALL_EVENT_LEAF_REMOVED:
        sotto_key_ring_remove_leaf(group->config.ring, event->epoch, event->leaf, NULL);
        break;
    case CALL_EVENT_CLOCK:
        /* false for an epoch that could not be added, which has been said */
        sotto_key_ring_set_clock(group->config.ring, event->epoch, event->leaf, event->clock_ahead_ms, NULL);
        break;
    case CALL_EVENT_SEND_WITH:
        send_with(group, event);
        break;
    case CALL_EVENT_SEND_STOPPED:
        stop_sending(group, event->pause);
        break;
    case CALL_EVENT_ROSTER:
        roster_changed(group);
        break;
    case CALL_EVENT_GONE:
        say_gone(group, event);
        break;
    case CALL_EVENT_KNOCK:
        take_knock(group, event->user_id);
        break;
    case CALL_EVENT_CHAT:
        say_chat(group, event);
        break;
    case CALL_EVENT_LINK:
        take_link(group);
        break;
    case CALL_EVENT_HIGHEST:
        keep_highest(group->folder, group->link.room, event);
        break;
    case CALL_EVENT_STATE:
        keep_state(group->folder, group->link.room, event);
        break;
    case CALL_EVENT_WARNING:
        say_warning(group, event);
        break;
    }
}

/* A room that is none for this client: nobody is to wait for it there. */
static void leave_refused(struct group *group)
{
    struct call_event event;

    group->ended = true;
    /* not a member yet: then nobody knows of it */
    if (call_leave(group->call) != CALL_OK)
        return;
    while (call_next_event(group->call, &event))
        take(group, &event);
}

static void pump(struct group *group);

static gboolean on_time(gpointer data)
{
    struct group *group = data;

    group->timer = 0;
    call_advance(group->call, now());
    pump(group);
    return G_SOURCE_REMOVE;
}

/* After whatever the machine was told: what it has to say, and when it wants to be asked next. */
static void pump(struct group *group)
{
    struct call_event event;
    uint64_t timeout_ms;
    uint64_t now_ms;
    bool was_ended = group->ended;

    while (call_next_event(group->call, &event))
        take(group, &event);
    if (group->refused && !group->ended)
        leave_refused(group);
    if (group->unanswered) {
        group->unanswered = false;
        connection_reset(group->connection, "the delivery service does not answer");
    }
    if (group->timer != 0)
        g_source_remove(group->timer);
    group->timer = 0;
    timeout_ms = call_timeout(group->call);
    now_ms = now().ms;
    if (timeout_ms != UINT64_MAX)
        group->timer =
            g_timeout_add((guint)MIN(timeout_ms > now_ms ? timeout_ms - now_ms : 0, G_MAXINT), on_time, group);
    if (group->ended && !was_ended && !group->leaving)
        group->config.ended(group->config.user);
}

static void on_up(void *user)
{
    struct group *group = user;

    if (group->away)
        say(group, "the delivery service is back");
    group->away = false;
    call_connected(group->call, now());
    pump(group);
}

static void on_message(void *user, const uint8_t *data, size_t len)
{
    struct group *group = user;
    int error = call_receive(group->call, data, len, now());

    pump(group);
    if (error == CALL_MALFORMED)
        connection_reset(group->connection, "the delivery service sends what makes no sense");
}

static void on_down(void *user, const char *reason, bool ended)
{
    struct group *group = user;

    if (!group->away || ended)
        say(group, "%s", reason);
    group->away = true;
    call_disconnected(group->call, now());
    group->ended |= ended;
    pump(group);
    if (ended && !group->leaving)
        group->config.ended(group->config.user);
}

/* --- what the user does ------------------------------------------------------------------------------------------- */

void group_typed(struct group *group, const char *line)
{
    const struct commands commands = {
        .call = group->call,
        .people = group->people,
        .knocks = &group->knocks,
        .say = group->config.say,
        .vanishing = group->config.vanishing,
        .user = group->config.user,
    };

    commands_run(&commands, line);
    pump(group);
}

void group_leave(struct group *group)
{
    group->leaving = true;
    /* not a member yet, or any more: then there is nobody to tell */
    if (call_leave(group->call) == CALL_OK)
        pump(group);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static bool make_call(struct group *group, const struct id_self *self, const struct identity_secret *device,
                      const struct id_store *store)
{
    struct call_config config = {
        .link = &group->link,
        .certificate = self->certificate_data,
        .certificate_len = self->certificate_len,
        .device_seed = device->key.seed,
        .token = (const uint8_t *)group->config.token,
        .token_len = group->config.token != NULL ? strlen(group->config.token) : 0,
        .keeps = true,
    };
    int error;

    keep_read_highest(store, group->link.room, &config);
    error = call_new(&config, now(), &group->call);
    if (error != CALL_OK)
        fprintf(stderr, "sotto: the call cannot be prepared: %s\n", call_strerror(error));
    else if (keep_restore(store, group->link.room, group->call, &error) && error != CALL_OK)
        say(group, "what was kept of the last call in this room is not used: %s", call_strerror(error));
    return group->call != NULL;
}

/* Who we are; the store is locked for as short as can be, for other programs wait for it. */
static bool take_identity(struct group *group)
{
    struct id_store store;
    struct id_self *self = g_new0(struct id_self, 1);
    struct identity_secret *device = NULL;
    bool ok = id_store_find(&store, group->folder);

    if (ok) {
        device = id_self_unlock(&store, &group->config.passphrase, now().unix_s, self);
        ok = device != NULL && make_call(group, self, device, &store);
        id_store_close(&store);
    }
    core_secret_free(device);
    if (ok) {
        group->people = people_new(group->folder, self->certificate.root_key);
        ok = group->people != NULL;
    }
    g_free(self);
    return ok;
}

struct group *group_new(const struct group_config *config)
{
    struct group *group = g_new0(struct group, 1);
    struct connection_config connection = {
        .http = config->http, .up = on_up, .message = on_message, .down = on_down, .user = group};
    char *url = NULL;

    group->config = *config;
    group->maker = code_maker_new(on_code, group);
    group->folder = g_strdup(config->identity_folder);
    if (call_link_parse(config->link, &group->link) != CALL_OK) {
        fprintf(stderr, "sotto: this is not a room's link; they look like sotto://host/room#secret\n");
        group_free(group);
        return NULL;
    }
    url = config->url != NULL ? g_strdup(config->url) : connection_url(group->link.host);
    connection.url = url;
    if (take_identity(group))
        group->connection = connection_new(&connection);
    g_free(url);
    if (group->connection == NULL) {
        group_free(group);
        return NULL;
    }
    return group;
}

void group_free(struct group *group)
{
    if (group == NULL)
        return;
    connection_free(group->connection);
    code_maker_free(group->maker);
    if (group->timer != 0)
        g_source_remove(group->timer);
    if (group->roster_timer != 0)
        g_source_remove(group->roster_timer);
    call_free(group->call);
    if (group->people != NULL)
        people_free(group->people);
    core_wipe(&group->link, sizeof(group->link));
    g_free(group->folder);
    g_free(group);
}

bool group_resolve(struct group *group, uint64_t kid, uint64_t ctr, uint64_t *sender, uint64_t *index)
{
    return people_resolve(group->people, kid, ctr, sender, index);
}

bool group_get_member(const struct group *group, size_t i, struct group_member *member)
{
    const struct person *person = people_at(group->people, i);

    if (person == NULL)
        return false;
    *member = (struct group_member){.sender = person->sender,
                                    .name = person->member.self ? NULL : person->shown,
                                    .left = person->member.left,
                                    .lost = person->member.lost};
    return true;
}

json_t *group_json(const struct group *group)
{
    json_t *object = json_object();
    const bool known = code_is_present(group);

    json_object_set_new(object, "epoch", json_integer((json_int_t)call_epoch(group->call)));
    json_object_set_new(object, "call_code", known ? json_string(group->code.digits) : json_null());
    json_object_set_new(object, "call_code_words", known ? json_string(group->code.words) : json_null());
    json_object_set_new(object, "roster", people_json(group->people));
    return object;
}
