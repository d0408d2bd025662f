/* The ipsec-mb provider under memcheck with its keys undefined: a branch, or an index, that depends on one, or on what
 * is derived from it, is an error. Of each frame that is opened there has to be one, no more: whether its tag is the
 * right one, whatever bytes are wrong. A comparison that ends early, or by parts, has several.
 *
 * Usage: constant_time [control-compare | control-one]; the controls compare as memcmp() does, control-one where a text
 * is opened at once, and must be caught. Runs only under valgrind (exit code 2 without it), and so shows the code for
 * AVX2. */
#include "constant_time.h"
#include "core/provider.h"
#include "core/secret.h"

enum { TEXT_MAX = 1200, AAD_LEN = 300, EXIT_SKIPPED = 77 };

static const size_t lens[] = {0, 40, TEXT_MAX};
/* What memcheck has found since the last call. */
static unsigned told(void)
{
    static unsigned before;
    const unsigned all = VALGRIND_COUNT_ERRORS;
    const unsigned new = all - before;
    before = all;
    return new;
}

bool __real_core_equal(const uint8_t *a, const uint8_t *b, size_t len);
bool __wrap_core_equal(const uint8_t *a, const uint8_t *b, size_t len);
bool __wrap_core_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    return is_control("control-compare") ? branching_compare(a, b, len) : __real_core_equal(a, b, len);
}

bool __real_core_random(uint8_t *out, size_t len);
bool __wrap_core_random(uint8_t *out, size_t len);
bool __wrap_core_random(uint8_t *out, size_t len)
{
    return __real_core_random(out, len); /* which nothing here asks for */
}

/* --- frames --- */

struct frame {
    uint8_t nonce[CORE_NONCE_LEN];
    uint8_t text[TEXT_MAX];
    uint8_t tag[CORE_TAG_MAX];
    struct core_span span;
};

static struct frame frames[CORE_BATCH_MAX];
static const uint8_t aad[AAD_LEN];
static const struct core_slice slices[] = {{aad, 20}, {aad + 20, AAD_LEN - 20}};

struct setting {
    const struct core_aead *aead;
    void *workspace; /* NULL: one by one */
    void *sealer;
    void *opener;
    size_t aad_count;
    size_t tag_len;
};

/* Seals a frame for each job, which is then one that opens it. */
static void seal(const struct setting *setting, size_t len, struct core_aead_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct frame *frame = &frames[i];
        memset(frame, (int)i, sizeof *frame);
        frame->span = (struct core_span){frame->text, len};
        jobs[i] = (struct core_aead_job){.state = setting->sealer,
                                         .nonce = frame->nonce,
                                         .aad = slices,
                                         .aad_count = setting->aad_count,
                                         .text = &frame->span,
                                         .text_count = 1,
                                         .tag = frame->tag,
                                         .tag_len = setting->tag_len};
    }
    core_aead_seal_batch(setting->aead, setting->workspace, jobs, count);
    for (size_t i = 0; i < count; i++) {
        need(jobs[i].result == CORE_OPEN_OK, "a frame was not sealed");
        show(frames[i].text, len);
        show(frames[i].tag, setting->tag_len);
        jobs[i].state = setting->opener;
        jobs[i].expected = frames[i].tag;
        jobs[i].tag = NULL;
    }
    need(told() == 0, "sealing told of a key");
}

/* Opens count frames with byte `wrong` of every other tag changed, of all with `wrong` past its end: of none. */
static void open(const struct setting *setting, size_t len, size_t count, size_t wrong)
{
    struct core_aead_job jobs[CORE_BATCH_MAX];
    seal(setting, len, jobs, count);
    for (size_t i = 0; wrong < setting->tag_len && i < count; i += 2)
        frames[i].tag[wrong] ^= 0x80;
    core_aead_open_batch(setting->aead, setting->workspace, jobs, count);
    need(told() == count, "opening told more, or less, than whether a tag is right");
    for (size_t i = 0; i < count; i++) {
        const bool forged = wrong < setting->tag_len && i % 2 == 0;
        need(jobs[i].result == (forged ? CORE_OPEN_FORGED : CORE_OPEN_OK), "a frame was misjudged");
    }
}

static void open_all(const struct setting *setting)
{
    const size_t count = setting->workspace ? CORE_BATCH_MAX : 1;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++)
        for (size_t wrong = 0; wrong <= setting->tag_len; wrong++)
            open(setting, lens[i], count, wrong);
}

