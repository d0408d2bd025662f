#include "fixture.h"
#include "sfu/sdp.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define HEAD "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"

static struct sdp *sdp;

static int parse(const char *text)
{
    return sdp_parse(sdp, text, strlen(text));
}

static void sections_own_their_attributes(void)
{
    CU_ASSERT_EQUAL(parse(HEAD "a=one:1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0 96\r\na=two\r\na=three:x:y\r\n"
                               "m=video 0/2 RTP/AVP 97\nb=AS:5\na=one:2\n"),
                    SDP_OK);
    CU_ASSERT_EQUAL(sdp->media_count, 2);
    const struct sdp_media *audio = &sdp->media[0];
    CU_ASSERT(text_equal(audio->kind, "audio"));
    CU_ASSERT_EQUAL(audio->port, 9);
    CU_ASSERT_EQUAL(audio->format_count, 2);
    CU_ASSERT(text_equal(audio->formats[1], "96"));
    CU_ASSERT_EQUAL(sdp_attributes(sdp, NULL).count, 1);
    CU_ASSERT_EQUAL(sdp_attributes(sdp, audio).count, 2);
    CU_ASSERT(text_equal(sdp_find(sdp_attributes(sdp, audio), "three")->value, "x:y"));
    CU_ASSERT_PTR_NULL(sdp_find(sdp_attributes(sdp, audio), "one"));
    CU_ASSERT(text_equal(sdp_find_either(sdp, audio, "one")->value, "1"));
    CU_ASSERT(text_equal(sdp_find_either(sdp, &sdp->media[1], "one")->value, "2"));
    CU_ASSERT_EQUAL(sdp->media[1].port, 0);
}

static void malformed_lines_are_named(void)
{
    static const struct {
        const char *text;
        int error;
    } rows[] = {
        {"", SDP_BAD_ORDER},
        {"v=0\r\n", SDP_BAD_ORDER},
        {"v=1\r\no=-\r\ns=-\r\nt=0 0\r\n", SDP_BAD_ORDER},
        {"o=-\r\nv=0\r\ns=-\r\nt=0 0\r\n", SDP_BAD_ORDER},
        {"v=0\r\no=-\r\ns=-\r\na=x\r\nt=0 0\r\n", SDP_BAD_ORDER},
        {"v=0\r\no=-\r\ns=-\r\nm=audio 9 RTP/AVP 0\r\n", SDP_BAD_ORDER},
        {HEAD "s=again\r\n", SDP_BAD_ORDER},
        {HEAD "t=1 2\r\n", SDP_OK},
        {HEAD "m=audio 9 RTP/AVP 0\r\nv=0\r\n", SDP_BAD_ORDER},
        {HEAD "a=x", SDP_TRUNCATED},
        {HEAD "ax\r\n", SDP_BAD_LINE},
        {HEAD "A=x\r\n", SDP_BAD_LINE},
        {HEAD "\r\n", SDP_BAD_LINE},
        {HEAD "a=\r\n", SDP_BAD_ATTRIBUTE},
        {HEAD "a=:x\r\n", SDP_BAD_ATTRIBUTE},
        {HEAD "a=x\ry\r\n", SDP_BAD_CHARACTER},
        {HEAD "m=audio 65536 RTP/AVP 0\r\n", SDP_BAD_MEDIA},
        {HEAD "m=audio -1 RTP/AVP 0\r\n", SDP_BAD_MEDIA},
        {HEAD "m=audio 9 RTP/AVP\r\n", SDP_BAD_MEDIA},
        {HEAD "m=audio 9 RTP/AVP 0  1\r\n", SDP_BAD_MEDIA},
        {HEAD "m=au\"dio 9 RTP/AVP 0\r\n", SDP_BAD_MEDIA},
        {HEAD "m=\r\n", SDP_BAD_MEDIA},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int error = parse(rows[i].text);
        if (error != rows[i].error)
            fprintf(stderr, "row %zu: %s\n", i, sdp_error_text(error));
        CU_ASSERT_EQUAL(error, rows[i].error);
    }
    CU_ASSERT_EQUAL(sdp_parse(sdp, HEAD "a=\0\r\n", sizeof(HEAD) + 5 - 1), SDP_BAD_CHARACTER);
}

