/* SFrame under memcheck with base keys undefined: a branch, or an index, that depends on one, or on what is derived
 * from it, is an error. Defined again is what others see: ciphertexts, tags, opened frames, key fingerprints, and
 * whether two values are equal. What libcrypto does to say that a tag is right is in constant_time.supp.
 *
 * Usage: constant_time [control-compare | control-branch]; the controls compare tags as memcmp() does, and branch on a
 * frame key, and must be caught. Runs only under valgrind (exit code 2 without it). */
#include "constant_time.h"
#include "core/secret.h"
#include "fixture.h"
#include "receiver.h"
#include "sender.h"

static size_t seen;
static size_t steady;   /* frames sealed by seal_one */
static size_t expected; /* and opened by open_one */

/* --- Controls --- */

static void look(const uint8_t *key)
{
    if (is_control("control-branch") && key[0] == 0x42)
        seen++;
}

bool __real_core_equal(const uint8_t *a, const uint8_t *b, size_t len);
bool __wrap_core_equal(const uint8_t *a, const uint8_t *b, size_t len);
bool __wrap_core_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    bool equal = is_control("control-compare") ? branching_compare(a, b, len) : __real_core_equal(a, b, len);
    show(&equal, sizeof equal);
    return equal;
}

bool __real_core_random(uint8_t *out, size_t len);
bool __wrap_core_random(uint8_t *out, size_t len);
bool __wrap_core_random(uint8_t *out, size_t len)
{
    return __real_core_random(out, len); /* where hash tables begin: no key is made here */
}

/* --- A provider that shows what is public --- */

static bool is_fingerprint(const struct core_slice *parts, size_t count)
{
    static const char label[] = "Sotto 1.0 key fingerprint ";
    return count > 1 && parts[1].len == sizeof label - 1 && memcmp(parts[1].data, label, sizeof label - 1) == 0;
}

#define HASH(name)                                                                                                     \
    static bool name##_hmac(const struct core_hmac_key *key, const struct core_slice *parts, size_t count,             \
                            uint8_t *out)                                                                              \
    {                                                                                                                  \
        bool ok = core_provider_libcrypto.name->hmac(key, parts, count, out);                                          \
        if (is_fingerprint(parts, count))                                                                              \
            show(out, core_provider_libcrypto.name->len);                                                              \
        return ok;                                                                                                     \
    }                                                                                                                  \
    static struct core_hash name;

#define AEAD(name)                                                                                                     \
    static bool name##_set_key(void *state, const uint8_t *key)                                                        \
    {                                                                                                                  \
        look(key);                                                                                                     \
        return core_provider_libcrypto.name->set_key(state, key);                                                      \
    }                                                                                                                  \
    static bool name##_seal(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,         \
                            const struct core_span *text, size_t text_count, uint8_t *tag, size_t tag_len)             \
    {                                                                                                                  \
        bool ok = core_provider_libcrypto.name->seal(state, nonce, aad, aad_count, text, text_count, tag, tag_len);    \
        for (size_t i = 0; i < text_count; i++)                                                                        \
            show(text[i].data, text[i].len);                                                                           \
        show(tag, tag_len);                                                                                            \
        return ok;                                                                                                     \
    }                                                                                                                  \
    static bool name##_seal_one(void *state, core_block nonce, core_block aad, size_t aad_len, uint8_t *text,          \
                                size_t text_len, uint8_t *tag)                                                         \
    {                                                                                                                  \
        const struct core_slice slice = {(const uint8_t *)&aad, aad_len};                                              \
        const struct core_span span = {text, text_len};                                                                \
        steady++;                                                                                                      \
        return name##_seal(state, (const uint8_t *)&nonce, &slice, 1, &span, 1, tag, CORE_TAG_MAX);                    \
    }                                                                                                                  \
    static enum core_opened name##_open(void *state, const uint8_t *nonce, const struct core_slice *aad,               \
                                        size_t aad_count, struct core_span text, const uint8_t *tag, size_t tag_len)   \
    {                                                                                                                  \
        enum core_opened opened =                                                                                      \
            core_provider_libcrypto.name->open(state, nonce, aad, aad_count, text, tag, tag_len);                      \
        show(&opened, sizeof opened);                                                                                  \
        show(text.data, text.len);                                                                                     \
        return opened;                                                                                                 \
    }                                                                                                                  \
    static enum core_opened name##_open_one(void *state, core_block nonce, core_block aad, size_t aad_len,             \
                                            uint8_t *text, size_t text_len, const uint8_t *tag)                        \
    {                                                                                                                  \
        const struct core_slice slice = {(const uint8_t *)&aad, aad_len};                                              \
        const struct core_span span = {text, text_len};                                                                \
        expected++;                                                                                                    \
        return name##_open(state, (const uint8_t *)&nonce, &slice, 1, span, tag, CORE_TAG_MAX);                        \
    }                                                                                                                  \
    static struct core_aead name;

