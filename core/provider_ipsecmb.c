/* Intel's ipsec-mb: AES-GCM by its direct calls, AES-CTR by its synchronous burst call with libcrypto's HMAC (whose
 * single SHA-2 uses the CPU's SHA instructions; ipsec-mb's is faster only with many at once: ipsecmb_lanes.c).
 *
 * The library hands out its functions in a manager that is the size of 200 kB for queues of jobs. Nothing here queues:
 * one manager is made, its functions are copied, and it is not changed again. */
#include <intel-ipsec-mb.h>
#include <pthread.h>
#include <string.h>

#include "core/provider.h"
#include "core/secret.h"
#include "ctr_hmac.h"
#include "ipsecmb_lanes.h"

enum {
    GCM_TAG_LEN = 16,
    BLOCK_LEN = CORE_AES_BLOCK_LEN,
    KEY_ALIGN = 64, /* of struct gcm_key_data */
    AAD_CHUNK = 256,
};

/* "maximum length of plaintext: 2^39 - 256 bits" (SP 800-38D section 5.2.1.1); beyond it the library writes nothing. */
static const uint64_t text_max = (UINT64_C(1) << 36) - 32;

struct gcm_calls {
    aes_gcm_pre_t pre;
    aes_gcm_enc_dec_t seal;
    aes_gcm_enc_dec_t open;
    aes_gcm_init_t start;
    aes_gcm_enc_dec_update_t update;
    aes_gcm_enc_dec_finalize_t finish;
    aes_gcm_enc_dec_update_t open_update;
    aes_gcm_enc_dec_finalize_t open_finish;
};

/* Written once, before anybody is handed the provider; constants after that. */
static struct {
    pthread_once_t once;
    const struct core_provider *provider;
    const char *refusal;
    struct gcm_calls gcm_128;
    struct gcm_calls gcm_256;
    ghash_t ghash;
    keyexp_t expand_128;
    keyexp_t expand_256;
    hash_one_block_t sha256_block;
    hash_one_block_t sha512_block;
    submit_cipher_burst_t cipher;
    IMB_MGR *manager;
} ipsecmb = {.once = PTHREAD_ONCE_INIT};

/* --- AES-GCM --- */

/* The library asks for its key data at a multiple of 64; states are aligned as by malloc. */
struct gcm {
    const struct gcm_calls *calls; /* NULL in a state that was wiped */
    size_t at;                     /* where in room the key data stands */
    uint8_t room[sizeof(struct gcm_key_data) + KEY_ALIGN - 1];
};

_Static_assert(sizeof(struct gcm) <= CORE_AEAD_STATE_MAX, "the largest state");

static inline size_t key_place(const struct gcm *gcm)
{
    return -(uintptr_t)gcm->room & (KEY_ALIGN - 1);
}

static inline bool was_moved(const struct gcm *gcm)
{
    return key_place(gcm) != gcm->at;
}

static inline struct gcm_key_data *key_of(struct gcm *gcm)
{
    return (struct gcm_key_data *)(void *)(gcm->room + gcm->at);
}

static struct gcm_key_data *aligned_key(struct gcm *gcm)
{
    const size_t at = key_place(gcm);
    if (at != gcm->at) {
        memmove(gcm->room + at, gcm->room + gcm->at, sizeof(struct gcm_key_data));
        core_wipe(gcm->room, at);
        core_wipe(gcm->room + at + sizeof(struct gcm_key_data), sizeof gcm->room - at - sizeof(struct gcm_key_data));
        gcm->at = at;
    }
    return key_of(gcm);
}

static bool gcm_init(struct gcm *gcm, const struct gcm_calls *calls)
{
    *gcm = (struct gcm){.calls = calls, .at = key_place(gcm)};
    return calls->pre != NULL;
}

static bool gcm_128_init(void *state, enum core_direction direction)
{
    (void)direction;
    return gcm_init(state, &ipsecmb.gcm_128);
}

