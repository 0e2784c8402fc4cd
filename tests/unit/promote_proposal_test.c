/* proposal.c: what is read of a proposer's document, what is refused, and where edits land. */
#include "promote/proposal.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define EDITS "[{\"from\":0,\"to\":3,\"text\":\"x\"},{\"from\":5,\"to\":5,\"text\":\"y\"}]"
#define CONTRACT                                                                                   \
    "{\"hypothesis\":\"h\",\"blamed\":[\"f\",\"g\"],\"predicts\":{\"fixes\":[4,0],\"risks\":"      \
    "[\"r\"]},\"falsified_by\":\"n\",\"cost\":{\"judged\":12,\"seconds\":0.5}}"
#define WHOLE(edits, contract, more)                                                               \
    "{\"schema\":1,\"proposer\":\"search\",\"cluster\":\"leak_tagged\",\"plugin\":\"replies\","    \
    "\"path\":\"plugins/replies/replies.c\",\"edits\":" edits ",\"contract\":" contract            \
    ",\"ingredients\":[\"cut\",\"get\"],\"score\":-2.5" more "}"

static int read_text(struct proposal *ret, struct arena *arena, const char *text, struct err *err)
{
    *err = (struct err){ 0 };
    return proposal_read(ret, str_of(text), arena, err);
}

static void every_member_is_read(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct proposal p;
    struct err err;
    if (read_text(&p, &arena, WHOLE(EDITS, CONTRACT, ""), &err) < 0)
        fail_msg("%s %s", err.text, err.where);
    assert_true(str_equal(p.proposer, STR("search")));
    assert_true(str_equal(p.cluster, STR("leak_tagged")));
    assert_true(str_equal(p.plugin, STR("replies")));
    assert_true(str_equal(p.path, STR("plugins/replies/replies.c")));
    assert_int_equal(p.edits_count, 2);
    assert_int_equal(p.edits[1].from, 5);
    assert_true(str_equal(p.edits[0].text, STR("x")));
    assert_true(str_equal(p.hypothesis, STR("h")));
    assert_true(str_equal(p.falsified_by, STR("n")));
    assert_int_equal(p.blamed_count, 2);
    assert_int_equal(p.risks_count, 1);
    assert_int_equal(p.fixes_count, 2);
    assert_int_equal(p.fixes[0], 4);
    assert_null(p.risk_steps); /* it may be left out: then nothing is said */
    assert_int_equal(p.ingredients_count, 2);
    assert_int_equal(p.judged, 12);
    assert_true(p.seconds == 0.5 && p.score == -2.5);
}

#define AT_RISK(steps)                                                                             \
    WHOLE(EDITS,                                                                                   \
        "{\"hypothesis\":\"h\",\"blamed\":[],\"predicts\":{\"fixes\":[],\"risks\":[],"             \
        "\"risk_steps\":" steps "},\"falsified_by\":\"n\",\"cost\":{\"judged\":1,\"seconds\":0}}", \
        "")

static void steps_at_risk_are_read(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct proposal p;
    struct err err;
    assert_int_equal(read_text(&p, &arena, AT_RISK("[7,3]"), &err), 0);
    assert_int_equal(p.risk_steps_count, 2);
    assert_int_equal(p.risk_steps[1], 3);
    assert_int_equal(read_text(&p, &arena, AT_RISK("[]"), &err), 0);
    assert_int_equal(p.risk_steps_count, 0);
    assert_non_null(p.risk_steps); /* none is something that is said */
}

