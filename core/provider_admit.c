/* A provider's known-answer test. The answers are those of an independent script, tests/vectors/provider_answers.py; a
 * tag is a function of every byte of key, nonce, AAD and ciphertext, so it stands for all of them. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/provider.h"

enum { TEXT_MAX = 70001, AAD_MAX = 700, TAG_LEN = 16, AEADS = 4 };

struct answer {
    size_t text_len;
    size_t aad_len;
    const char *tags[AEADS]; /* hex; of the AEADs in struct core_provider's order */
};

static const struct answer answers[] = {
    {0,
     0,
     {"dbc5dc76b125e3d9ee374160f6657057", "7c48b250eda541595ccd664a332844f1", "3010667c1a14febd07e8fb173bb9cf8b",
      "a65b5de0f11ecfb4d74472620fc84307"}},
    {1,
     5,
     {"5b9d2d8dd0e0803672a512f331d9ead5", "47ed4530f849314c425611194a51417b", "c6d037037ca7d22074142c03f2150e54",
      "93f1e51e6c1f98b087f8534b964b61f6"}},
    {15,
     16,
     {"55cda37f106eb188555bd7978af69108", "6a61931e81111e47b2eb5940f4d8a7d0", "8524cf3056e2ef363362ec7ef09266a2",
      "6eb96ff489e1ceaffe690d0234a2f191"}},
    {16,
     17,
     {"0237d37d61c9004e5442340ac146df97", "6817e9e107938b78029805a550d8d1fb", "06241d95374eec55672a113d58361326",
      "54cc6b8b96560a1935d71e467c6f147e"}},
    {17,
     0,
     {"118a1965f0ee9f5e5c96f276cf0a464d", "a608569d9b6ba5edf7edb34a5ee270e8", "5a897daa1b81c40d7b93b0342c64fe26",
      "d98cee6b8a2ae9be2a452d0e6b3dee86"}},
    {160,
     10,
     {"beff4954bf10f6448d9bc2faaba1688f", "6cb9a3bdeea74e3d0ad57c8e202f969c", "98384454a7a5db69166d2b2a977fbd8c",
      "a1ac79c262eb3c27b4c8d9eb349cb6cb"}},
    {256,
     300,
     {"7653da9e6bd58e34ae2d8d8682b53bc6", "fc40a98cca64fcb337c7e28aa048406d", "c6107d907916d0a227496cb91a61902e",
      "92e7b3cef2378c419fa40d8b3b5c9ed4"}},
    {781,
     13,
     {"25d454001666aa5fa4a49dd9f317daa5", "d3036488d93e0a63de888ef583307495", "91851d7dd5b40db371c07a20b960398a",
      "b6773cb4dd48ca3c3ff9e95afe98eaaa"}},
    {1200,
     700,
     {"ef4728496617c027c056a78ca06306f1", "f33f7978f9ff65db9ca8ce4e1168f135", "8ce2d37cb2ba7eb8861f4a3533cb9a99",
      "36046a9473dcf9fef96789f26bb08c35"}},
    {4099,
     9,
     {"b59d8809f9e7331f6fbd20c6fd55e678", "0bae29e4260f5b580536ad87bf041b05", "073147f52a1f2ee16795fd65ab02f711",
      "6f83455d42f2dceeb3e4e6d7700b2424"}},
    /* The lanes (ipsecmb_lanes.c) take longer messages than the library's checked calls, which end at 65534 bytes. */
    {70001,
     9,
     {"2afa7d921b45296cfa2cc9a60e26a77d", "3fb10b21a8afa5de5b6c67f732280aaf", "b16a368ac6e34a64571dea816394e10a",
      "bcaf81f3f7e65f3e8f5f7886827310cf"}},
};

static void fill(uint8_t *out, size_t len, unsigned step, unsigned start)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(start + step * i);
}

static bool is_hex(const uint8_t *bytes, size_t len, const char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++)
        if (hex[2 * i] != digits[bytes[i] >> 4] || hex[2 * i + 1] != digits[bytes[i] & 15])
            return false;
    return hex[2 * len] == '\0';
}

