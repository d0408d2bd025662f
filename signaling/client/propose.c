/* What goes into a commit of this client's: who comes and goes, and what changes. */
#include <stdlib.h>

#include "core/secret.h"
#include "mls/messages.h"
#include "parts.h"
#include "wire/buffer.h"
#include "wire/vector.h"

static struct mls_bytes out(struct core_slice slice)
{
    return (struct mls_bytes){slice.data, slice.len};
}

/* --- Key packages --- */

bool call_user_present(const struct call *call, const uint8_t *user_id)
{
    for (uint32_t i = 0; i < call->roster.count; i++)
        if (call->roster.peers[i].present &&
            memcmp(call->roster.peers[i].certificate.user_id, user_id, CALL_USER_ID_LEN) == 0)
            return true;
    return false;
}

static bool find_device(const struct call *call, const uint8_t *signature_key, uint32_t *leaf)
{
    for (uint32_t i = 0; i < call->roster.count; i++)
        if (call->roster.peers[i].present &&
            memcmp(call->roster.peers[i].signature_key, signature_key, IDENTITY_KEY_LEN) == 0) {
            *leaf = i;
            return true;
        }
    return false;
}

/* Whether who asks to come back was not merely repeated by the delivery service: an old key package would put a member
 * out whose client has long thrown its key away. */
static bool is_fresh(const struct call *call, uint32_t old_leaf, const struct call_add *add)
{
    struct mls_member member;
    struct call_leaf leaf;
    return !call_is_self(call, old_leaf) && mls_group_member(call->group, old_leaf, &member) == MLS_OK &&
           call_leaf_read(&member, &leaf) && memcmp(leaf.nonce, add->nonce, sizeof leaf.nonce) != 0 &&
           (add->time_s >= leaf.time_s || call_peer(call, old_leaf)->lost);
}

bool call_add_is_old(const struct call *call, const struct call_add *add)
{
    uint32_t leaf = 0;
    return find_device(call, add->signature_key, &leaf) && !is_fresh(call, leaf, add);
}

/* Reads what matters here; all else is judged with the commit. */
static bool read_package(const struct call *call, struct mls_bytes message, struct call_add *add, bool *returns)
{
    struct mls_message parsed;
    struct identity_certificate certificate;
    struct call_leaf leaf;
    uint32_t old_leaf = 0;
    if (mls_message_parse(message.data, message.len, &parsed) != MLS_OK || parsed.wire_format != MLS_WIRE_KEY_PACKAGE)
        return false;
    const struct mls_leaf_node *node = &parsed.key_package.leaf_node;
    const struct mls_member member = {.extensions = out(node->extensions), .leaf_node = out(node->encoded)};
    if (!call_leaf_read(&member, &leaf) || leaf.number != call->room.number ||
        node->signature_key.len != sizeof add->signature_key ||
        identity_credential_check(node->credential.content.data, node->credential.content.len, node->signature_key.data,
                                  node->signature_key.len, 0, &certificate) != IDENTITY_OK)
        return false;
    memcpy(add->signature_key, node->signature_key.data, sizeof add->signature_key);
    memcpy(add->user_id, certificate.user_id, sizeof add->user_id);
    memcpy(add->nonce, leaf.nonce, sizeof add->nonce);
    add->time_s = leaf.time_s;
    *returns = find_device(call, add->signature_key, &old_leaf);
    return !*returns || is_fresh(call, old_leaf, add);
}

static struct call_add *slot_for(struct call_commits *commits, const uint8_t *signature_key)
{
    for (size_t i = 0; i < commits->add_count; i++)
        if (memcmp(commits->adds[i].signature_key, signature_key, IDENTITY_KEY_LEN) == 0) {
            mls_output_free(&commits->adds[i].package);
            return &commits->adds[i];
        }
    return commits->add_count < CALL_ADDS_KEPT ? &commits->adds[commits->add_count++] : NULL;
}

void call_take_package(struct call *call, struct mls_bytes box)
{
    struct mls_output content = {0};
    struct call_add add = {.since_ms = call->now.ms};
    bool returns = false;
    if (call_box_open(&call->room, CALL_BOX_KEY_PACKAGE, box, &content) != CALL_OK)
        return;
    if (!read_package(call, call_bytes(content), &add, &returns)) {
        mls_output_free(&content);
        return;
    }
    struct call_add *slot = slot_for(&call->commits, add.signature_key);
    if (!slot) {
        mls_output_free(&content);
        return;
    }
    add.package = content;
    add.admitted = !call->params.locked || returns;
    *slot = add;
    if (!add.admitted) {
        struct call_event *event =
            call_event_push(call, CALL_EVENT_KNOCK, (struct mls_bytes){0}, (struct mls_bytes){0});
        memcpy(event->user_id, add.user_id, sizeof event->user_id);
    }
}

