#include "sfu/transport.h"

#include <stdlib.h>
#include <string.h>

#include "core/hmac_sha1.h"
#include "core/secret.h"

_Static_assert((int)SFU_SRTP_TAILROOM >= (int)SFU_SRTP_GROWTH, "the router leaves room for SRTP");
_Static_assert((int)SFU_SRTP_TAILROOM + 4 >= (int)SFU_SRTCP_GROWTH, "and for SRTCP");

struct learnt_address {
    struct sfu_address address; /* family 0: free */
    struct sfu_index_node node;
    uint64_t used_us;
};

struct sfu_transport {
    struct sfu_transport_host *host;
    struct sfu_transport_hook hook;
    struct sfu_session_params params;
    struct sfu_ice ice;
    struct sfu_dtls *dtls;
    struct sfu_srtp *srtp; /* NULL until DTLS is done */
    struct sfu_index_node id_node;
    struct sfu_index_node ufrag_node;
    struct learnt_address learnt[SFU_TRANSPORT_ADDRESSES];
    uint64_t started_us;
    uint64_t token_deadline_us;
    uint64_t bytes_in; /* until SRTP is up: what this peer's addresses sent and got */
    uint64_t bytes_out;
    uint8_t cookie_key[SFU_DTLS_COOKIE];
    bool proven; /* a cookie came back: the peer hears us at the selected address */
    bool segment;
};

bool sfu_transport_host_init(struct sfu_transport_host *host, size_t max_sessions)
{
    if (host->idle_timeout_us == 0)
        host->idle_timeout_us = SFU_TRANSPORT_CONSENT_US;
    if (sfu_index_init(&host->by_id, max_sessions)) {
        if (sfu_index_init(&host->by_ufrag, max_sessions)) {
            if (sfu_index_init(&host->by_address, 2 * max_sessions))
                return true;
            sfu_index_wipe(&host->by_ufrag);
        }
        sfu_index_wipe(&host->by_id);
    }
    return false;
}

void sfu_transport_host_wipe(struct sfu_transport_host *host)
{
    sfu_index_wipe(&host->by_id);
    sfu_index_wipe(&host->by_ufrag);
    sfu_index_wipe(&host->by_address);
}

static bool is_up(const struct sfu_transport *transport)
{
    return transport->srtp != NULL;
}

/* --- sending --- */

static void send_one(struct sfu_transport *transport, const struct sfu_address *to, const uint8_t *data, size_t len)
{
    struct iovec datagram = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
    transport->host->send(transport->host->user, to, &datagram, 1, &transport->segment);
    transport->bytes_out += len;
}

/* The handshake's way out. A source that has echoed the cookie hears us; one that has not may be a third party whose
 * address a participant put into its checks. */
static void send_dtls(void *user, const uint8_t *datagram, size_t len)
{
    struct sfu_transport *transport = user;
    uint64_t allowance = UINT64_MAX;
    if (!is_up(transport))
        allowance =
            transport->proven ? transport->bytes_in * SFU_TRANSPORT_FACTOR + SFU_TRANSPORT_CREDIT : transport->bytes_in;
    if (transport->ice.selected.family != 0 && transport->bytes_out + len <= allowance)
        send_one(transport, &transport->ice.selected, datagram, len);
}

static bool cookie_of(const struct sfu_transport *transport, const struct sfu_address *address,
                      uint8_t cookie[SFU_DTLS_COOKIE])
{
    uint8_t mac[CORE_HMAC_SHA1_LEN];
    if (!core_hmac_sha1(transport->cookie_key, sizeof transport->cookie_key, (const uint8_t *)address, sizeof *address,
                        mac))
        return false;
    memcpy(cookie, mac, SFU_DTLS_COOKIE);
    return true;
}

static bool make_cookie(void *user, uint8_t cookie[SFU_DTLS_COOKIE])
{
    const struct sfu_transport *transport = user;
    return cookie_of(transport, &transport->ice.selected, cookie);
}

/* The peer may have nominated another address since the cookie was sent: the one it was sent to is the one that is
 * proven, and selected from now on. */
