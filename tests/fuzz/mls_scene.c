#include "mls_scene.h"

#include <stdlib.h>

#include "core/secret.h"

static void must(bool condition)
{
    if (!condition)
        abort();
}

/* --- Random bytes --- */

static uint64_t random_state;

void scene_random(uint64_t seed)
{
    random_state = seed << 32;
}

/* In place of core/secret.c's, by the linker's --wrap. */
bool __wrap_core_random(uint8_t *out, size_t len);
bool __wrap_core_random(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) { /* splitmix64 */
        uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        out[i] = (uint8_t)(z >> 56);
    }
    return true;
}

/* --- The scene --- */

static struct scene the_scene;
static struct mls_suite row;

static void enter(struct party *party, const char *name, uint64_t seed)
{
    scene_random(seed);
    party_init_in(party, name, &the_scene.suites, SUITE_IDENTITY);
    party->psk = "secret";
}

/* A package that can be joined by in every run. */
static void last_resort(struct party *party)
{
    const struct mls_key_package_config config = {
        .leaf = party->leaf, .not_before_s = 0, .not_after_s = UINT64_MAX, .last_resort = true};
    mls_key_package_keys_free(party->keys);
    mls_output_free(&party->package);
    must(mls_key_package_new(party->suites, party->suite, &config, &party->keys, &party->package) == MLS_OK);
}

static void found(struct scene *s)
{
    uint8_t senders[128];
    struct bytes_writer w;
    bytes_writer_init(&w, senders, sizeof senders);
    const struct mls_external_sender server = {
        .signature_key = {s->server.signature_public.data, s->server.signature_public.len},
        .credential = {MLS_CREDENTIAL_BASIC, MLS_TEXT("server")}};
    const size_t list = wire_begin_vector(&w);
    mls_external_sender_write(&w, &server);
    wire_end_vector(&w, list);
    must(bytes_writer_ok(&w));
    const struct mls_extension_item extension = {MLS_EXTENSION_EXTERNAL_SENDERS, {senders, w.len}};
    const struct mls_group_config config = {.suites = &s->suites,
                                            .suite = SUITE_IDENTITY,
                                            .group_id = party_text("group"),
                                            .leaf = s->alice.leaf,
                                            .extensions = &extension,
                                            .extension_count = 1,
                                            .policy = s->alice.policy};
    must(mls_group_new(&config, &s->alice.group) == MLS_OK);
}

/* A commit that the members take, and that is kept for us. */
static void go_on(struct scene *s, struct party *committer, const struct mls_proposal_config *proposal, bool with_path,
                  size_t epoch)
{
    struct party *const members[] = {&s->alice, &s->carol, &s->eve};
    const struct mls_commit_config config = {
        .proposals = proposal, .proposal_count = proposal != NULL, .without_path = !with_path, .now_s = PARTY_NOW_S};
    struct mls_staged *staged = NULL;
    must(mls_group_commit(committer->group, &config, &staged) == MLS_OK);
    must(mls_output_copy(mls_in(mls_staged_message(staged)), &s->commits[epoch]) == MLS_OK);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        must(members[i] == committer || party_receive(members[i], mls_staged_message(staged)) == MLS_OK);
    must(mls_group_merge(committer->group, staged) == MLS_OK);
}

