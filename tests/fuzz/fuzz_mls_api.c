/* The whole public API of sotto/mls.h as a sequence of operations: clients found, join, branch, reinitialize and leave
 * groups, and their messages are delivered, dropped, reordered, repeated and changed; any call's n-th allocation may be
 * refused.
 *
 * Input: u8 (1: the identity suite, else suite 1), then operations: u8 which, and its arguments; where the input ends,
 * arguments are zeros. Held throughout: a call that fails changes nothing; nor does any other but merging; members that
 * took the same commits agree; what is opened was sealed in the very same epoch; nothing leaks. */
#include "mls_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPERATIONS_MAX = 150, PROPOSALS_MAX = 3 };

/* --- Clients --- */

static void op_key_package(struct world *w, struct bytes_reader *r)
{
    struct party *client = arg_client(w, r);
    const size_t place = arg(r) % PACKAGES;
    const uint8_t flags = arg(r);
    struct leaf leaf;
    const struct mls_key_package_config config = {
        .leaf = *arg_leaf(r, client, &leaf),
        .not_before_s = w->now_s,
        .not_after_s = flags & 1 ? w->now_s - 1 : w->now_s + 1000,
        .last_resort = flags & 2,
    };
    struct mls_key_package_keys *keys = NULL;
    struct mls_output message = {0};
    int rc = MLS_OK;
    WORLD_CALL(w, NULL, rc,
               mls_key_package_new(&w->suites, flags & 4 ? w->rows[0].id : w->suite, &config, &keys, &message));
    must((rc == MLS_OK) == (keys != NULL) && (rc == MLS_OK) == (message.data != NULL));
    if (rc != MLS_OK)
        return;
    mls_key_package_keys_free(w->packages[client - w->clients][place]);
    w->packages[client - w->clients][place] = keys;
    world_send_output(w, &message, 0);
}

static void op_import(struct world *w, struct bytes_reader *r)
{
    const struct party *client = arg_client(w, r);
    const struct message *message = arg_message(w, r);
    const struct mls_bytes key = party_bytes(client->signature_private);
    struct mls_key_package_keys *keys = NULL;
    struct mls_message parsed;
    struct mls_bytes init = key;
    int rc = MLS_OK;
    /* the identity suite's private keys are its public ones */
    if (mls_message_parse(message->data, message->len, &parsed) == MLS_OK &&
        parsed.wire_format == MLS_WIRE_KEY_PACKAGE && arg(r) & 1)
        init = mls_out(parsed.key_package.init_key);
    WORLD_CALL(w, NULL, rc, mls_key_package_import(&w->suites, bytes_of(message), init, init, key, &keys));
    must((rc == MLS_OK) == (keys != NULL));
    mls_key_package_keys_free(keys);
}

/* What a client accepts. */
static void op_policy(struct world *w, struct bytes_reader *r)
{
    struct party *client = arg_client(w, r);
    const uint8_t flags = arg(r);
    client->refused_credential = flags & 1 ? "mallory" : NULL;
    client->refuses_commits = flags & 2;
    client->refuses_successors = flags & 4;
    client->accepts_successors = flags & 8;
    client->never_same = flags & 16;
    client->refused_proposal = arg(r) % 9;
    client->psk = flags & 32 ? "another" : flags & 64 ? NULL : "secret";
    client->policy.lifetime_max_s = flags & 128 ? 500 : 0;
}

static void op_time(struct world *w, struct bytes_reader *r)
{
    w->now_s += 10 * (uint64_t)arg(r);
}

/* --- Groups --- */

static void op_new(struct world *w, struct bytes_reader *r)
{
    struct slot *slot = arg_slot(w, r);
    struct party *client = arg_client(w, r);
    struct leaf leaf;
    uint8_t senders[128];
    struct mls_extension_item extensions[2];
    struct mls_group_config config = {.suites = &w->suites,
                                      .suite = w->suite,
                                      .leaf = *arg_leaf(r, client, &leaf),
                                      .extensions = extensions,
                                      .policy = client->policy};
    struct mls_group *group = NULL;
    int rc = MLS_OK;
    config.extension_count = arg_extensions(w, r, senders, extensions);
    config.group_id = party_text(arg(r) & 1 ? "group" : "");
    WORLD_CALL(w, NULL, rc, mls_group_new(&config, &group));
    must((rc == MLS_OK) == (group != NULL));
    if (group)
        slot_set(w, slot, client, group, world_stranger(w));
}

