#include "group_time.h"

#include "mls/messages.h"

/* Leaves that do not count: those a commit removes, and the committer's old one. */
static bool is_gone(const struct mls_commit_info *info, uint32_t leaf)
{
    if (!info)
        return false;
    if (info->sender_type == MLS_SENDER_MEMBER && info->sender == leaf)
        return true;
    for (size_t i = 0; i < info->proposal_count; i++)
        if (info->proposals[i].type == MLS_PROPOSAL_REMOVE && info->proposals[i].removed == leaf)
            return true;
    return false;
}

static uint64_t latest(const struct mls_group *group, const struct call_params *params,
                       const struct mls_commit_info *info)
{
    bool found = false;
    uint64_t time_s = 0;
    struct mls_member member;
    struct call_leaf leaf;
    if (info && call_leaf_read(&info->committer, &leaf)) {
        found = true;
        time_s = leaf.time_s;
    }
    for (uint32_t i = 0; i < mls_group_leaves(group); i++) {
        if (is_gone(info, i) || mls_group_member(group, i, &member) != MLS_OK || !call_leaf_read(&member, &leaf) ||
            leaf.source != MLS_LEAF_COMMIT)
            continue;
        if (!found || leaf.time_s > time_s)
            time_s = leaf.time_s;
        found = true;
    }
    return found ? time_s : params->founded_s;
}

uint64_t call_group_time(const struct mls_group *group, const struct call_params *params)
{
    return latest(group, params, NULL);
}

uint64_t call_group_time_after(const struct mls_group *group, const struct call_params *params,
                               const struct mls_commit_info *info)
{
    return latest(group, params, info);
}

uint64_t call_commit_time(uint64_t group_time_s, uint64_t now_s)
{
    return now_s > group_time_s && now_s - group_time_s > CALL_TIME_STEP_S ? group_time_s + CALL_TIME_STEP_S : now_s;
}
