/* sfu/index.c */
#include "sfu/index.h"

#include <string.h>

#include "unit.h"

enum { ENTRIES = 500 };

static struct sfu_index_node nodes[ENTRIES];
static uint32_t keys[ENTRIES];

static void every_entry_is_found_until_removed(void)
{
    struct sfu_index index;
    /* far fewer buckets than entries: the chains are walked */
    CU_ASSERT_TRUE_FATAL(sfu_index_init(&index, 1));
    for (uint32_t i = 0; i < ENTRIES; i++) {
        keys[i] = i;
        CU_ASSERT_PTR_NULL(sfu_index_find(&index, &keys[i], sizeof keys[i]));
        sfu_index_add(&index, &nodes[i], &keys[i], sizeof keys[i], &keys[i]);
    }
    for (size_t i = 0; i < ENTRIES; i += 2)
        sfu_index_remove(&index, &nodes[i]);
    for (size_t i = 0; i < ENTRIES; i++) {
        struct sfu_index_node *found = sfu_index_find(&index, &keys[i], sizeof keys[i]);
        CU_ASSERT_PTR_EQUAL(found, i % 2 ? &nodes[i] : NULL);
        if (found)
            CU_ASSERT_PTR_EQUAL(found->owner, &keys[i]);
    }
    sfu_index_wipe(&index);
}

static void a_prefix_is_another_key(void)
{
    struct sfu_index index;
    struct sfu_index_node node;
    CU_ASSERT_TRUE_FATAL(sfu_index_init(&index, 4));
    sfu_index_add(&index, &node, "abcdefghij", 10, &index);
    CU_ASSERT_PTR_EQUAL(sfu_index_find(&index, "abcdefghij", 10), &node);
    CU_ASSERT_PTR_NULL(sfu_index_find(&index, "abcdefghi", 9));
    CU_ASSERT_PTR_NULL(sfu_index_find(&index, "abcdefghij\0", 11));
    CU_ASSERT_PTR_NULL(sfu_index_find(&index, "", 0));
    sfu_index_wipe(&index);
}

static const struct unit_test tests[] = {
    {"every entry is found until it is removed", every_entry_is_found_until_removed},
    {"a prefix of a key is another key", a_prefix_is_another_key},
};
UNIT_MAIN("sfu.index", tests)
