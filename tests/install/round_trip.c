/* A program of somebody else's, outside the tree: it knows the installed headers and pkg-config, nothing more.
 * Compiled as C and as C++. Seals a frame, opens it, and is refused when it opens it again. */
#include <sotto/sframe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAYLOAD_LEN = 1000, KID = 7 };

static int fail(const char *what, int error)
{
    fprintf(stderr, "%s: %s\n", what, sframe_strerror(error));
    return 1;
}

int main(void)
{
    static const uint8_t base_key[32] = {1, 2, 3};
    struct sframe_sender_config sending;
    struct sframe_receiver_config receiving;
    memset(&sending, 0, sizeof(sending));
    memset(&receiving, 0, sizeof(receiving));
    sending.profile = SFRAME_PROFILE_RFC9605;
    receiving.profile = SFRAME_PROFILE_RFC9605;

    struct sframe_sender *sender = NULL;
    struct sframe_receiver *receiver = NULL;
    void *sender_memory = malloc(sframe_sender_size(&sending));
    void *receiver_memory = malloc(sframe_receiver_size(&receiving));
    int error = sframe_sender_init(sender_memory, sframe_sender_size(&sending), &sending, &sender);
    if (error == SFRAME_OK)
        error = sframe_receiver_init(receiver_memory, sframe_receiver_size(&receiving), &receiving, &receiver);
    if (error == SFRAME_OK)
        error = sframe_sender_add_key(sender, KID, base_key, sizeof(base_key));
    if (error == SFRAME_OK)
        error = sframe_receiver_add_key(receiver, KID, base_key, sizeof(base_key));
    if (error != SFRAME_OK)
        return fail("set-up", error);

    uint8_t frame[SFRAME_HEAD_MAX + PAYLOAD_LEN + SFRAME_TAG_MAX];
    uint8_t again[sizeof(frame)];
    uint8_t *payload = frame + SFRAME_HEAD_MAX;
    struct sframe_sealed sealed;
    memset(payload, 'x', PAYLOAD_LEN);
    error = sframe_seal(sender, NULL, NULL, 0, frame, SFRAME_HEAD_MAX, payload, PAYLOAD_LEN, payload + PAYLOAD_LEN,
                        SFRAME_TAG_MAX, &sealed);
    if (error != SFRAME_OK)
        return fail("seal", error);

    uint8_t *start = payload - sealed.head_len;
    size_t len = sealed.head_len + PAYLOAD_LEN + sealed.tail_len;
    struct sframe_opened opened;
    memcpy(again, start, len);
    error = sframe_open(receiver, NULL, NULL, 0, start, len, 1, &opened);
    if (error != SFRAME_OK)
        return fail("open", error);
    if (opened.payload_len != PAYLOAD_LEN || opened.payload[0] != 'x' || opened.payload[PAYLOAD_LEN - 1] != 'x')
        return fail("the frame came back changed", SFRAME_INVALID);
    if (sframe_open(receiver, NULL, NULL, 0, again, len, 2, &opened) != SFRAME_REPLAY)
        return fail("a replay was not refused", SFRAME_INVALID);

    sframe_sender_wipe(sender);
    sframe_receiver_wipe(receiver);
    free(sender_memory);
    free(receiver_memory);
    puts("sealed, opened, replay refused");
    return 0;
}
