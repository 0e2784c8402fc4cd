/* model_script - a scripted model without a socket: one request in, what a broker would make of the
 * answer out. The engine is the one that plays scripts over HTTP (mock/engine.h), and the codecs
 * are the broker's, so that an episode sees what a live session with that provider would. */
#pragma once

#include "base/arena.h"
#include "mock/engine.h"

struct model_request {
    struct str model;           /* alias */
    const struct str *messages; /* chat format */
    uint32_t messages_count;
    struct str tools; /* chat form, or empty */
};
struct model_answer {
    struct str chat;     /* the assistant message, in the arena; empty: it failed */
    uint8_t error_class; /* enum protocol_error */
    uint32_t retry_after_ms;
    bool unanswered; /* no rule of the script holds */
};
void model_script_ask(struct model_answer *ret, struct engine *engine,
    const struct model_request *request, struct arena *arena);
