#include "keep.h"

#include <glib.h>
#include <string.h>

#include "core/bytes.h"

enum {
    HIGHEST_LEN = CALL_GROUP_ID_LEN + 8,
    FILE_NAME_LEN = 16 + CALL_ROOM_MAX,
};

static const char *name_of(char out[FILE_NAME_LEN], const char *what, const char *room)
{
    g_snprintf(out, FILE_NAME_LEN, "%s-%s", what, room);
    return out;
}

void keep_highest(const char *folder, const char *room, const struct call_event *event)
{
    struct id_store store;
    struct bytes_writer w;
    uint8_t data[HIGHEST_LEN];
    char name[FILE_NAME_LEN];

    if (!id_store_open_rooms(&store, folder))
        return;
    bytes_writer_init(&w, data, sizeof(data));
    bytes_write(&w, event->group_id, CALL_GROUP_ID_LEN);
    bytes_write_u64(&w, event->epoch);
    id_store_write(&store, name_of(name, "room", room), data, sizeof(data));
    id_store_close(&store);
}

void keep_read_highest(const struct id_store *store, const char *room, struct call_config *config)
{
    struct bytes_reader r;
    uint8_t data[HIGHEST_LEN];
    size_t len = 0;
    char name[FILE_NAME_LEN];

    if (id_store_read(store, name_of(name, "room", room), data, sizeof(data), &len) != ID_READ_OK ||
        len != sizeof(data))
        return;
    bytes_reader_init(&r, data, len);
    memcpy(config->highest_group, bytes_parse(&r, CALL_GROUP_ID_LEN), CALL_GROUP_ID_LEN);
    config->highest_epoch = bytes_read_u64(&r);
}

void keep_state(const char *folder, const char *room, const struct call_event *event)
{
    struct id_store store;
    char name[FILE_NAME_LEN];

    if (!id_store_open_rooms(&store, folder))
        return;
    name_of(name, "state", room);
    if (event->len > 0)
        id_store_write(&store, name, event->data, event->len);
    else
        id_store_remove(&store, name);
    id_store_close(&store);
}

bool keep_restore(const struct id_store *store, const char *room, struct call *call, int *error)
{
    uint8_t *data = g_malloc(CALL_STATE_MAX);
    size_t len = 0;
    char name[FILE_NAME_LEN];
    bool found = id_store_read(store, name_of(name, "state", room), data, CALL_STATE_MAX, &len) == ID_READ_OK;

    if (found)
        *error = call_restore(call, data, len);
    g_free(data);
    return found;
}
