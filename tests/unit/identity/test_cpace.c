/* CPace: the draft's vectors (appendix B.3, CPACE-RISTR255-SHA512). */
#include "cpace.h"

#include <string.h>

#include "unit.h"

static const char CHANNEL[] = "0b415f696e69746961746f720b425f726573706f6e646572";
static const char SID[] = "7e4b4791d6a8ef019b936c79fb7f2c57";
static const char SCALAR_A[] = "da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08";
static const char SHARE_A[] = "d6bac480f2c386c394efc7c47adb9925dcd2630b64f240c50f8d0eec482b9157";
static const char SCALAR_B[] = "d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d";
static const char SHARE_B[] = "3ea7e0b19560d7c0b0f5734f63b955286dfa8232b5ebe63324e2d9e7433f7258";
static const char ISK[] = "b69effbf61b51d56401c0f65601abe428de8206feaaf0e32198896dcae7b35cd"
                          "2b38950a39dfd5d4a79164614c2984f7daa460b588c1e80c3fa2068af7900447";

enum { SID_LEN = 16, CHANNEL_LEN = 24 };

struct vectors {
    uint8_t channel[CHANNEL_LEN];
    uint8_t sid[SID_LEN];
    uint8_t scalar_a[CORE_RISTRETTO255_LEN];
    uint8_t scalar_b[CORE_RISTRETTO255_LEN];
    struct cpace_part a;
    struct cpace_part b;
    struct cpace_inputs inputs;
};

static void load(struct vectors *v)
{
    CU_ASSERT_EQUAL_FATAL(unit_hex(CHANNEL, v->channel, sizeof v->channel), CHANNEL_LEN);
    CU_ASSERT_EQUAL_FATAL(unit_hex(SID, v->sid, sizeof v->sid), SID_LEN);
    unit_hex(SCALAR_A, v->scalar_a, sizeof v->scalar_a);
    unit_hex(SCALAR_B, v->scalar_b, sizeof v->scalar_b);
    unit_hex(SHARE_A, v->a.share, sizeof v->a.share);
    unit_hex(SHARE_B, v->b.share, sizeof v->b.share);
    v->a.ad = (struct core_slice){(const uint8_t *)"ADa", 3};
    v->b.ad = (struct core_slice){(const uint8_t *)"ADb", 3};
    v->inputs = (struct cpace_inputs){{(const uint8_t *)"Password", 8}, {v->channel, CHANNEL_LEN}, {v->sid, SID_LEN}};
}

static void the_drafts_vectors(void)
{
    struct vectors v;
    uint8_t share[CPACE_SHARE_LEN];
    uint8_t want[CPACE_ISK_LEN];
    uint8_t isk[CPACE_ISK_LEN];
    load(&v);
    CU_ASSERT(cpace_share(&v.inputs, v.scalar_a, share));
    unit_assert_bytes("Ya", share, sizeof share, v.a.share, sizeof v.a.share);
    CU_ASSERT(cpace_share(&v.inputs, v.scalar_b, share));
    unit_assert_bytes("Yb", share, sizeof share, v.b.share, sizeof v.b.share);
    unit_hex(ISK, want, sizeof want);
    CU_ASSERT(cpace_isk(v.inputs.sid, v.scalar_a, v.b.share, &v.a, &v.b, isk));
    unit_assert_bytes("ISK of A", isk, sizeof isk, want, sizeof want);
    CU_ASSERT(cpace_isk(v.inputs.sid, v.scalar_b, v.a.share, &v.a, &v.b, isk));
    unit_assert_bytes("ISK of B", isk, sizeof isk, want, sizeof want);
}

