#include "sotto/sframe.h"
#include "unit.h"

#include <string.h>

static const uint64_t edges[] = {0,
                                 1,
                                 7,
                                 8,
                                 255,
                                 256,
                                 65535,
                                 65536,
                                 0xffffff,
                                 0x1000000,
                                 0xffffffff,
                                 0x100000000,
                                 0xffffffffff,
                                 0x10000000000,
                                 0xffffffffffff,
                                 0x1000000000000,
                                 0xffffffffffffff,
                                 0x100000000000000,
                                 INT64_MAX,
                                 UINT64_C(1) << 63,
                                 UINT64_MAX};
enum { EDGES = sizeof edges / sizeof edges[0] };

static void check(uint64_t kid, uint64_t ctr)
{
    uint8_t bytes[SFRAME_HEADER_MAX + 1];
    struct sframe_header header;
    size_t len = 0;
    CU_ASSERT_EQUAL_FATAL(sframe_header_write(kid, ctr, bytes, sizeof bytes, &len), SFRAME_OK);
    CU_ASSERT(len >= 1 && len <= SFRAME_HEADER_MAX);
    CU_ASSERT_EQUAL(sframe_header_len(kid, ctr), len);
    CU_ASSERT_EQUAL(sframe_header_read(bytes, len + 1, &header), SFRAME_OK);
    CU_ASSERT(header.kid == kid && header.ctr == ctr && header.len == len);
    for (size_t cap = 0; cap < len; cap++) {
        size_t unchanged = 99;
        CU_ASSERT_EQUAL(sframe_header_write(kid, ctr, bytes, cap, &unchanged), SFRAME_SPACE);
        CU_ASSERT_EQUAL(unchanged, 99);
        CU_ASSERT_EQUAL(sframe_header_read(bytes, cap, &header), SFRAME_HEADER);
    }
}

static void written_is_read(void)
{
    uint64_t state = 3;
    for (size_t k = 0; k < EDGES; k++)
        for (size_t c = 0; c < EDGES; c++)
            check(edges[k], edges[c]);
    for (int i = 0; i < 20000; i++) {
        uint64_t kid = unit_random(&state);
        uint64_t ctr = unit_random(&state);
        check(kid >> (kid & 63), ctr >> (ctr & 63));
    }
}

/* Every config byte with every first byte of its fields: a header that is read is the one that is written. */
static void one_encoding_each(void)
{
    size_t accepted = 0;
    for (unsigned config = 0; config < 256; config++)
        for (unsigned first = 0; first < 256; first++)
            for (unsigned second = 0; second < 256; second += 5) {
                uint8_t bytes[SFRAME_HEADER_MAX];
                uint8_t again[SFRAME_HEADER_MAX];
                struct sframe_header header;
                size_t len = 0;
                memset(bytes, 0x11, sizeof bytes);
                bytes[0] = (uint8_t)config;
                bytes[1] = (uint8_t)first;
                bytes[config & 0x80 ? 2 + (config >> 4 & 7) : 2] = (uint8_t)second;
                if (sframe_header_read(bytes, sizeof bytes, &header) != SFRAME_OK)
                    continue;
                accepted++;
                CU_ASSERT_EQUAL(sframe_header_write(header.kid, header.ctr, again, sizeof again, &len), SFRAME_OK);
                unit_assert_bytes("again", again, len, bytes, header.len);
            }
    CU_ASSERT(accepted > 100000);
}

static void longer_forms_are_refused(void)
{
    static const uint8_t longer[][3] = {
        {0x08, 0x07, 0},    /* a CTR of 7 in a byte of its own */
        {0x80, 0x00, 0},    /* a KID of 0 */
        {0x09, 0x00, 0xff}, /* a CTR of 255 in two bytes */
        {0x90, 0x00, 0xff},
    };
    struct sframe_header header;
    for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++)
        CU_ASSERT_EQUAL(sframe_header_read(longer[i], 3, &header), SFRAME_HEADER);
    CU_ASSERT_EQUAL(sframe_header_read((const uint8_t[]){0x08, 0x08}, 2, &header), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_header_read(NULL, 0, &header), SFRAME_HEADER);
    CU_ASSERT_EQUAL(sframe_header_read(NULL, 1, &header), SFRAME_INVALID);
}

static const struct unit_test tests[] = {
    {"what is written is read, at every edge and cut", written_is_read},
    {"no header has two encodings", one_encoding_each},
    {"encodings that are not minimal are refused", longer_forms_are_refused},
};

UNIT_MAIN("sframe.header", tests)