static bool check_cookie(void *user, const uint8_t cookie[SFU_DTLS_COOKIE])
{
    struct sfu_transport *transport = user;
    for (size_t i = 0; i < SFU_TRANSPORT_ADDRESSES; i++) {
        const struct sfu_address *address = &transport->learnt[i].address;
        uint8_t expected[SFU_DTLS_COOKIE];
        if (address->family != 0 && cookie_of(transport, address, expected) &&
            core_equal(cookie, expected, SFU_DTLS_COOKIE)) {
            transport->ice.selected = *address;
            transport->proven = true;
            return true;
        }
    }
    return false;
}

static const struct sfu_dtls_ops dtls_ops = {
    .send = send_dtls, .make_cookie = make_cookie, .check_cookie = check_cookie};

void sfu_transport_send_rtp(struct sfu_transport *transport, struct sfu_out_packet *packets, size_t count)
{
    if (!is_up(transport))
        return;
    while (count > 0) {
        struct iovec datagrams[SFU_BURST_MAX];
        size_t n = count < SFU_BURST_MAX ? count : SFU_BURST_MAX;
        size_t ready = 0;
        for (size_t i = 0; i < n; i++) {
            if (transport->host->srtp->protect_rtp(transport->srtp, packets[i].data, &packets[i].len) != SFU_SRTP_OK)
                continue;
            datagrams[ready++] = (struct iovec){.iov_base = packets[i].data, .iov_len = packets[i].len};
        }
        if (ready > 0)
            transport->host->send(transport->host->user, &transport->ice.selected, datagrams, ready,
                                  &transport->segment);
        packets += n;
        count -= n;
    }
}

void sfu_transport_send_rtcp(struct sfu_transport *transport, uint8_t *data, size_t len)
{
    if (is_up(transport) && transport->host->srtp->protect_rtcp(transport->srtp, data, &len) == SFU_SRTP_OK)
        send_one(transport, &transport->ice.selected, data, len);
}

/* --- making and ending --- */

static uint64_t deadline_of(uint64_t token_expires_s, uint64_t now_us, uint64_t wall_s)
{
    /* beyond a century it never ends, and nothing overflows */
    static const uint64_t never_s = 100ull * 366 * 86400;
    if (token_expires_s <= wall_s)
        return now_us;
    uint64_t left_s = token_expires_s - wall_s;
    return left_s > never_s ? UINT64_MAX : now_us + left_s * 1000000;
}

static void set_credentials(struct sfu_session_params *params, const struct sfu_ice_credentials *credentials)
{
    memcpy(params->local_ufrag, credentials->local_ufrag, sizeof params->local_ufrag);
    memcpy(params->local_pwd, credentials->local_pwd, sizeof params->local_pwd);
    memcpy(params->remote_ufrag, credentials->remote_ufrag, sizeof params->remote_ufrag);
    memcpy(params->remote_pwd, credentials->remote_pwd, sizeof params->remote_pwd);
}

static void get_credentials(const struct sfu_session_params *params, struct sfu_ice_credentials *credentials)
{
    memcpy(credentials->local_ufrag, params->local_ufrag, sizeof credentials->local_ufrag);
    memcpy(credentials->local_pwd, params->local_pwd, sizeof credentials->local_pwd);
    memcpy(credentials->remote_ufrag, params->remote_ufrag, sizeof credentials->remote_ufrag);
    memcpy(credentials->remote_pwd, params->remote_pwd, sizeof credentials->remote_pwd);
}

struct sfu_transport *sfu_transport_find(const struct sfu_transport_host *host, const char *id)
{
    struct sfu_index_node *node = sfu_index_find(&host->by_id, id, strlen(id));
    return node ? node->owner : NULL;
}

bool sfu_transport_taken(const struct sfu_transport_host *host, const char *id, const char *local_ufrag)
{
    return sfu_transport_find(host, id) || sfu_index_find(&host->by_ufrag, local_ufrag, strlen(local_ufrag));
}

