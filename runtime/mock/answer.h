/* answer - what a model says, before it is written in a protocol. */
#pragma once

#include "base/str.h"

enum answer_finish {
    FINISH_USUAL,
    FINISH_STOP,
    FINISH_LENGTH,
    FINISH_FILTER,
    FINISH_CALLS,
    FINISHES
};

struct answer_call {
    struct str id, name; /* id empty: one is made */
    struct str args;     /* the text of the arguments, which need not be JSON */
};
struct answer {
    const struct str *says; /* the text in parts, in order */
    uint32_t says_count;
    uint32_t chunk; /* bytes of text or arguments in one event; 0: a part is an event */
    uint64_t fill;  /* so many bytes of text more */
    struct str think;
    const struct answer_call *calls;
    uint32_t calls_count;
    int finish;                                    /* enum answer_finish */
    uint64_t tokens_in, tokens_cached, tokens_out; /* in and out 0: estimated */
};
