/* schema.c, target.c, patch_print.c: what is printed parses, stands in the right places, and reads
 * as a person would write it. */
#include "propose/search.h"
#include "propose/spell.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#define ORDER                                                                                      \
    "static const struct moult_place places[] = {\n"                                               \
    "    { MOULT_REPLY, \"replies\" }, { MOULT_BEFORE_TOOL, \"calls\" },\n"                        \
    "    { MOULT_ANSWER, \"replies\" }, { MOULT_MODEL_ERROR, \"router\" },\n};\n"

struct bench {
    struct arena arena;
    struct bundle bundle;
    struct bundle_plugin plugins[3];
    struct vocabulary vocabulary;
    struct mined mined;
    struct pool pool;
    struct actions actions;
    struct target target;
    struct atom atoms[POOL_ATOMS_MAX];
    uint32_t atoms_count;
};
static struct bench bench;

static struct bundle_plugin plugin(const char *name, const char *hook)
{
    struct buf source = { 0 };
    struct err err;
    char *path = arena_format(
        &bench.arena, "%s/examples/naive-harness/plugins/%s/%s.c", MOULT_SOURCE_DIR, name, name);
    if (file_read(path, &source, 1 << 20, &err) < 0)
        fail_msg("%s", err.text);
    struct str copy = { arena_string(&bench.arena, source.at, source.size), source.size };
    buf_done(&source);
    struct str hooks = str_of(arena_format(&bench.arena, "[\"%s\"]", hook));
    return (struct bundle_plugin){ str_of(name),
        str_of(arena_format(&bench.arena, "plugins/%s/%s.c", name, name)), copy,
        json_read(&bench.arena, hooks, NULL, NULL) };
}

/* No two values are the same, and changed copies are nothing: else the pool would be full. */
static void merge(void)
{
    static uint64_t prints[POOL_MAX];
    for (uint32_t i = 0; i < bench.pool.count; i++) {
        const struct expr *expr = &bench.pool.at[i];
        bool copy = expr->kind == EXPR_VERB && strcmp(expr->verb->name, "json_set") == 0;
        prints[i] = copy ? 0 : i + 1;
    }
    pool_merge(&bench.pool, prints);
}

/* The pool of a hook after some rounds. */
static void begin(const char *hook, unsigned rounds)
{
    struct err err;
    memset(&bench, 0, sizeof(bench));
    bench.plugins[0] = plugin("replies", "reply");
    bench.plugins[1] = plugin("calls", "before_tool");
    bench.plugins[2] = plugin("router", "model_error");
    bench.bundle = (struct bundle){
        .hook = str_of(hook), .plugins = bench.plugins, .plugins_count = 3, .pipeline = STR(ORDER)
    };
    bench.mined.keys[bench.mined.keys_count++] = STR("name");
    bench.mined.keys[bench.mined.keys_count++] = STR("arguments");
    bench.mined.tokens[bench.mined.tokens_count++] = STR("<a \"b\\c\"?\?/>");
    bench.mined.pairs[bench.mined.pairs_count++] = (struct mine_pair){ STR("<a>"), STR("</a>") };
    vocabulary_read(&bench.vocabulary, NULL, 0);
    pool_begin(
        &bench.pool, &bench.arena, &bench.vocabulary, vocabulary_hook(str_of(hook)), &bench.mined);
    for (unsigned i = 0; i < rounds; i++) {
        pool_grow(&bench.pool);
        merge();
        if (i == 0)
            pool_iterate(&bench.pool, &bench.mined);
    }
    schema_actions(&bench.actions, &bench.pool);
    if (target_find(&bench.target, &bench.arena, &bench.bundle, &err) < 0)
        fail_msg("%s", err.text);
}

static int tear_down(void **state)
{
    (void)state;
    target_done(&bench.target);
    arena_done(&bench.arena);
    return 0;
}

