#include "sfu/slots.h"

#include <jansson.h>
#include <string.h>

#include "daemon/text.h"
#include "daemon/token.h"

enum { HEIGHT_MAX = 16384 };

/* A string member into out; out is left alone without it. */
static bool read_string(const json_t *object, const char *name, char *out, size_t cap)
{
    const json_t *value = json_object_get(object, name);
    if (!value)
        return true;
    struct text_slice s = {json_string_value(value), json_string_length(value)};
    return s.data && text_copy(s, out, cap);
}

static bool read_wish(const json_t *object, struct sfu_slot_wish *wish)
{
    const json_t *height = json_object_get(object, "maxHeight");
    const json_t *paused = json_object_get(object, "paused");
    *wish = (struct sfu_slot_wish){.max_height = 0};
    if (!json_is_object(object) || !read_string(object, "mid", wish->mid, sizeof(wish->mid)) || wish->mid[0] == 0 ||
        !read_string(object, "publisher", wish->publisher, sizeof(wish->publisher)))
        return false;
    if (wish->publisher[0] && !token_id_is_valid(wish->publisher, strlen(wish->publisher)))
        return false;
    if (height) {
        json_int_t number = json_integer_value(height);
        if (!json_is_integer(height) || number < 0 || number > HEIGHT_MAX)
            return false;
        wish->max_height = (uint32_t)number;
    }
    wish->paused = json_is_true(paused);
    return !paused || json_is_boolean(paused);
}

int sfu_slots_read(const char *text, size_t len, struct sfu_slot_wish *wishes, size_t *count)
{
    struct sfu_slot_wish found[SFU_MEDIA_MAX];
    int error = SFU_SLOTS_OK;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *list = json_object_get(root, "slots");
    size_t n = json_array_size(list);
    if (!root)
        error = SFU_SLOTS_NOT_JSON;
    else if (!json_is_array(list))
        error = SFU_SLOTS_SHAPE;
    else if (n > SFU_MEDIA_MAX)
        error = SFU_SLOTS_TOO_MANY;
    for (size_t i = 0; i < n && !error; i++)
        if (!read_wish(json_array_get(list, i), &found[i]))
            error = SFU_SLOTS_SHAPE;
    if (!error) {
        memcpy(wishes, found, n * sizeof(found[0]));
        *count = n;
    }
    json_decref(root);
    return error;
}
