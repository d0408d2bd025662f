/* A call keyed by its members: identity, delivery service and MLS on one side, the media's key ring on the other. In
 * the main context, but for group_resolve(). */
#ifndef GROUP_H
#define GROUP_H

#include <jansson.h>
#include <libsoup/soup.h>
#include <stdbool.h>
#include <stdint.h>

#include "gstsotto/keyring.h"
#include "id/passphrase.h"

struct group;

struct group_member {
    uint64_t sender;  /* of group_resolve() */
    const char *name; /* as it is to be shown; NULL: this user's */
    bool left;        /* said goodbye, and is about to be removed */
    bool lost;        /* nothing was heard of it in the group for three intervals, whatever its frames do */
};

struct group_config {
    SoupSession *http;
    const char *link;            /* sotto://HOST/ROOM#SECRET */
    const char *url;             /* of the delivery service; NULL: from the link's host */
    const char *token;           /* NULL: none */
    const char *identity_folder; /* NULL: the usual one */
    struct id_passphrase_source passphrase;
    SottoKeyRing *ring;
    /* Frames may be sent from now on, or not any more: what is sealed in between must be dropped. */
    void (*may_send)(void *user, bool may);
    /* Why nothing is sent, for people; NULL: it is. Valid for good. */
    void (*paused)(void *user, const char *why);
    /* How the room pads frames, before the first may be sent: to multiples of so many bytes, 0 not at all. */
    void (*padding)(void *user, unsigned multiple);
    void (*say)(void *user, const char *text); /* one line for people */
    /* What somebody said, text[0..len) of clean UTF-8, which is to be shown for so long, and kept nowhere. */
    void (*vanishing)(void *user, const char *who, const char *text, size_t len, uint64_t vanish_ms);
    void (*members)(void *user); /* group_get_member() answers otherwise than before */
    void (*ended)(void *user);   /* left, removed, or there is no way in */
    void *user;
};

/* NULL, with a reason on stderr: no identity here, not a link, a wrong passphrase. http and ring have to
 * outlast it, the rest of config does not. */
struct group *group_new(const struct group_config *config);
void group_free(struct group *group);
/* The i-th member; false beyond the last. */
bool group_get_member(const struct group *group, size_t i, struct group_member *member);
/* Says goodbye. */
void group_leave(struct group *group);
/* A line that the user typed: chat, or a command that begins with a slash. */
void group_typed(struct group *group, const char *line);
/* As people_resolve(). Any thread. */
bool group_resolve(struct group *group, uint64_t kid, uint64_t ctr, uint64_t *sender, uint64_t *index);
/* Epoch, call code and roster, for --stats. */
json_t *group_json(const struct group *group);

#endif
