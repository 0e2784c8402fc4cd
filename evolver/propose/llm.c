/* llm - the rounds of a run: ask, do what was called for, answer; and its end. See llm.h. */
#include "propose/llm.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_MAX = 1000, FIRST_CASES = 2, FIRST_MAX = 48 << 10 };

/* --- tools */

static int finish(struct llm *llm, const struct json *args, struct buf *out, struct err *err)
{
    static const char *const names[] = { "why", NULL };
    struct str why = { 0 };
    int r = llm_only(args, names, err);
    if (r == 0)
        r = llm_text(llm, args, "why", true, WHY_MAX, &why, err);
    if (r < 0)
        return r;
    llm->finished = true;
    str_printable(llm->why, sizeof llm->why, why, false);
    buf_text(out, "done");
    return 0;
}

static const struct {
    const char *name;
    llm_tool tool;
    bool reads; /* the same answer each time */
} tools[] = {
    { "list_cases", llm_list_cases, true },
    { "read_case", llm_read_case, true },
    { "read_tool", llm_read_tool, true },
    { "read_sdk", llm_read_sdk, true },
    { "read_outline", llm_read_outline, true },
    { "read_source", llm_read_source, true },
    { "read_past", llm_read_past, true },
    { "try_candidate", llm_try, false },
    { "finish", finish, false },
};

/* True the first time. */
static bool first_time(struct llm *llm, const struct talk_call *call)
{
    CLEANUP(buf_done) struct buf key = { 0 };
    buf_str(&key, call->name);
    buf_char(&key, '\0');
    json_canonical(&key, call->args);
    struct digest digest = hash_of(buf_view(&key));
    for (uint32_t i = 0; i < llm->reads_count; i++)
        if (hash_equal(&llm->reads[i], &digest))
            return false;
    if (llm->reads_count < LLM_SEEN_MAX)
        llm->reads[llm->reads_count++] = digest;
    return true;
}

static int run_tool(struct llm *llm, const struct talk_call *call, struct buf *out, struct err *err)
{
    if (call->wrong)
        return err_set(err, ERR_INPUT, "%s", call->wrong);
    for (size_t i = 0; i < COUNT_OF(tools); i++) {
        if (!str_equal(call->name, str_of(tools[i].name)))
            continue;
        if (tools[i].reads && !first_time(llm, call))
            return err_set(err, ERR_INPUT, "you have asked that: the answer stands above");
        return tools[i].tool(llm, call->args, out, err);
    }
    return err_set(err, ERR_INPUT, "there is no such tool");
}

/* 1: something came of it; 0: it was refused. */
static int answer(struct llm *llm, const struct talk_call *call, const char *note, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { .max = LLM_RESULT_MAX };
    struct err why = { 0 };
    int r = run_tool(llm, call, &out, &why);
    if (r < 0 && r != -ERR_INPUT) {
        *err = why;
        return r;
    }
    if (out.over) {
        out.max = 0;
        buf_text(&out, "\n[cut here]");
    }
    if (r < 0) {
        llm->refused++;
        buf_clear(&out);
        out.max = 0;
        buf_format(&out, "Refused: %s", why.text);
        judge_say(&llm->judge, "its call was refused: %.160s", why.text);
    }
    buf_text(&out, note);
    talk_answer(&llm->talk, call, buf_view(&out));
    return r == 0;
}

/* --- what it is told first */

static void print_counts(const struct bundle *bundle, struct buf *out)
{
    uint32_t counts[3] = { 0 };
    for (uint32_t i = 0; i < bundle->steps_count; i++)
        counts[bundle->steps[i].kind]++;
    buf_format(out,
        "The failure: %.*s, at the hook %.*s. There are %u failing cases, %u that must stay, and "
        "%u made to catch a repair that goes too far. You have %u requests.\n",
        (int)bundle->cluster.size, bundle->cluster.at, (int)bundle->hook.size, bundle->hook.at,
        counts[BUNDLE_FAIL], counts[BUNDLE_PASS], counts[BUNDLE_OVERREACH], bundle->rounds);
}