/* What is asked, and room for what is answered: of one allocation for all AEADs, since memory that is touched for the
 * first time costs as much as the answers. */
struct known {
    void *workspace; /* of the candidate's batches, or NULL */
    uint8_t key[CORE_AEAD_KEY_MAX];
    uint8_t nonce[CORE_NONCE_LEN];
    uint8_t aad[AAD_MAX];
    uint8_t plain[TEXT_MAX];
    uint8_t sealed[TEXT_MAX];
    uint8_t tags[CORE_BATCH_MAX][TAG_LEN];
    uint8_t texts[CORE_BATCH_MAX][TEXT_MAX]; /* the first of them for what is done alone */
};

/* Text and AAD whole, or each in two parts (which take other paths through a library). */
static bool seals(const struct core_aead *aead, void *state, struct known *known, const struct answer *answer,
                  const char *tag_hex, size_t parts)
{
    const size_t text_cut = parts == 1 ? answer->text_len : answer->text_len / 3;
    const size_t aad_cut = parts == 1 ? answer->aad_len : answer->aad_len / 3;
    const struct core_slice aad[] = {{known->aad, aad_cut}, {known->aad + aad_cut, answer->aad_len - aad_cut}};
    const struct core_span text[] = {{known->texts[0], text_cut},
                                     {known->texts[0] + text_cut, answer->text_len - text_cut}};
    uint8_t *tag = known->tags[0];
    memset(tag, 0, TAG_LEN);
    memcpy(known->texts[0], known->plain, answer->text_len);
    return aead->seal(state, known->nonce, aad, parts, text, parts, tag, TAG_LEN) && is_hex(tag, TAG_LEN, tag_hex);
}

static core_block block_of(const uint8_t *data, size_t len)
{
    core_block block = {0, 0};
    memcpy(&block, data, len);
    return block;
}

/* The same by seal_one. */
static bool seals_one(const struct core_aead *aead, void *state, struct known *known, const struct answer *answer,
                      const char *tag_hex)
{
    const core_block nonce = block_of(known->nonce, sizeof known->nonce);
    const core_block aad = block_of(known->aad, answer->aad_len);
    uint8_t *tag = known->tags[0];
    memset(tag, 0, TAG_LEN);
    memcpy(known->texts[0], known->plain, answer->text_len);
    return aead->seal_one(state, nonce, aad, answer->aad_len, known->texts[0], answer->text_len, tag) &&
           is_hex(tag, TAG_LEN, tag_hex);
}

enum way { BY_OPEN, BY_OPEN_ONE };

static enum core_opened open_sealed(const struct core_aead *aead, void *state, struct known *known,
                                    const struct answer *answer, enum way way)
{
    const struct core_slice aad = {known->aad, answer->aad_len};
    const struct core_span text = {known->texts[0], answer->text_len};
    memcpy(text.data, known->sealed, text.len);
    if (way == BY_OPEN)
        return aead->open(state, known->nonce, &aad, 1, text, known->tags[0], TAG_LEN);
    return aead->open_one(state, block_of(known->nonce, sizeof known->nonce), block_of(aad.data, aad.len), aad.len,
                          text.data, text.len, known->tags[0]);
}

/* Nothing of the text may appear: it is wiped, or as it came. */
static bool refuses(const struct core_aead *aead, void *state, struct known *known, const struct answer *answer,
                    enum way way)
{
    const enum core_opened opened = open_sealed(aead, state, known, answer, way);
    const uint8_t *text = known->texts[0];
    uint8_t any = 0;
    for (size_t i = 0; i < answer->text_len; i++)
        any |= text[i];
    return opened == CORE_OPEN_FORGED && (any == 0 || memcmp(text, known->sealed, answer->text_len) == 0);
}

