/* The adversary shows certificates: made up, copied, old, changed. What a member asks of each is
 * identity_credential_check with its leaf's signature key and the group's time; what its screen shows is the pins'. */
#include <string.h>

#include "people.h"
#include "unit.h"

enum { SIGNATURE_LEN = 64 };

struct adversary {
    struct identity_key root;
    struct identity_key device;
};

static struct adversary mallory(void)
{
    return (struct adversary){people_key(0x66), people_key(0x67)};
}

static size_t annas(uint8_t *out)
{
    const struct identity_key root = people_key(1);
    const struct identity_certificate content = people_anna();
    return people_certify(&root, &content, out);
}

/* As a member that joins with `device` is judged. */
static int judged(const uint8_t *credential, size_t len, const struct identity_key *device, uint64_t at_s,
                  struct identity_certificate *out)
{
    return identity_credential_check(credential, len, device->public_key, IDENTITY_KEY_LEN, at_s, out);
}

static struct identity_pins *who_knows_anna(void)
{
    struct identity_pins *pins = NULL;
    struct identity_pin pin = {.claimed = "Anna", .verified = true};
    memcpy(pin.root_key, people_key(1).public_key, IDENTITY_KEY_LEN);
    CU_ASSERT_EQUAL_FATAL(identity_pins_new(&pins), IDENTITY_OK);
    CU_ASSERT_EQUAL_FATAL(identity_pins_put(pins, &pin), IDENTITY_OK);
    return pins;
}

/* Everything as Anna says it, under a root of the adversary's own: genuine, and another user. */
static void made_up(void)
{
    const struct adversary m = mallory();
    struct identity_certificate content = people_anna();
    struct identity_certificate shown;
    struct identity_judgement judgement;
    struct identity_pins *pins = who_knows_anna();
    uint8_t user_id[IDENTITY_USER_ID_LEN];
    uint8_t real[IDENTITY_CERTIFICATE_MAX];
    uint8_t fake[IDENTITY_CERTIFICATE_MAX];
    memcpy(content.device_key, m.device.public_key, IDENTITY_KEY_LEN);
    size_t real_len = annas(real);
    size_t fake_len = people_certify(&m.root, &content, fake);
    CU_ASSERT_EQUAL_FATAL(judged(fake, fake_len, &m.device, PEOPLE_NOW, &shown), IDENTITY_OK);
    CU_ASSERT_STRING_EQUAL(shown.name, "Anna");
    CU_ASSERT_EQUAL(identity_user_id(people_key(1).public_key, user_id), IDENTITY_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(shown.user_id, user_id, sizeof user_id), 0);
    CU_ASSERT_FALSE(identity_same_user(real, real_len, fake, fake_len));
    CU_ASSERT_FALSE(identity_successor(real, real_len, fake, fake_len));
    identity_pins_judge(pins, shown.root_key, shown.name, NULL, NULL, &judgement);
    CU_ASSERT_EQUAL(judgement.state, IDENTITY_PIN_CHANGED);
    identity_pins_free(pins);
}

/* Anna's root key in front, the adversary's signature behind. */
static void made_up_for_annas_root(void)
{
    const struct adversary m = mallory();
    struct people_raw raw = people_anna_raw();
    uint8_t fake[512];
    raw.device_key = m.device.public_key;
    size_t len = people_sign_raw(&m.root, "DeviceCertificate", &raw, fake, sizeof fake);
    CU_ASSERT_EQUAL(judged(fake, len, &m.device, PEOPLE_NOW, NULL), IDENTITY_SIGNATURE);
    /* or by a device of Anna's own that was stolen: devices certify nobody */
    const struct identity_key stolen = people_key(2);
    len = people_sign_raw(&stolen, "DeviceCertificate", &raw, fake, sizeof fake);
    CU_ASSERT_EQUAL(judged(fake, len, &m.device, PEOPLE_NOW, NULL), IDENTITY_SIGNATURE);
}

static void copied_into_another_leaf(void)
{
    const struct adversary m = mallory();
    const struct identity_key anna = people_key(2);
    uint8_t copy[IDENTITY_CERTIFICATE_MAX];
    size_t len = annas(copy);
    CU_ASSERT_EQUAL(judged(copy, len, &m.device, PEOPLE_NOW, NULL), IDENTITY_DEVICE);
    CU_ASSERT_EQUAL(judged(copy, len, &m.root, PEOPLE_NOW, NULL), IDENTITY_DEVICE);
    CU_ASSERT_EQUAL(judged(copy, len, &anna, PEOPLE_NOW, NULL), IDENTITY_OK); /* the control */
}

/* Another's device under the adversary's root: it stays without a leaf, for it cannot sign as that device; and it is
 * never taken for the victim's. */
static void anothers_device_claimed(void)
{
    const struct adversary m = mallory();
    struct identity_certificate content = people_anna();
    uint8_t real[IDENTITY_CERTIFICATE_MAX];
    uint8_t claim[IDENTITY_CERTIFICATE_MAX];
    size_t real_len = annas(real);
    size_t claim_len = people_certify(&m.root, &content, claim);
    CU_ASSERT_FALSE(identity_same_device(real, real_len, claim, claim_len));
    CU_ASSERT_FALSE(identity_successor(real, real_len, claim, claim_len));
    CU_ASSERT_EQUAL(judged(claim, claim_len, &m.device, PEOPLE_NOW, NULL), IDENTITY_DEVICE);
}

