/* write_error - error bodies of the providers, by status. See write.h.
 *
 * Types, codes and shapes are those of recorded errors; the texts are short. */
#include "mock/write.h"

#include "base/mem.h"

static const struct word {
    unsigned status;
    const char *openai, *code, *anthropic, *message; /* code NULL: null */
} words[] = {
    { 400, "invalid_request_error", NULL, "invalid_request_error", "Invalid request" },
    { 401, "invalid_request_error", "invalid_api_key", "authentication_error",
        "Incorrect API key provided" },
    { 403, "invalid_request_error", NULL, "permission_error", "You are not allowed to do this" },
    { 404, "invalid_request_error", "model_not_found", "not_found_error", "Not found" },
    { 413, "invalid_request_error", NULL, "request_too_large", "Request exceeds the maximum size" },
    { 422, "invalid_request_error", NULL, "invalid_request_error", "Unprocessable request" },
    { 429, "requests", "rate_limit_exceeded", "rate_limit_error", "Rate limit reached" },
    { 500, "server_error", NULL, "api_error", "Internal server error" },
    { 503, "server_error", NULL, "overloaded_error", "The server is overloaded" },
    { 504, "server_error", NULL, "timeout_error", "The request timed out" },
    { 529, "server_error", NULL, "overloaded_error", "Overloaded" },
};

static const struct word *word_of(unsigned status)
{
    static const struct word client = { 400, "invalid_request_error", NULL, "invalid_request_error",
        "The request failed" };
    static const struct word server = { 500, "server_error", NULL, "api_error",
        "The request failed" };
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (words[i].status == status)
            return &words[i];
    return status < 500 ? &client : &server;
}

static void quote_or(struct buf *out, struct str said, const char *usual)
{
    if (!said.at && !usual)
        buf_text(out, "null");
    else
        json_quote(out, said.at ? said : str_of(usual));
}

static bool is_anthropic(enum ask_kind kind)
{
    return kind == ASK_MESSAGES || kind == ASK_COUNT_TOKENS;
}

void write_error(struct buf *out, enum ask_kind kind, const struct write_error *error)
{
    const struct word *word = word_of(error->status);
    bool anthropic = is_anthropic(kind);
    buf_text(
        out, anthropic ? "{\"type\":\"error\",\"error\":{\"type\":" : "{\"error\":{\"message\":");
    if (anthropic) {
        quote_or(out, error->type, word->anthropic);
        buf_text(out, ",\"message\":");
        quote_or(out, error->message, word->message);
        buf_text(out, "},\"request_id\":\"req_mock\"}");
        return;
    }
    quote_or(out, error->message, word->message);
    buf_text(out, ",\"type\":");
    quote_or(out, error->type, word->openai);
    buf_text(out, ",\"param\":null,\"code\":");
    quote_or(out, error->code, word->code);
    buf_text(out, "}}");
}

/* In a stream the responses protocol has the error's members at the top. */
void write_error_event(struct body *out, enum ask_kind kind, const struct write_error *error)
{
    const struct word *word = word_of(error->status);
    struct buf *bytes = &out->bytes;
    if (kind == ASK_RESPONSES) {
        buf_text(bytes, "event: error\ndata: {\"type\":\"error\",\"code\":");
        quote_or(bytes, error->code, word->code ? word->code : word->openai);
        buf_text(bytes, ",\"message\":");
        quote_or(bytes, error->message, word->message);
        buf_text(bytes, ",\"param\":null}\n\n");
    } else {
        buf_text(bytes, is_anthropic(kind) ? "event: error\ndata: " : "data: ");
        write_error(bytes, kind, error);
        buf_text(bytes, "\n\n");
    }
    body_event(out);
}
