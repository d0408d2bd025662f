/* What a group of MLS costs, by its size: renewing a path, following, joining, exporting; in microseconds and in
 * multiples of one HPKE seal measured in the same rounds. Suite 1; the credential callbacks only say yes.
 *
 * Filled: every member came by a commit of its own, so that each parent with members on both sides has a key. Flat:
 * the founder added all at once, so that it alone has a path. The committer is leaf 0. Who follows is its neighbour at
 * leaf 1, who shares its whole path and derives the most, and the last leaf, who shares the least. An update is making
 * the commit and merging it, a process is validating it and merging it, a join takes the Welcome with the tree in it.
 *
 * --large measures one flat group of 10,000 instead, --size N and --flat or --filled leave out the other cases. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "heap.h"
#include "mls/crypto.h"
#include "sotto/mls.h"

enum {
    SUITE = MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519,
    NOW_S = 1000000,
    NAME_LEN = 16,
    EXPORT_LEN = 32,
    SEALS = 8, /* in one round, as it is short */
    EXPORTS = 64,
    CONTEXT_LEN = 200, /* a usual GroupContext */
    ROUNDS_SMALL = 101,
    ROUNDS = 21,
    ROUNDS_QUICK = 3,
    SIZE_SMALL = 200, /* sizes from here on are measured in fewer rounds */
    SIZE_LARGE = 10000,
};

/* --- Members ------------------------------------------------------------------------------------------------------ */

struct member {
    char name[NAME_LEN];
    struct mls_output signature_key;
    struct mls_key_package_keys *keys;
    struct mls_output package;
    struct mls_group *group;
};

static void must(int rc, const char *what)
{
    if (rc == MLS_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, mls_strerror(rc));
    exit(EXIT_FAILURE);
}

static bool credential_valid(void *context, const struct mls_member *member, enum mls_credential_use use,
                             uint64_t now_s)
{
    (void)context;
    (void)member;
    (void)use;
    (void)now_s;
    return true;
}

static bool same_client(void *context, const struct mls_member *a, const struct mls_member *b)
{
    (void)context;
    return a->credential.len == b->credential.len &&
           memcmp(a->credential.data, b->credential.data, a->credential.len) == 0;
}

static bool accept_proposal(void *context, const struct mls_group *group, const struct mls_proposal_info *proposal)
{
    (void)context;
    (void)group;
    (void)proposal;
    return true;
}

static bool accept_commit(void *context, const struct mls_group *group, const struct mls_commit_info *commit)
{
    (void)context;
    (void)group;
    (void)commit;
    return true;
}

static const struct mls_policy policy = {.credential_valid = credential_valid,
                                         .same_client = same_client,
                                         .successor = same_client,
                                         .accept_proposal = accept_proposal,
                                         .accept_commit = accept_commit};

static struct mls_bytes bytes(struct mls_output output)
{
    return (struct mls_bytes){output.data, output.len};
}

static struct mls_leaf_config leaf_of(const struct member *member)
{
    return (struct mls_leaf_config){.credential_type = MLS_CREDENTIAL_BASIC,
                                    .credential = {(const uint8_t *)member->name, strlen(member->name)},
                                    .signature_private_key = bytes(member->signature_key)};
}

static void member_init(struct member *member, size_t number)
{
    struct mls_output public_key = {0};
    *member = (struct member){.name = ""};
    snprintf(member->name, sizeof member->name, "member %05zu", number);
    must(mls_signature_key_new(NULL, SUITE, &member->signature_key, &public_key), "signature key");
    mls_output_free(&public_key);
}

/* A key package of last resort: a join can then be measured again and again. */
static void member_new_package(struct member *member)
{
    const struct mls_key_package_config config = {
        .leaf = leaf_of(member), .not_before_s = NOW_S - 10, .not_after_s = NOW_S + 3600, .last_resort = true};
    must(mls_key_package_new(NULL, SUITE, &config, &member->keys, &member->package), "key package");
}

static void member_wipe(struct member *member)
{
    mls_group_free(member->group);
    mls_key_package_keys_free(member->keys);
    mls_output_free(&member->package);
    mls_output_free(&member->signature_key);
}

static void member_found(struct member *member)
{
    const struct mls_group_config config = {.suite = SUITE, .leaf = leaf_of(member), .policy = policy};
    must(mls_group_new(&config, &member->group), "group");
}

static void member_process(struct member *member, struct mls_bytes message)
{
    struct mls_received received = {0};
    must(mls_group_process(member->group, message, NOW_S, &received), "process");
    must(mls_group_merge(member->group, received.staged), "merge");
    received.staged = NULL;
    mls_received_free(&received);
}

