/* Any bytes as a message of add-device, to either side at each point of a run. The first byte chooses the point; an
 * honest run is played up to it. No message that the other side did not send may be taken. */
#include <stdlib.h>
#include <string.h>

#include "sotto/identity.h"

enum { STEPS = 5, NOW_S = 1750000000 };

struct message {
    uint8_t data[IDENTITY_LINK_MESSAGE_MAX];
    size_t len;
};

static const char CODE[] = "12345678";

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void answer(struct identity_link *link, const struct identity_key *root, struct message *out)
{
    struct identity_certificate content = {.name = "Anna", .created_s = NOW_S, .expires_s = NOW_S + 1};
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    size_t len = 0;
    must(identity_link_request(link, content.device_key, content.device) == IDENTITY_OK);
    if (identity_certificate_make(root, &content, certificate, sizeof certificate, &len) == IDENTITY_OK)
        must(identity_link_answer(link, certificate, len, NULL, 0, out->data, sizeof out->data, &out->len) ==
             IDENTITY_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seeds[2][IDENTITY_KEY_LEN] = {{1}, {2}};
    struct identity_key root;
    struct identity_key device;
    struct identity_link *fresh = NULL;
    struct identity_link *rooted = NULL;
    struct message m;
    struct message next;
    if (size < 1)
        return 0;
    const unsigned at = data[0] % STEPS + 1;
    must(identity_key_from_seed(seeds[0], &root) == IDENTITY_OK);
    must(identity_key_from_seed(seeds[1], &device) == IDENTITY_OK);
    must(identity_link_await(CODE, &rooted) == IDENTITY_OK);
    must(identity_link_begin(CODE, device.public_key, "phone", &fresh, m.data, sizeof m.data, &m.len) == IDENTITY_OK);
    for (unsigned i = 1; i <= STEPS; i++) {
        struct identity_link *to = i % 2 ? rooted : fresh;
        if (i == at) {
            const bool expected = identity_link_expects(to, data + 1, size - 1);
            int error = identity_link_receive(to, data + 1, size - 1, next.data, sizeof next.data, &next.len);
            /* a start and a reply are any element: the codes are compared after, by what has the form for it */
            must(error != IDENTITY_OK || at <= 2);
            must(expected == (at <= 2 ? error == IDENTITY_OK : at <= 4 && error == IDENTITY_CODE));
            must((identity_link_state(to) == IDENTITY_LINK_FAILED) == (error != IDENTITY_OK));
            break;
        }
        must(identity_link_receive(to, m.data, m.len, next.data, sizeof next.data, &next.len) == IDENTITY_OK);
        if (identity_link_state(to) == IDENTITY_LINK_ASKED)
            answer(to, &root, &next);
        m = next;
    }
    identity_link_free(fresh);
    identity_link_free(rooted);
    return 0;
}
