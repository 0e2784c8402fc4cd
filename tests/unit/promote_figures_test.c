/* figures.c, heard.c: what is counted of testimony, and what is said of figures. */
#include "promote/figures.h"
#include "promote/heard.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>
#include <string.h>

#define GENERATION "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ELSEWHERE "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define GUARD "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define ROUTER "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

/* A letter an entry: the model is asked (m; n: the other one; x: by another generation), the guard
 * denies (d), says something (s), the router tries again (r); junk (j). */
static const struct row {
    const char *name, *entries;
    uint32_t replies, fired, asked, followed; /* of the guard with the first model */
} rows[] = {
    { "nothing is heard of nothing", "", 0, 0, 0, 0 },
    { "who is asked counts", "mmm", 3, 0, 0, 0 },
    { "another generation's replies are not its own", "mxm", 2, 0, 0, 0 },
    { "the other model's are not the first one's", "mnn", 1, 0, 0, 0 },
    { "a denial that nothing comes behind says nothing", "md", 1, 1, 0, 0 },
    { "a denial with a reply behind it was followed", "mdm", 2, 1, 1, 1 },
    { "one with the same again was not", "mdmd", 2, 2, 1, 0 },
    { "two that were not, one that was", "mdmdmdm", 4, 3, 3, 1 },
    { "what is said asks for nothing", "msm", 2, 1, 0, 0 },
    { "another plugin's retry is no repetition", "mdmr", 2, 1, 1, 1 },
    { "it counts with the model that was asked then", "mdn", 1, 1, 1, 1 },
    { "what cannot be read is no entry", "mjdjm", 2, 1, 1, 1 },
    { "a hook before any request belongs to no model", "dm", 1, 0, 0, 0 },
};

static struct journal_entry entry_of(char letter)
{
    static const struct {
        char letter;
        const char *kind, *data;
    } known[] = {
        { 'm', "effect",
            "{\"effect\":\"model\",\"generation\":\"" GENERATION "\",\"asked\":{\"number\":0}}" },
        { 'n', "effect",
            "{\"effect\":\"model\",\"generation\":\"" GENERATION "\",\"asked\":{\"number\":1}}" },
        { 'x', "effect",
            "{\"effect\":\"model\",\"generation\":\"" ELSEWHERE "\",\"asked\":{\"number\":0}}" },
        { 'd', "hook", "{\"action\":\"deny\",\"build\":\"" GUARD "\"}" },
        { 's', "hook", "{\"action\":\"pass\",\"build\":\"" GUARD "\"}" },
        { 'r', "hook", "{\"action\":\"retry\",\"build\":\"" ROUTER "\"}" },
        { 'j', "hook", "{\"action\":7,\"build\":\"guard\"}" },
    };
    for (unsigned i = 0; i < COUNT_OF(known); i++)
        if (known[i].letter == letter)
            return (struct journal_entry){ .kind = str_of(known[i].kind),
                .data = str_of(known[i].data) };
    fail_msg("no entry %c", letter);
    return (struct journal_entry){ 0 };
}

static bool stands(void *with, uint32_t plugin, const struct digest *generation)
{
    struct digest here;
    (void)with;
    (void)plugin;
    assert_int_equal(hash_unhex(&here, STR(GENERATION), NULL), 0);
    return hash_equal(&here, generation);
}

static struct str alias(void *with, uint32_t number)
{
    (void)with;
    return number == 0 ? STR("main") : STR("spare");
}

static void begin(struct figures *figures)
{
    *figures = (struct figures){ .plugins = { STR("guard"), STR("router") }, .plugins_count = 2 };
    assert_int_equal(hash_unhex(&figures->builds[0], STR(GUARD), NULL), 0);
    assert_int_equal(hash_unhex(&figures->builds[1], STR(ROUTER), NULL), 0);
    figures_begin(figures);
}

static void what_hooks_say_is_counted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        struct figures figures;
        begin(&figures);
        struct heard heard = { .figures = &figures, .stands = stands, .alias = alias };
        uint32_t first = figures_model(&figures, STR("main"));
        for (const char *at = rows[i].entries; *at; at++) { /* a page each */
            struct journal_entry entry = entry_of(*at);
            heard_add(&heard, &entry, 1);
        }
        heard_end(&heard);
        const struct figure *got = figures_row(&figures, 0, first);
        if (got->replies != rows[i].replies || got->fired != rows[i].fired ||
            got->asked != rows[i].asked || got->followed != rows[i].followed)
            fail_msg("%s: %u replies, %u fired, %u asked, %u followed", rows[i].name, got->replies,
                got->fired, got->asked, got->followed);
        figures_done(&figures);
    }
}