static void expired(void)
{
    const struct identity_key anna = people_key(2);
    const struct identity_certificate content = people_anna();
    struct identity_certificate read;
    uint8_t old[IDENTITY_CERTIFICATE_MAX];
    size_t len = annas(old);
    CU_ASSERT_EQUAL(judged(old, len, &anna, content.expires_s - 1, NULL), IDENTITY_OK);
    CU_ASSERT_EQUAL(judged(old, len, &anna, content.expires_s, NULL), IDENTITY_EXPIRED);
    CU_ASSERT_EQUAL(judged(old, len, &anna, UINT64_MAX, NULL), IDENTITY_EXPIRED);
    /* of leaves that are in already no time is asked */
    CU_ASSERT_EQUAL_FATAL(judged(old, len, &anna, 0, &read), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_certificate_current(&read, content.expires_s), IDENTITY_EXPIRED);
}

static void revoked(void)
{
    const struct identity_key root = people_key(1);
    struct identity_revocations first = {.number = 1, .created_s = PEOPLE_NOW};
    struct identity_revocations second = {.number = 2, .created_s = PEOPLE_NOW + 1};
    struct identity_revocations held = {0};
    struct identity_revocations read;
    uint8_t list[IDENTITY_REVOCATIONS_MAX];
    bool changed = false;
    size_t len = 0;
    CU_ASSERT_EQUAL(identity_revocations_add(&second, people_key(2).public_key), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_revocations_make(&root, &second, list, sizeof list, &len), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_revocations_verify(list, len, &read), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_revocations_merge(&held, &read, NULL), IDENTITY_OK);
    CU_ASSERT(identity_revocations_has(&held, people_key(2).public_key));
    /* an older list that lacks the device, replayed, revives nothing */
    CU_ASSERT_EQUAL(identity_revocations_make(&root, &first, list, sizeof list, &len), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_revocations_verify(list, len, &read), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_revocations_merge(&held, &read, &changed), IDENTITY_OK);
    CU_ASSERT(!changed && identity_revocations_has(&held, people_key(2).public_key));
    /* nor does the adversary's own list, whatever its number */
    const struct adversary m = mallory();
    first.number = 1000;
    CU_ASSERT_EQUAL(identity_revocations_make(&m.root, &first, list, sizeof list, &len), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_revocations_verify(list, len, &read), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_revocations_merge(&held, &read, &changed), IDENTITY_ROOT);
    CU_ASSERT(identity_revocations_has(&held, people_key(2).public_key));
    memcpy(list + 3, root.public_key, IDENTITY_KEY_LEN);
    CU_ASSERT_EQUAL(identity_revocations_verify(list, len, &read), IDENTITY_SIGNATURE);
}

static void changed_anywhere(void)
{
    const struct identity_key anna = people_key(2);
    struct identity_certificate read;
    uint8_t bytes[IDENTITY_CERTIFICATE_MAX + 1] = {0};
    size_t len = annas(bytes);
    for (size_t bit = 0; bit < len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CU_ASSERT_NOT_EQUAL(judged(bytes, len, &anna, 0, &read), IDENTITY_OK);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < len; cut++)
        CU_ASSERT_EQUAL(judged(bytes, cut, &anna, 0, &read), IDENTITY_MALFORMED);
    CU_ASSERT_EQUAL(judged(bytes, len + 1, &anna, 0, &read), IDENTITY_MALFORMED);
    CU_ASSERT_EQUAL(judged(bytes, len, &anna, 0, &read), IDENTITY_OK);
}

/* The other signature that passes where S is not reduced: S + L. */
static void a_second_signature(void)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                      0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
    const struct identity_key anna = people_key(2);
    uint8_t bytes[IDENTITY_CERTIFICATE_MAX];
    size_t len = annas(bytes);
    uint8_t *s = bytes + len - SIGNATURE_LEN / 2;
    unsigned carry = 0;
    for (size_t i = 0; i < sizeof order; i++) {
        carry += s[i] + order[i];
        s[i] = (uint8_t)carry;
        carry >>= 8;
    }
    CU_ASSERT_EQUAL(carry, 0);
    CU_ASSERT_EQUAL(judged(bytes, len, &anna, 0, NULL), IDENTITY_SIGNATURE);
}

static const struct unit_test tests[] = {
    {"a certificate made up under an own root is another user's, and shown as a changed root", made_up},
    {"Anna's root key with a signature of another, or of her own device, is refused", made_up_for_annas_root},
    {"a certificate that is copied is refused in a leaf of another key", copied_into_another_leaf},
    {"another's device key under an own root is never taken for that device", anothers_device_claimed},
    {"an expired certificate neither enters nor commits", expired},
    {"a revoked device stays revoked, whatever lists are replayed or made up", revoked},
    {"no bit of a certificate can be changed, none left out, none added", changed_anywhere},
    {"a signature has one encoding: the same certificate cannot look like two", a_second_signature},
};

UNIT_MAIN("adversary.identity.certificate", tests)
