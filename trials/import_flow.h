/* import_flow - a session that its agent tells line by line, in order.
 *
 * Pieces of a reply are gathered until something else comes. A session of which something cannot be
 * kept (it grew over a bound) is read to its end and skipped as a whole: half of one would say that
 * the agent stopped there. Inside trials only. */
#pragma once

#include "trials/import_talk.h"

struct flow {
    struct talks talks;
    struct talk *talk; /* NULL: none began */
    struct talk_reply reply;
    uint32_t replied;  /* 1 + index of the last reply that was added */
    struct err broken; /* why it will be skipped */
    const char *name;  /* of the file */
    const char *where; /* of the session's beginning: a piece's, while it is read */
    bool stop;         /* the sink ended the import */
};
void flow_init(struct flow *flow, const char *path, const char *format,
    const struct import_options *options, const struct import_sink *sink);
void flow_done(struct flow *flow);
/* Begins a session unless one has begun. */
struct talk *flow_talk(struct flow *flow);
void flow_say(struct flow *flow, const char *role, struct str text);
void flow_result(struct flow *flow, struct str id, struct str text, bool failed);
void flow_error(struct flow *flow, int64_t status);
void flow_text(struct flow *flow, struct str text);
void flow_call(struct flow *flow, struct str id, struct str name, struct str args);
/* What comes is another reply, even if nothing stands between. */
void flow_close(struct flow *flow);
/* A call of the last reply has that id. */
bool flow_asked(struct flow *flow, struct str id);
/* The last message is one of the person with that text. */
bool flow_user_said(const struct flow *flow, struct str text);
/* The session is handed on, or skipped. A negative answer comes from the sink. */
int flow_end(struct flow *flow, struct err *err);
