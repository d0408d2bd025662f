#include "reorder.h"
#include "unit.h"

/* Packets are small integers here; 0 would be no packet. */
static guint destroyed;

static void count_destroyed(gpointer packet)
{
    (void)packet;
    destroyed++;
}

struct step {
    guint16 seq;
    const char *out; /* what comes out: "seq" or "seq!lost" joined by blanks, in hex of the low byte */
};

static void run_steps(guint window, const struct step *steps, size_t count, const char *drained)
{
    struct reorder r;
    gpointer packet;
    guint lost;

    reorder_init(&r, count_destroyed);
    r.window = window;
    for (size_t i = 0; i < count; i++) {
        GString *got = g_string_new(NULL);
        reorder_push(&r, steps[i].seq, GUINT_TO_POINTER((guint)steps[i].seq + 1));
        while ((packet = reorder_pop(&r, FALSE, &lost))) {
            g_string_append_printf(got, "%s%u", got->len ? " " : "", GPOINTER_TO_UINT(packet) - 1);
            if (lost)
                g_string_append_printf(got, "!%u", lost);
        }
        if (g_strcmp0(got->str, steps[i].out) != 0)
            printf("step %zu: %s, not %s\n", i, got->str, steps[i].out);
        CU_ASSERT_STRING_EQUAL(got->str, steps[i].out);
        g_string_free(got, TRUE);
    }
    GString *got = g_string_new(NULL);
    while ((packet = reorder_pop(&r, TRUE, &lost)))
        g_string_append_printf(got, "%s%u", got->len ? " " : "", GPOINTER_TO_UINT(packet) - 1);
    CU_ASSERT_STRING_EQUAL(got->str, drained);
    g_string_free(got, TRUE);
    reorder_reset(&r);
}

static void test_window(void)
{
    static const struct step steps[] = {
        {10, "10"},                                     /* the first one starts the stream */
        {12, ""},                                       /* 11 is waited for */
        {13, ""},                                       /* still */
        {11, "11 12 13"},                               /* and all come in order */
        {11, ""},                                       /* a duplicate of what came out */
        {15, ""},         {15, ""},                     /* a duplicate of what is held */
        {16, ""},         {17, "15!1 16 17"},           /* three behind the gap: given up */
        {14, ""},                                       /* too late */
        {18, "18"},       {20, ""},           {22, ""}, /* two gaps */
        {19, "19 20"},    {25, ""},           {26, "22!1"},
    };
    run_steps(2, steps, G_N_ELEMENTS(steps), "25 26");
}

static void test_no_window(void)
{
    static const struct step steps[] = {
        {65534, "65534"}, {65535, "65535"}, {0, "0"},         {3, "3!2"},   {2, ""},
        {4, "4"},         {4, ""},          {300, "300!295"}, {301, "301"},
    };
    run_steps(0, steps, G_N_ELEMENTS(steps), "");
}

static void test_restart(void)
{
    static const struct step steps[] = {
        {100, "100"}, {102, ""}, {40000, "40000!1"}, {40001, "40001"}, {100, "100!1"},
    };
    run_steps(8, steps, G_N_ELEMENTS(steps), "");
}

static void test_everything_is_freed(void)
{
    struct reorder r;
    guint64 state = 7;
    guint pushed = 0, popped = 0, lost;

    destroyed = 0;
    reorder_init(&r, count_destroyed);
    r.window = 16;
    for (guint i = 0; i < 20000; i++) {
        guint16 seq = (guint16)(i + unit_random(&state) % 40);
        reorder_push(&r, seq, GUINT_TO_POINTER(1));
        pushed++;
        while (reorder_pop(&r, FALSE, &lost))
            popped++;
        CU_ASSERT(r.waiting <= 16);
    }
    reorder_reset(&r);
    CU_ASSERT_EQUAL(pushed, popped + destroyed);
    CU_ASSERT(popped > 1000);
}

static const struct unit_test tests[] = {
    {"a missing packet is waited for until the window is full", test_window},
    {"without a window old packets are dropped and numbers may wrap", test_no_window},
    {"a number far away is a new start", test_restart},
    {"no more than a window is held and every packet comes out or is freed", test_everything_is_freed},
};

UNIT_MAIN("gst.reorder", tests)
