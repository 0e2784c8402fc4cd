/* responses - the OpenAI responses protocol: the codec's table.
 *
 * A conversation is a row of items, or one text; a system text stands beside it; tools are flat. */
#include "protocol/responses.h"

static const char *const with_tools[] = { "tools", "tool_choice", "parallel_tool_calls", NULL };

const struct codec codec_responses = {
    .system = "instructions",
    .conversation = "input",
    .with_tools = with_tools,
    .request_read = responses_request_read,
    .tool_write = responses_tool_write,
    .request_edit = responses_request_edit,
    .request_fresh = responses_request_fresh,
    .reply_json = responses_reply_json,
    .reply_event = responses_reply_event,
    .answer_write = responses_answer_write,
    .stream_begin = responses_stream_begin,
    .stream_text = responses_stream_text,
    .stream_end = responses_stream_end,
};
