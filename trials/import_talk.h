/* import_talk - foreign messages put together to sessions.
 *
 * A log of requests tells a conversation many times over: each request repeats what came before.
 * A request whose messages begin with all that an open conversation has goes on with it; what it
 * says beyond that is added. So many conversations are open at once, and so many bytes; the oldest
 * is handed on first. Inside trials only. */
#pragma once

#include "trials/import.h"

enum { TALKS_OPEN = 64 };

struct talk {
    struct arena arena;
    struct run *run; /* the messages; also checks them */
    uint8_t *failed; /* by message: the source says so */
    uint32_t room;
    struct digest chain; /* of all that a model sees in it */
    size_t size;
    struct str tools, group, about; /* about: more members of the meta, ",\"model\":..." */
};
struct talks {
    struct talk *open[TALKS_OPEN]; /* the oldest first */
    unsigned count;
    size_t size;
    const struct import_sink *sink;
    const struct import_options *options;
    struct str format, origin;
};

/* One message in the chat form, copied. ERR_INPUT, ERR_LIMIT. */
int talk_add(struct talk *talk, struct str bytes, bool failed, struct err *err);
/* What is known of it; copied. tools that are no list of tools are left out: false. */
bool talk_tools(struct talk *talk, const struct json *tools);
void talk_about(struct talk *talk, const char *name, const struct json *value);
struct talk *talk_new(void);
void talk_free(struct talk *talk);
void talk_freep(struct talk **talk);
/* Hands it on, unless it is empty. Its group is by default that of its first words. */
int talk_end(struct talks *talks, struct talk *talk, struct err *err);

/* A request with what became of it; from is the talks' own then. A negative answer comes from the
 * sink. */
int talks_take(struct talks *talks, struct talk *from, struct err *err);
/* The end of the file: all that are open. Also frees. */
int talks_end(struct talks *talks, int status, struct err *err);

/* Messages in the chat form, made of texts. calls is what stands inside the brackets, or empty. */
struct str talk_message(struct arena *arena, const char *role, struct str text, struct str calls);
struct str talk_result(struct arena *arena, struct str id, struct str text);
/* Adds one call to a list. args: the text of the arguments. */
void talk_call(struct buf *calls, struct str id, struct str name, struct str args);
/* A failed model request by its HTTP status (0: none is known). One that the person broke off is
 * `refused`: no other request was wanted. */
enum { TALK_ABORTED = -1 };
struct str talk_error(struct arena *arena, int64_t status);

/* --- what logs of agents share: import_parts.c */

/* A string, or the texts of a list of parts; parts that are no text are counted. */
struct str talk_text(
    const struct import_sink *sink, const struct json *content, struct arena *arena);
/* The text of a value that is no string is its own bytes. */
struct str talk_raw(const struct json *value, struct arena *arena);
/* It counts with all sessions of that project; without one with those of its file. */
void talk_project(struct talk *talk, struct str folder, struct str repository, struct str origin);
/* The name that its source has for it, which stays when it grows: `session` of the meta. */
void talk_name(struct talk *talk, struct str name);
/* The first number of three digits from 400 to 599 that a text has as a word, or 0: what a log
 * says of a failed request. */
int64_t talk_status(struct str text);

/* A reply that is told in several pieces. */
struct talk_reply {
    struct buf text, calls;
    uint32_t count; /* pieces */
};
void talk_reply_piece(struct talk_reply *reply, struct str text, struct str calls);
void talk_reply_call(struct talk_reply *reply, struct str id, struct str name, struct str args);
/* Adds it, if there was a piece of it, and empties it. */
int talk_reply_end(
    struct talk_reply *reply, struct talk *talk, struct arena *arena, struct err *err);
void talk_reply_done(struct talk_reply *reply);
