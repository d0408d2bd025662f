#include "fixture.h"
#include "receiver.h"

#include <stdlib.h>
#include <string.h>

static void configurations(void)
{
    static const struct {
        struct sframe_receiver_config config;
        int want;
    } table[] = {
        {{.keys = 5}, SFRAME_OK},
        {{.suite = 8, .profile = SFRAME_PROFILE_RFC9605, .keys = 1}, SFRAME_OK},
        {{.keys = 7, .max_delay_ms = 1 << 30, .jitter_ms = 1}, SFRAME_OK},
        {{.suite = 9}, SFRAME_SUITE},
        {{.profile = 2}, SFRAME_INVALID},
        {{.keys = UINT32_MAX}, SFRAME_INVALID},
        {{.max_delay_ms = UINT32_MAX}, SFRAME_INVALID},
        {{.jitter_ms = UINT32_MAX}, SFRAME_INVALID},
    };
    static uint8_t memory[200000] __attribute__((aligned(16)));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct sframe_receiver *receiver = NULL;
        size_t size = sframe_receiver_size(&table[i].config);
        CU_ASSERT_EQUAL(size > 0, table[i].want == SFRAME_OK);
        CU_ASSERT_EQUAL(sframe_receiver_init(memory, sizeof memory, &table[i].config, &receiver), table[i].want);
        CU_ASSERT_EQUAL(receiver != NULL, table[i].want == SFRAME_OK);
        if (table[i].want != SFRAME_OK)
            continue;
        CU_ASSERT_EQUAL(sframe_receiver_add_shared(receiver, fix_key, sizeof fix_key), SFRAME_OK);
        sframe_receiver_wipe(receiver);
        for (size_t b = 0; b < size; b++)
            if (memory[b] != 0)
                CU_FAIL("something is left after a wipe");
        CU_ASSERT_EQUAL(sframe_receiver_init(memory, size - 1, &table[i].config, &receiver), SFRAME_SPACE);
    }
    const struct sframe_receiver_config defaults = {0};
    CU_ASSERT(sframe_receiver_size(&defaults) > 0 && sframe_receiver_size(&defaults) < 1 << 22);
    CU_ASSERT_EQUAL(sframe_receiver_size(NULL), 0);
    sframe_receiver_wipe(NULL);
}

static void one_kind_of_keys(void)
{
    static const uint8_t members[] = {1};
    for (int first = 0; first < 4; first++) {
        struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
        for (int round = 0; round < 2; round++)
            for (int kind = 0; kind < 4; kind++) {
                int rc = SFRAME_OK;
                if (round == 0 && kind != first)
                    continue;
                if (kind == 0)
                    rc = sframe_receiver_add_key(receiver, (uint64_t)round, fix_key, sizeof fix_key);
                else if (kind == 1)
                    rc = sframe_receiver_add_ratchet(receiver, (uint64_t)round << 4, 4, fix_key, sizeof fix_key);
                else if (kind == 2)
                    rc = sframe_receiver_add_epoch(receiver, (uint64_t)round, 1, members, fix_key, sizeof fix_key);
                else
                    rc = sframe_receiver_add_shared(receiver, fix_key, sizeof fix_key);
                int want = round == 1 && kind == 3 ? SFRAME_KEY_EXISTS : SFRAME_OK;
                CU_ASSERT_EQUAL(rc, kind == first ? want : SFRAME_INVALID);
            }
        fix_free_receiver(receiver);
    }
}

static const struct unit_test tests[] = {
    {"configurations, sizes, and a wipe that leaves nothing", configurations},
    {"a receiver takes keys of one kind", one_kind_of_keys},
};

UNIT_MAIN("sframe.receiver", tests)
