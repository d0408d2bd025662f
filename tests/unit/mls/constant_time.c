/* MLS under memcheck with every secret undefined from the moment it comes to be: a branch, or an index, that depends on
 * one is an error. Secret are what core_random() gives (of which every private key, path secret and first epoch is
 * made), PSKs, and all that is derived from them. What leaves for others to see is defined again, at the primitives
 * that make it so: public keys, KEM outputs, signatures, ciphertexts, tags in messages, opened messages, and whether
 * two values are equal. What the libraries below do to say only that much is in constant_time.supp.
 *
 * Usage: constant_time [control-compare | control-branch | control-index]; the controls compare as memcmp() does,
 * branch on a private key, and index with one, and must be caught. Runs only under valgrind (exit code 2 without it).
 */
#include "constant_time.h"
#include "core/curve25519_map.h"
#include "core/secret.h"
#include "mls/crypto.h"
#include "party.h"

enum { SUITE_BASE = 0xf100, PUBLIC_RANDOM_MAX = 16 };

/* Whether any of it is. Asked so that nothing is reported. */
static bool is_hidden(const void *data, size_t len)
{
    enum { LEN_MAX = 64 };
    uint8_t bits[LEN_MAX] = {0};
    size_t hidden = 0;
    need(len <= LEN_MAX && VALGRIND_GET_VBITS(data, bits, len) == 1, "what is hidden");
    for (size_t i = 0; i < len; i++)
        hidden += bits[i] != 0;
    return hidden > 0;
}

/* --- Controls --- */

static size_t seen;
static const uint8_t table[256] = {1};

static void look(const uint8_t *private_key)
{
    if (is_control("control-branch") && private_key[0] == 0x42)
        seen++;
    if (is_control("control-index"))
        seen += table[private_key[0]];
}

/* --- By the linker's --wrap --- */

bool __real_core_random(uint8_t *out, size_t len);
bool __wrap_core_random(uint8_t *out, size_t len);
bool __wrap_core_random(uint8_t *out, size_t len)
{
    bool ok = __real_core_random(out, len);
    if (len > PUBLIC_RANDOM_MAX) /* shorter ones are reuse guards, GREASE, and where hash tables begin */
        hide(out, len);
    return ok;
}

bool __real_core_equal(const uint8_t *a, const uint8_t *b, size_t len);
bool __wrap_core_equal(const uint8_t *a, const uint8_t *b, size_t len);
bool __wrap_core_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    bool equal = is_control("control-compare") ? branching_compare(a, b, len) : __real_core_equal(a, b, len);
    show(&equal, sizeof equal);
    return equal;
}

/* What it converts are public keys, if in another form. */
bool __real_curve25519_map(const uint8_t (*points)[CURVE25519_LEN], size_t count, uint8_t *const *u);
bool __wrap_curve25519_map(const uint8_t (*points)[CURVE25519_LEN], size_t count, uint8_t *const *u);
bool __wrap_curve25519_map(const uint8_t (*points)[CURVE25519_LEN], size_t count, uint8_t *const *u)
{
    show(points, count * sizeof points[0]);
    return __real_curve25519_map(points, count, u);
}

/* --- Primitives that show what is public --- */

static bool dh_public_from(const struct core_dh *x25519, const uint8_t *private_key, uint8_t *public_key)
{
    bool ok = core_sodium_x25519.public_from(&core_sodium_x25519, private_key, public_key);
    look(private_key);
    show(public_key, x25519->public_len);
    return ok;
}

/* That the result is not the neutral element is all that is told of it. */
static bool agree(const struct core_dh *x25519, const uint8_t *private_key, const uint8_t *public_key, uint8_t *shared)
{
    (void)x25519;
    bool ok = core_sodium_x25519.agree(&core_sodium_x25519, private_key, public_key, shared);
    show(&ok, sizeof ok);
    return ok;
}

static bool key_init(const struct core_signature *scheme, struct core_signing_key *key, const uint8_t *private_key)
{
    bool ok = core_sodium_ed25519.key_init(&core_sodium_ed25519, key, private_key);
    show(key->public_key, scheme->public_len);
    return ok;
}

static bool generate(const struct core_signature *scheme, struct core_signing_key *key)
{
    bool ok = core_sodium_ed25519.generate(&core_sodium_ed25519, key);
    show(key->public_key, scheme->public_len);
    return ok;
}

static bool sign(const struct core_signature *scheme, const struct core_signing_key *key, const uint8_t *message,
                 size_t len, uint8_t *signature, size_t *signature_len)
{
    bool ok = core_sodium_ed25519.sign(&core_sodium_ed25519, key, message, len, signature, signature_len);
    show(signature, scheme->signature_max);
    return ok;
}

/* Everybody may verify: the message holds nothing secret, only hashes that the transcript drew over tags. */
static bool verify(const struct core_signature *scheme, const uint8_t *public_key, const uint8_t *message, size_t len,
                   const uint8_t *signature, size_t signature_len)
{
    (void)scheme;
    show(message, len);
    return core_sodium_ed25519.verify(&core_sodium_ed25519, public_key, message, len, signature, signature_len);
}

