/* STUN and ICE: any bytes, as they are or (first byte odd) sealed anew under the right password, so that what stands
 * behind fingerprint and integrity is reached. An answer is never longer than its question and reads back. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sfu/ice.h"
#include "test_stun.h"

static const struct sfu_ice_credentials credentials = {
    .local_ufrag = "a",
    .local_pwd = "the local password",
    .remote_ufrag = "b",
    .remote_pwd = "the remote password",
};

static void must(bool condition)
{
    if (!condition)
        abort();
}

/* Where the session stands when the message comes. */
struct situation {
    const char *from;
    const char *selected; /* NULL: no address yet */
    bool settled;         /* the selected address is proven */
    bool challenged;      /* this transaction was ours, sent to where the message comes from */
};

static void ask(const struct sfu_stun *stun, const struct situation *situation)
{
    struct sfu_ice ice;
    struct sfu_address at;
    struct sfu_address *from = &at;
    struct sfu_ice_reply reply;
    struct test_stun_reply read;
    must(sfu_ice_init(&ice, &credentials, 1) && sfu_address_parse(from, situation->from, 7));
    must(!situation->selected || sfu_address_parse(&ice.selected, situation->selected, 7));
    enum sfu_ice_outcome outcome = sfu_ice_request(&ice, stun, from, situation->settled, 2, &reply);
    must(reply.len <= stun->len);
    if (reply.len > 0) {
        must(outcome != SFU_ICE_DROPPED && sfu_stun_authentic(stun, credentials.local_pwd));
        must(test_stun_read(reply.data, reply.len, credentials.local_pwd, &read));
        must(memcmp(read.transaction, stun->transaction, sizeof read.transaction) == 0);
        must((outcome == SFU_ICE_REFUSED) == (read.error != 0));
    }
    if (outcome == SFU_ICE_DROPPED || outcome == SFU_ICE_REFUSED)
        must(ice.consent_us == 1);
    if (situation->challenged) {
        ice.challenged = *from;
        memcpy(ice.challenge, stun->transaction, sizeof ice.challenge);
    }
    if (sfu_ice_response(&ice, stun, from, 3))
        must(situation->challenged && stun->class == SFU_STUN_SUCCESS &&
             sfu_stun_authentic(stun, credentials.remote_pwd));
    sfu_ice_wipe(&ice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct situation situations[] = {
        {.from = "192.0.2.1", .challenged = true},
        {.from = "192.0.2.1", .selected = "192.0.2.2", .challenged = true},
        {.from = "192.0.2.1", .selected = "192.0.2.2", .settled = true},
        {.from = "2001:db8::1", .selected = "2001:db8::1", .settled = true, .challenged = true},
    };
    struct sfu_stun stun;
    if (size < 1 || size > SFU_STUN_MAX + 100)
        return 0;
    uint8_t *message = malloc(size);
    must(message);
    memcpy(message, data + 1, size - 1);
    if (data[0] & 1)
        test_stun_reseal(message, size - 1, data[0] & 2 ? credentials.remote_pwd : credentials.local_pwd);
    if (sfu_stun_parse(&stun, message, size - 1)) {
        must(stun.len == size - 1 && stun.unknown_count <= SFU_STUN_UNKNOWN_MAX);
        must(!stun.username || (stun.username >= message && stun.username + stun.username_len <= message + size - 1));
        for (size_t i = 0; i < sizeof situations / sizeof situations[0]; i++)
            ask(&stun, &situations[i]);
    }
    free(message);
    return 0;
}