static uint16_t part(const char *name, uint32_t iterator)
{
    for (uint32_t i = 0; i < bench.pool.count; i++)
        if (bench.pool.at[i].kind == EXPR_PART && bench.pool.at[i].iterator == iterator &&
            strcmp(bench.pool.at[i].part->name, name) == 0)
            return (uint16_t)i;
    fail_msg("no part %s", name);
    return 0;
}

static uint16_t constant(const char *text)
{
    for (uint32_t i = 0; i < bench.pool.count; i++)
        if ((bench.pool.at[i].kind == EXPR_CONSTANT || bench.pool.at[i].kind == EXPR_FLAG) &&
            str_equal(bench.pool.at[i].text, str_of(text)))
            return (uint16_t)i;
    fail_msg("no constant %s", text);
    return 0;
}

static uint16_t verb(const char *name, uint16_t a, uint16_t b, uint16_t c)
{
    for (uint32_t i = 0; i < bench.pool.count; i++) {
        const struct expr *expr = &bench.pool.at[i];
        if (expr->kind == EXPR_VERB && strcmp(expr->verb->name, name) == 0 && expr->args[0] == a &&
            expr->args[1] == b && expr->args[2] == c)
            return (uint16_t)i;
    }
    fail_msg("no %s(%u, %u, %u)", name, a, b, c);
    return 0;
}

static uint16_t action(const char *name)
{
    for (uint32_t i = 1; i < bench.actions.count; i++)
        if (strcmp(bench.actions.at[i]->name, name) == 0)
            return (uint16_t)i;
    fail_msg("no action %s", name);
    return 0;
}

static uint32_t iterator(const char *name)
{
    for (uint32_t i = 1; i < bench.pool.iterators_count; i++)
        if (strcmp(bench.pool.iterators[i].verb->name, name) == 0)
            return i;
    fail_msg("no iterator %s", name);
    return 0;
}

/* The atom that is this verb with these first arguments. */
static uint16_t atom(const char *name, uint16_t a, uint16_t b, const char *value)
{
    for (uint32_t i = 0; i < bench.atoms_count; i++) {
        const struct expr *expr = &bench.pool.at[bench.atoms[i].expr];
        bool same = expr->kind == EXPR_VERB && strcmp(expr->verb->name, name) == 0 &&
                    expr->args[0] == a && expr->args[1] == b;
        if (same && (!value || strcmp(bench.atoms[i].value, value) == 0))
            return (uint16_t)i;
    }
    fail_msg("no atom %s", name);
    return 0;
}

static void parses(struct str source)
{
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    struct place place;
    struct err err;
    if (syntax_parse(&syntax, "patched", source, &place, &err) < 0)
        fail_msg(
            "%s at %u:%u\n%.*s", err.text, place.line, place.column, (int)source.size, source.at);
}

