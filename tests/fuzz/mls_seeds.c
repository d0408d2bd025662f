/* Makes the corpora of the targets over mls_scene.h, valid messages and such that are refused behind signature and
 * tags:
 *
 *   mls_seeds write CORPUS     writes CORPUS/mls_process/NAME, ...
 *   mls_seeds check CORPUS     compares them: they go stale if the library draws its random bytes in another order
 *
 * Both run each input and fail unless it ends in the error that is written beside it here. */
#include "mls_seeds.h"

#include <stdio.h>
#include <stdlib.h>

/* --- Files --- */

static const char *corpus;
static bool writes;
static size_t failures;
static size_t made;

void need(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "cannot make %s\n", what);
    exit(EXIT_FAILURE);
}

struct core_slice zeros(size_t len)
{
    static const uint8_t data[MLS_HASH_MAX];
    need(len <= sizeof data, "so many zeros");
    return (struct core_slice){data, len};
}

static const char *error_name(int error)
{
    static const struct {
        int error;
        const char *name;
    } names[] = {
#define NAME(name, value, text) {value, #name},
        MLS_ERROR_MAP(NAME)
#undef NAME
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].error == error)
            return names[i].name;
    return "?";
}

static bool is_stale(const char *path, const struct bytes_writer *input)
{
    static uint8_t stored[1 << 16];
    FILE *file = fopen(path, "rb");
    if (!file)
        return true;
    const size_t len = fread(stored, 1, sizeof stored, file);
    fclose(file);
    return len != input->len || memcmp(stored, input->data, len) != 0;
}

static void write_file(const char *path, const struct bytes_writer *input)
{
    FILE *file = fopen(path, "wb");
    need(file && fwrite(input->data, 1, input->len, file) == input->len, path);
    fclose(file);
}

void seed(const char *target, const char *name, int expected, const struct bytes_writer *input)
{
    static const struct {
        const char *name;
        int (*take)(const uint8_t *data, size_t size);
    } targets[] = {{"mls_process", scene_take_messages},
                   {"mls_join", scene_take_welcome},
                   {"mls_info", scene_take_info},
                   {"mls_key_package", scene_take_key_package}};
    char path[4096];
    need(bytes_writer_ok(input), name);
    snprintf(path, sizeof path, "%s/%s/%s", corpus, target, name);
    if (writes) {
        write_file(path, input);
    } else if (is_stale(path, input)) {
        fprintf(stderr, "%s is not what is made now: run mls_seeds write, and look at the difference\n", path);
        failures++;
    }
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        if (strcmp(targets[i].name, target) != 0)
            continue;
        const int rc = targets[i].take(input->data, input->len);
        if (rc != expected) {
            fprintf(stderr, "%s/%s: %s instead of %s\n", target, name, error_name(rc), error_name(expected));
            failures++;
        }
    }
    made++;
}

/* --- Sequences of messages --- */

static void append(struct bytes_writer *w, struct mls_bytes message)
{
    bytes_write_u8(w, 0);
    bytes_write_u16(w, (uint16_t)message.len);
    bytes_write(w, message.data, message.len);
}

void seed_messages(const char *name, int expected, struct mls_bytes before, struct mls_bytes message)
{
    struct bytes_writer w;
    wire_buffer_init(&w, 1 << 16);
    if (before.len)
        append(&w, before);
    append(&w, message);
    seed("mls_process", name, expected, &w);
    wire_buffer_free(&w);
}

/* --- Made by members --- */

static struct mls_output proposed(struct party *party, const struct mls_proposal_config *proposal, bool is_public)
{
    const struct mls_framing framing = {
        .is_public = is_public, .authenticated_data = party_text("aad"), .padding = is_public ? 0 : 40};
    struct mls_output message = {0};
    need(mls_group_propose(party->group, &framing, proposal, PARTY_NOW_S, &message) == MLS_OK, "a proposal");
    mls_group_forget_proposals(party->group);
    return message;
}

