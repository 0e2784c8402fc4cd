/* error - what a provider's error means, and errors in the shape that a protocol's clients expect.
 * Words count before the status: a context that is too long comes as 400 like every other mistake,
 * and inside a stream there is no status at all. */
#include "base/mem.h"
#include "protocol/codec.h"

#include <string.h>

enum word_in { IN_TYPE, IN_CODE, IN_MESSAGE };

/* The first row that fits decides. Types and codes are compared whole, messages are searched. */
static const struct word {
    enum word_in in;
    const char *text;
    enum protocol_error is;
} words[] = {
    { IN_CODE, "context_length_exceeded", PROTOCOL_TOO_LONG },
    { IN_TYPE, "request_too_large", PROTOCOL_TOO_LONG },
    { IN_TYPE, "exceed_context_size_error", PROTOCOL_TOO_LONG },
    { IN_MESSAGE, "maximum context length", PROTOCOL_TOO_LONG },
    { IN_MESSAGE, "prompt is too long", PROTOCOL_TOO_LONG },
    { IN_MESSAGE, "exceed context limit", PROTOCOL_TOO_LONG },
    { IN_MESSAGE, "context window", PROTOCOL_TOO_LONG },
    { IN_MESSAGE, "exceeds the maximum number of tokens", PROTOCOL_TOO_LONG },
    { IN_CODE, "content_filter", PROTOCOL_REFUSED },
    { IN_CODE, "content_policy_violation", PROTOCOL_REFUSED },
    { IN_MESSAGE, "content management policy", PROTOCOL_REFUSED },
    { IN_CODE, "tool_use_failed", PROTOCOL_MALFORMED },
    { IN_TYPE, "overloaded_error", PROTOCOL_OVERLOADED },
    { IN_CODE, "server_is_overloaded", PROTOCOL_OVERLOADED },
    { IN_TYPE, "rate_limit_error", PROTOCOL_RATE_LIMIT },
    { IN_CODE, "rate_limit_exceeded", PROTOCOL_RATE_LIMIT },
    { IN_TYPE, "insufficient_quota", PROTOCOL_RATE_LIMIT },
    { IN_TYPE, "authentication_error", PROTOCOL_UNAUTHORIZED },
    { IN_TYPE, "permission_error", PROTOCOL_UNAUTHORIZED },
    { IN_TYPE, "billing_error", PROTOCOL_UNAUTHORIZED },
    { IN_CODE, "invalid_api_key", PROTOCOL_UNAUTHORIZED },
    { IN_TYPE, "timeout_error", PROTOCOL_TIMEOUT },
};

static const struct status {
    unsigned first, last;
    enum protocol_error is;
} statuses[] = {
    { 401, 403, PROTOCOL_UNAUTHORIZED },
    { 408, 408, PROTOCOL_TIMEOUT },
    { 413, 413, PROTOCOL_TOO_LONG },
    { 429, 429, PROTOCOL_RATE_LIMIT },
    { 300, 499, PROTOCOL_BAD_REQUEST },
    { 503, 503, PROTOCOL_OVERLOADED },
    { 504, 504, PROTOCOL_TIMEOUT },
    { 529, 529, PROTOCOL_OVERLOADED },
};

static enum protocol_error class_of_status(unsigned status)
{
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
        if (status >= statuses[i].first && status <= statuses[i].last)
            return statuses[i].is;
    return PROTOCOL_SERVER;
}

static bool word_fits(const struct word *word, const struct str in[3])
{
    struct str text = str_of(word->text);
    if (word->in != IN_MESSAGE)
        return str_equal(in[word->in], text);
    return in[IN_MESSAGE].size > 0 &&
           memmem(in[IN_MESSAGE].at, in[IN_MESSAGE].size, text.at, text.size);
}

enum protocol_error codec_error_class(
    unsigned status, const struct json *error, struct arena *scratch)
{
    const struct json *code = codec_member(error, "code");
    struct str in[3] = {
        [IN_TYPE] = json_string(scratch, codec_member(error, "type")),
        [IN_CODE] = json_string(scratch, code),
        [IN_MESSAGE] = json_string(scratch, codec_member(error, "message")),
    };
    if (json_is(error, JSON_STRING))
        in[IN_MESSAGE] = json_string(scratch, error);
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (word_fits(&words[i], in))
            return words[i].is;
    int64_t number = json_int(code, 0);
    if (status < 300 && number >= 300 && number <= 599)
        status = (unsigned)number;
    return class_of_status(status);
}

