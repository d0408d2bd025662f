#include "sframe_input.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 5, RATCHET_BITS = 2 };

static const uint8_t key_a[16] = {1};
static const uint8_t key_b[16] = {2};
static const uint8_t members[] = {0x17, 0x01};

static void install(struct sframe_receiver *receiver, unsigned keying)
{
    int rc = SFRAME_OK;
    switch (keying % 4) {
    case 0:
        rc = sframe_receiver_add_key(receiver, 1, key_a, sizeof key_a);
        rc |= sframe_receiver_add_key(receiver, 300, key_a, sizeof key_a);
        break;
    case 1:
        rc = sframe_receiver_add_ratchet(receiver, 1 << RATCHET_BITS, RATCHET_BITS, key_a, sizeof key_a);
        break;
    case 2:
        rc = sframe_receiver_add_epoch(receiver, 7, SLOTS, members, key_a, sizeof key_a);
        break;
    default:
        rc = sframe_receiver_add_shared(receiver, key_a, sizeof key_a);
    }
    if (rc != SFRAME_OK)
        abort();
}

struct sframe_receiver *sframe_input_receiver(unsigned set_up)
{
    const struct sframe_receiver_config config = {
        .suite = (uint16_t)(1 + set_up % 8), .profile = set_up / 8 % 2, .keys = SFRAME_INPUT_KEYS};
    const size_t len = sframe_receiver_size(&config);
    void *memory = malloc(len);
    struct sframe_receiver *receiver = NULL;
    if (!memory || sframe_receiver_init_with(&provider_identity, memory, len, &config, &receiver) != SFRAME_OK)
        abort();
    install(receiver, set_up / 16);
    return receiver;
}

/* One is removed, or its clock is told. */
static int leaf(struct sframe_receiver *receiver, struct bytes_reader *r)
{
    enum { CLOCK = 0xc6 };
    const uint8_t index = bytes_read_u8(r);
    if (index != CLOCK)
        return sframe_receiver_remove_leaf(receiver, 7, index);
    const uint8_t of = bytes_read_u8(r);
    return sframe_receiver_set_clock(receiver, 7, of, bytes_read_u16(r));
}

void sframe_input_change(struct sframe_receiver *receiver, unsigned operation, struct bytes_reader *r)
{
    int rc = SFRAME_OK;
    switch (operation) {
    case 1:
        /* what a key opened it could open again after it came back: it must not come back */
        rc = sframe_receiver_remove_key(receiver, bytes_read_u16(r));
        if (rc == SFRAME_OK &&
            (sframe_receiver_add_key(receiver, 1, key_a, sizeof key_a) == SFRAME_OK ||
             sframe_receiver_add_ratchet(receiver, 1 << RATCHET_BITS, RATCHET_BITS, key_a, sizeof key_a) == SFRAME_OK))
            abort();
        break;
    case 2:
        rc = leaf(receiver, r);
        break;
    case 3:
        rc = sframe_receiver_add_epoch(receiver, 8, SLOTS + 4, members, key_b, sizeof key_b);
        break;
    default:
        rc = sframe_receiver_remove_epoch(receiver, bytes_read_u8(r));
    }
    (void)rc;
}

bool sframe_input_frame(unsigned operation, struct bytes_reader *r, struct sframe_input_frame *frame)
{
    memset(frame, 0, sizeof *frame);
    frame->expect.kinds = bytes_read_u8(r);
    frame->expect.codec = bytes_read_u8(r) % 8;
    frame->expects = operation != 5;
    if (operation == 6) {
        frame->metadata = key_a;
        frame->metadata_len = sizeof key_a;
    }
    frame->len = bytes_read_u8(r);
    const uint8_t *data = bytes_parse(r, frame->len);
    frame->bytes = data ? malloc(frame->len ? frame->len : 1) : NULL;
    if (!frame->bytes)
        return false;
    memcpy(frame->bytes, data, frame->len);
    return true;
}