static void op_continue(struct world *w, struct bytes_reader *r)
{
    struct slot *slot = arg_slot(w, r);
    struct slot *old = arg_slot(w, r);
    struct leaf leaf;
    struct mls_group *group = NULL;
    int rc = MLS_OK;
    if (!old->group)
        return;
    struct party *client = old->client;
    const struct mls_leaf_config *config = arg_leaf(r, client, &leaf);
    if (arg(r) & 1)
        WORLD_CALL(w, old, rc, mls_group_branch(old->group, party_text("branch"), config, NULL, 0, &group));
    else
        WORLD_CALL(w, old, rc, mls_group_reinit(old->group, &w->suites, config, &client->policy, &group));
    must((rc == MLS_OK) == (group != NULL));
    if (group)
        slot_set(w, slot, client, group, world_stranger(w));
}

static void join(struct world *w, struct slot *slot, struct party *client, size_t package,
                 const struct message *welcome, const struct mls_join_config *config)
{
    struct mls_key_package_keys *keys = w->packages[client - w->clients][package];
    struct mls_group *group = NULL;
    int rc = MLS_OK;
    if (!keys)
        return;
    WORLD_CALL(w, NULL, rc, mls_group_join(bytes_of(welcome), keys, config, &group));
    must((rc == MLS_OK) == (group != NULL));
    if (group)
        slot_set(w, slot, client, group, welcome->changed ? world_stranger(w) : welcome->history);
}

static void op_join(struct world *w, struct bytes_reader *r)
{
    struct slot *slot = arg_slot(w, r);
    struct party *client = arg_client(w, r);
    const size_t package = arg(r) % PACKAGES;
    const struct message *welcome = arg_message(w, r);
    const struct mls_join_config config = arg_join(w, r, client);
    join(w, slot, client, package, welcome, &config);
}

static void op_join_external(struct world *w, struct bytes_reader *r)
{
    struct slot *slot = arg_slot(w, r);
    struct party *client = arg_client(w, r);
    const struct message *info = arg_message(w, r);
    const uint64_t before = info->changed ? world_stranger(w) : info->history;
    const uint8_t flags = arg(r);
    const struct mls_bytes psk = party_text("psk");
    struct leaf leaf;
    struct mls_external_config config = {.leaf = *arg_leaf(r, client, &leaf),
                                         .resync = flags & 1,
                                         .old_leaf = (flags >> 4) % CLIENTS,
                                         .psk_ids = &psk,
                                         .psk_count = flags & 2 ? 1 : 0,
                                         .resumption = flags & 4,
                                         .authenticated_data = party_text(flags & 8 ? "aad" : "")};
    struct mls_group *group = NULL;
    struct mls_output commit = {0};
    int rc = MLS_OK;
    config.join = arg_join(w, r, client);
    WORLD_CALL(w, NULL, rc, mls_group_join_external(bytes_of(info), &config, &group, &commit));
    must((rc == MLS_OK) == (group != NULL) && (rc == MLS_OK) == (commit.data != NULL));
    if (!group)
        return;
    slot_set(w, slot, client, group, world_checksum(before, commit.data, commit.len));
    world_send_output(w, &commit, before);
}

static void op_look(struct world *w, struct bytes_reader *r)
{
    const struct party *client = arg_client(w, r);
    const struct message *info = arg_message(w, r);
    const struct mls_join_config config = arg_join(w, r, client);
    struct mls_group *group = NULL;
    struct mls_output out = {0};
    struct mls_received received = {0};
    int rc = MLS_OK;
    WORLD_CALL(w, NULL, rc, mls_group_look(bytes_of(info), &config, &group));
    must((rc == MLS_OK) == (group != NULL));
    if (!group)
        return;
    must(mls_group_own_leaf(group) == UINT32_MAX);
    must(mls_group_seal(group, NULL, party_text("x"), &out) != MLS_OK);
    must(mls_group_process(group, bytes_of(arg_message(w, r)), w->now_s, &received) != MLS_OK);
    mls_group_free(group);
}

