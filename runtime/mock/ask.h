/* ask - what a request to a model says, the same for all three protocols.
 *
 * Read here with nothing of the broker's own codecs: what stands in for a provider in tests must
 * not share their mistakes. Only what a rule can ask about is kept. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

enum ask_kind { ASK_CHAT, ASK_RESPONSES, ASK_MESSAGES, ASK_COUNT_TOKENS, ASK_KINDS };
extern const char *const ask_kind_words[ASK_KINDS + 1]; /* NULL at the end */
enum ask_role { ASK_SYSTEM, ASK_USER, ASK_ASSISTANT, ASK_TOOL, ASK_ROLES };
extern const char *const ask_role_words[ASK_ROLES + 1];

struct ask_message {
    enum ask_role role;
    struct str text; /* parts joined; of a tool: its result */
};
struct ask_header {
    struct str name, value; /* name in lower case */
};
struct ask {
    enum ask_kind kind;
    bool stream, usage; /* usage: the client asked for the stream's usage chunk */
    struct str model;
    const struct ask_message *messages;
    uint32_t messages_count;
    const struct str *tools; /* names */
    uint32_t tools_count;
    const struct json *root;          /* the body, which must stay */
    const struct ask_header *headers; /* the caller's */
    uint32_t headers_count;
};
enum { ASK_BODY_MAX = 64 << 20, ASK_MESSAGES_MAX = 100000, ASK_TOOLS_MAX = 4096 };

/* Reads a body; *ret is in the arena but for headers, which stay as they were. ERR_INPUT or
 * ERR_LIMIT: the client's fault. */
int ask_read(
    struct ask *ret, enum ask_kind kind, struct str body, struct arena *arena, struct err *err);
/* The value of a header (name in lower case), or the empty view with at == NULL. */
struct str ask_header(const struct ask *ask, struct str name);
/* The last message of that role, or NULL. */
const struct ask_message *ask_last(const struct ask *ask, enum ask_role role);
