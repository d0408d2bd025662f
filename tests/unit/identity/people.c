#include "people.h"

#include <string.h>

#include "key.h"
#include "unit.h"
#include "wire/vector.h"

struct identity_key people_key(uint8_t seed)
{
    uint8_t bytes[IDENTITY_KEY_LEN];
    struct identity_key key;
    memset(bytes, seed, sizeof bytes);
    CU_ASSERT_EQUAL_FATAL(identity_key_from_seed(bytes, &key), IDENTITY_OK);
    return key;
}

struct identity_certificate people_anna(void)
{
    struct identity_certificate content = {
        .name = "Anna", .device = "laptop", .created_s = PEOPLE_NOW, .expires_s = PEOPLE_NOW + 14 * 86400};
    memcpy(content.device_key, people_key(2).public_key, IDENTITY_KEY_LEN);
    return content;
}

size_t people_certify(const struct identity_key *root, const struct identity_certificate *content, uint8_t *out)
{
    size_t len = 0;
    CU_ASSERT_EQUAL_FATAL(identity_certificate_make(root, content, out, IDENTITY_CERTIFICATE_MAX, &len), IDENTITY_OK);
    return len;
}

struct people_raw people_anna_raw(void)
{
    static struct identity_key root;
    static struct identity_key device;
    root = people_key(1);
    device = people_key(2);
    return (struct people_raw){1,          root.public_key,        32, device.public_key, 32, "Anna", 4, "laptop", 6,
                               PEOPLE_NOW, PEOPLE_NOW + 14 * 86400};
}

size_t people_sign_raw(const struct identity_key *signer, const char *label, const struct people_raw *raw, uint8_t *out,
                       size_t cap)
{
    struct bytes_writer w;
    uint8_t signature[IDENTITY_SIGNATURE_LEN];
    bytes_writer_init(&w, out, cap);
    bytes_write_u16(&w, raw->scheme);
    wire_write_vector(&w, (struct core_slice){raw->root_key, raw->root_key_len});
    wire_write_vector(&w, (struct core_slice){raw->device_key, raw->device_key_len});
    wire_write_vector(&w, (struct core_slice){(const uint8_t *)raw->name, raw->name_len});
    wire_write_vector(&w, (struct core_slice){(const uint8_t *)raw->device, raw->device_len});
    bytes_write_u64(&w, raw->created_s);
    bytes_write_u64(&w, raw->expires_s);
    CU_ASSERT_FATAL(bytes_writer_ok(&w));
    CU_ASSERT_EQUAL_FATAL(identity_sign(signer, label, (struct core_slice){out, w.len}, signature), IDENTITY_OK);
    wire_write_vector(&w, (struct core_slice){signature, sizeof signature});
    CU_ASSERT_FATAL(bytes_writer_ok(&w));
    return w.len;
}