/* Whether what is opened next is a Welcome's GroupSecrets. */
static bool opens_secrets;

/* All of GroupSecrets but the joiner secret and the path secret. */
static void show_group_secrets(uint8_t *text, size_t len)
{
    enum { SECRET_LEN = 32 };
    size_t at = 0;
    show(text, 1);
    at += 1 + SECRET_LEN;
    show(text + at, 1);
    const bool has_path = text[at++];
    if (has_path) {
        show(text + at, 1);
        at += 1 + SECRET_LEN;
    }
    show(text + at, len - at);
}

static void show_opened(struct core_span text)
{
    enum { PATH_SECRET_LEN = 32 };
    if (opens_secrets)
        show_group_secrets(text.data, text.len);
    else if (text.len != PATH_SECRET_LEN)
        show(text.data, text.len);
    opens_secrets = false;
}

#define AEAD(name, real)                                                                                               \
    static bool name##_seal(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,         \
                            const struct core_span *text, size_t text_count, uint8_t *tag, size_t tag_len)             \
    {                                                                                                                  \
        bool ok = (real).seal(state, nonce, aad, aad_count, text, text_count, tag, tag_len);                           \
        for (size_t i = 0; i < text_count; i++)                                                                        \
            show(text[i].data, text[i].len);                                                                           \
        show(tag, tag_len);                                                                                            \
        return ok;                                                                                                     \
    }                                                                                                                  \
    static enum core_opened name##_open(void *state, const uint8_t *nonce, const struct core_slice *aad,               \
                                        size_t aad_count, struct core_span text, const uint8_t *tag, size_t tag_len)   \
    {                                                                                                                  \
        enum core_opened opened = (real).open(state, nonce, aad, aad_count, text, tag, tag_len);                       \
        show(&opened, sizeof opened);                                                                                  \
        if (opened == CORE_OPEN_OK)                                                                                    \
            show_opened(text);                                                                                         \
        return opened;                                                                                                 \
    }
AEAD(gcm, core_libcrypto_aes_128_gcm)
AEAD(chacha, core_libcrypto_chacha20_poly1305)

/* --- The suites --- */

static struct core_dh dh;
static struct mls_kem kem;
static struct core_signature signature;
static struct core_aead aeads[2];
static struct mls_suite rows[2];
static const struct mls_suites suites = {rows, 2};

static void init_suites(void)
{
    static const uint16_t ids[] = {1, 3};
    dh = core_sodium_x25519;
    dh.public_from = dh_public_from;
    dh.agree = agree;
    kem = mls_kem_x25519;
    kem.dh = &dh;
    signature = core_sodium_ed25519;
    signature.generate = generate;
    signature.key_init = key_init;
    signature.sign = sign;
    signature.verify = verify;
    for (size_t i = 0; i < 2; i++) {
        rows[i] = *mls_suite_find(NULL, ids[i]);
        aeads[i] = *rows[i].aead;
        rows[i].id = (uint16_t)(SUITE_BASE + i);
        rows[i].kem = &kem;
        rows[i].signature = &signature;
        rows[i].aead = &aeads[i];
    }
    aeads[0].seal = gcm_seal;
    aeads[0].open = gcm_open;
    aeads[1].seal = chacha_seal;
    aeads[1].open = chacha_open;
}

/* --- A life --- */

static bool external_psk(void *context, struct mls_bytes id, uint8_t *secret, size_t *len)
{
    (void)context;
    (void)id;
    *len = 32;
    memset(secret, 7, *len);
    hide(secret, *len);
    return true;
}

static void enter(struct party *party, const char *name, uint16_t suite)
{
    party_init_in(party, name, &suites, suite);
    party->policy.external_psk = external_psk;
    need(is_hidden(party->signature_private.data, party->signature_private.len), "a signature key that is not hidden");
    need(!is_hidden(party->signature_public.data, party->signature_public.len), "a public key that is hidden");
    need(is_hidden(party->keys->init_private, kem.private_len), "an init key that is not hidden");
}

/* As others see it. */
static struct mls_bytes sent(struct mls_bytes message)
{
    show(message.data, message.len);
    return message;
}

static void check_hidden(const struct party *party)
{
    const struct mls_group *group = party->group;
    uint8_t key[32];
    need(mls_group_export(group, party_text("l"), party_text("c"), key, sizeof key) == MLS_OK, "export");
    need(is_hidden(key, sizeof key), "an exported key that is not hidden");
    need(is_hidden(group->epoch.secrets.init, 32), "an init secret that is not hidden");
    need(is_hidden(group->epoch.keys.keys[0], kem.private_len), "a leaf key that is not hidden");
}

/* A commit, public or private, that the other takes; and, first, its changed copies, that it does not take: the
 * compares have to be as blind when they fail. */
