/* The pin store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "people.h"
#include "unit.h"

/* By a script of its own: root 1, verified, "Anna", petname "Annie"; root 4, "Ben". */
static const char STORE[] =
    "534f54544f50494e00014074208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c05416e6e69"
    "6504416e6e610100000000684ee180000000000000000720ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d772687"
    "9333dbdabe7c000342656e0000000000684ee1800000000000000000542a39abf69b8347fefde2c64eb8a903691615482c6b"
    "1a326352e6e0d4021926";

static struct identity_pin pin_of(uint8_t root, const char *petname, const char *claimed)
{
    struct identity_pin pin = {.since_s = PEOPLE_NOW};
    memcpy(pin.root_key, people_key(root).public_key, IDENTITY_KEY_LEN);
    snprintf(pin.petname, sizeof pin.petname, "%s", petname);
    snprintf(pin.claimed, sizeof pin.claimed, "%s", claimed);
    return pin;
}

/* What the script wrote. */
static struct identity_pins *annas_friends(void)
{
    struct identity_pins *pins = NULL;
    struct identity_pin annie = pin_of(1, "Annie", "Anna");
    const struct identity_pin ben = pin_of(4, "", "Ben");
    annie.verified = true;
    annie.revocations = 7;
    CU_ASSERT_EQUAL_FATAL(identity_pins_new(&pins), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_pins_put(pins, &ben), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_pins_put(pins, &annie), IDENTITY_OK);
    return pins;
}

static void equals_independent_bytes(void)
{
    uint8_t want[1024];
    struct identity_output got = {0};
    struct identity_pins *pins = annas_friends();
    size_t len = unit_hex(STORE, want, sizeof want);
    CU_ASSERT_EQUAL_FATAL(identity_pins_write(pins, &got), IDENTITY_OK);
    unit_assert_bytes("store", got.data, got.len, want, len);
    identity_output_free(&got);
    CU_ASSERT_PTR_NULL(got.data);
    identity_pins_free(pins);
    CU_ASSERT_EQUAL_FATAL(identity_pins_read(want, len, &pins), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_pins_count(pins), 2);
    const struct identity_pin *annie = identity_pins_find(pins, people_key(1).public_key);
    CU_ASSERT_PTR_NOT_NULL_FATAL(annie);
    CU_ASSERT_STRING_EQUAL(annie->petname, "Annie");
    CU_ASSERT_STRING_EQUAL(annie->claimed, "Anna");
    CU_ASSERT(annie->verified && annie->revocations == 7 && annie->since_s == PEOPLE_NOW);
    CU_ASSERT_PTR_NULL(identity_pins_find(pins, people_key(2).public_key));
    CU_ASSERT_PTR_NULL(identity_pins_at(pins, 2));
    identity_pins_free(pins);
}