bool call_revocations_known(const struct call *call, struct mls_bytes encoded)
{
    struct call_context context;
    struct core_slice there;
    struct identity_revocations list;
    struct identity_revocations old_list;
    if (!call_context_parse(mls_group_extensions(call->group), &context) ||
        identity_revocations_verify(encoded.data, encoded.len, &list) != IDENTITY_OK)
        return true;
    struct bytes_reader r = call_revoked_walk(context.revoked);
    while (call_revoked_next(&r, &there))
        if (identity_revocations_verify(there.data, there.len, &old_list) == IDENTITY_OK &&
            memcmp(old_list.root_key, list.root_key, sizeof list.root_key) == 0)
            return identity_revocations_compare(&old_list, &list) >= 0;
    return false;
}

int call_admit(struct call *call, const uint8_t user_id[CALL_USER_ID_LEN])
{
    struct call_commits *commits = &call->commits;
    bool found = false;
    if (call->phase != CALL_PHASE_MEMBER)
        return CALL_STATE;
    for (size_t i = 0; i < commits->add_count; i++)
        if (memcmp(commits->adds[i].user_id, user_id, CALL_USER_ID_LEN) == 0)
            found = commits->adds[i].admitted = true;
    if (!found)
        return CALL_USER;
    call_commits_want(call, true);
    return CALL_OK;
}

/* --- A commit --- */

struct plan {
    const uint8_t *nonce; /* of the committer's leaf; NULL: as it was */
    bool is_public;
    struct mls_proposal_config *proposals;
    size_t count;
    size_t cap;
    size_t adds;
    size_t removes;
    struct call_commit_data left;
    struct call_params params; /* the next ones */
    bool changes;
    bool rotates;
    struct bytes_writer encoded; /* params */
    struct bytes_writer revoked;
    struct mls_extension_item items[CALL_EXTENSIONS];
};

static bool add_proposal(struct plan *plan, struct mls_proposal_config proposal)
{
    if (plan->count == plan->cap)
        return false;
    plan->proposals[plan->count++] = proposal;
    return true;
}

static void remove_leaf(struct plan *plan, uint32_t leaf)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->proposals[i].type == MLS_PROPOSAL_REMOVE && plan->proposals[i].removed == leaf)
            return;
    plan->removes += add_proposal(plan, (struct mls_proposal_config){.type = MLS_PROPOSAL_REMOVE, .removed = leaf});
}

static bool is_kicked(const struct call *call, const struct call_peer *peer)
{
    return call->commits.wishes.kick &&
           memcmp(peer->certificate.user_id, call->commits.wishes.kicked, CALL_USER_ID_LEN) == 0;
}

/* A leaf that is silent, and missed its turn: whoever's turn it is takes it out; or at once if the user said so. */
static bool is_evicted(const struct call *call, uint32_t leaf)
{
    const struct call_peer *peer = call_peer(call, leaf);
    if (!peer->lost)
        return false;
    if (call->contact.accepted)
        return true;
    /* a newcomer that followed a commit which the others skipped takes them for silent */
    return call->contact.confirmed && call->commits.turn && call->roster.lost * 2 < call->roster.members &&
           call_goes_before(call, leaf, mls_group_own_leaf(call->group));
}

static void plan_removes(const struct call *call, struct plan *plan)
{
    for (uint32_t i = 0; i < call->roster.count; i++) {
        const struct call_peer *peer = call_peer(call, i);
        if (!peer || call_is_self(call, i))
            continue;
        if (peer->leaving && plan->left.count < CALL_LEFT_MAX) {
            struct call_left *left = &plan->left.left[plan->left.count++];
            left->leaf = i;
            memcpy(left->signature, peer->left_signature, sizeof left->signature);
            remove_leaf(plan, i);
        } else if (is_kicked(call, peer) || peer->revoked || is_evicted(call, i)) {
            remove_leaf(plan, i);
        }
    }
}

static void plan_adds(const struct call *call, struct plan *plan)
{
    const struct call_commits *commits = &call->commits;
    for (size_t i = 0; i < commits->add_count && plan->adds < CALL_ADDS_MAX; i++) {
        const struct call_add *add = &commits->adds[i];
        uint32_t old_leaf = 0;
        if (!add->admitted || add->package.len == 0)
            continue;
        if (find_device(call, add->signature_key, &old_leaf))
            remove_leaf(plan, old_leaf);
        plan->adds += add_proposal(
            plan, (struct mls_proposal_config){.type = MLS_PROPOSAL_ADD, .key_package = call_bytes(add->package)});
    }
}

