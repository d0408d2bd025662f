/* sframe_vectors PATH...: runs files of SFrame test vectors (a folder: every .json in it) against libsotto-sframe.
 *
 * A file is an object of arrays: `header`, `aes_ctr_hmac`, `aes_256_ctr_hmac`, `sframe`, `sframe_aes_256_ctr_hmac`.
 * Each element is a case. Anything malformed, unknown or empty is a failure. Ends with "N passed, N failed" and exit
 * code 0 only if cases were run and none failed. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kdf.h"
#include "key.h"
#include "suite.h"
#include "vector_file.h"

enum { FIELDS_MAX = 12 };

struct tally {
    size_t passed;
    size_t failed;
};

/* A case's byte strings, read by name and freed together. */
struct fields {
    struct vector_bytes at[FIELDS_MAX];
    size_t count;
};

static bool read_fields(const json_t *object, const char *const *names, size_t count, struct fields *fields)
{
    *fields = (struct fields){0};
    for (; fields->count < count; fields->count++)
        if (!vector_bytes(object, names[fields->count], &fields->at[fields->count])) {
            fprintf(stderr, "    %s: absent or not hex\n", names[fields->count]);
            return false;
        }
    return true;
}

static void free_fields(struct fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        vector_bytes_free(&fields->at[i]);
}

static bool same(const char *what, const struct vector_bytes *want, const uint8_t *got, size_t len)
{
    if (vector_bytes_equal(want, got, len))
        return true;
    fprintf(stderr, "    %s differs\n", what);
    return false;
}

static bool same_fields(const char *what, const struct vector_bytes *a, const struct vector_bytes *b, size_t skip)
{
    return skip <= a->len && same(what, b, a->data + skip, a->len - skip);
}

/* --- header: kid and ctr to encoded, and back --- */

static bool run_header(const json_t *object)
{
    static const char *const names[] = {"encoded"};
    struct fields fields;
    struct sframe_header header;
    uint8_t encoded[SFRAME_HEADER_MAX];
    uint64_t kid = 0;
    uint64_t ctr = 0;
    size_t len = 0;
    bool ok = read_fields(object, names, 1, &fields) && vector_u64(object, "kid", &kid) &&
              vector_u64(object, "ctr", &ctr) &&
              sframe_header_write(kid, ctr, encoded, sizeof encoded, &len) == SFRAME_OK &&
              len == sframe_header_len(kid, ctr) && same("encoded", &fields.at[0], encoded, len) &&
              sframe_header_read(fields.at[0].data, fields.at[0].len, &header) == SFRAME_OK && header.kid == kid &&
              header.ctr == ctr && header.len == len;
    free_fields(&fields);
    return ok;
}

static bool read_suite(const json_t *object, struct sframe_crypto *crypto)
{
    uint64_t id = 0;
    return vector_u64(object, "cipher_suite", &id) && id > 0 && id <= UINT16_MAX &&
           sframe_crypto_init(crypto, &core_provider_libcrypto, (uint16_t)id) == SFRAME_OK;
}

/* --- aes_ctr_hmac: the compound AEAD alone --- */

enum { CTR_KEY, CTR_ENC_KEY, CTR_AUTH_KEY, CTR_NONCE, CTR_AAD, CTR_PT, CTR_CT, CTR_FIELDS };

static bool seal_and_open(const struct sframe_crypto *crypto, const struct vector_bytes *at)
{
    const struct core_aead *aead = crypto->aead;
    const size_t nt = crypto->suite->nt;
    const struct core_slice aad = {at[CTR_AAD].data, at[CTR_AAD].len};
    bool ok = false;
    void *state = calloc(1, aead->state_size);
    uint8_t *buffer = calloc(1, at[CTR_PT].len + nt);
    if (!state || !buffer)
        goto out;
    memcpy(buffer, at[CTR_PT].data, at[CTR_PT].len);
    const struct core_span text = {buffer, at[CTR_PT].len};
    uint8_t *tag = buffer + at[CTR_PT].len;
    ok = aead->init(state, CORE_SEAL) && aead->set_key(state, at[CTR_KEY].data) &&
         aead->seal(state, at[CTR_NONCE].data, &aad, 1, &text, 1, tag, nt) &&
         same("ct", &at[CTR_CT], buffer, at[CTR_PT].len + nt);
    aead->wipe(state);
    ok = ok && aead->init(state, CORE_OPEN) && aead->set_key(state, at[CTR_KEY].data) &&
         aead->open(state, at[CTR_NONCE].data, &aad, 1, text, tag, nt) == CORE_OPEN_OK &&
         same("opened", &at[CTR_PT], buffer, at[CTR_PT].len);
    aead->wipe(state);
out:
    free(state);
    free(buffer);
    return ok;
}