static void op_leave(struct world *w, struct bytes_reader *r)
{
    slot_free(arg_slot(w, r));
}

/* --- Sending --- */

static void op_seal(struct world *w, struct bytes_reader *r)
{
    struct slot *slot = arg_slot(w, r);
    const struct mls_framing framing = arg_framing(r);
    const size_t len = arg(r);
    static const uint8_t data[256];
    struct mls_output message = {0};
    int rc = MLS_OK;
    if (!slot->group)
        return;
    WORLD_CALL(w, slot, rc, mls_group_seal(slot->group, &framing, (struct mls_bytes){data, len}, &message));
    must((rc == MLS_OK) == (message.data != NULL));
    if (rc == MLS_OK)
        world_send_output(w, &message, slot->history)->application = true;
    world_unchanged(slot);
}

static void op_propose(struct world *w, struct bytes_reader *r)
{
    struct slot *slot = arg_slot(w, r);
    const struct mls_framing framing = arg_framing(r);
    struct proposal proposal;
    struct mls_output message = {0};
    int rc = MLS_OK;
    if (!slot->group)
        return;
    arg_proposal(w, r, slot->client, slot->view.epoch, &proposal);
    WORLD_CALL(w, slot, rc, mls_group_propose(slot->group, &framing, &proposal.config, w->now_s, &message));
    must((rc == MLS_OK) == (message.data != NULL));
    if (rc == MLS_OK)
        world_send_output(w, &message, slot->history);
    world_unchanged(slot);
}

static void op_propose_outside(struct world *w, struct bytes_reader *r)
{
    const struct party *client = arg_client(w, r);
    const struct slot *slot = arg_slot(w, r);
    struct mls_outside_config config = {
        .suites = &w->suites,
        .suite = w->suite,
        .sender_type = arg(r) % 5,
        .signature_private_key = party_bytes(client->signature_private),
    };
    struct proposal proposal;
    struct mls_output message = {0};
    int rc = MLS_OK;
    if (!slot->group)
        return;
    config.sender = arg(r) % 2;
    config.group_id = mls_group_id(slot->group);
    config.epoch = mls_group_epoch(slot->group);
    arg_proposal(w, r, client, slot->view.epoch, &proposal);
    WORLD_CALL(w, NULL, rc, mls_propose_outside(&config, &proposal.config, &message));
    must((rc == MLS_OK) == (message.data != NULL));
    if (rc == MLS_OK)
        world_send_output(w, &message, slot->history);
}

/* Flags: 1 without what was received, 2 without path, 4 tree apart, 8 another leaf. */
static void op_commit(struct world *w, struct bytes_reader *r)
{
    struct slot *slot = arg_slot(w, r);
    const uint8_t flags = arg(r);
    struct leaf leaf;
    struct proposal proposals[PROPOSALS_MAX];
    struct mls_proposal_config configs[PROPOSALS_MAX];
    const struct mls_framing framing = arg_framing(r);
    struct mls_commit_config config = {.framing = framing,
                                       .proposals = configs,
                                       .without_received = flags & 1,
                                       .without_path = flags & 2,
                                       .tree_apart = flags & 4,
                                       .now_s = w->now_s};
    struct mls_staged *staged = NULL;
    int rc = MLS_OK;
    if (!slot->group)
        return;
    config.proposal_count = arg(r) % (PROPOSALS_MAX + 1);
    if (flags & 8)
        config.leaf = arg_leaf(r, slot->client, &leaf);
    for (size_t i = 0; i < config.proposal_count; i++) {
        arg_proposal(w, r, slot->client, slot->view.epoch, &proposals[i]);
        configs[i] = proposals[i].config;
    }
    WORLD_CALL(w, slot, rc, mls_group_commit(slot->group, &config, &staged));
    must((rc == MLS_OK) == (staged != NULL));
    world_unchanged(slot);
    if (!staged)
        return;
    const struct mls_bytes message = mls_staged_message(staged);
    const struct mls_bytes welcome = mls_staged_welcome(staged);
    const uint64_t history = world_checksum(slot->history, message.data, message.len);
    must(mls_staged_is(staged, message) && mls_staged_info(staged)->own);
    must(mls_staged_epoch(staged) == slot->view.epoch + 1);
    world_send(w, message, slot->history);
    if (welcome.len)
        world_send(w, welcome, history);
    slot_keep(slot, staged, history);
}

