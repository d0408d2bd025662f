/* The time by which certificates are judged: not a clock of anybody's, but what the group's members have said, so that
 * all decide alike. */
#ifndef CALL_GROUP_TIME_H
#define CALL_GROUP_TIME_H

#include "params.h"

enum { CALL_TIME_STEP_S = 3600 }; /* that one commit may advance it by at most */

/* The latest time of the leaves present that came with commits; founded_s if there is none. */
uint64_t call_group_time(const struct mls_group *group, const struct call_params *params);
/* The same after a commit: without the leaves it removes, and with the committer's new one. */
uint64_t call_group_time_after(const struct mls_group *group, const struct call_params *params,
                               const struct mls_commit_info *info);
/* The time that an honest committer puts into its leaf: its clock's, unless that would be refused. */
uint64_t call_commit_time(uint64_t group_time_s, uint64_t now_s);

#endif