/* Two failing cases, of two groups. */
static void print_cases(struct llm *llm, struct buf *out)
{
    const struct bundle *bundle = &llm->bundle;
    uint32_t shown = 0, group = UINT32_MAX;
    for (uint32_t i = 0; i < bundle->steps_count && shown < FIRST_CASES; i++) {
        const struct bundle_step *step = &bundle->steps[i];
        if (step->kind != BUNDLE_FAIL || step->group == group)
            continue;
        buf_char(out, '\n');
        llm_print_case(llm, step, out);
        group = step->group;
        shown++;
    }
}

static void say_first(struct llm *llm)
{
    CLEANUP(buf_done) struct buf out = { .max = FIRST_MAX };
    print_counts(&llm->bundle, &out);
    print_cases(llm, &out);
    talk_say(&llm->talk, "system", (struct str){ llm_task, llm_task_size });
    talk_say(&llm->talk, "user", buf_view(&out));
}

/* --- rounds */

/* 1: something came of it; 0: nothing did, and llm->why says what the last thing was. */
static int one_round(struct llm *llm, const struct talk_reply *reply, struct err *err)
{
    char note[120] = "";
    int useful = 0;
    if (reply->count == 0)
        talk_say(&llm->talk, "user",
            STR("Nothing came of that: text is not read. Call a tool; finish ends."));
    for (uint32_t i = 0; i < reply->count; i++) {
        if (i + 1 == reply->count)
            snprintf(note, sizeof note, "\n[request %u of %u%s]", llm->talk.asked,
                llm->bundle.rounds,
                reply->dropped ? "; more than 8 calls at once are left out" : "");
        int r = answer(llm, &reply->calls[i], note, err);
        if (r < 0)
            return r;
        useful |= r;
    }
    return useful;
}

static int rounds(struct llm *llm, struct err *err)
{
    uint32_t wasted = 0;
    const char *why = NULL;
    while (!llm->finished && wasted < LLM_WASTED_MAX && llm->talk.asked < llm->bundle.rounds) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct talk_reply reply;
        int r = talk_ask(&llm->talk, &llm->judge, llm->tools, &arena, &reply, &why, err);
        if (r < 0)
            return r;
        if (r == 1) {
            snprintf(llm->why, sizeof llm->why, "%s", why);
            return 0;
        }
        if ((r = one_round(llm, &reply, err)) < 0)
            return r;
        wasted = r ? 0 : wasted + 1;
    }
    if (wasted == LLM_WASTED_MAX)
        snprintf(llm->why, sizeof llm->why,
            "%u of its replies in a row came to nothing: no call, or none that could be carried "
            "out",
            wasted);
    else if (!llm->finished)
        snprintf(llm->why, sizeof llm->why, "its %u requests are used up", llm->bundle.rounds);
    return 0;
}

/* --- the whole */

static int hand_in(struct llm *llm, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < llm->kept_count; i++)
        r = judge_send(&llm->judge, PROPOSER_PROPOSE, llm->kept[i].proposal, err);
    buf_text(&out, "{\"why\":");
    json_quote(&out, str_of(llm->why));
    buf_format(&out, ",\"requests\":%u,\"refused\":%u,\"tried\":%u,\"kept\":%u,\"seconds\":%.1f}",
        llm->talk.asked, llm->refused, llm->judge.tried, llm->kept_count,
        judge_seconds(&llm->judge));
    return r < 0 ? r : judge_send(&llm->judge, PROPOSER_STOP, buf_view(&out), err);
}

static int begin(struct llm *llm, struct str text, int fd, struct err *err)
{
    int r = bundle_read(&llm->bundle, &llm->arena, text, err);
    if (r < 0)
        return r;
    judge_begin(&llm->judge, &llm->arena, &llm->bundle, fd);
    llm->tools = (struct str){ llm_tools, llm_tools_size };
    llm_open_sources(llm);
    llm_open_past(llm);
    say_first(llm);
    return 0;
}

static void done(struct llm *llm)
{
    for (uint32_t i = 0; i < llm->sources_count; i++)
        syntax_free(llm->sources[i].syntax);
    talk_done(&llm->talk);
    judge_done(&llm->judge);
    arena_done(&llm->arena);
}

int llm_run(struct str bundle, int fd, struct err *err)
{
    struct llm *llm = mem_zero(1, sizeof *llm);
    int r = begin(llm, bundle, fd, err);
    if (r == 0)
        r = rounds(llm, err);
    if (r == 0)
        r = hand_in(llm, err);
    done(llm);
    free(llm);
    return r;
}
