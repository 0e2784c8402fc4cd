/* llm_talk - the conversation with a model: what was said so far, and one more reply.
 *
 * The model is asked by the driver's message ASK, in the form of OpenAI's chat completions. What it
 * answers is as foreign as a recording: read strictly and bounded, and what is too large is told
 * back to it as such and not carried along. Ids of calls are made here. */
#pragma once

#include "propose/judge.h"

enum {
    TALK_CALLS_MAX = 8,         /* of one reply; more are left out */
    TALK_ARGS_MAX = 64 << 10,   /* bytes; larger ones are no arguments */
    TALK_SIZE_MAX = 1 << 20,    /* of the conversation */
    TALK_TOKENS_MAX = 16 << 10, /* of a reply */
};

struct talk_call {
    char id[16];
    struct str name;
    const struct json *args; /* an object, or NULL: none, not JSON, or too large */
    const char *wrong;       /* what is wrong with them, or NULL */
};
struct talk {
    struct buf messages; /* JSON, without the brackets around */
    uint32_t calls;      /* so far: for ids */
    uint32_t asked;
};
struct talk_reply {
    struct talk_call calls[TALK_CALLS_MAX];
    uint32_t count, dropped;
};
void talk_done(struct talk *talk);
/* role: "system" or "user". */
void talk_say(struct talk *talk, const char *role, struct str text);
void talk_answer(struct talk *talk, const struct talk_call *call, struct str text);
/* Asks, and keeps the reply as said. 0: *ret is its calls (texts in the arena); 1: there is none,
 * *ret_why says why (arena): refused, no answer, no reply. Errors are the driver's end. */
int talk_ask(struct talk *talk, struct judge *judge, struct str tools, struct arena *arena,
    struct talk_reply *ret, const char **ret_why, struct err *err);
