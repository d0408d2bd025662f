/* A malicious delivery service against three honest members, with a fourth member that it runs itself.
 *
 * What is modelled: epochs form a tree, and whoever is in an epoch knows its roster for certain (that is MLS). The
 * service shows each member whatever commits it likes, in any order, late, or never: so it can fork, roll back and
 * withhold. M is its accomplice: it answers, beats and commits in every epoch it ever was in, kicked or not. Frames
 * open only in the epoch they were sealed in, so what is left to prove is that nobody is left in the dark. Commits that
 * all members refuse alike are not made at all.
 *
 * The rules of signaling/client, each one a macro; -DWITHOUT_X takes rule X out, and a claim must break:
 *   CONFIRMATION  a newcomer sends only once members of its epoch answered its nonce
 *   MAJORITY      ... more than half of the others, not just anybody
 *   FRESHNESS     a heartbeat counts in the interval it was sent in, and never later
 *   SILENCE       a leaf unheard for INTERVALS is shown as lost
 *   PAUSE         with half or more lost, sending pauses
 *   ROTATION      a kick begins a new room secret
 *   NUMBER        an external commit needs the secret of the present number, an older one does not do
 *
 * -DWITNESS claims that the newcomer never sends after a kick of the accomplice: that must break too, or nothing is
 * shown.
 */
#define A 0 /* founder, admin */
#define B 1
#define N 2 /* the newcomer */
#define M 3 /* the accomplice */
#define HONEST 3
#define OUT 255
#define EPOCHS 4

/* Three in the protocol. What matters is that it is more than one and that all count alike. */
#define INTERVALS 2

#ifndef WITHOUT_CONFIRMATION
#define CONFIRMATION true
#else
#define CONFIRMATION false
#endif
#ifndef WITHOUT_MAJORITY
#define MAJORITY true
#else
#define MAJORITY false
#endif
#ifndef WITHOUT_SILENCE
#define SILENCE true
#else
#define SILENCE false
#endif
#ifndef WITHOUT_PAUSE
#define PAUSE true
#else
#define PAUSE false
#endif
#ifndef WITHOUT_ROTATION
#define ROTATION true
#else
#define ROTATION false
#endif
#ifndef WITHOUT_NUMBER
#define NUMBER true
#else
#define NUMBER false
#endif

#define BIT(member) (1 << (member))
#define HAS(set, member) (((set) >> (member)) & 1)
#define HONEST_OF(set) (HAS(set, A) + HAS(set, B) + HAS(set, N))
#define COUNT(set) (HONEST_OF(set) + HAS(set, M))

typedef epoch {
    byte parent;
    byte roster;
    byte secret;     /* the room secret in force, by the epoch whose export it is */
    bool after_kick; /* history: A kicked M in it or before it */
};
epoch epochs[EPOCHS];
byte made;

byte at[HONEST] = OUT; /* the epoch */
bool confirmed[HONEST];
bool came;       /* the newcomer joined, and will not again */
byte answered;  /* who answered the newcomer's nonce */
byte silent[9]; /* intervals since i heard of j */
byte away[9];   /* history: intervals for which i has named j without sharing its epoch */
#define SILENT(i, j) silent[(i) * HONEST + (j)]
#define AWAY(i, j) away[(i) * HONEST + (j)]

#define IN(i) (at[i] != OUT)
#define ROSTER(i) epochs[at[i]].roster
/* The accomplice is always heard: it would only make others more careful. */
#define LOST(i, j) (SILENCE && (i) != (j) && HAS(ROSTER(i), j) && SILENT(i, j) >= INTERVALS)
#define LOST_OF(i) (LOST(i, A) + LOST(i, B) + LOST(i, N))
#define OTHERS(i) (COUNT(ROSTER(i)) - 1)
#define PAUSED(i) (PAUSE && OTHERS(i) > 0 && 2 * LOST_OF(i) >= OTHERS(i))
#define SENDS(i) (IN(i) && confirmed[i] && !PAUSED(i))
#define ANSWERS COUNT(answered & ROSTER(N)) /* of those who are still there */
#define ENOUGH (!CONFIRMATION || (MAJORITY && 2 * ANSWERS > OTHERS(N)) || (!MAJORITY && ANSWERS > 0))

