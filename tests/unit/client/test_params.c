/* params.c */
#include "params.h"

#include <string.h>

#include "unit.h"
#include "wire/buffer.h"

static struct call_params sample(void)
{
    struct call_params params = {.room = "tea",
                                 .sframe_suite = 5,
                                 .profile = 0,
                                 .padding = 6,
                                 .locked = true,
                                 .secret_number = 9,
                                 .founded_s = 1750000000};
    uint8_t user[CALL_USER_ID_LEN];
    for (uint8_t i = 0; i < 3; i++) {
        memset(user, 200 - i, sizeof user);
        CU_ASSERT_TRUE_FATAL(call_params_add_admin(&params, user));
    }
    return params;
}

static void params_round_trip(void)
{
    const struct call_params params = sample();
    struct call_params back;
    uint8_t data[512];
    uint8_t again[512];
    struct bytes_writer w;
    bytes_writer_init(&w, data, sizeof data);
    call_params_write(&w, &params);
    CU_ASSERT_TRUE_FATAL(bytes_writer_ok(&w));
    const size_t len = w.len;
    CU_ASSERT_TRUE_FATAL(call_params_parse((struct core_slice){data, len}, &back));
    CU_ASSERT_EQUAL(back.admin_count, 3);
    CU_ASSERT_TRUE(back.locked);
    bytes_writer_init(&w, again, sizeof again);
    call_params_write(&w, &back);
    unit_assert_bytes("params", again, w.len, data, len);
    for (size_t i = 0; i < len; i++)
        CU_ASSERT_FALSE(call_params_parse((struct core_slice){data, i}, &back));
    data[len] = 0;
    CU_ASSERT_FALSE(call_params_parse((struct core_slice){data, len + 1}, &back));
    for (size_t bit = 0; bit < 8 * len; bit++) { /* what still parses is another value, written in its one way */
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (call_params_parse((struct core_slice){data, len}, &back)) {
            bytes_writer_init(&w, again, sizeof again);
            call_params_write(&w, &back);
            unit_assert_bytes("changed params", again, w.len, data, len);
        }
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void admins(void)
{
    struct call_params params = sample();
    uint8_t user[CALL_USER_ID_LEN];
    memset(user, 199, sizeof user);
    CU_ASSERT_TRUE(call_params_is_admin(&params, user));
    CU_ASSERT_TRUE(call_params_add_admin(&params, user));
    CU_ASSERT_EQUAL(params.admin_count, 3);
    memset(user, 1, sizeof user);
    CU_ASSERT_FALSE(call_params_is_admin(&params, user));
    for (uint8_t i = 0; params.admin_count < CALL_ADMINS_MAX; i++) {
        memset(user, 1 + i, sizeof user);
        CU_ASSERT_TRUE(call_params_add_admin(&params, user));
    }
    memset(user, 150, sizeof user);
    CU_ASSERT_FALSE(call_params_add_admin(&params, user));
}

static void suites(void)
{
    for (uint16_t suite = 0; suite < 12; suite++)
        CU_ASSERT_EQUAL(call_params_suite_ok(suite), suite == 1 || suite == 4 || suite == 5 || suite == 6);
}

static void commit_data(void)
{
    struct call_commit_data data = {.count = 2, .left = {{.leaf = 3}, {.leaf = 9}}};
    struct call_commit_data back;
    uint8_t encoded[512];
    struct bytes_writer w;
    memset(data.left[1].signature, 5, CALL_SIGNATURE_LEN);
    bytes_writer_init(&w, encoded, sizeof encoded);
    call_commit_data_write(&w, &data);
    CU_ASSERT_TRUE_FATAL(bytes_writer_ok(&w));
    CU_ASSERT_TRUE_FATAL(call_commit_data_parse((struct core_slice){encoded, w.len}, &back));
    CU_ASSERT_EQUAL(back.count, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(call_commit_data_find(&back, 9));
    CU_ASSERT_EQUAL(call_commit_data_find(&back, 9)->signature[7], 5);
    CU_ASSERT_PTR_NULL(call_commit_data_find(&back, 4));
    for (size_t len = 1; len < w.len; len++)
        CU_ASSERT_FALSE(call_commit_data_parse((struct core_slice){encoded, len}, &back));
    data.left[1].leaf = 3; /* twice */
    bytes_writer_init(&w, encoded, sizeof encoded);
    call_commit_data_write(&w, &data);
    CU_ASSERT_FALSE(call_commit_data_parse((struct core_slice){encoded, w.len}, &back));
    CU_ASSERT_TRUE(call_commit_data_parse((struct core_slice){encoded, 0}, &back));
    CU_ASSERT_EQUAL(back.count, 0);
}

static const struct unit_test tests[] = {
    {"sotto_call is read as it was written, in one way only", params_round_trip},
    {"admins are a set", admins},
    {"suites with short tags are not for calls", suites},
    {"a commit's data names each leaver once, in order", commit_data},
};
UNIT_MAIN("client.params", tests)
