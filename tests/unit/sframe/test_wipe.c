/* Frame keys are gone once they were removed: what HKDF gives, its keys, and base keys are looked for in all memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "receiver.h"
#include "remains.h"
#include "sender.h"

enum { ANYWHERE = REMAINS_FREED | REMAINS_STACK | REMAINS_LIVE, EPOCH = 3, LEAF = 1, LEAVES = 4, TALK = 20 };

/* --- A provider that notes what is secret --- */

static const struct core_hash *real_hash;

static bool hmac_init(struct core_hmac_key *key, const uint8_t *secret, size_t len)
{
    bool ok = real_hash->hmac_init(key, secret, len);
    if (ok && len > 0)
        remains_note("an HMAC key", key->state);
    return ok;
}

/* Named by its label if it has one. */
static void note_output(const struct core_slice *parts, size_t count, const uint8_t *out)
{
    char name[32] = "an output of HKDF";
    if (count == 4)
        snprintf(name, sizeof name, "%.*s", (int)parts[1].len, (const char *)parts[1].data);
    remains_note(name, out);
}

static bool hmac(const struct core_hmac_key *key, const struct core_slice *parts, size_t count, uint8_t *out)
{
    /* by which keys that were removed are known again: kept, and no secret (sframe/history.h) */
    static const char fingerprint[] = "Sotto 1.0 key fingerprint ";
    bool ok = real_hash->hmac(key, parts, count, out);
    if (ok && !(count > 1 && parts[1].len == sizeof fingerprint - 1 &&
                memcmp(parts[1].data, fingerprint, sizeof fingerprint - 1) == 0))
        note_output(parts, count, out);
    return ok;
}

static struct core_hash hash;
static struct core_provider provider;

static void init_provider(void)
{
    provider = *fix_provider_steady();
    real_hash = provider.sha512;
    hash = *real_hash;
    hash.hmac_init = hmac_init;
    hash.hmac = hmac;
    provider.sha512 = &hash;
}

/* --- Operations, each on a stack of its own --- */

static uint8_t base_key[SFRAME_BASE_KEY_MIN];
static struct {
    struct sframe_sender *sender;
    struct sframe_receiver *receiver;
    uint64_t kid;
    struct fix_frame frame;
    int rc;
} s;

static void keep(int rc)
{
    if (s.rc == SFRAME_OK)
        s.rc = rc;
}

static void run(void (*operation)(void *ctx))
{
    s.rc = SFRAME_OK;
    remains_run(operation, NULL);
    CU_ASSERT_EQUAL(s.rc, SFRAME_OK);
    CU_ASSERT_EQUAL(remains_found(REMAINS_FREED | REMAINS_STACK), 0);
}

static void op_add(void *ctx)
{
    (void)ctx;
    keep(sframe_sender_add_key(s.sender, s.kid, base_key, sizeof base_key));
    keep(sframe_sender_use_key(s.sender, s.kid));
    keep(sframe_receiver_add_key(s.receiver, s.kid, base_key, sizeof base_key));
}

static void op_add_epoch(void *ctx)
{
    static const uint8_t members = 1 << LEAF;
    (void)ctx;
    keep(sframe_sender_add_key(s.sender, s.kid, base_key, sizeof base_key));
    keep(sframe_receiver_add_epoch(s.receiver, EPOCH, LEAVES, &members, base_key, sizeof base_key));
}

/* Steady frames and expected ones, too. */
static void op_talk(void *ctx)
{
    (void)ctx;
    const size_t seals = fix_steady_seals;
    const size_t opens = fix_steady_opens;
    for (int i = 0; i < TALK; i++) {
        fix_seal(s.sender, SFRAME_PROFILE_SOTTO, FIX_TIME_MS, 40, &s.frame);
        keep(fix_open(s.receiver, &s.frame, FIX_TIME_MS, NULL));
    }
    CU_ASSERT(fix_steady_seals > seals && fix_steady_opens > opens);
}

static void op_remove(void *ctx)
{
    (void)ctx;
    keep(sframe_sender_remove_key(s.sender, s.kid));
    keep(sframe_receiver_remove_key(s.receiver, s.kid));
}

static void op_remove_epoch(void *ctx)
{
    (void)ctx;
    keep(sframe_sender_remove_key(s.sender, s.kid));
    keep(sframe_receiver_remove_epoch(s.receiver, EPOCH));
}

static void op_end(void *ctx)
{
    (void)ctx;
    fix_free_sender(s.sender);
    fix_free_receiver(s.receiver);
}

static void begin(uint16_t suite)
{
    const struct sframe_sender_config sender = {.suite = suite, .key_history = 8};
    const struct sframe_receiver_config receiver = {.suite = suite, .keys = 8};
    init_provider();
    size_t size = sframe_sender_size(&sender);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_init_with(&provider, malloc(size), size, &sender, &s.sender), SFRAME_OK);
    size = sframe_receiver_size(&receiver);
    CU_ASSERT_EQUAL_FATAL(sframe_receiver_init_with(&provider, malloc(size), size, &receiver, &s.receiver), SFRAME_OK);
    for (size_t i = 0; i < sizeof base_key; i++)
        base_key[i] = (uint8_t)(0x91 + 7 * i);
    remains_note("a base key", base_key);
}

/* --- The tests --- */

static void test_keys(void)
{
    if (!remains_present())
        return;
    begin(SFRAME_AES_256_GCM_SHA512_128);
    s.kid = fix_kid(0, 0, FIX_START_A);
    run(op_add);
    CU_ASSERT_TRUE(remains_found(REMAINS_LIVE) > 0); /* the key schedules */
    run(op_talk);
    run(op_remove);
    CU_ASSERT_EQUAL(remains_found(ANYWHERE), 0);
    base_key[0]++; /* the same would be refused */
    run(op_add);
    run(op_talk);
    run(op_end);
    CU_ASSERT_EQUAL(remains_found(ANYWHERE), 0);
    remains_end();
}

static void test_epochs(void)
{
    unsigned context = 0;
    if (!remains_present())
        return;
    begin(SFRAME_AES_256_GCM_SHA512_128);
    CU_ASSERT_EQUAL_FATAL(sframe_context(SFRAME_CAMERA, 0, &context), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_kid_from_leaf(context, LEAF, LEAVES, EPOCH, &s.kid), SFRAME_OK);
    run(op_add_epoch);
    run(op_talk);
    CU_ASSERT_TRUE(remains_found(REMAINS_LIVE) > 0);
    run(op_remove_epoch);
    CU_ASSERT_EQUAL(remains_found(ANYWHERE), 0);
    run(op_end);
    remains_end();
}

static const struct unit_test tests[] = {
    {"a key that was removed is nowhere, nor are a wiped sender's and receiver's", test_keys},
    {"nor is an epoch's secret, nor the keys of its members", test_epochs},
};

UNIT_MAIN("sframe.wipe", tests)
