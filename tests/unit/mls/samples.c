#include "samples.h"

#include <string.h>

#include "wire/vector.h"

static void text(struct bytes_writer *w, const char *content)
{
    wire_write_vector(w, (struct core_slice){(const uint8_t *)content, strlen(content)});
}

/* n bytes that count up from first, as a vector. */
static void filler(struct bytes_writer *w, uint8_t first, size_t n)
{
    wire_write_length(w, n);
    for (size_t i = 0; i < n; i++)
        bytes_write_u8(w, (uint8_t)(first + i));
}

static void u16_list(struct bytes_writer *w, const uint16_t *values, size_t count)
{
    wire_write_length(w, 2 * count);
    for (size_t i = 0; i < count; i++)
        bytes_write_u16(w, values[i]);
}

void sample_extensions(struct bytes_writer *w)
{
    size_t begin = wire_begin_vector(w);
    bytes_write_u16(w, 1);
    text(w, "\x03one");
    bytes_write_u16(w, 0x0a0a);
    text(w, "");
    wire_end_vector(w, begin);
}

void sample_credential(struct bytes_writer *w, uint16_t type)
{
    bytes_write_u16(w, type);
    if (type != 2) {
        text(w, "alice");
        return;
    }
    size_t begin = wire_begin_vector(w);
    text(w, "end-entity certificate");
    text(w, "its issuer's");
    wire_end_vector(w, begin);
}

void sample_leaf_node(struct bytes_writer *w, uint8_t source)
{
    filler(w, 0x10, 32);
    filler(w, 0x40, 32);
    sample_credential(w, 1);
    u16_list(w, (const uint16_t[]){1}, 1);
    u16_list(w, (const uint16_t[]){1, 2, 3, 0x1a1a}, 4);
    u16_list(w, (const uint16_t[]){0x0a0a}, 1);
    u16_list(w, NULL, 0);
    u16_list(w, (const uint16_t[]){1, 2}, 2);
    bytes_write_u8(w, source);
    if (source == 1) {
        bytes_write_u64(w, 1000);
        bytes_write_u64(w, 2000);
    } else if (source == 3) {
        filler(w, 0x70, 32);
    }
    sample_extensions(w);
    filler(w, 0x90, 64);
}

void sample_key_package(struct bytes_writer *w)
{
    bytes_write_u16(w, 1);
    bytes_write_u16(w, 1);
    filler(w, 0x20, 32);
    sample_leaf_node(w, 1);
    sample_extensions(w);
    filler(w, 0xb0, 64);
}

void sample_parent_node(struct bytes_writer *w)
{
    filler(w, 0x30, 32);
    filler(w, 0x50, 32);
    wire_write_length(w, 8);
    bytes_write_u32(w, 1);
    bytes_write_u32(w, 3);
}

void sample_ratchet_tree(struct bytes_writer *w)
{
    size_t begin = wire_begin_vector(w);
    bytes_write_u16(w, 0x0101); /* present, leaf */
    sample_leaf_node(w, 1);
    bytes_write_u16(w, 0x0102); /* present, parent */
    sample_parent_node(w);
    bytes_write_u16(w, 0x0101);
    sample_leaf_node(w, 3);
    bytes_write_u8(w, 0);
    bytes_write_u16(w, 0x0101);
    sample_leaf_node(w, 2);
    wire_end_vector(w, begin);
}

void sample_psk_id(struct bytes_writer *w, uint8_t type)
{
    bytes_write_u8(w, type);
    if (type == 1) {
        text(w, "external id");
    } else {
        bytes_write_u8(w, 3);
        text(w, "old group");
        bytes_write_u64(w, 77);
    }
    filler(w, 0xd0, 32);
}

void sample_proposal(struct bytes_writer *w, uint16_t type)
{
    bytes_write_u16(w, type);
    switch (type) {
    case 1:
        sample_key_package(w);
        break;
    case 2:
        sample_leaf_node(w, 2);
        break;
    case 3:
        bytes_write_u32(w, 5);
        break;
    case 4:
        sample_psk_id(w, 2);
        break;
    case 5:
        text(w, "new group");
        bytes_write_u16(w, 1);
        bytes_write_u16(w, 7);
        sample_extensions(w);
        break;
    case 6:
        filler(w, 0xe0, 32);
        break;
    default:
        sample_extensions(w);
    }
}

