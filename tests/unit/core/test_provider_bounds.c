/* No primitive of a provider reads or writes a byte outside what it is given. What ciphers and hashes is assembly that
 * no sanitizer sees, so everything stands against a page that nobody may touch, at either side in turn. */
#include "core/provider.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fence.h"
#include "unit.h"

enum {
    SHORT_MAX = 300, /* every length up to it */
    AAD_MAX = 700,
    TEXT_MAX = 200001,
    AAD_PARTS = 2,
    TEXT_PARTS = 3,
    AEADS = 4,
};

/* Around pages, the 16 bits of the library's checked calls, and what batches of 16 can be hashed together. */
static const size_t long_lens[] = {1200, 4095, 4096, 4097, 65535, 65536, 131000, TEXT_MAX};

/* --- a page is touched --- */

static void touch(const struct fence *fence, enum fence_side side)
{
    volatile uint8_t *room = fence_room(fence, side, 10);
    close(STDERR_FILENO);
    (void)(side == FENCE_BEFORE ? room[-1] : room[10]);
    _exit(0);
}

static void a_byte_beside_is_not_to_be_had(void)
{
    const struct fence *fence = fence_new("ten bytes", 10);
    for (int side = 0; side < FENCE_SIDES; side++) {
        int status = 0;
        memset(fence_room(fence, side, 10), 1, 10);
        const pid_t child = fork();
        if (child == 0)
            touch(fence, side);
        CU_ASSERT_EQUAL_FATAL(waitpid(child, &status, 0), child);
        CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    }
}

/* --- AEADs --- */

/* Where one job's buffers stand. */
struct seat {
    const struct fence *nonce;
    const struct fence *tag;
    const struct fence *aad[AAD_PARTS];
    const struct fence *text[TEXT_PARTS];
    struct core_slice slices[AAD_PARTS];
    struct core_span spans[TEXT_PARTS];
};

static struct seat seats[CORE_BATCH_MAX];

static void make_seats(void)
{
    if (seats[0].nonce)
        return;
    for (struct seat *seat = seats; seat < seats + CORE_BATCH_MAX; seat++) {
        seat->nonce = fence_new("a nonce", CORE_NONCE_LEN);
        seat->tag = fence_new("a tag", CORE_TAG_MAX);
        for (size_t i = 0; i < AAD_PARTS; i++)
            seat->aad[i] = fence_new("AAD", AAD_MAX);
        seat->text[0] = fence_new("a text", 2 * TEXT_MAX);
        seat->text[1] = fence_new("a text's second part", TEXT_MAX);
        seat->text[2] = fence_new("a text's third part", SHORT_MAX);
    }
}

enum layout {
    WHOLE,  /* AAD and text, each in one part */
    PARTS,  /* AAD in two, to seal the text in three */
    JOINED, /* a header right before its text, as in most frames */
    ONE,    /* the same, the header in a register */
    LAYOUTS
};

struct setting {
    const char *provider;
    const struct core_aead *aead;
    void *workspace; /* NULL: one by one */
    void *sealer;
    void *opener;
    enum fence_side side;
    enum layout layout;
};

static uint8_t pattern(size_t i, size_t len)
{
    return (uint8_t)(i * 13 + len);
}

static void fill(const struct core_span *text)
{
    for (size_t i = 0; i < text->len; i++)
        text->data[i] = pattern(i, text->len);
}

static bool is_filled(const struct core_span *text)
{
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] != pattern(i, text->len))
            return false;
    return true;
}

static void place_slice(struct core_slice *slice, const struct fence *fence, enum fence_side side, size_t len)
{
    uint8_t *data = fence_room(fence, side, len);
    memset(data, 0x5a, len);
    *slice = (struct core_slice){data, len};
}

/* A job that seals len bytes or, in parts, some more. */
static void place(const struct setting *setting, struct seat *seat, size_t len, struct core_aead_job *job)
{
    const struct core_aead *aead = setting->aead;
    const enum fence_side side = setting->side;
    const size_t aad_len = len < AAD_MAX ? len : AAD_MAX;
    const size_t header_len = setting->layout == JOINED ? len % 18 : setting->layout == ONE ? len % 17 : 0;
    uint8_t *nonce = fence_room(seat->nonce, side, CORE_NONCE_LEN);
    uint8_t *text = fence_room(seat->text[0], side, header_len + len) + header_len;
    memset(nonce, (int)(len & 0xff), CORE_NONCE_LEN);
    *job = (struct core_aead_job){.state = setting->sealer,
                                  .nonce = nonce,
                                  .aad = seat->slices,
                                  .aad_count = 1,
                                  .text = seat->spans,
                                  .text_count = 1,
                                  .tag_len = aead->min_tag_len + len % (aead->tag_len - aead->min_tag_len + 1)};
    job->tag = fence_room(seat->tag, side, job->tag_len);
    seat->spans[0] = (struct core_span){text, len};
    switch (setting->layout) {
    case JOINED:
    case ONE:
        seat->slices[0] = (struct core_slice){text - header_len, header_len};
        memset(text - header_len, 0x5a, header_len);
        break;
    case PARTS:
        place_slice(&seat->slices[0], seat->aad[0], side, 17);
        place_slice(&seat->slices[1], seat->aad[1], side, aad_len);
        seat->spans[0] = (struct core_span){fence_room(seat->text[0], side, 6), 6};
        seat->spans[1] = (struct core_span){fence_room(seat->text[1], side, len), len};
        seat->spans[2] = (struct core_span){fence_room(seat->text[2], side, len % 40), len % 40};
        job->aad_count = AAD_PARTS;
        job->text_count = TEXT_PARTS;
        break;
    default:
        place_slice(&seat->slices[0], seat->aad[0], side, aad_len);
    }
    for (size_t i = 0; i < job->text_count; i++)
        fill(&seat->spans[i]);
}

