/* An honest delivery service, slow readers and upsets: does everybody end in one epoch?
 *
 * The log is one total order, and each member reads it at its own pace. Members found, commit, join from outside by any
 * GroupInfo they find, crash and come back with nothing. The accomplice of roster.pml is a member here too, which
 * appends commits that some clocks would take and others not.
 *
 * The rules, and what -DWITHOUT_X takes out:
 *   READBACK      a commit of one's own counts once it is read back from the log, in its place
 *   FOUNDING      so does the founding of a group: the first in the log is the group
 *   GROUP_TIME    whether a commit is valid depends on the group and the log, on nobody's clock
 *   CONFIRMATION  a newcomer counts itself in once a member that was there before answers from its epoch
 *   FIRST         of rival commits the first in the log wins, and a member that committed follows it as well
 *
 * -DWITNESS claims that nobody who crashed is ever back among the others: that must break too, or nothing is shown.
 */
#define MEMBERS 3
#define NONE 255
#ifndef LOG
#define LOG 5
#endif

#ifndef WITHOUT_READBACK
#define READBACK true
#else
#define READBACK false
#endif
#ifndef WITHOUT_FOUNDING
#define FOUNDING true
#else
#define FOUNDING false
#endif
#ifndef WITHOUT_GROUP_TIME
#define GROUP_TIME true
#else
#define GROUP_TIME false
#endif
#ifndef WITHOUT_CONFIRMATION
#define CONFIRMATION true
#else
#define CONFIRMATION false
#endif
#ifndef WITHOUT_FIRST
#define FIRST true
#else
#define FIRST false
#endif

/* An entry, and the epoch that it begins where it is valid: both go by its place in the log. */
typedef entry {
    byte author;
    byte parent;    /* epoch; NONE: a founding */
    bool external;
    bool borderline; /* its certificate ends in the very second of the commit */
};
entry entries[LOG];
byte appended;

byte at[MEMBERS] = NONE;     /* epoch */
bool sure[MEMBERS];          /* confirmed, or there from the first */
byte read[MEMBERS];          /* entries read */
byte waits[MEMBERS] = NONE;  /* the own entry that it waits to read back */
byte crashes = 1;
byte odd = 1;                /* borderline commits to come */

#define IN(m) (at[m] != NONE)

byte m;
byte k;
bool valid;

inline append(by, from, outside)
{
    entries[appended].author = by;
    entries[appended].parent = from;
    entries[appended].external = outside;
    waits[by] = appended;
    appended++
}

/* m reads the next entry. */
inline take(m)
{
    k = read[m];
    read[m] = k + 1;
    valid = true;
    if
    :: entries[k].borderline && !GROUP_TIME -> valid = false /* by this member's clock */
    :: true
    fi;
    if
    :: valid && entries[k].parent == NONE && at[m] == NONE && waits[m] == k ->
        /* Its own founding: the group, if no other stands before it. */
        if
        :: !FOUNDING || k == 0 -> at[m] = k; sure[m] = true
        :: else
        fi
    :: valid && entries[k].external && entries[k].author == m && waits[m] == k -> at[m] = k
    :: valid && entries[k].parent != NONE && at[m] == entries[k].parent && (FIRST || waits[m] == NONE || waits[m] == k) ->
        at[m] = k
    :: else
    fi;
    if
    :: waits[m] == k || (waits[m] != NONE && at[m] == k) -> waits[m] = NONE
    :: else
    fi;
    k = 0;
    valid = false
}

/* A newcomer is answered from its own epoch, by somebody who was in the group before. */
inline answer(m, other)
{
    if
    :: IN(m) && !sure[m] && other != m && IN(other) && sure[other] && at[other] == at[m] -> sure[m] = true
    :: IN(m) && !sure[m] && !CONFIRMATION -> sure[m] = true
    :: else
    fi
}

#define READ_ALL(m) (read[m] == appended)
#define SAME(a, b) (!(IN(a) && sure[a] && IN(b) && sure[b]) || at[a] == at[b])

active proctype world()
{
    do
    /* Whoever finds the log empty founds. */
    :: atomic {
        appended < LOG ->
        select(m : 0 .. MEMBERS - 1);
        if
        :: at[m] == NONE && waits[m] == NONE && read[m] == 0 && appended < MEMBERS ->
            append(m, NONE, false);
            if
            :: !FOUNDING -> at[m] = appended - 1; sure[m] = true
            :: else
            fi
        :: else
        fi;
        m = 0
       }
    /* Whoever is in commits. */
    :: atomic {
        appended < LOG ->
        select(m : 0 .. MEMBERS - 1);
        if
        :: IN(m) && sure[m] && waits[m] == NONE ->
            append(m, at[m], false);
            if
            :: odd > 0 -> odd--; entries[appended - 1].borderline = true
            :: true
            fi;
            if
            :: !READBACK -> at[m] = appended - 1; waits[m] = NONE
            :: else
            fi
        :: else
        fi;
        m = 0
       }
    /* Whoever read a founding and is not in joins from outside, by the GroupInfo of any entry, a loser's too. */
    :: atomic {
        appended < LOG && appended > 0 ->
        select(m : 0 .. MEMBERS - 1);
        select(k : 0 .. appended - 1);
        if
        :: !sure[m] && waits[m] == NONE && read[m] > 0 && entries[k].author != m ->
            append(m, k, true);
            at[m] = NONE
        :: else
        fi;
        m = 0;
        k = 0
       }
    /* Reading. */
    :: atomic {
        select(m : 0 .. MEMBERS - 1);
        if
        :: read[m] < appended -> take(m)
        :: else
        fi;
        m = 0
       }
    /* Answers. */
    :: atomic {
        select(m : 0 .. MEMBERS - 1);
        select(k : 0 .. MEMBERS - 1);
        answer(m, k);
        m = 0;
        k = 0
       }
    /* A crash: nothing is left but that there is a group. */
    :: atomic {
        crashes > 0 && appended > 0 ->
        select(m : 0 .. MEMBERS - 1);
        crashes--;
        at[m] = NONE;
        sure[m] = false;
        waits[m] = NONE;
        m = 0
       }
    /* Once everybody has read everything, whoever counts itself in is where the others are. */
    :: atomic {
        READ_ALL(0) && READ_ALL(1) && READ_ALL(2) ->
        assert(SAME(0, 1) && SAME(0, 2) && SAME(1, 2));
#ifdef WITNESS
        assert(crashes > 0 || !(sure[0] && sure[1] && sure[2]))
#endif
       }
    od
}
