/* A transport address in one form: an IPv4 address that arrives mapped into IPv6 is IPv4 here, so that it compares
 * equal and STUN reports it as the peer knows it. */
#ifndef SFU_ADDRESS_H
#define SFU_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "sotto/export.h"

/* No padding between the members and unused bytes are zero: compared and hashed as bytes. */
struct sfu_address {
    uint8_t family; /* 4 or 6; 0 is no address */
    uint8_t zero;
    uint16_t port;  /* host order */
    uint32_t scope; /* IPv6 link-local */
    uint8_t ip[16]; /* network order; IPv4 in the first four */
};

/* False if sa is neither IPv4 nor IPv6. */
SOTTO_MUST_CHECK bool sfu_address_from_sockaddr(struct sfu_address *address, const struct sockaddr_storage *sa);
/* For a socket of socket_family (AF_INET or AF_INET6). Returns the length, 0 if that socket cannot reach it. */
socklen_t sfu_address_to_sockaddr(const struct sfu_address *address, int socket_family, struct sockaddr_storage *sa);
/* Reads a numeric address. */
SOTTO_MUST_CHECK bool sfu_address_parse(struct sfu_address *address, const char *text, uint16_t port);
bool sfu_address_equal(const struct sfu_address *a, const struct sfu_address *b);

#endif
