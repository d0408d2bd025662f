/* The storm once more, with a real sotto-ds on this machine and state machines that reach it over WebSockets, all of
 * them in this process. What it takes of the delivery service is measured here; what the protocol costs is held to its
 * bounds in the simulation.
 *
 * In a call each client has a machine of its own. Here one plays them all, which is more than it can do in a call's
 * time: a client that is late is taken for lost, comes in anew, and makes more work. So their clock is slowed until it
 * can. The service gets the same messages with more time between them: what it spends on them is what it would be, or
 * more, since it gathers fewer at a time. Over the call's own time that is the share of a core that it would need. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "call_parts.h"
#include "delivery/connection.h"
#include "ds_process.h"
#include "sim_verdicts.h"
#include "unit.h"
#include "wire/envelope.h"

enum {
    COME_MS = 2000,
    AGREED_EVERY_MS = 50,
    GIVE_UP_S = 20,        /* of the call's time; it takes three or four */
    CLIENTS_AT_SPEED = 20, /* that one machine plays without being late, other work beside it */
    CERTIFICATE_S = 24 * 3600,
};

struct crowd;

struct guest {
    struct crowd *crowd;
    struct identity_key root;
    struct identity_key device;
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    size_t certificate_len;
    struct call *call; /* NULL: not come yet */
    struct connection *connection;
    guint timer;
    bool sending;
    bool deaf; /* the machine wants another connection */
};

struct crowd {
    struct guest *guests;
    unsigned count;
    unsigned come;
    unsigned sending;
    struct call_link link;
    SoupSession *http;
    GMainLoop *loop;
    char *url;
    unsigned slowed; /* how many times */
    gint64 start_us;
    uint64_t start_unix_s;
    uint64_t appended; /* bytes */
    uint64_t received;
    const struct ds_process *service;
    double confirmed_s; /* when the last of them was */
    double agreed_s;    /* 0: they have not */
    double service_cpu_s;
};

/* By the call's clock. */
static struct call_time now(const struct crowd *crowd)
{
    const uint64_t us = (uint64_t)(g_get_monotonic_time() - crowd->start_us) / crowd->slowed;
    return (struct call_time){(uint64_t)crowd->start_us / 1000 + us / 1000, crowd->start_unix_s + us / G_USEC_PER_SEC};
}

static double passed_s(const struct crowd *crowd)
{
    return (double)(g_get_monotonic_time() - crowd->start_us) / G_USEC_PER_SEC / crowd->slowed;
}

static guint timer_in(const struct crowd *crowd, uint64_t ms, GSourceFunc function, gpointer data)
{
    return g_timeout_add((guint)(ms * crowd->slowed), function, data);
}

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_call: %s\n", what);
        exit(EXIT_FAILURE); /* the daemon ends with this process */
    }
}

/* --- One of them --- */

static void set_sending(struct guest *guest, bool sending)
{
    struct crowd *crowd = guest->crowd;
    if (sending == guest->sending)
        return;
    guest->sending = sending;
    if (!sending) {
        crowd->sending--;
        return;
    }
    crowd->sending++;
    crowd->confirmed_s = passed_s(crowd);
}

static void send_out(struct guest *guest, const struct call_event *event)
{
    struct wire_envelope e;
    if (wire_envelope_parse(event->data, event->len, &e) && e.type == WIRE_APPEND)
        guest->crowd->appended += e.append.commit.len + e.append.welcome.len + e.append.group_info.len;
    connection_send(guest->connection, event->data, event->len);
}

static void take(struct guest *guest, const struct call_event *event)
{
    switch (event->type) {
    case CALL_EVENT_SEND:
        send_out(guest, event);
        break;
    case CALL_EVENT_RECONNECT:
        guest->deaf = true;
        break;
    case CALL_EVENT_SEND_WITH:
        set_sending(guest, true);
        break;
    case CALL_EVENT_SEND_STOPPED:
        set_sending(guest, false);
        break;
    default:
        break;
    }
}

static gboolean on_time(gpointer data);