/* --- What a group tells --- */

static void op_info(struct world *w, struct bytes_reader *r)
{
    const struct slot *slot = arg_slot(w, r);
    const uint8_t what = arg(r);
    struct mls_output message = {0};
    int rc = MLS_OK;
    if (!slot->group)
        return;
    if (what & 2)
        WORLD_CALL(w, slot, rc, mls_group_tree(slot->group, &message));
    else
        WORLD_CALL(w, slot, rc, mls_group_info(slot->group, what & 1, &message));
    must((rc == MLS_OK) == (message.data != NULL));
    if (rc == MLS_OK)
        world_send_output(w, &message, slot->history);
    world_unchanged(slot);
}

static void op_export(struct world *w, struct bytes_reader *r)
{
    static const char label[MLS_LABEL_MAX + 2] = "label";
    static uint8_t out[256 * 32];
    const struct slot *slot = arg_slot(w, r);
    const struct mls_bytes context = bytes_of(arg_message(w, r));
    const struct mls_bytes name = {(const uint8_t *)label, MLS_LABEL_MAX + arg(r) % 2};
    const size_t len = arg(r) * 32;
    struct mls_member member;
    if (!slot->group)
        return;
    const int rc = mls_group_export(slot->group, name, context, out, len);
    must(rc == (slot->view.removed ? MLS_REMOVED : name.len > MLS_LABEL_MAX ? MLS_INVALID : MLS_OK));
    for (uint32_t leaf = 0; leaf <= mls_group_leaves(slot->group); leaf++)
        (void)!mls_group_member(slot->group, leaf, &member);
    must(slot->view.removed || mls_group_member(slot->group, slot->view.own_leaf, &member) == MLS_OK);
    world_unchanged(slot);
}

/* Bits: 1 proposals, 2 whether the epoch before is kept (4), 8 what of it is kept; else resumption PSKs. */
static void op_forget(struct world *w, struct bytes_reader *r)
{
    struct slot *slot = arg_slot(w, r);
    const uint8_t which = arg(r);
    if (!slot->group)
        return;
    if (which & 1) {
        mls_group_forget_proposals(slot->group);
    } else if (which & 2) {
        slot->keeps_past = which & 4;
        mls_group_keep_past(slot->group, slot->keeps_past);
        slot->past = slot->keeps_past ? slot->past : 0;
    } else if (which & 8) {
        mls_group_forget_past(slot->group);
        slot->past = 0;
    } else {
        mls_group_forget_resumptions(slot->group, slot->view.epoch - (which >> 4));
    }
    world_unchanged(slot);
}

/* --- Receiving --- */

static void process(struct world *w, struct slot *slot, const struct message *message)
{
    struct mls_received received = {0};
    int rc = MLS_OK;
    if (!slot->group)
        return;
    WORLD_CALL(w, slot, rc, mls_group_process(slot->group, bytes_of(message), w->now_s, &received));
    world_unchanged(slot);
    must((rc == MLS_OK) == (received.kind != 0));
    if (rc == MLS_OK && received.kind == MLS_RECEIVED_APPLICATION) {
        struct mls_received again = {0};
        must(mls_group_process(slot->group, bytes_of(message), w->now_s, &again) == MLS_GENERATION_USED);
        /* nobody opens what was not sealed in the epoch it is in: not one who was removed, nor in a fork */
        must(message->changed || message->application);
        const uint64_t of = received.epoch == slot->view.epoch ? slot->history : slot->past;
        must(received.epoch == slot->view.epoch || slot->past);
        must(message->changed || w->suite == SUITE_IDENTITY || message->history == of);
    }
    if (received.staged) {
        must(!mls_staged_info(received.staged)->own && !mls_staged_is(received.staged, bytes_of(message)));
        slot_keep(slot, received.staged, world_checksum(slot->history, message->data, message->len));
        received.staged = NULL;
    }
    mls_received_free(&received);
}

static void op_process(struct world *w, struct bytes_reader *r)
{
    struct slot *slot = arg_slot(w, r);
    process(w, slot, arg_message(w, r));
}

