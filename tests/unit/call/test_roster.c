#include "roster.h"

#include <string.h>

#include "unit.h"

enum { SLOT = 3, MANY = 20, MS = 1000 };

static struct call_participant list[CALL_PARTICIPANTS_MAX];
static int64_t now_us = MS;

/* In place of GLib's. */
gint64 g_get_monotonic_time(void)
{
    return now_us;
}

static enum call_play open_video(struct call_roster *roster, uint64_t sender, uint64_t ctr, bool key)
{
    call_roster_received(roster, sender, CALL_VIDEO);
    return call_roster_opened(roster, sender, CALL_VIDEO, SLOT, ctr, key, CALL_VP9);
}

static void only_opened_frames_make_a_participant(void)
{
    struct call_roster *roster = call_roster_new();

    call_roster_received(roster, 7, CALL_VIDEO);
    (void)call_roster_refused(roster, 7, CALL_VIDEO, SLOT, CALL_REFUSED_KEY);
    CU_ASSERT_EQUAL(call_roster_participants(roster, list, CALL_PARTICIPANTS_MAX, false), 0);
    (void)open_video(roster, 7, 0, true);
    CU_ASSERT_EQUAL_FATAL(call_roster_participants(roster, list, CALL_PARTICIPANTS_MAX, false), 1);
    CU_ASSERT_EQUAL(list[0].sender, 7);
    CU_ASSERT_EQUAL(list[0].codec, CALL_VP9);
    CU_ASSERT_EQUAL(list[0].streams[CALL_VIDEO].received, 1);
    call_roster_free(roster);
}

static void video_starts_with_a_key_frame_and_a_gap_asks_for_one(void)
{
    struct call_roster *roster = call_roster_new();

    CU_ASSERT_EQUAL(open_video(roster, 7, 4, false), CALL_WAIT_FOR_KEY);
    CU_ASSERT_EQUAL(open_video(roster, 7, 5, true), CALL_PLAY);
    CU_ASSERT_EQUAL(open_video(roster, 7, 6, false), CALL_PLAY);
    CU_ASSERT_EQUAL(open_video(roster, 7, 8, false), CALL_PLAY_WANT_KEY);
    /* until one comes: the request may be lost too */
    CU_ASSERT_EQUAL(open_video(roster, 7, 9, false), CALL_PLAY_WANT_KEY);
    /* a gap that a key frame follows needs no other */
    CU_ASSERT_EQUAL(open_video(roster, 7, 12, true), CALL_PLAY);
    CU_ASSERT_EQUAL(open_video(roster, 7, 13, false), CALL_PLAY);
    CU_ASSERT_EQUAL(call_roster_opened(roster, 7, CALL_AUDIO, 0, 40, false, CALL_VP8), CALL_PLAY);
    CU_ASSERT_EQUAL(call_roster_opened(roster, 7, CALL_AUDIO, 0, 50, false, CALL_VP8), CALL_PLAY);
    CU_ASSERT_EQUAL_FATAL(call_roster_participants(roster, list, CALL_PARTICIPANTS_MAX, true), 1);
    CU_ASSERT_EQUAL(list[0].streams[CALL_VIDEO].first_key_index, 5);
    CU_ASSERT_EQUAL(list[0].streams[CALL_VIDEO].opened, 7);
    CU_ASSERT_EQUAL_FATAL(list[0].streams[CALL_VIDEO].ranges->len, 3);
    CU_ASSERT_EQUAL(g_array_index(list[0].streams[CALL_VIDEO].ranges, struct call_range, 0).first, 4);
    CU_ASSERT_EQUAL(g_array_index(list[0].streams[CALL_VIDEO].ranges, struct call_range, 0).last, 6);
    CU_ASSERT_EQUAL(g_array_index(list[0].streams[CALL_VIDEO].ranges, struct call_range, 2).last, 13);
    call_participants_clear(list, 1);
    call_roster_free(roster);
}

