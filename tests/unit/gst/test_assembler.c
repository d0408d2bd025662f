#include "assembler.h"

#include <string.h>

#include "gstutil.h"

/* A step: one packet, written as timestamp, flags and one byte of payload, and what comes out.
 * Flags: S start, E end (delimited); M marker, - none (not delimited). */
struct step {
    guint lost_before;
    guint32 timestamp;
    const char *flags;
    char byte;
    const char *out; /* NULL: no frame; else its bytes, with a ? in front if it is uncertain */
};

static void run_steps(const struct step *steps, size_t count, guint64 dropped)
{
    struct assembler a;

    gstutil_init();
    assembler_init(&a);
    for (size_t i = 0; i < count; i++) {
        const struct step *s = &steps[i];
        struct assembler_packet packet = {
            .timestamp = s->timestamp,
            .lost_before = s->lost_before,
            .delimited = strpbrk(s->flags, "SEC") != NULL,
            .start = strchr(s->flags, 'S') != NULL,
            .end = strpbrk(s->flags, "EM") != NULL,
            .payload = gst_buffer_new_memdup(&s->byte, 1),
        };
        struct assembler_frame frame;
        char got[64] = "";
        if (assembler_push(&a, &packet, &frame)) {
            got[0] = '?';
            size_t at = frame.uncertain ? 1 : 0;
            got[at + gst_buffer_extract(frame.buffer, 0, got + at, sizeof(got) - at - 1)] = '\0';
            gst_buffer_unref(frame.buffer);
        }
        if (strcmp(got, s->out ? s->out : "") != 0)
            printf("step %zu: '%s', not '%s'\n", i, got, s->out ? s->out : "");
        CU_ASSERT_STRING_EQUAL(got, s->out ? s->out : "");
    }
    CU_ASSERT_EQUAL(a.dropped, dropped);
    assembler_clear(&a);
}

static void test_marker_and_timestamp(void)
{
    static const struct step steps[] = {
        {0, 1, "-", 'a', NULL}, {0, 1, "M", 'b', "?ab"}, /* nothing tells that a was the first of its frame */
        {0, 2, "-", 'c', NULL}, {0, 2, "M", 'd', "cd"},  /* contiguous behind an end */
        {0, 3, "M", 'e', "e"},
    };
    run_steps(steps, G_N_ELEMENTS(steps), 0);
}

static void test_marker_losses(void)
{
    static const struct step steps[] = {
        {0, 1, "M", 'a', "?a"}, {0, 2, "-", 'b', NULL},
        {1, 2, "M", 'd', NULL},                         /* c was lost in the middle: the frame is gone */
        {0, 3, "-", 'e', NULL}, {0, 3, "M", 'f', "ef"}, /* the next is whole */
        {0, 4, "-", 'g', NULL}, {1, 5, "-", 'i', NULL}, /* the end of 4 was lost, nothing else can have been */
        {0, 5, "M", 'j', "ij"}, {1, 6, "M", 'l', "?l"}, /* the start of 6, or a whole frame between */
        {0, 7, "-", 'm', NULL}, {2, 8, "M", 'p', "?p"}, /* the end of 7 and perhaps the start of 8 */
        {0, 9, "-", 'q', NULL}, {0, 10, "M", 'r', "r"}, /* 9 never had an end */
    };
    run_steps(steps, G_N_ELEMENTS(steps), 4);
}

static void test_delimited(void)
{
    static const struct step steps[] = {
        {0, 1, "SE", 'a', "a"},  {0, 2, "S", 'b', NULL}, {0, 2, "C", 'c', NULL},
        {0, 2, "E", 'd', "bcd"}, {0, 2, "SE", 'e', "e"}, /* a second layer of the same time */
        {0, 3, "S", 'f', NULL},  {1, 3, "E", 'h', NULL}, /* lost within */
        {0, 4, "SE", 'i', "i"},  {1, 5, "E", 'k', NULL}, /* the start was lost */
        {0, 6, "S", 'l', NULL},  {3, 8, "S", 'm', NULL}, {0, 8, "E", 'n', "mn"},
        {0, 9, "C", 'o', NULL},  {0, 9, "E", 'p', NULL}, /* never a frame without its start */
    };
    run_steps(steps, G_N_ELEMENTS(steps), 4);
}

static void test_size_limit(void)
{
    struct assembler a;
    struct assembler_frame frame;
    gboolean complete = FALSE;

    gstutil_init();
    assembler_init(&a);
    a.max_bytes = 1000;
    for (guint i = 0; i < 5000; i++) {
        struct assembler_packet packet = {
            .timestamp = 1,
            .delimited = TRUE,
            .start = i == 0,
            .end = i == 4999,
            .payload = gst_buffer_new_allocate(NULL, 100, NULL),
        };
        complete = complete || assembler_push(&a, &packet, &frame);
        CU_ASSERT(gst_adapter_available(a.fragments) <= 1000);
    }
    CU_ASSERT_FALSE(complete);
    CU_ASSERT_EQUAL(a.dropped, 1);
    struct assembler_packet next = {.timestamp = 2,
                                    .delimited = TRUE,
                                    .start = TRUE,
                                    .end = TRUE,
                                    .payload = gst_buffer_new_allocate(NULL, 1000, NULL)};
    CU_ASSERT_TRUE_FATAL(assembler_push(&a, &next, &frame));
    CU_ASSERT_EQUAL(gst_buffer_get_size(frame.buffer), 1000);
    gst_buffer_unref(frame.buffer);
    assembler_clear(&a);
}

static void test_fragment_limit(void)
{
    struct assembler a;
    struct assembler_frame frame;

    gstutil_init();
    assembler_init(&a);
    for (guint i = 0; i <= 2 * ASSEMBLER_FRAGMENTS_MAX; i++) {
        struct assembler_packet packet = {
            .timestamp = 1,
            .delimited = TRUE,
            .start = i == 0,
            .payload = gst_buffer_new_memdup("x", 1),
        };
        CU_ASSERT_FALSE(assembler_push(&a, &packet, &frame));
        CU_ASSERT(gst_adapter_available(a.fragments) <= ASSEMBLER_FRAGMENTS_MAX);
    }
    CU_ASSERT_EQUAL(a.dropped, 1);
    assembler_clear(&a);
}

static const struct unit_test tests[] = {
    {"frames are told apart by marker and timestamp", test_marker_and_timestamp},
    {"a lost packet costs its frame; a start that may be lost makes a frame uncertain", test_marker_losses},
    {"packets that say start and end themselves are taken at their word", test_delimited},
    {"a frame that never ends costs no more than the limit", test_size_limit},
    {"nor does one of very many small packets", test_fragment_limit},
};

UNIT_MAIN("gst.assembler", tests)
