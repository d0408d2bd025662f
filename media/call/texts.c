#include "texts.h"

const char *texts_phase(enum call_phase phase)
{
    switch (phase) {
    case CALL_PHASE_OUTSIDE:
        return "looking for the room";
    case CALL_PHASE_FOUNDING:
        return "nobody is here yet: opening the room";
    case CALL_PHASE_ASKING:
        return "asking to be let in";
    case CALL_PHASE_ENTERING:
        return "nobody answers: entering with the link";
    case CALL_PHASE_MEMBER:
        return "in the room";
    case CALL_PHASE_LINK_OLD:
        return "this link is no longer the room's: ask somebody in the call for a new one "
               "(if nobody has met here yet, somebody else wrote to it first: make another room, `sotto link`)";
    case CALL_PHASE_OUT:
        return "out of the room";
    case CALL_PHASE_RETURNING:
        return "coming back into the room";
    }
    return "unknown phase";
}

const char *texts_pause(enum call_pause pause)
{
    switch (pause) {
    case CALL_PAUSE_NONE:
        return "nothing stands against it";
    case CALL_PAUSE_JOINING:
        return "no keys yet";
    case CALL_PAUSE_UNCONFIRMED:
        return "waiting for the others to confirm this room";
    case CALL_PAUSE_LOST:
        return "contact with half of the members is lost";
    case CALL_PAUSE_WITHHELD:
        return "a removal was announced, and the server does not show it";
    case CALL_PAUSE_SERVER:
        return "the delivery service passes nothing on";
    case CALL_PAUSE_OUT:
        return "out of the room";
    }
    return "unknown reason";
}

const char *texts_pause_advice(enum call_pause pause)
{
    switch (pause) {
    case CALL_PAUSE_LOST:
        return " (/go-on to remove them and continue)";
    case CALL_PAUSE_WITHHELD:
        return " (/go-on to continue without it)";
    default:
        return "";
    }
}

const char *texts_warning(enum call_warning warning)
{
    switch (warning) {
    case CALL_WARNING_SERVER:
        return "the delivery service passes nothing on";
    case CALL_WARNING_SERVER_OVER:
        return "the delivery service works again";
    case CALL_WARNING_KICK:
        return "somebody is being removed";
    case CALL_WARNING_RESYNC:
        return "could not follow the group, coming in anew";
    case CALL_WARNING_REFUSED:
        return "the delivery service refuses a message";
    case CALL_WARNING_ROLLBACK:
        return "an older state of this room was offered, and refused";
    case CALL_WARNING_LINK:
        return "somebody writes here under a newer link of this room: if others are here than you expect, ask them for "
               "it "
               "by another way, and trust nobody here until then";
    }
    return "unknown warning";
}