static struct mls_output committed(struct party *party, const struct mls_proposal_config *proposals, size_t count,
                                   bool is_public, bool with_path)
{
    const struct mls_commit_config config = {.framing.is_public = is_public,
                                             .proposals = proposals,
                                             .proposal_count = count,
                                             .without_received = proposals != NULL,
                                             .without_path = !with_path,
                                             .now_s = PARTY_NOW_S};
    struct mls_staged *staged = NULL;
    struct mls_output message = {0};
    need(mls_group_commit(party->group, &config, &staged) == MLS_OK, "a commit");
    need(mls_output_copy(mls_in(mls_staged_message(staged)), &message) == MLS_OK, "a commit");
    mls_staged_free(staged);
    return message;
}

/* Each kind of proposal: sent apart in both ways, committed by value, and by reference. Members have it forgotten
 * afterwards. */
static void each_proposal(struct scene *s, const char *kind, const struct mls_proposal_config *proposal)
{
    char name[64];
    struct mls_output message = proposed(&s->carol, proposal, true);
    snprintf(name, sizeof name, "proposal-public-%s", kind);
    seed_messages(name, MLS_OK, (struct mls_bytes){0}, party_bytes(message));
    mls_output_free(&message);
    message = proposed(&s->carol, proposal, false);
    snprintf(name, sizeof name, "proposal-private-%s", kind);
    seed_messages(name, MLS_OK, (struct mls_bytes){0}, party_bytes(message));

    need(party_receive(&s->alice, party_bytes(message)) == MLS_OK, "a proposal taken");
    struct mls_output commit = committed(&s->alice, NULL, 0, false, true);
    snprintf(name, sizeof name, "commit-reference-%s", kind);
    seed_messages(name, MLS_OK, party_bytes(message), party_bytes(commit));
    snprintf(name, sizeof name, "commit-reference-%s-unknown", kind);
    seed_messages(name, MLS_PROPOSAL_UNKNOWN, (struct mls_bytes){0}, party_bytes(commit));
    mls_output_free(&commit);
    mls_output_free(&message);
    mls_group_forget_proposals(s->alice.group);
    if (proposal->type == MLS_PROPOSAL_UPDATE)
        return;
    for (int is_public = 0; is_public < 2; is_public++) {
        commit = committed(&s->alice, proposal, 1, is_public, false);
        snprintf(name, sizeof name, "commit-value-%s-%s", is_public ? "public" : "private", kind);
        seed_messages(name, MLS_OK, (struct mls_bytes){0}, party_bytes(commit));
        mls_output_free(&commit);
    }
}

/* Our own Update, which the others have received. */
static void own_update(struct scene *s)
{
    struct mls_output commit = committed(&s->alice, NULL, 0, false, true);
    seed_messages("commit-update-us", MLS_OK, (struct mls_bytes){0}, party_bytes(commit));
    mls_output_free(&commit);
    mls_group_forget_proposals(s->alice.group);
    mls_group_forget_proposals(s->carol.group);
}

