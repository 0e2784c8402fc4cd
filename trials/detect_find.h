/* detect_find - the functions behind the rows of the table in detect.c. */
#pragma once

#include "trials/detect.h"

#define FIND(name) void name(const struct run *run, detect_sink sink, void *with)
FIND(find_repeat2);
FIND(find_repeat3);
FIND(find_adjacent2);
FIND(find_adjacent3);
FIND(find_error);
FIND(find_then_same_call);
FIND(find_then_same_tool);
FIND(find_then_other_tool);
FIND(find_then_text);
FIND(find_then_end);
FIND(find_failed_repeated_later);
FIND(find_write_dup_called);
FIND(find_write_dup_ok);
FIND(find_write_without_yes);
FIND(find_required_write_missing);

FIND(find_bad_json);
FIND(find_python_repr);
FIND(find_missing_required);
FIND(find_unknown_param);
FIND(find_wrong_type);
FIND(find_string_for_array);
FIND(find_enum_violation);
FIND(find_unknown_tool);

FIND(find_result_over_2048);
FIND(find_result_over_4096);
FIND(find_result_over_8192);
FIND(find_orphan_result);
FIND(find_call_without_result);
FIND(find_step_limit);
FIND(find_transfer);
FIND(find_end_other);
FIND(find_no_tool_call);
FIND(find_provider_error);
FIND(find_no_trajectory);

FIND(find_empty_assistant);
FIND(find_leak_markup);
FIND(find_leak_json_call);
FIND(find_leak_any);
FIND(find_leak_blocks);
FIND(find_leak_block_bad_json);
FIND(find_json_only_text);
FIND(find_multi_call);
FIND(find_text_beside_call);
FIND(find_same_text2);
FIND(find_same_text3);
#undef FIND

/* One hit about a call, a reply, or the whole run (step UINT32_MAX). */
void detect_hit_call(const struct run *run, const struct run_at *at, detect_sink sink, void *with);
void detect_hit_step(uint32_t step, detect_sink sink, void *with);
void detect_hit_run(detect_sink sink, void *with);
uint8_t detect_class(const struct run *run, struct str tool);

/* A list that a string denotes, as JSON or as Python, and that fits the schema; else NULL. */
const struct json *detect_list_of(
    const struct json *schema, const struct json *value, struct arena *arena);