static char *patched(const struct patch *patch, struct printed *ret)
{
    struct buf source = { 0 };
    patch_print(ret, &bench.arena, &bench.pool, &bench.actions, &bench.target, patch);
    target_print(&source, &bench.target, &bench.arena, &ret->insertion, (struct str){ 0 });
    parses(buf_view(&source));
    char *copy = arena_string(&bench.arena, source.at, source.size);
    buf_done(&source);
    for (const char *line = copy; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        assert_true(strcspn(line, "\n") <= 100);
    return copy;
}

/* Calls out of objects in the text, as they would be found. */
static struct patch leak_patch(void)
{
    uint32_t loop = iterator("text_json");
    uint16_t value = part("it.value", loop), span = part("it.span", loop), text = part("text", 0);
    uint16_t arguments = verb("get", value, constant("arguments"), 0);
    uint16_t name = verb("text_of", verb("get", value, constant("name"), 0), 0, 0);
    uint16_t schema = verb("schema_of", name, POOL_NOTHING_TEXT, 0);
    uint16_t grown = verb("text_grow", text, span, constant("MOULT_GROW_PAIR"));
    bench.atoms_count = pool_atoms(&bench.pool, (uint8_t)loop, bench.atoms, POOL_ATOMS_MAX);
    struct patch patch = { .atoms = bench.atoms };
    uint16_t *holes = patch.body.holes;
    holes[HOLE_ITERATOR] = (uint16_t)loop;
    holes[HOLE_WAY] = action("call_add");
    holes[HOLE_WAY + 1] = name;
    holes[HOLE_WAY + 2] = arguments;
    holes[HOLE_WAY + HOLES_WAY] = action("cut");
    holes[HOLE_WAY + HOLES_WAY + 1] = grown;
    patch.condition.count = 2;
    patch.condition.at[0].atom = atom("fits", schema, arguments, NULL);
    patch.condition.at[1].atom = atom("span_edge", text, span, NULL);
    return patch;
}

static void a_loop_reads_as_a_person_would_write_it(void **state)
{
    (void)state;
    struct printed printed;
    begin("reply", 4);
    struct patch patch = leak_patch();
    patched(&patch, &printed);
    assert_string_equal(printed.insertion.above.at,
        "/* Each JSON object in the text that passes the checks becomes a call, and is cut from "
        "the text. */\n"
        "static void add_calls(moult_turn *turn)\n"
        "{\n"
        "    moult_text text = moult_body(turn);\n"
        "    for (moult_it it = { 0 }; moult_text_json(turn, text, &it);) {\n"
        "        const moult_json *arguments = moult_get(turn, it.value, "
        "moult_str(\"arguments\"));\n"
        "        moult_text name = moult_text_of(turn, moult_get(turn, it.value, "
        "moult_str(\"name\")));\n"
        "        if (!moult_fits(turn, moult_schema_of(turn, name, moult_str(\"\")), arguments))\n"
        "            continue;\n"
        "        if (!moult_span_edge(turn, text, it.span, MOULT_LINE_START))\n"
        "            continue;\n"
        "        moult_call_add(turn, name, arguments);\n"
        "        moult_cut(turn, moult_text_grow(turn, text, it.span, MOULT_GROW_PAIR));\n"
        "    }\n"
        "}\n\n");
    assert_string_equal(printed.insertion.entry.at, "\n    add_calls(turn);");
}

/* Where something else stands in the text, nothing is done. */
static void a_loop_acts_on_all_or_on_none(void **state)
{
    (void)state;
    struct printed printed;
    begin("reply", 4);
    struct patch patch = leak_patch();
    patch.whole = 8;
    patched(&patch, &printed);
    assert_string_equal(printed.insertion.above.at,
        "/* Each JSON object in the text becomes a call, and is cut from the text, if all pass "
        "the\n"
        " * checks, 8 at most. */\n"
        "static void add_calls(moult_turn *turn)\n"
        "{\n"
        "    moult_text text = moult_body(turn);\n"
        "    uint32_t count = 0;\n"
        "    for (moult_it it = { 0 }; moult_text_json(turn, text, &it);) {\n"
        "        const moult_json *arguments = moult_get(turn, it.value, "
        "moult_str(\"arguments\"));\n"
        "        moult_text name = moult_text_of(turn, moult_get(turn, it.value, "
        "moult_str(\"name\")));\n"
        "        if (!moult_fits(turn, moult_schema_of(turn, name, moult_str(\"\")), arguments))\n"
        "            return;\n"
        "        if (!moult_span_edge(turn, text, it.span, MOULT_LINE_START))\n"
        "            return;\n"
        "        count++;\n"
        "    }\n"
        "    if (count > 8)\n"
        "        return;\n"
        "    for (moult_it it = { 0 }; moult_text_json(turn, text, &it);) {\n"
        "        const moult_json *arguments = moult_get(turn, it.value, "
        "moult_str(\"arguments\"));\n"
        "        moult_text name = moult_text_of(turn, moult_get(turn, it.value, "
        "moult_str(\"name\")));\n"
        "        moult_call_add(turn, name, arguments);\n"
        "        moult_cut(turn, moult_text_grow(turn, text, it.span, MOULT_GROW_PAIR));\n"
        "    }\n"
        "}\n\n");
    patch.whole = WHOLE_ANY;
    patched(&patch, &printed);
    assert_non_null(strstr(printed.insertion.above.at, "            return;\n"));
    assert_null(strstr(printed.insertion.above.at, "count"));
}

static bool made_of(const struct printed *printed, const char *name)
{
    for (uint32_t i = 0; i < printed->ingredients_count; i++)
        if (strcmp(printed->ingredients[i], name) == 0)
            return true;
    return false;
}

static void ingredients_are_verbs_flags_and_constants(void **state)
{
    static const char *const want[] = { "text_json", "call_add", "text_of", "get", "\"name\"",
        "\"arguments\"", "cut", "text_grow", "MOULT_GROW_PAIR", "fits", "schema_of", "span_edge",
        "MOULT_LINE_START" };
    (void)state;
    struct printed printed;
    begin("reply", 4);
    struct patch patch = leak_patch();
    patched(&patch, &printed);
    assert_int_equal(printed.ingredients_count, COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want); i++)
        assert_true(made_of(&printed, want[i]));
}

