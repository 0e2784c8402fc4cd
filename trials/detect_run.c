/* detect_run - results and how a run ended: rows d, f, g, k, p. */
#include "trials/detect_find.h"

static void find_result_over(const struct run *run, size_t bytes, detect_sink sink, void *with)
{
    for (uint32_t i = 0, step = 0; i < run->messages_count; i++) {
        if (run->messages[i].role == RUN_MODEL || run->messages[i].role == RUN_ERROR)
            step++;
        if (run->messages[i].role == RUN_RESULT && run->messages[i].text.size > bytes)
            detect_hit_step(step > 0 ? step - 1 : 0, sink, with);
    }
}

void find_result_over_2048(const struct run *run, detect_sink sink, void *with)
{
    find_result_over(run, 2048, sink, with);
}

void find_result_over_4096(const struct run *run, detect_sink sink, void *with)
{
    find_result_over(run, 4096, sink, with);
}

void find_result_over_8192(const struct run *run, detect_sink sink, void *with)
{
    find_result_over(run, 8192, sink, with);
}

void find_orphan_result(const struct run *run, detect_sink sink, void *with)
{
    for (uint32_t i = 0; i < run->messages_count; i++)
        if (run->messages[i].role == RUN_RESULT && run->messages[i].answers_message < 0)
            detect_hit_run(sink, with);
}

void find_call_without_result(const struct run *run, detect_sink sink, void *with)
{
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        if (at.call->result < 0)
            detect_hit_call(run, &at, sink, with);
}

static bool transfers(const struct run *run)
{
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        if (str_equal(at.call->name, STR("transfer_to_human_agents")))
            return true;
    return false;
}

/* The customer's own mark, or a termination that the source names as a stop. */
static bool stopped(const struct run *run)
{
    struct str why = json_string(run->arena, json_get(run->meta, "termination_reason"));
    uint32_t from = run->messages_count > 2 ? run->messages_count - 2 : 0;
    for (uint32_t i = from; i < run->messages_count; i++)
        if (str_find(run->messages[i].text, STR("###STOP###")) >= 0)
            return true;
    return str_equal(why, STR("user_stop")) || str_equal(why, STR("agent_stop"));
}

void find_step_limit(const struct run *run, detect_sink sink, void *with)
{
    if (run->step_limit)
        detect_hit_run(sink, with);
}

void find_transfer(const struct run *run, detect_sink sink, void *with)
{
    if (transfers(run))
        detect_hit_run(sink, with);
}

void find_end_other(const struct run *run, detect_sink sink, void *with)
{
    if (run->messages_count > 0 && !run->step_limit && !transfers(run) && !stopped(run))
        detect_hit_run(sink, with);
}

void find_no_tool_call(const struct run *run, detect_sink sink, void *with)
{
    struct run_at at;
    if (run->messages_count > 0 && !run_next_call(run, &(struct run_cursor){ 0 }, &at))
        detect_hit_run(sink, with);
}

void find_provider_error(const struct run *run, detect_sink sink, void *with)
{
    if (run->provider_error)
        detect_hit_run(sink, with);
}

void find_no_trajectory(const struct run *run, detect_sink sink, void *with)
{
    if (run->messages_count == 0)
        detect_hit_run(sink, with);
}
