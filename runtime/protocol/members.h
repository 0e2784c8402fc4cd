/* members - what else a client may ask for, in each protocol's words: a table. Inside this folder,
 * and for the test that holds docs/reference/protocols.md against it. */
#pragma once

#include "protocol/protocol.h"

/* How a value is said in another protocol. */
enum member_how {
    MEMBER_SAME,     /* as it stands */
    MEMBER_RANGE,    /* the same number; `max` is the most that messages takes */
    MEMBER_STOP,     /* one text or a list of them; messages has the list alone */
    MEMBER_CHOICE,   /* tool_choice: which tool must be called */
    MEMBER_PARALLEL, /* one call at a time; messages says it the other way round */
    MEMBER_FORMAT,   /* the answer's own format */
    MEMBER_EFFORT,   /* how long to think */
    MEMBER_TIER,     /* in which queue */
};
/* Where the provider's protocol has no word for it. */
enum member_lost {
    MEMBER_REFUSED, /* it changes what the answer says: the request fails */
    MEMBER_DROPPED, /* it does not: left out, and the client is told */
    MEMBER_READ,    /* nothing is lost: moult reads it and says it in its own way */
};
struct protocol_member {
    const char *words[PROTOCOLS]; /* "member" or "member.inner"; NULL: there is none */
    uint8_t how, lost;
    bool own;            /* it changes the form of an answer, which is moult's: never carried */
    bool kept;           /* it names a conversation that the provider keeps; hosted, moult does */
    const char *neutral; /* the value, as JSON, that asks for nothing; NULL: only null does */
    double max;
};
extern const struct protocol_member protocol_members[];
extern const unsigned protocol_members_count;