static bool gcm_256_init(void *state, enum core_direction direction)
{
    (void)direction;
    return gcm_init(state, &ipsecmb.gcm_256);
}

static bool gcm_set_key(void *state, const uint8_t *key)
{
    struct gcm *gcm = state;
    if (!gcm->calls)
        return false;
    gcm->calls->pre(key, aligned_key(gcm));
    return true;
}

/* Holds key stream and the hash of the text. */
static inline void forget(struct gcm_context_data *context)
{
    core_wipe_inline(context, sizeof *context);
}

/* AAD in any number of parts: the library takes it only in one. A short one is joined; a long one is hashed in chunks,
 * and its hash put where the library keeps it between calls (byte-reversed). */
static void start(const struct gcm_calls *calls, const struct gcm_key_data *key, struct gcm_context_data *context,
                  const uint8_t *nonce, const struct core_slice *aad, size_t count)
{
    uint8_t chunk[AAD_CHUNK];
    uint8_t hash[BLOCK_LEN] = {0};
    size_t used = 0;
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t done = 0; done < aad[i].len;) {
            if (used == sizeof chunk) {
                ipsecmb.ghash(key, chunk, used, hash, sizeof hash);
                used = 0;
            }
            size_t left = aad[i].len - done;
            size_t n = left < sizeof chunk - used ? left : sizeof chunk - used;
            memcpy(chunk + used, aad[i].data + done, n);
            used += n;
            done += n;
            total += n;
        }
    if (total == used) {
        calls->start(key, context, nonce, chunk, used);
        return;
    }
    ipsecmb.ghash(key, chunk, used, hash, sizeof hash);
    calls->start(key, context, nonce, chunk, 0);
    for (size_t i = 0; i < BLOCK_LEN; i++)
        context->aad_hash[i] = hash[BLOCK_LEN - 1 - i];
    context->aad_length = total;
    core_wipe(hash, sizeof hash); /* with AAD that others know it gives the hash key away */
}

static bool fits(const struct core_span *text, size_t count)
{
    uint64_t left = text_max;
    for (size_t i = 0; i < count; left -= text[i++].len)
        if (text[i].len > left)
            return false;
    return true;
}

/* Whether the library's one call takes a text of that length: there has to be one. */
static inline bool in_one_call(const struct gcm *gcm, size_t text_len)
{
    return !was_moved(gcm) && text_len - 1 < text_max;
}

/* What the library's one call does not take. */
__attribute__((noinline)) static bool seal_in_steps(struct gcm *gcm, const uint8_t *nonce, const struct core_slice *aad,
                                                    size_t aad_count, const struct core_span *text, size_t text_count,
                                                    uint8_t *tag)
{
    const struct gcm_calls *calls = gcm->calls;
    const struct gcm_key_data *key = aligned_key(gcm);
    struct gcm_context_data context;
    if (!fits(text, text_count))
        return false;
    start(calls, key, &context, nonce, aad, aad_count);
    for (size_t i = 0; i < text_count; i++)
        if (text[i].len > 0)
            calls->update(key, &context, text[i].data, text[i].data, text[i].len);
    calls->finish(key, &context, tag, GCM_TAG_LEN);
    forget(&context);
    return true;
}

static bool gcm_seal(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,
                     const struct core_span *text, size_t text_count, uint8_t *tag, size_t tag_len)
{
    struct gcm *gcm = state;
    struct gcm_context_data context;
    if (!gcm->calls || tag_len != GCM_TAG_LEN)
        return false;
    if (aad_count != 1 || text_count != 1 || !in_one_call(gcm, text->len))
        return seal_in_steps(gcm, nonce, aad, aad_count, text, text_count, tag);
    gcm->calls->seal(key_of(gcm), &context, text->data, text->data, text->len, nonce, aad->data, aad->len, tag,
                     tag_len);
    forget(&context);
    return true;
}

