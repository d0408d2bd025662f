/* sfu/udp.c on loopback */
#include "sfu/udp.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "unit.h"

enum { LIMIT_MS = 5000 };

static struct sfu_udp left;
static struct sfu_udp right;
static struct sfu_address right_address;
static struct sfu_udp_batch *batch;
static uint8_t room[SFU_UDP_BURST][SFU_UDP_DATAGRAM];
static struct iovec burst[SFU_UDP_BURST];

static void open_pair(void)
{
    CU_ASSERT_EQUAL_FATAL(sfu_udp_open(&left, "127.0.0.1", 0), 0);
    CU_ASSERT_EQUAL_FATAL(sfu_udp_open(&right, "127.0.0.1", 0), 0);
    CU_ASSERT_TRUE_FATAL(sfu_address_parse(&right_address, "127.0.0.1", sfu_udp_port(&right)));
    batch = sfu_udp_batch_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
}

static void close_pair(void)
{
    sfu_udp_batch_free(batch);
    sfu_udp_close(&left);
    sfu_udp_close(&right);
}

static void fill(size_t count, const size_t *sizes)
{
    for (size_t i = 0; i < count; i++) {
        memset(room[i], (int)(i + 1), sizes[i]);
        burst[i] = (struct iovec){.iov_base = room[i], .iov_len = sizes[i]};
    }
}

/* Receives and compares what fill() made. */
static void expect(size_t count, const size_t *sizes)
{
    size_t seen = 0;
    while (seen < count) {
        struct pollfd ready = {.fd = right.fd, .events = POLLIN};
        struct sfu_datagram *datagrams;
        bool more;
        CU_ASSERT_EQUAL_FATAL(poll(&ready, 1, LIMIT_MS), 1);
        size_t got = sfu_udp_receive(&right, batch, &datagrams, &more);
        for (size_t i = 0; i < got; i++, seen++) {
            if (seen >= count) {
                CU_FAIL("more than was sent");
                return;
            }
            unit_assert_bytes("datagram", datagrams[i].data, datagrams[i].len, room[seen], sizes[seen]);
            CU_ASSERT_EQUAL(datagrams[i].from.port, sfu_udp_port(&left));
        }
    }
}

static void bursts_arrive_in_order_whatever_their_sizes(void)
{
    static const size_t cases[][8] = {
        {1000},
        {1000, 1000, 1000, 1000},
        {1000, 1000, 999},
        {999, 1000, 1000},
        {1000, 10, 1000, 1000, 10, 10},
        {1, 2, 3, 4, 5, 6, 7, 8},
        {8, 7, 6, 5, 4, 3, 2, 1},
    };
    open_pair();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t count = 0;
        while (count < 8 && cases[i][count] > 0)
            count++;
        for (int once = 0; once < 2; once++) {
            bool segment = once == 0;
            fill(count, cases[i]);
            CU_ASSERT_EQUAL(sfu_udp_send(&left, &right_address, burst, count, &segment), count);
            CU_ASSERT_EQUAL(segment, once == 0);
            expect(count, cases[i]);
        }
    }
    close_pair();
}

static void a_full_burst_arrives(void)
{
    size_t sizes[SFU_UDP_BURST];
    open_pair();
    for (size_t i = 0; i < SFU_UDP_BURST; i++)
        sizes[i] = 1200;
    fill(SFU_UDP_BURST, sizes);
    bool segment = true;
    CU_ASSERT_EQUAL(sfu_udp_send(&left, &right_address, burst, SFU_UDP_BURST, &segment), SFU_UDP_BURST);
    expect(SFU_UDP_BURST, sizes);
    CU_ASSERT_EQUAL(sfu_udp_send(&left, &right_address, burst, SFU_UDP_BURST + 1, &segment), 0);
    close_pair();
}

static void a_path_that_refuses_segments_gets_datagrams(void)
{
    static const size_t sizes[] = {1000, 1000, 1000, 500};
    open_pair();
    /* a socket without checksums cannot segment: the kernel says EINVAL or EIO */
    int on = 1;
    CU_ASSERT_EQUAL_FATAL(setsockopt(left.fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
    fill(4, sizes);
    bool segment = true;
    CU_ASSERT_EQUAL(sfu_udp_send(&left, &right_address, burst, 4, &segment), 4);
    CU_ASSERT_FALSE(segment);
    expect(4, sizes);
    close_pair();
}

static void one_that_cannot_go_does_not_hold_up_the_others(void)
{
    static const size_t sizes[] = {100, 200};
    static uint8_t huge[70000];
    open_pair();
    fill(2, sizes);
    struct iovec mixed[3] = {burst[0], {.iov_base = huge, .iov_len = sizeof huge}, burst[1]};
    bool segment = false;
    CU_ASSERT_EQUAL(sfu_udp_send(&left, &right_address, mixed, 3, &segment), 2);
    expect(2, sizes);

    struct sfu_address unreachable;
    CU_ASSERT_TRUE_FATAL(sfu_address_parse(&unreachable, "::1", 9));
    CU_ASSERT_EQUAL(sfu_udp_send(&left, &unreachable, burst, 2, &segment), 0);
    close_pair();
}

static void what_is_too_long_is_dropped_whole(void)
{
    static uint8_t longer[SFU_UDP_DATAGRAM + 1];
    static const size_t sizes[] = {SFU_UDP_DATAGRAM};
    open_pair();
    struct iovec over = {.iov_base = longer, .iov_len = sizeof longer};
    struct iovec empty = {.iov_base = longer, .iov_len = 0};
    bool segment = false;
    CU_ASSERT_EQUAL(sfu_udp_send(&left, &right_address, &over, 1, &segment), 1);
    CU_ASSERT_EQUAL(sfu_udp_send(&left, &right_address, &empty, 1, &segment), 1);
    fill(1, sizes);
    CU_ASSERT_EQUAL(sfu_udp_send(&left, &right_address, burst, 1, &segment), 1);
    expect(1, sizes);
    close_pair();
}

static const struct unit_test tests[] = {
    {"bursts arrive in order whatever their sizes", bursts_arrive_in_order_whatever_their_sizes},
    {"a full burst arrives, a longer one is refused", a_full_burst_arrives},
    {"a path that refuses segments gets datagrams", a_path_that_refuses_segments_gets_datagrams},
    {"a datagram that cannot go does not hold up the others", one_that_cannot_go_does_not_hold_up_the_others},
    {"a datagram that is too long is dropped whole", what_is_too_long_is_dropped_whole},
};
UNIT_MAIN("sfu.udp", tests)
