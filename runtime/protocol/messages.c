/* messages - the Anthropic messages protocol: the codec's table.
 *
 * system is a text or blocks beside the conversation; results are blocks of user messages; a call's
 * arguments are an object, where the chat format has a text. */
#include "protocol/messages.h"

static const char *const with_tools[] = { "tools", "tool_choice", NULL };

const struct codec codec_messages = {
    .system = "system",
    .conversation = "messages",
    .with_tools = with_tools,
    .request_read = messages_request_read,
    .tool_write = messages_tool_write,
    .request_edit = messages_request_edit,
    .request_fresh = messages_request_fresh,
    .reply_json = messages_reply_json,
    .reply_event = messages_reply_event,
    .answer_write = messages_answer_write,
    .stream_begin = messages_stream_begin,
    .stream_text = messages_stream_text,
    .stream_end = messages_stream_end,
};
