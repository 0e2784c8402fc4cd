/* closure.c, graft.c: what a function needs of its file comes along, names that both files have
 * become others, and what cannot stand elsewhere is refused. */
#include "propose/graft.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define HEAD "#include \"moult.h\"\n\n"
#define EXPORT                                                                                     \
    "MOULT_EXPORT const struct moult_plugin moult_plugin = {\n    .abi = MOULT_ABI,\n"             \
    "    .reply = mend,\n};\n"
#define PASS "    return MOULT_PASS;\n}\n\n"

static struct arena arena;

static struct syntax *parsed(const char *source)
{
    struct syntax *syntax;
    struct err err;
    if (syntax_parse(&syntax, "into", str_of(source), NULL, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    return syntax;
}

static int take(struct graft *ret, const char *donor, const char *into, struct err *err)
{
    CLEANUP(syntax_freep) struct syntax *syntax = parsed(into);
    const struct bundle_plugin plugin = {
        .name = STR("donor"), .path = STR("plugins/donor/donor.c"), .source = str_of(donor)
    };
    return graft_take(ret, &arena, &plugin, "reply", syntax, err);
}

static void has(const struct graft *graft, const char *text)
{
    if (str_find(graft->code, str_of(text)) < 0)
        fail_msg("lacks: %s\nin:\n%s", text, graft->code.at);
}

static void lacks(const struct graft *graft, const char *text)
{
    if (str_find(graft->code, str_of(text)) >= 0)
        fail_msg("has: %s\nin:\n%s", text, graft->code.at);
}

/* What is used is there whatever uses it, and in the order of the file; what is not stays behind.
 */
static void what_it_needs_comes_along(void **state)
{
    static const char donor[] =
        HEAD "enum kind { ONE = 1, TWO };\nenum { LEFT = 3 };\ntypedef struct { uint32_t n; } "
             "count_t;\n"
             "struct held {\n    struct inner {\n        count_t n;\n    } at;\n};\n"
             "static const char *const words[] = { \"x\" };\n\n"
             "/* says what */\nstatic uint32_t deep(struct held *held)\n{\n    return held->at.n.n "
             "+ TWO;\n}\n\n"
             "static uint32_t idle(void)\n{\n    return LEFT;\n}\n\n"
             "static moult_action mend(moult_turn *turn)\n{\n    struct held held = { 0 };\n    if "
             "(deep(&held) > 0)\n        moult_explain(turn, \"%s\", words[0]);\n" PASS EXPORT;
    struct graft graft;
    struct err err;
    (void)state;
    if (take(&graft, donor, HEAD, &err) < 0)
        fail_msg("%s", err.text);
    has(&graft, "enum kind { ONE = 1, TWO };\n");
    has(&graft, "typedef struct { uint32_t n; } count_t;\n");
    has(&graft, "    } at;\n};\n");
    has(&graft, "static const char *const words[] = { \"x\" };\n");
    has(&graft, "/* says what */\nstatic uint32_t deep(");
    lacks(&graft, "idle");
    lacks(&graft, "LEFT");
    lacks(&graft, "moult_plugin");
    lacks(&graft, "#include");
    assert_true(str_find(graft.code, STR("deep(")) < str_find(graft.code, STR("mend(")));
    assert_string_equal(graft.function, "mend");
    assert_true(graft.passes);
    assert_int_equal(graft.traits.size, 0);
    arena_done(&arena);
}

/* Names of functions and names of types are two lists; members belong to neither. */
static void names_that_both_have_become_others(void **state)
{
    static const char donor[] = HEAD
        "enum { MANY = 3 };\nstruct seen {\n    uint32_t MANY, mend;\n};\n"
        "static uint32_t count(moult_turn *turn)\n{\n    struct seen seen = { .MANY = MANY };\n"
        "    return turn ? seen.MANY : 0;\n}\n\n"
        "static moult_action mend(moult_turn *turn)\n{\n    uint32_t look = count(turn);\n"
        "    return look > MANY ? MOULT_DENY : MOULT_PASS;\n}\n\n" EXPORT;
    static const char into[] =
        HEAD "enum { MANY = 20, MANY_2 = 21 };\nstruct seen {\n    uint32_t n;\n};\n"
             "static moult_action look(moult_turn *turn)\n{\n    uint32_t count = MANY_2;\n"
             "    return turn && count ? MOULT_PASS : MOULT_DENY;\n}\n"
             "static moult_action mend(moult_turn *turn)\n{\n    return look(turn);\n}\n";
    struct graft graft;
    struct err err;
    (void)state;
    if (take(&graft, donor, into, &err) < 0)
        fail_msg("%s", err.text);
    has(&graft, "enum { MANY_3 = 3 };");
    has(&graft, "struct seen_2 {\n    uint32_t MANY, mend;\n};");
    has(&graft, "struct seen_2 seen = { .MANY = MANY_3 };");
    has(&graft, "seen.MANY : 0");
    has(&graft, "static uint32_t count_2(moult_turn *turn)"); /* a local there would hide it */
    has(&graft, "uint32_t look_2 = count_2(turn);"); /* this one would hide a function there */
    has(&graft, "static moult_action mend_2(");
    assert_string_equal(graft.function, "mend_2");
    assert_false(graft.passes);
    arena_done(&arena);
}

static void what_it_says_of_itself_comes_along(void **state)
{
    static const char mend[] =
        "static moult_action mend(moult_turn *turn)\n{\n    (void)turn;\n" PASS;
    static const struct {
        const char *members, *traits;
    } rows[] = {
        { "", "" },
        { ".traits = MOULT_ONLY_LOOKS,", "" },
        { ".traits = MOULT_REWRITES_CALLS | MOULT_WANTS_FINAL_CALLS,",
            "MOULT_REWRITES_CALLS | MOULT_WANTS_FINAL_CALLS" },
    };
    struct err err;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct graft graft;
        char donor[1024];
        snprintf(donor, sizeof donor,
            HEAD "%sMOULT_EXPORT const struct moult_plugin moult_plugin = { .reply = mend, %s };\n",
            mend, rows[i].members);
        if (take(&graft, donor, HEAD, &err) < 0)
            fail_msg("%s: %s", rows[i].members, err.text);
        assert_int_equal(graft.traits.size, strlen(rows[i].traits));
        if (graft.traits.size)
            assert_string_equal(graft.traits.at, rows[i].traits);
    }
    arena_done(&arena);
}

static void what_cannot_stand_elsewhere_is_refused(void **state)
{
#define MEND(body) HEAD "static moult_action mend(moult_turn *turn)\n{\n" body PASS
    static const struct {
        const char *name, *donor;
        int code;
        const char *why;
    } rows[] = {
        { "state", MEND("    uint32_t *n = moult_state(turn);\n    *n = 1;\n") EXPORT, ERR_STATE,
            "it keeps state" },
        { "state in what it calls",
            HEAD
            "static uint32_t *kept(moult_turn *turn)\n{\n    return moult_state(turn);\n}\n"
            "static moult_action mend(moult_turn *turn)\n{\n    *kept(turn) = 1;\n" PASS EXPORT,
            ERR_STATE, "it keeps state" },
        { "a macro",
            "#define MANY 3\n" MEND("    if (MANY > 2)\n        moult_explain(turn, \"\");\n")
                EXPORT,
            ERR_STATE, "it needs the macro MANY" },
        { "a macro with parameters",
            "#define MANY(n) (n)\n" MEND(
                "    if (MANY(3) > 2)\n        moult_explain(turn, \"\");\n") EXPORT,
            ERR_STATE, "it needs the macro MANY" },
        { "its export", MEND("    moult_explain(turn, moult_plugin.name);\n") EXPORT, ERR_STATE,
            "it needs its plugin's export" },
        { "its place",
            MEND("") "MOULT_EXPORT const struct moult_plugin moult_plugin = { .reply = mend, "
                     ".before = "
                     "names };\n",
            ERR_STATE, "it says between which others it stands" },
        { "another hook",
            MEND("") "MOULT_EXPORT const struct moult_plugin moult_plugin = { .answer = mend };\n",
            ERR_MISSING, "it has no function for reply" },
        { "a hook that is no function of its file",
            HEAD "MOULT_EXPORT const struct moult_plugin moult_plugin = { .reply = mend };\n",
            ERR_MISSING, "it has no function for reply" },
        { "no export", MEND(""), ERR_MISSING, "it has no function for reply" },
        { "no C", "static moult_action mend(", ERR_INPUT, "" },
        { "no text", "\x01\x02", ERR_INPUT, "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct graft graft = { .function = "untouched" };
        struct err err = { 0 };
        int r = take(&graft, rows[i].donor, HEAD, &err);
        if (r != -rows[i].code || !strstr(err.text, rows[i].why))
            fail_msg("%s: %d, %s", rows[i].name, r, err.text);
        assert_string_equal(graft.function, "untouched");
    }
    arena_done(&arena);
}

/* Names in a circle, and very many of them: it ends. */
static void a_circle_and_a_crowd_end(void **state)
{
    CLEANUP(buf_done) struct buf donor = { 0 };
    struct graft graft;
    struct err err;
    (void)state;
    buf_text(&donor,
        HEAD "static uint32_t odd(uint32_t n);\nstatic uint32_t even(uint32_t n)\n{\n    "
             "return n ? odd(n - 1) : 1;\n}\n"
             "static uint32_t odd(uint32_t n)\n{\n    return n ? even(n - 1) : 0;\n}\n");
    for (unsigned i = 0; i < 400; i++)
        buf_format(&donor, "static uint32_t f%u(void)\n{\n    return f%u();\n}\n", i, i + 1);
    buf_text(&donor,
        "static moult_action mend(moult_turn *turn)\n{\n    if (turn && even(4) && f0())\n "
        "       return MOULT_DENY;\n" PASS EXPORT);
    if (take(&graft, donor.at, HEAD, &err) < 0)
        fail_msg("%s", err.text);
    has(&graft, "static uint32_t odd(uint32_t n);");
    has(&graft, "static uint32_t f399(void)");
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_needs_comes_along),
        cmocka_unit_test(names_that_both_have_become_others),
        cmocka_unit_test(what_it_says_of_itself_comes_along),
        cmocka_unit_test(what_cannot_stand_elsewhere_is_refused),
        cmocka_unit_test(a_circle_and_a_crowd_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
