/* HPKE against the figures of RFC 9180, and what it has to refuse. */
#include "mls/hpke.h"

#include <string.h>

#include "core/secret.h"
#include "mls/crypto.h"
#include "unit.h"

/* Base mode, the first message and the export for "TestContext" of RFC 9180's appendix A. All have the same info,
 * plaintext and additional data. */
static const struct figure {
    uint16_t suite; /* an MLS suite of the same KEM, KDF and AEAD */
    const char *ikm_e, *ikm_r, *private_r, *public_r, *enc, *ct, *exported;
} figures[] = {
    /* A.1.1 */
    {.suite = 1,
     .ikm_e = "7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234",
     .ikm_r = "6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037",
     .private_r = "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
     .public_r = "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
     .enc = "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
     .ct = "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c51"
           "2a",
     .exported = "e9e43065102c3836401bed8c3c3c75ae46be1639869391d62c61f1ec7af54931"},
    /* A.3.1 */
    {.suite = 2,
     .ikm_e = "4270e54ffd08d79d5928020af4686d8f6b7d35dbe470265f1f5aa22816ce860e",
     .ikm_r = "668b37171f1072f3cf12ea8a236a45df23fc13b82af3609ad1e354f6ef817550",
     .private_r = "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2",
     .public_r = "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7"
                 "f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0",
     .enc = "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f"
            "951c0900be863c403ce65c9bfcb9382657222d18c4",
     .ct = "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f395134"
           "34",
     .exported = "d8f1ea7942adbba7412c6d431c62d01371ea476b823eb697e1f6e6cae1dab85a"},
    /* A.2.1 */
    {.suite = 3,
     .ikm_e = "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b",
     .ikm_r = "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df",
     .private_r = "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
     .public_r = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
     .enc = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
     .ct = "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a"
           "28",
     .exported = "5acb09211139c43b3090489a9da433e8a30ee7188ba8b0a9a1ccf0c229283e53"},
    /* A.6.1 */
    {.suite = 5,
     .ikm_e = "7f06ab8215105fc46aceeb2e3dc5028b44364f960426eb0d8e4026c2f8b5d7e7a986688f1591abf5ab753c35"
              "7a5d6f0440414b4ed4ede71317772ac98d9239f70904",
     .ikm_r = "2ad954bbe39b7122529f7dde780bff626cd97f850d0784a432784e69d86eccaade43b6c10a8ffdb94bf943c6"
              "da479db137914ec835a7e715e36e45e29b587bab3bf1",
     .private_r = "01462680369ae375e4b3791070a7458ed527842f6a98a79ff5e0d4cbde83c27196a3916956655523a6a2556a"
                  "7af62c5cadabe2ef9da3760bb21e005202f7b2462847",
     .public_r = "0401b45498c1714e2dce167d3caf162e45e0642afc7ed435df7902ccae0e84ba0f7d373f646b7738bbbdca11"
                 "ed91bdeae3cdcba3301f2457be452f271fa6837580e661012af49583a62e48d44bed350c7118c0d8dc861c23"
                 "8c72a2bda17f64704f464b57338e7f40b60959480c0e58e6559b190d81663ed816e523b6b6a418f66d2451ec"
                 "64",
     .enc = "040138b385ca16bb0d5fa0c0665fbbd7e69e3ee29f63991d3e9b5fa740aab8900aaeed46ed73a49055758425"
            "a0ce36507c54b29cc5b85a5cee6bae0cf1c21f2731ece2013dc3fb7c8d21654bb161b463962ca19e8c654ff2"
            "4c94dd2898de12051f1ed0692237fb02b2f8d1dc1c73e9b366b529eb436e98a996ee522aef863dd5739d2f29"
            "b0",
     .ct = "170f8beddfe949b75ef9c387e201baf4132fa7374593dfafa90768788b7b2b200aafcc6d80ea4c795a7c5b84"
           "1a",
     .exported = "f389beaac6fcf6c0d9376e20f97e364f0609a88f1bc76d7328e9104df8477013"},
};

enum { FIGURES = sizeof figures / sizeof figures[0], BYTES_MAX = 160, TAG = 16 };

#define INFO_TEXT "Ode on a Grecian Urn"
#define PLAINTEXT MLS_TEXT("Beauty is truth, truth beauty")
#define AAD MLS_TEXT("Count-0")

