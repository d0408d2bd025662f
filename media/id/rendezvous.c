#include "rendezvous.h"

#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "core/secret.h"
#include "wire/vector.h"

enum { ROOM_CHARACTERS = 8 /* of five bits */ };

static bool is_host(const char *host, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (host[i] <= ' ' || host[i] > '~' || strchr("/?#@\\\"<>%", host[i]))
            return false;
    return len > 0 && len <= ID_HOST_MAX;
}

bool id_rendezvous_parse(const char *text, struct id_rendezvous *out)
{
    const size_t host_len = strcspn(text, "/");
    const bool has_room = text[host_len] == '/';
    const char *room = text + host_len + (has_room ? 1 : 0);
    const struct core_slice id = {(const uint8_t *)room, strlen(room)};
    if (!is_host(text, host_len) || (has_room && !wire_id_is_valid(id)))
        return false;
    snprintf(out->host, sizeof out->host, "%.*s", (int)host_len, text);
    snprintf(out->room, sizeof out->room, "%s", room);
    return true;
}

bool id_rendezvous_draw(struct id_rendezvous *rendezvous)
{
    static const char characters[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* without i, l, o, u */
    uint8_t random[ROOM_CHARACTERS];
    char name[ROOM_CHARACTERS + 1] = {0};
    if (!core_random(random, sizeof random))
        return false;
    for (size_t i = 0; i < ROOM_CHARACTERS; i++)
        name[i] = characters[random[i] % (sizeof characters - 1)];
    snprintf(rendezvous->room, sizeof rendezvous->room, "link-%s", name);
    return true;
}

void id_payload_write(enum id_side from, const uint8_t *message, size_t len, uint8_t out[ID_PAYLOAD_LEN])
{
    struct bytes_writer w;
    memset(out, 0, ID_PAYLOAD_LEN);
    bytes_writer_init(&w, out, ID_PAYLOAD_LEN);
    bytes_write_u8(&w, (uint8_t)from);
    wire_write_vector(&w, (struct core_slice){message, len});
}

bool id_payload_parse(struct core_slice payload, enum id_side *from, struct core_slice *message)
{
    struct bytes_reader r;
    uint8_t rest = 0;
    bytes_reader_init(&r, payload.data, payload.len);
    const uint8_t side = bytes_read_u8(&r);
    const struct core_slice found = wire_parse_vector(&r);
    if (!bytes_reader_ok(&r) || payload.len != ID_PAYLOAD_LEN || (side != ID_SIDE_NEW && side != ID_SIDE_ROOT) ||
        found.len == 0 || found.len > IDENTITY_LINK_MESSAGE_MAX)
        return false;
    while (bytes_reader_left(&r) > 0)
        rest |= bytes_read_u8(&r);
    if (rest != 0)
        return false;
    *from = side == ID_SIDE_NEW ? ID_SIDE_NEW : ID_SIDE_ROOT;
    *message = found;
    return true;
}
