/* Linking a device: CPace from a short code, its confirmation, and one request under the key.
 *
 *     struct {
 *         uint16 version = 1;
 *         uint8 type;
 *         select (type) {
 *             case 1 start:   opaque sid[16]; opaque share[32];       // by the new device
 *             case 2 reply:   opaque share[32];                       // by the root's
 *             case 3 request: opaque tag[64]; opaque sealed<V>;       // of Request
 *             case 4 answer:  opaque tag[64]; opaque sealed<V>;       // of Answer
 *             case 5 done:    opaque sealed<V>;                       // of nothing
 *         };
 *     } LinkMessage;
 *
 *     struct { opaque device_key<V>; opaque device<V>; } Request;
 *     struct { opaque certificate<V>; opaque revocations<V>; } Answer;
 *
 * Sealed: ChaCha20-Poly1305 under the sender's key, the type as nonce, all before it as AAD. */
#include <string.h>

#include "core/bytes.h"
#include "core/hkdf.h"
#include "core/secret.h"
#include "cpace.h"
#include "key.h"
#include "wire/vector.h"

enum {
    VERSION = 1,
    SID_LEN = 16,
    AEAD_KEY_LEN = 32,
    AEAD_TAG_LEN = 16,
    PLAIN_MAX = IDENTITY_LINK_MESSAGE_MAX - 256,
};

enum type { START = 1, REPLY, REQUEST, ANSWER, DONE };

static const char CHANNEL[] = "Sotto 1.0 Link";
static const char NEW_DEVICE[] = "new device";
static const char ROOTS_DEVICE[] = "root's device";

struct identity_link {
    enum identity_link_state state;
    bool is_new_device;
    enum type expected;
    char code[IDENTITY_LINK_CODE_DIGITS];
    uint8_t sid[SID_LEN];
    uint8_t scalar[CORE_RISTRETTO255_LEN];
    struct cpace_part new_part;
    struct cpace_part root_part;
    uint8_t own_tag[CPACE_TAG_LEN];
    uint8_t peer_tag[CPACE_TAG_LEN];
    uint8_t own_key[AEAD_KEY_LEN];
    uint8_t peer_key[AEAD_KEY_LEN];
    uint8_t device_key[IDENTITY_KEY_LEN];
    char device[IDENTITY_DEVICE_MAX + 1];
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    size_t certificate_len;
    uint8_t revocations[IDENTITY_REVOCATIONS_MAX];
    size_t revocations_len;
};

static struct core_slice text(const char *s, size_t size)
{
    return (struct core_slice){(const uint8_t *)s, size - 1};
}

/* --- Life --- */

int identity_link_code(char code[IDENTITY_LINK_CODE_DIGITS + 1])
{
    for (size_t i = 0; i < IDENTITY_LINK_CODE_DIGITS;) {
        uint8_t random = 0;
        if (!core_random(&random, 1))
            return IDENTITY_CRYPTO;
        if (random < 250) /* a multiple of 10: each digit is as likely */
            code[i++] = (char)('0' + random % 10);
    }
    code[IDENTITY_LINK_CODE_DIGITS] = '\0';
    return IDENTITY_OK;
}

static int new_link(const char *code, bool is_new_device, struct identity_link **out)
{
    if (strspn(code, "0123456789") != IDENTITY_LINK_CODE_DIGITS || strlen(code) != IDENTITY_LINK_CODE_DIGITS)
        return IDENTITY_INVALID;
    struct identity_link *link = core_secret_new(sizeof *link);
    if (!link)
        return IDENTITY_MEMORY;
    memset(link, 0, sizeof *link);
    memcpy(link->code, code, IDENTITY_LINK_CODE_DIGITS);
    link->state = IDENTITY_LINK_WAITING;
    link->is_new_device = is_new_device;
    link->expected = is_new_device ? REPLY : START;
    link->new_part.ad = text(NEW_DEVICE, sizeof NEW_DEVICE);
    link->root_part.ad = text(ROOTS_DEVICE, sizeof ROOTS_DEVICE);
    *out = link;
    return IDENTITY_OK;
}

void identity_link_free(struct identity_link *link)
{
    core_secret_free(link);
}

enum identity_link_state identity_link_state(const struct identity_link *link)
{
    return link->state;
}

/* --- Keys --- */

