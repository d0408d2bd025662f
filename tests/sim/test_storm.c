/* A large room in which nothing happens but its members' turns to renew the keys: nobody asks anybody for a key frame.
 * Some members have what an application would: a key ring, an encoder's sframeenc, and an sframedec for each other of
 * them; frames pass between these in the simulation's time. */
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gstsotto/keyring.h"
#include "gstutil.h"
#include "sim.h"

enum {
    MEMBERS = 200,
    WATCHED = 6, /* members with media; the first is the founder */
    MINUTES = 10,
    STEP_MS = 20,
    FRAME_MS = 100,
    DELAYS = 3,
    FLIGHT_MAX = 16, /* frames under way from one to another */
};

static const uint64_t delays_ms[DELAYS] = {20, 60, 140}; /* of media, one way */

static struct sim *sim;

/* In place of the C library's: frames are stamped and judged by the simulation's time. */
int clock_gettime(clockid_t id, struct timespec *now)
{
    if (id != CLOCK_BOOTTIME || !sim)
        return (int)syscall(SYS_clock_gettime, id, now);
    *now = (struct timespec){.tv_sec = (time_t)(sim->now_ms / 1000), .tv_nsec = (long)(sim->now_ms % 1000) * 1000000};
    return 0;
}

/* --- A member's media --- */

struct flight {
    GstBuffer *frame;
    uint64_t at_ms;
};

struct link {
    GstHarness *dec;
    struct flight flights[FLIGHT_MAX];
    size_t first, count;
    unsigned opened;
};

static struct media {
    SottoKeyRing *ring;
    GstHarness *enc;
    bool sends;
    unsigned frames;
    unsigned epochs;
    struct link from[WATCHED];
} media[WATCHED];

static struct media *media_of(const struct call *call)
{
    for (unsigned i = 0; sim && i < WATCHED; i++)
        if (sim->clients[i].call == call)
            return &media[i];
    return NULL;
}

static void take(struct media *m, const struct call_event *event)
{
    switch (event->type) {
    case CALL_EVENT_EPOCH_ADDED:
        CU_ASSERT_TRUE(sotto_key_ring_add_epoch(m->ring, event->epoch, event->leaf_slots, event->leaves, event->data,
                                                event->len, NULL));
        m->epochs++;
        break;
    case CALL_EVENT_EPOCH_REMOVED:
        CU_ASSERT_TRUE(sotto_key_ring_remove_epoch(m->ring, event->epoch, NULL));
        break;
    case CALL_EVENT_LEAF_REMOVED:
        sotto_key_ring_remove_leaf(m->ring, event->epoch, event->leaf, NULL);
        break;
    case CALL_EVENT_SEND_WITH:
        CU_ASSERT_TRUE(sotto_key_ring_use_epoch(m->ring, event->epoch, event->leaf, NULL));
        m->sends = true;
        break;
    case CALL_EVENT_SEND_STOPPED:
        m->sends = false;
        break;
    default:
        break;
    }
}

bool __real_call_next_event(struct call *call, struct call_event *event);
bool __wrap_call_next_event(struct call *call, struct call_event *event);
bool __wrap_call_next_event(struct call *call, struct call_event *event)
{
    const bool any = __real_call_next_event(call, event);
    struct media *m = any ? media_of(call) : NULL;
    if (m)
        take(m, event);
    return any;
}

static GstHarness *harness_with(const char *element, SottoKeyRing *ring, const char *caps)
{
    GstHarness *h = gst_harness_new(element);
    g_object_set(h->element, "key-ring", ring, NULL);
    gst_harness_set_src_caps_str(h, caps);
    return h;
}

static void open_media(void)
{
    for (unsigned i = 0; i < WATCHED; i++) {
        media[i].ring = sotto_key_ring_new(0, 0);
        media[i].enc = harness_with("sframeenc", media[i].ring, VP8);
        for (unsigned k = 0; k < WATCHED; k++)
            if (k != i)
                media[i].from[k].dec = harness_with("sframedec", media[i].ring, SEALED_VP8);
    }
}

static void close_media(void)
{
    for (unsigned i = 0; i < WATCHED; i++) {
        gst_harness_teardown(media[i].enc);
        for (unsigned k = 0; k < WATCHED; k++)
            if (k != i)
                gst_harness_teardown(media[i].from[k].dec);
        g_object_unref(media[i].ring);
    }
}

/* --- Frames --- */