HASH(sha256)
HASH(sha512)
AEAD(aes_128_gcm)
AEAD(aes_256_gcm)
AEAD(aes_128_ctr_hmac_sha256)
AEAD(aes_256_ctr_hmac_sha512)

static struct core_provider provider;

#define SHOWING_HASH(name)                                                                                             \
    name = *core_provider_libcrypto.name;                                                                              \
    name.hmac = name##_hmac;                                                                                           \
    provider.name = &name

#define SHOWING_AEAD(name)                                                                                             \
    name = *core_provider_libcrypto.name;                                                                              \
    name.set_key = name##_set_key;                                                                                     \
    name.seal = name##_seal;                                                                                           \
    name.seal_one = name##_seal_one;                                                                                   \
    name.open = name##_open;                                                                                           \
    name.open_one = name##_open_one;                                                                                   \
    provider.name = &name

static void init_provider(void)
{
    provider = core_provider_libcrypto;
    SHOWING_HASH(sha256);
    SHOWING_HASH(sha512);
    SHOWING_AEAD(aes_128_gcm);
    SHOWING_AEAD(aes_256_gcm);
    SHOWING_AEAD(aes_128_ctr_hmac_sha256);
    SHOWING_AEAD(aes_256_ctr_hmac_sha512);
}

/* --- Frames --- */

static void seal(struct sframe_sender *sender, struct fix_frame *frame)
{
    enum { LEN = 40 };
    const struct sframe_inner inner = {.codec = SFRAME_CODEC_VP8, .capture_ms = FIX_TIME_MS};
    uint8_t *payload = frame->bytes + SFRAME_HEAD_MAX;
    memset(payload, 'x', LEN);
    need(sframe_seal(sender, &inner, NULL, 0, frame->bytes, SFRAME_HEAD_MAX, payload, LEN, payload + LEN,
                     FIX_PADDING_MAX + SFRAME_TAG_MAX, &frame->sealed) == SFRAME_OK,
         "seal");
    frame->len = frame->sealed.head_len + LEN + frame->sealed.tail_len;
    memmove(frame->bytes, payload - frame->sealed.head_len, frame->len);
}

/* Of a copy. */
static int open(struct sframe_receiver *receiver, struct fix_frame frame)
{
    struct sframe_opened opened;
    return sframe_open(receiver, NULL, NULL, 0, frame.bytes, frame.len, FIX_TIME_MS, &opened);
}

static void live(uint16_t suite)
{
    const struct sframe_sender_config sender_config = {.suite = suite, .key_history = 8};
    const struct sframe_receiver_config receiver_config = {.suite = suite, .keys = 8};
    const uint8_t members = 1 << 1;
    enum { EPOCH = 3, LEAF = 1, LEAVES = 4, FRAMES = 12 };
    struct sframe_sender *sender = NULL;
    struct sframe_receiver *receiver = NULL;
    struct fix_frame frame;
    uint8_t base_key[32];
    unsigned context = 0;
    uint64_t kid = 0;
    size_t size = sframe_sender_size(&sender_config);
    need(sframe_sender_init_with(&provider, malloc(size), size, &sender_config, &sender) == SFRAME_OK, "sender");
    size = sframe_receiver_size(&receiver_config);
    need(sframe_receiver_init_with(&provider, malloc(size), size, &receiver_config, &receiver) == SFRAME_OK,
         "receiver");
    memset(base_key, 7, sizeof base_key);
    hide(base_key, sizeof base_key);
    need(sframe_context(SFRAME_CAMERA, 0, &context) == SFRAME_OK, "context");
    need(sframe_kid_from_leaf(context, LEAF, LEAVES, EPOCH, &kid) == SFRAME_OK, "KID");
    need(sframe_sender_add_key(sender, kid, base_key, sizeof base_key) == SFRAME_OK, "key");
    need(sframe_receiver_add_epoch(receiver, EPOCH, LEAVES, &members, base_key, sizeof base_key) == SFRAME_OK, "epoch");
    for (int i = 0; i < FRAMES; i++) {
        seal(sender, &frame);
        frame.bytes[frame.len - 1] ^= 1;
        need(open(receiver, frame) == SFRAME_AUTH, "a changed frame");
        frame.bytes[frame.len - 1] ^= 1;
        need(open(receiver, frame) == SFRAME_OK, "a frame");
        need(open(receiver, frame) == SFRAME_REPLAY, "a frame twice");
    }
    need(sframe_receiver_remove_epoch(receiver, EPOCH) == SFRAME_OK, "removal");
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

int main(int argc, char **argv)
{
    constant_time_begin(argc, argv);
    init_provider();
    for (uint16_t suite = SFRAME_AES_128_CTR_HMAC_SHA256_80; suite <= SFRAME_AES_256_CTR_HMAC_SHA512_32; suite++)
        live(suite);
    need(steady > 0, "no frame was steady");
    need(expected > 0, "no frame was expected");
    printf("frames of all suites went with base keys undefined%s\n", seen ? ", which were looked at" : "");
    return EXIT_SUCCESS;
}