static struct cpace_inputs inputs_of(const struct identity_link *link)
{
    return (struct cpace_inputs){
        .code = {(const uint8_t *)link->code, sizeof link->code},
        .channel = text(CHANNEL, sizeof CHANNEL),
        .sid = {link->sid, sizeof link->sid},
    };
}

static bool derive(const uint8_t isk[CPACE_ISK_LEN], struct core_slice party, uint8_t key[AEAD_KEY_LEN])
{
    const struct core_slice info[] = {text(CHANNEL, sizeof CHANNEL), party};
    struct core_hmac_key prk;
    bool ok = core_hkdf_extract(&core_libcrypto_sha512, NULL, 0, isk, CPACE_ISK_LEN, &prk) &&
              core_hkdf_expand(&core_libcrypto_sha512, &prk, info, 2, key, AEAD_KEY_LEN);
    core_wipe(&prk, sizeof prk);
    return ok;
}

/* Once both shares are known: both tags, both keys. IDENTITY_KEY if the other's share is none. */
static int agree(struct identity_link *link)
{
    const struct core_slice sid = {link->sid, sizeof link->sid};
    const struct cpace_part *own = link->is_new_device ? &link->new_part : &link->root_part;
    const struct cpace_part *peer = link->is_new_device ? &link->root_part : &link->new_part;
    uint8_t isk[CPACE_ISK_LEN];
    int error = IDENTITY_KEY;
    if (cpace_isk(sid, link->scalar, peer->share, &link->new_part, &link->root_part, isk))
        error = cpace_tag(sid, isk, own, link->own_tag) && cpace_tag(sid, isk, peer, link->peer_tag) &&
                        derive(isk, own->ad, link->own_key) && derive(isk, peer->ad, link->peer_key)
                    ? IDENTITY_OK
                    : IDENTITY_CRYPTO;
    core_wipe(isk, sizeof isk);
    core_wipe(link->scalar, sizeof link->scalar);
    core_wipe(link->code, sizeof link->code);
    return error;
}

static bool crypt(enum core_direction direction, const uint8_t *key, enum type type, struct core_slice aad,
                  uint8_t *data, size_t len, uint8_t *tag)
{
    const struct core_aead *aead = &core_libcrypto_chacha20_poly1305;
    const uint8_t nonce[CORE_NONCE_LEN] = {[CORE_NONCE_LEN - 1] = (uint8_t)type};
    _Alignas(16) uint8_t state[CORE_AEAD_STATE_MAX] = {0};
    const struct core_span span = {data, len};
    bool ok = aead->init(state, direction) && aead->set_key(state, key) &&
              (direction == CORE_SEAL ? aead->seal(state, nonce, &aad, 1, &span, 1, tag, AEAD_TAG_LEN)
                                      : aead->open(state, nonce, &aad, 1, span, tag, AEAD_TAG_LEN) == CORE_OPEN_OK);
    aead->wipe(state);
    core_wipe(state, sizeof state);
    return ok;
}

/* --- Messages written --- */

static void write_head(struct bytes_writer *w, enum type type)
{
    bytes_write_u16(w, VERSION);
    bytes_write_u8(w, (uint8_t)type);
}

/* plain[0..len), with room for a tag behind it, encrypted in place and appended. */
static int write_sealed(const struct identity_link *link, struct bytes_writer *w, enum type type, uint8_t *plain,
                        size_t len)
{
    const struct core_slice aad = {w->data, w->len};
    if (!bytes_writer_ok(w))
        return IDENTITY_SPACE;
    if (!crypt(CORE_SEAL, link->own_key, type, aad, plain, len, plain + len))
        return IDENTITY_CRYPTO;
    wire_write_vector(w, (struct core_slice){plain, len + AEAD_TAG_LEN});
    return bytes_writer_ok(w) ? IDENTITY_OK : IDENTITY_SPACE;
}