/* The lists as they are, one in its place among them: by ascending roots, one each. */
static void write_revoked(struct bytes_writer *w, struct core_slice before, struct mls_bytes added)
{
    struct bytes_reader r = call_revoked_walk(before);
    struct identity_revocations list;
    struct identity_revocations old_list;
    struct core_slice encoded;
    bool waits = added.len > 0 && identity_revocations_verify(added.data, added.len, &list) == IDENTITY_OK;
    while (call_revoked_next(&r, &encoded)) {
        if (waits && identity_revocations_verify(encoded.data, encoded.len, &old_list) == IDENTITY_OK) {
            const int order = memcmp(list.root_key, old_list.root_key, sizeof list.root_key);
            if (order <= 0) {
                wire_write_vector(w, (struct core_slice){added.data, added.len});
                waits = false;
            }
            if (order == 0)
                continue;
        }
        wire_write_vector(w, encoded);
    }
    if (waits)
        wire_write_vector(w, (struct core_slice){added.data, added.len});
}

static bool plan_params(const struct call *call, struct plan *plan)
{
    const struct call_commits *commits = &call->commits;
    struct call_context context;
    plan->params = call->params;
    plan->rotates = commits->wishes.kick || commits->wishes.rotate;
    if (plan->rotates)
        plan->params.secret_number++;
    if (commits->wishes.lock_wanted)
        plan->params.locked = commits->wishes.lock_value;
    plan->changes = plan->rotates || commits->wishes.revocations.len > 0 ||
                    (commits->wishes.lock_wanted && plan->params.locked != call->params.locked);
    if (!plan->changes)
        return true;
    if (!call_context_parse(mls_group_extensions(call->group), &context))
        return false;
    wire_buffer_init(&plan->encoded, CALL_EXTENSIONS_BYTES_MAX);
    call_params_write(&plan->encoded, &plan->params);
    wire_buffer_init(&plan->revoked, CALL_EXTENSIONS_BYTES_MAX);
    write_revoked(&plan->revoked, context.revoked, call_bytes(commits->wishes.revocations));
    call_context_items(wire_buffer_slice(&plan->encoded), wire_buffer_slice(&plan->revoked), plan->items);
    return bytes_writer_ok(&plan->encoded) && bytes_writer_ok(&plan->revoked) &&
           add_proposal(plan, (struct mls_proposal_config){.type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
                                                           .extensions = plan->items,
                                                           .extension_count = CALL_EXTENSIONS});
}

/* After a commit of its own a client may do little before another has committed. */
static bool is_allowed(const struct call *call, const struct plan *plan)
{
    if (call->roster.members < 3 || !call_committed_last(call->group, mls_group_own_leaf(call->group)))
        return true;
    return plan->removes > 0 && (call_params_is_admin(&call->params, call->self.user_id) ||
                                 (plan->adds == 0 && !plan->changes && plan->removes == plan->left.count) ||
                                 (plan->adds == 0 && plan->removes + 1 == call->roster.members));
}

static int stage(struct call *call, const struct plan *plan, struct mls_staged **staged)
{
    struct call_leaf_data data;
    struct bytes_writer w;
    const uint64_t group_time_s = call_group_time(call->group, &call->params);
    const struct call_peer *self = call_peer(call, mls_group_own_leaf(call->group));
    const struct mls_leaf_config leaf =
        call_leaf_config(call, call_commit_time(group_time_s, call->now.unix_s), mls_group_epoch(call->group),
                         call->params.secret_number, plan->nonce ? plan->nonce : self->nonce, &data);
    wire_buffer_init(&w, CALL_EXTENSIONS_BYTES_MAX);
    call_commit_data_write(&w, &plan->left);
    const struct mls_commit_config config = {
        .framing = {.is_public = plan->is_public, .authenticated_data = out(wire_buffer_slice(&w))},
        .proposals = plan->proposals,
        .proposal_count = plan->count,
        .without_received = true,
        .leaf = &leaf,
        .now_s = group_time_s,
    };
    int rc = bytes_writer_ok(&w) ? mls_group_commit(call->group, &config, staged) : MLS_MEMORY;
    wire_buffer_free(&w);
    return rc;
}

