/* Who --dev serves: this machine, and nobody by way of it. */
#ifndef DAEMON_LOCAL_H
#define DAEMON_LOCAL_H

#include <stdbool.h>

/* True if a request comes from this machine and was meant for it: its peer is a loopback address, and so are its Host
 * and its Origin (empty if it has none). A web page from elsewhere cannot bring that about, nor a name that points
 * here. */
bool daemon_is_local(bool from_loopback, const char *host, const char *origin);

#endif
