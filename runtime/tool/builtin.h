/* builtin - moult-tool's own tools: files of the workspace and a shell in it.
 *
 * Each tool is a row: its name, what it takes, and who does it. The row makes the JSON schema that
 * a model sees and the check of the arguments that come back, so the two cannot differ. */
#pragma once

#include "tool/client.h"

#include <limits.h>

enum { BUILTIN_PARAMS_MAX = 4 };

struct builtin {
    int root;                 /* the open workspace */
    int signals;              /* signalfd: a child has ended */
    char path[PATH_MAX];      /* of the workspace, without a '/' at its end */
    struct buf text, content; /* of the last answer */
};
/* SIGCHLD is blocked in this process from here on. */
int builtin_init(struct builtin *builtin, const char *workspace, struct err *err);
void builtin_done(struct builtin *builtin);

/* MCP's definitions of all tools, with commas between them. network: what the shell may reach, for
 * a model; NULL: nothing. */
void builtin_list(struct buf *out, const char *network);
/* One call; as client_call. What a model can mend (no such file) is an answer with is_error; a tool
 * that there is not and arguments that do not fit are an error, and nothing was done. */
int builtin_call(struct builtin *builtin, struct str tool, struct str args,
    struct client_answer *ret, struct err *err);

/* One argument as it was given. */
struct builtin_value {
    bool given;
    struct str text;
    int64_t number;
    bool flag;
};
/* Does the call: the answer's text goes to builtin->text. 0, or 1: the text says what failed, or a
 * negated ERR_ code: err says it. values stand as the row lists them. */
typedef int (*builtin_run)(
    struct builtin *builtin, const struct builtin_value *values, struct err *err);

int tool_read(struct builtin *builtin, const struct builtin_value *values, struct err *err);
int tool_write(struct builtin *builtin, const struct builtin_value *values, struct err *err);
int tool_edit(struct builtin *builtin, const struct builtin_value *values, struct err *err);
int tool_list(struct builtin *builtin, const struct builtin_value *values, struct err *err);
int tool_shell(struct builtin *builtin, const struct builtin_value *values, struct err *err);

/* The path as the tools take it: one that begins with the workspace's own is made relative. */
struct str builtin_path(const struct builtin *builtin, struct str path);
/* Whole text of a file, for reading and editing. ERR_INPUT: it is no text; ERR_LIMIT: too large. */
enum { TEXT_FILE_MAX = 16 << 20 };
int builtin_load(const struct builtin *builtin, struct str path, struct buf *ret, struct err *err);
/* New content in the place of what is there, whole or not at all; folders on the way are made. */
int builtin_store(const struct builtin *builtin, struct str path, struct str text, bool *ret_new,
    struct err *err);