static void valid(struct scene *s)
{
    const struct mls_bytes none = {0};
    const struct mls_extension_item app_id = {MLS_EXTENSION_REQUIRED_CAPABILITIES, party_text("\0\0\0")};
    struct mls_extension_item required = app_id;
    required.data.len = 3;
    const struct mls_proposal_config add = party_add(&s->zoe);
    const struct mls_proposal_config update = {.type = MLS_PROPOSAL_UPDATE};
    const struct mls_proposal_config remove = party_remove(4);
    const struct mls_proposal_config psk = {.type = MLS_PROPOSAL_PSK, .psk_id = party_text("psk")};
    const struct mls_proposal_config resumption = {
        .type = MLS_PROPOSAL_PSK, .resumption = true, .psk_epoch = mls_group_epoch(s->alice.group) - 1};
    const struct mls_proposal_config reinit = {
        .type = MLS_PROPOSAL_REINIT, .group_id = party_text("next"), .cipher_suite = SUITE_IDENTITY};
    const struct mls_proposal_config extensions = {
        .type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS, .extensions = &required, .extension_count = 1};
    each_proposal(s, "add", &add);
    each_proposal(s, "update", &update);
    each_proposal(s, "remove", &remove);
    each_proposal(s, "psk", &psk);
    each_proposal(s, "resumption", &resumption);
    each_proposal(s, "reinit", &reinit);
    each_proposal(s, "extensions", &extensions);

    const struct mls_proposal_config remove_us = party_remove(1);
    struct mls_output commit = committed(&s->alice, &remove_us, 1, true, true);
    seed_messages("commit-remove-us", MLS_OK, none, party_bytes(commit));
    mls_output_free(&commit);
    const struct mls_proposal_config many[] = {add, remove, psk, resumption, extensions};
    commit = committed(&s->alice, many, 5, false, true);
    seed_messages("commit-many", MLS_OK, none, party_bytes(commit));
    mls_output_free(&commit);

    struct mls_output data = {0};
    const struct mls_framing padded = {.authenticated_data = party_text("aad"), .padding = 100};
    for (size_t i = 0; i < 3; i++) {
        mls_output_free(&data);
        need(mls_group_seal(s->carol.group, &padded, party_text("hello"), &data) == MLS_OK, "a message");
    }
    seed_messages("application-third", MLS_OK, none, party_bytes(data));
    seed_messages("application-twice", MLS_GENERATION_USED, party_bytes(data), party_bytes(data));
    mls_output_free(&data);
}

/* Several epochs, until we are removed. */
static void long_life(struct scene *s)
{
    struct party *const committers[] = {&s->carol, &s->eve, &s->alice, &s->carol};
    struct bytes_writer w;
    wire_buffer_init(&w, 1 << 16);
    for (size_t i = 0; i < 4; i++) {
        struct mls_output data = {0};
        int rc = MLS_OK;
        const struct mls_proposal_config remove = party_remove(i == 3 ? 1 : 3);
        struct mls_staged *staged = party_commit(committers[i], &remove, i % 2, &rc);
        if (i == 1) /* frank goes */
            need(rc == MLS_OK, "a removal");
        need(rc == MLS_OK && mls_group_seal(committers[i]->group, NULL, party_text("x"), &data) == MLS_OK, "a message");
        append(&w, party_bytes(data));
        append(&w, mls_staged_message(staged));
        struct party *const members[] = {&s->alice, &s->carol, &s->eve};
        for (size_t m = 0; m < 3; m++)
            need(members[m] == committers[i] || party_receive(members[m], mls_staged_message(staged)) == MLS_OK,
                 "a commit taken");
        need(mls_group_merge(committers[i]->group, staged) == MLS_OK, "a merge");
        mls_output_free(&data);
    }
    seed("mls_process", "epochs", MLS_OK, &w);
    wire_buffer_free(&w);
}

/* --- From outside --- */