static const struct row {
    const char *name, *text, *where; /* where: the path in the error, or a part of it */
} rows[] = {
    { "nothing", "", "" },
    { "no object", "[]", "" },
    { "no schema", "{}", "$" },
    { "two documents", WHOLE(EDITS, CONTRACT, "") "{}", "" },
    { "a member that is not known", WHOLE(EDITS, CONTRACT, ",\"approved\":true"), "$.approved" },
    { "a member twice", WHOLE(EDITS, CONTRACT, ",\"score\":1"), "" },
    { "no edit", WHOLE("[]", CONTRACT, ""), "$.edits" },
    { "edits that are no list", WHOLE("{}", CONTRACT, ""), "$.edits" },
    { "an edit without text", WHOLE("[{\"from\":0,\"to\":3}]", CONTRACT, ""), "$.edits[0]" },
    { "a place that is no number", WHOLE("[{\"from\":-1,\"to\":3,\"text\":\"\"}]", CONTRACT, ""),
        "$.edits[0].from" },
    { "half a byte", WHOLE("[{\"from\":0.5,\"to\":3,\"text\":\"\"}]", CONTRACT, ""),
        "$.edits[0].from" },
    { "backwards", WHOLE("[{\"from\":4,\"to\":3,\"text\":\"\"}]", CONTRACT, ""), "$.edits[0]" },
    { "one over the other",
        WHOLE("[{\"from\":0,\"to\":9,\"text\":\"\"},{\"from\":8,\"to\":9,\"text\":\"\"}]", CONTRACT,
            ""),
        "$.edits[1]" },
    { "out of order",
        WHOLE("[{\"from\":8,\"to\":9,\"text\":\"\"},{\"from\":0,\"to\":1,\"text\":\"\"}]", CONTRACT,
            ""),
        "$.edits[1]" },
    { "no contract", WHOLE(EDITS, "null", ""), "$.contract" },
    { "half a contract", WHOLE(EDITS, "{\"hypothesis\":\"h\"}", ""), "$.contract" },
    { "a step that is none",
        WHOLE(EDITS,
            "{\"hypothesis\":\"h\",\"blamed\":[],\"predicts\":{\"fixes\":[\"all\"],\"risks\":[]},"
            "\"falsified_by\":\"n\",\"cost\":{\"judged\":1,\"seconds\":0}}",
            ""),
        "$.contract.predicts.fixes[0]" },
    { "a risk that is no step", AT_RISK("[0.5]"), "$.contract.predicts.risk_steps[0]" },
    { "risks that are no list", AT_RISK("7"), "$.contract.predicts.risk_steps" },
    { "a cost without end",
        WHOLE(EDITS,
            "{\"hypothesis\":\"h\",\"blamed\":[],\"predicts\":{\"fixes\":[],\"risks\":[]},"
            "\"falsified_by\":\"n\",\"cost\":{\"judged\":1,\"seconds\":1e308}}",
            ""),
        "$.contract.cost.seconds" },
};

static void what_is_not_whole_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct proposal p;
        struct err err;
        print_message("%s\n", rows[i].name);
        if (read_text(&p, &arena, rows[i].text, &err) != -ERR_INPUT ||
            !strstr(err.where, rows[i].where))
            fail_msg("%s at %s", err.text, err.where);
    }
}

static char *repeated(struct arena *arena, const char *piece, unsigned count)
{
    struct buf list = { 0 };
    for (unsigned i = 0; i < count; i++)
        buf_format(&list, "%s%s", i ? "," : "", piece);
    char *text = arena_format(arena, WHOLE("[%s]", CONTRACT, ""), list.at);
    buf_done(&list);
    return text;
}

static void what_is_too_much_is_refused(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct proposal p;
    struct err err;
    const char *empty = "{\"from\":0,\"to\":0,\"text\":\"\"}";
    assert_int_equal(read_text(&p, &arena, repeated(&arena, empty, PROPOSAL_EDITS_MAX), &err), 0);
    assert_int_equal(
        read_text(&p, &arena, repeated(&arena, empty, PROPOSAL_EDITS_MAX + 1), &err), -ERR_LIMIT);
    struct buf steps = { 0 };
    for (unsigned i = 0; i <= PROPOSAL_RISKS_MAX; i++)
        buf_text(&steps, i ? ",1" : "1");
    const char *risky = arena_format(&arena, AT_RISK("[%s]"), steps.at);
    assert_int_equal(read_text(&p, &arena, risky, &err), -ERR_LIMIT);
    buf_done(&steps);
    char *large = mem_alloc(PROPOSAL_SIZE_MAX + 2);
    memset(large, ' ', PROPOSAL_SIZE_MAX + 1);
    large[PROPOSAL_SIZE_MAX + 1] = '\0';
    assert_int_equal(read_text(&p, &arena, large, &err), -ERR_LIMIT);
    mem_freep(&large);
}

static void edits_land_where_they_say(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    struct err err;
    struct patch_edit edits[] = { { 0, 3, STR("ABC") }, { 3, 3, STR("-") }, { 6, 8, STR("") } };
    struct proposal p = { .edits = edits, .edits_count = 3 };
    assert_int_equal(proposal_apply(&out, &p, STR("abcdefghi"), &err), 0);
    assert_string_equal(out.at, "ABC-defi");
    edits[2].to = 10;
    assert_int_equal(proposal_apply(&out, &p, STR("abcdefghi"), &err), -ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_read),
        cmocka_unit_test(what_is_not_whole_is_refused),
        cmocka_unit_test(steps_at_risk_are_read),
        cmocka_unit_test(what_is_too_much_is_refused),
        cmocka_unit_test(edits_land_where_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
