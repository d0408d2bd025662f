#include "test_stun.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 20, INTEGRITY = 24, FINGERPRINT = 8 };

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, size_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value & 0xffff);
}

/* bit by bit, straight from the polynomial */
static uint32_t crc_of(const uint8_t *data, size_t len)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc ^ 0x5354554eu;
}

/* The message's MAC as if it ended behind the integrity attribute at `at`. */
static void mac_of(const uint8_t *message, size_t at, const char *password, uint8_t mac[20])
{
    uint8_t copy[2048];
    unsigned int mac_len = 20;
    memcpy(copy, message, at);
    put16(copy + 2, at + INTEGRITY - HEADER);
    HMAC(EVP_sha1(), password, (int)strlen(password), copy, at, mac, &mac_len);
}

/* The offset of the first attribute of a type; 0 if there is none. */
static size_t find(const uint8_t *message, size_t len, unsigned type)
{
    for (size_t at = HEADER; at + 4 <= len; at += 4 + (get16(message + at + 2) + 3u) / 4 * 4)
        if (get16(message + at) == type && at + 4 + get16(message + at + 2) <= len)
            return at;
    return 0;
}

static uint8_t *add(uint8_t *message, size_t *len, size_t cap, unsigned type, const void *value, size_t value_len)
{
    size_t padded = (value_len + 3) / 4 * 4;
    if (*len + 4 + padded > cap) {
        fprintf(stderr, "STUN message does not fit\n");
        exit(EXIT_FAILURE);
    }
    uint8_t *at = message + *len;
    memset(at, 0, 4 + padded);
    put16(at, type);
    put16(at + 2, value_len);
    if (value_len && value)
        memcpy(at + 4, value, value_len);
    *len += 4 + padded;
    put16(message + 2, *len - HEADER);
    return at + 4;
}

static size_t start(uint8_t *out, unsigned type, const uint8_t transaction[12])
{
    memset(out, 0, HEADER);
    put16(out, type);
    put32(out + 4, 0x2112a442);
    memcpy(out + 8, transaction, 12);
    return HEADER;
}

static void finish(uint8_t *out, size_t *len, size_t cap, const char *password)
{
    uint8_t mac[20];
    mac_of(out, *len, password, mac);
    add(out, len, cap, 0x0008, mac, sizeof mac);
    uint8_t *crc = add(out, len, cap, 0x8028, NULL, 4);
    put32(crc, crc_of(out, *len - FINGERPRINT));
}

size_t test_stun_request(uint8_t *out, size_t cap, const struct test_stun *request)
{
    static const uint8_t priority[4] = {0x6e, 0x00, 0x01, 0xff};
    static const uint8_t tie_breaker[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    size_t len = start(out, 0x0001, request->transaction);
    if (request->username)
        add(out, &len, cap, 0x0006, request->username, strlen(request->username));
    if (!request->bare) {
        add(out, &len, cap, 0x0024, priority, sizeof priority);
        add(out, &len, cap, request->controlled ? 0x8029 : 0x802a, tie_breaker, sizeof tie_breaker);
    }
    if (request->use_candidate)
        add(out, &len, cap, 0x0025, NULL, 0);
    if (request->extra)
        add(out, &len, cap, request->extra, "x", 1);
    if (!request->without_integrity) {
        uint8_t mac[20];
        mac_of(out, len, request->password, mac);
        add(out, &len, cap, 0x0008, mac, sizeof mac);
    }
    if (!request->without_fingerprint) {
        uint8_t *crc = add(out, &len, cap, 0x8028, NULL, 4);
        put32(crc, crc_of(out, len - FINGERPRINT));
    }
    return len;
}

void test_stun_reseal(uint8_t *message, size_t len, const char *password)
{
    size_t integrity = find(message, len, 0x0008);
    if (password && integrity && integrity + INTEGRITY <= len)
        mac_of(message, integrity, password, message + integrity + 4);
    size_t fingerprint = find(message, len, 0x8028);
    if (fingerprint && fingerprint + FINGERPRINT <= len)
        put32(message + fingerprint + 4, crc_of(message, fingerprint));
}

static bool is_sealed(const uint8_t *message, size_t len, const char *password)
{
    if (len < HEADER || get16(message + 2) != len - HEADER)
        return false;
    size_t integrity = find(message, len, 0x0008);
    size_t fingerprint = find(message, len, 0x8028);
    if (!integrity || integrity + INTEGRITY > len || !fingerprint || fingerprint + FINGERPRINT != len)
        return false;
    uint8_t mac[20];
    uint8_t crc[4];
    mac_of(message, integrity, password, mac);
    put32(crc, crc_of(message, fingerprint));
    return memcmp(message + integrity + 4, mac, sizeof mac) == 0 &&
           memcmp(message + fingerprint + 4, crc, sizeof crc) == 0;
}

bool test_stun_read(const uint8_t *message, size_t len, const char *password, struct test_stun_reply *reply)
{
    if (!is_sealed(message, len, password))
        return false;
    *reply = (struct test_stun_reply){0};
    unsigned type = get16(message);
    reply->class = (type >> 4 & 1) | (type >> 7 & 2);
    memcpy(reply->transaction, message + 8, 12);
    size_t at = find(message, len, 0x0009);
    if (at)
        reply->error = message[at + 6] * 100 + message[at + 7];
    at = find(message, len, 0x000a);
    if (at)
        for (size_t i = 0; i < get16(message + at + 2) / 2 && i < 8; i++)
            reply->unknown[reply->unknown_count++] = (uint16_t)get16(message + at + 4 + 2 * i);
    at = find(message, len, 0x0020);
    if (at) {
        reply->port = (uint16_t)(get16(message + at + 6) ^ 0x2112);
        reply->ip_len = message[at + 5] == 2 ? 16 : 4;
        for (size_t i = 0; i < reply->ip_len; i++)
            reply->ip[i] = message[at + 8 + i] ^ message[4 + i];
    }
    return true;
}

size_t test_stun_answer(const uint8_t *message, size_t len, const char *password, uint8_t *out, size_t cap)
{
    static const uint8_t mapped[8] = {0, 1, 0x21, 0x12, 0x21, 0x12, 0xa4, 0x42};
    if (!is_sealed(message, len, password) || get16(message) != 0x0001)
        return 0;
    size_t out_len = start(out, 0x0101, message + 8);
    add(out, &out_len, cap, 0x0020, mapped, sizeof mapped);
    finish(out, &out_len, cap, password);
    return out_len;
}