static void a_pause_between_pictures_is_noted(void)
{
    struct call_roster *roster = call_roster_new();
    const struct call_pause *pause;

    (void)open_video(roster, 7, 0, true);
    call_roster_decoded(roster, 7, CALL_VIDEO, NULL);
    call_roster_decoded(roster, 7, CALL_VIDEO, NULL);
    now_us += (CALL_PAUSE_MS + 10) * MS;
    call_roster_decoded(roster, 7, CALL_VIDEO, NULL);
    call_roster_decoded(roster, 7, CALL_VIDEO, NULL);
    CU_ASSERT_EQUAL_FATAL(call_roster_participants(roster, list, CALL_PARTICIPANTS_MAX, true), 1);
    CU_ASSERT_EQUAL_FATAL(list[0].streams[CALL_VIDEO].pauses->len, 1);
    pause = &g_array_index(list[0].streams[CALL_VIDEO].pauses, struct call_pause, 0);
    CU_ASSERT(pause->to_us - pause->from_us >= CALL_PAUSE_MS * INT64_C(1000));
    CU_ASSERT(pause->to_us <= list[0].streams[CALL_VIDEO].last_decoded_us);
    CU_ASSERT(pause->from_us >= list[0].streams[CALL_VIDEO].first_decoded_us);
    call_participants_clear(list, 1);
    call_roster_free(roster);
}

static void the_table_is_full_when_it_is_full(void)
{
    struct call_roster *roster = call_roster_new();

    for (uint64_t sender = 1; sender <= CALL_PARTICIPANTS_MAX; sender++)
        CU_ASSERT_EQUAL(open_video(roster, sender, 0, true), CALL_PLAY);
    CU_ASSERT_EQUAL(open_video(roster, 999, 0, true), CALL_NO_ROOM);
    CU_ASSERT_EQUAL(open_video(roster, 5, 1, false), CALL_PLAY);
    CU_ASSERT_EQUAL(call_roster_participants(roster, list, CALL_PARTICIPANTS_MAX, false), CALL_PARTICIPANTS_MAX);
    call_roster_free(roster);
}

static enum call_presence presence(struct call_roster *roster, uint64_t sender)
{
    size_t count = call_roster_participants(roster, list, CALL_PARTICIPANTS_MAX, false);

    for (size_t i = 0; i < count; i++)
        if (list[i].sender == sender)
            return list[i].presence;
    return (enum call_presence) - 1;
}

static void the_group_says_who_is_here_has_left_and_is_gone(void)
{
    static const struct call_present all[] = {{1, CALL_PRESENCE_HERE},
                                              {2, CALL_PRESENCE_HERE},
                                              {3, CALL_PRESENCE_HERE}},
                                     one_leaves[] = {{1, CALL_PRESENCE_LOST}, {2, CALL_PRESENCE_LEFT}};
    struct call_roster *roster = call_roster_new();

    (void)open_video(roster, 1, 0, true);
    (void)open_video(roster, 2, 0, true);
    CU_ASSERT_EQUAL(presence(roster, 2), CALL_PRESENCE_HERE);
    call_roster_members(roster, all, 3);
    CU_ASSERT_EQUAL(presence(roster, 2), CALL_PRESENCE_HERE);
    call_roster_members(roster, one_leaves, 2);
    CU_ASSERT_EQUAL(presence(roster, 1), CALL_PRESENCE_LOST);
    CU_ASSERT_EQUAL(presence(roster, 2), CALL_PRESENCE_LEFT);
    /* a frame that was under way brings nobody back */
    (void)open_video(roster, 2, 1, false);
    CU_ASSERT_EQUAL(presence(roster, 2), CALL_PRESENCE_LEFT);
    call_roster_members(roster, one_leaves, 1);
    CU_ASSERT_EQUAL(presence(roster, 2), CALL_PRESENCE_GONE);
    /* what was counted stays */
    CU_ASSERT_EQUAL(call_roster_participants(roster, list, CALL_PARTICIPANTS_MAX, false), 2);
    call_roster_members(roster, all, 3);
    CU_ASSERT_EQUAL(presence(roster, 2), CALL_PRESENCE_HERE);
    call_roster_free(roster);
}

