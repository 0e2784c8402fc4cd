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

FIND(find_no_progress);
FIND(find_param_missing);
FIND(find_type_unmendable);
FIND(find_orphan_shown);
FIND(find_call_unanswered);
FIND(find_premature_finish);
FIND(find_refusal_loop);
FIND(find_flagged);

FIND(find_hook_failed);
FIND(find_hook_slow);
FIND(find_hook_overruled);
FIND(find_cost_out_of_line);
FIND(find_prefix_broken);
FIND(find_shortened_unflushed);
FIND(find_person_corrects);
#undef FIND

/* One hit about a call, a reply, or the whole run (step UINT32_MAX). */
void detect_hit_call(const struct run *run, const struct run_at *at, detect_sink sink, void *with);
void detect_hit_step(uint32_t step, detect_sink sink, void *with);
void detect_hit_run(detect_sink sink, void *with);
uint8_t detect_class(const struct run *run, struct str tool);

/* Goes on to message `to`; true when the person spoke on the way. *at begins as 0. */
bool detect_spoken(const struct run *run, uint32_t *at, uint32_t to);
/* Both have one, and they are the same text. */
bool detect_same_result(const struct run *run, const struct run_call *a, const struct run_call *b);

/* What replies without a call say, trimmed: like texts together, each in the order of the steps.
 * Answers how many; the caller frees the list. */
struct detect_said {
    struct str text;
    uint32_t step;
};
uint32_t detect_said(const struct run *run, struct detect_said **ret);

/* A list that a string denotes, as JSON or as Python, and that fits the schema; else NULL. */
const struct json *detect_list_of(
    const struct json *schema, const struct json *value, struct arena *arena);
