#include "ds/packet.h"

#include <string.h>

#include "unit.h"

static struct ds_packet *relayed(const char *payload)
{
    return ds_packet_new(
        &(struct wire_envelope){.type = WIRE_RELAYED, .relay = {{(const uint8_t *)payload, strlen(payload)}}},
        strlen(payload));
}

static void a_packet_is_the_envelope(void)
{
    static const uint8_t want[] = {0x92, 0, 0, 0, 0, 2, 'h', 'i'};
    struct ds_packet *packet = relayed("hi");
    CU_ASSERT_PTR_NOT_NULL_FATAL(packet);
    unit_assert_bytes("envelope", ds_packet_data(packet), packet->len, want, sizeof(want));
    CU_ASSERT_EQUAL(ds_packet_data(packet) - packet->bytes, DS_HEADROOM);
    ds_packet_unref(packet);
    CU_ASSERT_PTR_NULL(relayed(""));
}

static void a_queue_gives_in_order_and_counts(void)
{
    struct ds_queue queue = {.ring = NULL};
    struct ds_packet *packets[100];
    size_t bytes = 0;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 100; i++) {
            packets[i] = relayed("some payload");
            CU_ASSERT(ds_queue_push(&queue, packets[i], 1000, 100000));
            bytes += packets[i]->len;
            CU_ASSERT_EQUAL(packets[i]->refs, 2);
        }
        CU_ASSERT_EQUAL(queue.count, 100);
        CU_ASSERT_EQUAL(queue.bytes, bytes);
        for (size_t i = 0; i < 100; i++) {
            struct ds_packet *packet = ds_queue_pop(&queue);
            CU_ASSERT_PTR_EQUAL(packet, packets[i]);
            bytes -= packet->len;
            ds_packet_unref(packet);
            ds_packet_unref(packet);
        }
        CU_ASSERT_EQUAL(queue.bytes, 0);
        CU_ASSERT_PTR_NULL(ds_queue_pop(&queue));
    }
    ds_queue_clear(&queue);
}

static void a_queue_keeps_its_bounds(void)
{
    struct ds_queue queue = {.ring = NULL};
    struct ds_packet *packet = relayed("0123456789"); /* 16 bytes */
    CU_ASSERT(ds_queue_push(&queue, packet, 2, 32));
    CU_ASSERT(ds_queue_push(&queue, packet, 2, 32));
    CU_ASSERT_FALSE(ds_queue_push(&queue, packet, 2, 1000));
    CU_ASSERT_FALSE(ds_queue_push(&queue, packet, 1000, 47));
    CU_ASSERT(ds_queue_push(&queue, packet, 1000, 48));
    CU_ASSERT_FALSE(ds_queue_push(&(struct ds_queue){.ring = NULL}, packet, 1000, 15));
    CU_ASSERT_EQUAL(packet->refs, 4);
    ds_queue_clear(&queue);
    CU_ASSERT_EQUAL(packet->refs, 1);
    ds_packet_unref(packet);
}

static const struct unit_test tests[] = {
    {"a packet is the envelope, with room in front", a_packet_is_the_envelope},
    {"a queue gives in order, and counts", a_queue_gives_in_order_and_counts},
    {"a queue keeps its bounds", a_queue_keeps_its_bounds},
};
UNIT_MAIN("ds.packet", tests)
