/* detect - the table of detectors. What a row counts is defined in docs/reference/detectors.md; the
 * ids are promised to outside checks. */
#include "trials/detect.h"

#include "base/mem.h"
#include "trials/detect_find.h"
#include "trials/frame.h"

#include "sdk/moult.h"

/* clang-format off */
#define CENSUS(id, function, summary) { id, summary, function, -1, NULL, NULL, NULL, NULL, BENEFIT_NONE, NULL }
#define OBSERVED(id, hook, function, summary, why) \
    { id, summary, function, hook, NULL, NULL, NULL, NULL, BENEFIT_NONE, "nothing is proposed: " why }
const struct detector detectors[] = {
    CENSUS("a_repeat2", find_repeat2, "a call made at least twice in the run"),
    CENSUS("a_repeat3", find_repeat3, "a call made at least three times in the run"),
    CENSUS("a_adjacent2", find_adjacent2, "the same call twice in a row"),
    CENSUS("a_adjacent3", find_adjacent3, "the same call three times in a row"),
    CENSUS("b_error", find_error, "a call whose result is an error"),
    CENSUS("b_then_same_call", find_then_same_call, "after an error: the same call"),
    CENSUS("b_then_same_tool_changed_args", find_then_same_tool, "after an error: the same tool, other arguments"),
    CENSUS("b_then_other_tool", find_then_other_tool, "after an error: another tool"),
    CENSUS("b_then_text", find_then_text, "after an error: text"),
    CENSUS("b_then_end", find_then_end, "after an error: nothing"),
    CENSUS("b_failed_call_repeated_later", find_failed_repeated_later, "a failed call that comes again later"),
    CENSUS("c_bad_json", find_bad_json, "arguments that are no JSON object"),
    CENSUS("c_bad_json_python_repr", find_python_repr, "arguments that are a Python dict literal"),
    CENSUS("c_missing_required", find_missing_required, "a required parameter is missing"),
    CENSUS("c_unknown_param", find_unknown_param, "a parameter that the schema does not name"),
    CENSUS("c_wrong_type", find_wrong_type, "a parameter of another type than the schema's"),
    CENSUS("c_wrong_type_string_for_array", find_string_for_array, "a string that denotes the list that was wanted"),
    CENSUS("c_enum_violation", find_enum_violation, "a value outside its enum"),
    CENSUS("d_result_over_2048", find_result_over_2048, "a result of more than 2,048 bytes"),
    CENSUS("d_result_over_4096", find_result_over_4096, "a result of more than 4,096 bytes"),
    CENSUS("d_result_over_8192", find_result_over_8192, "a result of more than 8,192 bytes"),
    CENSUS("e_empty_assistant", find_empty_assistant, "a reply without text and call"),
    CENSUS("e_unknown_tool", find_unknown_tool, "a call to a tool that is not known"),
    CENSUS("e_leak_markup", find_leak_markup, "call markup in a reply's text"),
    CENSUS("e_leak_json_call", find_leak_json_call, "a call as JSON in a reply's text"),
    CENSUS("e_leak_any", find_leak_any, "either of the two"),
    CENSUS("e_leak_blocks", find_leak_blocks, "a <tool_call> block in a reply's text"),
    CENSUS("e_leak_block_bad_json", find_leak_block_bad_json, "a <tool_call> block whose body is no JSON object"),
    CENSUS("e_json_only_text", find_json_only_text, "a text that is, whole, one JSON object"),
    CENSUS("f_orphan_result", find_orphan_result, "a result without its call"),
    CENSUS("f_call_without_result", find_call_without_result, "a call without its result"),
    CENSUS("g_step_limit", find_step_limit, "the run hit its step limit"),
    CENSUS("g_transfer", find_transfer, "the run was handed to a person"),
    CENSUS("g_end_other", find_end_other, "the run ended in no known way"),
    CENSUS("h_multi_call", find_multi_call, "a reply with more than one call"),
    CENSUS("h_text_beside_call", find_text_beside_call, "a reply with a call and text"),
    CENSUS("i_write_dup_called", find_write_dup_called, "a write called at least twice"),
    CENSUS("i_write_dup_ok", find_write_dup_ok, "a write that succeeded at least twice"),
    CENSUS("j_write_without_yes", find_write_without_yes, "a write that the person had not agreed to in words"),
    CENSUS("k_no_tool_call", find_no_tool_call, "a run without any call"),
    CENSUS("l_same_text2", find_same_text2, "a text said at least twice"),
    CENSUS("l_same_text3", find_same_text3, "a text said at least three times"),
    CENSUS("r_required_write_missing", find_required_write_missing, "an expected write did not succeed"),
    CENSUS("p_provider_error", find_provider_error, "the provider's error ended the run"),
    CENSUS("p_no_trajectory", find_no_trajectory, "a run without messages"),

    { "leak_tagged", "calls written into the text inside <tool_call> markup", leak_find_tagged, MOULT_REPLY,
      leak_mendable, leak_frame, leak_suppressed, overreach_leak, BENEFIT_SHOWN, NULL },
    { "leak_bare", "calls written into the text as JSON", leak_find_bare, MOULT_REPLY,
      leak_mendable, leak_frame, leak_suppressed, overreach_leak, BENEFIT_SHOWN, NULL },
    { "string_for_array", "a string that denotes the list that the tool wants", array_find, MOULT_BEFORE_TOOL,
      array_mendable, array_frame, array_suppressed, overreach_array, BENEFIT_SHOWN, NULL },
    { "failed_call_repeated", "a call that just failed twice, made again", loop_find, MOULT_BEFORE_TOOL,
      loop_mendable, loop_frame, loop_suppressed, overreach_loop, BENEFIT_NOT_SHOWN, NULL },
    { "turn_failed_rate_limit", "a turn that ended because the provider limits the rate", rate_limit_find, MOULT_MODEL_ERROR,
      error_mendable, rate_limit_frame, error_suppressed, overreach_error, BENEFIT_SHOWN, NULL },
    { "turn_failed_overloaded", "a turn that ended because the provider was overloaded", overloaded_find, MOULT_MODEL_ERROR,
      error_mendable, overloaded_frame, error_suppressed, overreach_error, BENEFIT_SHOWN, NULL },
    { "string_for_scalar", "a string that denotes the number or truth value that the tool wants", scalar_find, MOULT_BEFORE_TOOL,
      scalar_mendable, scalar_frame, array_suppressed, overreach_args, BENEFIT_SHOWN, NULL },
    { "param_alias", "the one argument that is missing stands under another name", alias_find, MOULT_BEFORE_TOOL,
      alias_mendable, alias_frame, array_suppressed, overreach_args, BENEFIT_SHOWN, NULL },
    { "args_wrapped", "arguments that are no JSON object as they stand", bad_json_find, MOULT_BEFORE_TOOL,
      bad_json_mendable, bad_json_frame, array_suppressed, overreach_args, BENEFIT_SHOWN, NULL },
    { "tool_misnamed", "a call to a tool that is not known", tool_name_find, MOULT_BEFORE_TOOL,
      tool_name_mendable, tool_name_frame, array_suppressed, overreach_args, BENEFIT_SHOWN, NULL },
    { "ping_pong", "two calls by turns, with the same results each time", ping_pong_find, MOULT_BEFORE_TOOL,
      ping_pong_mendable, ping_pong_frame, loop_suppressed, overreach_cycle, BENEFIT_NOT_SHOWN, NULL },
    { "write_repeated", "a write that has succeeded, made again before the person spoke", write_again_find, MOULT_BEFORE_TOOL,
      write_again_mendable, write_again_frame, loop_suppressed, overreach_cycle, BENEFIT_NOT_SHOWN, NULL },
    { "empty_answer", "a reply without text and calls", empty_find, MOULT_REPLY,
      empty_mendable, empty_frame, empty_suppressed, overreach_empty, BENEFIT_NOT_SHOWN, NULL },
    { "result_oversize", "a result of more than 8,192 bytes, shown to the model", oversize_find, MOULT_AFTER_TOOL,
      oversize_mendable, oversize_frame, error_suppressed, overreach_large, BENEFIT_NOT_SHOWN, NULL },
    { "result_orphaned", "a result without its call, shown to the model", find_orphan_shown, MOULT_CONTEXT,
      orphan_mendable, orphan_frame, error_suppressed, overreach_orphan, BENEFIT_NOT_SHOWN, NULL },

    OBSERVED("no_progress", MOULT_BEFORE_TOOL, find_no_progress, "four reads in a row that differ, with one and the same result",
      "which other call would have helped is not on record"),
    OBSERVED("param_missing", MOULT_BEFORE_TOOL, find_param_missing, "a refused call that lacks a required argument, with none under another name",
      "its value is the model's to say"),
    OBSERVED("type_wrong", MOULT_BEFORE_TOOL, find_type_unmendable, "a refused call with an argument of another type that denotes nothing of the right one",
      "which value was meant is not on record"),
    OBSERVED("call_unanswered", MOULT_CONTEXT, find_call_unanswered, "a call without result, and the conversation went on",
      "what the tool would have answered is not on record"),
    OBSERVED("turn_failed_too_long", MOULT_MODEL_ERROR, too_long_find, "a turn that ended because its request was too long",
      "which of its messages could have gone is not on record"),
    OBSERVED("step_limit", MOULT_TURN_END, find_step_limit, "a run that ended at its limit of steps",
      "no step on record is the one that was too many"),
    OBSERVED("premature_finish", MOULT_ANSWER, find_premature_finish, "an answer that announces what is done only when the person has written again",
      "in the recording the person's next message brought it about"),
    OBSERVED("refusal_loop", MOULT_ANSWER, find_refusal_loop, "a refusal in the same words for the third time",
      "what the person could have been offered instead is not on record"),
    OBSERVED("person_corrects", MOULT_ANSWER, find_person_corrects, "the person's next message says that it was wrong",
      "what would have been right is the person's to say"),
    OBSERVED("hook_failed", MOULT_TURN_END, find_hook_failed, "a hook that failed",
      "what it would have done is not on record"),
    OBSERVED("hook_slow", MOULT_TURN_END, find_hook_slow, "more than a second between a result and what the worker asked for next",
      "a replay measures time by itself, and the gate has a budget for it"),
    OBSERVED("hook_overruled", MOULT_BEFORE_TOOL, find_hook_overruled, "a denied call that was carried out when the person had spoken",
      "that the person wanted it is not known where it was denied"),
    OBSERVED("cost_out_of_line", MOULT_TURN_END, find_cost_out_of_line, "a turn of more than three times the tokens of the session's median turn, of eight or more",
      "what the model would have done for less is not on record"),
    OBSERVED("prefix_broken", MOULT_CONTEXT, find_prefix_broken, "a request that does not begin with the one before it, to the same model",
      "which of the two requests was meant is not on record"),
    OBSERVED("shortened_unflushed", MOULT_CONTEXT, find_shortened_unflushed, "a request with fewer messages than the one before it, and no hook had asked for anything in that turn",
      "what should have been kept before it went is not on record"),
    OBSERVED("flagged", MOULT_TURN_END, find_flagged, "a person says that it went wrong",
      "what would have been right is the person's to say"),

    { "repeat", "the same call again in a row, failed or not", repeat_find, MOULT_BEFORE_TOOL,
      repeat_mendable, repeat_frame, loop_suppressed, overreach_loop, BENEFIT_NONE, NULL },
    { "unknown_param", "a parameter that the schema does not name", find_unknown_param, MOULT_BEFORE_TOOL,
      unknown_param_mendable, unknown_param_frame, array_suppressed, NULL, BENEFIT_SHOWN, NULL },
    { "python_repr", "arguments written as a Python dict", python_find, MOULT_BEFORE_TOOL,
      python_repr_mendable, NULL, NULL, NULL, BENEFIT_NONE, NULL },
    { "multi_call", "several calls in one reply", find_multi_call, MOULT_REPLY,
      multi_call_mendable, NULL, NULL, NULL, BENEFIT_NONE, NULL },
    { "provider_error", "the provider's error ended the run", find_provider_error, MOULT_MODEL_ERROR,
      provider_error_mendable, NULL, NULL, NULL, BENEFIT_NONE, NULL },
};
/* clang-format on */
const unsigned detectors_count = COUNT_OF(detectors);

