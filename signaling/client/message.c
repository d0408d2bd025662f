#include "message.h"

#include "wire/vector.h"

static bool parse_heartbeat(struct bytes_reader *r, struct call_heartbeat *out)
{
    out->counter = bytes_read_u64(r);
    out->time_ms = bytes_read_u64(r);
    out->joined_epoch = bytes_read_u64(r);
    struct bytes_reader list = wire_parse_block(r);
    out->echo_count = 0;
    while (bytes_reader_left(&list) > 0) {
        if (out->echo_count == CALL_ECHOES)
            return false;
        struct call_echo *echo = &out->echoes[out->echo_count++];
        echo->leaf = bytes_read_u32(&list);
        echo->time_ms = bytes_read_u32(&list);
        echo->delay_ms = bytes_read_u32(&list);
    }
    return bytes_reader_done(&list);
}

static bool parse_chat(struct bytes_reader *r, struct call_chat *out)
{
    out->time_ms = bytes_read_u64(r);
    out->vanish_s = bytes_read_u32(r);
    out->text = wire_parse_vector(r);
    return bytes_reader_ok(r) && out->text.len > 0 && out->text.len <= CALL_TEXT_MAX;
}

bool call_message_parse(struct core_slice data, struct call_message *out)
{
    struct bytes_reader r;
    struct call_message message = {0};
    bool ok = true;
    bytes_reader_init(&r, data.data, data.len);
    message.type = bytes_read_u8(&r);
    switch (message.type) {
    case CALL_MESSAGE_HEARTBEAT:
        ok = parse_heartbeat(&r, &message.heartbeat);
        break;
    case CALL_MESSAGE_LEFT:
        bytes_read(&r, message.left_signature, sizeof message.left_signature);
        break;
    case CALL_MESSAGE_KICK:
        bytes_read(&r, message.kicked, sizeof message.kicked);
        break;
    case CALL_MESSAGE_CHAT:
        ok = parse_chat(&r, &message.chat);
        break;
    default:
        ok = false;
        break;
    }
    if (!ok || !bytes_reader_done(&r))
        return false;
    *out = message;
    return true;
}

void call_message_write(struct bytes_writer *w, const struct call_message *message)
{
    bytes_write_u8(w, message->type);
    switch (message->type) {
    case CALL_MESSAGE_HEARTBEAT: {
        const struct call_heartbeat *heartbeat = &message->heartbeat;
        bytes_write_u64(w, heartbeat->counter);
        bytes_write_u64(w, heartbeat->time_ms);
        bytes_write_u64(w, heartbeat->joined_epoch);
        const size_t begin = wire_begin_vector(w);
        for (size_t i = 0; i < heartbeat->echo_count; i++) {
            bytes_write_u32(w, heartbeat->echoes[i].leaf);
            bytes_write_u32(w, heartbeat->echoes[i].time_ms);
            bytes_write_u32(w, heartbeat->echoes[i].delay_ms);
        }
        wire_end_vector(w, begin);
        break;
    }
    case CALL_MESSAGE_LEFT:
        bytes_write(w, message->left_signature, sizeof message->left_signature);
        break;
    case CALL_MESSAGE_KICK:
        bytes_write(w, message->kicked, sizeof message->kicked);
        break;
    default: /* CALL_MESSAGE_CHAT */
        bytes_write_u64(w, message->chat.time_ms);
        bytes_write_u32(w, message->chat.vanish_s);
        wire_write_vector(w, message->chat.text);
        break;
    }
}