int identity_link_begin(const char *code, const uint8_t device_key[IDENTITY_KEY_LEN], const char *device,
                        struct identity_link **link, uint8_t *out, size_t cap, size_t *len)
{
    struct identity_link *made = NULL;
    struct bytes_writer w;
    const size_t device_len = strnlen(device, IDENTITY_DEVICE_MAX + 1);
    if (!identity_name_ok(device, device_len, IDENTITY_DEVICE_MAX))
        return IDENTITY_NAME;
    int error = new_link(code, true, &made);
    if (error != IDENTITY_OK)
        return error;
    memcpy(made->device_key, device_key, IDENTITY_KEY_LEN);
    memcpy(made->device, device, device_len);
    error = IDENTITY_CRYPTO;
    if (!core_random(made->sid, sizeof made->sid))
        goto out;
    const struct cpace_inputs inputs = inputs_of(made);
    if (!cpace_start(&inputs, made->scalar, made->new_part.share))
        goto out;
    bytes_writer_init(&w, out, cap);
    write_head(&w, START);
    bytes_write(&w, made->sid, sizeof made->sid);
    bytes_write(&w, made->new_part.share, CPACE_SHARE_LEN);
    error = bytes_writer_ok(&w) ? IDENTITY_OK : IDENTITY_SPACE;
    if (error == IDENTITY_OK) {
        *len = w.len;
        *link = made;
        made = NULL;
    }
out:
    identity_link_free(made);
    return error;
}

int identity_link_await(const char *code, struct identity_link **link)
{
    return new_link(code, false, link);
}

/* --- Messages read, each with what it is answered by --- */

static int take_start(struct identity_link *link, struct bytes_reader *r, struct bytes_writer *w)
{
    bytes_read(r, link->sid, sizeof link->sid);
    bytes_read(r, link->new_part.share, CPACE_SHARE_LEN);
    if (!bytes_reader_done(r))
        return IDENTITY_MALFORMED;
    const struct cpace_inputs inputs = inputs_of(link);
    if (!cpace_start(&inputs, link->scalar, link->root_part.share))
        return IDENTITY_CRYPTO;
    write_head(w, REPLY);
    bytes_write(w, link->root_part.share, CPACE_SHARE_LEN);
    link->expected = REQUEST;
    return agree(link);
}

static int take_reply(struct identity_link *link, struct bytes_reader *r, struct bytes_writer *w)
{
    uint8_t plain[PLAIN_MAX + AEAD_TAG_LEN];
    struct bytes_writer inner;
    bytes_read(r, link->root_part.share, CPACE_SHARE_LEN);
    if (!bytes_reader_done(r))
        return IDENTITY_MALFORMED;
    int error = agree(link);
    if (error != IDENTITY_OK)
        return error;
    bytes_writer_init(&inner, plain, PLAIN_MAX);
    wire_write_vector(&inner, (struct core_slice){link->device_key, IDENTITY_KEY_LEN});
    wire_write_vector(&inner, (struct core_slice){(const uint8_t *)link->device, strlen(link->device)});
    write_head(w, REQUEST);
    bytes_write(w, link->own_tag, sizeof link->own_tag);
    link->expected = ANSWER;
    return write_sealed(link, w, REQUEST, plain, inner.len);
}

/* The confirmation, if this type has one, and what is sealed behind it: plain[0..*len), PLAIN_MAX at most. */
static int open_sealed(const struct identity_link *link, struct bytes_reader *r, enum type type, uint8_t *plain,
                       size_t *len)
{
    const uint8_t *tag = type == DONE ? NULL : bytes_parse(r, CPACE_TAG_LEN);
    const struct core_slice aad = {r->data, r->pos};
    struct core_slice sealed = wire_parse_vector(r);
    if (!bytes_reader_done(r) || sealed.len < AEAD_TAG_LEN || sealed.len - AEAD_TAG_LEN > PLAIN_MAX)
        return IDENTITY_MALFORMED;
    if (tag && !core_equal(tag, link->peer_tag, CPACE_TAG_LEN))
        return IDENTITY_CODE;
    *len = sealed.len - AEAD_TAG_LEN;
    memcpy(plain, sealed.data, *len);
    uint8_t aead_tag[AEAD_TAG_LEN];
    memcpy(aead_tag, sealed.data + *len, sizeof aead_tag);
    return crypt(CORE_OPEN, link->peer_key, type, aad, plain, *len, aead_tag) ? IDENTITY_OK : IDENTITY_CODE;
}