/* What was just sealed. With a wrong tag first, then with wrong AAD; then with the right ones. */
static bool opens(const struct core_aead *aead, void *state, struct known *known, const struct answer *answer,
                  enum way way)
{
    uint8_t *tag = &known->tags[0][answer->text_len % TAG_LEN];
    uint8_t *aad = &known->aad[answer->aad_len / 2];
    memcpy(known->sealed, known->texts[0], answer->text_len);
    *tag ^= 1;
    bool ok = refuses(aead, state, known, answer, way);
    *tag ^= 1;
    *aad ^= 1;
    ok = ok && (answer->aad_len == 0 || refuses(aead, state, known, answer, way));
    *aad ^= 1;
    return ok && open_sealed(aead, state, known, answer, way) == CORE_OPEN_OK &&
           memcmp(known->texts[0], known->plain, answer->text_len) == 0;
}

/* The short ways, each with the other one's long way. */
static bool one_right(const struct core_aead *aead, void *sealer, void *opener, struct known *known,
                      const struct answer *answer, const char *tag_hex)
{
    if (answer->aad_len > sizeof(core_block))
        return true;
    return (!aead->seal_one ||
            (seals_one(aead, sealer, known, answer, tag_hex) && opens(aead, opener, known, answer, BY_OPEN))) &&
           (!aead->open_one ||
            (seals(aead, sealer, known, answer, tag_hex, 1) && opens(aead, opener, known, answer, BY_OPEN_ONE)));
}

/* A batch is one answer's text over and over, whose tags are the answer's; then it is opened, with one tag wrong. Of
 * the longest text half: enough to be made together, in all lanes of SHA-512. */
static size_t batch_of(const struct answer *answer)
{
    return answer->text_len == TEXT_MAX ? CORE_BATCH_MAX / 2 : CORE_BATCH_MAX;
}

static bool batch_opens(const struct core_aead *aead, void *opener, struct known *known, struct core_aead_job *jobs,
                        const struct answer *answer)
{
    const size_t count = batch_of(answer);
    const size_t wrong = answer->text_len % count;
    bool ok = true;
    known->tags[wrong][answer->text_len % TAG_LEN] ^= 1;
    for (size_t i = 0; i < count; i++) {
        jobs[i].state = opener;
        jobs[i].tag = NULL;
        jobs[i].expected = known->tags[i];
    }
    aead->open_batch(known->workspace, jobs, count);
    for (size_t i = 0; i < count; i++) {
        const bool plain = memcmp(jobs[i].text->data, known->plain, answer->text_len) == 0;
        if (i == wrong)
            ok = ok && jobs[i].result == CORE_OPEN_FORGED && !(plain && answer->text_len >= TAG_LEN);
        else
            ok = ok && jobs[i].result == CORE_OPEN_OK && plain;
    }
    return ok;
}

static bool batch_right(const struct core_aead *aead, void *sealer, void *opener, struct known *known,
                        const struct answer *answer, const char *tag_hex)
{
    struct core_aead_job jobs[CORE_BATCH_MAX];
    struct core_span spans[CORE_BATCH_MAX];
    const struct core_slice aad = {known->aad, answer->aad_len};
    const size_t count = batch_of(answer);
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        memcpy(known->texts[i], known->plain, answer->text_len);
        spans[i] = (struct core_span){known->texts[i], answer->text_len};
        jobs[i] = (struct core_aead_job){.state = sealer,
                                         .nonce = known->nonce,
                                         .aad = &aad,
                                         .aad_count = 1,
                                         .text = &spans[i],
                                         .text_count = 1,
                                         .tag = known->tags[i],
                                         .tag_len = TAG_LEN};
    }
    aead->seal_batch(known->workspace, jobs, count);
    for (size_t i = 0; i < count; i++)
        ok = ok && jobs[i].result == CORE_OPEN_OK && is_hex(known->tags[i], TAG_LEN, tag_hex);
    return ok && batch_opens(aead, opener, known, jobs, answer);
}

