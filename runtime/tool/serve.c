/* serve - see serve.h. */
#include "tool/serve.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 1 << 16, ID_MAX = 256, DEPTH_MAX = 64 };

int serve_read(struct serve_call *ret, struct str *ret_id, struct str line, struct arena *arena,
    struct err *err)
{
    struct err unwanted;
    err = err ? err : &unwanted;
    const struct json *root =
        json_read(arena, line, &(struct json_limits){ .depth_max = DEPTH_MAX }, err);
    *ret_id = (struct str){ 0 };
    if (!root)
        return -err->code;
    const struct json *id = json_get(root, "id"), *tool = json_get(root, "tool");
    const struct json *args = json_get(root, "arguments");
    if ((json_is(id, JSON_STRING) || json_is(id, JSON_NUMBER)) && id->raw.size <= ID_MAX)
        *ret_id = id->raw;
    if (ret_id->size == 0 || !json_is(tool, JSON_STRING) || !json_is(args, JSON_OBJECT) ||
        root->count != 3)
        return err_set(
            err, ERR_INPUT, "a call is {\"id\": ..., \"tool\": \"...\", \"arguments\": {...}}");
    *ret = (struct serve_call){ id->raw, json_string(arena, tool), args->raw };
    return 0;
}

static void print_error(struct buf *out, const struct err *err)
{
    buf_text(out, "\"error\":{\"code\":");
    json_quote(out, str_of(err_word(err->code)));
    buf_text(out, ",\"text\":");
    json_quote(out, str_of(err->text));
    buf_text(out, ",\"hint\":");
    json_quote(out, str_of(err->hint));
    buf_text(out, "}}\n");
}

static void print_failure(struct buf *out, struct str id, bool sent, const struct err *failed)
{
    buf_text(out, "{\"id\":");
    buf_str(out, id.size > 0 ? id : STR("null"));
    buf_text(out, sent ? ",\"ok\":false,\"sent\":true," : ",\"ok\":false,\"sent\":false,");
    print_error(out, failed);
}

static void print_answer(struct buf *out, struct str id, const struct client_answer *answer)
{
    buf_text(out, "{\"id\":");
    buf_str(out, id);
    buf_text(out, answer->is_error ? ",\"ok\":true,\"is_error\":true,\"content\":"
                                   : ",\"ok\":true,\"is_error\":false,\"content\":");
    buf_str(out, answer->content);
    buf_text(out, "}\n");
}

/* Who carries out the calls. */
struct side {
    int (*call)(void *with, const struct serve_call *call, struct client_answer *ret,
        bool *ret_sent, struct err *err);
    void *with;
};

static int one(const struct side *side, int out, struct str line, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    struct serve_call call;
    struct client_answer answer;
    struct str id;
    struct err failed;
    bool sent = false;
    int rc = serve_read(&call, &id, line, &arena, &failed);
    if (rc == 0)
        rc = side->call(side->with, &call, &answer, &sent, &failed);
    if (rc == 0)
        print_answer(&text, id, &answer);
    else
        print_failure(&text, id, sent, &failed);
    return write_all(out, text.at, text.size, err);
}

static int all_lines(const struct side *side, struct buf *unread, int out, struct err *err)
{
    size_t start = 0;
    char *end;
    while ((end = memchr(unread->at + start, '\n', unread->size - start))) {
        struct str line = { unread->at + start, (size_t)(end - unread->at) - start };
        start += line.size + 1;
        if (str_trim(line).size == 0)
            continue;
        int rc = one(side, out, line, err);
        if (rc < 0)
            return rc;
    }
    memmove(unread->at, unread->at + start, unread->size - start);
    unread->size -= start;
    return 0;
}

static int until_end(const struct side *side, int in, int out, struct err *err)
{
    CLEANUP(buf_done) struct buf unread = { 0 };
    for (;;) {
        ssize_t n = read(in, buf_reserve(&unread, CHUNK), CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, "read calls");
        if (n == 0)
            return unread.size == 0 ? 0 : err_set(err, ERR_INPUT, "a call that was cut off");
        unread.size += (size_t)n;
        int rc = all_lines(side, &unread, out, err);
        if (rc < 0)
            return rc;
        if (unread.size > SERVE_LINE_MAX)
            return err_set(err, ERR_LIMIT, "a call of more than %d bytes", SERVE_LINE_MAX);
    }
}

/* server: JSON string. tools: what stands between the brackets. */
static int say_ready(int out, struct str server, struct str tools, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_text(&text, "{\"ready\":true,\"server\":");
    buf_str(&text, server);
    buf_text(&text, ",\"tools\":[");
    buf_str(&text, tools);
    buf_text(&text, "]}\n");
    return write_all(out, text.at, text.size, err);
}

static int begin(struct client *client, int out, char *const *argv,
    const struct client_limits *limits, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    int rc = client_begin(client, argv, limits, err);
    if (rc == 0)
        return say_ready(out, buf_view(&client->name), buf_view(&client->tools), err);
    buf_text(&text, "{\"ready\":false,");
    print_error(&text, err);
    write_all(out, text.at, text.size, NULL);
    return rc;
}

static int call_server(void *with, const struct serve_call *call, struct client_answer *ret,
    bool *ret_sent, struct err *err)
{
    return client_call(with, call->tool, call->args, ret, ret_sent, err);
}

static int call_builtin(void *with, const struct serve_call *call, struct client_answer *ret,
    bool *ret_sent, struct err *err)
{
    *ret_sent = false;
    return builtin_call(with, call->tool, call->args, ret, err);
}

int serve(int in, int out, char *const *argv, const struct client_limits *limits, struct err *err)
{
    CLEANUP(client_end) struct client client = { 0 };
    int rc = begin(&client, out, argv, limits, err);
    if (rc == 0)
        rc = until_end(&(struct side){ call_server, &client }, in, out, err);
    if (rc == 0 && client.broken.code != 0) {
        *err = client.broken;
        rc = -err->code;
    }
    return rc;
}

int serve_builtin(int in, int out, const char *workspace, const char *network, struct err *err)
{
    CLEANUP(builtin_done) struct builtin builtin;
    CLEANUP(buf_done) struct buf tools = { 0 };
    int rc = builtin_init(&builtin, workspace, err);
    builtin_list(&tools, network);
    if (rc == 0)
        rc = say_ready(out, STR("\"moult\""), buf_view(&tools), err);
    return rc == 0 ? until_end(&(struct side){ call_builtin, &builtin }, in, out, err) : rc;
}
