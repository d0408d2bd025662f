#include "cache.h"
#include "unit.h"

#include <string.h>

static void put(struct sfu_cache *cache, uint16_t seq, size_t len, uint64_t now_us)
{
    uint8_t data[1500];
    memset(data, seq & 0xff, sizeof data);
    sfu_cache_put(cache, seq, data, len, 17, now_us);
}

static bool get(struct sfu_cache *cache, uint16_t seq, uint64_t now_us)
{
    struct sfu_cached_packet packet;
    if (!sfu_cache_resend(cache, seq, 10, now_us, &packet))
        return false;
    for (size_t i = 0; i < packet.len; i++)
        if (packet.data[i] != (seq & 0xff))
            CU_FAIL_FATAL("not the packet's bytes");
    CU_ASSERT_EQUAL(packet.twcc_at, 17);
    return true;
}

static void gives_back_what_was_put(void)
{
    struct sfu_cache *cache = sfu_cache_new(16, 100000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cache);
    CU_ASSERT_FALSE(get(cache, 5, 0));
    put(cache, 5, 700, 0);
    put(cache, 65535, 1400, 0);
    CU_ASSERT(get(cache, 5, 0));
    CU_ASSERT(get(cache, 65535, 0));
    CU_ASSERT_FALSE(get(cache, 6, 0));
    /* another number in the same place */
    CU_ASSERT_FALSE(get(cache, 5 + 16, 0));
    put(cache, 5 + 16, 700, 0);
    CU_ASSERT_FALSE(get(cache, 5, 100));
    CU_ASSERT(get(cache, 5 + 16, 100));
    sfu_cache_free(cache);
}

static void bytes_are_bounded_and_the_oldest_go(void)
{
    struct sfu_cache *cache = sfu_cache_new(1024, 10000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cache);
    uint64_t random = 3;
    size_t kept[1024];
    for (uint16_t seq = 0; seq < 1000; seq++) {
        kept[seq] = 1 + unit_random(&random) % 1400;
        put(cache, seq, kept[seq], 0);
        /* the last six are still whole, whatever their lengths */
        for (uint16_t back = 0; back < SFU_CACHE_RESENDS && back <= seq; back++) {
            struct sfu_cached_packet packet;
            uint16_t wanted = (uint16_t)(seq - back);
            if (!sfu_cache_resend(cache, wanted, 0, 0, &packet))
                CU_FAIL_FATAL("lost");
            CU_ASSERT_EQUAL(packet.len, kept[wanted]);
            CU_ASSERT_EQUAL(packet.data[0], wanted & 0xff);
            CU_ASSERT_EQUAL(packet.data[packet.len - 1], wanted & 0xff);
        }
    }
    CU_ASSERT_FALSE(get(cache, 0, 0));
    CU_ASSERT_FALSE(get(cache, 900, 0));
    uint8_t large[1] = {0};
    sfu_cache_put(cache, 7, large, 70000, 0, 0);
    CU_ASSERT_FALSE(get(cache, 7, 0));
    sfu_cache_free(cache);
}

static void what_was_overwritten_is_not_given_back(void)
{
    struct sfu_cache *cache = sfu_cache_new(64, 10000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cache);
    for (uint16_t seq = 0; seq < 25; seq++)
        put(cache, seq, 900, 0);
    /* 11 of them fit */
    for (uint16_t seq = 0; seq < 25; seq++)
        CU_ASSERT_EQUAL(get(cache, seq, 0), seq >= 14);
    sfu_cache_free(cache);
}

static void age_interval_and_count_limit_resends(void)
{
    struct sfu_cache *cache = sfu_cache_new(16, 10000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cache);
    put(cache, 1, 100, 1000);
    CU_ASSERT(get(cache, 1, 1000));
    CU_ASSERT_FALSE(get(cache, 1, 1009)); /* 10 us have not passed */
    for (int i = 1; i < SFU_CACHE_RESENDS; i++)
        CU_ASSERT(get(cache, 1, 1000 + (uint64_t)i * 10));
    CU_ASSERT_FALSE(get(cache, 1, 2000));
    put(cache, 2, 100, 1000);
    CU_ASSERT(get(cache, 2, 1000 + SFU_CACHE_AGE_US));
    CU_ASSERT_FALSE(get(cache, 2, 1000 + SFU_CACHE_AGE_US + 100));
    sfu_cache_free(cache);
}

static const struct unit_test tests[] = {
    {"gives back what was put, by number", gives_back_what_was_put},
    {"bytes are bounded and the oldest go first", bytes_are_bounded_and_the_oldest_go},
    {"what was overwritten is not given back", what_was_overwritten_is_not_given_back},
    {"age, interval and count limit resends", age_interval_and_count_limit_resends},
};
UNIT_MAIN("sfu.cache", tests)