static struct mls_group *join(const struct member *member, struct mls_bytes welcome)
{
    const struct mls_join_config config = {.policy = policy, .now_s = NOW_S};
    struct mls_group *group = NULL;
    must(mls_group_join(welcome, member->keys, &config, &group), "join");
    return group;
}

/* Joins by a commit of its own, from a member's GroupInfo; *commit is what the members have to follow. */
static void member_join_external(struct member *member, const struct member *inside, struct mls_output *commit)
{
    struct mls_output info = {0};
    const struct mls_external_config config = {.join = {.policy = policy, .now_s = NOW_S}, .leaf = leaf_of(member)};
    must(mls_group_info(inside->group, true, &info), "group info");
    must(mls_group_join_external(bytes(info), &config, &member->group, commit), "external join");
    mls_output_free(&info);
}

static struct mls_output copy(struct mls_bytes from)
{
    struct mls_output out = {.data = malloc(from.len + 1), .len = from.len};
    must(out.data ? MLS_OK : MLS_MEMORY, "copy");
    memcpy(out.data, from.data, from.len);
    return out;
}

/* Commits and merges; what was sent goes to *message and, where there is one, to *welcome (may be NULL). */
static void member_commit(struct member *member, const struct mls_proposal_config *proposals, size_t count,
                          struct mls_output *message, struct mls_output *welcome)
{
    const struct mls_commit_config config = {.proposals = proposals, .proposal_count = count, .now_s = NOW_S};
    struct mls_staged *staged = NULL;
    must(mls_group_commit(member->group, &config, &staged), "commit");
    *message = copy(mls_staged_message(staged));
    if (welcome)
        *welcome = copy(mls_staged_welcome(staged));
    must(mls_group_merge(member->group, staged), "merge");
}

/* --- Groups ------------------------------------------------------------------------------------------------------- */

struct cast {
    size_t size;
    struct member founder;   /* leaf 0 */
    struct member neighbour; /* leaf 1; unused in a group of two */
    struct member last;
    struct mls_output welcome; /* of the last, with the tree */
    double created_us;
};

/* Time on the CPU: there is one thread and no waiting, and what takes long would else count what others run meanwhile.
 */
static double now_us(void)
{
    enum { PER_S = 1000000, NS = 1000 };
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * PER_S + (double)now.tv_nsec / NS;
}

static struct mls_proposal_config add_of(const struct member *member)
{
    return (struct mls_proposal_config){.type = MLS_PROPOSAL_ADD, .key_package = bytes(member->package)};
}

/* One after the other by external commits, which founder and neighbour follow; the last is added, then commits. */
static void fill(struct cast *cast)
{
    struct member before = {.name = ""}; /* who came last: only it and the two followers are kept */
    struct mls_output commit = {0};
    member_found(&cast->founder);
    for (size_t i = 1; i + 1 < cast->size; i++) {
        struct member joiner;
        member_init(&joiner, i);
        member_join_external(&joiner, i > 2 ? &before : &cast->founder, &commit);
        member_process(&cast->founder, bytes(commit));
        if (i > 1)
            member_process(&cast->neighbour, bytes(commit));
        mls_output_free(&commit);
        member_wipe(&before);
        before = (struct member){.name = ""};
        *(i > 1 ? &before : &cast->neighbour) = joiner;
    }
    member_wipe(&before);
    const struct mls_proposal_config add = add_of(&cast->last);
    member_commit(&cast->founder, &add, 1, &commit, &cast->welcome);
    if (cast->neighbour.group)
        member_process(&cast->neighbour, bytes(commit));
    mls_output_free(&commit);
    cast->last.group = join(&cast->last, bytes(cast->welcome));
    member_commit(&cast->last, NULL, 0, &commit, NULL);
    member_process(&cast->founder, bytes(commit));
    if (cast->neighbour.group)
        member_process(&cast->neighbour, bytes(commit));
    mls_output_free(&commit);
}

static void add_all(struct cast *cast)
{
    const size_t count = cast->size - 1;
    struct mls_proposal_config *adds = calloc(count, sizeof *adds);
    struct member *others = calloc(count, sizeof *others);
    struct mls_output commit = {0};
    must(adds && others ? MLS_OK : MLS_MEMORY, "members");
    for (size_t i = 0; i < count; i++) {
        struct member *other = i + 1 == count ? &cast->last : &others[i];
        if (other != &cast->last) {
            member_init(other, i + 1);
            member_new_package(other);
        }
        adds[i] = add_of(other);
    }
    const double start = now_us();
    member_found(&cast->founder);
    member_commit(&cast->founder, adds, count, &commit, &cast->welcome);
    cast->created_us = now_us() - start;
    mls_output_free(&commit);
    cast->last.group = join(&cast->last, bytes(cast->welcome));
    if (count > 1) {
        cast->neighbour = others[0];
        cast->neighbour.group = join(&cast->neighbour, bytes(cast->welcome));
    }
    for (size_t i = 1; i < count; i++)
        member_wipe(&others[i]);
    free(others);
    free(adds);
}