static const struct core_slice info_part = {(const uint8_t *)INFO_TEXT, sizeof INFO_TEXT - 1};
static const struct mls_hpke_info info = {.parts = &info_part, .count = 1};

/* A figure's bytes. */
struct bytes {
    uint8_t data[BYTES_MAX];
    size_t len;
};

static struct bytes hex(const char *text)
{
    struct bytes b;
    b.len = unit_hex(text, b.data, sizeof b.data);
    return b;
}

static struct core_slice slice(const struct bytes *b)
{
    return (struct core_slice){b->data, b->len};
}

static void rfc_key_pairs(void)
{
    for (size_t i = 0; i < FIGURES; i++) {
        const struct mls_kem *kem = mls_suite_find(NULL, figures[i].suite)->kem;
        const struct bytes ikm = hex(figures[i].ikm_r);
        const struct bytes private_key = hex(figures[i].private_r);
        const struct bytes public_key = hex(figures[i].public_r);
        uint8_t got_private[MLS_KEM_PRIVATE_MAX];
        uint8_t got_public[MLS_KEM_PUBLIC_MAX];
        CU_ASSERT_EQUAL_FATAL(kem->derive(kem, ikm.data, ikm.len, got_private, got_public), MLS_OK);
        unit_assert_bytes("skRm", got_private, kem->private_len, private_key.data, private_key.len);
        unit_assert_bytes("pkRm", got_public, kem->public_len, public_key.data, public_key.len);
        CU_ASSERT_EQUAL(kem->public_from(kem, private_key.data, got_public), MLS_OK);
        unit_assert_bytes("pk(skRm)", got_public, kem->public_len, public_key.data, public_key.len);
    }
}

static void rfc_seal(void)
{
    for (size_t i = 0; i < FIGURES; i++) {
        const struct mls_suite *suite = mls_suite_find(NULL, figures[i].suite);
        const struct bytes seed = hex(figures[i].ikm_e);
        const struct bytes public_key = hex(figures[i].public_r);
        const struct bytes enc = hex(figures[i].enc);
        const struct bytes ct = hex(figures[i].ct);
        uint8_t got_enc[MLS_KEM_OUTPUT_MAX];
        uint8_t got_ct[BYTES_MAX];
        CU_ASSERT_EQUAL_FATAL(seed.len, suite->kem->seed_len);
        CU_ASSERT_EQUAL_FATAL(mls_hpke_seal(suite, seed.data, public_key.data, info, AAD, PLAINTEXT, got_enc, got_ct),
                              MLS_OK);
        unit_assert_bytes("enc", got_enc, suite->kem->output_len, enc.data, enc.len);
        unit_assert_bytes("ct", got_ct, PLAINTEXT.len + TAG, ct.data, ct.len);
    }
}

static void rfc_open(void)
{
    for (size_t i = 0; i < FIGURES; i++) {
        const struct mls_suite *suite = mls_suite_find(NULL, figures[i].suite);
        const struct bytes private_key = hex(figures[i].private_r);
        const struct bytes public_key = hex(figures[i].public_r);
        const struct bytes enc = hex(figures[i].enc);
        const struct bytes ct = hex(figures[i].ct);
        uint8_t got[BYTES_MAX];
        CU_ASSERT_EQUAL(mls_hpke_open(suite, private_key.data, NULL, info, AAD, slice(&enc), slice(&ct), got), MLS_OK);
        unit_assert_bytes("plaintext", got, ct.len - TAG, PLAINTEXT.data, PLAINTEXT.len);
        memset(got, 0, sizeof got);
        CU_ASSERT_EQUAL(
            mls_hpke_open(suite, private_key.data, public_key.data, info, AAD, slice(&enc), slice(&ct), got), MLS_OK);
        unit_assert_bytes("plaintext, public key given", got, ct.len - TAG, PLAINTEXT.data, PLAINTEXT.len);
    }
}