static void who_is_gone_makes_room(void)
{
    struct call_present here[CALL_PARTICIPANTS_MAX];
    struct call_roster *roster = call_roster_new();

    for (uint64_t sender = 1; sender <= CALL_PARTICIPANTS_MAX; sender++) {
        (void)open_video(roster, sender, 0, true);
        here[sender - 1] = (struct call_present){sender == 40 ? 999 : sender, CALL_PRESENCE_HERE};
    }
    CU_ASSERT_EQUAL(open_video(roster, 999, 0, true), CALL_NO_ROOM);
    call_roster_members(roster, here, CALL_PARTICIPANTS_MAX);
    CU_ASSERT_EQUAL(open_video(roster, 999, 0, true), CALL_PLAY);
    CU_ASSERT_EQUAL((int)presence(roster, 40), -1);
    CU_ASSERT_EQUAL(presence(roster, 999), CALL_PRESENCE_HERE);
    call_roster_free(roster);
}

/* Frames that do not open, one each `every_ms`: how often it is said that they are of another secret. */
static int strange_frames(struct call_roster *roster, int count, int every_ms)
{
    int said = 0;

    for (int i = 0; i < count; i++) {
        const char *reason = call_roster_refused(roster, 0, CALL_VIDEO, SLOT, CALL_REFUSED_KEY);

        said += reason != NULL;
        CU_ASSERT(reason == NULL || strstr(reason, "another secret") != NULL);
        now_us += every_ms * MS;
    }
    return said;
}

static void a_wrong_secret_is_said_once_and_only_after_some_time(void)
{
    struct call_roster *roster = call_roster_new();

    CU_ASSERT_EQUAL(strange_frames(roster, MANY, CALL_STRANGE_MS / MANY), 0);
    CU_ASSERT_EQUAL(strange_frames(roster, MANY, CALL_STRANGE_MS / MANY), 1);
    CU_ASSERT_EQUAL(strange_frames(roster, MANY, CALL_STRANGE_MS / MANY), 0);
    call_roster_free(roster);
    /* some long after one another are few, not many for long */
    roster = call_roster_new();
    CU_ASSERT_EQUAL(strange_frames(roster, MANY, CALL_QUIET_MS + 1), 0);
    call_roster_free(roster);
}

/* As from the epoch before, to who has come in by a commit of its own. */
static void who_has_just_come_in_is_not_alarmed(void)
{
    struct call_roster *roster = call_roster_new();

    CU_ASSERT_EQUAL(strange_frames(roster, MANY, 50), 0);
    (void)open_video(roster, 7, 0, true);
    now_us += 2000 * MS;
    CU_ASSERT_EQUAL(strange_frames(roster, MANY, 50), 0);
    (void)open_video(roster, 7, 1, false);
    CU_ASSERT_EQUAL(strange_frames(roster, 3 * MANY, 50), 1);
    call_roster_free(roster);
}

static void plaintext_is_said_even_after_a_wrong_secret(void)
{
    struct call_roster *roster = call_roster_new();
    const char *reason;

    for (int i = 0; i < MANY; i++)
        (void)call_roster_refused(roster, 0, CALL_VIDEO, SLOT, CALL_REFUSED_KEY);
    reason = call_roster_plain(roster, CALL_VIDEO, SLOT);
    CU_ASSERT_PTR_NOT_NULL_FATAL(reason);
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "not encrypted"));
    CU_ASSERT_PTR_NULL(call_roster_plain(roster, CALL_VIDEO, SLOT));
    call_roster_free(roster);
}

static void lost_and_repeated_frames_alarm_nobody(void)
{
    struct call_roster *roster = call_roster_new();

    for (int i = 0; i < MANY; i++) {
        CU_ASSERT_PTR_NULL(call_roster_refused(roster, 0, CALL_VIDEO, SLOT, CALL_REFUSED_REPLAY));
        CU_ASSERT_PTR_NULL(call_roster_refused(roster, 0, CALL_VIDEO, SLOT, CALL_REFUSED_LATE));
        CU_ASSERT_PTR_NULL(call_roster_refused(roster, 0, CALL_VIDEO, SLOT, CALL_REFUSED_INCOMPLETE));
    }
    /* forged frames in the name of somebody who is there are that person's trouble, not the slot's */
    (void)open_video(roster, 7, 0, true);
    for (int i = 0; i < MANY; i++)
        CU_ASSERT_PTR_NULL(call_roster_refused(roster, 7, CALL_VIDEO, SLOT, CALL_REFUSED_KEY));
    call_roster_free(roster);
}