/* Key packages that cannot be committed are not kept: else they would stop everything. */
static void drop_bad_adds(struct call *call)
{
    struct call_commits *commits = &call->commits;
    for (size_t i = commits->add_count; i-- > 0;) {
        struct mls_proposal_config proposals[2];
        struct plan plan = {.proposals = proposals, .cap = 2};
        struct mls_staged *staged = NULL;
        uint32_t old_leaf = 0;
        if (find_device(call, commits->adds[i].signature_key, &old_leaf))
            remove_leaf(&plan, old_leaf);
        add_proposal(&plan, (struct mls_proposal_config){.type = MLS_PROPOSAL_ADD,
                                                         .key_package = call_bytes(commits->adds[i].package)});
        const int rc = stage(call, &plan, &staged);
        mls_staged_free(staged);
        if (rc == MLS_OK)
            continue;
        mls_output_free(&commits->adds[i].package);
        commits->add_count--;
        memmove(&commits->adds[i], &commits->adds[i + 1], (commits->add_count - i) * sizeof commits->adds[0]);
    }
}

/* The GroupInfo of a rotating commit is for those who will have the next secret. */
static int seal_info(const struct call *call, const struct mls_staged *staged, bool rotates, struct mls_bytes info,
                     struct mls_output *box)
{
    uint8_t context[CALL_NEXT_SECRET_CONTEXT_LEN];
    uint8_t secret[CALL_SECRET_LEN];
    struct call_room next;
    if (!rotates)
        return call_box_seal(&call->room, CALL_BOX_GROUP_INFO, info, box);
    call_next_secret_context(call->room.number + 1, context);
    int rc = mls_staged_export(
                 staged, (struct mls_bytes){(const uint8_t *)CALL_NEXT_SECRET_LABEL, sizeof CALL_NEXT_SECRET_LABEL - 1},
                 (struct mls_bytes){context, sizeof context}, secret, sizeof secret) == MLS_OK
                 ? call_room_init(&next, call->room.name, call->room.number + 1, secret)
                 : CALL_CRYPTO;
    if (rc == CALL_OK) {
        rc = call_box_seal(&next, CALL_BOX_GROUP_INFO, info, box);
        call_room_wipe(&next);
    }
    core_wipe(secret, sizeof secret);
    return rc;
}

static bool seal(struct call *call, struct mls_staged *staged, bool rotates)
{
    struct call_commits *commits = &call->commits;
    struct mls_output info = {0};
    const struct mls_bytes welcome = mls_staged_welcome(staged);
    bool ok = core_random(commits->append_id, sizeof commits->append_id) &&
              mls_staged_group_info(staged, true, &info) == MLS_OK &&
              call_box_seal(&call->room, CALL_BOX_COMMIT, mls_staged_message(staged), &commits->box) == CALL_OK &&
              seal_info(call, staged, rotates, call_bytes(info), &commits->info) == CALL_OK &&
              (welcome.len == 0 || call_box_seal(&call->room, CALL_BOX_WELCOME, welcome, &commits->welcome) == CALL_OK);
    mls_output_free(&info);
    if (!ok) {
        mls_output_free(&commits->box);
        mls_output_free(&commits->info);
        mls_output_free(&commits->welcome);
    }
    return ok;
}

bool call_propose(struct call *call)
{
    struct call_commits *commits = &call->commits;
    struct plan plan = {.cap = CALL_ADDS_MAX + (size_t)call->roster.count + 1};
    struct mls_staged *staged = NULL;
    plan.proposals = calloc(plan.cap, sizeof *plan.proposals);
    if (!plan.proposals)
        return false;
    bool ok = plan_params(call, &plan);
    plan_removes(call, &plan);
    if (!plan.rotates)
        plan_adds(call, &plan);
    ok = ok && is_allowed(call, &plan) && (plan.count > 0 || commits->turn);
    if (ok && stage(call, &plan, &staged) != MLS_OK) {
        drop_bad_adds(call);
        ok = false;
    }
    if (ok && !seal(call, staged, plan.rotates)) {
        mls_staged_free(staged);
        ok = false;
    }
    if (ok) {
        commits->staged = staged;
        commits->rotating = plan.rotates;
    }
    wire_buffer_free(&plan.encoded);
    wire_buffer_free(&plan.revoked);
    free(plan.proposals);
    return ok;
}

/* In a PublicMessage, which takes no key of the epoch's message keys: a state that is loaded twice, or was put back,
 * has those again (sotto/mls.h, "Keeping state"). The box hides it as well. */
bool call_propose_return(struct call *call)
{
    struct call_commits *commits = &call->commits;
    struct plan plan = {.nonce = call->joining.nonce, .is_public = true};
    struct mls_staged *staged = NULL;
    if (!core_random(call->joining.nonce, sizeof call->joining.nonce) || stage(call, &plan, &staged) != MLS_OK)
        return false;
    if (!seal(call, staged, false)) {
        mls_staged_free(staged);
        return false;
    }
    commits->staged = staged;
    return true;
}