static void rfc_export(void)
{
    for (size_t i = 0; i < FIGURES; i++) {
        const struct mls_suite *suite = mls_suite_find(NULL, figures[i].suite);
        const struct bytes seed = hex(figures[i].ikm_e);
        const struct bytes private_key = hex(figures[i].private_r);
        const struct bytes public_key = hex(figures[i].public_r);
        const struct bytes exported = hex(figures[i].exported);
        uint8_t enc[MLS_KEM_OUTPUT_MAX];
        uint8_t got[BYTES_MAX];
        CU_ASSERT_EQUAL(mls_hpke_send_export(suite, seed.data, public_key.data, info, MLS_TEXT("TestContext"), enc, got,
                                             exported.len),
                        MLS_OK);
        unit_assert_bytes("sent", got, exported.len, exported.data, exported.len);
        memset(got, 0, sizeof got);
        CU_ASSERT_EQUAL(mls_hpke_receive_export(suite, private_key.data, NULL, info,
                                                (struct core_slice){enc, suite->kem->output_len},
                                                MLS_TEXT("TestContext"), got, exported.len),
                        MLS_OK);
        unit_assert_bytes("received", got, exported.len, exported.data, exported.len);
    }
}

/* A message to a fresh key in each suite. */
struct sealed {
    const struct mls_suite *suite;
    uint8_t private_key[MLS_KEM_PRIVATE_MAX];
    uint8_t public_key[MLS_KEM_PUBLIC_MAX];
    uint8_t enc[MLS_KEM_OUTPUT_MAX];
    uint8_t ct[BYTES_MAX];
    size_t ct_len;
};

static void seal(struct sealed *s, uint16_t suite)
{
    s->suite = mls_suite_find(NULL, suite);
    s->ct_len = PLAINTEXT.len + TAG;
    CU_ASSERT_EQUAL_FATAL(mls_hpke_generate(s->suite, s->private_key, s->public_key), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_hpke_seal(s->suite, NULL, s->public_key, info, AAD, PLAINTEXT, s->enc, s->ct), MLS_OK);
}

static int open_sealed(const struct sealed *s, struct mls_hpke_info with, struct core_slice aad, uint8_t *out)
{
    return mls_hpke_open(s->suite, s->private_key, s->public_key, with, aad,
                         (struct core_slice){s->enc, s->suite->kem->output_len}, (struct core_slice){s->ct, s->ct_len},
                         out);
}

static void every_suite_opens_what_it_seals(void)
{
    for (uint16_t id = 1; id <= 7; id++) {
        struct sealed s;
        uint8_t out[BYTES_MAX];
        seal(&s, id);
        CU_ASSERT_EQUAL(open_sealed(&s, info, AAD, out), MLS_OK);
        unit_assert_bytes("plaintext", out, s.ct_len - TAG, PLAINTEXT.data, PLAINTEXT.len);
        uint8_t again[MLS_KEM_OUTPUT_MAX];
        CU_ASSERT_EQUAL(mls_hpke_seal(s.suite, NULL, s.public_key, info, AAD, PLAINTEXT, again, out), MLS_OK);
        CU_ASSERT_NOT_EQUAL(memcmp(again, s.enc, s.suite->kem->output_len), 0); /* a new ephemeral key each time */
    }
}

