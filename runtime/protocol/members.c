/* members - the table. See members.h, and docs/reference/protocols.md, which a test holds against
 * it. A member that stands in no row is refused where it would have to be carried. */
#include "protocol/members.h"

#include "base/mem.h"

// clang-format off
/* Read by moult: written anew in each request. */
#define READ(chat, responses, messages) { { chat, responses, messages }, .lost = MEMBER_READ }
#define LOST(kind, chat, responses, messages, ...) { { chat, responses, messages }, .lost = kind, __VA_ARGS__ }

const struct protocol_member protocol_members[] = {
    READ("model", "model", "model"),
    READ("messages", "input", "messages"),
    READ(NULL, "instructions", "system"),
    READ("tools", "tools", "tools"),
    READ("max_completion_tokens", "max_output_tokens", "max_tokens"),
    READ("max_tokens", NULL, NULL),
    READ("stream", "stream", "stream"),
    READ("stream_options", "stream_options", NULL),

    /* what is said */
    LOST(MEMBER_REFUSED, "temperature", "temperature", "temperature", .how = MEMBER_RANGE, .max = 1),
    LOST(MEMBER_REFUSED, "top_p", "top_p", "top_p"),
    LOST(MEMBER_REFUSED, NULL, NULL, "top_k"),
    LOST(MEMBER_REFUSED, "frequency_penalty", NULL, NULL, .neutral = "0"),
    LOST(MEMBER_REFUSED, "presence_penalty", NULL, NULL, .neutral = "0"),
    LOST(MEMBER_REFUSED, "logit_bias", NULL, NULL, .neutral = "{}"),
    LOST(MEMBER_REFUSED, "stop", NULL, "stop_sequences", .how = MEMBER_STOP, .neutral = "[]"),
    LOST(MEMBER_REFUSED, "tool_choice", "tool_choice", "tool_choice", .how = MEMBER_CHOICE),
    LOST(MEMBER_REFUSED, "parallel_tool_calls", "parallel_tool_calls",
        "tool_choice.disable_parallel_tool_use", .how = MEMBER_PARALLEL),
    LOST(MEMBER_REFUSED, "response_format", "text.format", "output_config.format",
        .how = MEMBER_FORMAT, .neutral = "{\"type\":\"text\"}"),
    LOST(MEMBER_REFUSED, NULL, NULL, "output_format"),
    LOST(MEMBER_DROPPED, "reasoning_effort", "reasoning.effort", "output_config.effort", .how = MEMBER_EFFORT),
    LOST(MEMBER_DROPPED, NULL, "reasoning.summary", NULL),
    LOST(MEMBER_DROPPED, NULL, "reasoning.generate_summary", NULL),
    LOST(MEMBER_DROPPED, NULL, NULL, "thinking", .neutral = "{\"type\":\"disabled\"}"),
    LOST(MEMBER_DROPPED, NULL, NULL, "output_config.task_budget"),
    LOST(MEMBER_DROPPED, "verbosity", "text.verbosity", NULL),
    LOST(MEMBER_DROPPED, "seed", NULL, NULL),

    /* the form of the answer */
    LOST(MEMBER_REFUSED, "n", NULL, NULL, .own = true, .neutral = "1"),
    LOST(MEMBER_REFUSED, "logprobs", NULL, NULL, .own = true, .neutral = "false"),
    LOST(MEMBER_REFUSED, "top_logprobs", "top_logprobs", NULL, .own = true, .neutral = "0"),
    LOST(MEMBER_REFUSED, "modalities", NULL, NULL, .own = true, .neutral = "[\"text\"]"),
    LOST(MEMBER_REFUSED, "audio", NULL, NULL, .own = true),
    LOST(MEMBER_REFUSED, "functions", NULL, NULL, .own = true, .neutral = "[]"),
    LOST(MEMBER_REFUSED, "function_call", NULL, NULL, .own = true, .neutral = "\"auto\""),
    LOST(MEMBER_REFUSED, NULL, "background", NULL, .own = true, .neutral = "false"),
    LOST(MEMBER_DROPPED, NULL, "include", NULL, .own = true, .neutral = "[]"),

    /* what the provider brings to it */
    LOST(MEMBER_REFUSED, NULL, "previous_response_id", NULL, .own = true, .kept = true),
    LOST(MEMBER_REFUSED, NULL, "conversation", NULL, .own = true, .kept = true),
    LOST(MEMBER_REFUSED, NULL, "prompt", NULL, .own = true),
    LOST(MEMBER_REFUSED, "web_search_options", NULL, NULL, .own = true),
    LOST(MEMBER_REFUSED, NULL, NULL, "container", .own = true),
    LOST(MEMBER_REFUSED, NULL, NULL, "mcp_servers", .own = true, .neutral = "[]"),
    LOST(MEMBER_DROPPED, NULL, "max_tool_calls", NULL),
    LOST(MEMBER_DROPPED, NULL, "truncation", NULL, .neutral = "\"disabled\""),
    LOST(MEMBER_DROPPED, NULL, "context_management", "context_management", .own = true),

    /* where, when and for whom */
    LOST(MEMBER_REFUSED, NULL, NULL, "inference_geo"),
    LOST(MEMBER_REFUSED, "moderation", "moderation", NULL),
    LOST(MEMBER_DROPPED, "service_tier", "service_tier", "service_tier", .how = MEMBER_TIER, .neutral = "\"auto\""),
    LOST(MEMBER_DROPPED, NULL, NULL, "speed", .neutral = "\"standard\""),
    LOST(MEMBER_DROPPED, "prediction", NULL, NULL),
    LOST(MEMBER_DROPPED, "store", "store", NULL, .own = true, .neutral = "false"),
    LOST(MEMBER_DROPPED, "user", "user", "metadata.user_id"),
    LOST(MEMBER_DROPPED, "safety_identifier", "safety_identifier", NULL),
    LOST(MEMBER_DROPPED, "metadata", "metadata", NULL, .neutral = "{}"),
    LOST(MEMBER_DROPPED, "prompt_cache_key", "prompt_cache_key", NULL),
    LOST(MEMBER_DROPPED, "prompt_cache_retention", "prompt_cache_retention", NULL),
    LOST(MEMBER_DROPPED, "prompt_cache_options", "prompt_cache_options", NULL),
    LOST(MEMBER_DROPPED, NULL, NULL, "cache_control"),
    LOST(MEMBER_DROPPED, NULL, NULL, "diagnostics"),
    LOST(MEMBER_DROPPED, NULL, NULL, "user_profile_id"),
    LOST(MEMBER_DROPPED, NULL, NULL, "workspace_id"),
    LOST(MEMBER_DROPPED, NULL, "client_metadata", NULL),
};
// clang-format on
const unsigned protocol_members_count = COUNT_OF(protocol_members);
