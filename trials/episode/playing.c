/* playing - what was seen of a play, as facts for graders. */
#include "trials/episode/playing.h"

#include "base/mem.h"

/* The conversation as it came to be. */
static int make_run(struct playing *p, struct run **ret, struct err *err)
{
    struct run *run = run_new(p->arena);
    run->tools = p->run->tools;
    run->offered = p->run->offered;
    for (uint32_t i = 0; i < p->talk.count; i++) {
        int rc = run_add(run, p->talk.messages[i].bytes, p->talk.messages[i].failed, err);
        if (rc < 0)
            return rc;
    }
    run_seal(run);
    run->session = p->of->id;
    run->group = p->of->origin.group;
    run->origin = STR("case");
    *ret = run;
    return 0;
}

/* The next call that was asked for, if it is this one of the model's: they were in their order. A
 * hook may have given it other arguments, or another name; its id stays. */
static const struct said_answer *carried(
    const struct playing *p, uint32_t *next, const struct run_call *call)
{
    while (*next < p->answers_count && p->answers[*next].kind != WIRE_TOOL)
        ++*next;
    const struct said_answer *answer = &p->answers[*next];
    if (*next == p->answers_count || !str_equal(answer->id, call->id))
        return NULL;
    ++*next;
    return answer;
}

/* In the order in which they were asked for. One that was not carried out a hook has denied. */
static void add_calls(struct playing *p, const struct run *run)
{
    struct run_cursor cursor = { 0 };
    struct run_at at;
    uint32_t next = 0;
    while (run_next_call(run, &cursor, &at)) {
        if (at.step < p->first)
            continue;
        const struct said_answer *answer = carried(p, &next, at.call);
        const struct facts_call call = { .tool = answer ? answer->name : at.call->name,
            .args = answer ? answer->args : at.call->args,
            .result = answer ? answer->bytes : (struct str){ 0 },
            .denied = !answer,
            .carried = answer && answer->carried,
            .failed = answer && answer->failed };
        facts_add_call(&p->episode->facts, &p->making, &call);
    }
}

/* Servers are asked only for who grades it: to ask one starts it. */
static int ask_state(struct playing *p, struct err *err)
{
    bool graded = false, known = true;
    int rc = 0;
    for (uint32_t i = 0; !p->plan->again && i < p->of->grades_count; i++)
        graded |= p->of->grades[i].check == CASE_STATE;
    if (graded)
        rc = world_ask(p->episode->world, &known, err);
    if (rc == 0 && known && !p->plan->again)
        p->episode->facts.known |= FACTS_STATE;
    world_rest(p->episode->world);
    return rc;
}

static bool is_compared(const struct trial_case *of)
{
    bool wanted = false;
    for (uint32_t i = 0; i < of->grades_count; i++)
        wanted |= of->grades[i].check == CASE_DETECTOR && of->grades[i].want == CASE_WANT_RESOLVED;
    return wanted && of->model.recorded;
}

int playing_facts(struct playing *p, struct err *err)
{
    struct facts *facts = &p->episode->facts;
    struct run *run, *recorded;
    if (make_run(p, &run, err) < 0) { /* the worker settled it */
        facts->abnormal = true;
        facts->why =
            str_of(arena_format(p->arena, "the worker settles what is no message: %s", err->text));
        run = p->run;
    }
    facts->run = run;
    if (is_compared(p->of) &&
        case_run(&recorded, &facts->recorded_first, p->of, p->arena, err) == 0)
        facts->recorded = recorded;
    facts->first = p->first;
    add_calls(p, run);
    facts->known = FACTS_ASKED | FACTS_CARRIED | FACTS_TEXTS | FACTS_COST;
    if (!p->cut)
        facts->known |= FACTS_END;
    int rc = ask_state(p, err);
    if (rc < 0)
        return rc;
    facts->state = world_state(p->episode->world, p->arena, err);
    if (!facts->state)
        return -err->code;
    facts->state_digest = facts_state_digest(facts->state);
    facts->workspace = world_workspace(p->episode->world);
    if (facts->workspace)
        facts->known |= FACTS_WORKSPACE;
    return 0;
}