static struct patch guard_patch(void)
{
    uint16_t flags = constant("MOULT_SAME_ARGS | MOULT_FAILED | MOULT_IN_A_ROW");
    bench.atoms_count = pool_atoms(&bench.pool, 0, bench.atoms, POOL_ATOMS_MAX);
    struct patch patch = { .atoms = bench.atoms };
    patch.body.holes[HOLE_RETURN] = 1;
    patch.condition.count = 1;
    patch.condition.at[0].atom = atom("past", part("call", 0), flags, "3");
    return patch;
}

static void a_guard_says_why(void **state)
{
    (void)state;
    struct printed printed;
    begin("before_tool", 1);
    struct patch patch = guard_patch();
    patched(&patch, &printed);
    assert_int_equal(printed.insertion.above.size, 0);
    assert_string_equal(printed.insertion.entry.at,
        "\n    if (moult_past(turn, call, MOULT_SAME_ARGS | MOULT_FAILED | MOULT_IN_A_ROW) >= 3) "
        "{\n"
        "        moult_explain(turn,\n"
        "            \"%s not run: 3 or more earlier calls were like it: \"\n"
        "            \"same arguments, failed, in a row\",\n"
        "            call->tool);\n"
        "        return MOULT_DENY;\n"
        "    }");
    assert_true(made_of(&printed, "past") && made_of(&printed, "MOULT_DENY"));
}

static uint16_t number(const char *text)
{
    for (uint32_t i = 0; i < bench.pool.count; i++)
        if (bench.pool.at[i].kind == EXPR_NUMBER && str_equal(bench.pool.at[i].text, str_of(text)))
            return (uint16_t)i;
    fail_msg("no number %s", text);
    return 0;
}

/* Another model, after a pause, where the class is not one and the attempt is the first. */
static struct patch retry_patch(void)
{
    uint16_t class = constant("MOULT_ERROR_CLASS"), attempt = constant("MOULT_ERROR_ATTEMPT");
    uint16_t pause = verb("error", constant("MOULT_ERROR_RETRY_AFTER_MS"), 0, 0);
    bench.atoms_count = pool_atoms(&bench.pool, 0, bench.atoms, POOL_ATOMS_MAX);
    struct patch patch = { .atoms = bench.atoms };
    uint16_t *holes = patch.body.holes;
    holes[HOLE_RETURN] = 1;
    holes[HOLE_WAY] = action("use_model");
    holes[HOLE_WAY + 1] = number("1");
    holes[HOLE_WAY + HOLES_WAY] = action("wait");
    holes[HOLE_WAY + HOLES_WAY + 1] = pause;
    patch.condition.count = 2;
    patch.condition.at[0].atom = atom("error", class, 0, "MOULT_BAD_REQUEST");
    patch.condition.at[0].negated = true;
    patch.condition.at[1].atom = atom("error", attempt, 0, "2");
    return patch;
}

