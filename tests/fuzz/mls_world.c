#include "mls_world.h"

#include <stdlib.h>

#include "core/secret.h"

void must(bool condition)
{
    if (!condition)
        abort();
}

/* --- In place of the system's: memory and random bytes, by the linker's --wrap --- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);
bool __wrap_core_random(uint8_t *out, size_t len);

static struct {
    size_t countdown; /* to the one that is refused; 0: none */
    bool refused;
    size_t live;
    uint64_t random;
} host;

static bool refuses(void)
{
    if (host.countdown == 0 || --host.countdown > 0)
        return false;
    host.refused = true;
    return true;
}

static void *made(void *memory)
{
    host.live += memory != NULL;
    return memory;
}

void *__wrap_malloc(size_t size)
{
    return refuses() ? NULL : made(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refuses() ? NULL : made(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (refuses())
        return NULL;
    void *moved = __real_realloc(memory, size);
    host.live += !memory && moved;
    return moved;
}

void __wrap_free(void *memory)
{
    host.live -= memory != NULL;
    __real_free(memory);
}

bool __wrap_core_random(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) { /* splitmix64 */
        uint64_t z = (host.random += UINT64_C(0x9e3779b97f4a7c15));
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        out[i] = (uint8_t)(z >> 56);
    }
    return true;
}

void world_arm(struct world *w)
{
    host.countdown = w->fail;
    host.refused = false;
    w->fail = 0;
}

bool world_disarm(struct world *w)
{
    (void)w;
    host.countdown = 0;
    return host.refused;
}

/* --- Life --- */

void world_init(struct world *w, bool identity)
{
    static const char *const names[CLIENTS] = {"alice", "bob", "carol", "dave", "eve"};
    *w = (struct world){.now_s = PARTY_NOW_S};
    host.live = 0;
    host.random = 0;
    suite_identity_init(&w->rows[0]);
    w->rows[1] = *mls_suite_find(NULL, MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519);
    w->suites = (struct mls_suites){w->rows, 2};
    w->suite = w->rows[!identity].id;
    for (size_t i = 0; i < CLIENTS; i++) {
        /* its signature key is good for both suites */
        party_init_in(&w->clients[i], names[i], &w->suites, w->suite);
        w->clients[i].psk = "secret";
        world_send(w, party_bytes(w->clients[i].package), 0);
        w->packages[i][0] = w->clients[i].keys;
        w->clients[i].keys = NULL;
    }
}

void world_free(struct world *w)
{
    for (size_t i = 0; i < SLOTS; i++)
        slot_free(&w->slots[i]);
    for (size_t i = 0; i < CLIENTS; i++) {
        for (size_t j = 0; j < PACKAGES; j++)
            mls_key_package_keys_free(w->packages[i][j]);
        party_wipe(&w->clients[i]);
    }
    for (size_t i = 0; i < MESSAGES; i++)
        free(w->messages[i].data);
    must(host.live == 0);
}

/* --- Histories and views --- */

uint64_t world_checksum(uint64_t start, const uint8_t *data, size_t len)
{
    uint64_t sum = start ^ UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++) /* FNV-1a */
        sum = (sum ^ data[i]) * UINT64_C(0x100000001b3);
    return sum;
}

uint64_t world_stranger(struct world *w)
{
    w->strangers++;
    return world_checksum(~UINT64_C(0), (const uint8_t *)&w->strangers, sizeof w->strangers);
}

static struct view look(const struct mls_group *group)
{
    struct view v = {.epoch = mls_group_epoch(group),
                     .own_leaf = mls_group_own_leaf(group),
                     .removed = mls_group_was_removed(group),
                     .reinitialized = mls_group_was_reinitialized(group)};
    const struct mls_bytes authenticator = mls_group_epoch_authenticator(group);
    const struct mls_bytes extensions = mls_group_extensions(group);
    const struct mls_bytes id = mls_group_id(group);
    struct mls_output tree = {0};
    memcpy(v.authenticator, authenticator.data, authenticator.len);
    must(mls_group_export(group, party_text("l"), party_text("c"), v.exported, sizeof v.exported) ==
         (v.removed ? MLS_REMOVED : MLS_OK));
    must(mls_group_tree(group, &tree) == MLS_OK);
    v.tree = world_checksum(0, tree.data, tree.len);
    v.extensions = world_checksum(0, extensions.data, extensions.len);
    v.id = world_checksum(0, id.data, id.len);
    mls_output_free(&tree);
    return v;
}

/* All but whose it is. */
static bool agree(const struct view *a, const struct view *b)
{
    return a->epoch == b->epoch && a->reinitialized == b->reinitialized && a->tree == b->tree &&
           a->extensions == b->extensions && a->id == b->id &&
           memcmp(a->authenticator, b->authenticator, sizeof a->authenticator) == 0 &&
           memcmp(a->exported, b->exported, sizeof a->exported) == 0;
}

void world_unchanged(const struct slot *slot)
{
    if (!slot || !slot->group)
        return;
    const struct view now = look(slot->group);
    must(agree(&slot->view, &now));
    must(now.own_leaf == slot->view.own_leaf && now.removed == slot->view.removed);
}

void world_entered(struct world *w, struct slot *slot)
{
    slot->view = look(slot->group);
    if (slot->view.removed)
        return;
    for (size_t i = 0; i < w->epoch_count; i++)
        if (w->epochs[i].history == slot->history) {
            must(agree(&w->epochs[i].view, &slot->view));
            return;
        }
    if (w->epoch_count == EPOCHS_KNOWN)
        return;
    w->epochs[w->epoch_count].history = slot->history;
    w->epochs[w->epoch_count++].view = slot->view;
}

/* --- Things --- */

void slot_free(struct slot *slot)
{
    for (size_t i = 0; i < STAGED; i++)
        mls_staged_free(slot->waiting[i].staged);
    mls_group_free(slot->group);
    *slot = (struct slot){0};
}

void slot_set(struct world *w, struct slot *slot, struct party *client, struct mls_group *group, uint64_t history)
{
    slot_free(slot);
    *slot = (struct slot){.client = client, .group = group, .history = history};
    world_entered(w, slot);
}

void slot_keep(struct slot *slot, struct mls_staged *staged, uint64_t history)
{
    mls_staged_free(slot->waiting[STAGED - 1].staged);
    memmove(&slot->waiting[1], &slot->waiting[0], (STAGED - 1) * sizeof slot->waiting[0]);
    slot->waiting[0] = (struct waiting){staged, history};
}

struct message *world_send(struct world *w, struct mls_bytes data, uint64_t history)
{
    struct message *message = &w->messages[w->message_count++ % MESSAGES];
    free(message->data);
    *message = (struct message){.data = malloc(data.len ? data.len : 1), .len = data.len, .history = history};
    must(message->data != NULL);
    if (data.len)
        memcpy(message->data, data.data, data.len);
    return message;
}

struct message *world_send_output(struct world *w, struct mls_output *output, uint64_t history)
{
    struct message *message = world_send(w, party_bytes(*output), history);
    mls_output_free(output);
    return message;
}

struct message *world_message(struct world *w, uint8_t n)
{
    const size_t known = w->message_count < MESSAGES ? w->message_count : MESSAGES;
    return &w->messages[(w->message_count - 1 - n % known) % MESSAGES];
}