#define GONE(i, j) ((i) != (j) && HAS(ROSTER(i), j) && AWAY(i, j) >= INTERVALS)
#define GONE_OF(i) (GONE(i, A) + GONE(i, B) + GONE(i, N))

#ifndef WITHOUT_FRESHNESS
#define HEARS(i, j) (at[j] == at[i])
#define REMEMBER(i) skip
#else
byte entered[HONEST]; /* every epoch it ever was in, as a set: what it sent there may be kept back and shown later */
#define HEARS(i, j) HAS(entered[j], at[i])
#define REMEMBER(i) entered[i] = entered[i] | BIT(at[i])
#endif

byte i;
byte j;
byte e;

inline make(from, members, room_secret, kicked)
{
    epochs[made].parent = from;
    epochs[made].roster = members;
    epochs[made].secret = room_secret;
    epochs[made].after_kick = kicked;
    made++
}

inline commit_update(from)
{
    make(from, epochs[from].roster, epochs[from].secret, epochs[from].after_kick)
}

inline commit_remove(from, whom)
{
    make(from, epochs[from].roster & ~BIT(whom), epochs[from].secret, epochs[from].after_kick)
}

/* A Remove by an admin, which begins a new room secret. */
inline commit_kick(from, whom)
{
    make(from, epochs[from].roster & ~BIT(whom), epochs[from].secret, epochs[from].after_kick || whom == M);
    if
    :: ROTATION -> epochs[made - 1].secret = made - 1
    :: else
    fi
}

inline commit_external(from, by)
{
    make(from, epochs[from].roster | BIT(by), epochs[from].secret, epochs[from].after_kick)
}

inline enter(who, to)
{
    j = 0;
    do
    :: j < HONEST ->
        /* Whoever is named for the first time begins as heard. */
        if
        :: at[who] == OUT || !HAS(ROSTER(who), j) ->
            SILENT(who, j) = 0;
            AWAY(who, j) = 0
        :: else
        fi;
        if
        :: at[j] == to ->
            AWAY(who, j) = 0;
            AWAY(j, who) = 0
        :: else
        fi;
        j++
    :: else -> break
    od;
    j = 0;
    if
    :: HAS(epochs[to].roster, who) ->
        at[who] = to;
        REMEMBER(who)
    :: else ->
        at[who] = OUT;
        confirmed[who] = false
    fi
}

/* Which room secrets the accomplice has: those of epochs it is in. */
inline accomplice_knows(wanted, result)
{
    result = false;
    j = 0;
    do
    :: j < made ->
        result = result || (HAS(epochs[j].roster, M) && (epochs[j].secret == wanted || !NUMBER));
        j++
    :: else -> break
    od;
    j = 0
}

#define AGES(age) age = (age < INTERVALS -> age + 1 : INTERVALS)

inline interval_ends()
{
    for (i : 0 .. HONEST - 1) {
        for (j : 0 .. HONEST - 1) {
            if
            :: IN(i) && i != j && HAS(ROSTER(i), j) -> AGES(SILENT(i, j))
            :: else -> SILENT(i, j) = 0
            fi;
            if
            :: IN(i) && HAS(ROSTER(i), j) && at[i] != at[j] -> AGES(AWAY(i, j))
            :: else -> AWAY(i, j) = 0
            fi
        }
    };
    for (i : 0 .. HONEST - 1) {
        for (j : 0 .. HONEST - 1) {
            /* Whoever names a member that is elsewhere, with another roster or none, is told. */
            assert(!(IN(i) && confirmed[i] && GONE(i, j)) || LOST(i, j))
        };
        /* Nobody goes on sending where honest members are at least half of the others, and all of them elsewhere. */
        assert(!SENDS(i) || !HAS(ROSTER(i), M) || GONE_OF(i) < HONEST_OF(ROSTER(i)) - 1 || 2 * GONE_OF(i) < OTHERS(i))
    };
#ifdef WITNESS
    assert(!(IN(N) && SENDS(N) && epochs[at[N]].after_kick && at[A] == at[N]));
#endif
    i = 0;
    j = 0
}

