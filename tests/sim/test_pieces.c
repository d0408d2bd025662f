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
            sim->servers[0].piece_max = 1500; /* whatever has a tree comes in several */
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

/* What the last client is given. */
struct counts {
    unsigned pieces;
    unsigned unwanted; /* of Welcomes, which it has no key for any more */
};

static bool count_pieces(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct counts *counts = context;
    const enum call_phase phase = call_get_phase(sim->clients[client].call);
    if (envelope->type == WIRE_PART && client == 7) {
        counts->pieces++;
        counts->unwanted += envelope->part.part == WIRE_PART_WELCOME && phase != CALL_PHASE_ASKING;
    }
    return true;
}

static struct sim *seven_and_one_far_away(struct counts *counts, size_t piece_max)
{
    const struct sim_config config = {.clients = 8, .latency_ms = 20, .seed = 31};
    struct sim *sim = sim_new(&config);
    for (unsigned c = 0; c < 7; c++) {
        sim_start(sim, c);
        sim_run_for(sim, 1500);
    }
    CU_ASSERT_NOT_EQUAL(sim_settle(sim, 30000), UINT64_MAX);
    sim->servers[0].piece_max = piece_max;
    sim->filter = count_pieces;
    sim->context = counts;
    sim->config.latency_ms = 250;
    sim_start(sim, 7);
    return sim;
}

/* What comes, if slowly, is waited for: the members have added this one already, and would have to once more. */
static void who_is_far_away_comes_in_by_the_welcome(void)
{
    struct counts counts = {0};
    struct sim *sim = seven_and_one_far_away(&counts, 400);
    const size_t entries = sim->servers[0].count;
    CU_ASSERT_NOT_EQUAL(sim_settle(sim, 25000), UINT64_MAX);
    CU_ASSERT_EQUAL(call_get_phase(sim->clients[7].call), CALL_PHASE_MEMBER);
    CU_ASSERT(counts.pieces > 8); /* half a second each: longer than a newcomer's patience */
    CU_ASSERT_EQUAL(sim->clients[7].phases[CALL_PHASE_ENTERING], 0);
    CU_ASSERT_EQUAL(sim->servers[0].count, entries + 1);
    sim_free(sim);
}

/* Its key is not kept for longer than half a minute, and a Welcome is not fetched without it. */
static void what_takes_too_long_is_given_up(void)
{
    struct counts counts = {0};
    struct sim *sim = seven_and_one_far_away(&counts, 30);
    sim_run_for(sim, 60000);
    CU_ASSERT(counts.pieces > 50);
    CU_ASSERT(counts.unwanted <= 1);
    CU_ASSERT(sim->clients[7].phases[CALL_PHASE_ENTERING] > 0);
    sim->servers[0].piece_max = 0;
    CU_ASSERT_NOT_EQUAL(sim_settle(sim, 120000), UINT64_MAX);
    CU_ASSERT_EQUAL(call_get_phase(sim->clients[7].call), CALL_PHASE_MEMBER);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"who is so far away that a Welcome takes long comes in by it all the same",
     who_is_far_away_comes_in_by_the_welcome},
    {"a Welcome that takes longer than its key is kept is given up", what_takes_too_long_is_given_up},
    {"pieces that do not fit let nobody in, and stop nobody for good", lies_let_nobody_in},
};
UNIT_MAIN("client.pieces", tests)
