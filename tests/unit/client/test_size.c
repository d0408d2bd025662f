/* How large a call may be: what a group of two thousand is described by fits what the delivery service carries. */
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "seal.h"
#include "unit.h"
#include "wire/envelope.h"

enum {
    MEMBERS = 2000,
    PARENT_MAX = 120, /* bytes of a parent node: 32 of a key, 32 of a hash, unmerged leaves; most are blank here */
};

/* Somebody with the longest of names. */
static struct mls_output package_of(unsigned i)
{
    struct crew crew;
    uint8_t seed[IDENTITY_KEY_LEN] = {(uint8_t)(i >> 8), (uint8_t)i, 1};
    crew_init(&crew, 1, 1);
    CU_ASSERT_EQUAL(identity_key_from_seed(seed, &crew.root), IDENTITY_OK);
    seed[2] = 2;
    CU_ASSERT_EQUAL(identity_key_from_seed(seed, &crew.device), IDENTITY_OK);
    memset(crew.content.name, 'n', IDENTITY_NAME_MAX);
    memset(crew.content.device, 'd', IDENTITY_DEVICE_MAX);
    crew_certify(&crew, CREW_NOW_S - 100, CREW_NOW_S + IDENTITY_CERTIFICATE_LIFE_S - 100);
    crew_new_package(&crew, 0);
    const struct mls_output package = crew.package;
    crew.package = (struct mls_output){0};
    crew_wipe(&crew);
    return package;
}

static void two_thousand_fit(void)
{
    struct crew founder;
    struct mls_proposal_config *adds = calloc(MEMBERS, sizeof *adds);
    struct mls_output *packages = calloc(MEMBERS, sizeof *packages);
    struct mls_staged *staged = NULL;
    struct mls_output info = {0};
    CU_ASSERT_FATAL(adds && packages);
    crew_init(&founder, 2, 2);
    const struct call_params params = crew_params(&founder);
    crew_found(&founder, &params);
    for (unsigned i = 1; i < MEMBERS; i++) {
        struct crew with = {.package = packages[i] = package_of(i)};
        adds[i - 1] = crew_add(&with);
    }
    const struct crew_commit commit = {.proposals = adds, .count = MEMBERS - 1};
    CU_ASSERT_EQUAL_FATAL(crew_commit(&founder, &commit, &staged), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(mls_staged_group_info(staged, true, &info), MLS_OK);
    const size_t at_most = info.len + (size_t)MEMBERS * PARENT_MAX;
    printf("a GroupInfo of %d: %zu bytes, %zu with all parents; ", MEMBERS, info.len, at_most);
    CU_ASSERT(info.len > 512 * 1024); /* more than one piece: what the limit is for */
    CU_ASSERT(call_box_len(at_most) <= WIRE_GROUP_INFO_MAX);
    mls_output_free(&info);
    mls_staged_free(staged);
    for (unsigned i = 1; i < MEMBERS; i++)
        mls_output_free(&packages[i]);
    free(packages);
    free(adds);
    crew_wipe(&founder);
}

static const struct unit_test tests[] = {
    {"a call of two thousand with the longest names can be joined", two_thousand_fit},
};
UNIT_MAIN("client.size", tests)
