#include "kid.h"
#include "unit.h"

static void contexts(void)
{
    unsigned context = 99;
    for (unsigned kind = 0; kind < SFRAME_KINDS; kind++)
        for (unsigned layer = 0; layer < SFRAME_LAYERS; layer++) {
            CU_ASSERT_EQUAL(sframe_context(kind, layer, &context), SFRAME_OK);
            CU_ASSERT_EQUAL(context, kind * 4 + layer);
        }
    CU_ASSERT_EQUAL(sframe_context(SFRAME_KINDS, 0, &context), SFRAME_CONTEXT);
    CU_ASSERT_EQUAL(sframe_context(0, SFRAME_LAYERS, &context), SFRAME_CONTEXT);
    CU_ASSERT_EQUAL(sframe_context(UINT32_MAX, UINT32_MAX, &context), SFRAME_CONTEXT);
    CU_ASSERT_EQUAL(context, 19); /* out parameters on success only */
}

static void leaf_bits(void)
{
    static const struct {
        uint32_t slots;
        unsigned bits;
    } table[] = {{1, 0}, {2, 1}, {3, 2}, {4, 2}, {5, 3}, {8, 3}, {9, 4}, {1024, 10}, {1025, 11}, {1u << 30, 30}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        CU_ASSERT_EQUAL(sframe_kid_leaf_bits(table[i].slots), table[i].bits);
}

/* RFC 9605's example (with its E = 4) has these shapes; ours has E = 8. */
static void leaves(void)
{
    uint64_t kid = 1;
    CU_ASSERT_EQUAL(sframe_kid_from_leaf(0, 3, 64, 14, &kid), SFRAME_OK);
    CU_ASSERT_EQUAL(kid, 0x30e);
    CU_ASSERT_EQUAL(sframe_kid_from_leaf(2, 2, 64, 16 + 256, &kid), SFRAME_OK);
    CU_ASSERT_EQUAL(kid, 2 << 14 | 2 << 8 | 16);
    CU_ASSERT_EQUAL(sframe_kid_from_leaf(0, 0, 1, UINT64_MAX, &kid), SFRAME_OK);
    CU_ASSERT_EQUAL(kid, 0xff);
    CU_ASSERT_EQUAL(sframe_kid_from_leaf(20, 0, 1, 0, &kid), SFRAME_CONTEXT);
    CU_ASSERT_EQUAL(sframe_kid_from_leaf(0, 0, 0, 0, &kid), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_kid_from_leaf(0, 0, (1u << 30) + 1, 0, &kid), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_kid_from_leaf(0, 5, 5, 0, &kid), SFRAME_LEAF);
    CU_ASSERT_EQUAL(kid, 0xff);
}

static void starts(void)
{
    uint64_t kid = 1;
    CU_ASSERT_EQUAL(sframe_kid_from_start(0, 5, &kid), SFRAME_OK);
    CU_ASSERT_EQUAL(kid, 5);
    CU_ASSERT_EQUAL(sframe_kid_from_start(19, (UINT64_C(1) << 48) - 1, &kid), SFRAME_OK);
    CU_ASSERT_EQUAL(kid, UINT64_C(0x13ffffffffffff));
    CU_ASSERT_EQUAL(sframe_kid_from_start(0, UINT64_C(1) << 48, &kid), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_kid_from_start(20, 0, &kid), SFRAME_CONTEXT);
}

static void splitting_undoes_making(void)
{
    uint64_t state = 5;
    for (int i = 0; i < 20000; i++) {
        uint32_t slots = (uint32_t)(unit_random(&state) >> 34 >> (unit_random(&state) % 30)) + 1;
        uint32_t leaf = (uint32_t)unit_random(&state) % slots;
        unsigned context = (unsigned)(unit_random(&state) % SFRAME_CONTEXTS);
        uint64_t kid = 0;
        unsigned got_context = 99;
        uint32_t got_leaf = 99;
        uint64_t start = unit_random(&state) >> 16;
        uint64_t got_start = 0;
        CU_ASSERT_EQUAL_FATAL(sframe_kid_from_leaf(context, leaf, slots, unit_random(&state), &kid), SFRAME_OK);
        CU_ASSERT(sframe_kid_split_leaf(kid, slots, &got_context, &got_leaf));
        CU_ASSERT(got_context == context && got_leaf == leaf);
        CU_ASSERT_EQUAL_FATAL(sframe_kid_from_start(context, start, &kid), SFRAME_OK);
        CU_ASSERT(sframe_kid_split_start(kid, &got_context, &got_start));
        CU_ASSERT(got_context == context && got_start == start);
        /* any number that splits is one that is made */
        uint64_t any = unit_random(&state) >> (unit_random(&state) & 63);
        if (sframe_kid_split_leaf(any, slots, &got_context, &got_leaf)) {
            CU_ASSERT_EQUAL(sframe_kid_from_leaf(got_context, got_leaf, slots, any, &kid), SFRAME_OK);
            CU_ASSERT_EQUAL(kid, any);
        }
        if (sframe_kid_split_start(any, &got_context, &got_start)) {
            CU_ASSERT_EQUAL(sframe_kid_from_start(got_context, got_start, &kid), SFRAME_OK);
            CU_ASSERT_EQUAL(kid, any);
        }
    }
}

static const struct unit_test tests[] = {
    {"contexts are kind * 4 + layer, and no others", contexts},
    {"a leaf index takes ceil(log2(slots)) bits", leaf_bits},
    {"KIDs of leaves", leaves},
    {"KIDs of starts", starts},
    {"a KID is taken apart into what made it", splitting_undoes_making},
};

UNIT_MAIN("sframe.kid", tests)