static int take_request(struct identity_link *link, struct bytes_reader *r, struct bytes_writer *w)
{
    uint8_t plain[PLAIN_MAX];
    struct bytes_reader inner;
    size_t len = 0;
    (void)w;
    int error = open_sealed(link, r, REQUEST, plain, &len);
    if (error != IDENTITY_OK)
        return error;
    bytes_reader_init(&inner, plain, len);
    struct core_slice device_key = wire_parse_vector(&inner);
    struct core_slice device = wire_parse_vector(&inner);
    if (!bytes_reader_done(&inner) || device_key.len != IDENTITY_KEY_LEN)
        return IDENTITY_MALFORMED;
    if (!identity_name_ok((const char *)device.data, device.len, IDENTITY_DEVICE_MAX))
        return IDENTITY_NAME;
    memcpy(link->device_key, device_key.data, IDENTITY_KEY_LEN);
    memcpy(link->device, device.data, device.len);
    link->state = IDENTITY_LINK_ASKED;
    link->expected = DONE;
    return IDENTITY_OK;
}

/* Both sides ask this of a certificate and a list: they are genuine, of one root, and the certificate is of this device
 * and not on the list. */
static int check_answer(const struct identity_link *link, struct core_slice certificate, struct core_slice revocations)
{
    struct identity_certificate read;
    struct identity_revocations list;
    int error =
        identity_credential_check(certificate.data, certificate.len, link->device_key, IDENTITY_KEY_LEN, 0, &read);
    if (error != IDENTITY_OK || revocations.len == 0)
        return error;
    error = identity_revocations_verify(revocations.data, revocations.len, &list);
    if (error != IDENTITY_OK)
        return error;
    if (memcmp(list.root_key, read.root_key, IDENTITY_KEY_LEN) != 0)
        return IDENTITY_ROOT;
    return identity_revocations_has(&list, link->device_key) ? IDENTITY_DEVICE : IDENTITY_OK;
}

static int take_answer(struct identity_link *link, struct bytes_reader *r, struct bytes_writer *w)
{
    uint8_t plain[PLAIN_MAX];
    uint8_t nothing[AEAD_TAG_LEN];
    struct bytes_reader inner;
    size_t len = 0;
    int error = open_sealed(link, r, ANSWER, plain, &len);
    if (error != IDENTITY_OK)
        return error;
    bytes_reader_init(&inner, plain, len);
    struct core_slice certificate = wire_parse_vector(&inner);
    struct core_slice revocations = wire_parse_vector(&inner);
    if (!bytes_reader_done(&inner))
        return IDENTITY_MALFORMED;
    error = check_answer(link, certificate, revocations);
    if (error != IDENTITY_OK)
        return error;
    memcpy(link->certificate, certificate.data, certificate.len);
    link->certificate_len = certificate.len;
    memcpy(link->revocations, revocations.data, revocations.len);
    link->revocations_len = revocations.len;
    write_head(w, DONE);
    error = write_sealed(link, w, DONE, nothing, 0);
    if (error == IDENTITY_OK)
        link->state = IDENTITY_LINK_DONE;
    return error;
}

static int take_done(struct identity_link *link, struct bytes_reader *r, struct bytes_writer *w)
{
    uint8_t plain[PLAIN_MAX];
    size_t len = 0;
    (void)w;
    int error = open_sealed(link, r, DONE, plain, &len);
    if (error == IDENTITY_OK && len != 0)
        error = IDENTITY_MALFORMED;
    if (error == IDENTITY_OK)
        link->state = IDENTITY_LINK_DONE;
    return error;
}

static int take(struct identity_link *link, const uint8_t *data, size_t data_len, struct bytes_writer *w)
{
    static int (*const takers[])(struct identity_link *, struct bytes_reader *, struct bytes_writer *) = {
        [START] = take_start,   [REPLY] = take_reply, [REQUEST] = take_request,
        [ANSWER] = take_answer, [DONE] = take_done,
    };
    struct bytes_reader r;
    if (link->state != IDENTITY_LINK_WAITING)
        return IDENTITY_STATE;
    if (data_len > IDENTITY_LINK_MESSAGE_MAX)
        return IDENTITY_MALFORMED;
    bytes_reader_init(&r, data, data_len);
    uint16_t version = bytes_read_u16(&r);
    uint8_t type = bytes_read_u8(&r);
    if (!bytes_reader_ok(&r))
        return IDENTITY_MALFORMED;
    if (version != VERSION)
        return IDENTITY_SCHEME;
    if (type != link->expected)
        return IDENTITY_MALFORMED;
    return takers[type](link, &r, w);
}

/* --- What is worth taking --- */

