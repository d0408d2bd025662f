#include "sfu/ice.h"

#include <stdio.h>
#include <string.h>

#include "core/secret.h"

bool sfu_ice_local_ufrag(const struct sfu_stun *stun, const uint8_t **ufrag, size_t *ufrag_len)
{
    if (!stun->username)
        return false;
    const uint8_t *colon = memchr(stun->username, ':', stun->username_len);
    if (!colon || colon == stun->username)
        return false;
    *ufrag = stun->username;
    *ufrag_len = (size_t)(colon - stun->username);
    return true;
}

bool sfu_ice_init(struct sfu_ice *ice, const struct sfu_ice_credentials *credentials, uint64_t now_us)
{
    uint64_t tie_breaker;
    if (!core_random((uint8_t *)&tie_breaker, sizeof tie_breaker))
        return false;
    *ice = (struct sfu_ice){.credentials = *credentials, .consent_us = now_us, .tie_breaker = tie_breaker};
    return true;
}

void sfu_ice_wipe(struct sfu_ice *ice)
{
    core_wipe(ice, sizeof *ice);
}

void sfu_ice_restart(struct sfu_ice *ice, const struct sfu_ice_credentials *credentials)
{
    ice->credentials = *credentials;
    ice->challenged = (struct sfu_address){0};
}

static bool names_us(const struct sfu_ice *ice, const struct sfu_stun *stun)
{
    const uint8_t *ufrag;
    size_t ufrag_len;
    return sfu_ice_local_ufrag(stun, &ufrag, &ufrag_len) && ufrag_len == strlen(ice->credentials.local_ufrag) &&
           memcmp(ufrag, ice->credentials.local_ufrag, ufrag_len) == 0;
}

enum sfu_ice_outcome sfu_ice_request(struct sfu_ice *ice, const struct sfu_stun *stun, const struct sfu_address *from,
                                     bool settled, uint64_t now_us, struct sfu_ice_reply *reply)
{
    const char *password = ice->credentials.local_pwd;
    reply->len = 0;
    /* An unauthenticated request gets no answer at all, where RFC 8489 section 9.1.3 would have 400 or 401: this port
     * shall not speak to strangers. */
    if (stun->class != SFU_STUN_REQUEST || stun->method != SFU_STUN_BINDING || !names_us(ice, stun) ||
        !sfu_stun_authentic(stun, password))
        return SFU_ICE_DROPPED;

    enum sfu_ice_outcome outcome = SFU_ICE_REFUSED;
    if (stun->unknown_count > 0) {
        reply->len = sfu_stun_write_error(reply->data, sizeof reply->data, stun->transaction,
                                          SFU_STUN_UNKNOWN_ATTRIBUTE, stun->unknown, stun->unknown_count, password);
    } else if (stun->controlled) {
        /* a lite agent is always the controlled one (RFC 8445 section 6.1.1), so it cannot switch roles */
        reply->len = sfu_stun_write_error(reply->data, sizeof reply->data, stun->transaction, SFU_STUN_ROLE_CONFLICT,
                                          NULL, 0, password);
    } else {
        outcome = SFU_ICE_CHECKED;
        reply->len = sfu_stun_write_success(reply->data, sizeof reply->data, stun->transaction, from, password);
        bool elsewhere = !sfu_address_equal(from, &ice->selected);
        if (ice->selected.family == 0 || (stun->use_candidate && elsewhere && !settled))
            ice->selected = *from;
        else if (stun->use_candidate && elsewhere)
            outcome = SFU_ICE_NOMINATED;
        /* consent is to be sent to where media goes (RFC 7675 section 5.1) */
        if (sfu_address_equal(from, &ice->selected))
            ice->consent_us = now_us;
    }
    if (reply->len > stun->len)
        reply->len = 0;
    return outcome;
}

size_t sfu_ice_challenge(struct sfu_ice *ice, const struct sfu_address *to, uint64_t now_us, uint8_t *out, size_t cap)
{
    if (ice->challenged_us != 0 && now_us < ice->challenged_us + SFU_ICE_CHALLENGE_US)
        return 0;
    ice->challenged_us = now_us;
    char username[SFU_UFRAG_MAX * 2];
    int username_len =
        snprintf(username, sizeof username, "%s:%s", ice->credentials.remote_ufrag, ice->credentials.local_ufrag);
    if (username_len < 0 || (size_t)username_len >= sizeof username)
        return 0;
    /* one transaction per address: an answer to an earlier challenge of the same address counts too */
    if (!sfu_address_equal(to, &ice->challenged)) {
        uint8_t transaction[SFU_STUN_TRANSACTION];
        if (!core_random(transaction, sizeof transaction))
            return 0;
        memcpy(ice->challenge, transaction, sizeof transaction);
        ice->challenged = *to;
    }
    return sfu_stun_write_check(out, cap, ice->challenge, username, ice->tie_breaker, ice->credentials.remote_pwd);
}

bool sfu_ice_response(struct sfu_ice *ice, const struct sfu_stun *stun, const struct sfu_address *from, uint64_t now_us)
{
    if (stun->class != SFU_STUN_SUCCESS || stun->method != SFU_STUN_BINDING || ice->challenged.family == 0 ||
        !sfu_address_equal(from, &ice->challenged) ||
        !core_equal(stun->transaction, ice->challenge, sizeof ice->challenge) ||
        !sfu_stun_authentic(stun, ice->credentials.remote_pwd))
        return false;
    ice->selected = *from;
    ice->consent_us = now_us;
    ice->challenged = (struct sfu_address){0};
    return true;
}
