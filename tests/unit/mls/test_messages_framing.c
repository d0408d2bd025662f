/* Whole messages: read, written again, cut, lengthened, and their selectors. */
#include "mls/messages.h"

#include <stdlib.h>
#include <string.h>

#include "samples.h"
#include "unit.h"
#include "wire/buffer.h"

static struct bytes_writer message(unsigned kind)
{
    struct bytes_writer w;
    wire_buffer_init(&w, 1 << 20);
    if (!sample_message(&w, kind))
        w.len = 0;
    CU_ASSERT_FATAL(bytes_writer_ok(&w));
    return w;
}

static void every_message_comes_back(void)
{
    unsigned kinds = 0;
    for (;; kinds++) {
        struct bytes_writer in = message(kinds);
        struct bytes_writer out;
        struct mls_message parsed;
        if (in.len == 0) {
            wire_buffer_free(&in);
            break;
        }
        wire_buffer_init(&out, 1 << 20);
        CU_ASSERT_EQUAL_FATAL(mls_message_parse(in.data, in.len, &parsed), MLS_OK);
        mls_message_write(&out, &parsed);
        unit_assert_bytes("message", out.data, out.len, in.data, in.len);
        wire_buffer_free(&in);
        wire_buffer_free(&out);
    }
    CU_ASSERT_EQUAL(kinds, 10);
}

static void cut_or_lengthened_is_malformed(void)
{
    for (unsigned kind = 0; kind < 10; kind++) {
        struct bytes_writer in = message(kind);
        struct mls_message parsed;
        memset(&parsed, 0x5a, sizeof parsed);
        const struct mls_message untouched = parsed;
        for (size_t len = 0; len < in.len; len++) {
            /* on the heap and exact, so that a sanitizer sees a read past the end */
            uint8_t *cut = malloc(len ? len : 1);
            CU_ASSERT_PTR_NOT_NULL_FATAL(cut);
            memcpy(cut, in.data, len);
            CU_ASSERT_EQUAL(mls_message_parse(cut, len, &parsed), MLS_MALFORMED);
            free(cut);
        }
        bytes_write_u8(&in, 0);
        CU_ASSERT_EQUAL(mls_message_parse(in.data, in.len, &parsed), MLS_MALFORMED);
        CU_ASSERT_EQUAL(memcmp(&parsed, &untouched, sizeof parsed), 0);
        wire_buffer_free(&in);
    }
}

static void too_large_is_refused_unread(void)
{
    struct mls_message parsed;
    CU_ASSERT_EQUAL(mls_message_parse((const uint8_t *)"", (size_t)MLS_MESSAGE_MAX + 1, &parsed), MLS_LIMIT);
}

/* The message with one byte replaced. */
static int with_byte(unsigned kind, size_t at, uint8_t value)
{
    struct bytes_writer in = message(kind);
    struct mls_message parsed;
    in.data[at] = value;
    int rc = mls_message_parse(in.data, in.len, &parsed);
    wire_buffer_free(&in);
    return rc;
}

static void version_and_wire_format_are_known(void)
{
    CU_ASSERT_EQUAL(with_byte(6, 1, 1), MLS_OK);
    CU_ASSERT_EQUAL(with_byte(6, 1, 0), MLS_MALFORMED);
    CU_ASSERT_EQUAL(with_byte(6, 1, 2), MLS_MALFORMED);
    CU_ASSERT_EQUAL(with_byte(6, 0, 1), MLS_MALFORMED);
    CU_ASSERT_EQUAL(with_byte(6, 3, 0), MLS_MALFORMED);
    CU_ASSERT_EQUAL(with_byte(6, 3, 6), MLS_MALFORMED);
    CU_ASSERT_EQUAL(with_byte(6, 2, 0xf0), MLS_MALFORMED);
    /* "the version field of the KeyPackage has the same value as the version field of the MLSMessage" */
    CU_ASSERT_EQUAL(with_byte(9, 5, 2), MLS_MALFORMED);
    CU_ASSERT_EQUAL(with_byte(8, 5, 2), MLS_MALFORMED); /* GroupContext's */
}