/* What one call does not take, and what fails. */
__attribute__((noinline)) static bool seal_one_in_steps(struct gcm *gcm, core_block nonce, core_block aad,
                                                        size_t aad_len, uint8_t *text, size_t text_len, uint8_t *tag)
{
    const struct core_slice slice = {(const uint8_t *)&aad, aad_len};
    const struct core_span span = {text, text_len};
    if (gcm_seal(gcm, (const uint8_t *)&nonce, &slice, 1, &span, 1, tag, GCM_TAG_LEN))
        return true;
    core_wipe(text, text_len);
    core_wipe(tag, GCM_TAG_LEN);
    return false;
}

static bool gcm_seal_one(void *state, core_block nonce, core_block aad, size_t aad_len, uint8_t *text, size_t text_len,
                         uint8_t *tag)
{
    struct gcm *gcm = state;
    struct {
        struct gcm_context_data context;
        core_block nonce;
        core_block aad;
    } call;
    if (__builtin_expect(!gcm->calls || !in_one_call(gcm, text_len), 0))
        return seal_one_in_steps(gcm, nonce, aad, aad_len, text, text_len, tag);
    call.nonce = nonce;
    call.aad = aad;
    gcm->calls->seal(key_of(gcm), &call.context, text, text, text_len, (const uint8_t *)&call.nonce,
                     (const uint8_t *)&call.aad, aad_len, tag, GCM_TAG_LEN);
    forget(&call.context);
    return true;
}

/* In constant time, as core_equal, and for the one length short enough to be inline. */
static inline bool tags_equal(const uint8_t *a, const uint8_t *b)
{
    uint64_t x[2];
    uint64_t y[2];
    _Static_assert(sizeof x == GCM_TAG_LEN, "a tag is two words");
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    uint64_t difference = (x[0] ^ y[0]) | (x[1] ^ y[1]);
    __asm__ volatile("" : "+r"(difference)); /* not to be taken apart into a comparison of halves */
    return difference == 0;
}

/* Wipes the text unless the tag is the one that came: the library decrypts before it knows. */
static inline enum core_opened judge(struct core_span text, uint8_t *expected, const uint8_t *tag)
{
    if (tags_equal(expected, tag))
        return CORE_OPEN_OK;
    core_wipe(text.data, text.len);
    core_wipe(expected, GCM_TAG_LEN); /* the right tag of a forged frame is a secret */
    return CORE_OPEN_FORGED;
}

/* What the library's one call does not take: a state that was moved, AAD in several parts, no text. Out of line: rare,
 * and what it needs would be saved for every frame. */
__attribute__((noinline)) static enum core_opened open_in_steps(struct gcm *gcm, const uint8_t *nonce,
                                                                const struct core_slice *aad, size_t aad_count,
                                                                struct core_span text, const uint8_t *tag)
{
    const struct gcm_calls *calls = gcm->calls;
    const struct gcm_key_data *key = aligned_key(gcm);
    struct gcm_context_data context;
    uint8_t expected[GCM_TAG_LEN];
    start(calls, key, &context, nonce, aad, aad_count);
    if (text.len > 0)
        calls->open_update(key, &context, text.data, text.data, text.len);
    calls->open_finish(key, &context, expected, sizeof expected);
    forget(&context);
    return judge(text, expected, tag);
}

static enum core_opened gcm_open(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,
                                 struct core_span text, const uint8_t *tag, size_t tag_len)
{
    struct gcm *gcm = state;
    struct gcm_context_data context;
    uint8_t expected[GCM_TAG_LEN];
    if (!gcm->calls || tag_len != GCM_TAG_LEN || text.len > text_max)
        return CORE_OPEN_FAILED;
    if (was_moved(gcm) || aad_count != 1 || text.len == 0)
        return open_in_steps(gcm, nonce, aad, aad_count, text, tag);
    gcm->calls->open(key_of(gcm), &context, text.data, text.data, text.len, nonce, aad->data, aad->len, expected,
                     sizeof expected);
    forget(&context);
    return judge(text, expected, tag);
}

