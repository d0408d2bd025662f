#include "kid.h"
#include "streams.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { CAP = 8 };

static const struct core_aead *aead;

static void *make(struct sframe_streams *streams, struct sframe_key *spare)
{
    struct core_arena measure = {0};
    aead = core_provider_libcrypto.aes_128_gcm;
    sframe_streams_layout(streams, &measure, CAP, aead, 5);
    struct core_arena arena = {.memory = malloc(measure.used), .cap = measure.used};
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena.memory);
    sframe_streams_layout(streams, &arena, CAP, aead, 5);
    for (uint32_t i = 0; i < CAP; i++)
        CU_ASSERT_FATAL(aead->init(streams->slots[i].key.state, CORE_OPEN));
    spare->state = calloc(1, aead->state_size);
    CU_ASSERT_FATAL(spare->state && aead->init(spare->state, CORE_OPEN));
    return arena.memory;
}

static void drop(struct sframe_streams *streams, void *memory, struct sframe_key *spare, void *first_spare)
{
    for (uint32_t i = 0; i < CAP; i++)
        aead->wipe(streams->slots[i].key.state);
    aead->wipe(spare->state);
    free(first_spare);
    free(memory);
}

static struct sframe_stream_info info_of(uint64_t kid, uint64_t sender, uint8_t context)
{
    return (struct sframe_stream_info){kid, sender, sender, kid, context};
}

static void slots_are_taken_and_returned(void)
{
    struct sframe_streams streams;
    struct sframe_key spare = {0};
    void *memory = make(&streams, &spare);
    void *first_spare = spare.state;
    for (int round = 0; round < 3; round++) {
        for (uint64_t kid = 0; kid < CAP; kid++) {
            const struct sframe_stream_info info = info_of(kid * 1000, kid / 2, 0);
            void *handed = spare.state;
            memset(spare.salt, (int)kid + 1, sizeof spare.salt);
            CU_ASSERT_FALSE(sframe_streams_full(&streams));
            CU_ASSERT_PTR_NULL(sframe_streams_find(&streams, kid * 1000));
            struct sframe_stream *stream = sframe_streams_add(&streams, &info, false, &spare);
            CU_ASSERT_PTR_EQUAL(sframe_streams_find(&streams, kid * 1000), stream);
            CU_ASSERT_PTR_EQUAL(stream->key.state, handed); /* the key moves in, the slot's comes out */
            CU_ASSERT_PTR_NOT_EQUAL(spare.state, handed);
            CU_ASSERT_EQUAL(stream->key.salt[0], kid + 1);
        }
        CU_ASSERT(sframe_streams_full(&streams));
        CU_ASSERT_EQUAL(streams.count, CAP);
        for (uint64_t kid = CAP; kid-- > 0;) {
            struct sframe_stream *stream = sframe_streams_find(&streams, kid * 1000);
            const uint8_t zeros[CORE_NONCE_LEN] = {0};
            sframe_streams_remove(&streams, aead, stream);
            CU_ASSERT_PTR_NULL(sframe_streams_find(&streams, kid * 1000));
            unit_assert_bytes("salt", stream->key.salt, sizeof zeros, zeros, sizeof zeros);
        }
        CU_ASSERT_EQUAL(streams.count, 0);
    }
    drop(&streams, memory, &spare, first_spare);
}

/* Also where they are gone, or their slots are another's. */
static void wrong_guesses(void)
{
    enum { ROUNDS = 500, STEP = 7 };
    struct sframe_streams streams;
    struct sframe_key spare = {0};
    void *memory = make(&streams, &spare);
    void *first_spare = spare.state;
    struct sframe_stream *of[2 * CAP] = {0};
    uint32_t number = 1;
    for (int round = 0; round < ROUNDS; round++) {
        number = number * 1103515245 + 12345;
        const uint64_t kid = (number >> 16) % (2 * (uint64_t)CAP);
        if (of[kid] && round % STEP == 0) {
            sframe_streams_remove(&streams, aead, of[kid]);
            of[kid] = NULL;
        } else if (!of[kid] && !sframe_streams_full(&streams)) {
            const struct sframe_stream_info info = info_of(kid, kid, 0);
            of[kid] = sframe_streams_add(&streams, &info, false, &spare);
        }
        for (uint64_t i = 0; i < 3; i++) {
            const uint64_t wanted = (kid + i * STEP) % (2 * (uint64_t)CAP);
            CU_ASSERT_PTR_EQUAL(sframe_streams_find(&streams, wanted), of[wanted]);
        }
    }
    drop(&streams, memory, &spare, first_spare);
}

/* A sender's streams share one timeline, as long as there is one of them. */
static void timelines_are_shared(void)
{
    struct sframe_streams streams;
    struct sframe_key spare = {0};
    void *memory = make(&streams, &spare);
    void *first_spare = spare.state;
    const struct sframe_stream_info first = info_of(1, 77, 0);
    const struct sframe_stream_info second = info_of(2, 77, 4);
    const struct sframe_stream_info other = info_of(3, 78, 4);
    struct sframe_stream *a = sframe_streams_add(&streams, &first, false, &spare);
    struct sframe_stream *b = sframe_streams_add(&streams, &second, false, &spare);
    struct sframe_stream *c = sframe_streams_add(&streams, &other, false, &spare);
    CU_ASSERT_PTR_EQUAL(sframe_streams_timeline(&streams, a), sframe_streams_timeline(&streams, b));
    CU_ASSERT_PTR_NOT_EQUAL(sframe_streams_timeline(&streams, a), sframe_streams_timeline(&streams, c));
    CU_ASSERT_EQUAL(sframe_timeline_take(sframe_streams_timeline(&streams, a), 0, 5, 5, 3000, 1000), SFRAME_OK);
    sframe_streams_remove(&streams, aead, a);
    CU_ASSERT(sframe_streams_timeline(&streams, b)->known);
    sframe_streams_remove(&streams, aead, b);
    a = sframe_streams_add(&streams, &first, false, &spare);
    CU_ASSERT_FALSE(sframe_streams_timeline(&streams, a)->known);
    drop(&streams, memory, &spare, first_spare);
}

static void windows_by_kind(void)
{
    static const uint32_t sizes[SFRAME_KINDS + 1] = {128, 1024, 1024, 128, 1024, 1024};
    struct sframe_streams streams;
    struct sframe_key spare = {0};
    void *memory = make(&streams, &spare);
    void *first_spare = spare.state;
    for (unsigned kind = 0; kind <= SFRAME_KINDS; kind++) {
        const uint8_t context = kind < SFRAME_KINDS ? (uint8_t)(kind * 4 + 3) : SFRAME_CONTEXT_UNKNOWN;
        const struct sframe_stream_info info = info_of(kind, 1, context);
        CU_ASSERT_EQUAL(sframe_stream_kind(&info), kind);
        CU_ASSERT_EQUAL(sframe_streams_add(&streams, &info, false, &spare)->replay.size, sizes[kind]);
    }
    drop(&streams, memory, &spare, first_spare);
}

static const struct unit_test tests[] = {
    {"slots are taken, found, wiped and taken again", slots_are_taken_and_returned},
    {"a guess that is wrong finds the right one", wrong_guesses},
    {"a sender's streams share its timeline", timelines_are_shared},
    {"windows are 128 for audio, 1024 otherwise", windows_by_kind},
};

UNIT_MAIN("sframe.streams", tests)
