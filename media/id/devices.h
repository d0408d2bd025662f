/* The devices that the root has certified: a file of their last certificates. It is public, and only the root's device
 * has one. What goes wrong is told on standard error. */
#ifndef ID_DEVICES_H
#define ID_DEVICES_H

#include "id/store.h"
#include "sotto/identity.h"

enum { ID_DEVICES_MAX = 256 };

struct id_devices {
    size_t count;
    struct identity_certificate list[ID_DEVICES_MAX];
    struct id_device_data {
        uint8_t data[IDENTITY_CERTIFICATE_MAX];
        size_t len;
    } data[ID_DEVICES_MAX];
};

/* A missing file is an empty list. free() it. NULL: it cannot be read. */
struct id_devices *id_devices_load(const struct id_store *store);
/* Enters a certificate, in the place of an older one of its device. */
bool id_devices_put(const struct id_store *store, const uint8_t *certificate, size_t len);

#endif