/* What one call does not take, and what fails. */
__attribute__((noinline)) static enum core_opened open_one_in_steps(struct gcm *gcm, core_block nonce, core_block aad,
                                                                    size_t aad_len, uint8_t *text, size_t text_len,
                                                                    const uint8_t *tag)
{
    const struct core_slice slice = {(const uint8_t *)&aad, aad_len};
    return gcm_open(gcm, (const uint8_t *)&nonce, &slice, 1, (struct core_span){text, text_len}, tag, GCM_TAG_LEN);
}

static enum core_opened gcm_open_one(void *state, core_block nonce, core_block aad, size_t aad_len, uint8_t *text,
                                     size_t text_len, const uint8_t *tag)
{
    struct gcm *gcm = state;
    struct {
        struct gcm_context_data context;
        core_block nonce;
        core_block aad;
        uint8_t expected[GCM_TAG_LEN];
    } call;
    if (__builtin_expect(!gcm->calls || !in_one_call(gcm, text_len), 0))
        return open_one_in_steps(gcm, nonce, aad, aad_len, text, text_len, tag);
    call.nonce = nonce;
    call.aad = aad;
    gcm->calls->open(key_of(gcm), &call.context, text, text, text_len, (const uint8_t *)&call.nonce,
                     (const uint8_t *)&call.aad, aad_len, call.expected, sizeof call.expected);
    forget(&call.context);
    return judge((struct core_span){text, text_len}, call.expected, tag);
}

static void gcm_wipe(void *state)
{
    core_wipe(state, sizeof(struct gcm));
}

static const struct core_aead aes_128_gcm = {
    .name = "AES-128-GCM",
    .key_len = IMB_GCM_128_KEY_LEN,
    .tag_len = GCM_TAG_LEN,
    .min_tag_len = GCM_TAG_LEN,
    .state_size = sizeof(struct gcm),
    .init = gcm_128_init,
    .set_key = gcm_set_key,
    .seal = gcm_seal,
    .open = gcm_open,
    .seal_one = gcm_seal_one,
    .open_one = gcm_open_one,
    .wipe = gcm_wipe,
};

static const struct core_aead aes_256_gcm = {
    .name = "AES-256-GCM",
    .key_len = IMB_GCM_256_KEY_LEN,
    .tag_len = GCM_TAG_LEN,
    .min_tag_len = GCM_TAG_LEN,
    .state_size = sizeof(struct gcm),
    .init = gcm_256_init,
    .set_key = gcm_set_key,
    .seal = gcm_seal,
    .open = gcm_open,
    .seal_one = gcm_seal_one,
    .open_one = gcm_open_one,
    .wipe = gcm_wipe,
};

/* --- AES-CTR with HMAC --- */

struct ctr_hmac {
    struct core_lanes_state lanes;
    keyexp_t expand;
    hash_one_block_t hash_block;
};

_Static_assert(sizeof(struct ctr_hmac) <= CORE_AEAD_STATE_MAX, "the largest state");

/* One run of whole or last blocks, the first of them number `block`. */
static bool ctr_run(const struct core_lanes_state *s, const uint8_t *nonce, uint32_t block, uint8_t *data, size_t len)
{
    const union core_aes_counter counter = core_aes_counter(nonce, block);
    IMB_JOB job;
    core_wipe_inline(&job, sizeof job); /* what is not set here; an initialiser would be a string instruction */
    job.enc_keys = s->round_keys;
    job.key_len_in_bytes = s->cipher_key_len;
    job.src = data;
    job.dst = data;
    job.iv = counter.bytes;
    job.iv_len_in_bytes = sizeof counter;
    job.msg_len_to_cipher_in_bytes = len;
    job.cipher_mode = IMB_CIPHER_CNTR;
    job.cipher_direction = IMB_DIR_ENCRYPT;
    job.hash_alg = IMB_AUTH_NULL;
    /* for this mode it works through the jobs at once, and of the manager only resets the error number */
    return ipsecmb.cipher(ipsecmb.manager, &job, 1, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT,
                          (IMB_KEY_SIZE_BYTES)s->cipher_key_len) == 1 &&
           job.status == IMB_STATUS_COMPLETED;
}

