/* What a newcomer fetches in pieces, from a service that gives other pieces than it should. */
#include "sim.h"
#include "unit.h"
#include "wire/buffer.h"

struct liar {
    void (*lie)(struct wire_part_data *part);
    unsigned from; /* the piece that it begins with, counted over all */
    unsigned pieces;
};

static void another_offset(struct wire_part_data *part)
{
    part->offset = part->offset > 0 ? 0 : 1;
    part->data.len = 1;
}

static void another_total(struct wire_part_data *part)
{
    part->total = part->offset > 0 ? part->total + 1 : part->total;
}

/* After a first piece of a small part. */
static void more_than_there_was_to_be(struct wire_part_data *part)
{
    static const uint8_t zeros[WIRE_PIECE_MAX];
    if (part->offset == 0)
        return;
    part->total = WIRE_GROUP_INFO_MAX;
    part->data = (struct core_slice){zeros, sizeof zeros};
}

static void another_entry(struct wire_part_data *part)
{
    part->seq++;
}

static void another_part(struct wire_part_data *part)
{
    part->part = part->part == WIRE_PART_WELCOME ? WIRE_PART_GROUP_INFO : WIRE_PART_WELCOME;
}

static void other_bytes(struct wire_part_data *part)
{
    static const uint8_t zeros[4096];
    part->data.data = zeros;
}

static void the_rest_is_missing(struct wire_part_data *part)
{
    part->total = part->offset + (uint32_t)part->data.len;
}

/* Answers in the server's place; its own answer, that there is none, comes too late then. */
static bool lie(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct liar *liar = context;
    struct wire_envelope lying = *envelope;
    struct bytes_writer w;
    if (envelope->type != WIRE_PART || liar->pieces++ < liar->from)
        return true;
    liar->lie(&lying.part);
    wire_buffer_init(&w, WIRE_ENVELOPE_MAX);
    wire_envelope_write(&w, &lying);
    CU_ASSERT_FATAL(bytes_writer_ok(&w));
    CU_ASSERT_EQUAL(call_receive(sim->clients[client].call, w.data, w.len, sim_time(sim, client)), CALL_OK);
    wire_buffer_free(&w);
    sim_drain(sim, client);
    return false;
}

static void lies_let_nobody_in(void)
{
    static void (*const lies[])(struct wire_part_data *) = {
        another_offset, another_total, more_than_there_was_to_be, another_entry,
        another_part,   other_bytes,   the_rest_is_missing};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++)
        for (unsigned from = 0; from < 2; from++) {
            const struct sim_config config = {.clients = 8, .latency_ms = 20, .seed = 3 + i};
            struct sim *sim = sim_new(&config);
            sim->servers[0].piece_max = 3000; /* whatever has a tree comes in several */
            struct liar liar = {lies[i], from, 0};
            for (unsigned c = 0; c + 1 < config.clients; c++) {
                sim_start(sim, c);
                sim_run_for(sim, 1500);
            }
            CU_ASSERT_NOT_EQUAL(sim_settle(sim, 30000), UINT64_MAX);
            sim->filter = lie;
            sim->context = &liar;
            sim_start(sim, 7);
            sim_run_for(sim, 8000);
            CU_ASSERT(liar.pieces > from);
            CU_ASSERT_NOT_EQUAL(call_get_phase(sim->clients[7].call), CALL_PHASE_MEMBER);
            /* the control: the same service, once it is honest */
            sim->filter = NULL;
            CU_ASSERT_NOT_EQUAL(sim_settle(sim, 120000), UINT64_MAX);
            CU_ASSERT_EQUAL(call_get_phase(sim->clients[7].call), CALL_PHASE_MEMBER);
            sim_free(sim);
        }
}

static const struct unit_test tests[] = {
    {"pieces that do not fit let nobody in, and stop nobody for good", lies_let_nobody_in},
};
UNIT_MAIN("client.pieces", tests)
