#include "daemon/pem.h"
#include "unit.h"

#include <string.h>

static uint8_t bytes[256];
static char text[1024];

/* RFC 4648 section 10, and all digits in order. */
static void known_answers(void)
{
    static const struct {
        const char *bytes;
        const char *url;
    } rows[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"},
    };
    struct text_writer w;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        text_writer_init(&w, text, sizeof(text));
        base64url_write(&w, (const uint8_t *)rows[i].bytes, strlen(rows[i].bytes));
        CU_ASSERT_STRING_EQUAL(text, rows[i].url);
    }
    for (unsigned i = 0; i < 16; i++) {
        bytes[3 * i] = (uint8_t)(4 * i << 2 | (4 * i + 1) >> 4);
        bytes[3 * i + 1] = (uint8_t)((4 * i + 1) << 4 | (4 * i + 2) >> 2);
        bytes[3 * i + 2] = (uint8_t)((4 * i + 2) << 6 | (4 * i + 3));
    }
    text_writer_init(&w, text, sizeof(text));
    base64url_write(&w, bytes, 48);
    CU_ASSERT_STRING_EQUAL(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    text_writer_init(&w, text, sizeof(text));
    pem_write(&w, "X", bytes, 48);
    CU_ASSERT_STRING_EQUAL(text, "-----BEGIN X-----\nABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\n"
                                 "-----END X-----\n");
}

static void what_is_written_is_read_at_every_length(void)
{
    uint8_t out[256];
    struct text_writer w;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    for (size_t len = 1; len <= 200; len++) {
        text_writer_init(&w, text, sizeof(text));
        pem_write(&w, "SOME KEY", bytes, len);
        CU_ASSERT_FALSE_FATAL(w.failed);
        memset(out, 0, sizeof(out));
        CU_ASSERT(pem_read(text, "SOME KEY", out, len));
        CU_ASSERT_EQUAL(memcmp(out, bytes, len), 0);
        CU_ASSERT_FALSE(pem_read(text, "SOME KEY", out, len - 1));
        CU_ASSERT_FALSE(pem_read(text, "SOME KEY", out, len + 1));
        CU_ASSERT_FALSE(pem_read(text, "KEY", out, len));
    }
}

static void what_is_no_block_is_refused(void)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"-----BEGIN K-----\nZm9v\n-----END K-----\n", true},
        {"Subject: x\n-----BEGIN K-----\r\nZm\n9 v\n-----END K-----", true},
        {"-----BEGIN K-----Zm9v-----END K-----", true},
        {"-----BEGIN K-----\nZm9v\n", false},
        {"Zm9v\n-----END K-----\n", false},
        {"-----END K-----\nZm9v\n-----BEGIN K-----\n", false},
        {"-----BEGIN K-----\nZm9*\n-----END K-----\n", false},
        {"-----BEGIN K-----\nZm9-\n-----END K-----\n", false},
        {"-----BEGIN K-----\nZ=m9v\n-----END K-----\n", false},
        {"-----BEGIN K-----\nZm9vZ\n-----END K-----\n", false},
        {"-----BEGIN K-----\nZm8=\n-----END K-----\n", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t out[3] = {9, 9, 9};
        bool ok = pem_read(rows[i].text, "K", out, sizeof(out));
        if (ok != rows[i].ok)
            fprintf(stderr, "row %zu\n", i);
        CU_ASSERT_EQUAL(ok, rows[i].ok);
        CU_ASSERT_EQUAL(memcmp(out, ok ? "foo" : "\0\0\0", 3), 0);
    }
}

static void what_does_not_fit_fails_whole(void)
{
    struct text_writer w;
    text_writer_init(&w, text, 8);
    base64url_write(&w, bytes, 6);
    CU_ASSERT(w.failed);
    CU_ASSERT(strlen(text) < 8);
}

static const struct unit_test tests[] = {
    {"known answers", known_answers},
    {"what is written is read at every length", what_is_written_is_read_at_every_length},
    {"what is no block is refused", what_is_no_block_is_refused},
    {"what does not fit fails whole", what_does_not_fit_fails_whole},
};
UNIT_MAIN("daemon.pem", tests)