static void cast_init(struct cast *cast, size_t size, bool filled)
{
    *cast = (struct cast){.size = size};
    member_init(&cast->founder, 0);
    member_init(&cast->last, size - 1);
    member_new_package(&cast->last);
    if (filled)
        fill(cast);
    else
        add_all(cast);
}

static void cast_wipe(struct cast *cast)
{
    member_wipe(&cast->founder);
    member_wipe(&cast->neighbour);
    member_wipe(&cast->last);
    mls_output_free(&cast->welcome);
}

/* --- Measuring ---------------------------------------------------------------------------------------------------- */

enum measure { SEAL, UPDATE, PROCESS_LAST, PROCESS_NEXT, JOIN, EXPORT, MEASURES };

static const char *const names[MEASURES] = {
    [SEAL] = "HPKE seal",
    [UPDATE] = "update, by leaf 0",
    [PROCESS_LAST] = "process update, last leaf",
    [PROCESS_NEXT] = "process update, leaf 1",
    [JOIN] = "join with tree",
    [EXPORT] = "exporter",
};

/* EncryptWithLabel of a path secret, as commits do it. */
static void seals(size_t count)
{
    const struct mls_suite *suite = mls_suite_find(NULL, SUITE);
    static const uint8_t context[CONTEXT_LEN];
    static const uint8_t secret[MLS_HASH_MAX];
    uint8_t private_key[MLS_KEM_PRIVATE_MAX];
    uint8_t public_key[MLS_KEM_PUBLIC_MAX];
    uint8_t output[MLS_KEM_OUTPUT_MAX];
    uint8_t text[MLS_HASH_MAX + CORE_TAG_MAX];
    static bool made;
    static uint8_t to[MLS_KEM_PUBLIC_MAX];
    if (!made) {
        must(mls_hpke_generate(suite, private_key, public_key), "key pair");
        memcpy(to, public_key, sizeof to);
        made = true;
    }
    for (size_t i = 0; i < count; i++)
        must(mls_encrypt_with_label(suite, (struct core_slice){to, suite->kem->public_len}, MLS_TEXT("UpdatePathNode"),
                                    (struct core_slice){context, sizeof context},
                                    (struct core_slice){secret, suite->hash->len}, output, text),
             "seal");
}

static void exports(const struct mls_group *group, size_t count)
{
    uint8_t key[EXPORT_LEN];
    static const uint8_t label[] = "bench";
    for (size_t i = 0; i < count; i++)
        must(mls_group_export(group, (struct mls_bytes){label, sizeof label - 1}, (struct mls_bytes){label, 1}, key,
                              sizeof key),
             "export");
}

struct peaks {
    size_t commit_bytes;
    size_t update; /* heap of the committer beyond what it held before */
    size_t process;
    size_t join; /* heap of a joiner, from nothing */
    size_t held; /* by a member, once it joined */
};

static double took_since(double *start)
{
    const double now = now_us();
    const double took = now - *start;
    *start = now;
    return took;
}

/* Every measure once; in us. */
static void round_of(struct cast *cast, double times[MEASURES], struct peaks *peaks)
{
    struct mls_output commit = {0};
    double start = now_us();
    seals(SEALS);
    times[SEAL] = took_since(&start) / SEALS;

    size_t before = heap_held();
    heap_peak_reset();
    start = now_us();
    member_commit(&cast->founder, NULL, 0, &commit, NULL);
    times[UPDATE] = took_since(&start);
    peaks->update = heap_peak_reset() - before;
    peaks->commit_bytes = commit.len;

    before = heap_held();
    heap_peak_reset();
    start = now_us();
    member_process(&cast->last, bytes(commit));
    times[PROCESS_LAST] = took_since(&start);
    peaks->process = heap_peak_reset() - before;
    struct member *next = cast->neighbour.group ? &cast->neighbour : NULL;
    start = now_us();
    if (next)
        member_process(next, bytes(commit));
    times[PROCESS_NEXT] = next ? took_since(&start) : times[PROCESS_LAST];
    mls_output_free(&commit);

    before = heap_held();
    heap_peak_reset();
    start = now_us();
    struct mls_group *joined = join(&cast->last, bytes(cast->welcome));
    times[JOIN] = took_since(&start);
    peaks->held = heap_held() - before;
    peaks->join = heap_peak_reset() - before;
    mls_group_free(joined);

    start = now_us();
    exports(cast->founder.group, EXPORTS);
    times[EXPORT] = took_since(&start) / EXPORTS;
}