struct sfu_transport *sfu_transport_new(struct sfu_transport_host *host, const struct sfu_session_params *params,
                                        uint64_t now_us, uint64_t wall_s)
{
    /* an empty password would let anybody in */
    if (!params->id[0] || !params->local_ufrag[0] || !params->local_pwd[0] ||
        sfu_transport_taken(host, params->id, params->local_ufrag))
        return NULL;
    struct sfu_transport *transport = calloc(1, sizeof *transport);
    if (!transport)
        return NULL;
    transport->host = host;
    transport->params = *params;
    transport->started_us = now_us;
    transport->token_deadline_us = deadline_of(params->token_expires_s, now_us, wall_s);
    transport->segment = true;
    struct sfu_ice_credentials credentials;
    get_credentials(params, &credentials);
    bool ok = sfu_ice_init(&transport->ice, &credentials, now_us) &&
              core_random(transport->cookie_key, sizeof transport->cookie_key);
    core_wipe(&credentials, sizeof credentials);
    if (ok)
        transport->dtls = sfu_dtls_new(host->certificate, params->remote_fingerprint, &dtls_ops, transport);
    if (!transport->dtls) {
        core_wipe(transport, sizeof *transport);
        free(transport);
        return NULL;
    }
    sfu_index_add(&host->by_id, &transport->id_node, transport->params.id, strlen(params->id), transport);
    sfu_index_add(&host->by_ufrag, &transport->ufrag_node, transport->params.local_ufrag, strlen(params->local_ufrag),
                  transport);
    return transport;
}

static void forget_address(struct sfu_transport *transport, struct learnt_address *learnt)
{
    sfu_index_remove(&transport->host->by_address, &learnt->node);
    *learnt = (struct learnt_address){0};
}

void sfu_transport_free(struct sfu_transport *transport)
{
    if (!transport)
        return;
    sfu_dtls_close(transport->dtls);
    for (size_t i = 0; i < SFU_TRANSPORT_ADDRESSES; i++)
        if (transport->learnt[i].address.family != 0)
            forget_address(transport, &transport->learnt[i]);
    sfu_index_remove(&transport->host->by_id, &transport->id_node);
    sfu_index_remove(&transport->host->by_ufrag, &transport->ufrag_node);
    transport->host->srtp->free(transport->srtp);
    sfu_dtls_free(transport->dtls);
    core_wipe(transport, sizeof *transport);
    free(transport);
}

const struct sfu_session_params *sfu_transport_params(const struct sfu_transport *transport)
{
    return &transport->params;
}

struct sfu_transport_hook *sfu_transport_hook(struct sfu_transport *transport)
{
    return &transport->hook;
}

bool sfu_transport_restart_ice(struct sfu_transport *transport, const struct sfu_ice_credentials *credentials)
{
    struct sfu_index *index = &transport->host->by_ufrag;
    size_t ufrag_len = strlen(credentials->local_ufrag);
    struct sfu_index_node *taken = sfu_index_find(index, credentials->local_ufrag, ufrag_len);
    if (ufrag_len == 0 || !credentials->local_pwd[0] || (taken && taken != &transport->ufrag_node))
        return false;
    sfu_index_remove(index, &transport->ufrag_node);
    set_credentials(&transport->params, credentials);
    sfu_index_add(index, &transport->ufrag_node, transport->params.local_ufrag, ufrag_len, transport);
    sfu_ice_restart(&transport->ice, credentials);
    return true;
}

void sfu_transport_renew(struct sfu_transport *transport, uint64_t token_expires_s, uint64_t now_us, uint64_t wall_s)
{
    transport->params.token_expires_s = token_expires_s;
    transport->token_deadline_us = deadline_of(token_expires_s, now_us, wall_s);
}

/* --- time --- */

/* When a peer that is silent is asked for consent next: from a third of the time it has, some seven times. */
static uint64_t consent_question_us(const struct sfu_transport *transport)
{
    if (!is_up(transport))
        return UINT64_MAX;
    uint64_t idle_us = transport->host->idle_timeout_us;
    uint64_t spacing_us = idle_us / 10 > SFU_ICE_CHALLENGE_US ? idle_us / 10 : SFU_ICE_CHALLENGE_US;
    uint64_t first_us = transport->ice.consent_us + idle_us / 3;
    uint64_t next_us = transport->ice.challenged_us + spacing_us;
    return first_us > next_us ? first_us : next_us;
}

static void challenge(struct sfu_transport *transport, const struct sfu_address *to, uint64_t now_us)
{
    uint8_t message[SFU_STUN_CHECK_MAX];
    size_t len = sfu_ice_challenge(&transport->ice, to, now_us, message, sizeof message);
    if (len > 0)
        send_one(transport, to, message, len);
}

