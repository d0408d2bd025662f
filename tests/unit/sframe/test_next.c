/* The frame that a stream expects is opened without reading its header: by the same rules, and only that one. */
#include <stdlib.h>
#include <string.h>

#include "core/provider.h"
#include "fixture.h"
#include "receiver.h"
#include "sender.h"

enum {
    EPOCH = 3,
    LEAVES = 8,
    LEN = 40,
    ROOM = FIX_FRAME_MAX,
    FIRST = 8, /* counters below it stand in the header's first byte, and are not expected */
};

/* --- a call of some --- */

struct scene {
    struct sframe_receiver *receiver;
    struct sframe_sender *senders[LEAVES];
};

static uint64_t kid_of(uint32_t leaf)
{
    uint64_t kid = 0;
    CU_ASSERT_EQUAL_FATAL(sframe_kid_from_leaf(SFRAME_CAMERA * SFRAME_LAYERS, leaf, LEAVES, EPOCH, &kid), SFRAME_OK);
    return kid;
}

static struct sframe_receiver *new_receiver(const struct core_provider *from, uint16_t suite, uint8_t profile)
{
    const struct sframe_receiver_config config = {.suite = suite, .profile = profile, .keys = LEAVES};
    struct sframe_receiver *receiver = NULL;
    const uint8_t everybody = 0xff;
    const size_t size = sframe_receiver_size(&config);
    void *memory = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    CU_ASSERT_EQUAL_FATAL(sframe_receiver_init_with(from, memory, size, &config, &receiver), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_receiver_add_epoch(receiver, EPOCH, LEAVES, &everybody, fix_key, sizeof fix_key),
                          SFRAME_OK);
    return receiver;
}

static void open_scene_of(const struct core_provider *from, struct scene *scene)
{
    scene->receiver = new_receiver(from, 0, SFRAME_PROFILE_SOTTO);
    for (uint32_t leaf = 0; leaf < LEAVES; leaf++)
        scene->senders[leaf] = fix_sender_kid(kid_of(leaf));
}

/* Whose expected frames are counted. */
static void open_scene(struct scene *scene)
{
    open_scene_of(fix_provider_steady(), scene);
}

static void close_scene(struct scene *scene)
{
    fix_free_receiver(scene->receiver);
    for (uint32_t leaf = 0; leaf < LEAVES; leaf++)
        fix_free_sender(scene->senders[leaf]);
}

static void pass(struct scene *scene, uint32_t leaf, size_t len)
{
    struct fix_frame frame;
    struct sframe_opened opened;
    fix_seal(scene->senders[leaf], SFRAME_PROFILE_SOTTO, FIX_TIME_MS, len, &frame);
    CU_ASSERT_EQUAL_FATAL(fix_open(scene->receiver, &frame, FIX_TIME_MS, &opened), SFRAME_OK);
    CU_ASSERT(fix_payload_ok(&opened, len) && opened.kid == kid_of(leaf) && opened.ctr == frame.sealed.ctr &&
              opened.sender == leaf && opened.context == SFRAME_CAMERA * SFRAME_LAYERS &&
              opened.inner.codec == SFRAME_CODEC_VP8 && opened.inner.capture_ms == FIX_TIME_MS);
}

/* So that the next one is expected. */
static void pass_some(struct scene *scene, uint32_t leaf)
{
    for (unsigned i = 0; i <= FIRST; i++)
        pass(scene, leaf, LEN);
}

/* --- what is expected --- */

/* One sender, and all in turn. */
static void they_are_expected(void)
{
    struct scene scene;
    open_scene(&scene);
    fix_steady_opens = 0;
    for (unsigned i = 0; i < FIRST + 100; i++)
        pass(&scene, 0, LEN);
    CU_ASSERT_EQUAL(fix_steady_opens, 99);
    fix_steady_opens = 0;
    for (unsigned i = 0; i < FIRST + 100; i++)
        for (uint32_t leaf = 1; leaf < LEAVES; leaf++)
            pass(&scene, leaf, LEN);
    CU_ASSERT_EQUAL(fix_steady_opens, 99 * (LEAVES - 1));
    close_scene(&scene);
}

