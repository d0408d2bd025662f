/* What a delivery service may say to a client that has just connected: messages, each with its length in two bytes,
 * with half a second between them. Nothing that comes out may be more than the client could send. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "sotto/call.h"
#include "wire/envelope.h"

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void drain(struct call *call)
{
    struct call_event event;
    struct wire_envelope sent;
    while (call_next_event(call, &event))
        if (event.type == CALL_EVENT_SEND)
            must(wire_envelope_parse(event.data, event.len, &sent) && wire_is_request(sent.type));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[IDENTITY_KEY_LEN] = {1};
    struct identity_key root;
    struct identity_key device;
    struct identity_certificate content = {.name = "a", .device = "b", .created_s = 1000, .expires_s = 100000};
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    struct call_link link = {.host = "h", .room = "tea"};
    struct call_time now = {1000, 2000};
    struct call *call = NULL;
    size_t certificate_len = 0;
    struct bytes_reader r;
    must(identity_key_from_seed(seed, &device) == IDENTITY_OK && identity_key_new(&root) == IDENTITY_OK);
    memcpy(content.device_key, device.public_key, IDENTITY_KEY_LEN);
    must(identity_certificate_make(&root, &content, certificate, sizeof certificate, &certificate_len) == IDENTITY_OK);
    const struct call_config config = {
        .link = &link, .certificate = certificate, .certificate_len = certificate_len, .device_seed = seed};
    must(call_new(&config, now, &call) == CALL_OK);
    call_connected(call, now);
    drain(call);
    bytes_reader_init(&r, data, size);
    while (bytes_reader_left(&r) >= 2) {
        const size_t len = bytes_read_u16(&r);
        const uint8_t *message = bytes_parse(&r, len);
        if (!message)
            break;
        now.ms += 500;
        if (call_receive(call, message, len, now) != CALL_OK)
            break; /* its application closes the connection */
        drain(call);
    }
    call_free(call);
    return 0;
}