const char *const detect_benefit_words[3] = {
    [BENEFIT_NONE] = "none", [BENEFIT_NOT_SHOWN] = "not shown", [BENEFIT_SHOWN] = "shown"
};

bool detect_mendable(const struct detector *detector, const struct run *run,
    const struct detect_hit *hit, const char **ret_why)
{
    if (!detector->nothing)
        return detector->mendable(run, hit, ret_why);
    *ret_why = detector->nothing;
    return false;
}

bool detect_asks(const struct detector *detector)
{
    return detector->hook == MOULT_AFTER_TOOL || detector->hook == MOULT_CONTEXT ||
           detector->hook == MOULT_REQUEST;
}

const struct detector *detector_named(struct str id)
{
    for (unsigned i = 0; i < detectors_count; i++)
        if (str_equal(id, str_of(detectors[i].id)))
            return &detectors[i];
    return NULL;
}

const struct detector *detector_find(const char *id)
{
    return detector_named(str_of(id));
}

uint8_t detect_class(const struct run *run, struct str name)
{
    const struct run_tool *tool = run_tool_find(run, name);
    return tool ? tool->write ? TOOL_WRITE : TOOL_READ : TOOL_UNKNOWN;
}

void detect_hit_call(const struct run *run, const struct run_at *at, detect_sink sink, void *with)
{
    sink(with, &(struct detect_hit){
                   .step = at->step,
                   .call = at->call_index,
                   .tool_class = detect_class(run, at->call->name),
               });
}

void detect_hit_step(uint32_t step, detect_sink sink, void *with)
{
    sink(with, &(struct detect_hit){ .step = step, .call = UINT32_MAX });
}

void detect_hit_run(detect_sink sink, void *with)
{
    sink(with, &(struct detect_hit){ .step = UINT32_MAX, .call = UINT32_MAX });
}

bool detect_spoken(const struct run *run, uint32_t *at, uint32_t to)
{
    bool ret = false;
    for (; *at < to; ++*at)
        ret |= run->messages[*at].role == RUN_USER;
    return ret;
}

bool detect_same_result(const struct run *run, const struct run_call *a, const struct run_call *b)
{
    return a->result >= 0 && b->result >= 0 &&
           str_equal(run->messages[a->result].text, run->messages[b->result].text);
}
