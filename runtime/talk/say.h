/* say - says one thing to a hosted session, and stays until it has answered: text as it comes,
 * questions to the person, ^C. */
#pragma once

#include "talk/link.h"

enum say_person { /* what becomes of a question while the turn runs */
    SAY_ASK,      /* the person is here */
    SAY_REFUSE,   /* nobody is, and nobody will be */
    SAY_LEAVE     /* it waits for `moult permissions`; said once on standard error */
};
struct say {
    const char *session, *model; /* model NULL: the first of moult.json */
    struct str text;
    uint64_t seconds; /* 0: no limit; then the turn is cancelled */
    enum say_person person;
    bool json;         /* what is answered is kept, not printed */
    struct buf answer; /* with json */
    bool open;         /* printed text does not end with a line end */
    uint64_t turn;     /* its number in the journal, or 0 */
};
/* A name that no session has: KIND-TIME-RANDOM. */
void say_name(char out[64], const char *kind);
/* ERR_MISSING: moult.json has no model of that name. */
int say_check_model(struct link *link, const char *model, struct err *err);
/* Until it has answered. ERR_STATE: no service, the session is busy, or ^C; ERR_TIMEOUT; else why
 * the turn failed. */
int say_run(struct link *link, struct say *say, struct err *err);
/* {"session", "turn", "text"} and a line end. */
void say_print(const struct say *say);
void say_done(struct say *say);
