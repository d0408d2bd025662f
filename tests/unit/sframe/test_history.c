#include "history.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { CAP = 5 };

static void fingerprint(uint32_t n, uint8_t out[SFRAME_FINGERPRINT_LEN])
{
    memset(out, 0, SFRAME_FINGERPRINT_LEN);
    memcpy(out + SFRAME_FINGERPRINT_LEN - sizeof n, &n, sizeof n); /* they differ at the end */
}

static void it_remembers_the_last(void)
{
    static uint8_t memory[1024] __attribute__((aligned(16)));
    struct core_arena arena = {.memory = memory, .cap = sizeof memory};
    struct sframe_history history;
    uint8_t one[SFRAME_FINGERPRINT_LEN];
    sframe_history_init(&history, &arena, CAP);
    fingerprint(0, one);
    CU_ASSERT_FALSE(sframe_history_has(&history, one)); /* the empty table's zeros are no entry */
    for (uint32_t n = 0; n < 1000; n++) {
        CU_ASSERT_EQUAL(sframe_history_full(&history), n >= CAP);
        fingerprint(n, one);
        CU_ASSERT_FALSE(sframe_history_has(&history, one));
        sframe_history_add(&history, one);
        for (uint32_t old = n > 2 * CAP ? n - 2 * CAP : 0; old <= n; old++) {
            fingerprint(old, one);
            CU_ASSERT_EQUAL(sframe_history_has(&history, one), n - old < CAP);
        }
    }
}

static const struct unit_test tests[] = {
    {"the last ones are remembered, exactly", it_remembers_the_last},
};

UNIT_MAIN("sframe.history", tests)