uint64_t sfu_transport_next_timeout(const struct sfu_transport *transport)
{
    uint64_t idle_us = transport->host->idle_timeout_us;
    uint64_t next = transport->ice.consent_us + idle_us;
    uint64_t others[] = {transport->token_deadline_us, sfu_dtls_next_timeout(transport->dtls),
                         consent_question_us(transport),
                         is_up(transport) ? UINT64_MAX : transport->started_us + idle_us};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (others[i] < next)
            next = others[i];
    return next;
}

/* What DTLS has come to: true if the transport goes on. */
static bool dtls_goes_on(enum sfu_dtls_state state, enum sfu_session_end *end)
{
    switch (state) {
    case SFU_DTLS_HANDSHAKE:
    case SFU_DTLS_UP:
        return true;
    case SFU_DTLS_CLOSED:
        *end = SFU_END_PEER;
        return false;
    case SFU_DTLS_WRONG_FINGERPRINT:
        *end = SFU_END_FINGERPRINT;
        return false;
    case SFU_DTLS_FAILED:
        break;
    }
    *end = SFU_END_HANDSHAKE;
    return false;
}

bool sfu_transport_tick(struct sfu_transport *transport, uint64_t now_us, enum sfu_session_end *end)
{
    uint64_t idle_us = transport->host->idle_timeout_us;
    if (now_us >= transport->token_deadline_us) {
        *end = SFU_END_TOKEN;
        return false;
    }
    if (now_us >= transport->ice.consent_us + idle_us) {
        *end = SFU_END_CONSENT;
        return false;
    }
    if (!is_up(transport) && now_us >= transport->started_us + idle_us) {
        *end = SFU_END_HANDSHAKE;
        return false;
    }
    if (now_us >= consent_question_us(transport))
        challenge(transport, &transport->ice.selected, now_us);
    if (now_us >= sfu_dtls_next_timeout(transport->dtls))
        return dtls_goes_on(sfu_dtls_tick(transport->dtls, now_us), end);
    return true;
}

/* --- datagrams in --- */

static struct learnt_address *find_learnt(const struct sfu_transport_host *host, const struct sfu_address *from,
                                          struct sfu_transport **owner)
{
    struct sfu_index_node *node = sfu_index_find(&host->by_address, from, sizeof *from);
    if (!node)
        return NULL;
    struct sfu_transport *transport = node->owner;
    for (size_t i = 0; i < SFU_TRANSPORT_ADDRESSES; i++)
        if (&transport->learnt[i].node == node) {
            *owner = transport;
            return &transport->learnt[i];
        }
    return NULL;
}

/* A place for a new address: a free one, else the one used longest ago that is not selected. */
static struct learnt_address *find_place(struct sfu_transport *transport)
{
    struct learnt_address *oldest = NULL;
    for (size_t i = 0; i < SFU_TRANSPORT_ADDRESSES; i++) {
        struct learnt_address *learnt = &transport->learnt[i];
        if (learnt->address.family == 0)
            return learnt;
        if (!sfu_address_equal(&learnt->address, &transport->ice.selected) &&
            (!oldest || learnt->used_us < oldest->used_us))
            oldest = learnt;
    }
    forget_address(transport, oldest);
    return oldest;
}

/* False if the address is where another session's peer is proven to be: a participant could otherwise take another's
 * media away by a check with a forged source. */
static bool may_learn(const struct sfu_transport *transport, const struct sfu_address *from)
{
    struct sfu_transport *owner;
    return !find_learnt(transport->host, from, &owner) || owner == transport || !owner->proven ||
           !sfu_address_equal(&owner->ice.selected, from);
}

static void learn(struct sfu_transport *transport, const struct sfu_address *from, uint64_t now_us)
{
    struct sfu_transport *owner;
    struct learnt_address *learnt = find_learnt(transport->host, from, &owner);
    if (learnt && owner != transport) {
        forget_address(owner, learnt);
        learnt = NULL;
    }
    if (!learnt) {
        learnt = find_place(transport);
        learnt->address = *from;
        sfu_index_add(&transport->host->by_address, &learnt->node, &learnt->address, sizeof learnt->address, transport);
    }
    learnt->used_us = now_us;
}

