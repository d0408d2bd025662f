/* SRTP and SRTCP (RFC 3711, RFC 7714) of one transport, behind a table of functions: libsrtp2 implements it, a faster
 * path for RTP can join, and test programs wrap it to see what the router sees.
 *
 * A context holds both directions. It is used by one thread. It remembers at most SFU_SRTP_SSRCS_MAX SSRCs per
 * direction: a peer cannot make it grow. */
#ifndef SFU_SRTP_H
#define SFU_SRTP_H

#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

/* Code points of RFC 5764 section 4.1.2 and RFC 7714 section 14.2. */
enum sfu_srtp_profile {
    SFU_SRTP_AES128_CM_SHA1_80 = 0x0001,
    SFU_SRTP_AEAD_AES_128_GCM = 0x0007,
};

enum {
    SFU_SRTP_KEY_LEN = 16,
    SFU_SRTP_SALT_MAX = 14, /* GCM uses 12 */
    SFU_SRTP_SSRCS_MAX = 256,
    SFU_SRTP_WINDOW = 1024, /* packets that may come late */
    SFU_SRTCP_GROWTH = 20,  /* bytes that SRTCP protection adds at most: index and tag */
    SFU_SRTP_GROWTH = 16,   /* bytes that SRTP protection adds at most: the tag */
};

struct sfu_srtp_key {
    uint8_t key[SFU_SRTP_KEY_LEN];
    uint8_t salt[SFU_SRTP_SALT_MAX];
};

/* Wipe it once the context is made. */
struct sfu_srtp_keys {
    enum sfu_srtp_profile profile;
    struct sfu_srtp_key inbound;
    struct sfu_srtp_key outbound;
};

enum sfu_srtp_error {
    SFU_SRTP_OK = 0,
    SFU_SRTP_AUTHENTICATION = -1, /* the tag is wrong */
    SFU_SRTP_REPLAY = -2,         /* seen before, or behind the window; outbound: already protected once */
    SFU_SRTP_MALFORMED = -3,
    SFU_SRTP_LIMIT = -4, /* one SSRC too many, or the key is used up */
    SFU_SRTP_FAILED = -5,
};

size_t sfu_srtp_salt_len(enum sfu_srtp_profile profile);

struct sfu_srtp;

/* protect and unprotect change the packet in place and *len with it; on an error the bytes are undefined and must not
 * be used. protect needs SFU_SRTP_GROWTH (RTP) or SFU_SRTCP_GROWTH (RTCP) bytes of room behind *len. unprotect
 * commits state only after the tag has been found right. The same (SSRC, index) is never protected twice. */
struct sfu_srtp_ops {
    const char *name;
    /* Starts the library behind it, before other threads use it; may be called again. */
    void (*start)(void);
    /* NULL without memory or if the keys are unfit. */
    struct sfu_srtp *(*new)(const struct sfu_srtp_keys *keys);
    /* Wipes and frees; NULL is allowed. */
    void (*free)(struct sfu_srtp *srtp);
    SOTTO_MUST_CHECK int (*protect_rtp)(struct sfu_srtp *srtp, uint8_t *packet, size_t *len);
    SOTTO_MUST_CHECK int (*unprotect_rtp)(struct sfu_srtp *srtp, uint8_t *packet, size_t *len);
    SOTTO_MUST_CHECK int (*protect_rtcp)(struct sfu_srtp *srtp, uint8_t *packet, size_t *len);
    SOTTO_MUST_CHECK int (*unprotect_rtcp)(struct sfu_srtp *srtp, uint8_t *packet, size_t *len);
};

/* Over libsrtp2: always there. */
extern const struct sfu_srtp_ops sfu_srtp_libsrtp2;

#endif
