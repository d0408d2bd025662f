#include "sfu/stun.h"

#include <string.h>

#include "core/bytes.h"
#include "core/hmac_sha1.h"
#include "core/secret.h"

enum {
    HEADER_LEN = 20,
    ATTRIBUTE_HEADER_LEN = 4,
    FINGERPRINT_LEN = 8, /* the whole attribute */
};

static const uint32_t magic_cookie = 0x2112a442;
static const uint32_t fingerprint_xor = 0x5354554e;

/* RFC 8489 section 18.3, RFC 8445 section 20.1 */
enum attribute {
    ATTRIBUTE_MAPPED_ADDRESS = 0x0001,
    ATTRIBUTE_USERNAME = 0x0006,
    ATTRIBUTE_MESSAGE_INTEGRITY = 0x0008,
    ATTRIBUTE_ERROR_CODE = 0x0009,
    ATTRIBUTE_UNKNOWN_ATTRIBUTES = 0x000a,
    ATTRIBUTE_XOR_MAPPED_ADDRESS = 0x0020,
    ATTRIBUTE_PRIORITY = 0x0024,
    ATTRIBUTE_USE_CANDIDATE = 0x0025,
    ATTRIBUTE_COMPREHENSION_OPTIONAL = 0x8000, /* this and above may be ignored */
    ATTRIBUTE_FINGERPRINT = 0x8028,
    ATTRIBUTE_ICE_CONTROLLED = 0x8029,
    ATTRIBUTE_ICE_CONTROLLING = 0x802a,
};

/* CRC-32 of ITU V.42, four bits at a time */
static uint32_t crc32(const uint8_t *data, size_t len)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return ~crc;
}

/* The fixed length of an attribute's value, or -1 if it varies. */
static int fixed_length(uint16_t type)
{
    switch (type) {
    case ATTRIBUTE_MESSAGE_INTEGRITY:
        return CORE_HMAC_SHA1_LEN;
    case ATTRIBUTE_PRIORITY:
    case ATTRIBUTE_FINGERPRINT:
        return 4;
    case ATTRIBUTE_USE_CANDIDATE:
        return 0;
    case ATTRIBUTE_ICE_CONTROLLED:
    case ATTRIBUTE_ICE_CONTROLLING:
        return 8;
    default:
        return -1;
    }
}

/* Whether an attribute that is not looked at may be ignored: because its type is known, or any may. */
static bool is_ignorable(uint16_t type)
{
    switch (type) {
    case ATTRIBUTE_MAPPED_ADDRESS:
    case ATTRIBUTE_ERROR_CODE:
    case ATTRIBUTE_UNKNOWN_ATTRIBUTES:
    case ATTRIBUTE_XOR_MAPPED_ADDRESS:
    case ATTRIBUTE_PRIORITY:
        return true;
    default:
        return type >= ATTRIBUTE_COMPREHENSION_OPTIONAL;
    }
}

static void note_attribute(struct sfu_stun *stun, uint16_t type, size_t at, const uint8_t *value, size_t value_len)
{
    switch (type) {
    case ATTRIBUTE_USERNAME:
        /* of an attribute that comes twice only the first counts (RFC 8489 section 14) */
        if (!stun->username) {
            stun->username = value;
            stun->username_len = value_len;
        }
        break;
    case ATTRIBUTE_MESSAGE_INTEGRITY:
        stun->integrity_at = at;
        break;
    case ATTRIBUTE_USE_CANDIDATE:
        stun->use_candidate = true;
        break;
    case ATTRIBUTE_ICE_CONTROLLED:
        stun->controlled = true;
        break;
    case ATTRIBUTE_ICE_CONTROLLING:
        stun->controlling = true;
        break;
    default:
        if (!is_ignorable(type) && stun->unknown_count < SFU_STUN_UNKNOWN_MAX)
            stun->unknown[stun->unknown_count++] = type;
        break;
    }
}

