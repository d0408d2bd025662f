/* sfu/address.c */
#include "sfu/address.h"

#include <netinet/in.h>
#include <string.h>

#include "unit.h"

static void mapped_ipv4_is_ipv4(void)
{
    struct sfu_address plain;
    struct sfu_address back;
    struct sockaddr_storage sa;
    CU_ASSERT_TRUE_FATAL(sfu_address_parse(&plain, "192.0.2.7", 4000));

    CU_ASSERT_EQUAL(sfu_address_to_sockaddr(&plain, AF_INET6, &sa), sizeof(struct sockaddr_in6));
    CU_ASSERT_EQUAL(sa.ss_family, AF_INET6);
    CU_ASSERT_TRUE_FATAL(sfu_address_from_sockaddr(&back, &sa));
    CU_ASSERT_TRUE(sfu_address_equal(&plain, &back));

    CU_ASSERT_EQUAL(sfu_address_to_sockaddr(&plain, AF_INET, &sa), sizeof(struct sockaddr_in));
    CU_ASSERT_TRUE_FATAL(sfu_address_from_sockaddr(&back, &sa));
    CU_ASSERT_TRUE(sfu_address_equal(&plain, &back));
}

static void ipv6_round_trips(void)
{
    struct sfu_address address;
    struct sfu_address back;
    struct sockaddr_storage sa;
    CU_ASSERT_TRUE_FATAL(sfu_address_parse(&address, "2001:db8::17", 5000));
    CU_ASSERT_EQUAL(sfu_address_to_sockaddr(&address, AF_INET, &sa), 0);
    CU_ASSERT_EQUAL(sfu_address_to_sockaddr(&address, AF_INET6, &sa), sizeof(struct sockaddr_in6));
    CU_ASSERT_TRUE_FATAL(sfu_address_from_sockaddr(&back, &sa));
    CU_ASSERT_TRUE(sfu_address_equal(&address, &back));
    back.port++;
    CU_ASSERT_FALSE(sfu_address_equal(&address, &back));
}

static void other_families_and_names_are_refused(void)
{
    struct sfu_address address;
    struct sockaddr_storage sa;
    memset(&sa, 0, sizeof sa);
    sa.ss_family = AF_UNIX;
    CU_ASSERT_FALSE(sfu_address_from_sockaddr(&address, &sa));
    CU_ASSERT_FALSE(sfu_address_parse(&address, "localhost", 1));
    CU_ASSERT_FALSE(sfu_address_parse(&address, "", 1));
}

static const struct unit_test tests[] = {
    {"an IPv4 address mapped into IPv6 is the same address", mapped_ipv4_is_ipv4},
    {"an IPv6 address round-trips", ipv6_round_trips},
    {"other families and names are refused", other_families_and_names_are_refused},
};
UNIT_MAIN("sfu.address", tests)