/* The same job to open it: a text in parts becomes one. */
static void turn(const struct setting *setting, struct seat *seat, struct core_aead_job *job)
{
    size_t len = 0;
    for (size_t i = 0; i < job->text_count; i++)
        len += seat->spans[i].len;
    if (job->text_count > 1) {
        uint8_t *whole = fence_room(seat->text[0], setting->side, len);
        uint8_t *out = whole;
        for (size_t i = 0; i < job->text_count; out += seat->spans[i++].len)
            memmove(out, seat->spans[i].data, seat->spans[i].len);
        seat->spans[0] = (struct core_span){whole, len};
    }
    job->state = setting->opener;
    job->text_count = 1;
    job->expected = job->tag;
    job->tag = NULL;
}

static void seal_one(const struct core_aead *aead, struct core_aead_job *job)
{
    core_block nonce = {0, 0};
    core_block aad = {0, 0};
    memcpy(&nonce, job->nonce, CORE_NONCE_LEN);
    memcpy(&aad, job->aad->data, job->aad->len);
    const bool ok = aead->seal_one(job->state, nonce, aad, job->aad->len, job->text->data, job->text->len, job->tag);
    job->result = ok ? CORE_OPEN_OK : CORE_OPEN_FAILED;
}

static void open_one(const struct core_aead *aead, struct core_aead_job *job)
{
    core_block nonce = {0, 0};
    core_block aad = {0, 0};
    memcpy(&nonce, job->nonce, CORE_NONCE_LEN);
    memcpy(&aad, job->aad->data, job->aad->len);
    job->result = aead->open_one(job->state, nonce, aad, job->aad->len, job->text->data, job->text->len, job->expected);
}

/* count jobs of about len bytes, sealed and opened, some of them forged. */
static void run(const struct setting *setting, size_t len, size_t count)
{
    struct core_aead_job jobs[CORE_BATCH_MAX];
    fence_try("%zu of %zu bytes (%s), %s of %s", count, len,
              (const char *[]){"whole", "in parts", "behind headers", "alone behind headers"}[setting->layout],
              setting->aead->name, setting->provider);
    for (size_t i = 0; i < count; i++)
        place(setting, &seats[i], len > SHORT_MAX ? len : (len + 19 * i) % (SHORT_MAX + 1), &jobs[i]);
    if (setting->layout == ONE)
        seal_one(setting->aead, jobs);
    else
        core_aead_seal_batch(setting->aead, setting->workspace, jobs, count);
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL_FATAL(jobs[i].result, CORE_OPEN_OK);
        turn(setting, &seats[i], &jobs[i]);
        if ((len + i) % 5 == 0)
            *fence_room(seats[i].tag, setting->side, jobs[i].tag_len) ^= 1;
    }
    if (setting->layout == ONE)
        open_one(setting->aead, jobs);
    else
        core_aead_open_batch(setting->aead, setting->workspace, jobs, count);
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL_FATAL(jobs[i].result, (len + i) % 5 == 0 ? CORE_OPEN_FORGED : CORE_OPEN_OK);
        if (jobs[i].result == CORE_OPEN_OK && setting->layout != PARTS)
            CU_ASSERT_FATAL(is_filled(jobs[i].text));
    }
}

static void run_all(struct setting *setting)
{
    for (int layout = 0; layout < LAYOUTS; layout++) {
        setting->layout = (enum layout)layout;
        if (layout == ONE && (!setting->aead->seal_one || !setting->aead->open_one || setting->workspace))
            continue;
        const size_t count = setting->workspace ? CORE_BATCH_MAX : 1;
        for (size_t len = 0; len <= SHORT_MAX; len++)
            run(setting, len, count);
        for (size_t i = 0; i < sizeof long_lens / sizeof long_lens[0]; i++)
            run(setting, long_lens[i], count);
    }
}