static void commit(struct party *from, struct party *to, const struct mls_proposal_config *proposals, size_t count,
                   bool is_public)
{
    const struct mls_commit_config config = {
        .framing.is_public = is_public, .proposals = proposals, .proposal_count = count, .now_s = PARTY_NOW_S};
    struct mls_staged *staged = NULL;
    struct mls_received received = {0};
    struct mls_output changed = {0};
    need(mls_group_commit(from->group, &config, &staged) == MLS_OK, "commit");
    const struct mls_bytes message = sent(mls_staged_message(staged));
    for (size_t back = 1; back < 100; back += 7) { /* tags stand at the end */
        need(mls_output_copy(mls_in(message), &changed) == MLS_OK, "copy");
        changed.data[changed.len - back] ^= 1;
        need(mls_group_process(to->group, party_bytes(changed), PARTY_NOW_S, &received) != MLS_OK, "a changed commit");
        mls_output_free(&changed);
    }
    need(party_receive(to, message) == MLS_OK, "process");
    need(mls_group_merge(from->group, staged) == MLS_OK, "merge");
    check_hidden(from);
    check_hidden(to);
}

static void join(struct party *from, struct party *newcomer, bool with_path)
{
    const struct mls_proposal_config proposals[] = {party_add(newcomer),
                                                    {.type = MLS_PROPOSAL_PSK, .psk_id = party_text("psk")}};
    const struct mls_commit_config config = {
        .proposals = proposals, .proposal_count = 2, .without_path = !with_path, .now_s = PARTY_NOW_S};
    struct mls_staged *staged = NULL;
    need(mls_group_commit(from->group, &config, &staged) == MLS_OK, "an addition");
    opens_secrets = true;
    need(party_join(newcomer, sent(mls_staged_welcome(staged))) == MLS_OK, "join");
    need(mls_group_merge(from->group, staged) == MLS_OK, "merge");
    check_hidden(newcomer);
}

static void talk(struct party *from, struct party *to)
{
    const struct mls_framing framing = {.padding = 50};
    struct mls_output message = {0};
    struct mls_received received = {0};
    need(mls_group_seal(from->group, &framing, party_text("hello"), &message) == MLS_OK, "seal");
    sent(party_bytes(message));
    message.data[message.len - 1] ^= 1;
    need(mls_group_process(to->group, party_bytes(message), PARTY_NOW_S, &received) == MLS_AUTH, "a changed message");
    message.data[message.len - 1] ^= 1;
    need(mls_group_process(to->group, party_bytes(message), PARTY_NOW_S, &received) == MLS_OK, "open");
    mls_received_free(&received);
    mls_output_free(&message);
}

/* The other joins once more, from outside, in its own place. */
static void rejoin(struct party *member, struct party *other)
{
    struct mls_output info = {0};
    struct mls_output message = {0};
    struct mls_group *group = NULL;
    const struct mls_bytes psk = party_text("psk");
    const struct mls_external_config config = {
        .join = {.suites = &suites, .policy = other->policy, .resumed = other->group, .now_s = PARTY_NOW_S},
        .leaf = other->leaf,
        .resync = true,
        .old_leaf = mls_group_own_leaf(other->group),
        .psk_ids = &psk,
        .psk_count = 1,
        .resumption = true,
    };
    need(mls_group_info(member->group, true, &info) == MLS_OK, "GroupInfo");
    sent(party_bytes(info));
    need(mls_group_join_external(party_bytes(info), &config, &group, &message) == MLS_OK, "external join");
    need(party_receive(member, sent(party_bytes(message))) == MLS_OK, "external commit");
    mls_group_free(other->group);
    other->group = group;
    check_hidden(other);
    mls_output_free(&info);
    mls_output_free(&message);
}

static void propose_update(struct party *from, struct party *to)
{
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    struct mls_output message = {0};
    need(mls_group_propose(from->group, NULL, &update, PARTY_NOW_S, &message) == MLS_OK, "propose");
    need(party_receive(to, sent(party_bytes(message))) == MLS_OK, "proposal");
    mls_output_free(&message);
}

static void live(uint16_t suite)
{
    struct party a;
    struct party b;
    struct party c;
    enter(&a, "alice", suite);
    enter(&b, "bob", suite);
    enter(&c, "carol", suite);
    const struct mls_group_config config = {
        .suites = &suites, .suite = suite, .group_id = party_text("group"), .leaf = a.leaf, .policy = a.policy};
    need(mls_group_new(&config, &a.group) == MLS_OK, "group");
    check_hidden(&a);
    join(&a, &b, true);
    const struct mls_proposal_config resumption = {
        .type = MLS_PROPOSAL_PSK, .resumption = true, .psk_epoch = mls_group_epoch(a.group)};
    commit(&a, &b, &resumption, 1, true);
    commit(&b, &a, NULL, 0, false);
    talk(&a, &b);
    talk(&b, &a);
    propose_update(&b, &a);
    commit(&a, &b, NULL, 0, true);
    rejoin(&a, &b);
    talk(&b, &a);
    mls_group_free(c.group);
    join(&b, &c, false);
    commit(&c, &b, NULL, 0, true);
    party_wipe(&a);
    party_wipe(&b);
    party_wipe(&c);
}

int main(int argc, char **argv)
{
    constant_time_begin(argc, argv);
    init_suites();
    live(SUITE_BASE);
    if (!*control)
        live(SUITE_BASE + 1);
    printf("groups lived with secrets undefined%s\n", seen ? ", which were looked at" : "");
    return EXIT_SUCCESS;
}
