#include "sfu/slots.h"
#include "unit.h"

#include <string.h>

static struct sfu_slot_wish wishes[SFU_MEDIA_MAX];
static size_t count;

static int read_text(const char *text)
{
    return sfu_slots_read(text, strlen(text), wishes, &count);
}

static void wishes_are_read_with_their_defaults(void)
{
    CU_ASSERT_EQUAL(read_text("{\"slots\":[{\"mid\":\"3\",\"publisher\":\"p-1\",\"maxHeight\":360,\"paused\":false},"
                              "{\"mid\":\"v4\"},{\"mid\":\"5\",\"paused\":true,\"later\":[1]}],\"later\":1}"),
                    SFU_SLOTS_OK);
    CU_ASSERT_EQUAL(count, 3);
    CU_ASSERT_STRING_EQUAL(wishes[0].mid, "3");
    CU_ASSERT_STRING_EQUAL(wishes[0].publisher, "p-1");
    CU_ASSERT_EQUAL(wishes[0].max_height, 360);
    CU_ASSERT_FALSE(wishes[0].paused);
    CU_ASSERT_STRING_EQUAL(wishes[1].mid, "v4");
    CU_ASSERT_STRING_EQUAL(wishes[1].publisher, "");
    CU_ASSERT_EQUAL(wishes[1].max_height, 0);
    CU_ASSERT(wishes[2].paused);
    CU_ASSERT_EQUAL(read_text("{\"slots\":[]}"), SFU_SLOTS_OK);
    CU_ASSERT_EQUAL(count, 0);
}

static void anything_else_is_refused(void)
{
    static const struct {
        const char *text;
        int error;
    } rows[] = {
        {"", SFU_SLOTS_NOT_JSON},
        {"{\"slots\":[]", SFU_SLOTS_NOT_JSON},
        {"{\"slots\":[]} x", SFU_SLOTS_NOT_JSON},
        {"{\"slots\":[],\"slots\":[]}", SFU_SLOTS_NOT_JSON},
        {"\"slots\"", SFU_SLOTS_NOT_JSON},
        {"[]", SFU_SLOTS_SHAPE},
        {"{}", SFU_SLOTS_SHAPE},
        {"{\"slots\":{}}", SFU_SLOTS_SHAPE},
        {"{\"slots\":[7]}", SFU_SLOTS_SHAPE},
        {"{\"slots\":[{}]}", SFU_SLOTS_SHAPE},
        {"{\"slots\":[{\"mid\":\"\"}]}", SFU_SLOTS_SHAPE},
        {"{\"slots\":[{\"mid\":3}]}", SFU_SLOTS_SHAPE},
        {"{\"slots\":[{\"mid\":\"01234567890123456\"}]}", SFU_SLOTS_SHAPE},
        {"{\"slots\":[{\"mid\":\"3\",\"publisher\":\"a b\"}]}", SFU_SLOTS_SHAPE},
        {"{\"slots\":[{\"mid\":\"3\",\"publisher\":null}]}", SFU_SLOTS_SHAPE},
        {"{\"slots\":[{\"mid\":\"3\",\"maxHeight\":-1}]}", SFU_SLOTS_SHAPE},
        {"{\"slots\":[{\"mid\":\"3\",\"maxHeight\":1e3}]}", SFU_SLOTS_SHAPE},
        {"{\"slots\":[{\"mid\":\"3\",\"maxHeight\":4294967297}]}", SFU_SLOTS_SHAPE},
        {"{\"slots\":[{\"mid\":\"3\",\"paused\":\"yes\"}]}", SFU_SLOTS_SHAPE},
    };
    count = 77;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int error = read_text(rows[i].text);
        if (error != rows[i].error)
            fprintf(stderr, "row %zu: %d\n", i, error);
        CU_ASSERT_EQUAL(error, rows[i].error);
    }
    CU_ASSERT_EQUAL(count, 77);
}

static void there_is_a_most(void)
{
    char text[4096] = "{\"slots\":[{\"mid\":\"0\"}";
    for (int i = 1; i < SFU_MEDIA_MAX; i++)
        strcat(text, ",{\"mid\":\"0\"}");
    size_t len = strlen(text);
    strcat(text, "]}");
    CU_ASSERT_EQUAL(read_text(text), SFU_SLOTS_OK);
    CU_ASSERT_EQUAL(count, SFU_MEDIA_MAX);
    strcpy(text + len, ",{\"mid\":\"0\"}]}");
    CU_ASSERT_EQUAL(read_text(text), SFU_SLOTS_TOO_MANY);
}

static void deep_nesting_ends(void)
{
    static char text[60000];
    memset(text, '[', sizeof(text));
    CU_ASSERT_EQUAL(sfu_slots_read(text, sizeof(text), wishes, &count), SFU_SLOTS_NOT_JSON);
}

static const struct unit_test tests[] = {
    {"wishes are read with their defaults", wishes_are_read_with_their_defaults},
    {"anything else is refused", anything_else_is_refused},
    {"there is a most", there_is_a_most},
    {"deep nesting ends", deep_nesting_ends},
};
UNIT_MAIN("sfu.slots", tests)
