#include <string.h>

#include "core/bytes.h"
#include "core/hkdf.h"
#include "core/secret.h"
#include "room_secret.h"

#define SALT "sotto room v1"
#define PSK_ID "sotto room psk\0\1" /* 16 bytes, and the number's four */
_Static_assert(sizeof PSK_ID - 1 + 4 == CALL_PSK_ID_LEN, "the id of a PSK");

static struct core_slice text(const char *s)
{
    return (struct core_slice){(const uint8_t *)s, strlen(s)};
}

static void write_number(uint32_t number, uint8_t out[4])
{
    struct bytes_writer w;
    bytes_writer_init(&w, out, 4);
    bytes_write_u32(&w, number);
}

int call_room_init(struct call_room *room, const char *name, uint32_t number, const uint8_t secret[CALL_SECRET_LEN])
{
    struct core_hmac_key prk;
    uint8_t encoded_number[4];
    if (!call_room_name_ok(name))
        return CALL_INVALID;
    memset(room, 0, sizeof *room);
    strncpy(room->name, name, CALL_ROOM_MAX);
    room->number = number;
    memcpy(room->secret, secret, CALL_SECRET_LEN);
    write_number(number, encoded_number);
    /* info = label || number || name: the labels are of one length, and so is the number */
    const struct core_slice psk[] = {text("psk "), {encoded_number, 4}, call_room_name(room)};
    const struct core_slice seal[] = {text("seal"), {encoded_number, 4}, call_room_name(room)};
    const struct core_hash *hash = &core_libcrypto_sha256;
    const bool ok = core_hkdf_extract(hash, text(SALT).data, text(SALT).len, secret, CALL_SECRET_LEN, &prk) &&
                    core_hkdf_expand(hash, &prk, psk, 3, room->psk, sizeof room->psk) &&
                    core_hkdf_expand(hash, &prk, seal, 3, room->seal_key, sizeof room->seal_key);
    core_wipe(&prk, sizeof prk);
    if (!ok)
        call_room_wipe(room);
    return ok ? CALL_OK : CALL_CRYPTO;
}

void call_room_wipe(struct call_room *room)
{
    core_wipe(room, sizeof *room);
}

void call_psk_id(uint32_t number, uint8_t out[CALL_PSK_ID_LEN])
{
    memcpy(out, PSK_ID, sizeof PSK_ID - 1);
    write_number(number, out + sizeof PSK_ID - 1);
}

void call_next_secret_context(uint32_t number, uint8_t out[CALL_NEXT_SECRET_CONTEXT_LEN])
{
    write_number(number, out);
}