/* After each that is lost or comes late, and where the CTR gets longer, one header is read. */
static void else_the_header_is_read(void)
{
    static const uint64_t last[] = {255, 65535, 16777215};
    struct scene scene;
    struct fix_frame late;
    open_scene(&scene);
    struct sframe_sender_key *key = scene.senders[0]->current;
    pass_some(&scene, 0);
    fix_seal_at(scene.senders[0], FIX_TIME_MS, &late);
    fix_steady_opens = 0;
    pass(&scene, 0, LEN); /* of which was not expected that one is left out */
    CU_ASSERT_EQUAL(fix_steady_opens, 0);
    pass(&scene, 0, LEN);
    CU_ASSERT_EQUAL(fix_steady_opens, 1);
    CU_ASSERT_EQUAL(fix_open(scene.receiver, &late, FIX_TIME_MS, NULL), SFRAME_OK);
    CU_ASSERT_EQUAL(fix_open(scene.receiver, &late, FIX_TIME_MS, NULL), SFRAME_REPLAY);
    CU_ASSERT_EQUAL(fix_steady_opens, 1);
    pass(&scene, 0, LEN);
    CU_ASSERT_EQUAL(fix_steady_opens, 2);
    for (size_t i = 0; i < sizeof last / sizeof last[0]; i++) {
        const uint64_t jump = last[i] - 1; /* further than a window, after enough time */
        struct sframe_replay *replay = &scene.receiver->streams.last->replay;
        fix_set_ctr(key, jump);
        replay->high.top_ms = 0;
        replay->rate = UINT32_MAX;
        pass(&scene, 0, LEN);
        fix_steady_opens = 0;
        pass(&scene, 0, LEN);
        CU_ASSERT_EQUAL(key->ctr, last[i] + 1);
        CU_ASSERT_EQUAL(fix_steady_opens, 1);
        pass(&scene, 0, LEN);
        CU_ASSERT_EQUAL(fix_steady_opens, 1);
        pass(&scene, 0, LEN);
        CU_ASSERT_EQUAL(fix_steady_opens, 2);
    }
    close_scene(&scene);
}

static void shortest(void)
{
    struct scene scene;
    open_scene(&scene);
    for (size_t len = 0; len < 2 * LEN; len++) {
        pass_some(&scene, 0);
        pass(&scene, 0, len);
    }
    close_scene(&scene);
}

/* --- what only seems so --- */

/* Opens a copy of a frame that the stream expects, changed; then the frame itself, which is still expected. */
static void assert_refused(struct scene *scene, const struct fix_frame *changed, int rc)
{
    struct sframe_opened opened = {.ctr = 99};
    uint8_t text[ROOM];
    memcpy(text, changed->bytes, changed->len);
    const int got = sframe_open(scene->receiver, NULL, NULL, 0, text, changed->len, FIX_TIME_MS, &opened);
    CU_ASSERT(rc == SFRAME_OK ? got != SFRAME_OK : got == rc);
    CU_ASSERT_EQUAL(opened.ctr, 99);
}

