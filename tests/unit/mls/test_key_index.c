#include "key_index.h"

#include <string.h>

#include "unit.h"

enum { NODES = 500, KEY_LEN = 12 };

struct model {
    uint8_t keys[NODES][KEY_LEN];
    bool present[NODES][2];
};

static struct core_slice key_of(const struct model *model, uint32_t node)
{
    return (struct core_slice){model->keys[node], KEY_LEN};
}

static bool match(const void *ctx, uint32_t node, enum key_kind kind, struct core_slice key)
{
    const struct model *model = ctx;
    CU_ASSERT(node < NODES && model->present[node][kind]);
    return memcmp(model->keys[node], key.data, key.len) == 0;
}

static void it_finds_what_a_plain_list_finds(void)
{
    static struct model model;
    struct key_index index = {0};
    uint64_t random = 7;
    uint32_t found = 0;
    size_t count = 0;
    CU_ASSERT_FATAL(key_index_seed(&index));
    for (uint32_t node = 0; node < NODES; node++)
        memcpy(model.keys[node], &node, sizeof node);
    for (unsigned i = 0; i < 20000; i++) {
        const uint32_t node = (uint32_t)(unit_random(&random) % NODES);
        const enum key_kind kind = unit_random(&random) % 2 ? KEY_SIGNATURE : KEY_ENCRYPTION;
        bool *present = &model.present[node][kind];
        CU_ASSERT_EQUAL(key_index_find(&index, kind, key_of(&model, node), match, &model, &found), *present);
        CU_ASSERT(!*present || found == node);
        if (*present) {
            key_index_remove(&index, node, kind, key_of(&model, node));
            count--;
        } else {
            CU_ASSERT_FATAL(key_index_reserve(&index, 1));
            key_index_insert(&index, node, kind, key_of(&model, node));
            count++;
        }
        *present = !*present;
        CU_ASSERT_EQUAL(index.count, count);
    }
    for (uint32_t node = 0; node < NODES; node++)
        for (unsigned kind = 0; kind < 2; kind++)
            CU_ASSERT_EQUAL(key_index_find(&index, kind, key_of(&model, node), match, &model, &found),
                            model.present[node][kind]);
    CU_ASSERT(index.cap < 8 * NODES);
    key_index_free(&index);
}

static void removing_what_is_not_there_changes_nothing(void)
{
    struct key_index index = {0};
    const struct core_slice key = {(const uint8_t *)"key", 3};
    key_index_remove(&index, 1, KEY_ENCRYPTION, key);
    CU_ASSERT_FATAL(key_index_seed(&index) && key_index_reserve(&index, 1));
    key_index_insert(&index, 1, KEY_ENCRYPTION, key);
    key_index_remove(&index, 2, KEY_ENCRYPTION, key);
    key_index_remove(&index, 1, KEY_SIGNATURE, key);
    CU_ASSERT_EQUAL(index.count, 1);
    key_index_free(&index);
}

/* Two indices put the same keys in different places: whoever knows one cannot aim at the other. */
static void each_index_has_its_own_order(void)
{
    struct key_index a = {0};
    struct key_index b = {0};
    CU_ASSERT_FATAL(key_index_seed(&a) && key_index_seed(&b) && key_index_reserve(&a, 64) && key_index_reserve(&b, 64));
    for (uint32_t node = 0; node < 64; node++) {
        const struct core_slice key = {(const uint8_t *)&node, sizeof node};
        key_index_insert(&a, node, KEY_ENCRYPTION, key);
        key_index_insert(&b, node, KEY_ENCRYPTION, key);
    }
    CU_ASSERT_EQUAL(a.cap, b.cap);
    CU_ASSERT_NOT_EQUAL(memcmp(a.slots, b.slots, a.cap * sizeof *a.slots), 0);
    key_index_free(&a);
    key_index_free(&b);
}

static const struct unit_test tests[] = {
    {"it finds what a plain list finds", it_finds_what_a_plain_list_finds},
    {"removing what is not there changes nothing", removing_what_is_not_there_changes_nothing},
    {"each index has its own order", each_index_has_its_own_order},
};

UNIT_MAIN("mls.key_index", tests)