static void a_retry_is_decided_only_if_its_edits_did_something(void **state)
{
    (void)state;
    struct printed printed;
    begin("model_error", 1);
    struct patch patch = retry_patch();
    patched(&patch, &printed);
    assert_string_equal(bench.target.function, "handle_error");
    assert_string_equal(printed.insertion.entry.at,
        "\n    if (moult_error(turn, MOULT_ERROR_CLASS) != MOULT_BAD_REQUEST &&\n"
        "        moult_error(turn, MOULT_ERROR_ATTEMPT) < 2 && moult_use_model(turn, 1) &&\n"
        "        moult_wait(turn, moult_error(turn, MOULT_ERROR_RETRY_AFTER_MS))) {\n"
        "        moult_explain(turn, \"model 1 is asked after the pause that the provider asks "
        "for\");\n"
        "        return MOULT_RETRY;\n"
        "    }");
    assert_string_equal(printed.summary,
        "After a model request that failed, where the class of the error is not bad request and "
        "the "
        "number of attempts before is less than 2: model 1 is asked after the pause that the "
        "provider asks for, if there is one.");
    assert_true(made_of(&printed, "use_model") && made_of(&printed, "MOULT_RETRY"));
    patch.condition.at[1].negated = true; /* every comparison has its opposite */
    patch.condition.at[0].atom = atom("error", constant("MOULT_ERROR_RETRY_AFTER_MS"), 0, "60000");
    patched(&patch, &printed);
    assert_non_null(strstr(printed.insertion.entry.at, "MOULT_ERROR_RETRY_AFTER_MS) > 60000 &&"));
    assert_non_null(strstr(printed.insertion.entry.at, "MOULT_ERROR_ATTEMPT) >= 2 &&"));
}

/* Numbers and what is known of an error are offered where there is an error, nowhere else. */
static void other_hooks_know_nothing_of_errors(void **state)
{
    static const char *const hooks[] = { "reply", "before_tool", "answer" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(hooks); i++) {
        begin(hooks[i], 1);
        bench.atoms_count = pool_atoms(&bench.pool, 0, bench.atoms, POOL_ATOMS_MAX);
        for (uint32_t k = 0; k < bench.pool.count; k++) {
            const struct expr *expr = &bench.pool.at[k];
            assert_true(expr->kind != EXPR_NUMBER);
            assert_false(expr->kind == EXPR_VERB && strcmp(expr->verb->name, "error") == 0);
        }
        tear_down(state);
    }
    memset(&bench, 0, sizeof(bench));
}

/* Names of the source at the place: a new function gets those that it uses, under names of its own
 * where it has other things by theirs; a guard stands among them. */
static void what_the_source_has_declared_is_given(void **state)
{
    (void)state;
    static const struct part locals[] = { { "local", 'T', "s->local_text", "text", false },
        { "local", 'N', "s->local_times", "times", false },
        { "local", 'J', "s->local_unused", "unused", false } };
    struct printed printed;
    begin("reply", 0);
    uint16_t first = (uint16_t)bench.pool.count;
    pool_locals(&bench.pool, locals, COUNT_OF(locals));
    const struct atom often[] = { { (uint16_t)(first + 1), ">=", "3" } };
    struct patch patch = { .atoms = often,
        .condition = { .at = { { 0, false } }, .count = 1 },
        .body = { .holes = { [HOLE_WAY] = action("body_set"), [HOLE_WAY + 1] = first } } };
    patched(&patch, &printed);
    assert_string_equal(printed.insertion.above.at,
        "/* What the hook has in hand that passes the checks becomes the text. */\n"
        "static void replace_text(moult_turn *turn, moult_text text_given, int64_t times)\n{\n"
        "    if (times < 3)\n        return;\n    moult_body_set(turn, text_given);\n}\n\n");
    assert_string_equal(printed.insertion.entry.at, "\n    replace_text(turn, text, times);");
    assert_true(made_of(&printed, "times") && made_of(&printed, "text"));
    patch.body = (struct body){ .holes = { [HOLE_RETURN] = 1 } };
    patched(&patch, &printed);
    assert_true(str_starts(printed.insertion.entry, STR("\n    if (times >= 3) {\n")));
    patch.condition.count = 0; /* at a place that is the condition nothing more is asked */
    bench.target.last = true;
    patched(&patch, &printed);
    assert_true(str_starts(printed.insertion.entry, STR("\n    moult_explain(turn,\n")));
    assert_true(printed.insertion.leaves);
}