static void forged(void)
{
    struct scene scene;
    struct fix_frame frame;
    struct sframe_receiver_stats stats;
    open_scene(&scene);
    pass_some(&scene, 0);
    fix_seal_at(scene.senders[0], FIX_TIME_MS, &frame);
    fix_steady_opens = 0;
    for (size_t bit = 0; bit < 8 * frame.len; bit++) {
        struct fix_frame changed = frame;
        changed.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_refused(&scene, &changed, SFRAME_OK);
    }
    const size_t tried = fix_steady_opens;
    CU_ASSERT_EQUAL(tried, 8 * (frame.len - sframe_header_len(kid_of(0), frame.sealed.ctr)));
    sframe_receiver_stats(scene.receiver, &stats);
    CU_ASSERT(stats.failed >= tried);
    CU_ASSERT_EQUAL(fix_open(scene.receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
    CU_ASSERT_EQUAL(fix_steady_opens, tried + 1);
    CU_ASSERT_EQUAL(fix_open(scene.receiver, &frame, FIX_TIME_MS, NULL), SFRAME_REPLAY);
    CU_ASSERT_EQUAL(fix_steady_opens, tried + 1);
    close_scene(&scene);
}

static void cut(void)
{
    struct scene scene;
    struct fix_frame frame;
    open_scene(&scene);
    pass_some(&scene, 0);
    fix_seal_at(scene.senders[0], FIX_TIME_MS, &frame);
    for (size_t len = 0; len < frame.len; len++) {
        struct fix_frame changed = frame;
        changed.len = len;
        assert_refused(&scene, &changed, SFRAME_OK);
    }
    CU_ASSERT_EQUAL(fix_open(scene.receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
    close_scene(&scene);
}

/* Right but for what its caller says of it. */
static void with_something_else(void)
{
    static const struct sframe_expect screen = {.kinds = 1u << SFRAME_SCREEN};
    static const struct sframe_expect av1 = {.codec = SFRAME_CODEC_AV1};
    const uint8_t metadata = 1;
    struct scene scene;
    struct fix_frame frame;
    struct sframe_opened opened;
    open_scene(&scene);
    pass_some(&scene, 0);
    fix_seal_at(scene.senders[0], FIX_TIME_MS, &frame);
    struct fix_frame copy = frame;
    CU_ASSERT_EQUAL(sframe_open(scene.receiver, NULL, &metadata, 1, copy.bytes, copy.len, FIX_TIME_MS, &opened),
                    SFRAME_AUTH);
    copy = frame;
    CU_ASSERT_EQUAL(sframe_open(scene.receiver, &screen, NULL, 0, copy.bytes, copy.len, FIX_TIME_MS, &opened),
                    SFRAME_STREAM);
    fix_steady_opens = 0;
    copy = frame;
    CU_ASSERT_EQUAL(sframe_open(scene.receiver, &av1, NULL, 0, copy.bytes, copy.len, FIX_TIME_MS, &opened),
                    SFRAME_CODEC);
    CU_ASSERT_EQUAL(fix_steady_opens, 1);
    CU_ASSERT_EQUAL(fix_open(scene.receiver, &frame, FIX_TIME_MS, NULL), SFRAME_REPLAY);
    fix_seal_at(scene.senders[0], FIX_TIME_MS, &frame);
    CU_ASSERT_EQUAL(sframe_open(scene.receiver, NULL, NULL, 0, frame.bytes, frame.len, FIX_TIME_MS, NULL),
                    SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_open(scene.receiver, NULL, NULL, 0, frame.bytes, SIZE_MAX, FIX_TIME_MS, &opened),
                    SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_open(scene.receiver, NULL, NULL, 0, NULL, frame.len, FIX_TIME_MS, &opened), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_open(NULL, NULL, NULL, 0, frame.bytes, frame.len, FIX_TIME_MS, &opened), SFRAME_INVALID);
    CU_ASSERT_EQUAL(fix_open(scene.receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
    close_scene(&scene);
}

/* Old by its capture time, or of a malformed inner header: refused after it was opened, wiped and spent. */
static void refused_for_what_it_says(void)
{
    static const uint8_t zeros[LEN];
    struct scene scene;
    struct fix_frame frame;
    struct sframe_opened opened = {.ctr = 99};
    open_scene(&scene);
    struct sframe_sender *plain = fix_sender(0, SFRAME_PROFILE_RFC9605);
    CU_ASSERT_EQUAL(sframe_sender_add_key(plain, kid_of(0), fix_key, sizeof fix_key), SFRAME_OK);
    pass_some(&scene, 0);
    fix_seal_at(scene.senders[0], FIX_TIME_MS - 5000, &frame);
    fix_steady_opens = 0;
    CU_ASSERT_EQUAL(fix_open(scene.receiver, &frame, FIX_TIME_MS, NULL), SFRAME_LATE);
    CU_ASSERT_EQUAL(fix_open(scene.receiver, &frame, FIX_TIME_MS, NULL), SFRAME_REPLAY);
    fix_set_ctr(plain->current, scene.senders[0]->current->ctr);
    fix_seal(plain, SFRAME_PROFILE_RFC9605, 0, LEN, &frame);
    CU_ASSERT_EQUAL(sframe_open(scene.receiver, NULL, NULL, 0, frame.bytes, frame.len, FIX_TIME_MS, &opened),
                    SFRAME_INNER);
    CU_ASSERT_EQUAL(fix_steady_opens, 2);
    CU_ASSERT_EQUAL(opened.ctr, 99);
    unit_assert_bytes("text", frame.bytes + frame.sealed.head_len, LEN, zeros, LEN);
    fix_free_sender(plain);
    close_scene(&scene);
}

static void a_cipher_that_fails(void)
{
    struct scene scene;
    struct fix_frame frame;
    struct sframe_receiver_stats stats;
    open_scene(&scene);
    pass_some(&scene, 0);
    fix_seal_at(scene.senders[0], FIX_TIME_MS, &frame);
    fix_steady_opens_break = true;
    CU_ASSERT_EQUAL(fix_open(scene.receiver, &frame, FIX_TIME_MS, NULL), SFRAME_CRYPTO);
    sframe_receiver_stats(scene.receiver, &stats);
    CU_ASSERT(stats.refused == 1 && stats.failed == 0);
    fix_steady_opens_break = false;
    CU_ASSERT_EQUAL(fix_open(scene.receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
    close_scene(&scene);
}

/* The same of this process's own cipher: one whose state was wiped. It tells of no forgery. */
static void a_wiped_cipher(void)
{
    struct scene scene;
    struct fix_frame frame;
    struct sframe_opened opened = {.ctr = 99};
    struct sframe_receiver_stats stats;
    open_scene_of(core_provider_best(), &scene);
    pass_some(&scene, 0);
    fix_seal_at(scene.senders[0], FIX_TIME_MS, &frame);
    const struct fix_frame sealed = frame;
    const struct sframe_stream *stream = scene.receiver->streams.last;
    scene.receiver->crypto.aead->wipe(stream->key.state);
    CU_ASSERT_EQUAL(stream->next_left > 0, scene.receiver->crypto.aead->open_one != NULL);
    CU_ASSERT_EQUAL(sframe_open(scene.receiver, NULL, NULL, 0, frame.bytes, frame.len, FIX_TIME_MS, &opened),
                    SFRAME_CRYPTO);
    CU_ASSERT_EQUAL(opened.ctr, 99);
    unit_assert_bytes("frame", frame.bytes, frame.len, sealed.bytes, sealed.len);
    sframe_receiver_stats(scene.receiver, &stats);
    CU_ASSERT(stats.refused == 1 && stats.failed == 0);
    close_scene(&scene);
}

/* --- what has no stream, or another kind of one --- */

static void a_stream_that_is_gone(void)
{
    struct scene scene;
    struct fix_frame frame;
    struct fix_frame zeros = {.len = 2 * LEN};
    struct sframe_opened opened;
    open_scene(&scene);
    pass_some(&scene, 0);
    fix_seal_at(scene.senders[0], FIX_TIME_MS, &frame);
    CU_ASSERT_EQUAL(sframe_receiver_remove_leaf(scene.receiver, EPOCH, 0), SFRAME_OK);
    fix_steady_opens = 0;
    CU_ASSERT_EQUAL(fix_open(scene.receiver, &frame, FIX_TIME_MS, &opened), SFRAME_NO_KEY);
    /* what a slot of zeros would expect */
    CU_ASSERT_EQUAL(fix_open(scene.receiver, &zeros, FIX_TIME_MS, &opened), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(fix_steady_opens, 0);
    close_scene(&scene);
}

static void assert_none_expected(uint16_t suite, uint8_t profile)
{
    struct sframe_receiver *receiver = new_receiver(fix_provider_steady(), suite, profile);
    struct sframe_sender *sender = fix_sender(suite, profile);
    struct fix_frame frame;
    CU_ASSERT_EQUAL(sframe_sender_add_key(sender, kid_of(0), fix_key, sizeof fix_key), SFRAME_OK);
    fix_steady_opens = 0;
    for (unsigned i = 0; i < 2 * FIRST; i++) {
        fix_seal(sender, profile, FIX_TIME_MS, LEN, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
    }
    CU_ASSERT_EQUAL(fix_steady_opens, 0);
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

/* Where tags are cut, or frames have no inner header. */
static void none_are_expected(void)
{
    for (uint16_t suite = SFRAME_AES_128_CTR_HMAC_SHA256_80; suite <= SFRAME_AES_128_CTR_HMAC_SHA256_32; suite++)
        assert_none_expected(suite, SFRAME_PROFILE_SOTTO);
    for (uint16_t suite = SFRAME_AES_256_CTR_HMAC_SHA512_80; suite <= SFRAME_AES_256_CTR_HMAC_SHA512_32; suite++)
        assert_none_expected(suite, SFRAME_PROFILE_SOTTO);
    for (uint16_t suite = SFRAME_AES_128_GCM_SHA256_128; suite <= SFRAME_AES_256_GCM_SHA512_128; suite++)
        assert_none_expected(suite, SFRAME_PROFILE_RFC9605);
}

static const struct unit_test tests[] = {
    {"of one sender, and of all in turn", they_are_expected},
    {"after a loss, after one that is late, and where the CTR gets longer a header is read", else_the_header_is_read},
    {"of any length", shortest},
    {"a forged one is refused and changes nothing", forged},
    {"one that is cut is refused", cut},
    {"one with metadata, of another kind or codec, and what is no frame are refused", with_something_else},
    {"one that is old or malformed is refused, wiped and spent", refused_for_what_it_says},
    {"a cipher that fails is no forgery", a_cipher_that_fails},
    {"a wiped cipher opens nothing", a_wiped_cipher},
    {"a stream that is gone expects nothing", a_stream_that_is_gone},
    {"nor do streams of cut tags or without inner header", none_are_expected},
};

UNIT_MAIN("sframe.next", tests)
