/* suspects.c, places.c, target.c: which places there are beside the entry, and how new code reads
 * at each. */
#include "propose/places.h"
#include "propose/search.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct arena arena;
static struct suspect suspect;
static struct bundle_plugin plugin;

static int tear_down(void **state)
{
    (void)state;
    target_done(&suspect.target);
    arena_done(&arena);
    arena = (struct arena){ 0 };
    return 0;
}

#define PLUGIN                                                                                     \
    "\nMOULT_EXPORT const struct moult_plugin moult_plugin = {\n    .name = \"p\",\n"              \
    "    .before_tool = look,\n};\n"
#define HOOK "static moult_action look(moult_turn *turn, moult_call *call)\n{\n"

/* A suspect whose marks on the lines of `only` ran at the failing step alone, and all others at
 * both steps. */
static void begin(const char *source, const uint32_t *only)
{
    struct err err;
    plugin = (struct bundle_plugin){ .name = STR("p"),
        .path = STR("p.c"),
        .source = str_of(arena_format(&arena, "#include \"moult.h\"\n%s%s", source, PLUGIN)) };
    suspect = (struct suspect){ 0 };
    if (target_begin(&suspect.target, &arena, STR("before_tool"), &plugin, &err) < 0)
        fail_msg("%s", err.text);
    localise_begin(&suspect.localise, suspect.target.syntax, &arena);
    uint32_t *ran = arena_alloc(&arena, LOCALISE_MARKS_MAX * sizeof(*ran));
    struct str all = { (const char *)ran, LOCALISE_MARKS_MAX * sizeof(*ran) };
    for (uint32_t i = 0; i < suspect.localise.count; i++)
        ran[i] = 1;
    localise_add(&suspect.localise, true, 1, all, 0);
    for (uint32_t i = 0; i < suspect.localise.count; i++) {
        const struct localise_mark *mark = &suspect.localise.at[i];
        bool end = mark->point.block && !mark->point.statement;
        uint32_t line = end ? syntax_place(suspect.target.syntax, mark->point.at).line
                            : suspect.target.syntax->nodes[mark->node].place.line;
        for (const uint32_t *p = only; *p; p++)
            ran[i] = *p == line ? 0 : ran[i];
    }
    localise_add(&suspect.localise, false, 1, all, 1);
    localise_end(&suspect.localise);
    suspect.order = localise_order(&suspect.localise, &arena);
    suspect.marked = true;
}

/* The source with a call at the place; leaves: with a decision that needs no condition. */
static const char *with_code(const struct target *target, bool leaves)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    struct err err;
    const struct insertion insertion = {
        .entry = leaves ? STR("\n    leave();") : STR("\n    if (x) {\n        new();\n    }"),
        .leaves = leaves && target->last
    };
    target_print(&out, target, &arena, &insertion, STR(""));
    if (syntax_parse(&syntax, "p.c", buf_view(&out), NULL, &err) < 0)
        fail_msg("%s\n%.*s", err.text, (int)out.size, out.at);
    return arena_string(&arena, out.at, out.size);
}

