/* key-schedule.json: epochs one after the other, each from the init secret of the one before. */
#include <string.h>

#include "mls/key_schedule.h"
#include "mls_case.h"
#include "wire/buffer.h"

static void check_group_context(struct mls_case *c, const json_t *epoch, uint64_t number)
{
    const struct mls_group_context context = {
        .version = MLS_VERSION_1_0,
        .cipher_suite = c->suite->id,
        .group_id = mls_case_hex(c, c->json, "group_id"),
        .epoch = number,
        .tree_hash = mls_case_hex(c, epoch, "tree_hash"),
        .confirmed_transcript_hash = mls_case_hex(c, epoch, "confirmed_transcript_hash"),
    };
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_group_context_write(&w, &context);
    mls_case_same(c, "group_context", mls_case_hex(c, epoch, "group_context"), w.data, w.len);
    wire_buffer_free(&w);
}

static void check_secrets(struct mls_case *c, const json_t *epoch, const struct mls_epoch_secrets *secrets)
{
    const struct {
        const char *name;
        const uint8_t *secret;
    } rows[] = {
        {"init_secret", secrets->init},
        {"sender_data_secret", secrets->sender_data},
        {"encryption_secret", secrets->encryption},
        {"exporter_secret", secrets->exporter},
        {"epoch_authenticator", secrets->authenticator},
        {"external_secret", secrets->external},
        {"confirmation_key", secrets->confirmation_key},
        {"membership_key", secrets->membership_key},
        {"resumption_psk", secrets->resumption_psk},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        mls_case_same(c, rows[i].name, mls_case_hex(c, epoch, rows[i].name), rows[i].secret, c->suite->hash->len);
}

static void check_exporter(struct mls_case *c, const json_t *epoch, const struct mls_epoch_secrets *secrets)
{
    const json_t *exporter = mls_case_object(c, epoch, "exporter");
    const size_t len = mls_case_u64(c, exporter, "length");
    uint8_t out[1024];
    if (mls_case_check(c, "length", len <= sizeof out) &&
        mls_case_ok(c, "exporter",
                    mls_exporter(c->suite, secrets->exporter, mls_case_text(c, exporter, "label"),
                                 mls_case_hex(c, exporter, "context"), out, len)))
        mls_case_same(c, "exporter", mls_case_hex(c, exporter, "secret"), out, len);
}

static void check_external(struct mls_case *c, const json_t *epoch, const struct mls_epoch_secrets *secrets)
{
    uint8_t private_key[MLS_KEM_PRIVATE_MAX];
    uint8_t public_key[MLS_KEM_PUBLIC_MAX];
    uint8_t kem_output[MLS_KEM_OUTPUT_MAX];
    uint8_t sent[MLS_HASH_MAX];
    uint8_t received[MLS_HASH_MAX];
    const struct core_slice external_pub = mls_case_hex(c, epoch, "external_pub");
    if (!mls_case_ok(c, "external", mls_external_key_pair(c->suite, secrets->external, private_key, public_key)) ||
        !mls_case_same(c, "external_pub", external_pub, public_key, c->suite->kem->public_len))
        return;
    if (mls_case_ok(c, "external send", mls_external_init_send(c->suite, external_pub, kem_output, sent)) &&
        mls_case_ok(c, "external receive",
                    mls_external_init_receive(c->suite, secrets->external,
                                              (struct core_slice){kem_output, c->suite->kem->output_len}, received)))
        mls_case_same(c, "external init secret", (struct core_slice){sent, c->suite->hash->len}, received,
                      c->suite->hash->len);
}

static void run_epoch(struct mls_case *c, const json_t *epoch, uint64_t number, uint8_t *init_secret)
{
    const uint8_t *commit_secret = mls_case_secret(c, epoch, "commit_secret");
    const uint8_t *psk_secret = mls_case_secret(c, epoch, "psk_secret");
    const struct core_slice group_context = mls_case_hex(c, epoch, "group_context");
    const size_t len = c->suite->hash->len;
    struct mls_epoch_secrets secrets;
    uint8_t joiner[MLS_HASH_MAX];
    uint8_t welcome[MLS_HASH_MAX];
    check_group_context(c, epoch, number);
    if (c->failed ||
        !mls_case_ok(c, "joiner", mls_joiner_secret(c->suite, init_secret, commit_secret, group_context, joiner)) ||
        !mls_case_same(c, "joiner_secret", mls_case_hex(c, epoch, "joiner_secret"), joiner, len) ||
        !mls_case_ok(c, "welcome", mls_welcome_secret(c->suite, joiner, psk_secret, welcome)) ||
        !mls_case_same(c, "welcome_secret", mls_case_hex(c, epoch, "welcome_secret"), welcome, len) ||
        !mls_case_ok(c, "epoch", mls_epoch_secrets_init(c->suite, joiner, psk_secret, group_context, &secrets)))
        return;
    check_secrets(c, epoch, &secrets);
    check_exporter(c, epoch, &secrets);
    check_external(c, epoch, &secrets);
    memcpy(init_secret, secrets.init, len);
}

static void run(struct mls_case *c)
{
    const json_t *epochs = mls_case_array(c, c->json, "epochs");
    const uint8_t *initial = mls_case_secret(c, c->json, "initial_init_secret");
    const json_t *epoch = NULL;
    uint8_t init_secret[MLS_HASH_MAX];
    size_t i = 0;
    mls_case_check(c, "epochs", json_array_size(epochs) > 0);
    if (c->failed)
        return;
    memcpy(init_secret, initial, c->suite->hash->len);
    json_array_foreach(epochs, i, epoch)
    {
        run_epoch(c, epoch, i, init_secret);
        if (c->failed)
            return;
    }
}

static const char *const members[] = {"cipher_suite", "epochs", "group_id", "initial_init_secret", NULL};

const struct mls_schema mls_schema_key_schedule = {"key-schedule", members, run};
