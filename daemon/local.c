#include "daemon/local.h"

#include <string.h>

#include "daemon/text.h"

/* With or without a port. */
static bool is_loopback_host(struct text_slice host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t len = strlen(names[i]);
        if (text_starts(host, names[i]) && (host.len == len || host.data[len] == ':'))
            return true;
    }
    return false;
}

bool daemon_is_local(bool from_loopback, const char *host, const char *origin)
{
    struct text_slice from = text_of(origin);
    if (!from_loopback || !is_loopback_host(text_of(host)))
        return false;
    if (from.len == 0)
        return true;
    /* SCHEME "//" HOST */
    text_take(&from, '/');
    text_take(&from, '/');
    return is_loopback_host(from);
}