/* Each side's key with its own inputs; whether they are the same. */
static bool keys_agree(const struct cpace_inputs *x, const struct cpace_inputs *y, const char *ad_seen_by_y)
{
    uint8_t scalar_x[CORE_RISTRETTO255_LEN];
    uint8_t scalar_y[CORE_RISTRETTO255_LEN];
    uint8_t isk_x[CPACE_ISK_LEN];
    uint8_t isk_y[CPACE_ISK_LEN];
    struct cpace_part a = {.ad = {(const uint8_t *)"ADa", 3}};
    struct cpace_part b = {.ad = {(const uint8_t *)"ADb", 3}};
    CU_ASSERT_FATAL(cpace_start(x, scalar_x, a.share) && cpace_start(y, scalar_y, b.share));
    CU_ASSERT_FATAL(cpace_isk(x->sid, scalar_x, b.share, &a, &b, isk_x));
    a.ad.data = (const uint8_t *)ad_seen_by_y;
    CU_ASSERT_FATAL(cpace_isk(y->sid, scalar_y, a.share, &a, &b, isk_y));
    return memcmp(isk_x, isk_y, sizeof isk_x) == 0;
}

static void all_inputs_count(void)
{
    struct vectors v;
    load(&v);
    struct cpace_inputs other = v.inputs;
    CU_ASSERT(keys_agree(&v.inputs, &other, "ADa"));
    CU_ASSERT_FALSE(keys_agree(&v.inputs, &other, "ADx"));
    other.code.data = (const uint8_t *)"Passwort";
    CU_ASSERT_FALSE(keys_agree(&v.inputs, &other, "ADa"));
    other = v.inputs;
    other.channel.len--;
    CU_ASSERT_FALSE(keys_agree(&v.inputs, &other, "ADa"));
    other = v.inputs;
    other.sid.len--;
    CU_ASSERT_FALSE(keys_agree(&v.inputs, &other, "ADa"));
}

/* The draft's lv_cat has lengths of more than one byte from 128 on, and its generator string no zeros behind long
 * codes. */
static void long_inputs(void)
{
    static const uint8_t code[300] = {'x'};
    struct vectors v;
    uint8_t scalar[CORE_RISTRETTO255_LEN];
    uint8_t share[CPACE_SHARE_LEN];
    load(&v);
    for (size_t len = 100; len <= sizeof code; len++) {
        struct cpace_inputs inputs = v.inputs;
        inputs.code = (struct core_slice){code, len};
        CU_ASSERT(cpace_start(&inputs, scalar, share));
    }
    v.inputs.channel = (struct core_slice){code, sizeof code};
    v.inputs.code = (struct core_slice){code, sizeof code};
    CU_ASSERT_FALSE(cpace_start(&v.inputs, scalar, share)); /* more than is ever asked for */
}

static void shares_that_are_none(void)
{
    struct vectors v;
    uint8_t isk[CPACE_ISK_LEN];
    uint8_t bad[CPACE_SHARE_LEN] = {0};
    load(&v);
    CU_ASSERT_FALSE(cpace_isk(v.inputs.sid, v.scalar_a, bad, &v.a, &v.b, isk)); /* the neutral element */
    memset(bad, 0xff, sizeof bad);
    CU_ASSERT_FALSE(cpace_isk(v.inputs.sid, v.scalar_a, bad, &v.a, &v.b, isk));
}

static void tags_are_ones_own(void)
{
    static const uint8_t isk[CPACE_ISK_LEN] = {1};
    static const uint8_t other[CPACE_ISK_LEN] = {2};
    struct vectors v;
    uint8_t a[CPACE_TAG_LEN];
    uint8_t b[CPACE_TAG_LEN];
    load(&v);
    CU_ASSERT(cpace_tag(v.inputs.sid, isk, &v.a, a) && cpace_tag(v.inputs.sid, isk, &v.b, b));
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof a), 0);
    CU_ASSERT(cpace_tag(v.inputs.sid, other, &v.a, b));
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof a), 0);
    v.b = v.a;
    v.b.ad.data = (const uint8_t *)"ADb"; /* a share that was sent back */
    CU_ASSERT(cpace_tag(v.inputs.sid, isk, &v.b, b));
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof a), 0);
}

static const struct unit_test tests[] = {
    {"shares and keys are the draft's", the_drafts_vectors},
    {"keys agree only if code, channel, session and associated data do", all_inputs_count},
    {"long codes are taken, up to the bound", long_inputs},
    {"what is no element, or the neutral one, is no share", shares_that_are_none},
    {"each side's confirmation is its own", tags_are_ones_own},
};

UNIT_MAIN("identity.cpace", tests)