static void names_cannot_deceive_a_terminal_or_a_reader(void)
{
    static const struct {
        const char *text, *clean;
    } CASES[] = {
        {"Ada", "Ada"},
        {"Zo\xc3\xab \xe6\x9d\x8e", "Zo\xc3\xab \xe6\x9d\x8e"},
        {"a\x1b[31mb\r\nc\x7f", "a[31mbc"},
        {"x\xe2\x80\xaey\xe2\x80\x8bz", "xyz"}, /* right-to-left override, zero-width space */
        {"bad\xff\xc3", "bad"},
        {"", ""},
    };
    char out[CALL_NAME_MAX + 1];

    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        call_text_clean(CASES[i].text, out, sizeof(out));
        CU_ASSERT_STRING_EQUAL(out, CASES[i].clean);
    }
    /* a character is taken whole or not at all */
    call_text_clean("ab\xc3\xab", out, 4);
    CU_ASSERT_STRING_EQUAL(out, "ab");
}

static void names_sort_the_list(void)
{
    struct call_roster *roster = call_roster_new();

    (void)open_video(roster, 1, 0, true);
    (void)open_video(roster, 2, 0, true);
    call_roster_named(roster, 1, "Zoe");
    call_roster_named(roster, 2, "Ada");
    CU_ASSERT_EQUAL_FATAL(call_roster_participants(roster, list, CALL_PARTICIPANTS_MAX, false), 2);
    CU_ASSERT_STRING_EQUAL(list[0].name, "Ada");
    CU_ASSERT_EQUAL(list[1].sender, 1);
    call_roster_free(roster);
}

static void a_new_key_begins_anew_and_is_no_gap(void)
{
    const uint64_t next = UINT64_C(1) << 32;
    struct call_roster *roster = call_roster_new();

    CU_ASSERT_EQUAL(open_video(roster, 7, 5, true), CALL_PLAY);
    CU_ASSERT_EQUAL(open_video(roster, 7, next, false), CALL_PLAY);
    CU_ASSERT_EQUAL(open_video(roster, 7, next + 1, false), CALL_PLAY);
    CU_ASSERT_EQUAL(open_video(roster, 7, 2 * next + 1, false), CALL_PLAY_WANT_KEY);
    call_roster_free(roster);
}

static const struct unit_test TESTS[] = {
    {"only opened frames make a participant", only_opened_frames_make_a_participant},
    {"video starts with a key frame, and a gap asks for one", video_starts_with_a_key_frame_and_a_gap_asks_for_one},
    {"a new key begins anew, and is no gap", a_new_key_begins_anew_and_is_no_gap},
    {"a pause between pictures is noted", a_pause_between_pictures_is_noted},
    {"the table is full when it is full", the_table_is_full_when_it_is_full},
    {"the group says who is here, has left, and is gone", the_group_says_who_is_here_has_left_and_is_gone},
    {"who is gone makes room", who_is_gone_makes_room},
    {"a wrong secret is said once, and only after some time", a_wrong_secret_is_said_once_and_only_after_some_time},
    {"who has just come in is not alarmed by the epoch before", who_has_just_come_in_is_not_alarmed},
    {"plaintext is said even after a wrong secret", plaintext_is_said_even_after_a_wrong_secret},
    {"lost and repeated frames alarm nobody", lost_and_repeated_frames_alarm_nobody},
    {"names cannot deceive a terminal or a reader", names_cannot_deceive_a_terminal_or_a_reader},
    {"names sort the list", names_sort_the_list},
};

UNIT_MAIN("call.roster", TESTS)
