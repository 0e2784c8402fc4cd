/* serve - moult-tool's own side: calls come in, answers go out, one JSON object a line.
 *
 * in   {"id": "a", "tool": "name", "arguments": {}}
 * out  {"ready":true,"server":"name","tools":[...]}, first; or {"ready":false,"error":{...}}
 *      {"id":"a","ok":true,"is_error":false,"content":[...]}         the tool's answer
 *      {"id":"a","ok":false,"sent":true,"error":{"code","text","hint"}}   there is none; sent says
 *      whether the server may have got the call
 *
 * docs/reference/tools.md */
#pragma once

#include "tool/builtin.h"

enum { SERVE_LINE_MAX = 4 << 20 };

struct serve_call {
    struct str id; /* raw: text or a number */
    struct str tool;
    struct str args; /* raw object */
};
/* Reads one line of input. *ret_id as far as it could be read, else empty. */
int serve_read(struct serve_call *ret, struct str *ret_id, struct str line, struct arena *arena,
    struct err *err);
/* Until the end of input. 0, or why there was no session (at its begin or at its end), or why the
 * input or output failed. */
int serve(int in, int out, char *const *argv, const struct client_limits *limits, struct err *err);
/* The same with moult-tool's own tools, on the files of one folder. network: as builtin_list. */
int serve_builtin(int in, int out, const char *workspace, const char *network, struct err *err);