active proctype world()
{
    bool known;
    atomic {
        make(OUT, BIT(A) | BIT(B) | BIT(M), 0, false);
        at[A] = 0;
        at[B] = 0;
        REMEMBER(A);
        REMEMBER(B);
        confirmed[A] = true;
        confirmed[B] = true
    };
    do
    /* A kicks somebody. */
    :: atomic { made < EPOCHS && IN(A) && HAS(ROSTER(A), M) -> commit_kick(at[A], M) }
    :: atomic { made < EPOCHS && IN(A) && HAS(ROSTER(A), B) -> commit_kick(at[A], B) }
    /* An honest member heals. */
    :: atomic { made < EPOCHS && IN(B) -> commit_update(at[B]) }
    /* The newcomer, whichever link it was given, is shown any epoch that the link opens, and joins it. */
    :: atomic {
        made < EPOCHS && !came ->
        came = true;
        select(e : 0 .. made - 1);
        commit_external(e, N);
        enter(N, made - 1);
        e = 0
       }
    /* The accomplice commits wherever it is a member, or joins again with what it knows. */
    :: atomic {
        made < EPOCHS ->
        select(e : 0 .. made - 1);
        accomplice_knows(epochs[e].secret, known);
        if
        :: HAS(epochs[e].roster, M) -> commit_update(e)
        :: HAS(epochs[e].roster, M) && HAS(epochs[e].roster, A) -> commit_remove(e, A)
        :: !HAS(epochs[e].roster, M) && known -> commit_external(e, M)
        :: else
        fi;
        known = false;
        e = 0
       }
    /* The service shows an honest member a commit. */
    :: atomic {
        select(i : 0 .. HONEST - 1);
        select(e : 0 .. made - 1);
        if
        :: IN(i) && epochs[e].parent == at[i] ->
            enter(i, e);
            /* Whom A kicked is gone for good: no honest member follows the kick into an epoch that has it. */
            assert(!IN(i) || !epochs[e].after_kick || !HAS(epochs[e].roster, M))
        :: else
        fi;
        i = 0;
        e = 0
       }
    /* A nonce is answered by whoever shares the newcomer's epoch. */
    :: atomic { IN(N) && !confirmed[N] && IN(A) && at[A] == at[N] -> answered = answered | BIT(A) }
    :: atomic { IN(N) && !confirmed[N] && IN(B) && at[B] == at[N] -> answered = answered | BIT(B) }
    :: atomic { IN(N) && !confirmed[N] && HAS(ROSTER(N), M) -> answered = answered | BIT(M) }
    :: atomic {
        IN(N) && !confirmed[N] && ENOUGH ->
        confirmed[N] = true;
        /* Where honest members are at least half of the others, one of them was met before anything is sent. */
        assert(HONEST_OF(answered) > 0 || 2 * (HONEST_OF(ROSTER(N)) - 1) < OTHERS(N));
        answered = 0
       }
    /* Heartbeats open in the epoch they were sent in. */
    :: atomic {
        select(i : 0 .. HONEST - 1);
        select(j : 0 .. HONEST - 1);
        if
        :: i != j && IN(i) && HEARS(i, j) -> SILENT(i, j) = 0
        :: else
        fi;
        i = 0;
        j = 0
       }
    :: atomic { interval_ends() }
    od
}
