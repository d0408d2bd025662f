/* sotto-test-keys: the client, which writes down the secrets of each of its epochs in the file that TEST_KEYS names,
 * for tests that look for them in its memory. A record is a 4-byte length and, numbers big-endian: uint32 what, uint64
 * ms of CLOCK_BOOTTIME, uint64 epoch, uint32 detail, bytes. 'S'  MLS's secrets of an epoch that was derived; detail:
 * the length of each 'K'  SFrame's base key of an epoch that was installed; detail: leaf slots 'R'  that epoch's keys
 * were removed */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "gstsotto/keyring.h"
#include "mls/key_schedule.h"
#include "mls/messages.h"

int __real_mls_epoch_secrets_init(const struct mls_suite *suite, const uint8_t *joiner_secret,
                                  const uint8_t *psk_secret, struct core_slice group_context,
                                  struct mls_epoch_secrets *out);
int __wrap_mls_epoch_secrets_init(const struct mls_suite *suite, const uint8_t *joiner_secret,
                                  const uint8_t *psk_secret, struct core_slice group_context,
                                  struct mls_epoch_secrets *out);
gboolean __real_sotto_key_ring_add_epoch(SottoKeyRing *ring, guint64 epoch, guint32 leaf_slots, const guint8 *leaves,
                                         const guint8 *base_key, gsize base_key_len, GError **error);
gboolean __wrap_sotto_key_ring_add_epoch(SottoKeyRing *ring, guint64 epoch, guint32 leaf_slots, const guint8 *leaves,
                                         const guint8 *base_key, gsize base_key_len, GError **error);
gboolean __real_sotto_key_ring_remove_epoch(SottoKeyRing *ring, guint64 epoch, GError **error);
gboolean __wrap_sotto_key_ring_remove_epoch(SottoKeyRing *ring, guint64 epoch, GError **error);

static int file = -1;

__attribute__((constructor)) static void open_file(void)
{
    const char *path = getenv("TEST_KEYS");

    if (path != NULL && (file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) < 0)
        perror(path);
}

/* By one system call from where the secret lies: no copy of it is made here. */
static void note(char what, uint64_t epoch, uint32_t detail, const void *secret, size_t len)
{
    struct {
        uint32_t len;
        uint32_t what;
        uint64_t at_ms;
        uint64_t epoch;
        uint32_t detail;
    } __attribute__((packed)) head;
    struct timespec now;
    struct iovec parts[] = {{&head, sizeof head}, {(void *)(uintptr_t)secret, len}};

    if (file < 0)
        return;
    clock_gettime(CLOCK_BOOTTIME, &now);
    head.len = htonl((uint32_t)(sizeof head - sizeof head.len + len));
    head.what = htonl((uint32_t)what);
    head.at_ms = GUINT64_TO_BE((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
    head.epoch = GUINT64_TO_BE(epoch);
    head.detail = htonl(detail);
    if (writev(file, parts, 2) < 0)
        perror("TEST_KEYS");
}

int __wrap_mls_epoch_secrets_init(const struct mls_suite *suite, const uint8_t *joiner_secret,
                                  const uint8_t *psk_secret, struct core_slice group_context,
                                  struct mls_epoch_secrets *out)
{
    const int rc = __real_mls_epoch_secrets_init(suite, joiner_secret, psk_secret, group_context, out);
    struct mls_group_context context;
    struct bytes_reader r;

    bytes_reader_init(&r, group_context.data, group_context.len);
    mls_group_context_parse(&r, &context);
    if (rc == 0)
        note('S', context.epoch, MLS_HASH_MAX, out, sizeof *out);
    return rc;
}

gboolean __wrap_sotto_key_ring_add_epoch(SottoKeyRing *ring, guint64 epoch, guint32 leaf_slots, const guint8 *leaves,
                                         const guint8 *base_key, gsize base_key_len, GError **error)
{
    note('K', epoch, leaf_slots, base_key, base_key_len);
    return __real_sotto_key_ring_add_epoch(ring, epoch, leaf_slots, leaves, base_key, base_key_len, error);
}

gboolean __wrap_sotto_key_ring_remove_epoch(SottoKeyRing *ring, guint64 epoch, GError **error)
{
    const gboolean removed = __real_sotto_key_ring_remove_epoch(ring, epoch, error);

    note('R', epoch, 0, NULL, 0);
    return removed;
}
