#include <limits.h>
#include <pthread.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/secret.h"
#include "sfu/srtp.h"

enum {
    RTP_HEADER_MIN = 12,
    RTCP_HEADER_MIN = 8,
};

/* The SSRCs that a direction has state for. libsrtp2 would make a stream for each new one. */
struct ssrc_set {
    uint32_t ssrcs[SFU_SRTP_SSRCS_MAX];
    size_t count;
};

struct sfu_srtp {
    srtp_t inbound;
    srtp_t outbound;
    struct ssrc_set heard;
    struct ssrc_set spoken;
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void start_library(void)
{
    /* fails too if something else in the process has started it: srtp_create will tell whether it works */
    (void)srtp_init();
}

static void libsrtp2_start(void)
{
    (void)pthread_once(&library_once, start_library);
}

static bool holds(struct ssrc_set *set, uint32_t ssrc)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->ssrcs[i] != ssrc)
            continue;
        /* the busy ones drift to the front */
        if (i > 0) {
            set->ssrcs[i] = set->ssrcs[i - 1];
            set->ssrcs[i - 1] = ssrc;
        }
        return true;
    }
    return false;
}

static int translate(srtp_err_status_t status)
{
    switch (status) {
    case srtp_err_status_ok:
        return SFU_SRTP_OK;
    case srtp_err_status_auth_fail:
        return SFU_SRTP_AUTHENTICATION;
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
        return SFU_SRTP_REPLAY;
    case srtp_err_status_bad_param:
    case srtp_err_status_parse_err:
        return SFU_SRTP_MALFORMED;
    case srtp_err_status_key_expired:
        return SFU_SRTP_LIMIT;
    default:
        return SFU_SRTP_FAILED;
    }
}

static srtp_t direction_new(enum sfu_srtp_profile profile, const struct sfu_srtp_key *key, srtp_ssrc_type_t type)
{
    uint8_t master[SFU_SRTP_KEY_LEN + SFU_SRTP_SALT_MAX];
    memcpy(master, key->key, SFU_SRTP_KEY_LEN);
    memcpy(master + SFU_SRTP_KEY_LEN, key->salt, sfu_srtp_salt_len(profile));

    srtp_policy_t policy;
    memset(&policy, 0, sizeof policy);
    if (profile == SFU_SRTP_AEAD_AES_128_GCM) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    } else {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
    }
    policy.ssrc.type = type;
    policy.key = master;
    policy.window_size = SFU_SRTP_WINDOW;
    policy.allow_repeat_tx = 0;
    srtp_t direction = NULL;
    if (srtp_create(&direction, &policy) != srtp_err_status_ok)
        direction = NULL;
    core_wipe(master, sizeof master);
    return direction;
}

static void libsrtp2_free(struct sfu_srtp *srtp)
{
    if (!srtp)
        return;
    if (srtp->inbound)
        (void)srtp_dealloc(srtp->inbound);
    if (srtp->outbound)
        (void)srtp_dealloc(srtp->outbound);
    core_wipe(srtp, sizeof *srtp);
    free(srtp);
}

static struct sfu_srtp *libsrtp2_new(const struct sfu_srtp_keys *keys)
{
    if (keys->profile != SFU_SRTP_AES128_CM_SHA1_80 && keys->profile != SFU_SRTP_AEAD_AES_128_GCM)
        return NULL;
    libsrtp2_start();
    struct sfu_srtp *srtp = calloc(1, sizeof *srtp);
    if (!srtp)
        return NULL;
    srtp->inbound = direction_new(keys->profile, &keys->inbound, ssrc_any_inbound);
    srtp->outbound = direction_new(keys->profile, &keys->outbound, ssrc_any_outbound);
    if (!srtp->inbound || !srtp->outbound) {
        libsrtp2_free(srtp);
        return NULL;
    }
    return srtp;
}

typedef srtp_err_status_t (*operation)(srtp_t ctx, void *packet, int *len);

/* Runs one operation under the bound on SSRCs. ssrc_at is where the packet keeps its SSRC. */
static int run(srtp_t direction, struct ssrc_set *set, operation run_operation, uint8_t *packet, size_t *len,
               size_t ssrc_at, size_t min_len)
{
    if (*len < min_len || *len > INT_MAX)
        return SFU_SRTP_MALFORMED;
    struct bytes_reader r;
    bytes_reader_init(&r, packet + ssrc_at, 4);
    uint32_t ssrc = bytes_read_u32(&r);
    bool known = holds(set, ssrc);
    if (!known && set->count == SFU_SRTP_SSRCS_MAX)
        return SFU_SRTP_LIMIT;
    int new_len = (int)*len;
    int error = translate(run_operation(direction, packet, &new_len));
    if (error != SFU_SRTP_OK)
        return error;
    if (new_len < 0)
        return SFU_SRTP_FAILED;
    if (!known)
        set->ssrcs[set->count++] = ssrc;
    *len = (size_t)new_len;
    return SFU_SRTP_OK;
}

static int libsrtp2_protect_rtp(struct sfu_srtp *srtp, uint8_t *packet, size_t *len)
{
    return run(srtp->outbound, &srtp->spoken, srtp_protect, packet, len, 8, RTP_HEADER_MIN);
}

static int libsrtp2_unprotect_rtp(struct sfu_srtp *srtp, uint8_t *packet, size_t *len)
{
    return run(srtp->inbound, &srtp->heard, srtp_unprotect, packet, len, 8, RTP_HEADER_MIN);
}

static int libsrtp2_protect_rtcp(struct sfu_srtp *srtp, uint8_t *packet, size_t *len)
{
    return run(srtp->outbound, &srtp->spoken, srtp_protect_rtcp, packet, len, 4, RTCP_HEADER_MIN);
}

static int libsrtp2_unprotect_rtcp(struct sfu_srtp *srtp, uint8_t *packet, size_t *len)
{
    return run(srtp->inbound, &srtp->heard, srtp_unprotect_rtcp, packet, len, 4, RTCP_HEADER_MIN);
}

const struct sfu_srtp_ops sfu_srtp_libsrtp2 = {
    .name = "libsrtp2",
    .start = libsrtp2_start,
    .new = libsrtp2_new,
    .free = libsrtp2_free,
    .protect_rtp = libsrtp2_protect_rtp,
    .unprotect_rtp = libsrtp2_unprotect_rtp,
    .protect_rtcp = libsrtp2_protect_rtcp,
    .unprotect_rtcp = libsrtp2_unprotect_rtcp,
};
