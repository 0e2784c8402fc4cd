/* changes.c: which literals of a plugin could have another value, and which values. */
#include "propose/changes.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static const char source[] =
    "/* calls - of this test. */\n"
    "#include \"moult.h\"\n\n"
    "enum { MANY = 20, UNUSED = 7 };\n"
    "static const int sizes[4] = { 1, 2 };\n\n"
    "static uint32_t bound(uint32_t n)\n"
    "{\n"
    "    static const uint32_t first = 11;\n"
    "    uint32_t room[6] = { 0 };\n"
    "    switch (n) {\n"
    "    case 13:\n"
    "        return 17;\n"
    "    }\n"
    "    return first + room[0];\n"
    "}\n\n"
    "static moult_action look(moult_turn *turn, moult_call *call)\n"
    "{\n"
    "    if (moult_past(turn, call, MOULT_SAME_ARGS | MOULT_FAILED) > MANY + bound(MANY))\n"
    "        return MOULT_DENY;\n"
    "    if (call && (turn || call->failed))\n"
    "        return MOULT_DENY;\n"
    "    if (call->args)\n"
    "        return MOULT_DENY;\n"
    "    moult_parse(turn, call->raw, MOULT_STRICT);\n"
    "    return MOULT_PASS;\n"
    "}\n\n"
    "MOULT_EXPORT const struct moult_plugin moult_plugin = {\n"
    "    .abi = MOULT_ABI,\n"
    "    .before_tool = look,\n"
    "};\n";
static const char order[] = "static const struct moult_place places[] = "
                            "{ { MOULT_BEFORE_TOOL, \"calls\" } };\n";

static struct arena arena;
static struct bundle_plugin plugin;
static struct bundle bundle;
static struct vocabulary vocabulary;
static struct mined mined;
static struct pool pool;
static struct target target;
static struct change changes[CHANGES_MAX];
static uint32_t count;

static int set_up(void **state)
{
    (void)state;
    struct err err;
    plugin = (struct bundle_plugin){ STR("calls"), STR("plugins/calls/calls.c"), str_of(source),
        json_read(&arena, STR("[\"before_tool\"]"), NULL, NULL) };
    bundle = (struct bundle){ .hook = STR("before_tool"),
        .plugins = &plugin,
        .plugins_count = 1,
        .pipeline = str_of(order) };
    vocabulary_read(&vocabulary, NULL, 0);
    pool_begin(&pool, &arena, &vocabulary, vocabulary_hook(bundle.hook), &mined);
    if (target_find(&target, &arena, &bundle, &err) < 0)
        fail_msg("%s", err.text);
    count = changes_list(&target, &pool, &arena, changes);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    target_done(&target);
    arena_done(&arena);
    return 0;
}

static const struct change *find(const char *was)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(changes[i].was, str_of(was)))
            return &changes[i];
    return NULL;
}

static bool has(const struct change *change, const char *value)
{
    for (uint32_t i = 0; i < change->values_count; i++)
        if (str_equal(change->values[i], str_of(value)))
            return true;
    return false;
}

static void an_enumerator_is_read_where_its_name_stands(void **state)
{
    (void)state;
    const struct change *many = find("20");
    assert_non_null(many);
    assert_true(str_equal(many->name, STR("MANY")));
    assert_int_equal(many->uses_count, 2);
    assert_true(str_equal(many->values[0], STR("3"))); /* the prior of thresholds */
    assert_true(has(many, "19") && has(many, "21") && has(many, "40"));
    assert_false(has(many, "20"));
    assert_null(find("7"));
}

static void flags_become_others_of_their_set(void **state)
{
    (void)state;
    const struct change *past = find("MOULT_SAME_ARGS | MOULT_FAILED");
    assert_non_null(past);
    assert_true(has(past, "MOULT_SAME_ARGS"));
    assert_true(has(past, "MOULT_SAME_NAME | MOULT_SAME_ARGS | MOULT_FAILED | MOULT_IN_A_ROW"));
    assert_false(has(past, "MOULT_IN_A_ROW"));
    assert_false(has(past, "MOULT_LENIENT"));
    const struct change *parse = find("MOULT_STRICT");
    assert_int_equal(parse->values_count, 1);
    assert_true(has(parse, "MOULT_LENIENT"));
    assert_null(find("MOULT_DENY"));
}

static void what_must_be_constant_stays(void **state)
{
    static const char *const rows[] = { "4", "1", "2", "11", "6", "13" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_null(find(rows[i]));
    assert_non_null(find("17"));
}

static void conditions_are_negated_or_lose_a_half(void **state)
{
    (void)state;
    struct change conditions[CHANGES_MAX];
    assert_int_equal(changes_conditions(&target, &arena, conditions), 3);
    const struct change *both = &conditions[1], *one = &conditions[2];
    assert_true(str_equal(both->was, STR("(call && (turn || call->failed))")));
    assert_int_equal(both->values_count, 3);
    assert_true(str_equal(both->values[0], STR("(!(call && (turn || call->failed)))")));
    assert_true(has(both, "(call)") && has(both, "((turn || call->failed))"));
    assert_int_equal(one->values_count, 1);
    assert_true(has(one, "(!(call->args))"));
    CLEANUP(buf_done) struct buf out = { 0 };
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    struct err err;
    struct insertion none = { 0 };
    changes_print(&out, &target, &arena, conditions, 3, &none, STR(""));
    if (syntax_parse(&syntax, "trial", buf_view(&out), NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_non_null(strstr(out.at, "!!((call->args))")); /* a pointer beside a number */
}

static void the_trial_source_parses(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    struct err err;
    struct insertion insertion = { STR("static int above;\n"), STR("\n    above++;") };
    changes_print(&out, &target, &arena, changes, count, &insertion, STR("int behind;\n"));
    if (syntax_parse(&syntax, "trial", buf_view(&out), NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_non_null(strstr(out.at, "case 13:"));
    assert_non_null(strstr(out.at, "enum { MANY = 20, UNUSED = 7 };"));
    assert_non_null(strstr(out.at, "? (MANY) : search_holes["));
    assert_true(strstr(out.at, "static uint16_t search_holes[") < strstr(out.at, "enum {"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            an_enumerator_is_read_where_its_name_stands, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flags_become_others_of_their_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_must_be_constant_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(conditions_are_negated_or_lose_a_half, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_trial_source_parses, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