static bool run_ctr(const json_t *object)
{
    static const char *const names[CTR_FIELDS] = {"key", "enc_key", "auth_key", "nonce", "aad", "pt", "ct"};
    struct fields fields;
    struct sframe_crypto crypto;
    bool ok = read_fields(object, names, CTR_FIELDS, &fields) && read_suite(object, &crypto) && crypto.suite->nka > 0;
    ok = ok && fields.at[CTR_KEY].len == crypto.suite->nk && fields.at[CTR_NONCE].len == crypto.suite->nn &&
         same("enc_key", &fields.at[CTR_ENC_KEY], fields.at[CTR_KEY].data, crypto.suite->nka) &&
         same_fields("auth_key", &fields.at[CTR_KEY], &fields.at[CTR_AUTH_KEY], crypto.suite->nka) &&
         seal_and_open(&crypto, fields.at);
    free_fields(&fields);
    return ok;
}

/* --- sframe: whole frames, with everything they come from --- */

enum { SF_BASE, SF_KEY_LABEL, SF_SALT_LABEL, SF_SECRET, SF_KEY, SF_SALT, SF_META, SF_NONCE, SF_AAD, SF_PT, SF_CT };

static bool check_label(const char *what, const struct vector_bytes *want, const char *text, uint64_t kid, uint16_t id)
{
    uint8_t label[64];
    size_t len = strlen(text);
    memcpy(label, text, len);
    for (unsigned i = 0; i < 8; i++)
        label[len++] = (uint8_t)(kid >> (56 - 8 * i));
    label[len++] = (uint8_t)(id >> 8);
    label[len++] = (uint8_t)id;
    return same(what, want, label, len);
}

static bool check_derivation(const struct sframe_crypto *crypto, uint64_t kid, uint64_t ctr,
                             const struct vector_bytes *at)
{
    const struct sframe_suite *suite = crypto->suite;
    struct core_hmac_key empty;
    const struct core_slice base_key = {at[SF_BASE].data, at[SF_BASE].len};
    uint8_t secret[CORE_HASH_MAX];
    uint8_t key[SFRAME_NK_MAX];
    uint8_t nonce[CORE_NONCE_LEN];
    if (!crypto->hash->hmac_init(&empty, NULL, 0) || !crypto->hash->hmac(&empty, &base_key, 1, secret) ||
        !same("sframe_secret", &at[SF_SECRET], secret, suite->nh))
        return false;
    if (!check_label("sframe_key_label", &at[SF_KEY_LABEL], "SFrame 1.0 Secret key ", kid, suite->id) ||
        !check_label("sframe_salt_label", &at[SF_SALT_LABEL], "SFrame 1.0 Secret salt ", kid, suite->id))
        return false;
    if (sframe_derive(suite, kid, at[SF_BASE].data, at[SF_BASE].len, key, nonce) != SFRAME_OK ||
        !same("sframe_key", &at[SF_KEY], key, suite->nk) || !same("sframe_salt", &at[SF_SALT], nonce, suite->nn))
        return false;
    for (unsigned i = 0; i < 8; i++)
        nonce[suite->nn - 1u - i] ^= (uint8_t)(ctr >> 8 * i);
    return same("nonce", &at[SF_NONCE], nonce, suite->nn);
}

/* Seals through the key of one KID, which the sender uses too, at the counter the case asks for. */
static bool check_seal(const struct sframe_crypto *crypto, uint64_t kid, uint64_t ctr, const struct vector_bytes *at)
{
    struct sframe_key key = {.state = calloc(1, crypto->aead->state_size)};
    struct core_hmac_key secret;
    const size_t pt_len = at[SF_PT].len;
    size_t header_len = 0;
    bool ok = false;
    uint8_t *frame = calloc(1, SFRAME_HEADER_MAX + pt_len + SFRAME_TAG_MAX);
    uint8_t *aad = calloc(1, SFRAME_HEADER_MAX + at[SF_META].len);
    if (!key.state || !frame || !aad ||
        sframe_header_write(kid, ctr, frame, SFRAME_HEADER_MAX, &header_len) != SFRAME_OK)
        goto out;
    memcpy(aad, frame, header_len);
    memcpy(aad + header_len, at[SF_META].data, at[SF_META].len);
    memcpy(frame + header_len, at[SF_PT].data, pt_len);
    const struct core_span text = {frame + header_len, pt_len};
    const struct sframe_frame parts = {ctr, {frame, header_len}, {at[SF_META].data, at[SF_META].len}};
    ok = same("aad", &at[SF_AAD], aad, header_len + at[SF_META].len) && crypto->aead->init(key.state, CORE_SEAL) &&
         sframe_secret_init(crypto, at[SF_BASE].data, at[SF_BASE].len, &secret) == SFRAME_OK &&
         sframe_key_derive(crypto, &key, &secret, kid) == SFRAME_OK &&
         sframe_key_seal(crypto, &key, &parts, &text, 1, frame + header_len + pt_len) == SFRAME_OK &&
         same("ct", &at[SF_CT], frame, header_len + pt_len + crypto->suite->nt);
    crypto->aead->wipe(key.state);
out:
    free(key.state);
    free(frame);
    free(aad);
    return ok;
}