static bool is_share(struct bytes_reader *r)
{
    static const uint8_t one[CORE_RISTRETTO255_LEN] = {1};
    uint8_t element[CORE_RISTRETTO255_LEN];
    const uint8_t *share = bytes_parse(r, CPACE_SHARE_LEN);
    return bytes_reader_done(r) && core_ristretto255_mult(one, share, element);
}

static bool is_confirmation(struct bytes_reader *r)
{
    bytes_parse(r, CPACE_TAG_LEN);
    const struct core_slice sealed = wire_parse_vector(r);
    return bytes_reader_done(r) && sealed.len >= AEAD_TAG_LEN && sealed.len - AEAD_TAG_LEN <= PLAIN_MAX;
}

bool identity_link_expects(const struct identity_link *link, const uint8_t *data, size_t data_len)
{
    uint8_t plain[PLAIN_MAX];
    struct bytes_reader r;
    size_t len = 0;
    if (link->state != IDENTITY_LINK_WAITING || data_len > IDENTITY_LINK_MESSAGE_MAX)
        return false;
    bytes_reader_init(&r, data, data_len);
    if (bytes_read_u16(&r) != VERSION || bytes_read_u8(&r) != link->expected)
        return false;
    switch (link->expected) {
    case START:
        bytes_parse(&r, SID_LEN);
        return is_share(&r);
    case REPLY:
        return is_share(&r);
    case REQUEST:
    case ANSWER:
        return is_confirmation(&r);
    case DONE:
        return open_sealed(link, &r, DONE, plain, &len) == IDENTITY_OK && len == 0;
    }
    return false;
}

/* --- Taking it --- */

/* No second chance: keys and code go with the run. */
static void fail(struct identity_link *link)
{
    core_wipe(link, sizeof *link);
    link->state = IDENTITY_LINK_FAILED;
}

int identity_link_receive(struct identity_link *link, const uint8_t *data, size_t data_len, uint8_t *out, size_t cap,
                          size_t *len)
{
    struct bytes_writer w;
    bytes_writer_init(&w, out, cap);
    int error = take(link, data, data_len, &w);
    if (error == IDENTITY_OK && !bytes_writer_ok(&w))
        error = IDENTITY_SPACE;
    if (error == IDENTITY_OK)
        *len = w.len;
    else
        fail(link);
    return error;
}

/* --- What the application asks and answers --- */

int identity_link_request(const struct identity_link *link, uint8_t device_key[IDENTITY_KEY_LEN],
                          char device[IDENTITY_DEVICE_MAX + 1])
{
    if (link->state != IDENTITY_LINK_ASKED)
        return IDENTITY_STATE;
    memcpy(device_key, link->device_key, IDENTITY_KEY_LEN);
    memcpy(device, link->device, sizeof link->device);
    return IDENTITY_OK;
}

int identity_link_answer(struct identity_link *link, const uint8_t *certificate, size_t certificate_len,
                         const uint8_t *revocations, size_t revocations_len, uint8_t *out, size_t cap, size_t *len)
{
    uint8_t plain[PLAIN_MAX + AEAD_TAG_LEN];
    const struct core_slice parts[] = {{certificate, certificate_len}, {revocations, revocations_len}};
    struct bytes_writer inner;
    struct bytes_writer w;
    if (link->state != IDENTITY_LINK_ASKED)
        return IDENTITY_STATE;
    int error = check_answer(link, parts[0], parts[1]);
    if (error != IDENTITY_OK)
        return error;
    bytes_writer_init(&inner, plain, PLAIN_MAX);
    wire_write_vector(&inner, parts[0]);
    wire_write_vector(&inner, parts[1]);
    bytes_writer_init(&w, out, cap);
    write_head(&w, ANSWER);
    bytes_write(&w, link->own_tag, sizeof link->own_tag);
    error = write_sealed(link, &w, ANSWER, plain, inner.len);
    if (error != IDENTITY_OK)
        return error;
    *len = w.len;
    link->state = IDENTITY_LINK_WAITING;
    return IDENTITY_OK;
}

int identity_link_result(const struct identity_link *link, const uint8_t **certificate, size_t *certificate_len,
                         const uint8_t **revocations, size_t *revocations_len)
{
    if (link->state != IDENTITY_LINK_DONE || !link->is_new_device)
        return IDENTITY_STATE;
    *certificate = link->certificate;
    *certificate_len = link->certificate_len;
    *revocations = link->revocations;
    *revocations_len = link->revocations_len;
    return IDENTITY_OK;
}
