#include "knocks.h"

#include <glib.h>
#include <string.h>

static size_t place_of(const struct knocks *knocks, const uint8_t *user_id)
{
    size_t i = 0;

    while (i < knocks->count && memcmp(knocks->user_ids[i], user_id, CALL_USER_ID_LEN) != 0)
        i++;
    return i;
}

static void remove_at(struct knocks *knocks, size_t i)
{
    knocks->count--;
    memmove(knocks->user_ids[i], knocks->user_ids[i + 1], (knocks->count - i) * sizeof(knocks->user_ids[0]));
}

bool knocks_add(struct knocks *knocks, const uint8_t user_id[CALL_USER_ID_LEN])
{
    if (place_of(knocks, user_id) < knocks->count)
        return false;
    if (knocks->count == KNOCKS_KEPT)
        remove_at(knocks, 0);
    memcpy(knocks->user_ids[knocks->count++], user_id, CALL_USER_ID_LEN);
    return true;
}

static bool begins_with(const uint8_t *user_id, const char *word)
{
    char hex[2 * CALL_USER_ID_LEN + 1];

    for (size_t i = 0; i < CALL_USER_ID_LEN; i++)
        g_snprintf(hex + 2 * i, 3, "%02x", user_id[i]);
    return g_str_has_prefix(hex, word);
}

const uint8_t *knocks_find(const struct knocks *knocks, const char *word)
{
    const uint8_t *found = NULL;

    if (strlen(word) < KNOCKS_WORD)
        return NULL;
    for (size_t i = 0; i < knocks->count; i++) {
        if (!begins_with(knocks->user_ids[i], word))
            continue;
        if (found != NULL)
            return NULL;
        found = knocks->user_ids[i];
    }
    return found;
}

void knocks_remove(struct knocks *knocks, const uint8_t user_id[CALL_USER_ID_LEN])
{
    size_t i = place_of(knocks, user_id);

    if (i < knocks->count)
        remove_at(knocks, i);
}

void knocks_word(const uint8_t user_id[CALL_USER_ID_LEN], char out[KNOCKS_WORD + 1])
{
    for (size_t i = 0; i < KNOCKS_WORD / 2; i++)
        g_snprintf(out + 2 * i, 3, "%02x", user_id[i]);
}