struct scene *scene(void)
{
    struct scene *s = &the_scene;
    if (s->suites.count)
        return s;
    suite_untagged_init(&row);
    s->suites = (struct mls_suites){&row, 1};
    struct party *const parties[] = {&s->alice, &s->us, &s->carol, &s->dave, &s->eve, &s->frank, &s->zoe, &s->server};
    static const char *const names[] = {"alice", "us", "carol", "dave", "eve", "frank", "zoe", "server"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        enter(parties[i], names[i], i + 1);
    last_resort(&s->us);
    found(s);
    const struct mls_proposal_config adds[] = {party_add(&s->us), party_add(&s->carol), party_add(&s->dave),
                                               party_add(&s->eve)};
    int rc = MLS_OK;
    struct mls_staged *staged = party_commit(&s->alice, adds, 4, &rc);
    must(rc == MLS_OK && mls_output_copy(mls_in(mls_staged_welcome(staged)), &s->welcome) == MLS_OK);
    must(party_join(&s->carol, party_bytes(s->welcome)) == MLS_OK);
    must(party_join(&s->eve, party_bytes(s->welcome)) == MLS_OK);
    must(mls_group_merge(s->alice.group, staged) == MLS_OK);
    const struct mls_proposal_config remove = party_remove(3);
    const struct mls_proposal_config add = party_add(&s->frank);
    const struct mls_proposal_config psk = {.type = MLS_PROPOSAL_PSK, .psk_id = party_text("psk")};
    go_on(s, &s->alice, &remove, true, 0);
    go_on(s, &s->carol, NULL, true, 1);
    go_on(s, &s->eve, &add, false, 2);
    go_on(s, &s->alice, &psk, true, 3);
    last_resort(&s->zoe);
    scene_join();
    must(party_receive(&s->alice, party_bytes(s->update)) == MLS_OK);
    must(party_receive(&s->carol, party_bytes(s->update)) == MLS_OK);
    return s;
}

void scene_join(void)
{
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    struct scene *s = scene();
    scene_random(100);
    must(party_join(&s->us, party_bytes(s->welcome)) == MLS_OK);
    for (size_t i = 0; i < SCENE_EPOCHS; i++)
        must(party_receive(&s->us, party_bytes(s->commits[i])) == MLS_OK);
    mls_output_free(&s->update);
    must(mls_group_propose(s->us.group, NULL, &update, PARTY_NOW_S, &s->update) == MLS_OK);
}

/* --- What must not change --- */

/* The whole state that a message could change. */
static void write_state(struct bytes_writer *w, const struct mls_group *group)
{
    struct mls_output tree = {0};
    const struct mls_bytes authenticator = mls_group_epoch_authenticator(group);
    wire_buffer_init(w, MLS_MESSAGE_MAX);
    bytes_write_u64(w, mls_group_epoch(group));
    bytes_write(w, authenticator.data, authenticator.len);
    bytes_write(w, group->epoch.encoded.data, group->epoch.encoded.len);
    must(mls_group_tree(group, &tree) == MLS_OK);
    bytes_write(w, tree.data, tree.len);
    mls_output_free(&tree);
    mls_secret_tree_write(w, &group->epoch.messages);
    for (size_t i = 0; i < group->kept_count; i++)
        bytes_write(w, group->kept[i]->ref, MLS_HASH_MAX);
    bytes_write(w, (const uint8_t *)&group->epoch.keys, sizeof group->epoch.keys);
    bytes_write_u64(w, group->resumption_count);
    must(bytes_writer_ok(w));
}

static bool same_state(const struct bytes_writer *a, const struct bytes_writer *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* Whatever was accepted, the member can go on: its tree is one that a joiner would take, it exports, and it commits. */
static void check_life(struct party *party)
{
    struct mls_group *group = party->group;
    struct mls_output tree = {0};
    struct mls_ratchet_tree *again = NULL;
    struct mls_staged *staged = NULL;
    const struct mls_commit_config config = {.without_received = true, .now_s = PARTY_NOW_S};
    uint8_t key[16];
    if (mls_group_was_removed(group)) {
        must(mls_group_export(group, party_text("l"), party_text(""), key, sizeof key) == MLS_REMOVED);
        return;
    }
    must(mls_group_export(group, party_text("l"), party_text(""), key, sizeof key) == MLS_OK);
    must(mls_group_tree(group, &tree) == MLS_OK);
    must(mls_ratchet_tree_read(group->suite, (struct core_slice){tree.data, tree.len}, &again) == MLS_OK);
    must(mls_ratchet_tree_verify(again) == MLS_OK);
    mls_ratchet_tree_free(again);
    mls_output_free(&tree);
    const int rc = mls_group_commit(group, &config, &staged);
    must(rc == (mls_group_was_reinitialized(group) ? MLS_STATE : MLS_OK));
    mls_staged_free(staged);
}

/* --- Messages --- */

static int take_commit(struct party *party, struct mls_received *received, bool drop)
{
    const uint64_t epoch = mls_group_epoch(party->group);
    const bool removes_us = received->staged->list.own_removed;
    if (drop)
        return MLS_OK;
    must(mls_group_merge(party->group, received->staged) == MLS_OK);
    received->staged = NULL;
    must(mls_group_was_removed(party->group) == removes_us);
    must(removes_us || mls_group_epoch(party->group) == epoch + 1);
    check_life(party);
    return MLS_OK;
}

static int take_message(struct party *party, struct mls_bytes message, bool drop)
{
    struct mls_received received = {0};
    struct bytes_writer before;
    struct bytes_writer after;
    write_state(&before, party->group);
    int rc = mls_group_process(party->group, message, PARTY_NOW_S, &received);
    write_state(&after, party->group);
    must(rc == MLS_OK || !received.kind);
    must(same_state(&before, &after) ||
         (rc == MLS_OK && (received.kind == MLS_RECEIVED_APPLICATION || received.kind == MLS_RECEIVED_PROPOSAL)));
    if (rc == MLS_OK && received.kind == MLS_RECEIVED_APPLICATION) {
        struct mls_received again = {0};
        must(mls_group_process(party->group, message, PARTY_NOW_S, &again) == MLS_GENERATION_USED);
    }
    if (rc == MLS_OK && received.kind == MLS_RECEIVED_COMMIT)
        rc = take_commit(party, &received, drop);
    mls_received_free(&received);
    wire_buffer_free(&before);
    wire_buffer_free(&after);
    return rc;
}

int scene_take_messages(const uint8_t *data, size_t size)
{
    struct scene *s = scene();
    struct bytes_reader r;
    int rc = MLS_INVALID;
    scene_join();
    bytes_reader_init(&r, data, size);
    while (bytes_reader_left(&r) > 0) {
        const uint8_t drop = bytes_read_u8(&r);
        const size_t len = bytes_read_u16(&r);
        const uint8_t *message = bytes_parse(&r, len);
        if (!message)
            break;
        rc = take_message(&s->us, (struct mls_bytes){message, len}, drop);
    }
    return rc;
}

/* --- Joining --- */

struct join_input {
    uint8_t flags;
    struct mls_bytes message;
    struct mls_bytes tree;
};

static bool read_join(const uint8_t *data, size_t size, struct join_input *in)
{
    struct bytes_reader r;
    bytes_reader_init(&r, data, size);
    in->flags = bytes_read_u8(&r);
    in->message.len = bytes_read_u16(&r);
    in->message.data = bytes_parse(&r, in->message.len);
    in->tree.len = bytes_reader_left(&r);
    in->tree.data = bytes_parse(&r, in->tree.len);
    return bytes_reader_done(&r);
}

void scene_reinitialize(void)
{
    struct scene *s = scene();
    const struct mls_proposal_config reinit = {
        .type = MLS_PROPOSAL_REINIT, .group_id = party_text("next"), .cipher_suite = SUITE_IDENTITY};
    const struct mls_commit_config config = {
        .proposals = &reinit, .proposal_count = 1, .without_received = true, .now_s = PARTY_NOW_S};
    struct mls_staged *staged = NULL;
    must(mls_group_commit(s->us.group, &config, &staged) == MLS_OK);
    must(mls_group_merge(s->us.group, staged) == MLS_OK);
}

/* zoe with the group. */
static void check_joined(struct scene *s, struct mls_group *group)
{
    struct party joined = s->zoe;
    struct mls_member member;
    joined.group = group;
    must(mls_group_member(group, mls_group_own_leaf(group), &member) == MLS_OK);
    must(member.credential.len == 3 && memcmp(member.credential.data, "zoe", 3) == 0);
    check_life(&joined);
    mls_group_free(group);
}

int scene_take_welcome(const uint8_t *data, size_t size)
{
    struct scene *s = scene();
    struct join_input in;
    struct mls_group *group = NULL;
    if (!read_join(data, size, &in))
        return MLS_INVALID;
    scene_join();
    if (in.flags & JOIN_REINITIALIZED)
        scene_reinitialize();
    const struct mls_join_config config = {.suites = &s->suites,
                                           .policy = s->zoe.policy,
                                           .tree = in.tree,
                                           .resumed =
                                               in.flags & (JOIN_RESUMED | JOIN_REINITIALIZED) ? s->us.group : NULL,
                                           .check_lifetimes = in.flags & JOIN_LIFETIMES,
                                           .now_s = PARTY_NOW_S};
    int rc = mls_group_join(in.message, s->zoe.keys, &config, &group);
    must((rc == MLS_OK) == (group != NULL));
    if (group)
        check_joined(s, group);
    return rc;
}

int scene_take_info(const uint8_t *data, size_t size)
{
    struct scene *s = scene();
    struct join_input in;
    struct mls_group *group = NULL;
    struct mls_output commit = {0};
    struct mls_message parsed;
    if (!read_join(data, size, &in))
        return MLS_INVALID;
    scene_join();
    const struct mls_bytes psk = party_text("psk");
    const struct mls_external_config config = {
        .join = {.suites = &s->suites,
                 .policy = s->zoe.policy,
                 .tree = in.tree,
                 .resumed = in.flags & INFO_RESUMED ? s->us.group : NULL,
                 .now_s = PARTY_NOW_S},
        .leaf = s->zoe.leaf,
        .resync = in.flags & INFO_RESYNC,
        .old_leaf = 3,
        .psk_ids = &psk,
        .psk_count = in.flags & INFO_PSK ? 1 : 0,
        .resumption = in.flags & INFO_RESUMED,
    };
    s->zoe.accepts_successors = in.flags & INFO_SUCCEEDS;
    scene_random(101);
    int rc = mls_group_join_external(in.message, &config, &group, &commit);
    must((rc == MLS_OK) == (group != NULL) && (rc == MLS_OK) == (commit.data != NULL));
    if (group) {
        must(mls_message_parse(commit.data, commit.len, &parsed) == MLS_OK);
        must(parsed.public_message.content.epoch + 1 == mls_group_epoch(group));
        mls_output_free(&commit);
        check_joined(s, group);
    }
    return rc;
}

/* --- Key packages --- */

int scene_take_key_package(const uint8_t *data, size_t size)
{
    struct scene *s = scene();
    struct bytes_writer before;
    struct bytes_writer after;
    struct mls_output message = {0};
    const struct mls_proposal_config add = {.type = MLS_PROPOSAL_ADD, .key_package = {data, size}};
    scene_join();
    mls_group_forget_proposals(s->us.group);
    write_state(&before, s->us.group);
    int rc = mls_group_propose(s->us.group, NULL, &add, PARTY_NOW_S, &message);
    write_state(&after, s->us.group);
    must(rc == MLS_OK || same_state(&before, &after));
    mls_output_free(&message);
    wire_buffer_free(&before);
    wire_buffer_free(&after);
    if (rc != MLS_OK)
        return rc;
    /* committed by value, it is accepted or refused for what only the whole list shows */
    struct mls_staged *staged = NULL;
    mls_group_forget_proposals(s->us.group);
    const struct mls_commit_config config = {.proposals = &add, .proposal_count = 1, .now_s = PARTY_NOW_S};
    rc = mls_group_commit(s->us.group, &config, &staged);
    must((rc == MLS_OK) == (staged != NULL));
    if (staged) {
        must(mls_staged_welcome(staged).len > 0);
        must(mls_group_merge(s->us.group, staged) == MLS_OK);
        check_life(&s->us);
    }
    return rc;
}
