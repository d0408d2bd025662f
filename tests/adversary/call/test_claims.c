/* A delivery service that says what no delivery service may: that nothing is encrypted here, in every message that
 * there is and in those that there are not; and that the order of the log is another. */
#include <stdio.h>
#include <string.h>

#include "media.h"
#include "scene.h"
#include "sim_server.h"
#include "unit.h"

/* --- "Encryption: off" --- */

static const char *const claims[] = {"encryption: none", "e2ee=off", "a=crypto:0 NULL", "{\"encrypted\":false}", ""};

/* Client 1 is sent these bytes as one message. Whatever it is, it is no reason to change anything. */
static void say(struct sim *sim, const uint8_t *data, size_t len)
{
    const int rc = call_receive(sim->clients[1].call, data, len, sim_time(sim, 1));
    CU_ASSERT(rc == CALL_OK || rc == CALL_MALFORMED); /* for which an application closes the connection */
    sim_drain(sim, 1);
}

static bool has_zeros(const struct media_frame *frame)
{
    static const uint8_t zeros[16];
    for (size_t i = 0; i + sizeof zeros <= frame->len; i++)
        if (memcmp(frame->bytes + i, zeros, sizeof zeros) == 0)
            return true;
    return false;
}

/* What client 1 sends is sealed as before, under the members' keys; what is not sealed it does not show. */
static void seals_and_opens_as_before(struct media *media)
{
    struct media_frame frame;
    struct media_frame clear = {.len = 60};
    CU_ASSERT_TRUE_FATAL(media_seal(media, 1, &frame));
    CU_ASSERT_FALSE(has_zeros(&frame)); /* its picture is nothing else */
    CU_ASSERT_EQUAL(media_open(media, 0, &frame, NULL), SFRAME_OK);
    CU_ASSERT_TRUE(has_zeros(&clear));
    CU_ASSERT_NOT_EQUAL(media_open(media, 1, &clear, NULL), SFRAME_OK);
}

static void encryption_is_off(void)
{
    struct sim *sim = scene_empty(2);
    struct media *media = media_new(sim);
    uint8_t message[256];
    scene_gather(sim, 2);
    sim->config.latency_ms = sim->config.jitter_ms = 0;
    for (unsigned type = 0; type < 256; type++)
        for (size_t c = 0; c < sizeof claims / sizeof claims[0]; c++)
            for (unsigned request = 0; request < 2; request++) {
                const size_t text = strlen(claims[c]);
                struct bytes_writer w;
                bytes_writer_init(&w, message, sizeof message);
                bytes_write_u8(&w, (uint8_t)type);
                bytes_write_u32(&w, request);
                bytes_write_u8(&w, (uint8_t)text);
                bytes_write(&w, (const uint8_t *)claims[c], text);
                say(sim, message, w.len);
                say(sim, (const uint8_t *)claims[c], text);
            }
    CU_ASSERT_EQUAL(scene_phase(sim, 1), CALL_PHASE_MEMBER);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[1].call), 2);
    seals_and_opens_as_before(media);
    sim_run_for(sim, 100);
    gather_settles(sim, 60000);
    seals_and_opens_as_before(media);
    media_free(media);
    sim_free(sim);
}

/* The same in messages that are well formed: errors, and answers to what nobody asked. */
static void well_formed_claims(void)
{
    struct sim *sim = scene_empty(2);
    struct media *media = media_new(sim);
    scene_gather(sim, 2);
    for (size_t c = 0; claims[c][0] != '\0'; c++) {
        const struct core_slice text = {(const uint8_t *)claims[c], strlen(claims[c])};
        const struct wire_envelope all[] = {
            {.type = WIRE_ERROR, .request = 1, .error = {.code = WIRE_REFUSED_INTERNAL, .text = text}},
            {.type = WIRE_PART,
             .request = 1,
             .part = {.seq = 1, .part = WIRE_PART_GROUP_INFO, .total = (uint32_t)text.len, .data = text}},
            {.type = WIRE_RELAYED, .relay = {.payload = text}},
            {.type = WIRE_ENTRY, .entry = {.seq = sim->servers[0].count + 1 + c, .commit = text}},
        };
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
            uint8_t encoded[256];
            struct bytes_writer w;
            bytes_writer_init(&w, encoded, sizeof encoded);
            wire_envelope_write(&w, &all[i]);
            CU_ASSERT_TRUE(bytes_writer_ok(&w));
            say(sim, encoded, w.len);
            sim_run_for(sim, 1000);
            CU_ASSERT_EQUAL(scene_phase(sim, 1), CALL_PHASE_MEMBER);
            seals_and_opens_as_before(media);
        }
    }
    media_free(media);
    sim_free(sim);
}

/* --- Order --- */

struct reorder {
    struct sim_bytes *held;
    uint64_t held_ms;
    unsigned swapped;
};

