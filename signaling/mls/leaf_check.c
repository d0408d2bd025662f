/* Leaf nodes as the group judges them: the RFC's rules (section 7.3), and the application's answers. */
#include "group.h"

struct asked {
    const struct mls_policy *policy;
    const struct mls_leaf_question *question;
    struct mls_member member;
};

static bool credential_valid(void *ctx, const struct mls_credential *credential, struct core_slice signature_key)
{
    const struct asked *asked = ctx;
    (void)credential;
    (void)signature_key;
    return asked->policy->credential_valid &&
           asked->policy->credential_valid(asked->policy->context, &asked->member, asked->question->use,
                                           asked->question->now_s);
}

/* "An application-defined set of rules" decides what may follow what (section 5.3.1). */
static int check_succession(const struct mls_group *group, const struct mls_leaf_node *old_leaf,
                            const struct mls_leaf_node *leaf_node, const struct mls_leaf_question *question)
{
    struct mls_member before;
    struct mls_member after;
    const bool same = old_leaf->credential.type == leaf_node->credential.type &&
                      mls_same(old_leaf->credential.content, leaf_node->credential.content) &&
                      mls_same(old_leaf->signature_key, leaf_node->signature_key);
    if (same && !question->always_ask)
        return MLS_OK;
    mls_member_view(old_leaf, question->leaf, &before);
    mls_member_view(leaf_node, question->leaf, &after);
    return group->policy.successor && group->policy.successor(group->policy.context, &before, &after) ? MLS_OK
                                                                                                      : MLS_CREDENTIAL;
}

int mls_leaf_check(const struct mls_group *group, const struct mls_leaf_node *leaf_node,
                   const struct mls_leaf_question *question)
{
    struct asked asked = {.policy = &group->policy, .question = question};
    const struct mls_leaf_rules rules = {
        .suite = group->suite,
        .group_id = group->epoch.context.group_id,
        .extensions = question->extensions,
        .now = question->now_s,
        .lifetime_max = group->policy.lifetime_max_s,
        .check_lifetime = question->check_lifetime,
        .signed_here = question->signed_here,
        .credential = credential_valid,
        .ctx = &asked,
    };
    mls_member_view(leaf_node, question->leaf, &asked.member);
    int rc = mls_leaf_node_validate(&rules, leaf_node, question->source, question->leaf);
    if (rc == MLS_OK && question->old_leaf)
        rc = check_succession(group, question->old_leaf, leaf_node, question);
    return rc;
}

int mls_client_is_new(const struct mls_group *group, const struct mls_ratchet_tree *tree,
                      const struct mls_leaf_node *leaf_node)
{
    const struct mls_policy *policy = &group->policy;
    struct mls_member added;
    struct mls_member member;
    mls_member_view(leaf_node, MLS_NO_LEAF, &added);
    for (uint32_t leaf = 0; leaf < mls_ratchet_tree_leaves(tree); leaf++) {
        const struct mls_leaf_node *other = mls_ratchet_tree_leaf(tree, leaf);
        if (!other)
            continue;
        mls_member_view(other, leaf, &member);
        if (!policy->same_client || policy->same_client(policy->context, &member, &added))
            return MLS_DUPLICATE;
    }
    return MLS_OK;
}

int mls_group_extensions_check(struct core_slice extensions)
{
    struct mls_required_capabilities required;
    struct core_slice data;
    struct core_slice senders;
    size_t count = 0;
    if (mls_extension_find(extensions, MLS_EXTENSION_REQUIRED_CAPABILITIES, &data)) {
        struct bytes_reader r = mls_walk(data);
        mls_required_capabilities_parse(&r, &required);
        if (!bytes_reader_done(&r))
            return MLS_EXTENSION;
    }
    if (mls_extension_find(extensions, MLS_EXTENSION_EXTERNAL_SENDERS, &data) &&
        !mls_external_senders_parse(data, &senders, &count))
        return MLS_EXTENSION;
    return MLS_OK;
}