static void pump(struct guest *guest)
{
    struct call_event event;
    while (call_next_event(guest->call, &event))
        take(guest, &event);
    if (guest->timer != 0)
        g_source_remove(guest->timer);
    guest->timer = 0;
    const uint64_t timeout_ms = call_timeout(guest->call);
    const uint64_t now_ms = now(guest->crowd).ms;
    if (timeout_ms != UINT64_MAX)
        guest->timer = timer_in(guest->crowd, timeout_ms > now_ms ? timeout_ms - now_ms : 0, on_time, guest);
    if (guest->deaf) {
        guest->deaf = false;
        connection_reset(guest->connection, "no answer");
    }
}

static gboolean on_time(gpointer data)
{
    struct guest *guest = data;
    guest->timer = 0;
    call_advance(guest->call, now(guest->crowd));
    pump(guest);
    return G_SOURCE_REMOVE;
}

static void on_up(void *user)
{
    struct guest *guest = user;
    call_connected(guest->call, now(guest->crowd));
    pump(guest);
}

static void on_message(void *user, const uint8_t *data, size_t len)
{
    struct guest *guest = user;
    guest->crowd->received += len;
    must(call_receive(guest->call, data, len, now(guest->crowd)) == CALL_OK, "a message makes no sense");
    pump(guest);
}

static void on_down(void *user, const char *reason, bool ended)
{
    struct guest *guest = user;
    must(!ended, reason);
    call_disconnected(guest->call, now(guest->crowd));
    pump(guest);
}

static void make_guest(struct crowd *crowd, unsigned number)
{
    struct guest *guest = &crowd->guests[number];
    struct identity_certificate content = {.created_s = crowd->start_unix_s - 60};
    guest->crowd = crowd;
    must(identity_key_new(&guest->root) == IDENTITY_OK && identity_key_new(&guest->device) == IDENTITY_OK, "no keys");
    memcpy(content.device_key, guest->device.public_key, sizeof content.device_key);
    snprintf(content.name, sizeof content.name, "guest %u", number);
    snprintf(content.device, sizeof content.device, "device");
    content.expires_s = content.created_s + CERTIFICATE_S;
    must(identity_certificate_make(&guest->root, &content, guest->certificate, sizeof guest->certificate,
                                   &guest->certificate_len) == IDENTITY_OK,
         "no certificate");
}

static gboolean on_come(gpointer data)
{
    struct guest *guest = data;
    struct crowd *crowd = guest->crowd;
    const struct call_config config = {.link = &crowd->link,
                                       .certificate = guest->certificate,
                                       .certificate_len = guest->certificate_len,
                                       .device_seed = guest->device.seed};
    char *url = g_strdup_printf("%s?name=guest-%td", crowd->url, guest - crowd->guests);
    const struct connection_config connection = {
        .http = crowd->http, .url = url, .up = on_up, .message = on_message, .down = on_down, .user = guest};
    must(call_new(&config, now(guest->crowd), &guest->call) == CALL_OK, "a call cannot be prepared");
    guest->connection = connection_new(&connection);
    must(guest->connection != NULL, "no connection");
    g_free(url);
    crowd->come++;
    pump(guest);
    return G_SOURCE_REMOVE;
}

/* --- All of them --- */

static bool agree(const struct crowd *crowd)
{
    if (crowd->come < crowd->count || crowd->sending < crowd->count)
        return false;
    for (unsigned i = 0; i < crowd->count; i++)
        if (call_member_total(crowd->guests[i].call) != crowd->count ||
            call_epoch(crowd->guests[i].call) != call_epoch(crowd->guests[0].call))
            return false;
    return true;
}

static gboolean on_look(gpointer data)
{
    struct crowd *crowd = data;
    if (agree(crowd)) {
        crowd->agreed_s = passed_s(crowd);
        crowd->service_cpu_s = ds_process_cpu_s(crowd->service);
        g_main_loop_quit(crowd->loop);
    } else if (passed_s(crowd) > GIVE_UP_S) {
        g_main_loop_quit(crowd->loop);
    }
    return G_SOURCE_CONTINUE;
}