/* The spans are one text: where one ends inside a block, the next begins there. */
static bool ctr_crypt(const void *state, const uint8_t *nonce, const struct core_span *text, size_t text_count)
{
    const struct core_lanes_state *s = state;
    uint64_t at = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < text_count; i++) {
        uint8_t *data = text[i].data;
        size_t len = text[i].len;
        ok = len <= text_max - at;
        const size_t inside = at % BLOCK_LEN;
        if (ok && len > 0 && inside > 0) {
            uint8_t block[BLOCK_LEN] = {0};
            size_t n = len < BLOCK_LEN - inside ? len : BLOCK_LEN - inside;
            memcpy(block + inside, data, n);
            ok = ctr_run(s, nonce, (uint32_t)(at / BLOCK_LEN), block, sizeof block);
            memcpy(data, block + inside, n);
            core_wipe(block, sizeof block);
            data += n;
            len -= n;
            at += n;
        }
        if (ok && len > 0)
            ok = ctr_run(s, nonce, (uint32_t)(at / BLOCK_LEN), data, len);
        at += len;
    }
    return ok;
}

static bool ctr_128_init(void *state, enum core_direction direction)
{
    (void)direction;
    *(struct ctr_hmac *)state =
        (struct ctr_hmac){.lanes = {.mac = {.hash = &core_libcrypto_sha256, .crypt = ctr_crypt}, .cipher_key_len = 16},
                          .expand = ipsecmb.expand_128,
                          .hash_block = ipsecmb.sha256_block};
    return ipsecmb.expand_128 != NULL;
}

static bool ctr_256_init(void *state, enum core_direction direction)
{
    (void)direction;
    *(struct ctr_hmac *)state =
        (struct ctr_hmac){.lanes = {.mac = {.hash = &core_libcrypto_sha512, .crypt = ctr_crypt}, .cipher_key_len = 32},
                          .expand = ipsecmb.expand_256,
                          .hash_block = ipsecmb.sha512_block};
    return ipsecmb.expand_256 != NULL;
}

/* The state of the hash after the key XOR a pad (RFC 2104). The key is as long as the hash, its block twice that. */
static void hash_pad(const struct ctr_hmac *s, const uint8_t *key, uint8_t pad, uint8_t *out)
{
    uint8_t block[2 * CORE_HASH_MAX];
    memset(block, pad, sizeof block);
    for (size_t i = 0; i < s->lanes.mac.hash->len; i++)
        block[i] ^= key[i];
    s->hash_block(block, out);
    core_wipe(block, sizeof block);
}

static bool ctr_set_key(void *state, const uint8_t *key)
{
    struct ctr_hmac *s = state;
    const uint8_t *mac_key = key + s->lanes.cipher_key_len;
    _Alignas(16)
        uint8_t inverse[CORE_AES_ROUND_KEYS_MAX * BLOCK_LEN]; /* for decryption, which counter mode has none of */
    if (!s->lanes.mac.hash)
        return false;
    s->expand(key, s->lanes.round_keys, inverse);
    core_wipe(inverse, sizeof inverse);
    hash_pad(s, mac_key, 0x36, s->lanes.inner);
    hash_pad(s, mac_key, 0x5c, s->lanes.outer);
    return s->lanes.mac.hash->hmac_init(&s->lanes.mac.key, mac_key, s->lanes.mac.hash->len);
}

static void ctr_wipe(void *state)
{
    core_wipe(state, sizeof(struct ctr_hmac));
}

static const struct core_aead aes_128_ctr_hmac_sha256 = {
    .name = "AES-128-CTR-HMAC-SHA256",
    .key_len = 16 + 32,
    .tag_len = CORE_TAG_MAX,
    .min_tag_len = CORE_CTR_HMAC_TAG_MIN,
    .state_size = sizeof(struct ctr_hmac),
    .init = ctr_128_init,
    .set_key = ctr_set_key,
    .seal = core_ctr_hmac_seal,
    .open = core_ctr_hmac_open,
    .wipe = ctr_wipe,
    .seal_batch = core_lanes_seal_256,
    .open_batch = core_lanes_open_256,
};