static void any_flipped_bit_fails_and_wipes(void)
{
    for (uint16_t id = 1; id <= 3; id++) {
        struct sealed s;
        uint8_t out[BYTES_MAX];
        const uint8_t zeros[BYTES_MAX] = {0};
        seal(&s, id);
        for (size_t bit = 0; bit < 8 * s.ct_len; bit++) {
            memset(out, 0x55, sizeof out);
            s.ct[bit / 8] ^= (uint8_t)(1 << bit % 8);
            CU_ASSERT_EQUAL(open_sealed(&s, info, AAD, out), MLS_AUTH);
            CU_ASSERT_EQUAL(memcmp(out, zeros, s.ct_len - TAG), 0);
            s.ct[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        s.enc[s.suite->kem->output_len / 2] ^= 1;
        CU_ASSERT_NOT_EQUAL(open_sealed(&s, info, AAD, out), MLS_OK);
    }
}

static void info_and_aad_are_bound(void)
{
    static const struct core_slice parts[] = {{(const uint8_t *)INFO_TEXT, 3}, {(const uint8_t *)INFO_TEXT + 3, 17}};
    static const struct core_slice five[5] = {{(const uint8_t *)"", 0}};
    struct sealed s;
    uint8_t out[BYTES_MAX];
    seal(&s, 1);
    CU_ASSERT_EQUAL(open_sealed(&s, (struct mls_hpke_info){0}, AAD, out), MLS_AUTH);
    CU_ASSERT_EQUAL(open_sealed(&s, info, MLS_TEXT("Count-1"), out), MLS_AUTH);
    CU_ASSERT_EQUAL(open_sealed(&s, (struct mls_hpke_info){.parts = parts, .count = 2}, AAD, out),
                    MLS_OK); /* parts are one string */
    CU_ASSERT_EQUAL(open_sealed(&s, (struct mls_hpke_info){.parts = five, .count = 5}, AAD, out), MLS_INVALID);
}

static void another_key_does_not_open(void)
{
    for (uint16_t id = 1; id <= 7; id++) {
        struct sealed s;
        struct sealed other;
        uint8_t out[BYTES_MAX];
        seal(&s, id);
        seal(&other, id);
        memcpy(s.private_key, other.private_key, sizeof s.private_key);
        CU_ASSERT_EQUAL(open_sealed(&s, info, AAD, out), MLS_AUTH);
        memcpy(s.public_key, other.public_key, sizeof s.public_key);
        CU_ASSERT_EQUAL(open_sealed(&s, info, AAD, out), MLS_AUTH);
    }
}

static void wrong_lengths_are_malformed(void)
{
    struct sealed s;
    uint8_t out[BYTES_MAX];
    seal(&s, 2);
    s.ct_len = TAG - 1;
    CU_ASSERT_EQUAL(open_sealed(&s, info, AAD, out), MLS_MALFORMED);
    const struct core_slice ct = {s.ct, PLAINTEXT.len + TAG};
    CU_ASSERT_EQUAL(mls_hpke_open(s.suite, s.private_key, NULL, info, AAD, (struct core_slice){s.enc, 64}, ct, out),
                    MLS_MALFORMED);
    CU_ASSERT_EQUAL(mls_hpke_open(s.suite, s.private_key, NULL, info, AAD, (struct core_slice){s.enc, 66}, ct, out),
                    MLS_MALFORMED);
    CU_ASSERT_EQUAL(mls_hpke_receive_export(s.suite, s.private_key, NULL, info, (struct core_slice){s.enc, 0},
                                            MLS_TEXT("x"), out, 32),
                    MLS_MALFORMED);
}

static void keys_that_are_none_are_refused(void)
{
    for (uint16_t id = 1; id <= 7; id++) {
        const struct mls_suite *suite = mls_suite_find(NULL, id);
        uint8_t zeros[MLS_KEM_PUBLIC_MAX] = {0};
        uint8_t enc[MLS_KEM_OUTPUT_MAX];
        uint8_t out[BYTES_MAX];
        struct sealed s;
        seal(&s, id);
        /* the neutral element, or no point at all */
        CU_ASSERT_EQUAL(mls_hpke_seal(suite, NULL, zeros, info, AAD, PLAINTEXT, enc, out), MLS_KEY);
        memset(s.enc, 0, sizeof s.enc);
        memset(out, 0x55, sizeof out);
        CU_ASSERT_EQUAL(open_sealed(&s, info, AAD, out), MLS_KEY);
        unit_assert_bytes("plaintext", out, PLAINTEXT.len, zeros, PLAINTEXT.len);
        if (suite->kem->dh->first_byte_mask) {
            s.public_key[suite->kem->public_len - 1] ^= 1; /* off the curve */
            CU_ASSERT_EQUAL(suite->kem->public_check(suite->kem, s.public_key), MLS_KEY);
            CU_ASSERT_EQUAL(mls_hpke_seal(suite, NULL, s.public_key, info, AAD, PLAINTEXT, enc, out), MLS_KEY);
        }
    }
}

static const struct unit_test tests[] = {
    {"derives RFC 9180's key pairs", rfc_key_pairs},
    {"seals as in RFC 9180", rfc_seal},
    {"opens RFC 9180's messages", rfc_open},
    {"exports as in RFC 9180", rfc_export},
    {"every suite opens what it seals", every_suite_opens_what_it_seals},
    {"any flipped bit fails, and leaves zeros", any_flipped_bit_fails_and_wipes},
    {"info and additional data are bound", info_and_aad_are_bound},
    {"another key does not open", another_key_does_not_open},
    {"wrong lengths are malformed", wrong_lengths_are_malformed},
    {"keys that are none are refused", keys_that_are_none_are_refused},
};

UNIT_MAIN("mls.hpke", tests)