static void selectors_are_known(void)
{
    enum { GROUP_ID = 4, EPOCH = GROUP_ID + 9, SENDER = EPOCH + 8, AAD = SENDER + 5, TYPE = AAD + 16 };
    CU_ASSERT_EQUAL(with_byte(0, SENDER, 1), MLS_OK);
    CU_ASSERT_EQUAL(with_byte(0, SENDER, 0), MLS_MALFORMED);
    CU_ASSERT_EQUAL(with_byte(0, SENDER, 5), MLS_MALFORMED);
    CU_ASSERT_EQUAL(with_byte(0, TYPE, 1), MLS_OK);
    CU_ASSERT_EQUAL(with_byte(0, TYPE, 0), MLS_MALFORMED);
    CU_ASSERT_EQUAL(with_byte(0, TYPE, 4), MLS_MALFORMED);
    CU_ASSERT_EQUAL(with_byte(6, EPOCH + 8, 3), MLS_OK);
    CU_ASSERT_EQUAL(with_byte(6, EPOCH + 8, 0), MLS_MALFORMED);
    CU_ASSERT_EQUAL(with_byte(6, EPOCH + 8, 4), MLS_MALFORMED);
}

static void fields_are_in_their_places(void)
{
    struct bytes_writer in = message(2);
    struct mls_message parsed;
    CU_ASSERT_EQUAL_FATAL(mls_message_parse(in.data, in.len, &parsed), MLS_OK);
    const struct mls_public_message *m = &parsed.public_message;
    CU_ASSERT_EQUAL(parsed.wire_format, MLS_WIRE_PUBLIC_MESSAGE);
    unit_assert_bytes("group id", m->content.group_id.data, m->content.group_id.len, (const uint8_t *)"group id", 8);
    CU_ASSERT_EQUAL(m->content.epoch, 42);
    CU_ASSERT_EQUAL(m->content.sender.type, MLS_SENDER_MEMBER);
    CU_ASSERT_EQUAL(m->content.sender.index, 6);
    CU_ASSERT_EQUAL(m->content.authenticated_data.len, 15);
    CU_ASSERT_EQUAL(m->content.type, MLS_CONTENT_COMMIT);
    CU_ASSERT_EQUAL(m->content.commit.proposal_count, 8);
    CU_ASSERT(m->content.commit.has_path);
    CU_ASSERT_EQUAL(m->content.commit.path.node_count, 3);
    CU_ASSERT_EQUAL(m->auth.signature.len, 64);
    CU_ASSERT_EQUAL(m->auth.signature.data[0], 0xa0);
    CU_ASSERT_EQUAL(m->auth.confirmation_tag.data[0], 0xc0);
    CU_ASSERT_EQUAL(m->membership_tag.data[0], 0xf0);
    /* the encodings lie one after the other in the input */
    CU_ASSERT_PTR_EQUAL(m->content.encoded.data, in.data + 4);
    CU_ASSERT_PTR_EQUAL(m->auth.encoded.data, in.data + 4 + m->content.encoded.len);
    CU_ASSERT_EQUAL(m->auth.encoded.len, 2 + 64 + 1 + 32);
    CU_ASSERT_EQUAL(4 + m->content.encoded.len + m->auth.encoded.len + 33, in.len);
    wire_buffer_free(&in);
}

static void authenticated_content_is_of_two_wire_formats(void)
{
    for (uint16_t format = 0; format <= 6; format++) {
        struct bytes_writer in;
        struct bytes_writer out;
        struct mls_authenticated_content parsed;
        wire_buffer_init(&in, 1 << 20);
        wire_buffer_init(&out, 1 << 20);
        bytes_write_u16(&in, format);
        sample_public_message(&in, 4, 3);
        struct bytes_reader r = mls_walk(wire_buffer_slice(&in));
        mls_authenticated_content_parse(&r, &parsed);
        CU_ASSERT_EQUAL(bytes_reader_done(&r), format == 1 || format == 2);
        if (bytes_reader_done(&r)) {
            mls_authenticated_content_write(&out, &parsed);
            unit_assert_bytes("written", out.data, out.len, in.data, in.len);
            CU_ASSERT_EQUAL(parsed.encoded.len, in.len);
        }
        wire_buffer_free(&in);
        wire_buffer_free(&out);
    }
}

static const struct unit_test tests[] = {
    {"every kind of message comes back as it was", every_message_comes_back},
    {"a message cut anywhere, or lengthened, is malformed", cut_or_lengthened_is_malformed},
    {"a message over the limit is refused unread", too_large_is_refused_unread},
    {"version and wire format are known ones", version_and_wire_format_are_known},
    {"sender and content types are known ones", selectors_are_known},
    {"fields are in their places", fields_are_in_their_places},
    {"authenticated content is of the two wire formats", authenticated_content_is_of_two_wire_formats},
};

UNIT_MAIN("mls.messages_framing", tests)
