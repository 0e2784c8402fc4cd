/* permit_effect - see permit_effect.h. */
#include "broker/permit_effect.h"

#include "base/mem.h"
#include "broker/toolbox.h"

enum { WAIT_MAX_MS = 5 * 60 * 1000 };

/* --- the rules, each a sentence and a test */

static bool is_open(const struct permit_facts *f)
{
    return f->turn_open;
}
static bool is_leased(const struct permit_facts *f)
{
    return f->lease_current;
}
static bool is_alone(const struct permit_facts *f)
{
    return !f->busy;
}
static bool is_formed(const struct permit_facts *f)
{
    return f->form;
}
static bool is_hosted(const struct permit_facts *f)
{
    return !f->gateway;
}
static bool knows_model(const struct permit_facts *f)
{
    return f->model_known;
}
static bool is_its_call(const struct permit_facts *f)
{
    return f->call_open;
}
static bool nests_where_it_may(const struct permit_facts *f)
{
    return !f->tool_nested || !f->gateway;
}
static bool is_not_denied(const struct permit_facts *f)
{
    return f->tool != TOOL_DENY;
}
static bool has_consent(const struct permit_facts *f)
{
    return f->tool != TOOL_ASK || f->consented;
}
static bool nested_has_consent(const struct permit_facts *f)
{
    return !f->tool_nested || (is_not_denied(f) && has_consent(f));
}
static bool waits_little(const struct permit_facts *f)
{
    return f->wait_ms <= WAIT_MAX_MS;
}
static bool within(uint64_t used, uint64_t max)
{
    return max == 0 || used < max;
}
static bool has_steps(const struct permit_facts *f)
{
    return within(f->steps, f->steps_max);
}
static bool has_tokens(const struct permit_facts *f)
{
    return within(f->tokens, f->tokens_max);
}
static bool has_time(const struct permit_facts *f)
{
    return within(f->seconds, f->seconds_max);
}
static bool has_money(const struct permit_facts *f)
{
    return within(f->usd, f->usd_max);
}

#define ON(kind) (1u << (kind))
#define EVERY                                                                                      \
    (ON(WIRE_MODEL) | ON(WIRE_HAND) | ON(WIRE_TOOL) | ON(WIRE_NESTED) | ON(WIRE_PERSON) |          \
        ON(WIRE_WAIT))
#define WORKS (EVERY & ~ON(WIRE_HAND)) /* what is said at a limit must still get out */

/* In this order: the first that does not hold decides. */
static const struct rule {
    uint32_t kinds;
    bool (*holds)(const struct permit_facts *facts);
    enum permit_answer otherwise;
    const char *why;
} rules[] = {
    { EVERY, is_leased, PERMIT_BREACH, "the lease is not this worker's" },
    { EVERY, is_open, PERMIT_BREACH, "no turn is open under this lease" },
    { EVERY, is_alone, PERMIT_BREACH, "another effect of the turn is on its way" },
    { EVERY, is_formed, PERMIT_BREACH, "it names what is not there" },
    { ON(WIRE_MODEL), knows_model, PERMIT_BREACH, "no model has that number" },
    { ON(WIRE_TOOL) | ON(WIRE_PERSON), is_hosted, PERMIT_BREACH,
        "the tools of a gateway session are its client's" },
    { ON(WIRE_NESTED), nests_where_it_may, PERMIT_NO,
        "the tools of a gateway session are its client's" },
    { ON(WIRE_TOOL), is_its_call, PERMIT_BREACH,
        "the model made no such call, or it has its result" },
    { ON(WIRE_TOOL), is_not_denied, PERMIT_NO, "moult.json denies this tool" },
    { ON(WIRE_NESTED), nested_has_consent, PERMIT_NO,
        "moult.json does not allow this tool without asking" },
    { ON(WIRE_WAIT), waits_little, PERMIT_NO, "a wait is at most five minutes" },
    { WORKS, has_time, PERMIT_LIMIT, "the turn has had its time (limits.seconds)" },
    { ON(WIRE_MODEL), has_steps, PERMIT_LIMIT,
        "as many model requests as a turn may make (limits.steps)" },
    { ON(WIRE_MODEL) | ON(WIRE_NESTED), has_tokens, PERMIT_LIMIT,
        "the turn has had its tokens (limits.tokens)" },
    { ON(WIRE_MODEL) | ON(WIRE_NESTED), has_money, PERMIT_LIMIT,
        "the turn has had its money (limits.usd)" },
    { ON(WIRE_TOOL), has_consent, PERMIT_ASK, "moult.json wants a person's word for this tool" },
};

struct permit_verdict permit_effect(const struct permit_facts *facts)
{
    if (facts->kind < WIRE_MODEL || facts->kind > WIRE_WAIT)
        return (struct permit_verdict){ PERMIT_BREACH, "no such kind of effect" };
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        if ((rules[i].kinds & ON(facts->kind)) && !rules[i].holds(facts))
            return (struct permit_verdict){ rules[i].otherwise, rules[i].why };
    return (struct permit_verdict){ PERMIT_YES, "" };
}