static const struct core_aead aes_256_ctr_hmac_sha512 = {
    .name = "AES-256-CTR-HMAC-SHA512",
    .key_len = 32 + 64,
    .tag_len = CORE_TAG_MAX,
    .min_tag_len = CORE_CTR_HMAC_TAG_MIN,
    .state_size = sizeof(struct ctr_hmac),
    .init = ctr_256_init,
    .set_key = ctr_set_key,
    .seal = core_ctr_hmac_seal,
    .open = core_ctr_hmac_open,
    .wipe = ctr_wipe,
    .seal_batch = core_lanes_seal_512,
    .open_batch = core_lanes_open_512,
};

static const struct core_provider tables = {
    .name = "ipsec-mb",
    .sha256 = &core_libcrypto_sha256,
    .sha512 = &core_libcrypto_sha512,
    .aes_128_gcm = &aes_128_gcm,
    .aes_256_gcm = &aes_256_gcm,
    .aes_128_ctr_hmac_sha256 = &aes_128_ctr_hmac_sha256,
    .aes_256_ctr_hmac_sha512 = &aes_256_ctr_hmac_sha512,
    .workspace_size = core_lanes_size,
    .workspace_init = core_lanes_init,
};

/* --- choosing --- */

/* The library's functions for this CPU. Returns why there are none, or NULL. */
static const char *load_calls(void)
{
    IMB_MGR *m = alloc_mb_mgr(0);
    if (!m)
        return "no memory";
    ipsecmb.manager = m;
    if ((m->features & IMB_CPUFLAGS_SSE) != IMB_CPUFLAGS_SSE)
        return "the CPU has no AES or carry-less multiplication instructions";
    init_mb_mgr_auto(m, NULL);
    /* the library's own known answers cover its jobs, ours (core_provider_admit) the calls used here */
    if (imb_get_errno(m) != 0 || (m->features & IMB_FEATURE_SELF_TEST && !(m->features & IMB_FEATURE_SELF_TEST_PASS)))
        return "the library's own self-test failed";
    ipsecmb.gcm_128 =
        (struct gcm_calls){m->gcm128_pre,        m->gcm128_enc,          m->gcm128_dec,        m->gcm128_init,
                           m->gcm128_enc_update, m->gcm128_enc_finalize, m->gcm128_dec_update, m->gcm128_dec_finalize};
    ipsecmb.gcm_256 =
        (struct gcm_calls){m->gcm256_pre,        m->gcm256_enc,          m->gcm256_dec,        m->gcm256_init,
                           m->gcm256_enc_update, m->gcm256_enc_finalize, m->gcm256_dec_update, m->gcm256_dec_finalize};
    ipsecmb.ghash = m->ghash;
    ipsecmb.expand_128 = m->keyexp_128;
    ipsecmb.expand_256 = m->keyexp_256;
    ipsecmb.sha256_block = m->sha256_one_block;
    ipsecmb.sha512_block = m->sha512_one_block;
    ipsecmb.cipher = m->submit_cipher_burst_nocheck;
    return NULL;
}

static void load(void)
{
    ipsecmb.refusal = load_calls();
    if (!ipsecmb.refusal)
        ipsecmb.provider = core_provider_admit(&tables, &ipsecmb.refusal);
    if (!ipsecmb.provider && ipsecmb.manager) {
        free_mb_mgr(ipsecmb.manager);
        ipsecmb.manager = NULL;
    }
}

const struct core_provider *core_provider_ipsecmb(const char **refusal)
{
    if (pthread_once(&ipsecmb.once, load) != 0)
        return NULL;
    if (refusal)
        *refusal = ipsecmb.refusal;
    return ipsecmb.provider;
}