/* Opens the published frame as an application would. */
static bool check_open(const struct sframe_crypto *crypto, uint64_t kid, uint64_t ctr, const struct vector_bytes *at)
{
    const struct sframe_receiver_config config = {
        .suite = crypto->suite->id, .profile = SFRAME_PROFILE_RFC9605, .keys = 1};
    struct sframe_receiver *receiver = NULL;
    struct sframe_opened opened;
    size_t size = sframe_receiver_size(&config);
    void *memory = malloc(size);
    bool ok = memory && sframe_receiver_init(memory, size, &config, &receiver) == SFRAME_OK;
    ok = ok && sframe_receiver_add_key(receiver, kid, at[SF_BASE].data, at[SF_BASE].len) == SFRAME_OK &&
         sframe_open(receiver, NULL, at[SF_META].data, at[SF_META].len, at[SF_CT].data, at[SF_CT].len, 0, &opened) ==
             SFRAME_OK &&
         opened.kid == kid && opened.ctr == ctr && same("opened", &at[SF_PT], opened.payload, opened.payload_len);
    sframe_receiver_wipe(receiver);
    free(memory);
    return ok;
}

static bool run_sframe(const json_t *object)
{
    static const char *const names[] = {"base_key",
                                        "sframe_key_label",
                                        "sframe_salt_label",
                                        "sframe_secret",
                                        "sframe_key",
                                        "sframe_salt",
                                        "metadata",
                                        "nonce",
                                        "aad",
                                        "pt",
                                        "ct"};
    struct fields fields;
    struct sframe_crypto crypto;
    uint64_t kid = 0;
    uint64_t ctr = 0;
    bool ok = read_fields(object, names, sizeof names / sizeof names[0], &fields) && read_suite(object, &crypto) &&
              vector_u64(object, "kid", &kid) && vector_u64(object, "ctr", &ctr) &&
              check_derivation(&crypto, kid, ctr, fields.at) && check_seal(&crypto, kid, ctr, fields.at) &&
              check_open(&crypto, kid, ctr, fields.at);
    free_fields(&fields);
    return ok;
}

/* --- files --- */

struct schema {
    const char *name;
    bool (*run)(const json_t *object);
};

static const struct schema schemas[] = {
    {"header", run_header},
    {"aes_ctr_hmac", run_ctr},
    {"aes_256_ctr_hmac", run_ctr},
    {"sframe", run_sframe},
    {"sframe_aes_256_ctr_hmac", run_sframe},
};

static const struct schema *find_schema(const char *name)
{
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++)
        if (strcmp(schemas[i].name, name) == 0)
            return &schemas[i];
    return NULL;
}

static void run_array(const char *path, const char *name, const json_t *array, struct tally *tally)
{
    const struct schema *schema = find_schema(name);
    const json_t *object = NULL;
    size_t i = 0;
    size_t passed = 0;
    if (!schema || !json_is_array(array) || json_array_size(array) == 0) {
        fprintf(stderr, "%s: %s: unknown, empty or no array\n", path, name);
        tally->failed++;
        return;
    }
    json_array_foreach(array, i, object)
    {
        if (schema->run(object)) {
            passed++;
        } else {
            fprintf(stderr, "%s: %s[%zu] failed\n", path, name, i);
            tally->failed++;
        }
    }
    tally->passed += passed;
    printf("%s: %s: %zu of %zu\n", path, name, passed, i);
}

static void run_file(const char *path, struct tally *tally)
{
    json_t *root = vector_file_load(path);
    const char *name = NULL;
    json_t *array = NULL;
    if (!root || json_object_size(root) == 0) {
        fprintf(stderr, "%s: no cases\n", path);
        tally->failed++;
    }
    json_object_foreach(root, name, array) run_array(path, name, array, tally);
    json_decref(root);
}

static void run_folder(const char *path, struct tally *tally)
{
    DIR *dir = opendir(path);
    size_t files = 0;
    if (dir) {
        for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
            char child[4096];
            const char *end = strrchr(entry->d_name, '.');
            if (!end || strcmp(end, ".json") != 0)
                continue;
            snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
            run_file(child, tally);
            files++;
        }
        closedir(dir);
    }
    if (files == 0) {
        fprintf(stderr, "%s: no .json file\n", path);
        tally->failed++;
    }
}

int main(int argc, char **argv)
{
    struct tally tally = {0};
    if (argc < 2) {
        fprintf(stderr, "usage: sframe_vectors PATH...\n");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        struct stat info;
        if (stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode))
            run_folder(argv[i], &tally);
        else
            run_file(argv[i], &tally);
    }
    printf("%zu passed, %zu failed\n", tally.passed, tally.failed);
    return tally.failed == 0 && tally.passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
