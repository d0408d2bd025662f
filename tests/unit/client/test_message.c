/* message.c */
#include "message.h"

#include <string.h>

#include "unit.h"

static void round_trip(const struct call_message *message)
{
    struct call_message back;
    uint8_t data[8192];
    uint8_t again[8192];
    struct bytes_writer w;
    bytes_writer_init(&w, data, sizeof data);
    call_message_write(&w, message);
    CU_ASSERT_TRUE_FATAL(bytes_writer_ok(&w));
    const size_t len = w.len;
    CU_ASSERT_TRUE_FATAL(call_message_parse((struct core_slice){data, len}, &back));
    CU_ASSERT_EQUAL(back.type, message->type);
    bytes_writer_init(&w, again, sizeof again);
    call_message_write(&w, &back);
    unit_assert_bytes("message", again, w.len, data, len);
    for (size_t i = 0; i < len; i++)
        CU_ASSERT_FALSE(call_message_parse((struct core_slice){data, i}, &back));
    data[len] = 0;
    CU_ASSERT_FALSE(call_message_parse((struct core_slice){data, len + 1}, &back));
}

static void all_types(void)
{
    struct call_message message = {.type = CALL_MESSAGE_HEARTBEAT,
                                   .heartbeat = {.counter = 7, .time_ms = 1, .joined_epoch = 3, .echo_count = 2}};
    message.heartbeat.echoes[1] = (struct call_echo){5, 6, 7};
    round_trip(&message);
    message.heartbeat.echo_count = CALL_ECHOES;
    round_trip(&message);
    message = (struct call_message){.type = CALL_MESSAGE_LEFT, .left_signature = {1, 2, 3}};
    round_trip(&message);
    message = (struct call_message){.type = CALL_MESSAGE_KICK, .kicked = {9}};
    round_trip(&message);
    message = (struct call_message){.type = CALL_MESSAGE_CHAT, .chat = {5, 60, {(const uint8_t *)"hello", 5}}};
    round_trip(&message);
}

static void bounds(void)
{
    static const uint8_t text[CALL_TEXT_MAX + 1] = {'x'};
    struct call_message message = {.type = CALL_MESSAGE_CHAT, .chat = {0, 0, {text, sizeof text}}};
    struct call_message back;
    uint8_t data[8192];
    struct bytes_writer w;
    bytes_writer_init(&w, data, sizeof data);
    call_message_write(&w, &message);
    CU_ASSERT_FALSE(call_message_parse((struct core_slice){data, w.len}, &back));
    message.chat.text.len = 0;
    bytes_writer_init(&w, data, sizeof data);
    call_message_write(&w, &message);
    CU_ASSERT_FALSE(call_message_parse((struct core_slice){data, w.len}, &back));
    CU_ASSERT_FALSE(call_message_parse((struct core_slice){(const uint8_t *)"\x05", 1}, &back));
    /* a seventeenth echo */
    uint8_t heartbeat[1 + 24 + 2 + 17 * 12] = {CALL_MESSAGE_HEARTBEAT};
    heartbeat[25] = 0x40;
    heartbeat[26] = 17 * 12;
    CU_ASSERT_FALSE(call_message_parse((struct core_slice){heartbeat, sizeof heartbeat}, &back));
    heartbeat[26] = 16 * 12;
    CU_ASSERT_TRUE(call_message_parse((struct core_slice){heartbeat, sizeof heartbeat - 12}, &back));
}

static const struct unit_test tests[] = {
    {"each message is read as it was written, and no longer nor shorter", all_types},
    {"texts and echoes are bounded, and types known", bounds},
};
UNIT_MAIN("client.message", tests)