static void open_crowd(struct crowd *crowd, unsigned count, const struct ds_process *service)
{
    *crowd = (struct crowd){.count = count,
                            .slowed = (count + CLIENTS_AT_SPEED - 1) / CLIENTS_AT_SPEED,
                            .service = service,
                            .start_unix_s = (uint64_t)g_get_real_time() / G_USEC_PER_SEC};
    crowd->guests = g_new0(struct guest, count);
    crowd->loop = g_main_loop_new(NULL, FALSE);
    crowd->url = connection_url(service->address);
    crowd->http =
        soup_session_new_with_options("max-conns", (int)count * 2, "max-conns-per-host", (int)count * 2, NULL);
    must(call_link_new(service->address, "storm", &crowd->link) == CALL_OK, "no link");
    for (unsigned i = 0; i < count; i++)
        make_guest(crowd, i);
}

static void run_crowd(struct crowd *crowd)
{
    uint64_t random = 9;
    const guint look = timer_in(crowd, AGREED_EVERY_MS, on_look, crowd);
    crowd->start_us = g_get_monotonic_time();
    for (unsigned i = 0; i < crowd->count; i++)
        timer_in(crowd, unit_random(&random) % COME_MS, on_come, &crowd->guests[i]);
    g_main_loop_run(crowd->loop);
    g_source_remove(look);
}

static void close_crowd(struct crowd *crowd)
{
    for (unsigned i = 0; i < crowd->count; i++) {
        struct guest *guest = &crowd->guests[i];
        connection_free(guest->connection);
        call_free(guest->call);
        if (guest->timer != 0)
            g_source_remove(guest->timer);
        identity_key_wipe(&guest->root);
        identity_key_wipe(&guest->device);
    }
    g_object_unref(crowd->http);
    g_main_loop_unref(crowd->loop);
    g_free(crowd->url);
    g_free(crowd->guests);
}

static void tell(struct bench *bench, const struct crowd *crowd, double service_cpu_s, double cpu_s)
{
    const struct {
        const char *what;
        double value;
        const char *unit;
    } figures[] = {
        {"until all have confirmed", crowd->confirmed_s, "s"},
        {"until all agree", crowd->agreed_s, "s"},
        {"epochs", (double)call_epoch(crowd->guests[0].call), ""},
        {"appended", (double)crowd->appended / 1e6, "MB"},
        {"sent by sotto-ds", (double)crowd->received / 1e6, "MB"},
        {"CPU of sotto-ds until then", service_cpu_s, "s"},
        {"of one core, at the call's pace", 100 * service_cpu_s / crowd->agreed_s, "%"},
        {"CPU of all clients", cpu_s, "s"},
        {"the clients' clock is slowed", crowd->slowed, "times"},
        {"wall time", crowd->agreed_s * crowd->slowed, "s"},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        char title[BENCH_NAME_MAX];
        snprintf(title, sizeof title, "%u come to a sotto-ds: %s", crowd->count, figures[i].what);
        bench_figure(bench, title, figures[i].value, figures[i].unit);
    }
}

bool call_served(struct bench *bench)
{
    struct ds_process service;
    struct crowd crowd;
    if (!ds_process_start(&service))
        return false;
    sim_verdicts_share(true); /* the clients are 200 machines' worth of work on this one */
    open_crowd(&crowd, bench_is_quick(bench) ? 20 : 200, &service);
    const double service_before_s = ds_process_cpu_s(&service);
    const clock_t before = clock();
    run_crowd(&crowd);
    const bool ok = crowd.agreed_s > 0;
    if (ok)
        tell(bench, &crowd, crowd.service_cpu_s - service_before_s, (double)(clock() - before) / CLOCKS_PER_SEC);
    else
        printf("%u of %u are in the call and confirmed after %d s\n", crowd.sending, crowd.count, (int)GIVE_UP_S);
    close_crowd(&crowd);
    sim_verdicts_share(false);
    ds_process_stop(&service);
    return ok;
}
