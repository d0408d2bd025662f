/* What the published vectors do not reach: refusals, resumption PSKs, order, external initialisation. */
#include "mls/key_schedule.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const uint8_t zeros[MLS_HASH_MAX];

static void no_psk_is_zero(void)
{
    uint8_t out[MLS_HASH_MAX] = {1};
    CU_ASSERT_EQUAL(mls_psk_secret(mls_suite_find(NULL, 1), NULL, 0, out), MLS_OK);
    unit_assert_bytes("psk_secret", out, 32, zeros, 32);
}

static void psks_are_bound_with_id_and_order(void)
{
    const struct mls_suite *suite = mls_suite_find(NULL, 7);
    const struct mls_psk external = {.id = {.type = MLS_PSK_EXTERNAL, .id = MLS_TEXT("id"), .nonce = MLS_TEXT("nonce")},
                                     .secret = MLS_TEXT("secret")};
    struct mls_psk resumption = {.id = {.type = MLS_PSK_RESUMPTION,
                                        .usage = MLS_PSK_APPLICATION,
                                        .group_id = MLS_TEXT("group"),
                                        .epoch = 3,
                                        .nonce = MLS_TEXT("nonce")},
                                 .secret = MLS_TEXT("secret")};
    uint8_t out[6][MLS_HASH_MAX];
    CU_ASSERT_EQUAL(mls_psk_secret(suite, &external, 1, out[0]), MLS_OK);
    CU_ASSERT_EQUAL(mls_psk_secret(suite, &resumption, 1, out[1]), MLS_OK);
    CU_ASSERT_EQUAL(mls_psk_secret(suite, (const struct mls_psk[]){external, resumption}, 2, out[2]), MLS_OK);
    CU_ASSERT_EQUAL(mls_psk_secret(suite, (const struct mls_psk[]){resumption, external}, 2, out[3]), MLS_OK);
    resumption.id.epoch = 4;
    CU_ASSERT_EQUAL(mls_psk_secret(suite, &resumption, 1, out[4]), MLS_OK);
    resumption.id.usage = MLS_PSK_BRANCH;
    CU_ASSERT_EQUAL(mls_psk_secret(suite, &resumption, 1, out[5]), MLS_OK);
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < i; j++)
            CU_ASSERT_NOT_EQUAL(memcmp(out[i], out[j], suite->hash->len), 0);
}

static void psks_are_bounded(void)
{
    const struct mls_suite *suite = mls_suite_find(NULL, 1);
    struct mls_psk *psks = calloc(MLS_PSKS_MAX + 1, sizeof *psks);
    uint8_t out[MLS_HASH_MAX];
    CU_ASSERT_PTR_NOT_NULL_FATAL(psks);
    for (size_t i = 0; i <= MLS_PSKS_MAX; i++)
        psks[i].id.type = MLS_PSK_EXTERNAL;
    CU_ASSERT_EQUAL(mls_psk_secret(suite, psks, MLS_PSKS_MAX, out), MLS_OK);
    CU_ASSERT_EQUAL(mls_psk_secret(suite, psks, MLS_PSKS_MAX + 1, out), MLS_LIMIT);
    free(psks);
}

static void external_initialisation_agrees(void)
{
    for (uint16_t id = 1; id <= 7; id++) {
        const struct mls_suite *suite = mls_suite_find(NULL, id);
        const uint8_t secret[MLS_HASH_MAX] = {5};
        const uint8_t other[MLS_HASH_MAX] = {6};
        uint8_t private_key[MLS_KEM_PRIVATE_MAX], public_key[MLS_KEM_PUBLIC_MAX], output[MLS_KEM_OUTPUT_MAX];
        uint8_t sent[MLS_HASH_MAX], received[MLS_HASH_MAX];
        CU_ASSERT_EQUAL(mls_external_key_pair(suite, secret, private_key, public_key), MLS_OK);
        const struct core_slice external_pub = {public_key, suite->kem->public_len};
        const struct core_slice kem_output = {output, suite->kem->output_len};
        CU_ASSERT_EQUAL(mls_external_init_send(suite, external_pub, output, sent), MLS_OK);
        CU_ASSERT_EQUAL(mls_external_init_receive(suite, secret, kem_output, received), MLS_OK);
        unit_assert_bytes("init secret", received, suite->hash->len, sent, suite->hash->len);
        CU_ASSERT_EQUAL(mls_external_init_receive(suite, other, kem_output, received), MLS_OK);
        CU_ASSERT_NOT_EQUAL(memcmp(received, sent, suite->hash->len), 0);
        CU_ASSERT_EQUAL(
            mls_external_init_send(suite, (struct core_slice){public_key, external_pub.len - 1}, output, sent),
            MLS_KEY);
        CU_ASSERT_EQUAL(
            mls_external_init_receive(suite, secret, (struct core_slice){output, kem_output.len - 1}, received),
            MLS_MALFORMED);
    }
}