/* Reads one attribute; false if it is malformed. Sets *fingerprinted if it is FINGERPRINT, which is checked here. */
static bool parse_attribute(struct sfu_stun *stun, struct bytes_reader *r, bool *fingerprinted)
{
    size_t at = r->pos;
    uint16_t type = bytes_read_u16(r);
    size_t value_len = bytes_read_u16(r);
    const uint8_t *value = bytes_parse(r, value_len);
    (void)bytes_parse(r, (4 - value_len % 4) % 4);
    int fixed = fixed_length(type);
    if (!bytes_reader_ok(r) || (fixed >= 0 && value_len != (size_t)fixed))
        return false;
    if (type == ATTRIBUTE_USERNAME && value_len > SFU_STUN_USERNAME_MAX)
        return false;
    if (type == ATTRIBUTE_FINGERPRINT) {
        struct bytes_reader crc;
        bytes_reader_init(&crc, value, value_len);
        if (bytes_read_u32(&crc) != (crc32(stun->data, at) ^ fingerprint_xor))
            return false;
        *fingerprinted = true;
    } else if (stun->integrity_at == 0) {
        note_attribute(stun, type, at, value, value_len);
    }
    return true;
}

bool sfu_stun_parse(struct sfu_stun *stun, const uint8_t *data, size_t len)
{
    if (len < HEADER_LEN + FINGERPRINT_LEN || len > SFU_STUN_MAX)
        return false;
    struct bytes_reader r;
    bytes_reader_init(&r, data, len);
    uint16_t type = bytes_read_u16(&r);
    size_t body_len = bytes_read_u16(&r);
    uint32_t cookie = bytes_read_u32(&r);
    struct sfu_stun out = {.data = data, .len = len, .transaction = bytes_parse(&r, SFU_STUN_TRANSACTION)};
    if (!bytes_reader_ok(&r) || (type & 0xc000) != 0 || cookie != magic_cookie || body_len != len - HEADER_LEN ||
        body_len % 4 != 0)
        return false;
    /* RFC 8489 section 5: the class stands in bits 4 and 8, the method around them */
    out.class = (enum sfu_stun_class)((type >> 4 & 1) | (type >> 7 & 2));
    out.method = (uint16_t)((type & 0x000f) | (type >> 1 & 0x0070) | (type >> 2 & 0x0f80));

    bool fingerprinted = false;
    while (bytes_reader_left(&r) > 0) {
        /* nothing may stand behind FINGERPRINT (section 14.7) */
        if (fingerprinted || !parse_attribute(&out, &r, &fingerprinted))
            return false;
    }
    if (!fingerprinted || !bytes_reader_done(&r))
        return false;
    *stun = out;
    return true;
}

/* The HMAC covers what stands before MESSAGE-INTEGRITY, with a length field as if the message ended behind it
 * (RFC 8489 section 14.5). */
static bool integrity_of(const uint8_t *message, size_t integrity_at, const char *password,
                         uint8_t mac[CORE_HMAC_SHA1_LEN])
{
    uint8_t covered[SFU_STUN_MAX];
    if (integrity_at < HEADER_LEN || integrity_at > sizeof covered)
        return false;
    memcpy(covered, message, integrity_at);
    size_t length = integrity_at - HEADER_LEN + ATTRIBUTE_HEADER_LEN + CORE_HMAC_SHA1_LEN;
    covered[2] = (uint8_t)(length >> 8);
    covered[3] = (uint8_t)length;
    return core_hmac_sha1((const uint8_t *)password, strlen(password), covered, integrity_at, mac);
}

bool sfu_stun_authentic(const struct sfu_stun *stun, const char *password)
{
    uint8_t mac[CORE_HMAC_SHA1_LEN];
    if (stun->integrity_at == 0 || !integrity_of(stun->data, stun->integrity_at, password, mac))
        return false;
    return core_equal(stun->data + stun->integrity_at + ATTRIBUTE_HEADER_LEN, mac, sizeof mac);
}

static void write_header(struct bytes_writer *w, enum sfu_stun_class class,
                         const uint8_t transaction[SFU_STUN_TRANSACTION])
{
    bytes_write_u16(w, (uint16_t)(SFU_STUN_BINDING | (class & 1) << 4 | (class & 2) << 7));
    bytes_write_u16(w, 0); /* set by seal_message */
    bytes_write_u32(w, magic_cookie);
    bytes_write(w, transaction, SFU_STUN_TRANSACTION);
}

static void write_attribute(struct bytes_writer *w, enum attribute type, size_t value_len)
{
    bytes_write_u16(w, (uint16_t)type);
    bytes_write_u16(w, (uint16_t)value_len);
}

static void write_padding(struct bytes_writer *w, size_t value_len)
{
    (void)bytes_reserve(w, (4 - value_len % 4) % 4);
}