/* HEAD and then count times the line. */
static int parse_repeated(const char *line, size_t count, const char *tail)
{
    size_t cap = sizeof(HEAD) + strlen(line) * count + strlen(tail) + 1;
    char *text = malloc(cap);
    strcpy(text, HEAD);
    char *at = text + strlen(text);
    for (size_t i = 0; i < count; i++) {
        memcpy(at, line, strlen(line));
        at += strlen(line);
    }
    strcpy(at, tail);
    int error = parse(text);
    free(text);
    return error;
}

static void bounds_hold(void)
{
    CU_ASSERT_EQUAL(parse_repeated("m=audio 9 RTP/AVP 0\n", SFU_MEDIA_MAX, ""), SDP_OK);
    CU_ASSERT_EQUAL(parse_repeated("m=audio 9 RTP/AVP 0\n", SFU_MEDIA_MAX + 1, ""), SDP_TOO_MANY_MEDIA);
    CU_ASSERT_EQUAL(parse_repeated("a=b\n", SDP_ATTRIBUTES_MAX, ""), SDP_OK);
    CU_ASSERT_EQUAL(parse_repeated("a=b\n", SDP_ATTRIBUTES_MAX + 1, ""), SDP_TOO_MANY_ATTRIBUTES);
    CU_ASSERT_EQUAL(parse_repeated("i=0123456789\n", 6000, ""), SDP_TOO_LONG);
    char line[SDP_LINE_MAX + 8];
    memset(line, 'x', sizeof(line));
    memcpy(line, "a=", 2);
    strcpy(line + SDP_LINE_MAX, "\n");
    CU_ASSERT_EQUAL(parse_repeated("", 0, line), SDP_OK);
    line[SDP_LINE_MAX] = 'x';
    strcpy(line + SDP_LINE_MAX + 1, "\n");
    CU_ASSERT_EQUAL(parse_repeated("", 0, line), SDP_LINE_TOO_LONG);
    char formats[SDP_FORMATS_MAX * 2 + 32] = "m=audio 9 RTP/AVP";
    for (size_t i = 0; i < SDP_FORMATS_MAX; i++)
        strcat(formats, " 0");
    strcat(formats, "\n");
    CU_ASSERT_EQUAL(parse_repeated(formats, 1, ""), SDP_OK);
    strcpy(formats + strlen(formats) - 1, " 0\n");
    CU_ASSERT_EQUAL(parse_repeated(formats, 1, ""), SDP_TOO_MANY_FORMATS);
}

/* In a block of exactly that size, so that a byte read too far is seen by a sanitizer. */
static void truncation_at_every_length_ends_well(void)
{
    for (size_t f = 0; f < fixture_count; f++) {
        size_t len;
        char *text = fixture_read(fixture_names[f], &len);
        CU_ASSERT_EQUAL(sdp_parse(sdp, text, len), SDP_OK);
        size_t step = len > 4000 ? 7 : 1;
        for (size_t cut = 0; cut < len; cut += step) {
            char *part = malloc(cut ? cut : 1);
            memcpy(part, text, cut);
            int error = sdp_parse(sdp, part, cut);
            /* only between two lines can it pass for a whole description */
            CU_ASSERT(error != SDP_OK || part[cut - 1] == '\n');
            free(part);
        }
        free(text);
    }
}

static void fragments_need_no_session_lines(void)
{
    const char fragment[] =
        "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n";
    CU_ASSERT_EQUAL(sdp_parse_fragment(sdp, fragment, strlen(fragment)), SDP_OK);
    CU_ASSERT_EQUAL(sdp->session_attributes, 2);
    CU_ASSERT_EQUAL(sdp_parse_fragment(sdp, "v=0\r\n", 5), SDP_BAD_ORDER);
    CU_ASSERT_EQUAL(sdp_parse_fragment(sdp, "", 0), SDP_OK);
}

static const struct unit_test tests[] = {
    {"sections own their attributes", sections_own_their_attributes},
    {"malformed lines are named", malformed_lines_are_named},
    {"bounds hold", bounds_hold},
    {"truncation at every length ends well", truncation_at_every_length_ends_well},
    {"fragments need no session lines", fragments_need_no_session_lines},
};

int main(void)
{
    sdp = malloc(sizeof(*sdp));
    int code = sdp ? unit_main("sfu.sdp", tests, sizeof(tests) / sizeof(tests[0])) : 1;
    free(sdp);
    return code;
}
