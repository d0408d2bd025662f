/* Who may commit after a commit of its own, and can a member out-race its kick by that?
 *
 * One log, one commit an epoch: which of those that are allowed comes first is up to the service, and to M, the
 * accomplice, which the admin A wants out. M has a second device, whose goodbye it may bring up when it likes. B is
 * another member. The room has three members or more throughout: in a room of two there are no turns, and a kick that
 * is out-raced there is one that never comes, which pauses. So is one that is out-raced by coming back from outside,
 * which no turns bound (but the service's rates), and which is not counted here.
 *
 * The rules, and what -DWITHOUT_X takes out:
 *   TURNS    no leaf commits twice running
 *   ENTITLED ... but an admin's Remove may come at any time
 *   ALONE    ... and so may that of leavers, if nothing stands beside it: with an Add, they would be back at once
 *   DEFER    nobody else commits once a kick is announced
 *
 * -DWITNESS claims that no kick ever comes to pass: that must break too, or nothing is shown.
 */
#ifndef WITHOUT_TURNS
#define TURNS true
#else
#define TURNS false
#endif
#ifndef WITHOUT_ENTITLED
#define ENTITLED true
#else
#define ENTITLED false
#endif
#ifndef WITHOUT_ALONE
#define ALONE true
#else
#define ALONE false
#endif
#ifndef WITHOUT_DEFER
#define DEFER true
#else
#define DEFER false
#endif

#define NOBODY 0
#define A 1
#define B 2
#define M 3
#define BOUND 2 /* M's turn, and its other device's goodbye */

byte last = NOBODY;
bool wanted; /* M's removal, announced */
bool kicked;
bool second = true; /* M's other device is in */
byte raced;         /* M's commits since then */

#define MAY(who) (!TURNS || last != who)
#define A_MAY_KICK (MAY(A) || ENTITLED)

inline commit(who)
{
    last = who;
    if
    :: who == M && wanted -> raced++
    :: else
    fi
}

active proctype world()
{
    do
    :: atomic { !kicked && !wanted && MAY(A) -> commit(A) }
    :: atomic { !kicked && (!wanted || !DEFER) && MAY(B) -> commit(B) }
    :: atomic { !kicked && MAY(M) -> commit(M) }
    :: atomic {
        !kicked && second ->
        commit(M);
        if
        :: ALONE -> second = false
        :: else
        fi
       }
    :: atomic { !kicked && !wanted -> wanted = true }
    :: atomic { wanted && !kicked && A_MAY_KICK -> commit(A); kicked = true }
    :: atomic {
        /* However many commits come before the kick: they are few. */
        assert(raced <= BOUND);
        /* And nobody has to commit first, so that it can: all others may be silent. */
        assert(!wanted || kicked || A_MAY_KICK);
#ifdef WITNESS
        assert(!kicked || raced < BOUND);
#endif
        skip
       }
    od
}
