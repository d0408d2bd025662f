/* Room links: sotto://HOST/ROOM#SECRET, and #SECRET.NUMBER once the room's secret was replaced. */
#include <stdio.h>
#include <string.h>

#include "core/secret.h"
#include "sotto/call.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
enum { SECRET_CHARS = 22 }; /* 16 bytes in base64url, unpadded: the last character holds two bits */

/* --- Parts --- */

static bool is_room_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
}

bool call_room_name_ok(const char *name)
{
    const size_t len = strlen(name);
    if (len == 0 || len > CALL_ROOM_MAX || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_room_char(name[i]))
            return false;
    return true;
}

/* A host name, an IPv4 address or a bracketed IPv6 one, with a port or without: what else it must be, who connects to
 * it finds out. */
static bool is_host_char(char c)
{
    return is_room_char(c) || c == ':' || c == '[' || c == ']';
}

/* The value of a character, without a table lookup or a branch that depends on it: it is part of a secret. -1 for one
 * that is not of the alphabet. */
static int secret_value(char c)
{
    int value = -1;
    for (int i = 0; i < 64; i++) {
        const int differs = (uint8_t)c ^ alphabet[i];
        const int mask = (differs - 1) >> 31; /* all ones if equal */
        value = (value & ~mask) | (i & mask);
    }
    return value;
}

static bool parse_secret(const char *text, uint8_t out[CALL_SECRET_LEN])
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t len = 0;
    for (size_t i = 0; i < SECRET_CHARS; i++) {
        const int value = secret_value(text[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[len++] = (uint8_t)(bits >> count);
        }
    }
    /* one encoding only: the four bits that are left over are zeros */
    return (bits & ((1u << count) - 1)) == 0;
}

static void format_secret(const uint8_t secret[CALL_SECRET_LEN], char out[SECRET_CHARS + 1])
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t at = 0;
    for (size_t i = 0; i < CALL_SECRET_LEN; i++) {
        bits = bits << 8 | secret[i];
        count += 8;
        while (count >= 6) {
            count -= 6;
            out[at++] = alphabet[bits >> count & 63];
        }
    }
    out[at++] = alphabet[bits << (6 - count) & 63];
    out[at] = '\0';
}

/* Decimal without leading zeros; 0 is never written. */
static bool parse_number(const char *text, uint32_t *number)
{
    uint64_t value = 0;
    if (text[0] < '1' || text[0] > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        value = value * 10 + (uint64_t)(*text - '0');
        if (value > UINT32_MAX)
            return false;
    }
    *number = (uint32_t)value;
    return *text == '\0';
}

/* Copies text[0..len) where it fits and has no other characters than allowed. */
static bool copy_part(const char *text, size_t len, bool (*allowed)(char), char *out, size_t cap)
{
    if (len == 0 || len >= cap)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!allowed(text[i]))
            return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

/* --- The whole --- */

int call_link_parse(const char *text, struct call_link *link)
{
    static const char schemes[][9] = {"sotto://", "https://"};
    struct call_link out = {0};
    int rc = CALL_MALFORMED;
    size_t scheme = 0;
    while (scheme < 2 && strncmp(text, schemes[scheme], 8) != 0)
        scheme++;
    if (scheme == 2)
        return CALL_MALFORMED;
    out.web = scheme == 1;
    const char *host = text + 8;
    const char *slash = strchr(host, '/');
    const char *hash = slash ? strchr(slash, '#') : NULL;
    if (!hash)
        return CALL_MALFORMED;
    const char *secret = hash + 1;
    const char *room = slash + 1;
    if (!copy_part(host, (size_t)(slash - host), is_host_char, out.host, sizeof out.host) ||
        !copy_part(room, (size_t)(hash - room), is_room_char, out.room, sizeof out.room) ||
        !call_room_name_ok(out.room) || strnlen(secret, SECRET_CHARS) < SECRET_CHARS ||
        !parse_secret(secret, out.secret))
        goto out;
    const char *rest = secret + SECRET_CHARS;
    if (rest[0] == '\0' || (rest[0] == '.' && parse_number(rest + 1, &out.number))) {
        *link = out;
        rc = CALL_OK;
    }
out:
    core_wipe(&out, sizeof out);
    return rc;
}

int call_link_format(const struct call_link *link, char *out, size_t cap)
{
    char secret[SECRET_CHARS + 1];
    char number[16] = "";
    format_secret(link->secret, secret);
    if (link->number)
        snprintf(number, sizeof number, ".%lu", (unsigned long)link->number);
    const int len =
        snprintf(out, cap, "%s://%s/%s#%s%s", link->web ? "https" : "sotto", link->host, link->room, secret, number);
    core_wipe(secret, sizeof secret);
    if (len >= 0 && (size_t)len < cap)
        return CALL_OK;
    core_wipe(out, cap);
    return CALL_SPACE;
}

int call_link_new(const char *host, const char *room, struct call_link *link)
{
    struct call_link out = {0};
    if (!copy_part(host, strlen(host), is_host_char, out.host, sizeof out.host) || !call_room_name_ok(room))
        return CALL_INVALID;
    memcpy(out.room, room, strlen(room));
    if (!core_random(out.secret, sizeof out.secret))
        return CALL_CRYPTO;
    *link = out;
    core_wipe(&out, sizeof out);
    return CALL_OK;
}