void sample_update_path(struct bytes_writer *w)
{
    sample_leaf_node(w, 3);
    size_t nodes = wire_begin_vector(w);
    for (uint8_t i = 0; i < 3; i++) {
        filler(w, i, 32);
        size_t secrets = wire_begin_vector(w);
        for (uint8_t j = 0; j < i; j++) {
            filler(w, j, 32);
            filler(w, (uint8_t)(j + 1), 48);
        }
        wire_end_vector(w, secrets);
    }
    wire_end_vector(w, nodes);
}

void sample_commit(struct bytes_writer *w, bool path)
{
    size_t begin = wire_begin_vector(w);
    for (uint16_t type = 1; type <= 7; type++) {
        bytes_write_u8(w, 1);
        sample_proposal(w, type);
    }
    bytes_write_u8(w, 2);
    filler(w, 0x80, 32);
    wire_end_vector(w, begin);
    bytes_write_u8(w, path);
    if (path)
        sample_update_path(w);
}

void sample_content(struct bytes_writer *w, uint8_t sender, uint8_t content_type)
{
    text(w, "group id");
    bytes_write_u64(w, 42);
    bytes_write_u8(w, sender);
    if (sender <= 2)
        bytes_write_u32(w, 6);
    text(w, "additional data");
    bytes_write_u8(w, content_type);
    if (content_type == 1)
        text(w, "hello");
    else if (content_type == 2)
        sample_proposal(w, 1);
    else
        sample_commit(w, true);
}

void sample_public_message(struct bytes_writer *w, uint8_t sender, uint8_t content_type)
{
    sample_content(w, sender, content_type);
    filler(w, 0xa0, 64);
    if (content_type == 3)
        filler(w, 0xc0, 32);
    if (sender == 1)
        filler(w, 0xf0, 32);
}

void sample_private_message(struct bytes_writer *w)
{
    text(w, "group id");
    bytes_write_u64(w, 42);
    bytes_write_u8(w, 1);
    text(w, "additional data");
    filler(w, 0x11, 28);
    filler(w, 0x22, 200);
}

void sample_group_context(struct bytes_writer *w)
{
    bytes_write_u16(w, 1);
    bytes_write_u16(w, 1);
    text(w, "group id");
    bytes_write_u64(w, 42);
    filler(w, 0x33, 32);
    filler(w, 0x44, 32);
    sample_extensions(w);
}

void sample_group_info(struct bytes_writer *w)
{
    sample_group_context(w);
    size_t begin = wire_begin_vector(w);
    bytes_write_u16(w, 2);
    size_t data = wire_begin_vector(w);
    sample_ratchet_tree(w);
    wire_end_vector(w, data);
    bytes_write_u16(w, 4);
    data = wire_begin_vector(w);
    filler(w, 0x55, 32);
    wire_end_vector(w, data);
    wire_end_vector(w, begin);
    filler(w, 0x66, 32);
    bytes_write_u32(w, 9);
    filler(w, 0x77, 64);
}

void sample_group_secrets(struct bytes_writer *w, bool path)
{
    filler(w, 0x12, 32);
    bytes_write_u8(w, path);
    if (path)
        filler(w, 0x34, 32);
    size_t begin = wire_begin_vector(w);
    sample_psk_id(w, 1);
    sample_psk_id(w, 2);
    wire_end_vector(w, begin);
}

void sample_welcome(struct bytes_writer *w)
{
    bytes_write_u16(w, 1);
    size_t begin = wire_begin_vector(w);
    for (uint8_t i = 0; i < 2; i++) {
        filler(w, i, 32);
        filler(w, (uint8_t)(i + 1), 32);
        filler(w, (uint8_t)(i + 2), 70);
    }
    wire_end_vector(w, begin);
    filler(w, 0x21, 300);
}

bool sample_message(struct bytes_writer *w, unsigned kind)
{
    static const uint8_t publics[][2] = {{1, 1}, {1, 2}, {1, 3}, {2, 2}, {3, 2}, {4, 3}};
    enum { PUBLICS = sizeof publics / sizeof publics[0] };
    bytes_write_u16(w, 1);
    if (kind < PUBLICS) {
        bytes_write_u16(w, 1);
        sample_public_message(w, publics[kind][0], publics[kind][1]);
        return true;
    }
    bytes_write_u16(w, (uint16_t)(kind - PUBLICS + 2));
    switch (kind - PUBLICS) {
    case 0:
        sample_private_message(w);
        return true;
    case 1:
        sample_welcome(w);
        return true;
    case 2:
        sample_group_info(w);
        return true;
    case 3:
        sample_key_package(w);
        return true;
    default:
        return false;
    }
}