/* The order asks a plugin that has no function for the hook: it gets one. */
static void a_hook_without_a_body_gets_one(void **state)
{
    (void)state;
    struct printed printed;
    begin("answer", 1);
    assert_true(bench.target.is_new);
    struct patch patch = { .body = { .holes = { [HOLE_RETURN] = 1 } } };
    char *source = patched(&patch, &printed);
    assert_non_null(strstr(source, "static moult_action at_answer(moult_turn *turn)\n{\n"));
    assert_non_null(strstr(source, "    return MOULT_PASS;\n}\n\nMOULT_EXPORT"));
    assert_non_null(strstr(source, "    .reply = look_at_reply,\n    .answer = at_answer,\n};"));
}

static void a_plugin_that_is_not_in_the_order_is_no_target(void **state)
{
    (void)state;
    struct err err;
    begin("reply", 1);
    struct target target;
    bench.bundle.hook = STR("after_tool");
    assert_int_equal(target_find(&target, &bench.arena, &bench.bundle, &err), -ERR_MISSING);
    target_done(&target);
    bench.bundle.hook = STR("reply");
    bench.plugins[0].source = STR("static int broken(");
    assert_int_equal(target_find(&target, &bench.arena, &bench.bundle, &err), -ERR_INPUT);
    target_done(&target);
}

static void the_trial_source_parses(void **state)
{
    static const char *const hooks[] = { "reply", "before_tool", "answer", "model_error" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(hooks); i++) {
        CLEANUP(buf_done) struct buf above = { 0 }, behind = { 0 }, source = { 0 };
        begin(hooks[i], 1);
        struct schema_plan plan = { .pool = &bench.pool, .actions = &bench.actions };
        bench.atoms_count = pool_atoms(&bench.pool, 0, bench.atoms, POOL_ATOMS_MAX);
        plan.atoms[0] = bench.atoms;
        plan.atoms_count[0] = bench.atoms_count;
        schema_print(&above, &plan);
        schema_print_export(&behind, &plan);
        struct insertion insertion = { buf_view(&above), STR("\n    search_run(turn, NULL);") };
        target_print(&source, &bench.target, &bench.arena, &insertion, buf_view(&behind));
        parses(buf_view(&source));
        assert_true(schema_atoms_bits(&plan) % 8 == 0);
        tear_down(state);
    }
}

static void literals_are_escaped(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    spell_literal(&out, STR("a\"b\\c?\?/"));
    assert_string_equal(out.at, "\"a\\\"b\\\\c\\?\\?/\"");
    assert_true(spell_is_name(STR("order_id")));
    assert_false(spell_is_name(STR("while")));
    assert_false(spell_is_name(STR("turn")));
    assert_false(spell_is_name(STR("1st")));
    assert_false(spell_is_name(STR("a-b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_loop_reads_as_a_person_would_write_it, tear_down),
        cmocka_unit_test_teardown(a_loop_acts_on_all_or_on_none, tear_down),
        cmocka_unit_test_teardown(ingredients_are_verbs_flags_and_constants, tear_down),
        cmocka_unit_test_teardown(a_guard_says_why, tear_down),
        cmocka_unit_test_teardown(a_retry_is_decided_only_if_its_edits_did_something, tear_down),
        cmocka_unit_test_teardown(other_hooks_know_nothing_of_errors, tear_down),
        cmocka_unit_test_teardown(what_the_source_has_declared_is_given, tear_down),
        cmocka_unit_test_teardown(a_hook_without_a_body_gets_one, tear_down),
        cmocka_unit_test_teardown(a_plugin_that_is_not_in_the_order_is_no_target, tear_down),
        cmocka_unit_test(the_trial_source_parses),
        cmocka_unit_test(literals_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
