#include "chat.h"

#include <glib.h>
#include <string.h>

#include "core/secret.h"

struct chat {
    size_t count;
    struct chat_message messages[CHAT_KEPT_MAX]; /* what they point to is guarded memory, both in one piece */
};

struct chat *chat_new(void)
{
    return g_try_new0(struct chat, 1);
}

void chat_free(struct chat *chat)
{
    if (chat != NULL)
        chat_clear(chat);
    g_free(chat);
}

static void remove_at(struct chat *chat, size_t i)
{
    core_secret_free((char *)chat->messages[i].who);
    chat->count--;
    memmove(&chat->messages[i], &chat->messages[i + 1], (chat->count - i) * sizeof(chat->messages[0]));
}

static size_t next_to_go(const struct chat *chat)
{
    size_t next = 0;

    for (size_t i = 1; i < chat->count; i++)
        if (chat->messages[i].until_ms < chat->messages[next].until_ms)
            next = i;
    return next;
}

bool chat_add(struct chat *chat, const char *who, const char *text, size_t len, uint64_t until_ms)
{
    size_t who_len = strlen(who);
    char *copy = core_secret_new(who_len + 1 + len + 1);

    if (copy == NULL)
        return false;
    memcpy(copy, who, who_len + 1);
    memcpy(copy + who_len + 1, text, len);
    copy[who_len + 1 + len] = '\0';
    if (chat->count == CHAT_KEPT_MAX)
        remove_at(chat, next_to_go(chat));
    chat->messages[chat->count++] = (struct chat_message){copy, copy + who_len + 1, until_ms};
    return true;
}

bool chat_expire(struct chat *chat, uint64_t now_ms)
{
    size_t before = chat->count;

    for (size_t i = chat->count; i-- > 0;)
        if (chat->messages[i].until_ms <= now_ms)
            remove_at(chat, i);
    return chat->count != before;
}

void chat_clear(struct chat *chat)
{
    while (chat->count > 0)
        remove_at(chat, chat->count - 1);
}

size_t chat_count(const struct chat *chat)
{
    return chat->count;
}

struct chat_message chat_at(const struct chat *chat, size_t i)
{
    return chat->messages[i];
}

static bool deceives(gunichar c)
{
    return g_unichar_iscntrl(c) || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

bool chat_clean(char *text, size_t len)
{
    if (!g_utf8_validate_len(text, len, NULL))
        return false;
    for (size_t i = 0; i < len;) {
        size_t size = (size_t)(g_utf8_next_char(text + i) - (text + i));

        if (deceives(g_utf8_get_char(text + i)))
            memset(text + i, ' ', size);
        i += size;
    }
    return true;
}

bool chat_parse_vanish(const char *argument, uint32_t *vanish_s, const char **text)
{
    static const struct {
        char unit;
        uint32_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    size_t digits;
    guint64 count;

    argument += strspn(argument, " ");
    digits = strspn(argument, "0123456789");
    count = digits > 0 && digits < 8 ? g_ascii_strtoull(argument, NULL, 10) : 0;

    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        const char *rest = argument + digits + 1;

        if (count == 0 || argument[digits] != units[i].unit || rest[0] != ' ' ||
            count > CHAT_VANISH_MAX_S / units[i].seconds)
            continue;
        rest += strspn(rest, " ");
        if (rest[0] == '\0')
            return false;
        *vanish_s = (uint32_t)count * units[i].seconds;
        *text = rest;
        return true;
    }
    return false;
}
