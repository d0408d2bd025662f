/* sotto-sfu-canary: the forwarding unit's own objects, and a file (TEST_PACKETS) that gets every RTP packet after SRTP
 * removal, as a 4-byte length (big-endian) and its bytes. Never part of a release. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "sfu/router.h"

void __real_sfu_router_rtp(struct sfu_router *router, struct sfu_peer *from, uint8_t *packet, size_t len,
                           uint64_t now_us);
void __wrap_sfu_router_rtp(struct sfu_router *router, struct sfu_peer *from, uint8_t *packet, size_t len,
                           uint64_t now_us);

void __wrap_sfu_router_rtp(struct sfu_router *router, struct sfu_peer *from, uint8_t *packet, size_t len,
                           uint64_t now_us)
{
    static FILE *file; /* there is one worker, so one thread */
    const uint32_t be_len = htonl((uint32_t)len);

    if (file == NULL) {
        const char *path = getenv("TEST_PACKETS");
        file = path != NULL ? fopen(path, "wbe") : NULL;
        if (file == NULL) {
            fputs("sotto-sfu-canary: TEST_PACKETS names no file that can be written\n", stderr);
            abort();
        }
    }
    fwrite(&be_len, sizeof(be_len), 1, file);
    fwrite(packet, 1, len, file);
    fflush(file);
    __real_sfu_router_rtp(router, from, packet, len, now_us);
}
