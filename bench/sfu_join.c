/* What joining and leaving cost in a large room: everybody publishes a microphone and a camera and has 3 audio and 9
 * video slots. */
#include <stdio.h>
#include <stdlib.h>

#include "sfu_parts.h"

enum {
    PARTICIPANTS_MAX = 400,
    ROUNDS = 21,
    ROUND_US = 500,
    TURN_US = 1 /* or who waits for a turn would fall silent */
};

struct room {
    struct sfu_router *router;
    struct sfu_peer *publishers[PARTICIPANTS_MAX];
    struct sfu_peer *subscribers[PARTICIPANTS_MAX]; /* NULL: not there */
    unsigned count;
    unsigned turn; /* whose it is: the publisher who came first, whom everybody shows */
    bool left;     /* it left in this turn */
    uint64_t now_us;
    uint16_t seq;
};

/* One that is measured: first what goes before it in a turn, untimed. */
struct step {
    struct room *room;
    void (*before)(struct room *room);
    void (*step)(struct room *room);
};

static void drop_rtp(void *transport, struct sfu_out_packet *packets, size_t count)
{
    (void)transport, (void)packets, (void)count;
}

static void drop_rtcp(void *transport, uint8_t *data, size_t len)
{
    (void)transport, (void)data, (void)len;
}

static struct sfu_member publisher_of(unsigned number)
{
    return (struct sfu_member){.role = SFU_PUBLISHER, .number = number, .audio = 1, .video = 1};
}

static void nothing(struct room *room)
{
    (void)room;
}

static void publisher_leaves(struct room *room)
{
    sfu_router_leave(room->router, room->publishers[room->turn], room->now_us);
    room->publishers[room->turn] = NULL;
    room->left = true;
}

static void publisher_joins(struct room *room)
{
    const struct sfu_member member = publisher_of(room->turn);
    room->publishers[room->turn] = sfu_member_join(room->router, &member, room, room->now_us);
}

/* To the router a publisher's media is there from then on. */
static void publisher_speaks(struct room *room)
{
    const struct sfu_member member = publisher_of(room->turn);
    sfu_member_speak(room->router, room->publishers[room->turn], &member, SFU_AUDIO, room->seq, room->now_us);
    sfu_member_speak(room->router, room->publishers[room->turn], &member, SFU_VIDEO, room->seq, room->now_us);
    sfu_router_flush(room->router, room->now_us);
}

static void publisher_comes_back(struct room *room)
{
    publisher_leaves(room);
    publisher_joins(room);
}

static void subscriber_leaves(struct room *room)
{
    sfu_router_leave(room->router, room->subscribers[room->turn], room->now_us);
    room->subscribers[room->turn] = NULL;
}

static void subscriber_joins(struct room *room)
{
    const struct sfu_member member = {.role = SFU_SUBSCRIBER, .number = room->turn, .audio = 3, .video = 9};
    room->subscribers[room->turn] = sfu_member_join(room->router, &member, room, room->now_us);
}

/* Makes the room whole again; a publisher that left has come back as the last one. */
static void end_turn(struct room *room)
{
    if (!room->publishers[room->turn])
        publisher_joins(room);
    publisher_speaks(room);
    if (!room->subscribers[room->turn])
        subscriber_joins(room);
    if (room->left)
        room->turn = (room->turn + 1) % room->count;
    room->left = false;
    room->now_us += TURN_US;
    room->seq++;
}

static void prepare(void *ctx, uint64_t iterations)
{
    const struct step *step = ctx;
    (void)iterations;
    end_turn(step->room);
    step->before(step->room);
}

static void run(void *ctx, uint64_t iterations)
{
    const struct step *step = ctx;
    (void)iterations;
    step->step(step->room);
}

static void open_room(struct room *room, unsigned count)
{
    static const struct sfu_router_ops ops = {.send_rtp = drop_rtp, .send_rtcp = drop_rtcp};
    const struct sfu_router_config config = {.ops = &ops, .max_rooms = 1, .max_peers_per_room = 2 * count};
    *room = (struct room){.router = sfu_router_new(&config), .count = count, .now_us = 1000000};
    sfu_must(room->router != NULL);
    for (unsigned i = 0; i < count; i++) {
        room->left = true;
        end_turn(room);
    }
}

static void measure(struct bench *bench, const char *title, unsigned count)
{
    static struct room room;
    static const struct bench_slices one = {.len = 1, .prepare = prepare};
    struct step steps[] = {
        {&room, nothing, publisher_leaves},
        {&room, publisher_leaves, publisher_joins},
        {&room, publisher_comes_back, publisher_speaks},
        {&room, nothing, subscriber_leaves},
        {&room, subscriber_leaves, subscriber_joins},
    };
    const struct bench_contestant list[] = {
        {"a publisher leaves", run, &steps[0]}, {"a publisher joins", run, &steps[1]},
        {"its first packets", run, &steps[2]},  {"a subscriber leaves", run, &steps[3]},
        {"a subscriber joins", run, &steps[4]},
    };
    open_room(&room, count);
    bench_case_sliced(bench, title, 0, &one, list, sizeof list / sizeof list[0], NULL);
    sfu_router_free(room.router);
}

void sfu_bench_join(struct bench *bench)
{
    static const unsigned counts[] = {200, PARTICIPANTS_MAX};
    bench_set_rounds(bench, ROUNDS, ROUND_US);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        char title[BENCH_NAME_MAX];
        snprintf(title, sizeof title, "joining and leaving, %u participants", counts[i]);
        if (bench_wants(bench, title))
            measure(bench, title, bench_is_quick(bench) ? 20 : counts[i]);
    }
}