static void merge(struct world *w, struct slot *slot, struct waiting *waiting, struct slot *into)
{
    int rc = MLS_OK;
    if (!waiting->staged || !into->group)
        return;
    const uint64_t epoch = mls_staged_epoch(waiting->staged);
    WORLD_CALL(w, into, rc, mls_group_merge(into->group, waiting->staged));
    if (rc != MLS_OK) {
        must(rc == MLS_STALE);
        world_unchanged(into);
        return;
    }
    must(into == slot && slot->view.epoch + 1 == epoch);
    slot->past = slot->keeps_past ? slot->history : 0;
    slot->history = waiting->history;
    waiting->staged = NULL;
    world_entered(w, slot);
    must(slot->view.removed || slot->view.epoch == epoch);
}

static void op_merge(struct world *w, struct bytes_reader *r)
{
    struct slot *slot = arg_slot(w, r);
    struct waiting *waiting = &slot->waiting[arg(r) % STAGED];
    merge(w, slot, waiting, arg(r) & 1 ? arg_slot(w, r) : slot);
}

/* Who is in no group joins by the Welcomes of an epoch. */
static void invite(struct world *w, uint64_t history)
{
    for (size_t m = 0; m < MESSAGES; m++) {
        const struct message *welcome = &w->messages[m];
        for (size_t i = 0; i < SLOTS && welcome->data && welcome->history == history; i++) {
            struct party *client = &w->clients[i % CLIENTS];
            const struct mls_join_config config = {.suites = &w->suites, .policy = client->policy, .now_s = w->now_s};
            for (size_t package = 0; package < PACKAGES && !w->slots[i].group; package++)
                join(w, &w->slots[i], client, package, welcome, &config);
        }
    }
}

/* A commit made here wins: the members take it, but those that the argument's bits name, and who is added joins. */
static void op_settle(struct world *w, struct bytes_reader *r)
{
    struct slot *slot = arg_slot(w, r);
    const uint8_t misses = arg(r);
    struct waiting *waiting = &slot->waiting[0];
    const uint64_t before = slot->history;
    const uint64_t after = waiting->history;
    const struct message *commit = NULL;
    for (size_t i = 0; i < MESSAGES && waiting->staged; i++)
        if (w->messages[i].data && mls_staged_is(waiting->staged, bytes_of(&w->messages[i])))
            commit = &w->messages[i];
    if (!commit)
        return;
    merge(w, slot, waiting, slot);
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *other = &w->slots[i];
        if (other == slot || other->history != before || misses >> i & 1)
            continue;
        process(w, other, commit);
        if (other->waiting[0].history == after)
            merge(w, other, &other->waiting[0], other);
    }
    invite(w, after);
}

static void op_drop(struct world *w, struct bytes_reader *r)
{
    struct slot *slot = arg_slot(w, r);
    struct waiting *waiting = &slot->waiting[arg(r) % STAGED];
    mls_staged_free(waiting->staged);
    waiting->staged = NULL;
    world_unchanged(slot);
}

static void op_ask_staged(struct world *w, struct bytes_reader *r)
{
    struct slot *slot = arg_slot(w, r);
    const struct waiting *waiting = &slot->waiting[arg(r) % STAGED];
    struct mls_output info = {0};
    uint8_t key[KEY_LEN];
    int rc = MLS_OK;
    if (!waiting->staged)
        return;
    WORLD_CALL(w, slot, rc, mls_staged_group_info(waiting->staged, arg(r) & 1, &info));
    must((rc == MLS_OK) == (info.data != NULL));
    if (rc == MLS_OK)
        world_send_output(w, &info, waiting->history);
    WORLD_CALL(w, slot, rc, mls_staged_export(waiting->staged, party_text("l"), party_text("c"), key, sizeof key));
    world_unchanged(slot);
}

/* --- Keeping --- */

static const struct mls_bytes state_key = {(const uint8_t *)"01234567890123456789012345678901", MLS_STATE_KEY_LEN};

/* What was saved is loaded, in the slot's place or beside, and is the same. */
static void load(struct world *w, struct slot *slot, struct slot *place, struct mls_bytes state, struct waiting waiting)
{
    struct slot loaded = *slot;
    const bool waits = waiting.staged != NULL;
    int rc = MLS_OK;
    WORLD_CALL(w, slot, rc,
               mls_group_load(state, state_key, &w->suites, &slot->client->policy, &loaded.group, &waiting.staged));
    must(rc == MLS_OK && waits == (waiting.staged != NULL));
    world_unchanged(&loaded);
    slot_set(w, place, loaded.client, loaded.group, loaded.history);
    if (waits)
        slot_keep(place, waiting.staged, waiting.history);
}