static const struct {
    const char *name, *source;
    uint32_t only[4];                /* lines that ran where it fails, and nowhere else */
    const char *want, *want_leaving; /* what stands at the first place */
} rows[] = {
    { "the end of a block",
        HOOK "    if (call->failed) {\n        note();\n    }\n    return MOULT_PASS;\n}\n",
        { 5, 6 },
        "{\n        note();\n        if (x) {\n            new();\n        }\n    }\n    return",
        "{\n        note();\n        leave();\n    }\n    return" },
    { "a body without braces gets them",
        HOOK "    if (call->failed)\n        note();\n    return MOULT_PASS;\n}\n", { 5 },
        "if (call->failed) {\n        if (x) {\n            new();\n        }\n        note();\n   "
        " }\n"
        "    return",
        NULL },
    { "a return without braces is replaced by what always leaves",
        HOOK "    if (call->failed)\n        return MOULT_PASS;\n    note();\n    return "
             "MOULT_PASS;\n}\n",
        { 5 },
        "if (call->failed) {\n        if (x) {\n            new();\n        }\n        return "
        "MOULT_PASS;\n    }\n    note();",
        "if (call->failed) {\n        leave();\n    }\n    note();" },
    { "else",
        HOOK "    if (call->failed)\n        note();\n    else\n        other();\n    return "
             "MOULT_PASS;\n}\n",
        { 7 },
        "    else {\n        if (x) {\n            new();\n        }\n        other();\n    }\n    "
        "return",
        NULL },
    { "else if",
        HOOK "    if (call->failed) {\n        note();\n    } else if (a(call)) {\n        "
             "other();\n    }\n"
             "    return MOULT_PASS;\n}\n",
        { 7, 8 },
        "a(call)) {\n        other();\n        if (x) {\n            new();\n        }\n    }\n",
        NULL },
    { "a case of a switch",
        HOOK "    switch (call->failed) {\n    case 1:\n        note();\n        break;\n    "
             "default:\n        other();\n    }\n"
             "    return MOULT_PASS;\n}\n",
        { 6, 7 },
        "        note();\n        if (x) {\n            new();\n        }\n        break;\n",
        NULL },
    { "behind a guard, before the last return: it takes its place if it always leaves",
        HOOK "    if (!call->failed)\n        return MOULT_PASS;\n    return MOULT_PASS;\n}\n",
        { 6 }, "MOULT_PASS;\n    if (x) {\n        new();\n    }\n    return MOULT_PASS;\n}",
        "MOULT_PASS;\n    leave();\n}" },
    { "a comment stays with its statement",
        HOOK "    if (!call->failed)\n        return MOULT_PASS;\n    /* enough */\n    return "
             "MOULT_PASS;\n}\n",
        { 7 },
        "MOULT_PASS;\n    if (x) {\n        new();\n    }\n    /* enough */\n    return "
        "MOULT_PASS;\n}",
        "MOULT_PASS;\n    leave();\n    /* enough */\n    return MOULT_PASS;\n}" },
    { "behind a loop rather than in it",
        HOOK "    if (call->failed) {\n        for (int i = 0; i < 3; i++) {\n            "
             "note();\n        }\n    }\n"
             "    return MOULT_PASS;\n}\n",
        { 5, 6, 7, 8 },
        "        }\n        if (x) {\n            new();\n        }\n    }\n    return", NULL },
    { "code on the same line",
        HOOK "    if (call->failed)\n        { note(); other(); }\n    return MOULT_PASS;\n}\n",
        { 5 },
        "{ note(); other(); \n            if (x) {\n                new();\n            }\n        "
        "    }\n"
        "    return",
        NULL },
    { "nothing ran there and nowhere else",
        HOOK "    if (call->failed)\n        note();\n    return MOULT_PASS;\n}\n", { 0 }, NULL,
        NULL },
    { "in a function that the hook asks",
        "static void helper(moult_turn *turn, moult_call *call)\n{\n    if (call->failed)\n        "
        "note();\n}\n" HOOK "    helper(turn, call);\n    return MOULT_PASS;\n}\n",
        { 5 },
        "if (call->failed) {\n        if (x) {\n            new();\n        }\n        note();\n   "
        " }\n}\n",
        NULL },
};

static void new_code_reads_well_at_each_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct target places[PLACES_MAX];
        print_message("%s\n", rows[i].name);
        begin(rows[i].source, rows[i].only);
        uint32_t count = places_list(&suspect, vocabulary_hook(STR("before_tool")), &arena, places);
        for (uint32_t k = 0; k < count; k++) /* each parses */
            with_code(&places[k], true);
        assert_int_equal(count > 0, rows[i].want != NULL);
        const char *source = count ? with_code(&places[0], false) : "";
        if (rows[i].want && !strstr(source, rows[i].want))
            fail_msg("%s", source);
        source = rows[i].want_leaving ? with_code(&places[0], true) : NULL;
        if (source && !strstr(source, rows[i].want_leaving))
            fail_msg("%s", source);
        tear_down(state);
    }
}

/* Names that have a value there, of a type that is one, and that are not in hand anyway. */
static void names_in_scope_are_values(void **state)
{
    (void)state;
    struct target places[PLACES_MAX];
    begin(HOOK
        "    struct state *state = moult_state(turn);\n"
        "    int64_t times = moult_past(turn, call, MOULT_SAME_NAME);\n"
        "    moult_text later;\n    const moult_json *args = call->args, *none;\n"
        "    bool again = times > 1;\n    char c = 1;\n    moult_text all = moult_body(turn);\n"
        "    if (again) {\n        moult_text name = call->name;\n        note(name);\n    }\n"
        "    return MOULT_PASS;\n}\n",
        (uint32_t[]){ 12, 13, 14, 0 });
    uint32_t count = places_list(&suspect, vocabulary_hook(STR("before_tool")), &arena, places);
    CLEANUP(buf_done) struct buf out = { 0 };
    assert_int_equal(count, 2);
    for (uint32_t i = 0; i < places[0].locals_count; i++)
        buf_format(&out, "%c %s;", places[0].locals[i].type, places[0].locals[i].name);
    assert_string_equal(arena_string(&arena, out.at, out.size), "T name;N times;J args;B again;");
    /* The entry's own steps: the last place there, since something is declared. */
    const char *source = with_code(&places[1], false);
    assert_non_null(strstr(source, "        new();\n    }\n    return MOULT_PASS;"));
    assert_int_equal(places[1].locals_count, 3);
}

