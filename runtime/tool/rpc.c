/* rpc - see rpc.h. */
#include "tool/rpc.h"

#include <inttypes.h>

enum { DEPTH_MAX = 64, NODES_MAX = 1 << 20, REQUEST_ID_MAX = 256, UNKNOWN_METHOD = -32601 };

/* Ours are numbers; null stands in an error about what the server could not read. */
static int read_answer_id(struct rpc_message *ret, const struct json *id, struct err *err)
{
    int64_t number = json_int(id, -1);
    if (number < 0 && !(json_is(id, JSON_NULL) && ret->kind == RPC_ERROR))
        return err_set(err, ERR_INPUT, "an answer whose id is none of ours");
    ret->id = number < 0 ? 0 : (uint64_t)number;
    return 0;
}

static int read_error(
    struct rpc_message *ret, const struct json *error, struct arena *arena, struct err *err)
{
    const struct json *code = json_get(error, "code"), *text = json_get(error, "message");
    if (!json_is(code, JSON_NUMBER) || !json_is(text, JSON_STRING))
        return err_set(err, ERR_INPUT, "an error without code or message");
    ret->code = json_int(code, 0);
    ret->text = json_string(arena, text);
    return 0;
}

static int read_answer(
    struct rpc_message *ret, const struct json *root, struct arena *arena, struct err *err)
{
    const struct json *result = json_get(root, "result"), *error = json_get(root, "error");
    if (!result == !error)
        return err_set(err, ERR_INPUT, "neither an answer nor a request");
    ret->kind = error ? RPC_ERROR : RPC_RESULT;
    int rc = read_answer_id(ret, json_get(root, "id"), err);
    if (rc < 0)
        return rc;
    if (error)
        return read_error(ret, error, arena, err);
    if (!json_is(result, JSON_OBJECT))
        return err_set(err, ERR_INPUT, "a result that is no object");
    ret->result = result;
    return 0;
}

static int read_request(
    struct rpc_message *ret, const struct json *root, struct arena *arena, struct err *err)
{
    const struct json *method = json_get(root, "method"), *id = json_get(root, "id");
    if (!json_is(method, JSON_STRING))
        return err_set(err, ERR_INPUT, "a method that is no text");
    ret->method = json_string(arena, method);
    ret->kind = id ? RPC_REQUEST : RPC_NOTIFICATION;
    if (!id)
        return 0;
    if ((!json_is(id, JSON_STRING) && !json_is(id, JSON_NUMBER)) || id->raw.size > REQUEST_ID_MAX)
        return err_set(err, ERR_INPUT, "a request whose id is neither text nor a number");
    ret->request_id = id->raw;
    return 0;
}

int rpc_read(struct rpc_message *ret, struct str line, struct arena *arena, struct err *err)
{
    const struct json_limits limits = { .depth_max = DEPTH_MAX, .nodes_max = NODES_MAX };
    struct rpc_message message = { 0 };
    struct err unwanted;
    err = err ? err : &unwanted;
    const struct json *root = json_read(arena, line, &limits, err);
    if (!root)
        return -err->code;
    struct str version = json_string(arena, json_get(root, "jsonrpc"));
    if (!json_is(root, JSON_OBJECT) || !str_equal(version, STR("2.0")))
        return err_set(err, ERR_INPUT, "not a JSON-RPC 2.0 message");
    int rc = json_get(root, "method") ? read_request(&message, root, arena, err)
                                      : read_answer(&message, root, arena, err);
    if (rc == 0)
        *ret = message;
    return rc;
}

void rpc_request(struct buf *out, uint64_t id, const char *method, struct str params)
{
    buf_format(
        out, "{\"jsonrpc\":\"2.0\",\"id\":%" PRIu64 ",\"method\":\"%s\",\"params\":", id, method);
    buf_str(out, params);
    buf_text(out, "}\n");
}

void rpc_notification(struct buf *out, const char *method)
{
    buf_format(out, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\"}\n", method);
}

static void answer(struct buf *out, struct str request_id)
{
    buf_text(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buf_str(out, request_id);
}

void rpc_pong(struct buf *out, struct str request_id)
{
    answer(out, request_id);
    buf_text(out, ",\"result\":{}}\n");
}

void rpc_refusal(struct buf *out, struct str request_id)
{
    answer(out, request_id);
    buf_format(out, ",\"error\":{\"code\":%d,\"message\":\"this client has no such method\"}}\n",
        UNKNOWN_METHOD);
}