enum protocol_error protocol_error_of(enum protocol protocol, unsigned status, struct str body)
{
    (void)protocol;
    struct arena scratch = { 0 };
    struct json_limits limits = { .duplicates = true };
    const struct json *root = json_read(&scratch, body, &limits, NULL);
    if (json_is(root, JSON_ARRAY))
        root = json_first(root);
    const struct json *error = codec_member(root, "error");
    enum protocol_error class = codec_error_class(status, error ? error : root, &scratch);
    arena_done(&scratch);
    return class;
}

/* --- writing */

/* What each family of clients calls an error of that status; the last row is for all others. */
static const struct named {
    unsigned status;
    const char *openai, *anthropic;
} names[] = {
    { 400, "invalid_request_error", "invalid_request_error" },
    { 401, "authentication_error", "authentication_error" },
    { 403, "permission_error", "permission_error" },
    { 404, "invalid_request_error", "not_found_error" },
    { 408, "timeout_error", "timeout_error" },
    { 409, "invalid_request_error", "invalid_request_error" },
    { 413, "invalid_request_error", "request_too_large" },
    { 422, "invalid_request_error", "invalid_request_error" },
    { 429, "rate_limit_error", "rate_limit_error" },
    { 431, "invalid_request_error", "invalid_request_error" },
    { 503, "server_error", "overloaded_error" },
    { 504, "timeout_error", "timeout_error" },
    { 529, "server_error", "overloaded_error" },
    { 0, "server_error", "api_error" },
};

static const struct named *name_of(unsigned status)
{
    const struct named *name = names;
    while (name->status && name->status != status)
        name++;
    return name;
}

/* The type of an error event by its code, where that is one of the protocol's own words. */
static const char *anthropic_type(struct str code)
{
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_equal(str_of(names[i].anthropic), code))
            return names[i].anthropic;
    return "api_error";
}

static void quote_or_null(struct buf *out, struct str s)
{
    if (s.size > 0)
        json_quote(out, s);
    else
        buf_text(out, "null");
}

/* Without the opening brace. */
static void openai_error(struct buf *out, const char *type, struct str code, struct str message)
{
    buf_text(out, "\"error\":{\"message\":");
    json_quote(out, message);
    buf_format(out, ",\"type\":\"%s\",\"param\":null,\"code\":", type);
    quote_or_null(out, code);
    buf_text(out, "}}");
}

static void anthropic_error(struct buf *out, const char *type, struct str message)
{
    buf_format(out, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":", type);
    json_quote(out, message);
    buf_text(out, "}}");
}

void protocol_error_write(
    struct buf *out, enum protocol protocol, unsigned status, struct str code, struct str message)
{
    const struct named *name = name_of(status);
    if (protocol == PROTOCOL_MESSAGES) {
        anthropic_error(out, name->anthropic, message);
        return;
    }
    buf_char(out, '{');
    openai_error(out, name->openai, code, message);
}

void protocol_error_event(
    struct buf *out, enum protocol protocol, struct str code, struct str message)
{
    struct buf data = { 0 };
    const char *event = "error";
    switch (protocol) {
    case PROTOCOL_MESSAGES:
        anthropic_error(&data, anthropic_type(code), message);
        break;
    case PROTOCOL_RESPONSES:
        /* As the service sends it, not as its reference says: clients look for "error". */
        buf_text(&data, "{\"type\":\"error\",\"sequence_number\":0,");
        openai_error(&data, "server_error", code, message);
        break;
    default:
        event = "";
        buf_char(&data, '{');
        openai_error(&data, "server_error", code, message);
    }
    sse_write(out, str_of(event), buf_view(&data));
    buf_done(&data);
}

struct str protocol_ping(enum protocol protocol)
{
    /* Anthropic's clients count on the event; the others pass over a comment. */
    return protocol == PROTOCOL_MESSAGES ? STR("event: ping\ndata: {\"type\": \"ping\"}\n\n")
                                         : STR(": ping\n\n");
}
