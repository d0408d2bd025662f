#include "sfu/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

_Static_assert(sizeof(struct sfu_address) == 24, "compared as bytes: no padding");

bool sfu_address_from_sockaddr(struct sfu_address *address, const struct sockaddr_storage *sa)
{
    struct sfu_address out = {0};
    if (sa->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        out.family = 4;
        out.port = ntohs(in.sin_port);
        memcpy(out.ip, &in.sin_addr, 4);
    } else if (sa->ss_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, sa, sizeof in);
        out.port = ntohs(in.sin6_port);
        if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) {
            out.family = 4;
            memcpy(out.ip, &in.sin6_addr.s6_addr[12], 4);
        } else {
            out.family = 6;
            out.scope = in.sin6_scope_id;
            memcpy(out.ip, &in.sin6_addr, 16);
        }
    } else {
        return false;
    }
    *address = out;
    return true;
}

socklen_t sfu_address_to_sockaddr(const struct sfu_address *address, int socket_family, struct sockaddr_storage *sa)
{
    memset(sa, 0, sizeof *sa);
    if (socket_family == AF_INET && address->family == 4) {
        struct sockaddr_in out = {.sin_family = AF_INET, .sin_port = htons(address->port)};
        memcpy(&out.sin_addr, address->ip, 4);
        memcpy(sa, &out, sizeof out);
        return sizeof out;
    }
    if (socket_family == AF_INET6 && (address->family == 4 || address->family == 6)) {
        struct sockaddr_in6 out = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
        if (address->family == 6) {
            out.sin6_scope_id = address->scope;
            memcpy(&out.sin6_addr, address->ip, 16);
        } else {
            out.sin6_addr.s6_addr[10] = 0xff;
            out.sin6_addr.s6_addr[11] = 0xff;
            memcpy(&out.sin6_addr.s6_addr[12], address->ip, 4);
        }
        memcpy(sa, &out, sizeof out);
        return sizeof out;
    }
    return 0;
}

bool sfu_address_parse(struct sfu_address *address, const char *text, uint16_t port)
{
    struct sfu_address out = {.port = port};
    if (inet_pton(AF_INET, text, out.ip) == 1)
        out.family = 4;
    else if (inet_pton(AF_INET6, text, out.ip) == 1)
        out.family = 6;
    else
        return false;
    *address = out;
    return true;
}

bool sfu_address_equal(const struct sfu_address *a, const struct sfu_address *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}