static const struct judged {
    const char *name;
    struct figure figure;
    enum figure_verdict want;
} judged[] = {
    { "nothing is known of nothing", { .replies = 0 }, FIGURE_TOO_LITTLE },
    { "nineteen replies say nothing", { .replies = 19 }, FIGURE_TOO_LITTLE },
    { "twenty without it say that it is unused", { .replies = 20 }, FIGURE_UNUSED },
    { "as many groups that were replayed do", { .groups = 20 }, FIGURE_UNUSED },
    { "one that fired is not unused", { .replies = 20, .fired = 1 }, FIGURE_TOO_LITTLE },
    { "asked five times, followed never", { .fired = 5, .asked = 5 }, FIGURE_NOT_FOLLOWED },
    { "asked four times: too little", { .fired = 4, .asked = 4 }, FIGURE_TOO_LITTLE },
    { "followed half of the time", { .fired = 20, .asked = 20, .followed = 10 },
        FIGURE_TOO_LITTLE },
    { "five groups are better, none is worse", { .groups = 30, .better = 5 }, FIGURE_USEFUL },
    { "four are: it could be chance", { .groups = 30, .better = 4 }, FIGURE_TOO_LITTLE },
    { "as many are worse as are better", { .groups = 30, .better = 3, .worse = 3 },
        FIGURE_USELESS },
    { "it fires and nothing is better", { .replies = 50, .fired = 9, .groups = 9 },
        FIGURE_USELESS },
};

static void figures_are_judged_by_their_bounds(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(judged); i++)
        if (figure_judge(&judged[i].figure) != judged[i].want)
            fail_msg(
                "%s: %s", judged[i].name, figure_verdict_words[figure_judge(&judged[i].figure)]);
    for (unsigned i = 0; i < FIGURE_VERDICTS; i++)
        assert_non_null(figure_verdict_words[i]);
}

static void the_difference_lies_between_its_bounds(void **state)
{
    (void)state;
    struct figure_bounds got;
    figure_bounds(&got, &(struct figure){ .groups = 20, .better = 10, .worse = 1 });
    assert_true(got.difference > .449 && got.difference < .451);
    assert_true(got.difference_at_least > 0 && got.difference_at_least < got.difference);
    assert_true(got.difference_at_most > got.difference && got.difference_at_most < 1);
    figure_bounds(&got, &(struct figure){ 0 });
    assert_true(got.difference_at_least <= -1 && got.difference_at_most >= 1);
    assert_true(got.fired_at_most >= 1);
}

/* Useful with one model: it stays, whatever it is with others. */
static void one_that_is_useful_nowhere_could_go(void **state)
{
    (void)state;
    const struct figure idle = { .groups = 30 }, useful = { .groups = 30, .better = 30 },
                        little = { .groups = 3 };
    const struct {
        struct figure with[2];
        bool could;
    } plugins[] = { { { idle, idle }, true }, { { idle, little }, true },
        { { idle, useful }, false }, { { little, little }, false }, { { useful, little }, false } };
    for (size_t i = 0; i < COUNT_OF(plugins); i++) {
        struct figures figures;
        begin(&figures);
        for (uint32_t k = 0; k < 2; k++) {
            struct figure *row =
                figures_row(&figures, 0, figures_model(&figures, k ? STR("b") : STR("a")));
            row->groups = plugins[i].with[k].groups;
            row->better = plugins[i].with[k].better;
        }
        if (figures_could_go(&figures, 0) != plugins[i].could)
            fail_msg("row %zu", i);
        figures_done(&figures);
    }
}

static void too_many_models_are_one(void **state)
{
    (void)state;
    struct figures figures;
    char name[16];
    begin(&figures);
    for (unsigned i = 0; i < 2 * FIGURES_MODELS_MAX; i++) {
        snprintf(name, sizeof name, "model-%u", i);
        uint32_t number = figures_model(&figures, str_of(name));
        assert_int_equal(number, i < FIGURES_MODELS_MAX ? i : FIGURES_MODELS_MAX - 1);
    }
    assert_true(str_equal(figures.models[FIGURES_MODELS_MAX - 1], STR("others")));
    assert_int_equal(figures_model(&figures, STR("model-3")), 3);
    figures_done(&figures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_hooks_say_is_counted),
        cmocka_unit_test(figures_are_judged_by_their_bounds),
        cmocka_unit_test(the_difference_lies_between_its_bounds),
        cmocka_unit_test(one_that_is_useful_nowhere_could_go),
        cmocka_unit_test(too_many_models_are_one),
    };
    return cmocka_run_group_tests_name("figures", tests, NULL, NULL);
}