/* --- seal_one and open_one, which take their arguments in registers --- */

static const core_block block = {7, 0};

static void seal_one(const struct core_aead *aead, void *sealer, size_t len)
{
    struct frame *frame = &frames[0];
    memset(frame, 0, sizeof *frame);
    need(aead->seal_one(sealer, block, block, sizeof block, frame->text, len, frame->tag), "a frame was not sealed");
    show(frame->text, len);
    show(frame->tag, sizeof frame->tag);
    need(told() == 0, "sealing one told of a key");
}

/* For control-one: makes the right tag anew, of a text that is known, and compares it. */
static enum core_opened branching_open_one(const struct core_aead *aead, void *sealer, const uint8_t *tag)
{
    static uint8_t text[TEXT_MAX];
    uint8_t right[CORE_TAG_MAX];
    memset(text, 0, sizeof text);
    need(aead->seal_one(sealer, block, block, sizeof block, text, sizeof text, right), "a frame was not sealed");
    return branching_compare(right, tag, sizeof right) ? CORE_OPEN_OK : CORE_OPEN_FORGED;
}

/* With byte `wrong` of the tag changed; with none if that is past its end. */
static void open_one(const struct setting *setting, size_t len, size_t wrong)
{
    const struct core_aead *aead = setting->aead;
    struct frame *frame = &frames[0];
    seal_one(aead, setting->sealer, len);
    if (wrong < sizeof frame->tag)
        frame->tag[wrong] ^= 0x80;
    const enum core_opened opened =
        is_control("control-one") && len == TEXT_MAX
            ? branching_open_one(aead, setting->sealer, frame->tag)
            : aead->open_one(setting->opener, block, block, sizeof block, frame->text, len, frame->tag);
    need(told() == 1, "opening one told more, or less, than whether its tag is right");
    need(opened == (wrong < sizeof frame->tag ? CORE_OPEN_FORGED : CORE_OPEN_OK), "a frame was misjudged");
}

static void one_at_once(const struct setting *setting)
{
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++)
        for (size_t wrong = 0; wrong <= CORE_TAG_MAX; wrong++)
            open_one(setting, lens[i], wrong);
}

static void *new_state(const struct core_aead *aead, enum core_direction direction, const uint8_t *key)
{
    void *state = calloc(1, aead->state_size);
    need(state && aead->init(state, direction) && aead->set_key(state, key), "no state");
    return state;
}

/* One by one and, where it has batches, in those; with AAD that the library takes at once, and with AAD in parts. */
static void live(const struct core_aead *aead, void *workspace)
{
    struct setting setting = {.aead = aead};
    uint8_t key[CORE_AEAD_KEY_MAX];
    printf("%s\n", aead->name);
    memset(key, 7, sizeof key);
    hide(key, sizeof key);
    setting.sealer = new_state(aead, CORE_SEAL, key);
    setting.opener = new_state(aead, CORE_OPEN, key);
    need(told() == 0, "setting a key told of it");
    for (setting.aad_count = 1; setting.aad_count <= 2; setting.aad_count++)
        for (setting.tag_len = aead->min_tag_len; setting.tag_len <= aead->tag_len; setting.tag_len += 3) {
            setting.workspace = NULL;
            open_all(&setting);
            setting.workspace = workspace;
            if (aead->open_batch)
                open_all(&setting);
        }
    if (aead->seal_one && aead->open_one)
        one_at_once(&setting);
    aead->wipe(setting.sealer);
    aead->wipe(setting.opener);
    free(setting.sealer);
    free(setting.opener);
}

int main(int argc, char **argv)
{
    const char *refusal = NULL;
    constant_time_begin(argc, argv);
    const struct core_provider *provider = core_provider_ipsecmb(&refusal);
    if (!provider) {
        printf("skipped: no ipsec-mb provider: %s\n", refusal);
        return EXIT_SKIPPED;
    }
    void *workspace = malloc(provider->workspace_size());
    need(workspace && provider->workspace_init(workspace), "no workspace");
    need(told() == 0, "errors before there was a secret");
    live(provider->aes_128_gcm, workspace);
    live(provider->aes_256_gcm, workspace);
    live(provider->aes_128_ctr_hmac_sha256, workspace);
    live(provider->aes_256_ctr_hmac_sha512, workspace);
    free(workspace);
    printf("of each frame was told whether its tag is right, and nothing else\n");
    return EXIT_SUCCESS;
}