/* What is read in several places is as suspicious as the most suspicious of them. */
static void a_use_is_as_suspicious_as_its_statement(void **state)
{
    (void)state;
    begin(HOOK "    if (LIMIT)\n        note(LIMIT);\n    return MOULT_PASS;\n}\n",
        (uint32_t[]){ 5, 0 });
    const char *source = plugin.source.at, *outer = strstr(source, "LIMIT"),
               *inner = strstr(outer + 1, "LIMIT");
    const struct span uses[] = { { (uint32_t)(outer - source), 0 },
        { (uint32_t)(inner - source), 0 } };
    assert_true(suspect_most(&suspect, uses, 1) > 0.70 && suspect_most(&suspect, uses, 1) < 0.71);
    assert_true(suspect_most(&suspect, uses, 2) == 1);
    suspect.marked = false;
    assert_true(suspect_most(&suspect, uses, 2) == 0);
}

/* New code needs the turn and the call; what another hook runs is not this hook's. */
static void a_place_that_lacks_what_is_needed_is_none(void **state)
{
    static const char *const sources[] = {
        "static void helper(int a)\n{\n    if (a)\n        note();\n}\n" HOOK
        "    return MOULT_PASS;\n}\n",
        "static void helper(moult_turn *turn)\n{\n    if (a)\n        note();\n}\n" HOOK
        "    return MOULT_PASS;\n}\n",
        "static void helper(moult_turn *turn, const moult_call *call)\n{\n    if (a)\n        "
        "note();\n}\n" HOOK "    return MOULT_PASS;\n}\n",
        HOOK "    return MOULT_PASS;\n}\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sources); i++) {
        struct target places[PLACES_MAX];
        begin(sources[i], (uint32_t[]){ 5, 0 });
        assert_int_equal(
            places_list(&suspect, vocabulary_hook(STR("before_tool")), &arena, places), 0);
        tear_down(state);
    }
}

/* The trial source of a place with names, and of a function that decides nothing. */
static void the_trial_source_parses_there(void **state)
{
    (void)state;
    static struct search search;
    struct target places[PLACES_MAX];
    begin("static void helper(moult_turn *turn, moult_call *call, bool again)\n{\n    if (again)\n"
          "        note();\n}\n" HOOK "    int64_t times = 3;\n    helper(turn, call, times > 2);\n"
          "    return MOULT_PASS;\n}\n",
        (uint32_t[]){ 5, 0 });
    uint32_t count = places_list(&suspect, vocabulary_hook(STR("before_tool")), &arena, places);
    assert_true(count > 1);
    for (uint32_t i = 0; i < count; i++) {
        CLEANUP(buf_done) struct buf above = { 0 }, behind = { 0 }, source = { 0 };
        CLEANUP(syntax_freep) struct syntax *syntax = NULL;
        struct atom atoms[POOL_ATOMS_MAX];
        struct err err;
        memset(&search, 0, sizeof(search));
        search.target = places[i];
        vocabulary_read(&search.vocabulary, NULL, 0);
        pool_begin(&search.pool, &arena, &search.vocabulary, vocabulary_hook(STR("before_tool")),
            &search.mined);
        pool_locals(&search.pool, places[i].locals, places[i].locals_count);
        schema_actions(&search.actions, &search.pool);
        struct schema_plan plan = { .pool = &search.pool, .actions = &search.actions };
        plan.atoms[0] = atoms;
        plan.atoms_count[0] = pool_atoms(&search.pool, 0, atoms, POOL_ATOMS_MAX);
        schema_print(&above, &plan);
        schema_print_export(&behind, &plan);
        const struct insertion insertion = { .above = buf_view(&above),
            .entry = search_entry(&search, &arena) };
        target_print(&source, &search.target, &arena, &insertion, buf_view(&behind));
        if (syntax_parse(&syntax, "p.c", buf_view(&source), NULL, &err) < 0)
            fail_msg("%s", err.text);
        buf_char(&source, '\0');
        const char *local = places[i].mute ? "again" : "times";
        assert_non_null(
            strstr(source.at, arena_format(&arena, "search_run(turn, call, %s)", local)));
        assert_non_null(
            strstr(source.at, arena_format(&arena, "scope.local_%s = local_%s;", local, local)));
        assert_int_equal(!!strstr(source.at, "return search_action"), !places[i].mute);
        assert_non_null(strstr(source.at, arena_format(&arena, "return s->local_%s;", local)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_code_reads_well_at_each_place),
        cmocka_unit_test_teardown(names_in_scope_are_values, tear_down),
        cmocka_unit_test_teardown(a_use_is_as_suspicious_as_its_statement, tear_down),
        cmocka_unit_test(a_place_that_lacks_what_is_needed_is_none),
        cmocka_unit_test_teardown(the_trial_source_parses_there, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