static void send_frame(unsigned by)
{
    struct media *m = &media[by];
    if (!m->sends)
        return;
    GstBuffer *sealed = gstutil_push_one(m->enc, gstutil_vp8_frame(m->frames, 60, m->frames == 0));
    m->frames++;
    CU_ASSERT_PTR_NOT_NULL_FATAL(sealed);
    for (unsigned to = 0; to < WATCHED; to++) {
        struct link *link = &media[to].from[by];
        if (to == by)
            continue;
        CU_ASSERT_FATAL(link->count < FLIGHT_MAX);
        link->flights[(link->first + link->count++) % FLIGHT_MAX] =
            (struct flight){gst_buffer_copy_deep(sealed), sim->now_ms + delays_ms[(by + to) % DELAYS]};
    }
    gst_buffer_unref(sealed);
}

static void deliver(struct link *link)
{
    GstBuffer *opened;
    while (link->count > 0 && link->flights[link->first].at_ms <= sim->now_ms) {
        CU_ASSERT_EQUAL(gst_harness_push(link->dec, link->flights[link->first].frame), GST_FLOW_OK);
        link->first = (link->first + 1) % FLIGHT_MAX;
        link->count--;
    }
    while ((opened = gst_harness_try_pull(link->dec)) != NULL) {
        gst_buffer_unref(opened);
        link->opened++;
    }
}

static void run_for(uint64_t ms)
{
    const uint64_t end_ms = sim->now_ms + ms;
    while (sim->now_ms < end_ms) {
        sim_run_for(sim, STEP_MS);
        for (unsigned i = 0; i < WATCHED; i++)
            if ((sim->now_ms / STEP_MS + i) % (FRAME_MS / STEP_MS) == 0)
                send_frame(i);
        for (unsigned to = 0; to < WATCHED; to++)
            for (unsigned by = 0; by < WATCHED; by++)
                if (by != to)
                    deliver(&media[to].from[by]);
    }
}

static unsigned asked(void)
{
    unsigned requests = 0;
    for (unsigned to = 0; to < WATCHED; to++)
        for (unsigned by = 0; by < WATCHED; by++)
            if (by != to)
                requests += gstutil_key_unit_requests(media[to].from[by].dec);
    return requests;
}

static guint64 sum_of(const char *count)
{
    guint64 sum = 0;
    for (unsigned to = 0; to < WATCHED; to++)
        for (unsigned by = 0; by < WATCHED; by++)
            if (by != to)
                sum += gstutil_stat(media[to].from[by].dec, count);
    return sum;
}

static void no_storm_of_key_frames(void)
{
    const struct sim_config config = {
        .clients = MEMBERS, .latency_ms = 50, .jitter_ms = 100, .seed = 21, .shared_verdicts = true};
    sim = sim_new(&config);
    open_media();
    for (unsigned i = 0; i < MEMBERS; i++) {
        sim_start(sim, i);
        if (i == 0)
            sim_run_for(sim, 1000);
    }
    CU_ASSERT_NOT_EQUAL(sim_settle(sim, 60000), UINT64_MAX);
    run_for(5000);
    (void)asked(); /* joins are worth a key frame each */
    const unsigned before = media[0].epochs;
    const guint64 opened = sum_of("opened");
    run_for(MINUTES * 60000);
    const unsigned changes = media[0].epochs - before, requests = asked();
    printf(
        "\n    %u changes of epochs, %u frames opened, %u of them held first, %u not opened, %u key frames asked for\n",
        changes, (unsigned)(sum_of("opened") - opened), (unsigned)sum_of("held"), (unsigned)sum_of("no-key"), requests);
    CU_ASSERT(changes >= MINUTES * 60 / 5 * 9 / 10);
    CU_ASSERT_EQUAL(requests, 0);
    CU_ASSERT_EQUAL(sum_of("no-key") + sum_of("expired") + sum_of("overflowed") + sum_of("failed"), 0);
    CU_ASSERT(sum_of("opened") - opened >= (guint64)WATCHED * (WATCHED - 1) * (MINUTES * 60000 / FRAME_MS - 5));
    close_media();
    sim_free(sim);
    sim = NULL;
}

static const struct unit_test tests[] = {
    {"200 who renew their keys in turn for ten minutes ask for no key frame", no_storm_of_key_frames},
};

int main(void)
{
    gstutil_init();
    return unit_main("client.storm", tests, G_N_ELEMENTS(tests));
}
