#include "devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "wire/buffer.h"
#include "wire/vector.h"

enum { FILE_LEN_MAX = ID_DEVICES_MAX * (IDENTITY_CERTIFICATE_MAX + 2) };

static bool enter(struct id_devices *devices, const uint8_t *certificate, size_t len)
{
    struct identity_certificate read;
    size_t i = 0;
    int error = identity_certificate_verify(certificate, len, &read);
    if (error != IDENTITY_OK) {
        fprintf(stderr, "sotto: the list of devices: %s\n", identity_strerror(error));
        return false;
    }
    while (i < devices->count && memcmp(devices->list[i].device_key, read.device_key, IDENTITY_KEY_LEN) != 0)
        i++;
    if (i == ID_DEVICES_MAX) {
        fprintf(stderr, "sotto: more than %d devices\n", ID_DEVICES_MAX);
        return false;
    }
    devices->list[i] = read;
    memcpy(devices->data[i].data, certificate, len);
    devices->data[i].len = len;
    if (i == devices->count)
        devices->count++;
    return true;
}

struct id_devices *id_devices_load(const struct id_store *store)
{
    struct bytes_reader r;
    size_t len = 0;
    struct id_devices *devices = calloc(1, sizeof *devices);
    uint8_t *data = malloc(FILE_LEN_MAX);
    enum id_read result = devices && data ? id_store_read(store, "devices", data, FILE_LEN_MAX, &len) : ID_READ_FAILED;
    bool ok = result != ID_READ_FAILED;
    bytes_reader_init(&r, data, len);
    while (ok && bytes_reader_left(&r) > 0) {
        struct core_slice certificate = wire_parse_vector(&r);
        ok = bytes_reader_ok(&r) && enter(devices, certificate.data, certificate.len);
    }
    if (!ok && result == ID_READ_OK)
        fprintf(stderr, "sotto: %s/devices is damaged\n", store->folder);
    free(data);
    if (ok)
        return devices;
    free(devices);
    return NULL;
}

bool id_devices_put(const struct id_store *store, const uint8_t *certificate, size_t len)
{
    struct bytes_writer w;
    struct id_devices *devices = id_devices_load(store);
    bool ok = devices && enter(devices, certificate, len);
    wire_buffer_init(&w, FILE_LEN_MAX);
    for (size_t i = 0; ok && i < devices->count; i++)
        wire_write_vector(&w, (struct core_slice){devices->data[i].data, devices->data[i].len});
    ok = ok && bytes_writer_ok(&w) && id_store_write(store, "devices", w.data, w.len);
    wire_buffer_free(&w);
    free(devices);
    return ok;
}
