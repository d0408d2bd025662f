/* A group in the middle of its life, for targets that give it messages. It is of the suite without tags, and its random
 * bytes are the same in every run, so that inputs made by one program (mls_seeds.c) mean the same to another.
 *
 * Leaves: alice 0, us 1, carol 2, frank 3, eve 4, 5 to 7 blank. zoe is not in it. Dave was at 3, and was removed. */
#ifndef TESTS_MLS_SCENE_H
#define TESTS_MLS_SCENE_H

#include "party.h"
#include "suite_identity.h"

enum { SCENE_EPOCHS = 4, SCENE_BLANK_LEAF = 5 };

struct scene {
    struct mls_suites suites;
    struct party alice;
    struct party us;
    struct party carol;
    struct party dave;
    struct party eve;
    struct party frank;
    struct party zoe;
    struct party server; /* the external sender */
    struct mls_output welcome;
    struct mls_output commits[SCENE_EPOCHS];
    struct mls_output update; /* our own, which waits */
};

/* The scene, made at the first call; only `us` changes between runs. */
struct scene *scene(void);
/* `us` as a member of the present epoch, whatever it was; with an Update of its own that waits. */
void scene_join(void);
/* `us` commits a ReInit. */
void scene_reinitialize(void);
/* What core_random() gives from now on. */
void scene_random(uint64_t seed);

/* The targets: each gives what the library said of the input's last message, and aborts if something is wrong with the
 * group afterwards. `us` takes messages. Each: u8 whether its commit is dropped, u16 length, MLSMessage. */
int scene_take_messages(const uint8_t *data, size_t size);
/* zoe joins by a Welcome: u8 flags, u16 length of the Welcome, Welcome, and the tree apart if there is more. */
enum { JOIN_LIFETIMES = 1, JOIN_RESUMED = 2, JOIN_REINITIALIZED = 4 };
int scene_take_welcome(const uint8_t *data, size_t size);
/* zoe joins by a GroupInfo: as a Welcome. */
enum { INFO_RESYNC = 1, INFO_RESUMED = 2, INFO_PSK = 4, INFO_SUCCEEDS = 8 }; /* frank is the one resynced */
int scene_take_info(const uint8_t *data, size_t size);
/* `us` adds a KeyPackage. */
int scene_take_key_package(const uint8_t *data, size_t size);

#endif