static void outside(struct scene *s)
{
    struct mls_outside_config config = {
        .suites = &s->suites,
        .suite = SUITE_IDENTITY,
        .group_id = mls_group_id(s->alice.group),
        .epoch = mls_group_epoch(s->alice.group),
        .sender_type = MLS_SENDER_EXTERNAL,
        .signature_private_key = party_bytes(s->server.signature_private),
    };
    const struct mls_bytes none = {0};
    const struct mls_proposal_config proposals[] = {
        party_add(&s->zoe),
        party_remove(3),
        {.type = MLS_PROPOSAL_PSK, .psk_id = party_text("psk")},
        {.type = MLS_PROPOSAL_REINIT, .group_id = party_text("next"), .cipher_suite = SUITE_IDENTITY},
        {.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS},
    };
    static const char *const names[] = {"add", "remove", "psk", "reinit", "extensions"};
    char name[64];
    struct mls_output message = {0};
    for (size_t i = 0; i < 5; i++) {
        need(mls_propose_outside(&config, &proposals[i], &message) == MLS_OK, "an external proposal");
        snprintf(name, sizeof name, "external-%s", names[i]);
        seed_messages(name, MLS_OK, none, party_bytes(message));
        need(party_receive(&s->alice, party_bytes(message)) == MLS_OK, "an external proposal taken");
        struct mls_output commit = committed(&s->alice, NULL, 0, true, true);
        snprintf(name, sizeof name, "external-%s-committed", names[i]);
        seed_messages(name, MLS_OK, party_bytes(message), party_bytes(commit));
        mls_output_free(&commit);
        mls_group_forget_proposals(s->alice.group);
        mls_output_free(&message);
    }
    config.sender = 1;
    need(mls_propose_outside(&config, &proposals[1], &message) == MLS_OK, "a proposal of an unknown sender");
    seed_messages("external-unknown", MLS_SENDER, none, party_bytes(message));
    mls_output_free(&message);
    config.sender_type = MLS_SENDER_NEW_MEMBER_PROPOSAL;
    need(mls_propose_outside(&config, &proposals[0], &message) == MLS_OK, "a new member's proposal");
    seed_messages("new-member-add", MLS_OK, none, party_bytes(message));
    mls_output_free(&message);
}

static struct mls_output joined_from_outside(struct scene *s, bool resync, bool psk)
{
    struct mls_output info = {0};
    struct mls_output commit = {0};
    struct mls_group *group = NULL;
    const struct mls_bytes psk_id = party_text("psk");
    const struct party *who = resync ? &s->frank : &s->zoe;
    const struct mls_external_config config = {
        .join = {.suites = &s->suites, .policy = who->policy, .now_s = PARTY_NOW_S},
        .leaf = who->leaf,
        .resync = resync,
        .old_leaf = 3,
        .psk_ids = &psk_id,
        .psk_count = psk,
    };
    need(mls_group_info(s->alice.group, true, &info) == MLS_OK, "a GroupInfo");
    need(mls_group_join_external(party_bytes(info), &config, &group, &commit) == MLS_OK, "an external commit");
    mls_group_free(group);
    mls_output_free(&info);
    return commit;
}

/* --- External commits --- */

static void external_commits(struct scene *s)
{
    const struct mls_bytes none = {0};
    struct mls_output resync = joined_from_outside(s, true, false);
    seed_messages("joiner-resync", MLS_OK, none, party_bytes(resync));
    mls_output_free(&resync);
    struct mls_output psk = joined_from_outside(s, false, true);
    seed_messages("joiner-psk", MLS_OK, none, party_bytes(psk));
    mls_output_free(&psk);
    struct mls_output commit = joined_from_outside(s, false, false);
    seed_messages("joiner", MLS_OK, none, party_bytes(commit));

    seeds_of_refused_joiners(party_bytes(commit));
    mls_output_free(&commit);
}

int main(int argc, char **argv)
{
    if (argc != 3 || (strcmp(argv[1], "write") != 0 && strcmp(argv[1], "check") != 0)) {
        fprintf(stderr, "usage: mls_seeds write|check CORPUS\n");
        return EXIT_FAILURE;
    }
    writes = strcmp(argv[1], "write") == 0;
    corpus = argv[2];
    struct scene *s = scene();
    own_update(s);
    seeds_of_joining();
    valid(s);
    outside(s);
    external_commits(s);
    const struct mls_proposal_config add = party_add(&s->zoe);
    struct mls_output commit = committed(&s->alice, NULL, 0, true, true);
    struct mls_output proposal = proposed(&s->carol, &add, true);
    seeds_of_refused(party_bytes(commit), party_bytes(proposal));
    mls_output_free(&commit);
    mls_output_free(&proposal);
    long_life(s);
    printf("%zu inputs, %zu wrong\n", made, failures);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