static bool batches_right(const struct core_aead *aead, size_t index, void *sealer, void *opener, struct known *known)
{
    bool ok = true;
    if (!aead->seal_batch && !aead->open_batch)
        return true;
    if (!aead->seal_batch || !aead->open_batch || !known->workspace)
        return false;
    for (size_t i = 0; ok && i < sizeof answers / sizeof answers[0]; i++)
        ok = batch_right(aead, sealer, opener, known, &answers[i], answers[i].tags[index]);
    return ok;
}

static bool aead_right(const struct core_aead *aead, size_t index, struct known *known)
{
    _Alignas(max_align_t) uint8_t sealer[CORE_AEAD_STATE_MAX] = {0};
    _Alignas(max_align_t) uint8_t opener[CORE_AEAD_STATE_MAX] = {0};
    if (aead->state_size > sizeof sealer || aead->key_len > sizeof known->key)
        return false;
    bool ok = aead->init(sealer, CORE_SEAL) && aead->init(opener, CORE_OPEN) && aead->set_key(sealer, known->key) &&
              aead->set_key(opener, known->key);
    for (size_t i = 0; ok && i < sizeof answers / sizeof answers[0]; i++)
        ok = seals(aead, sealer, known, &answers[i], answers[i].tags[index], 1) &&
             opens(aead, opener, known, &answers[i], BY_OPEN) &&
             seals(aead, sealer, known, &answers[i], answers[i].tags[index], 2);
    for (size_t i = 0; ok && i < sizeof answers / sizeof answers[0]; i++)
        ok = one_right(aead, sealer, opener, known, &answers[i], answers[i].tags[index]);
    ok = ok && batches_right(aead, index, sealer, opener, known);
    aead->wipe(sealer);
    aead->wipe(opener);
    return ok;
}

/* RFC 4231, case 2 */
static bool hash_right(const struct core_hash *hash, const char *mac_hex)
{
    static const char text[] = "what do ya want for nothing?";
    const struct core_slice part = {(const uint8_t *)text, sizeof text - 1};
    struct core_hmac_key key;
    uint8_t mac[CORE_HASH_MAX];
    return hash->len <= sizeof mac && hash->hmac_init(&key, (const uint8_t *)"Jefe", 4) &&
           hash->hmac(&key, &part, 1, mac) && is_hex(mac, hash->len, mac_hex);
}

/* What the candidate's batches work in; NULL: it has none, or it failed. */
static void *new_workspace(const struct core_provider *candidate)
{
    if (!candidate->workspace_init)
        return NULL;
    void *workspace = malloc(candidate->workspace_size());
    if (workspace && candidate->workspace_init(workspace))
        return workspace;
    free(workspace);
    return NULL;
}

static struct known *new_known(const struct core_provider *candidate)
{
    struct known *known = malloc(sizeof *known);
    if (!known)
        return NULL;
    known->workspace = new_workspace(candidate);
    fill(known->key, sizeof known->key, 1, 1);
    fill(known->nonce, sizeof known->nonce, 1, 0xa0);
    fill(known->aad, sizeof known->aad, 17, 1);
    fill(known->plain, sizeof known->plain, 31, 7);
    return known;
}

static void free_known(struct known *known)
{
    if (known)
        free(known->workspace);
    free(known);
}

const struct core_provider *core_provider_admit(const struct core_provider *candidate, const char **refusal)
{
    const struct core_aead *const aeads[AEADS] = {candidate->aes_128_gcm, candidate->aes_256_gcm,
                                                  candidate->aes_128_ctr_hmac_sha256,
                                                  candidate->aes_256_ctr_hmac_sha512};
    struct known *known = new_known(candidate);
    const char *wrong = NULL;
    if (!hash_right(candidate->sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
        wrong = candidate->sha256->name;
    if (!hash_right(candidate->sha512, "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                                       "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"))
        wrong = candidate->sha512->name;
    for (size_t i = 0; i < AEADS; i++)
        if (!known || !aead_right(aeads[i], i, known))
            wrong = aeads[i]->name;
    free_known(known);
    if (wrong && refusal)
        *refusal = wrong;
    return wrong ? NULL : candidate;
}