/* Ends a message with MESSAGE-INTEGRITY and FINGERPRINT. Returns its length, 0 if anything failed. */
static size_t seal_message(struct bytes_writer *w, const char *password)
{
    uint8_t mac[CORE_HMAC_SHA1_LEN];
    size_t integrity_at = w->len;
    if (!bytes_writer_ok(w) || !integrity_of(w->data, integrity_at, password, mac))
        return 0;
    write_attribute(w, ATTRIBUTE_MESSAGE_INTEGRITY, sizeof mac);
    bytes_write(w, mac, sizeof mac);
    size_t fingerprint_at = w->len;
    write_attribute(w, ATTRIBUTE_FINGERPRINT, 4);
    uint8_t *crc = bytes_reserve(w, 4);
    if (!crc)
        return 0;
    size_t length = w->len - HEADER_LEN;
    w->data[2] = (uint8_t)(length >> 8);
    w->data[3] = (uint8_t)length;
    struct bytes_writer crc_writer;
    bytes_writer_init(&crc_writer, crc, 4);
    bytes_write_u32(&crc_writer, crc32(w->data, fingerprint_at) ^ fingerprint_xor);
    return w->len;
}

size_t sfu_stun_write_success(uint8_t *out, size_t cap, const uint8_t transaction[SFU_STUN_TRANSACTION],
                              const struct sfu_address *mapped, const char *password)
{
    struct bytes_writer w;
    bytes_writer_init(&w, out, cap);
    write_header(&w, SFU_STUN_SUCCESS, transaction);

    /* RFC 8489 section 14.2: the address is hidden from address translators by the cookie and the transaction */
    uint8_t mask[16];
    struct bytes_writer mask_writer;
    bytes_writer_init(&mask_writer, mask, sizeof mask);
    bytes_write_u32(&mask_writer, magic_cookie);
    bytes_write(&mask_writer, transaction, SFU_STUN_TRANSACTION);
    size_t ip_len = mapped->family == 6 ? 16 : 4;
    write_attribute(&w, ATTRIBUTE_XOR_MAPPED_ADDRESS, 4 + ip_len);
    bytes_write_u8(&w, 0);
    bytes_write_u8(&w, mapped->family == 6 ? 2 : 1);
    bytes_write_u16(&w, (uint16_t)(mapped->port ^ (magic_cookie >> 16)));
    for (size_t i = 0; i < ip_len; i++)
        bytes_write_u8(&w, (uint8_t)(mapped->ip[i] ^ mask[i]));
    return seal_message(&w, password);
}

size_t sfu_stun_write_error(uint8_t *out, size_t cap, const uint8_t transaction[SFU_STUN_TRANSACTION],
                            enum sfu_stun_code code, const uint16_t *unknown, size_t unknown_count,
                            const char *password)
{
    struct bytes_writer w;
    bytes_writer_init(&w, out, cap);
    write_header(&w, SFU_STUN_ERROR, transaction);
    /* no reason phrase: the answer stays no longer than the question */
    write_attribute(&w, ATTRIBUTE_ERROR_CODE, 4);
    bytes_write_u16(&w, 0);
    bytes_write_u8(&w, (uint8_t)(code / 100));
    bytes_write_u8(&w, (uint8_t)(code % 100));
    if (code == SFU_STUN_UNKNOWN_ATTRIBUTE) {
        write_attribute(&w, ATTRIBUTE_UNKNOWN_ATTRIBUTES, 2 * unknown_count);
        for (size_t i = 0; i < unknown_count; i++)
            bytes_write_u16(&w, unknown[i]);
        write_padding(&w, 2 * unknown_count);
    }
    return seal_message(&w, password);
}

size_t sfu_stun_write_check(uint8_t *out, size_t cap, const uint8_t transaction[SFU_STUN_TRANSACTION],
                            const char *username, uint64_t tie_breaker, const char *password)
{
    /* RFC 8445 section 5.1.2: type preference of a host candidate, component 1 */
    static const uint32_t priority = (uint32_t)126 << 24 | 0xffff << 8 | 255;
    struct bytes_writer w;
    bytes_writer_init(&w, out, cap);
    write_header(&w, SFU_STUN_REQUEST, transaction);
    size_t username_len = strlen(username);
    write_attribute(&w, ATTRIBUTE_USERNAME, username_len);
    bytes_write(&w, (const uint8_t *)username, username_len);
    write_padding(&w, username_len);
    write_attribute(&w, ATTRIBUTE_PRIORITY, 4);
    bytes_write_u32(&w, priority);
    write_attribute(&w, ATTRIBUTE_ICE_CONTROLLED, 8);
    bytes_write_u64(&w, tie_breaker);
    return seal_message(&w, password);
}
