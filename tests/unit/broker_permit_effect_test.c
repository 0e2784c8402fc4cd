/* permit_effect.c: each rule, alone broken in facts that are otherwise fine, decides. */
#include "broker/permit_effect.h"
#include "broker/toolbox.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static struct permit_facts fine(uint8_t kind, bool gateway)
{
    return (struct permit_facts){ .kind = kind,
        .gateway = gateway,
        .turn_open = true,
        .lease_current = true,
        .form = true,
        .model_known = true,
        .call_open = true,
        .tool = TOOL_ALLOW,
        .steps = 3,
        .steps_max = 4,
        .tokens = 99,
        .tokens_max = 100,
        .seconds = 9,
        .seconds_max = 10,
        .usd = 1,
        .usd_max = 2,
        .wait_ms = 1000 };
}

static void everything_that_is_in_order_is_allowed(void **state)
{
    static const struct {
        uint8_t kind;
        bool gateway;
    } rows[] = { { WIRE_MODEL, true }, { WIRE_MODEL, false }, { WIRE_HAND, true },
        { WIRE_HAND, false }, { WIRE_TOOL, false }, { WIRE_NESTED, true }, { WIRE_NESTED, false },
        { WIRE_PERSON, false }, { WIRE_WAIT, true }, { WIRE_WAIT, false } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct permit_facts facts = fine(rows[i].kind, rows[i].gateway);
        struct permit_verdict verdict = permit_effect(&facts);
        if (verdict.answer != PERMIT_YES)
            fail_msg("kind %u: %s", rows[i].kind, verdict.why);
    }
}

#define ROW(sentence, kind, gateway, change, want)                                                 \
    {                                                                                              \
        sentence, kind, gateway, break_##change, want                                              \
    }
#define BREAK(name, statement)                                                                     \
    static void break_##name(struct permit_facts *f)                                               \
    {                                                                                              \
        statement;                                                                                 \
    }
BREAK(lease, f->lease_current = false)
BREAK(open, f->turn_open = false)
BREAK(busy, f->busy = true)
BREAK(form, f->form = false)
BREAK(model, f->model_known = false)
BREAK(nothing, (void)f)
BREAK(call, f->call_open = false)
BREAK(denied, f->tool = TOOL_DENY)
BREAK(ask, f->tool = TOOL_ASK)
BREAK(nested_ask, (f->tool = TOOL_ASK, f->tool_nested = true))
BREAK(nested, f->tool_nested = true)
BREAK(wait, f->wait_ms = 301000)
BREAK(steps, f->steps = 4)
BREAK(tokens, f->tokens = 100)
BREAK(seconds, f->seconds = 10)
BREAK(usd, f->usd = 2)
BREAK(kind, f->kind = 77)

static const struct row {
    const char *name;
    uint8_t kind;
    bool gateway;
    void (*change)(struct permit_facts *facts);
    enum permit_answer want;
} rows[] = {
    ROW("another worker's lease", WIRE_MODEL, true, lease, PERMIT_BREACH),
    ROW("another worker's lease hands an answer", WIRE_HAND, true, lease, PERMIT_BREACH),
    ROW("a turn that is over", WIRE_HAND, true, open, PERMIT_BREACH),
    ROW("two effects at once", WIRE_MODEL, true, busy, PERMIT_BREACH),
    ROW("numbers of what is not there", WIRE_MODEL, true, form, PERMIT_BREACH),
    ROW("a model that nobody has", WIRE_MODEL, true, model, PERMIT_BREACH),
    ROW("a client's tool is not carried out here", WIRE_TOOL, true, nothing, PERMIT_BREACH),
    ROW("nobody sits at a gateway", WIRE_PERSON, true, nothing, PERMIT_BREACH),
    ROW("a call that the model did not make", WIRE_TOOL, false, call, PERMIT_BREACH),
    ROW("a tool that is denied", WIRE_TOOL, false, denied, PERMIT_NO),
    ROW("a tool that wants a yes", WIRE_TOOL, false, ask, PERMIT_ASK),
    ROW("a hook's own call of one that wants a yes", WIRE_NESTED, false, nested_ask, PERMIT_NO),
    ROW("a hook's own call in a gateway session", WIRE_NESTED, true, nested, PERMIT_NO),
    ROW("a very long wait", WIRE_WAIT, true, wait, PERMIT_NO),
    ROW("no steps left", WIRE_MODEL, true, steps, PERMIT_LIMIT),
    ROW("no tokens left", WIRE_MODEL, true, tokens, PERMIT_LIMIT),
    ROW("no tokens left for a hook's prompt", WIRE_NESTED, true, tokens, PERMIT_LIMIT),
    ROW("no time left", WIRE_TOOL, false, seconds, PERMIT_LIMIT),
    ROW("no time left for a wait", WIRE_WAIT, true, seconds, PERMIT_LIMIT),
    ROW("no money left", WIRE_MODEL, true, usd, PERMIT_LIMIT),
    ROW("what is said at a limit still gets out", WIRE_HAND, true, seconds, PERMIT_YES),
    ROW("no such kind", WIRE_MODEL, true, kind, PERMIT_BREACH),
};

static void each_rule_decides_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct permit_facts facts = fine(rows[i].kind, rows[i].gateway);
        rows[i].change(&facts);
        struct permit_verdict verdict = permit_effect(&facts);
        if (verdict.answer != rows[i].want)
            fail_msg("%s: got %d (%s), wanted %d", rows[i].name, verdict.answer, verdict.why,
                rows[i].want);
    }
}

static void a_limit_of_nothing_is_none(void **state)
{
    struct permit_facts facts = fine(WIRE_MODEL, true);
    (void)state;
    facts.steps = facts.tokens = facts.seconds = facts.usd = UINT32_MAX;
    facts.steps_max = facts.tokens_max = facts.seconds_max = facts.usd_max = 0;
    assert_int_equal(permit_effect(&facts).answer, PERMIT_YES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_that_is_in_order_is_allowed),
        cmocka_unit_test(each_rule_decides_alone),
        cmocka_unit_test(a_limit_of_nothing_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
