#include "daemon/config.h"

#include <arpa/inet.h>
#include <string.h>

static bool parse_address(const char *address, unsigned char out[16], int *family)
{
    *family = strchr(address, ':') ? AF_INET6 : AF_INET;
    return inet_pton(*family, address, out) == 1;
}

bool config_address_is_loopback(const char *address)
{
    static const unsigned char one[16] = {[15] = 1};
    unsigned char bytes[16];
    int family;
    if (!parse_address(address, bytes, &family))
        return false;
    return family == AF_INET ? bytes[0] == 127 : memcmp(bytes, one, 16) == 0;
}

bool config_address_is_wildcard(const char *address)
{
    static const unsigned char none[16] = {0};
    unsigned char bytes[16];
    int family;
    return parse_address(address, bytes, &family) && memcmp(bytes, none, family == AF_INET ? 4 : 16) == 0;
}

const char *config_read_address(struct text_slice value, char out[CONFIG_ADDRESS_MAX])
{
    char address[CONFIG_ADDRESS_MAX];
    unsigned char bytes[16];
    int family;
    if (!text_copy(value, address, sizeof(address)) || !parse_address(address, bytes, &family))
        return "expected a numeric IPv4 or IPv6 address";
    memcpy(out, address, sizeof(address));
    return NULL;
}

const char *config_read_port(struct text_slice value, uint16_t *out)
{
    uint64_t number;
    if (!text_number(value, 65535, &number))
        return "expected a port from 0 to 65535";
    *out = (uint16_t)number;
    return NULL;
}

const char *config_read_endpoint(struct text_slice value, char address[CONFIG_ADDRESS_MAX], uint16_t *port)
{
    struct text_slice host;
    uint16_t number = 0;
    if (text_starts(value, "[")) {
        value.data++;
        value.len--;
        host = text_take(&value, ']');
        if (!text_starts(value, ":"))
            return "expected [ADDRESS]:PORT";
        text_take(&value, ':');
    } else {
        host = text_take(&value, ':');
    }
    const char *problem = config_read_port(value, &number);
    if (!problem)
        problem = config_read_address(host, address);
    if (!problem)
        *port = number;
    return problem;
}

const char *config_read_count(struct text_slice value, uint64_t min, uint64_t max, uint32_t *out)
{
    uint64_t number;
    if (!text_number(value, max, &number) || number < min)
        return "the number is out of range";
    *out = (uint32_t)number;
    return NULL;
}

const char *config_read_flag(struct text_slice value, bool *out)
{
    bool yes = text_equal(value, "yes");
    if (!yes && !text_equal(value, "no"))
        return "expected yes or no";
    *out = yes;
    return NULL;
}

const char *config_read_path(struct text_slice value, char out[CONFIG_PATH_MAX])
{
    return value.len > 0 && text_copy(value, out, CONFIG_PATH_MAX) ? NULL : "expected a path of at most 1023 bytes";
}