static void handle_request(struct sfu_transport_host *host, const struct sfu_stun *stun, const struct sfu_address *from,
                           uint64_t now_us, struct sfu_input *input)
{
    const uint8_t *ufrag;
    size_t ufrag_len;
    struct sfu_index_node *node =
        sfu_ice_local_ufrag(stun, &ufrag, &ufrag_len) ? sfu_index_find(&host->by_ufrag, ufrag, ufrag_len) : NULL;
    struct sfu_transport *transport = node ? node->owner : NULL;
    if (!transport || !may_learn(transport, from))
        return;
    struct sfu_ice_reply reply;
    enum sfu_ice_outcome outcome = sfu_ice_request(&transport->ice, stun, from, transport->proven, now_us, &reply);
    if (outcome == SFU_ICE_DROPPED)
        return;
    input->kind = SFU_INPUT_NONE;
    input->transport = transport;
    transport->bytes_in += stun->len;
    if (reply.len > 0)
        send_one(transport, from, reply.data, reply.len);
    if (outcome != SFU_ICE_REFUSED)
        learn(transport, from, now_us);
    if (outcome == SFU_ICE_NOMINATED)
        challenge(transport, from, now_us);
}

static void handle_stun(struct sfu_transport_host *host, const struct sfu_address *from, const uint8_t *datagram,
                        size_t len, uint64_t now_us, struct sfu_input *input)
{
    struct sfu_stun stun;
    struct sfu_transport *transport;
    if (!sfu_stun_parse(&stun, datagram, len))
        return;
    if (stun.class == SFU_STUN_REQUEST) {
        handle_request(host, &stun, from, now_us, input);
    } else if (find_learnt(host, from, &transport)) {
        struct sfu_address before = transport->ice.selected;
        if (!sfu_ice_response(&transport->ice, &stun, from, now_us))
            return;
        input->kind = SFU_INPUT_NONE;
        input->transport = transport;
        /* another path may take segments again */
        if (!sfu_address_equal(&before, from))
            transport->segment = true;
    }
}

static void handle_dtls(struct sfu_transport *transport, const uint8_t *datagram, size_t len, uint64_t now_us,
                        struct sfu_input *input)
{
    input->kind = SFU_INPUT_NONE;
    input->transport = transport;
    if (!is_up(transport))
        transport->bytes_in += len;
    enum sfu_dtls_state state = sfu_dtls_receive(transport->dtls, datagram, len, now_us);
    if (!dtls_goes_on(state, &input->end)) {
        input->kind = SFU_INPUT_ENDED;
    } else if (state == SFU_DTLS_UP && !is_up(transport)) {
        struct sfu_srtp_keys keys;
        if (sfu_dtls_keys(transport->dtls, &keys))
            transport->srtp = transport->host->srtp->new (&keys);
        core_wipe(&keys, sizeof keys);
        input->kind = is_up(transport) ? SFU_INPUT_UP : SFU_INPUT_ENDED;
        input->end = SFU_END_HANDSHAKE;
    }
}

static void handle_srtp(struct sfu_transport *transport, uint8_t *datagram, size_t len, struct sfu_input *input)
{
    if (!is_up(transport) || len < 2)
        return;
    const struct sfu_srtp_ops *srtp = transport->host->srtp;
    /* RFC 5761 section 4 */
    bool rtcp = datagram[1] >= 192 && datagram[1] <= 223;
    int error = rtcp ? srtp->unprotect_rtcp(transport->srtp, datagram, &len)
                     : srtp->unprotect_rtp(transport->srtp, datagram, &len);
    if (error == SFU_SRTP_OK) {
        input->transport = transport;
        input->kind = rtcp ? SFU_INPUT_RTCP : SFU_INPUT_RTP;
        input->data = datagram;
        input->len = len;
    } else if (error == SFU_SRTP_REPLAY) {
        /* networks duplicate: no sign of a stranger */
        input->transport = transport;
        input->kind = SFU_INPUT_NONE;
    }
}

void sfu_transport_input(struct sfu_transport_host *host, const struct sfu_address *from, uint8_t *datagram, size_t len,
                         uint64_t now_us, struct sfu_input *input)
{
    struct sfu_transport *transport;
    *input = (struct sfu_input){.kind = SFU_INPUT_DROPPED};
    if (len == 0)
        return;
    uint8_t first = datagram[0];
    if (first <= 3) {
        handle_stun(host, from, datagram, len, now_us, input);
    } else if (find_learnt(host, from, &transport)) {
        if (first >= 20 && first <= 63)
            handle_dtls(transport, datagram, len, now_us, input);
        else if (first >= 128 && first <= 191)
            handle_srtp(transport, datagram, len, input);
    }
}