/* Flags: 1 with a commit that waits, 2 one byte changed, 4 loaded beside. */
static void op_save(struct world *w, struct bytes_reader *r)
{
    struct slot *slot = arg_slot(w, r);
    struct waiting waiting = slot->waiting[arg(r) % STAGED];
    const uint8_t flags = arg(r);
    struct mls_output state = {0};
    struct mls_group *group = NULL;
    int rc = MLS_OK;
    if (!slot->group)
        return;
    if (!(flags & 1))
        waiting.staged = NULL;
    WORLD_CALL(w, slot, rc, mls_group_save(slot->group, waiting.staged, state_key, &state));
    must(rc == MLS_OK || (rc == MLS_STALE && waiting.staged));
    world_unchanged(slot);
    if (rc == MLS_OK && flags & 2) {
        state.data[arg_u16(r) % state.len] ^= 1;
        WORLD_CALL(w, NULL, rc,
                   mls_group_load(party_bytes(state), state_key, &w->suites, &slot->client->policy, &group, NULL));
        must(rc != MLS_OK);
    } else if (rc == MLS_OK) {
        load(w, slot, flags & 4 ? arg_slot(w, r) : slot, party_bytes(state), waiting);
    }
    mls_output_free(&state);
}

static void op_save_keys(struct world *w, struct bytes_reader *r)
{
    const struct party *client = arg_client(w, r);
    struct mls_key_package_keys **keys = &w->packages[client - w->clients][arg(r) % PACKAGES];
    struct mls_key_package_keys *loaded = NULL;
    struct mls_output state = {0};
    int rc = MLS_OK;
    if (!*keys)
        return;
    WORLD_CALL(w, NULL, rc, mls_key_package_keys_save(*keys, state_key, &state));
    must(rc == ((*keys)->used ? MLS_STATE : MLS_OK));
    if (rc == MLS_OK) {
        WORLD_CALL(w, NULL, rc, mls_key_package_keys_load(party_bytes(state), state_key, &w->suites, &loaded));
        must(rc == MLS_OK);
        must(mls_same(mls_in(mls_key_package_keys_ref(*keys)), mls_in(mls_key_package_keys_ref(loaded))));
        mls_key_package_keys_free(*keys);
        *keys = loaded;
    }
    mls_output_free(&state);
}

/* --- The way --- */

static void op_change(struct world *w, struct bytes_reader *r)
{
    struct message *message = arg_message(w, r);
    const size_t at = arg_u16(r);
    const uint8_t with = arg(r);
    if (message->len == 0 || with == 0)
        return;
    message->data[at % message->len] ^= with;
    message->changed = true;
}

static void op_cut(struct world *w, struct bytes_reader *r)
{
    struct message *message = arg_message(w, r);
    const size_t len = arg_u16(r);
    if (len >= message->len)
        return;
    message->len = len;
    message->changed = true;
}

static void op_fail(struct world *w, struct bytes_reader *r)
{
    w->fail = arg(r);
}

/* --- The whole --- */

static void run(struct world *w, struct bytes_reader *r)
{
    static void (*const operations[])(struct world * w, struct bytes_reader * r) = {
        op_settle,      op_new,        op_commit,        op_merge,
        op_process,     op_join,       op_propose,       op_seal,
        op_key_package, op_info,       op_join_external, op_fail,
        op_change,      op_drop,       op_continue,      op_propose_outside,
        op_export,      op_forget,     op_policy,        op_leave,
        op_look,        op_ask_staged, op_import,        op_time,
        op_cut,         op_save,       op_save_keys,
    };
    for (size_t i = 0; i < OPERATIONS_MAX && bytes_reader_left(r) > 0; i++)
        operations[arg(r) % (sizeof operations / sizeof operations[0])](w, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct bytes_reader r;
    bytes_reader_init(&r, data, size);
    world_init(&w, arg(&r) & 1);
    run(&w, &r);
    world_free(&w);
    return 0;
}
