/* core/xchacha.c */
#include "core/xchacha.h"

#include <string.h>

#include "unit.h"

static const char text[] =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    "sunscreen would be it.";
enum { TEXT_LEN = sizeof text - 1, SEALED_LEN = TEXT_LEN + CORE_XCHACHA_TAG_LEN };

struct sample {
    uint8_t key[CORE_XCHACHA_KEY_LEN];
    uint8_t nonce[CORE_XCHACHA_NONCE_LEN];
    uint8_t aad[12];
    uint8_t sealed[SEALED_LEN];
};

/* draft-irtf-cfrg-xchacha-03 appendix A.3.1 */
static void sample_init(struct sample *s)
{
    for (size_t i = 0; i < sizeof s->key; i++)
        s->key[i] = (uint8_t)(0x80 + i);
    for (size_t i = 0; i < sizeof s->nonce; i++)
        s->nonce[i] = (uint8_t)(0x40 + i);
    unit_hex("50515253c0c1c2c3c4c5c6c7", s->aad, sizeof s->aad);
    CU_ASSERT_TRUE_FATAL(
        core_xchacha_seal(s->key, s->nonce, s->aad, sizeof s->aad, (const uint8_t *)text, TEXT_LEN, s->sealed));
}

static bool opens(const struct sample *s, uint8_t *out)
{
    return core_xchacha_open(s->key, s->nonce, s->aad, sizeof s->aad, s->sealed, sizeof s->sealed, out);
}

static void known_answer(void)
{
    struct sample s;
    uint8_t want[CORE_XCHACHA_TAG_LEN];
    uint8_t out[TEXT_LEN];
    sample_init(&s);
    unit_hex("bd6d179d3e83d43b9576579493c0e939", want, sizeof want);
    unit_assert_bytes("ciphertext", s.sealed, sizeof want, want, sizeof want);
    unit_hex("c0875924c1c7987947deafd8780acf49", want, sizeof want);
    unit_assert_bytes("tag", s.sealed + TEXT_LEN, sizeof want, want, sizeof want);
    CU_ASSERT_TRUE(opens(&s, out));
    CU_ASSERT_EQUAL(memcmp(out, text, TEXT_LEN), 0);
}

static void every_bit_counts(void)
{
    struct sample s;
    uint8_t out[TEXT_LEN];
    sample_init(&s);
    uint8_t *const parts[] = {s.key, s.nonce, s.aad, s.sealed};
    const size_t lens[] = {sizeof s.key, sizeof s.nonce, sizeof s.aad, sizeof s.sealed};
    for (size_t part = 0; part < sizeof parts / sizeof parts[0]; part++)
        for (size_t bit = 0; bit < 8 * lens[part]; bit++) {
            parts[part][bit / 8] ^= (uint8_t)(1 << bit % 8);
            memset(out, 0x55, sizeof out);
            CU_ASSERT_FALSE(opens(&s, out));
            CU_ASSERT_NOT_EQUAL(memcmp(out, text, TEXT_LEN), 0);
            parts[part][bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    CU_ASSERT_TRUE(opens(&s, out));
}

static void shorter_than_a_tag(void)
{
    struct sample s;
    uint8_t out[TEXT_LEN];
    sample_init(&s);
    for (size_t len = 0; len < CORE_XCHACHA_TAG_LEN; len++)
        CU_ASSERT_FALSE(core_xchacha_open(s.key, s.nonce, s.aad, sizeof s.aad, s.sealed, len, out));
}

static const struct unit_test tests[] = {
    {"the draft's answer comes out, and opens", known_answer},
    {"any bit flipped in key, nonce, AAD or box is noticed", every_bit_counts},
    {"what is shorter than a tag does not open", shorter_than_a_tag},
};
UNIT_MAIN("core.xchacha", tests)