static void confirmation_tags_are_checked_whole(void)
{
    for (uint16_t id = 1; id <= 7; id++) {
        const struct mls_suite *suite = mls_suite_find(NULL, id);
        const uint8_t key[MLS_HASH_MAX] = {8};
        const struct core_slice confirmed = MLS_TEXT("confirmed transcript hash");
        uint8_t tag[MLS_HASH_MAX + 1] = {0};
        const size_t len = suite->hash->len;
        CU_ASSERT_EQUAL(mls_confirmation_tag(suite, key, confirmed, tag), MLS_OK);
        CU_ASSERT_EQUAL(mls_confirmation_check(suite, key, confirmed, (struct core_slice){tag, len}), MLS_OK);
        CU_ASSERT_EQUAL(mls_confirmation_check(suite, key, confirmed, (struct core_slice){tag, len - 1}),
                        MLS_CONFIRMATION);
        CU_ASSERT_EQUAL(mls_confirmation_check(suite, key, confirmed, (struct core_slice){tag, len + 1}),
                        MLS_CONFIRMATION);
        CU_ASSERT_EQUAL(mls_confirmation_check(suite, key, confirmed, (struct core_slice){tag, 0}), MLS_CONFIRMATION);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            tag[bit / 8] ^= (uint8_t)(1 << bit % 8);
            CU_ASSERT_EQUAL(mls_confirmation_check(suite, key, confirmed, (struct core_slice){tag, len}),
                            MLS_CONFIRMATION);
            tag[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void exports_differ_by_label_context_and_length(void)
{
    const struct mls_suite *suite = mls_suite_find(NULL, 1);
    const uint8_t secret[MLS_HASH_MAX] = {9};
    static uint8_t long_out[255 * 32 + 1];
    uint8_t out[4][32];
    CU_ASSERT_EQUAL(mls_exporter(suite, secret, MLS_TEXT("a"), MLS_TEXT("b"), out[0], 32), MLS_OK);
    CU_ASSERT_EQUAL(mls_exporter(suite, secret, MLS_TEXT("ab"), MLS_TEXT(""), out[1], 32), MLS_OK);
    CU_ASSERT_EQUAL(mls_exporter(suite, secret, MLS_TEXT("a"), MLS_TEXT("c"), out[2], 32), MLS_OK);
    CU_ASSERT_EQUAL(mls_exporter(suite, secret, MLS_TEXT("a"), MLS_TEXT("b"), out[3], 31), MLS_OK);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < i; j++)
            CU_ASSERT_NOT_EQUAL(memcmp(out[i], out[j], 31), 0);
    CU_ASSERT_EQUAL(mls_exporter(suite, secret, MLS_TEXT("a"), MLS_TEXT("b"), long_out, 255 * 32), MLS_OK);
    CU_ASSERT_EQUAL(mls_exporter(suite, secret, MLS_TEXT("a"), MLS_TEXT("b"), long_out, sizeof long_out), MLS_INVALID);
}

static void wiping_leaves_nothing(void)
{
    const struct mls_suite *suite = mls_suite_find(NULL, 1);
    struct mls_epoch_secrets secrets;
    static const struct mls_epoch_secrets none;
    CU_ASSERT_EQUAL(mls_epoch_secrets_init(suite, zeros, zeros, MLS_TEXT("context"), &secrets), MLS_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(secrets.init, zeros, 32), 0);
    mls_epoch_secrets_wipe(&secrets);
    CU_ASSERT_EQUAL(memcmp(&secrets, &none, sizeof none), 0);
}

static const struct unit_test tests[] = {
    {"without PSKs the secret is zero", no_psk_is_zero},
    {"PSKs are bound with their ids and order", psks_are_bound_with_id_and_order},
    {"PSKs are bounded in number", psks_are_bounded},
    {"external initialisation agrees, under one secret", external_initialisation_agrees},
    {"confirmation tags are checked whole", confirmation_tags_are_checked_whole},
    {"exports differ by label, context and length", exports_differ_by_label_context_and_length},
    {"wiping an epoch's secrets leaves nothing", wiping_leaves_nothing},
};

UNIT_MAIN("mls.key_schedule", tests)