static void figure(struct bench *bench, const char *group, const char *what, double value, const char *unit)
{
    char title[BENCH_NAME_MAX];
    snprintf(title, sizeof title, "%.20s: %.40s", group, what);
    bench_figure(bench, title, value, unit);
}

static void report(struct bench *bench, const char *group, const struct cast *cast, double *times[MEASURES],
                   size_t rounds, const struct peaks *peaks)
{
    enum { LINE_MAX_LEN = 64 };
    struct mls_output tree = {0};
    struct bench_result result;
    must(mls_group_tree(cast->founder.group, &tree), "tree");
    for (int i = 0; i < MEASURES; i++) {
        char line[LINE_MAX_LEN];
        bench_summarise(times[i], times[SEAL], rounds, &result); /* of us */
        figure(bench, group, names[i], result.median_ns, "us");
        snprintf(line, sizeof line, "%s, in seals", names[i]);
        if (i != SEAL)
            figure(bench, group, line, result.ratio, "seals");
    }
    figure(bench, group, "Commit", (double)peaks->commit_bytes, "bytes");
    figure(bench, group, "Welcome", (double)cast->welcome.len, "bytes");
    figure(bench, group, "tree", (double)tree.len, "bytes");
    figure(bench, group, "heap held by a member", (double)peaks->held, "bytes");
    figure(bench, group, "peak heap of a join", (double)peaks->join, "bytes");
    figure(bench, group, "peak heap more in an update", (double)peaks->update, "bytes");
    figure(bench, group, "peak heap more in a process", (double)peaks->process, "bytes");
    mls_output_free(&tree);
}

static void measure(struct bench *bench, size_t size, bool filled)
{
    const size_t full = size >= SIZE_SMALL ? ROUNDS : ROUNDS_SMALL;
    const size_t rounds = bench_is_quick(bench) || size == SIZE_LARGE ? ROUNDS_QUICK : full;
    struct cast cast;
    struct peaks peaks = {0};
    double *times[MEASURES];
    char group[BENCH_NAME_MAX / 2];
    snprintf(group, sizeof group, "%zu %s", size, filled ? "filled" : "flat");
    for (int i = 0; i < MEASURES; i++) {
        times[i] = calloc(rounds, sizeof *times[i]);
        must(times[i] ? MLS_OK : MLS_MEMORY, "times");
    }
    cast_init(&cast, size, filled);
    for (size_t round = 0; round < rounds; round++) {
        double taken[MEASURES];
        round_of(&cast, taken, &peaks);
        for (int i = 0; i < MEASURES; i++)
            times[i][round] = taken[i];
    }
    if (!filled)
        figure(bench, group, "create, all added at once", cast.created_us, "us");
    report(bench, group, &cast, times, rounds, &peaks);
    cast_wipe(&cast);
    for (int i = 0; i < MEASURES; i++)
        free(times[i]);
}

/* --- Arguments ---------------------------------------------------------------------------------------------------- */

struct choice {
    bool large;
    bool flat;
    bool filled;
    size_t size; /* 0: all */
};

/* Takes the own arguments out of argv. */
static int choose(int argc, char **argv, struct choice *choice)
{
    int kept = 0;
    *choice = (struct choice){.flat = true, .filled = true};
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--large") == 0)
            choice->large = true;
        else if (strcmp(argv[i], "--flat") == 0)
            choice->filled = false;
        else if (strcmp(argv[i], "--filled") == 0)
            choice->flat = false;
        else if (strcmp(argv[i], "--size") == 0 && i + 1 < argc)
            choice->size = strtoul(argv[++i], NULL, 10);
        else
            argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    return kept;
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {2, 10, 50, 200, 1000};
    struct choice choice;
    argc = choose(argc, argv, &choice);
    if (choice.size == 1) {
        fprintf(stderr, "a group to be measured has two members or more\n");
        return 2;
    }
    struct bench *bench = bench_open("mls", argc, argv);
    const size_t largest = bench_is_quick(bench) ? 10 : SIZE_LARGE;
    if (choice.large) {
        measure(bench, SIZE_LARGE, false);
        return bench_close(bench);
    }
    for (size_t i = 0; i < (choice.size ? 1 : sizeof sizes / sizeof sizes[0]); i++) {
        const size_t size = choice.size ? choice.size : sizes[i];
        if (choice.filled && size <= largest)
            measure(bench, size, true);
        if (choice.flat && size <= largest)
            measure(bench, size, false);
    }
    return bench_close(bench);
}