static void every_bit_counts(void)
{
    uint8_t store[1024];
    struct identity_pins *pins = NULL;
    size_t len = unit_hex(STORE, store, sizeof store);
    for (size_t bit = 0; bit < len * 8; bit++) {
        store[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CU_ASSERT_NOT_EQUAL(identity_pins_read(store, len, &pins), IDENTITY_OK);
        store[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < len; cut++)
        CU_ASSERT_EQUAL(identity_pins_read(store, cut, &pins), IDENTITY_MALFORMED);
    CU_ASSERT_PTR_NULL(pins);
}

static void pins_are_kept(void)
{
    enum { MANY = 300 };
    struct identity_pins *pins = NULL;
    struct identity_pins *again = NULL;
    struct identity_output out = {0};
    uint64_t state = 7;
    CU_ASSERT_EQUAL_FATAL(identity_pins_new(&pins), IDENTITY_OK);
    for (unsigned i = 0; i < MANY; i++) {
        struct identity_pin pin = pin_of(1, "", "x");
        for (size_t j = 0; j < IDENTITY_KEY_LEN; j++)
            pin.root_key[j] = (uint8_t)unit_random(&state);
        pin.since_s = i;
        snprintf(pin.petname, sizeof pin.petname, "friend %u", i);
        CU_ASSERT_EQUAL_FATAL(identity_pins_put(pins, &pin), IDENTITY_OK);
        const struct identity_pin *found = identity_pins_find(pins, pin.root_key);
        CU_ASSERT_PTR_NOT_NULL_FATAL(found);
        CU_ASSERT_EQUAL(found->since_s, i);
    }
    CU_ASSERT_EQUAL(identity_pins_write(pins, &out), IDENTITY_OK);
    CU_ASSERT_EQUAL_FATAL(identity_pins_read(out.data, out.len, &again), IDENTITY_OK);
    CU_ASSERT_EQUAL_FATAL(identity_pins_count(again), MANY);
    for (size_t i = 0; i < MANY; i++)
        CU_ASSERT_EQUAL(memcmp(identity_pins_at(again, i), identity_pins_at(pins, i), sizeof(struct identity_pin)), 0);
    while (identity_pins_count(pins) > 0) {
        uint8_t root_key[IDENTITY_KEY_LEN];
        size_t count = identity_pins_count(pins);
        memcpy(root_key, identity_pins_at(pins, count / 2)->root_key, sizeof root_key);
        CU_ASSERT(identity_pins_remove(pins, root_key));
        CU_ASSERT_FALSE(identity_pins_remove(pins, root_key));
        CU_ASSERT_EQUAL_FATAL(identity_pins_count(pins), count - 1);
    }
    identity_output_free(&out);
    identity_pins_free(pins);
    identity_pins_free(again);
    identity_pins_free(NULL);
}

static void full_is_full(void)
{
    struct identity_pins *pins = NULL;
    struct identity_pins *again = NULL;
    struct identity_pin pin = pin_of(1, "", "x");
    struct identity_output out = {0};
    memset(pin.claimed, 'n', IDENTITY_NAME_MAX);
    CU_ASSERT_EQUAL_FATAL(identity_pins_new(&pins), IDENTITY_OK);
    for (unsigned i = 0; i < IDENTITY_PINS_MAX; i++) {
        pin.root_key[0] = (uint8_t)(i >> 8);
        pin.root_key[1] = (uint8_t)i;
        snprintf(pin.petname, sizeof pin.petname, "%064u", i);
        CU_ASSERT_EQUAL_FATAL(identity_pins_put(pins, &pin), IDENTITY_OK);
    }
    CU_ASSERT_EQUAL(identity_pins_put(pins, &pin), IDENTITY_OK); /* one that is there may change */
    pin.root_key[2] ^= 1;
    pin.petname[0] = '\0';
    CU_ASSERT_EQUAL(identity_pins_put(pins, &pin), IDENTITY_LIMIT);
    CU_ASSERT_EQUAL(identity_pins_count(pins), IDENTITY_PINS_MAX);
    CU_ASSERT_EQUAL(identity_pins_write(pins, &out), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_pins_read(out.data, out.len, &again), IDENTITY_OK);
    identity_output_free(&out);
    identity_pins_free(pins);
    identity_pins_free(again);
}

static void petnames_are_ones_own(void)
{
    struct identity_pins *pins = annas_friends();
    struct identity_pin ben = pin_of(4, "Annie", "Ben");
    CU_ASSERT_EQUAL(identity_pins_put(pins, &ben), IDENTITY_TAKEN);
    CU_ASSERT_STRING_EQUAL(identity_pins_find(pins, ben.root_key)->petname, "");
    ben = pin_of(4, "a\nb", "Ben");
    CU_ASSERT_EQUAL(identity_pins_put(pins, &ben), IDENTITY_NAME);
    ben = pin_of(4, "Benno", "");
    CU_ASSERT_EQUAL(identity_pins_put(pins, &ben), IDENTITY_NAME);
    ben = pin_of(4, "Benno", "Ben");
    CU_ASSERT_EQUAL(identity_pins_put(pins, &ben), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_pins_put(pins, identity_pins_find(pins, ben.root_key)), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_pins_count(pins), 2);
    memset(ben.claimed, 'x', sizeof ben.claimed); /* no end */
    CU_ASSERT_EQUAL(identity_pins_put(pins, &ben), IDENTITY_NAME);
    identity_pins_free(pins);
}

/* Stands in for Unicode's data: 0 is taken for O. */
static bool zero_like_o(void *context, const char *a, const char *b)
{
    (*(unsigned *)context)++;
    for (; *a && *b; a++, b++)
        if (*a != *b && !((*a == '0' && *b == 'O') || (*a == 'O' && *b == '0')))
            return false;
    return *a == *b;
}

static void judgements(void)
{
    static const struct row {
        uint8_t root;
        const char *name;
        uint8_t state;
        uint8_t rival; /* root; 0: none */
    } rows[] = {
        {9, "Carl", IDENTITY_PIN_NEW, 0},        {4, "Ben", IDENTITY_PIN_PINNED, 0},
        {4, "Benjamin", IDENTITY_PIN_PINNED, 0}, {1, "Anna", IDENTITY_PIN_VERIFIED, 0},
        {9, "Ben", IDENTITY_PIN_CHANGED, 4},     {9, "Anna", IDENTITY_PIN_CHANGED, 1}, /* as it claimed */
        {9, "Annie", IDENTITY_PIN_CHANGED, 1},                                         /* as its friend calls it */
        {9, "BEN", IDENTITY_PIN_CONFLICT, 4},    {9, "annie", IDENTITY_PIN_CONFLICT, 1},
        {4, "Anna", IDENTITY_PIN_CONFLICT, 1}, /* a pinned one that takes another's name */
        {1, "Ben", IDENTITY_PIN_CONFLICT, 4},  /* and be it verified */
        {4, "ben", IDENTITY_PIN_PINNED, 0},    /* like its own only */
        {9, "Benn", IDENTITY_PIN_NEW, 0},        {9, "Be", IDENTITY_PIN_NEW, 0},
    };
    struct identity_pins *pins = annas_friends();
    struct identity_judgement judgement;
    unsigned asked = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct identity_key root = people_key(rows[i].root);
        identity_pins_judge(pins, root.public_key, rows[i].name, NULL, NULL, &judgement);
        CU_ASSERT_EQUAL(judgement.state, rows[i].state);
        CU_ASSERT_PTR_EQUAL(judgement.pin, identity_pins_find(pins, root.public_key));
        CU_ASSERT_PTR_EQUAL(judgement.rival,
                            rows[i].rival ? identity_pins_find(pins, people_key(rows[i].rival).public_key) : NULL);
    }
    const struct identity_pin otto = pin_of(5, "", "Otto");
    CU_ASSERT_EQUAL(identity_pins_put(pins, &otto), IDENTITY_OK);
    identity_pins_judge(pins, people_key(9).public_key, "0tto", zero_like_o, &asked, &judgement);
    CU_ASSERT_EQUAL(judgement.state, IDENTITY_PIN_CONFLICT);
    CU_ASSERT(asked > 0);
    identity_pins_judge(pins, people_key(9).public_key, "0tto", NULL, NULL, &judgement);
    CU_ASSERT_EQUAL(judgement.state, IDENTITY_PIN_NEW);
    identity_pins_free(pins);
}

/* Somebody arrives under a pinned name; both ways to decide end the warning. */
static void a_changed_root_until_decided(void)
{
    struct identity_pins *pins = annas_friends();
    struct identity_judgement judgement;
    const struct identity_key stranger = people_key(9);
    struct identity_pin second_ben = pin_of(9, "", "Ben");
    identity_pins_judge(pins, stranger.public_key, "Ben", NULL, NULL, &judgement);
    CU_ASSERT_EQUAL(judgement.state, IDENTITY_PIN_CHANGED);
    identity_pins_judge(pins, stranger.public_key, "Ben", NULL, NULL, &judgement); /* seen twice is not decided */
    CU_ASSERT_EQUAL(judgement.state, IDENTITY_PIN_CHANGED);
    snprintf(second_ben.petname, sizeof second_ben.petname, "Ben of the choir");
    CU_ASSERT_EQUAL(identity_pins_put(pins, &second_ben), IDENTITY_OK); /* it is another Ben */
    identity_pins_judge(pins, stranger.public_key, "Ben", NULL, NULL, &judgement);
    CU_ASSERT_EQUAL(judgement.state, IDENTITY_PIN_PINNED);
    CU_ASSERT(identity_pins_remove(pins, people_key(4).public_key)); /* it is Ben with a new root */
    identity_pins_judge(pins, people_key(4).public_key, "Ben", NULL, NULL, &judgement);
    CU_ASSERT_EQUAL(judgement.state, IDENTITY_PIN_CHANGED); /* the old one is the stranger now */
    identity_pins_free(pins);
}

static const struct unit_test tests[] = {
    {"a store equals the bytes of an independent script, and reads back", equals_independent_bytes},
    {"any bit flipped and any truncation is refused", every_bit_counts},
    {"what was pinned is found, kept, and forgotten on demand alone", pins_are_kept},
    {"a full store takes nobody else, and forgets nobody for it", full_is_full},
    {"a petname is a name, and one user's only", petnames_are_ones_own},
    {"who is new, known, changed or in conflict", judgements},
    {"a changed root stays one until the user decides", a_changed_root_until_decided},
};

UNIT_MAIN("identity.pins", tests)
