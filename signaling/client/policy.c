#include "policy.h"

#include <string.h>

#include "mls/messages.h"

const char *call_rule_text(enum call_rule rule)
{
    switch (rule) {
#define CALL_RULE_TEXT(name, text)                                                                                     \
    case CALL_RULE_##name:                                                                                             \
        return text;
        CALL_RULE_MAP(CALL_RULE_TEXT)
#undef CALL_RULE_TEXT
    }
    return "unknown rule";
}

static bool refuse(struct call_policy *policy, enum call_rule rule)
{
    policy->broken = rule;
    return false;
}

static bool same(struct mls_bytes a, struct mls_bytes b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* --- The group --- */

uint32_t call_member_count(const struct mls_group *group)
{
    struct mls_member member;
    uint32_t count = 0;
    for (uint32_t i = 0; i < mls_group_leaves(group); i++)
        count += mls_group_member(group, i, &member) == MLS_OK;
    return count;
}

bool call_committed_last(const struct mls_group *group, uint32_t leaf_index)
{
    struct mls_member member;
    struct call_leaf leaf;
    return mls_group_member(group, leaf_index, &member) == MLS_OK && call_leaf_read(&member, &leaf) &&
           leaf.source == MLS_LEAF_COMMIT && leaf.epoch + 1 == mls_group_epoch(group);
}

/* Whether the member's user is among the admins. */
static bool is_admin(const struct call_params *params, const struct mls_member *member)
{
    struct identity_certificate certificate;
    return identity_certificate_parse(member->credential.data, member->credential.len, &certificate) == IDENTITY_OK &&
           call_params_is_admin(params, certificate.user_id);
}

/* --- Leaves --- */

static bool credential_valid(void *context, const struct mls_member *member, enum mls_credential_use use,
                             uint64_t now_s)
{
    struct call_policy *policy = context;
    struct call_leaf leaf;
    (void)now_s; /* expiry is judged with the commit, by the group's time */
    if (use == MLS_CREDENTIAL_OF_SENDER)
        return refuse(policy, CALL_RULE_PROPOSAL);
    if (member->credential_type != MLS_CREDENTIAL_BASIC ||
        identity_credential_check(member->credential.data, member->credential.len, member->signature_key.data,
                                  member->signature_key.len, 0, NULL) != IDENTITY_OK)
        return refuse(policy, CALL_RULE_CERTIFICATE);
    return call_leaf_read(member, &leaf) || refuse(policy, CALL_RULE_LEAF);
}

/* A device has one key, and no other has it: its certificate binds it to one root. */
static bool same_client(void *context, const struct mls_member *a, const struct mls_member *b)
{
    (void)context;
    return same(a->signature_key, b->signature_key);
}

static bool successor(void *context, const struct mls_member *old_leaf, const struct mls_member *new_leaf)
{
    struct call_policy *policy = context;
    return identity_successor(old_leaf->credential.data, old_leaf->credential.len, new_leaf->credential.data,
                              new_leaf->credential.len) ||
           refuse(policy, CALL_RULE_CERTIFICATE);
}

bool call_is_revoked(struct core_slice revoked, const struct identity_certificate *certificate)
{
    struct bytes_reader r = call_revoked_walk(revoked);
    struct core_slice encoded;
    struct identity_revocations list;
    while (call_revoked_next(&r, &encoded))
        if (identity_revocations_verify(encoded.data, encoded.len, &list) == IDENTITY_OK &&
            memcmp(list.root_key, certificate->root_key, IDENTITY_KEY_LEN) == 0 &&
            identity_revocations_has(&list, certificate->device_key))
            return true;
    return false;
}

/* A leaf that enters, or commits, at this time of the group's. */
static enum call_rule check_entry(const struct mls_member *member, uint64_t time_s, struct core_slice revoked)
{
    struct identity_certificate certificate;
    if (identity_certificate_parse(member->credential.data, member->credential.len, &certificate) != IDENTITY_OK)
        return CALL_RULE_CERTIFICATE;
    if (certificate.expires_s <= time_s)
        return CALL_RULE_EXPIRED;
    return call_is_revoked(revoked, &certificate) ? CALL_RULE_REVOKED : CALL_RULE_NONE;
}

/* --- Proposals --- */

static bool accept_proposal(void *context, const struct mls_group *group, const struct mls_proposal_info *proposal)
{
    struct call_policy *policy = context;
    (void)group;
    /* who may propose what to whom is mls's to know; here: what this house has no use for, and so no risk of */
    if (proposal->by_reference)
        return refuse(policy, CALL_RULE_BY_VALUE);
    if (proposal->sender_type == MLS_SENDER_MEMBER)
        switch (proposal->type) {
        case MLS_PROPOSAL_ADD:
        case MLS_PROPOSAL_REMOVE:
        case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
            return true;
        case MLS_PROPOSAL_PSK:
            return refuse(policy, CALL_RULE_PSK);
        default:
            return refuse(policy, CALL_RULE_PROPOSAL);
        }
    if (proposal->sender_type == MLS_SENDER_NEW_MEMBER_COMMIT)
        switch (proposal->type) {
        case MLS_PROPOSAL_EXTERNAL_INIT:
        case MLS_PROPOSAL_REMOVE:
        case MLS_PROPOSAL_PSK:
            return true;
        default:
            return refuse(policy, CALL_RULE_PROPOSAL);
        }
    return refuse(policy, CALL_RULE_BY_VALUE);
}

static bool external_psk(void *context, struct mls_bytes id, uint8_t *secret, size_t *len)
{
    struct call_policy *policy = context;
    uint8_t known[CALL_PSK_ID_LEN];
    call_psk_id(policy->room->number, known);
    if (id.len != sizeof known || memcmp(id.data, known, sizeof known) != 0)
        return refuse(policy, CALL_RULE_PSK);
    memcpy(secret, policy->room->psk, CALL_PSK_LEN);
    *len = CALL_PSK_LEN;
    return true;
}

/* --- Commits --- */

/* A commit under judgement. */
struct judged {
    const struct mls_group *group;
    const struct mls_commit_info *info;
    const struct mls_proposal_info *changes; /* GroupContextExtensions, or NULL */
    struct call_context before;
    struct call_context after;
    struct call_commit_data data;
    struct call_leaf leaf; /* the committer's new one */
    uint64_t time_s;       /* the group's, after it */
    size_t adds;
    size_t removes;
    size_t psks;
    bool external;
    bool by_admin;
};

static const struct mls_proposal_info *find(const struct mls_commit_info *info, uint16_t type)
{
    for (size_t i = 0; i < info->proposal_count; i++)
        if (info->proposals[i].type == type)
            return &info->proposals[i];
    return NULL;
}

static size_t count(const struct mls_commit_info *info, uint16_t type)
{
    size_t n = 0;
    for (size_t i = 0; i < info->proposal_count; i++)
        n += info->proposals[i].type == type;
    return n;
}

static enum call_rule check_form(struct judged *j)
{
    const struct mls_commit_info *info = j->info;
    struct mls_member committer;
    if (!call_context_parse(mls_group_extensions(j->group), &j->before))
        return CALL_RULE_EXTENSIONS;
    j->after = j->before;
    if (!info->has_path)
        return CALL_RULE_PATH;
    if (!call_commit_data_parse((struct core_slice){info->authenticated_data.data, info->authenticated_data.len},
                                &j->data))
        return CALL_RULE_DATA;
    if (!call_leaf_read(&info->committer, &j->leaf))
        return CALL_RULE_LEAF;
    if (j->leaf.epoch != mls_group_epoch(j->group) || j->leaf.number != j->before.params.secret_number)
        return CALL_RULE_EPOCH;
    j->external = info->sender_type == MLS_SENDER_NEW_MEMBER_COMMIT;
    j->changes = find(info, MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS);
    j->adds = count(info, MLS_PROPOSAL_ADD);
    j->removes = count(info, MLS_PROPOSAL_REMOVE);
    j->psks = count(info, MLS_PROPOSAL_PSK);
    j->by_admin = !j->external && mls_group_member(j->group, info->sender, &committer) == MLS_OK &&
                  is_admin(&j->before.params, &committer);
    return CALL_RULE_NONE;
}

/* --- Changes of the GroupContext --- */

static bool is_present(const struct mls_group *group, const uint8_t *root_key)
{
    struct mls_member member;
    struct identity_certificate certificate;
    for (uint32_t i = 0; i < mls_group_leaves(group); i++)
        if (mls_group_member(group, i, &member) == MLS_OK &&
            identity_certificate_parse(member.credential.data, member.credential.len, &certificate) == IDENTITY_OK &&
            memcmp(certificate.root_key, root_key, IDENTITY_KEY_LEN) == 0)
            return true;
    return false;
}

/* Every list verifies, one for each root, in ascending order of roots; each old one is there still, or one that counts
 * for more. */
static bool revocations_rise(const struct mls_group *group, struct core_slice before, struct core_slice after)
{
    struct bytes_reader old_lists = call_revoked_walk(before);
    struct bytes_reader new_lists = call_revoked_walk(after);
    struct identity_revocations old_list;
    struct identity_revocations new_list;
    uint8_t last_root[IDENTITY_KEY_LEN];
    struct core_slice encoded;
    bool has_old = call_revoked_next(&old_lists, &encoded);
    if (has_old && identity_revocations_verify(encoded.data, encoded.len, &old_list) != IDENTITY_OK)
        return false;
    for (bool first = true; call_revoked_next(&new_lists, &encoded); first = false) {
        if (identity_revocations_verify(encoded.data, encoded.len, &new_list) != IDENTITY_OK ||
            (!first && memcmp(last_root, new_list.root_key, sizeof last_root) >= 0))
            return false;
        memcpy(last_root, new_list.root_key, sizeof last_root);
        const int order = has_old ? memcmp(old_list.root_key, new_list.root_key, IDENTITY_KEY_LEN) : 1;
        if (order < 0 || (order == 0 && identity_revocations_compare(&new_list, &old_list) < 0) ||
            (order > 0 && !is_present(group, new_list.root_key)))
            return false;
        if (order != 0)
            continue;
        has_old = call_revoked_next(&old_lists, &encoded);
        if (has_old && identity_revocations_verify(encoded.data, encoded.len, &old_list) != IDENTITY_OK)
            return false;
    }
    return !has_old;
}

static bool params_equal(const struct call_params *a, const struct call_params *b)
{
    return strcmp(a->room, b->room) == 0 && a->sframe_suite == b->sframe_suite && a->profile == b->profile &&
           a->padding == b->padding && a->locked == b->locked && a->secret_number == b->secret_number &&
           a->founded_s == b->founded_s && a->admin_count == b->admin_count &&
           memcmp(a->admins, b->admins, a->admin_count * sizeof a->admins[0]) == 0;
}

static enum call_rule check_changes(struct judged *j)
{
    const struct call_params *before = &j->before.params;
    const struct call_params *after = &j->after.params;
    if (!j->changes)
        return CALL_RULE_NONE;
    if (!call_context_parse(j->changes->extensions, &j->after))
        return CALL_RULE_EXTENSIONS;
    if (!params_equal(before, after) && !j->by_admin)
        return CALL_RULE_ADMIN;
    const uint64_t rise = (uint64_t)after->secret_number - before->secret_number;
    if (strcmp(before->room, after->room) != 0 || before->founded_s != after->founded_s || rise > 1)
        return CALL_RULE_PARAMS;
    if (before->sframe_suite != after->sframe_suite || before->profile != after->profile)
        return CALL_RULE_PARAMS;
    if (rise == 1 && j->adds > 0)
        return CALL_RULE_ROTATION;
    return revocations_rise(j->group, j->before.revoked, j->after.revoked) ? CALL_RULE_NONE : CALL_RULE_REVOCATIONS;
}

/* --- Who comes and goes --- */

static bool psk_is_present(const struct judged *j)
{
    const struct mls_proposal_info *psk = find(j->info, MLS_PROPOSAL_PSK);
    uint8_t id[CALL_PSK_ID_LEN];
    call_psk_id(j->before.params.secret_number, id);
    return j->psks == 1 && psk->psk_type == 1 && same(psk->psk_id, (struct mls_bytes){id, sizeof id});
}

static enum call_rule check_external(const struct judged *j)
{
    if (!j->external)
        return j->psks == 0 ? CALL_RULE_NONE : CALL_RULE_PSK;
    if (!psk_is_present(j))
        return CALL_RULE_PSK;
    if (j->data.count > 0)
        return CALL_RULE_LEFT;
    /* that who is removed is the joiner itself, mls has asked successor() */
    return j->before.params.locked && j->removes == 0 ? CALL_RULE_LOCKED : CALL_RULE_NONE;
}

static enum call_rule check_adds(const struct judged *j)
{
    struct call_leaf leaf;
    enum call_rule broken = CALL_RULE_NONE;
    for (size_t i = 0; broken == CALL_RULE_NONE && i < j->info->proposal_count; i++) {
        const struct mls_proposal_info *proposal = &j->info->proposals[i];
        if (proposal->type != MLS_PROPOSAL_ADD)
            continue;
        if (!call_leaf_read(&proposal->member, &leaf))
            return CALL_RULE_LEAF;
        if (leaf.number != j->before.params.secret_number)
            return CALL_RULE_OLD_SECRET;
        broken = check_entry(&proposal->member, j->time_s, j->after.revoked);
    }
    return broken;
}

static enum call_rule check_left(const struct judged *j)
{
    struct mls_member member;
    struct call_leaf leaf;
    for (size_t i = 0; i < j->data.count; i++) {
        const struct call_left *left = &j->data.left[i];
        bool removed = false;
        for (size_t k = 0; k < j->info->proposal_count; k++)
            removed |= j->info->proposals[k].type == MLS_PROPOSAL_REMOVE && j->info->proposals[k].removed == left->leaf;
        if (!removed || mls_group_member(j->group, left->leaf, &member) != MLS_OK || !call_leaf_read(&member, &leaf) ||
            !call_left_verify(member.signature_key.data, mls_group_id(j->group), left->leaf, leaf.nonce,
                              left->signature))
            return CALL_RULE_LEFT;
    }
    return CALL_RULE_NONE;
}

/* A Remove that may come at any time: an admin's; of leavers and nothing else (with an Add beside it two devices of one
 * user could go on for ever); or of all others, who are gone if the room is not to be dead for good. */
static bool is_entitled(const struct judged *j)
{
    return j->removes > 0 && (j->by_admin || (j->adds == 0 && !j->changes && j->removes == j->data.count) ||
                              (j->adds == 0 && j->removes + 1 == call_member_count(j->group)));
}

/* Who comes back from outside may: all others may be dead. The delivery service's rates are what bounds it. */
static enum call_rule check_turn(const struct judged *j)
{
    return !j->external && call_member_count(j->group) >= 3 && call_committed_last(j->group, j->info->sender) &&
                   !is_entitled(j)
               ? CALL_RULE_TURN
               : CALL_RULE_NONE;
}

static enum call_rule check_time(struct judged *j)
{
    const uint64_t before = call_group_time(j->group, &j->before.params);
    j->time_s = call_group_time_after(j->group, &j->before.params, j->info);
    return j->time_s > before && j->time_s - before > CALL_TIME_STEP_S ? CALL_RULE_TIME : CALL_RULE_NONE;
}

bool call_policy_commit_ok(struct call_policy *policy, const struct mls_group *group,
                           const struct mls_commit_info *info)
{
    struct judged j = {.group = group, .info = info};
    enum call_rule broken = check_form(&j);
    if (broken == CALL_RULE_NONE)
        broken = check_time(&j);
    if (broken == CALL_RULE_NONE)
        broken = check_changes(&j);
    if (broken == CALL_RULE_NONE)
        broken = check_external(&j);
    if (broken == CALL_RULE_NONE)
        broken = check_adds(&j);
    if (broken == CALL_RULE_NONE)
        broken = check_left(&j);
    if (broken == CALL_RULE_NONE)
        broken = check_turn(&j);
    if (broken == CALL_RULE_NONE)
        broken = check_entry(&info->committer, j.time_s, j.after.revoked);
    return broken == CALL_RULE_NONE || refuse(policy, broken);
}

static bool accept_commit(void *context, const struct mls_group *group, const struct mls_commit_info *info)
{
    return call_policy_commit_ok(context, group, info);
}

void call_policy_callbacks(struct call_policy *policy, struct mls_policy *out)
{
    *out = (struct mls_policy){
        .context = policy,
        .credential_valid = credential_valid,
        .same_client = same_client,
        .successor = successor,
        .accept_proposal = accept_proposal,
        .accept_commit = accept_commit,
        .external_psk = external_psk,
    };
}

/* --- What a commit is --- */

bool call_is_return(const struct mls_group *group, const struct mls_commit_info *info, uint32_t removed)
{
    struct mls_member old_leaf;
    if (mls_group_member(group, removed, &old_leaf) != MLS_OK)
        return false;
    if (info->sender_type == MLS_SENDER_NEW_MEMBER_COMMIT)
        return same(old_leaf.signature_key, info->committer.signature_key);
    for (size_t i = 0; i < info->proposal_count; i++)
        if (info->proposals[i].type == MLS_PROPOSAL_ADD &&
            same(old_leaf.signature_key, info->proposals[i].member.signature_key))
            return true;
    return false;
}

void call_change_read(const struct mls_group *group, const struct mls_commit_info *info, struct call_change *out)
{
    struct call_context before;
    struct call_context after;
    const struct mls_proposal_info *changes = find(info, MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS);
    *out = (struct call_change){.external = info->sender_type == MLS_SENDER_NEW_MEMBER_COMMIT,
                                .pure = info->proposal_count == 0};
    for (size_t i = 0; i < info->proposal_count; i++)
        if (info->proposals[i].type == MLS_PROPOSAL_REMOVE)
            out->removes = true;
        else if (info->proposals[i].type == MLS_PROPOSAL_ADD)
            out->adds = true;
    if (!call_context_parse(mls_group_extensions(group), &before))
        return;
    out->time_s = call_group_time_after(group, &before.params, info);
    out->rotates = changes && call_context_parse(changes->extensions, &after) &&
                   after.params.secret_number != before.params.secret_number;
}

/* --- Foundings --- */

bool call_policy_founding_ok(struct call_policy *policy, const struct mls_group *group)
{
    struct call_context context;
    struct mls_member founder;
    if (mls_group_suite(group) != CALL_MLS_SUITE)
        return refuse(policy, CALL_RULE_SUITE);
    if (!call_context_parse(mls_group_extensions(group), &context))
        return refuse(policy, CALL_RULE_EXTENSIONS);
    if (mls_group_epoch(group) != 0 || mls_group_leaves(group) != 1 || mls_group_member(group, 0, &founder) != MLS_OK ||
        mls_group_id(group).len != CALL_GROUP_ID_LEN || strcmp(context.params.room, policy->room->name) != 0 ||
        context.params.secret_number != policy->room->number || context.revoked.len > 0)
        return refuse(policy, CALL_RULE_FOUNDING);
    if (!is_admin(&context.params, &founder))
        return refuse(policy, CALL_RULE_ADMIN);
    const enum call_rule broken = check_entry(&founder, context.params.founded_s, context.revoked);
    return broken == CALL_RULE_NONE || refuse(policy, broken);
}