/* As sim_run_for(); what is held is passed on soon, if nothing comes that could go before it. */
static void run_for(struct sim *sim, struct reorder *reorder, uint64_t ms)
{
    for (const uint64_t until = sim->now_ms + ms; sim->now_ms < until;) {
        sim_run_for(sim, 100);
        if (!reorder->held || sim->now_ms < reorder->held_ms + 2000)
            continue;
        sim_send_down(sim, 2, reorder->held);
        sim_bytes_drop(reorder->held);
        reorder->held = NULL;
    }
}

/* Of what is pushed to client 2, each second entry comes before the first. */
static bool swap_pairs(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct reorder *reorder = context;
    uint8_t encoded[65536];
    struct bytes_writer w;
    if (client != 2 || envelope->type != WIRE_ENTRY)
        return true;
    bytes_writer_init(&w, encoded, sizeof encoded);
    wire_envelope_write(&w, envelope);
    CU_ASSERT_TRUE_FATAL(bytes_writer_ok(&w));
    struct sim_bytes *bytes = sim_bytes_new(encoded, w.len);
    if (!reorder->held) {
        reorder->held = bytes;
        reorder->held_ms = sim->now_ms;
        return false;
    }
    sim_send_down(sim, 2, bytes);
    sim_send_down(sim, 2, reorder->held);
    sim_bytes_drop(bytes);
    sim_bytes_drop(reorder->held);
    reorder->held = NULL;
    reorder->swapped++;
    return false;
}

/* The page that client 2 asks for lacks its first entry. (One whose entries are not in order is malformed:
 * unit.wire.envelope.) */
static bool a_gap(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    const struct sim_server *server = &sim->servers[0];
    struct bytes_writer list;
    struct bytes_writer w;
    static uint8_t entries[1 << 17];
    static uint8_t encoded[1 << 17];
    (void)context;
    if (client != 2 || envelope->type != WIRE_READ || envelope->read.from >= server->count)
        return true;
    bytes_writer_init(&list, entries, sizeof entries);
    const uint64_t from = envelope->read.from ? envelope->read.from : 1;
    for (uint64_t seq = from + 1; seq <= from + 3 && seq <= server->count; seq++) {
        const struct sim_bytes *commit = server->entries[seq - 1].commit;
        const struct wire_entry entry = {.seq = seq, .commit = {commit->data, commit->len}};
        wire_entry_write(&list, &entry);
    }
    const struct wire_envelope page = {.type = WIRE_ENTRIES,
                                       .request = envelope->request,
                                       .entries = {.head = server->count, .list = {entries, list.len}}};
    bytes_writer_init(&w, encoded, sizeof encoded);
    wire_envelope_write(&w, &page);
    CU_ASSERT_TRUE_FATAL(bytes_writer_ok(&list) && bytes_writer_ok(&w));
    struct sim_bytes *bytes = sim_bytes_new(encoded, w.len);
    sim_send_down(sim, 2, bytes);
    sim_bytes_drop(bytes);
    return false;
}

/* Entries count by their number: client 2 reads what is missing between, follows the same commits as all, and nobody is
 * lost or comes in anew. With gaps in what it reads, too, it takes no commit out of its place: it is in no epoch that
 * is not the others', and once it is told the truth it is where they are. */
static void another_order(void)
{
    struct sim *sim = scene_new(3, 6);
    struct reorder reorder = {0};
    sim->filter = swap_pairs;
    sim->context = &reorder;
    for (unsigned i = 3; i < 6; i++) {
        sim_start(sim, i);
        run_for(sim, &reorder, 700);
    }
    run_for(sim, &reorder, 120000);
    CU_ASSERT_TRUE(reorder.swapped > 0);
    CU_ASSERT_EQUAL(sim->clients[2].warnings[CALL_WARNING_RESYNC], 0);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[2].call), 6);
    sim->request = a_gap;
    sim_break(sim, 2);
    run_for(sim, &reorder, 120000);
    for (unsigned n = 0; n < 2; n++) {
        const struct sim_epoch *own = sim_key(&sim->clients[2], call_epoch(sim->clients[2].call));
        const struct sim_epoch *others = sim_key(&sim->clients[0], call_epoch(sim->clients[2].call));
        CU_ASSERT(!own || !others || memcmp(own->key, others->key, own->key_len) == 0);
        sim->filter = NULL;
        sim->request = NULL;
        sim_bytes_drop(reorder.held);
        reorder.held = NULL;
        gather_settles(sim, 90000);
    }
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 6);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"\"encryption: none\" in any message changes nothing", encryption_is_off},
    {"nor in one that is well formed", well_formed_claims},
    {"entries in another order lead nobody away", another_order},
};
UNIT_MAIN("adversary.call.claims", tests)