/* Aligned as by malloc: at its end as near as can be. */
static void *new_state(const struct fence *fence, enum fence_side side, const struct core_aead *aead,
                       enum core_direction direction, const uint8_t *key)
{
    const size_t unit = _Alignof(max_align_t);
    void *state = fence_room(fence, side, (aead->state_size + unit - 1) / unit * unit);
    memset(state, 0, aead->state_size);
    CU_ASSERT_FATAL(aead->init(state, direction) && aead->set_key(state, key));
    return state;
}

static void all_aeads(const struct core_provider *provider)
{
    static const struct fence *sealer, *opener, *key_room, *work;
    const struct core_aead *const aeads[AEADS] = {provider->aes_128_gcm, provider->aes_256_gcm,
                                                  provider->aes_128_ctr_hmac_sha256, provider->aes_256_ctr_hmac_sha512};
    make_seats();
    if (!sealer) {
        sealer = fence_new("a sealer's state", CORE_AEAD_STATE_MAX);
        opener = fence_new("an opener's state", CORE_AEAD_STATE_MAX);
        key_room = fence_new("a key", CORE_AEAD_KEY_MAX);
    }
    if (provider->workspace_size && !work)
        work = fence_new("a workspace", provider->workspace_size());
    for (int which = 0; which < AEADS; which++)
        for (int side = 0; side < FENCE_SIDES; side++) {
            const struct core_aead *aead = aeads[which];
            struct setting setting = {.provider = provider->name, .aead = aead, .side = (enum fence_side)side};
            fence_try("a key of %s of %s", aead->name, provider->name);
            uint8_t *key = fence_room(key_room, setting.side, aead->key_len);
            memset(key, 0x11 * (which + 1), aead->key_len);
            setting.sealer = new_state(sealer, setting.side, aead, CORE_SEAL, key);
            setting.opener = new_state(opener, setting.side, aead, CORE_OPEN, key);
            run_all(&setting);
            if (aead->seal_batch) {
                fence_try("a workspace of %s", provider->name);
                setting.workspace = fence_room(work, setting.side, provider->workspace_size());
                CU_ASSERT_FATAL(provider->workspace_init(setting.workspace));
                run_all(&setting);
            }
            aead->wipe(setting.sealer);
            aead->wipe(setting.opener);
        }
}

static void aeads_of_libcrypto(void)
{
    all_aeads(&core_provider_libcrypto);
}

static void aeads_of_ipsecmb(void)
{
    const char *refusal = NULL;
    const struct core_provider *provider = core_provider_ipsecmb(&refusal);
    if (provider)
        all_aeads(provider);
    else
        unit_skip("no ipsec-mb provider: %s", refusal);
}

/* --- hashes --- */

static void hash_len(const struct core_hash *hash, const struct fence *const rooms[3], enum fence_side side, size_t len)
{
    struct core_hmac_key key;
    uint8_t *secret = fence_room(rooms[0], side, len);
    uint8_t *message = fence_room(rooms[1], side, len);
    uint8_t *out = fence_room(rooms[2], side, hash->len);
    uint8_t whole[CORE_HASH_MAX];
    memset(secret, 0x17, len);
    memset(message, 0x71, len);
    const struct core_slice parts[] = {{message, len}, {secret, len}};
    fence_try("%zu bytes, %s", len, hash->name);
    CU_ASSERT_FATAL(hash->digest(parts, 2, out));
    CU_ASSERT_FATAL(hash->hmac_init(&key, secret, len) && hash->hmac(&key, parts, 2, out));
    CU_ASSERT_FATAL(hash->hmac(&key, parts, 1, whole));
    if (!hash->hmac_short || len > CORE_HMAC_SHORT_MAX)
        return;
    uint8_t *room = fence_room(rooms[1], side, CORE_HMAC_SHORT_ROOM);
    memset(room, 0x71, len);
    CU_ASSERT_FATAL(hash->hmac_short(&key, room, len, out));
    unit_assert_bytes("a short MAC", out, hash->len, whole, hash->len);
}

static void hashes(void)
{
    const struct core_hash *const all[] = {&core_libcrypto_sha256, &core_libcrypto_sha384, &core_libcrypto_sha512};
    const struct fence *const rooms[] = {fence_new("a secret", SHORT_MAX), fence_new("a message", SHORT_MAX),
                                         fence_new("a hash", CORE_HASH_MAX)};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        for (int side = 0; side < FENCE_SIDES; side++)
            for (size_t len = 0; len <= SHORT_MAX; len++)
                hash_len(all[i], rooms, (enum fence_side)side, len);
}

static const struct unit_test tests[] = {
    {"a byte beside is not to be had", a_byte_beside_is_not_to_be_had},
    {"libcrypto's AEADs stay inside what they are given", aeads_of_libcrypto},
    {"ipsec-mb's AEADs stay inside what they are given, one by one and in batches", aeads_of_ipsecmb},
    {"hashes stay inside what they are given", hashes},
};

UNIT_MAIN("core.provider_bounds", tests)
