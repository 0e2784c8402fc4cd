/* Bounds of a patch: what nobody could follow, and loops and calls whose end cannot be read off,
 * are refused; what looks like them and can be read is not; what stood there before is not the
 * patch's.
 */
#include "base/file.h"
#include "base/mem.h"
#include "patch/bounds.h"
#include "patch/source.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define HOOK(body)                                                                                 \
    "enum { FEW = 9, MANY = 4000000000 };\n"                                                       \
    "static const int table[3] = { 1, 2, 3 };\n"                                                   \
    "static moult_action hook(moult_turn *turn, moult_call *call)\n{\n" body                       \
    "\nreturn MOULT_PASS;\n}\n"
#define LOOP(head) HOOK(head "\n    moult_explain(turn, \"x\");")
#define TEN(x) x x x x x x x x x x

static const struct row {
    const char *name, *text;
    enum rule want;
    const char *says;
} refused[] = {
    { "no condition", LOOP("for (;;)"), RULE_LOOP, "for (;;): nothing in its head ends it" },
    { "a condition about something else", LOOP("for (int i = 0; turn; i++)"), RULE_LOOP,
        "counts nothing" },
    { "while", LOOP("while (turn->step < 3)"), RULE_LOOP, "counts nothing" },
    { "while true", LOOP("while (true)"), RULE_LOOP, "" },
    { "do", HOOK("do { } while (0);"), RULE_LOOP, "do { } while (0);: it counts nothing" },
    { "an end that is handed in by the model",
        LOOP("for (uint32_t i = 0; i < moult_random(turn); i++)"), RULE_LOOP, "no constant" },
    { "an end that moves", HOOK("uint32_t n = 3; for (uint32_t i = 0; i < n; i++) { n++; }"),
        RULE_LOOP, "no constant" },
    { "an end that another may move",
        HOOK("uint32_t n = 3, *p = &n; for (uint32_t i = 0; i < n; i++) { *p = 9; }"), RULE_LOOP,
        "no constant" },
    { "a counter that goes back", HOOK("for (uint32_t i = 0; i < FEW; i++) { i--; }"), RULE_LOOP,
        "changed in it" },
    { "a counter that its condition moves", LOOP("for (uint32_t i = 0; i < FEW && --i < 7; i++)"),
        RULE_LOOP, "changed in it" },
    { "a counter whose address is taken",
        HOOK("uint32_t i; uint32_t *p = &i; for (i = 0; i < FEW; i++) { *p = 0; }"), RULE_LOOP,
        "changed in it" },
    { "a counter that another hides",
        HOOK("for (uint32_t i = 0; i < FEW; i++) { int i = 3; i++; }"), RULE_LOOP,
        "changed in it" },
    { "a step the other way", LOOP("for (int i = 0; i < FEW; i--)"), RULE_LOOP, "no step" },
    { "no step", LOOP("for (int i = 0; i < FEW;)"), RULE_LOOP, "no step" },
    { "a step by nothing", LOOP("for (int i = 0; i < FEW; i += 0)"), RULE_LOOP, "no step" },
    { "a step by what is not known", LOOP("for (uint32_t i = 0; i < FEW; i += turn->step)"),
        RULE_LOOP, "no step" },
    { "a step that doubles", LOOP("for (uint32_t i = 0; i < FEW; i *= 2)"), RULE_LOOP, "no step" },
    { "a counter that goes round", LOOP("for (uint8_t i = 0; i < 300; i++)"), RULE_LOOP, "type" },
    { "a counter that goes round at its end", LOOP("for (uint8_t i = 0; i <= 255; i++)"), RULE_LOOP,
        "type" },
    { "a counter that never is below nothing", LOOP("for (uint32_t i = FEW; i >= 0; i--)"),
        RULE_LOOP, "type" },
    { "a counter that jumps over nothing", LOOP("for (uint32_t i = FEW; i > 0; i -= 2)"), RULE_LOOP,
        "type" },
    { "a small counter to a count", LOOP("for (uint16_t i = 0; i < call->raw.size; i++)"),
        RULE_LOOP, "type" },
    { "a number with a point", LOOP("for (float i = 0; i < 3; i++)"), RULE_LOOP, "type" },
    { "until it is hit", LOOP("for (int i = 0; i != FEW; i++)"), RULE_LOOP, "" },
    { "either of two ends", LOOP("for (int i = 0; i < FEW || turn; i++)"), RULE_LOOP, "" },
    { "a count less one", LOOP("for (uint32_t i = 0; i < call->raw.size - 1; i++)"), RULE_LOOP,
        "no constant" },
    { "a text of its own making",
        HOOK("moult_text t = { \"\", 4000000000 }; for (uint64_t i = 0; i < t.size; i++) ;"),
        RULE_LOOP, "no constant" },
    { "a size of its own",
        "struct s { uint32_t size; };\n" HOOK(
            "struct s s = { 9 }; for (uint64_t i = 0; i < s.size; i++) ;"),
        RULE_LOOP, "no constant" },
    { "a member that it set",
        HOOK("call->raw.size = 4000000000; for (uint64_t i = 0; i < call->raw.size; i++) ;"),
        RULE_LOOP, "no constant" },
    { "a parameter that one call makes large",
        "static void f(uint32_t n)\n{\n    for (uint32_t i = 0; i < n; i++) ;\n}\n" HOOK(
            "f(FEW); f(turn->step);"),
        RULE_LOOP, "no constant" },
    { "a parameter of a function by pointer",
        "static void f(uint32_t n)\n{\n    for (uint32_t i = 0; i < n; i++) ;\n}\n" HOOK(
            "void (*g)(uint32_t) = f; f(FEW); g(turn->step);"),
        RULE_LOOP, "no constant" },
    { "very many rounds", LOOP("for (uint64_t i = 0; i < MANY; i++)"), RULE_LOOP,
        "it may run 4000000001 times, where 1048576 are allowed" },
    { "many rounds of many", LOOP("for (int i = 0; i < 9000; i++) for (int k = 0; k < 9000; k++)"),
        RULE_LOOP, "it may run 81018001 times" },
    { "an iterator that is set back",
        HOOK("for (moult_it it = { 0 }; moult_calls(turn, &it);) { it.next = 0; }"), RULE_LOOP,
        "" },
    { "an iterator that begins anew",
        HOOK("moult_it it = { 0 }; while (moult_calls(turn, &it)) { it = (moult_it){ 0 }; }"),
        RULE_LOOP, "" },
    { "an iterator that is given away",
        "static void again(moult_it *it)\n{\n    it->next = 0;\n}\n" HOOK(
            "for (moult_it it = { 0 }; moult_calls(turn, &it);) { again(&it); }"),
        RULE_LOOP, "" },
    { "an iterator behind a pointer",
        HOOK(
            "moult_it it = { 0 }; moult_it *p = &it; while (moult_calls(turn, &it)) { p->next = 0; "
            "}"),
        RULE_LOOP, "" },
    { "a local with an iterator's name",
        HOOK("bool (*moult_calls)(moult_turn *, moult_it *) = f; for (moult_it it = { 0 }; "
             "moult_calls(turn, &it);) ;"),
        RULE_LOOP, "" },
    { "a jump back", HOOK("again: if (turn->step) goto again;"), RULE_LOOP, "it jumps back" },
    { "a jump into a loop", HOOK("goto in; for (uint32_t i = 0; i < FEW; i++) { in: turn->step; }"),
        RULE_LOOP, "jumps into a loop" },
    { "a case within a loop",
        HOOK("switch (turn->step) { default: for (int i = 0; i < 3; i++) { case 3: ; } }"),
        RULE_LOOP, "a case jumps into it" },

    { "a function that calls itself", "static int f(int a)\n{\n    return a ? f(a - 1) : 0;\n}\n",
        RULE_RECURSION, "f: it calls itself" },
    { "two that call one another",
        "static int g(int a);\nstatic int f(int a)\n{\n    return g(a);\n}\n"
        "static int g(int a)\n{\n    return f(a);\n}\n",
        RULE_RECURSION, "f, g: they call one another" },
    { "itself through a pointer",
        "static int f(int a)\n{\n    int (*p)(int) = f;\n    return p(a);\n}\n", RULE_RECURSION,
        "through a pointer or a table" },
    { "itself through a table",
        "static int f(int a);\nstatic int (*const rows[])(int) = { f };\n"
        "static int f(int a)\n{\n    return rows[0](a);\n}\n",
        RULE_RECURSION, "through a pointer or a table" },
    { "itself through a parameter",
        "static int g(int (*h)(int), int a)\n{\n    return h(a);\n}\n"
        "static int f(int a)\n{\n    return g(f, a);\n}\n",
        RULE_RECURSION, "g, f: it may call itself" },
    { "a hook through the plugin's description",
        "static moult_action f(moult_turn *turn)\n{\n    return moult_plugin.reply(turn);\n}\n"
        "const struct moult_plugin moult_plugin = { .reply = f };\n",
        RULE_RECURSION, "f: it may call itself" },
    { "a parameter with a function's name",
        "static int g(int a)\n{\n    return a;\n}\n"
        "static int f(int (*g)(int), int a)\n{\n    return g(a);\n}\n"
        "static int h(int a)\n{\n    return f(h, a);\n}\n",
        RULE_RECURSION, "f, h" },

    { "a long function", HOOK(TEN(TEN("moult_wait(turn, 3);\n")) TEN(TEN("turn->step;\n"))),
        RULE_LONG, "lines, where 150 are allowed" },
    { "many branches",
        HOOK(TEN("if (turn->step && turn->step || turn->step) return 0;")
                TEN("if (call) return 0;")),
        RULE_COMPLEX, "hook: 41 ways to go on, where 40 are allowed" },
    { "a deep choice",
        HOOK("if (call) { if (call) { if (call) { if (call) { if (call) { if (call) "
             "{ if (call) { return 0; } } } } } } }"),
        RULE_NESTED, "hook: 7 choices" },
};

static const struct {
    const char *name, *text;
} accepted[] = {
    { "a counter", LOOP("for (uint32_t i = 0; i < FEW; i++)") },
    { "a counter up to its end", LOOP("for (int i = 1; i <= 30; ++i)") },
    { "a counter that was there", HOOK("int i; for (i = 0; i < FEW; i++) ;") },
    { "steps", LOOP("for (size_t i = 0; i < FEW * 2 + 1; i += 2)") },
    { "downwards", LOOP("for (uint32_t i = FEW; i > 0; i--)") },
    { "downwards in the condition", LOOP("for (uint32_t i = call->raw.size; i-- > 0;)") },
    { "downwards below nothing", LOOP("for (int i = FEW; i >= 0; i -= 2)") },
    { "the end in front", LOOP("for (int i = 0; FEW > i; i++)") },
    { "and something else", LOOP("for (int i = 0; turn && i < FEW && call; i++)") },
    { "a table", LOOP("for (uint32_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)") },
    { "a constant of the SDK", LOOP("for (uint32_t i = 0; i < MOULT_HOOKS; i++)") },
    { "a text", HOOK("moult_text t = moult_body(turn); for (uint32_t i = 0; i < t.size; i++) ;") },
    { "a text, and what stands behind", HOOK("moult_text t = moult_body(turn);"
                                             "for (uint32_t i = 0; i + 3 < t.size; i++) ;") },
    { "a count", LOOP("for (int i = 0; i < (int)moult_length(turn, call->args); i++)") },
    { "a count with a name", HOOK("const uint32_t n = moult_length(turn, call->args); for "
                                  "(uint32_t i = 0; i < n; i++) ;") },
    { "the smaller of two", LOOP("for (uint32_t i = 0; i < (call->raw.size < FEW ? "
                                 "call->raw.size : FEW); i++)") },
    { "a parameter that every call bounds",
        "static void f(moult_text text, uint32_t n)\n{\n    for (uint32_t i = 0; i < n && i < "
        "text.size; i++) ;\n}\n" HOOK("f(call->raw, FEW); f(moult_str(\"x\"), call->raw.size);") },
    { "a member beside one of its own", "struct s { const char *name; uint32_t sizes; };\n" LOOP(
                                            "for (uint32_t i = 0; i < call->name.size; i++)") },
    { "leaving early", HOOK("for (int i = 0; i < FEW; i++) { if (call) break; continue; }") },
    { "an iterator", LOOP("for (moult_it it = { 0 }; moult_msgs(turn, MOULT_USER, &it);)") },
    { "an iterator that was there", HOOK("moult_it it = { 0 }; while (moult_calls(turn, &it)) ;") },
    { "an iterator that may stop",
        LOOP("for (moult_it it = { 0 }; !turn->step && moult_calls(turn, &it);)") },
    { "one iterator within another",
        LOOP("for (moult_it it = { 0 }; moult_calls(turn, &it);) for (moult_it in = { 0 }; "
             "moult_each(turn, it.call->args, &in);)") },
    { "a counter within a counter", LOOP("for (int i = 0; i < 900; i++) for (int k = 0; k < 900; "
                                         "k++)") },
    { "the same counter twice",
        HOOK("for (int i = 0; i < FEW; i++) ; for (int i = 0; i < 3; i++) ;") },
    { "a jump on", HOOK("if (turn->step) goto out; moult_wait(turn, 1); out: ;") },
    { "a jump out of a loop", HOOK("for (int i = 0; i < FEW; i++) { goto out; } out: ;") },
    { "a loop within a case",
        HOOK("switch (turn->step) { case 1: for (int i = 0; i < 3; i++) { } break; default: ; }") },
    { "a switch within a loop",
        HOOK("for (int i = 0; i < 3; i++) { switch (i) { case 1: break; default: ; } }") },
    { "a call of another", "static int g(int a)\n{\n    return a;\n}\n"
                           "static int f(int a)\n{\n    return g(g(a));\n}\n" },
    { "a name said before", "static int g(int a);\nstatic int f(int a)\n{\n    return g(a);\n}\n"
                            "static int g(int a)\n{\n    return a;\n}\n" },
    { "a variable with the function's name", "static int f(int a)\n{\n    int f = a;\n    return f;"
                                             "\n}\n" },
    { "a table of others",
        "static int g(int a)\n{\n    return a;\n}\nstatic int (*const rows[])(int) = { g };\n"
        "static int f(int a)\n{\n    return rows[0](a);\n}\n" },
    { "hooks beside a table",
        "static int g(int a)\n{\n    return a;\n}\nstatic int (*const rows[])(int) = { g };\n"
        "static moult_action f(moult_turn *turn)\n{\n    return rows[0](turn->step);\n}\n"
        "const struct moult_plugin moult_plugin = { .reply = f };\n" },
    { "lines in two functions",
        HOOK(TEN(TEN("moult_wait(turn, 3);\n"))) "static void g(moult_turn *turn)\n{\n" TEN(
            TEN("turn->step;\n")) "}\n" },
    { "forty ways", HOOK(TEN("if (turn->step && turn->step || turn->step) return 0;")
                            TEN("(void)call;") "if (call) return 0; if (call) return 0;"
                                               "if (call) return 0; if (call) return 0;") },
    { "a long row of choices",
        HOOK("if (call) return 0; else if (turn) return 0; else if (call) return 0; else if (turn) "
             "return 0; else if (call) return 0; else if (turn) return 0; else if (call) return 0; "
             "else if (turn) return 0;") },
};

/* Refused by the tier in a patch of nothing but this. */
static struct findings patched(const char *was, const char *now, enum bounds_tier tier)
{
    CLEANUP(syntax_freep) struct syntax *before = NULL;
    CLEANUP(syntax_freep) struct syntax *after = NULL;
    struct findings findings = { .count = 0 };
    struct err err = { 0 };
    if (syntax_parse(&before, "was.c", str_of(was), NULL, &err) < 0 ||
        syntax_parse(&after, "now.c", str_of(now), NULL, &err) < 0)
        fail_msg("%s: %s", err.text, now);
    bounds_check(&findings, before, after, tier);
    return findings;
}

static void what_cannot_be_followed_is_refused(void **state)
{
    (void)state;
    bool failed = false;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct findings findings = patched("", refused[i].text, BOUNDS_USUAL);
        if (findings.count && !strcmp(findings.at[0].rule, rules[refused[i].want].name) &&
            strstr(findings.at[0].message, refused[i].says))
            continue;
        print_error("%s: %u %s\n", refused[i].name, findings.count,
            findings.count ? findings.at[0].message : "not refused");
        failed = true;
    }
    assert_false(failed);
}

static void what_only_looks_like_it_is_not(void **state)
{
    (void)state;
    bool failed = false;
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        struct findings findings = patched("", accepted[i].text, BOUNDS_USUAL);
        if (findings.count)
            print_error(
                "%s: %s: %s\n", accepted[i].name, findings.at[0].rule, findings.at[0].message);
        failed |= findings.count > 0;
    }
    assert_false(failed);
}

/* An operator's own loop keeps no repair out, as long as it gets no worse. */
static void what_was_there_is_not_the_patchs(void **state)
{
    (void)state;
    static const struct {
        const char *name, *was, *now;
        bool ok;
    } rows[] = {
        { "beside it", LOOP("while (turn->step)"), LOOP("turn->step; while (turn->step)"), true },
        { "another loop", LOOP("while (turn->step)"), LOOP("while (call)"), false },
        { "one more", LOOP("while (turn->step)"), LOOP("while (turn->step) while (call)"), false },
        { "more rounds", LOOP("for (int i = 0; i < 9000000; i++)"),
            LOOP("for (int i = 0; i < 9000000; i++) for (int k = 0; k < 3; k++)"), false },
        { "an old circle", "static int f(int a)\n{\n    return f(a);\n}\n",
            "static int f(int a)\n{\n    return f(a + 1);\n}\n", true },
        { "a wider circle", "static int f(int a)\n{\n    return f(a);\n}\n",
            "static int f(int a);\nstatic int g(int a)\n{\n    return f(a);\n}\n"
            "static int f(int a)\n{\n    return g(a);\n}\n",
            false },
        { "shorter and still long", HOOK(TEN(TEN("turn->step;\n")) TEN(TEN("turn->step;\n"))),
            HOOK(TEN(TEN("turn->step;\n")) TEN("turn->step;\n\n\n\n\n\n\n\n")), true },
        { "longer and long", HOOK(TEN(TEN("turn->step;\n")) TEN(TEN("turn->step;\n"))),
            HOOK(TEN(TEN("turn->step;\n")) TEN(TEN("turn->step;\n\n"))), false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct findings findings = patched(rows[i].was, rows[i].now, BOUNDS_USUAL);
        if ((findings.count == 0) != rows[i].ok)
            fail_msg("%s: %s", rows[i].name, findings.count ? findings.at[0].message : "let in");
    }
}

/* Every budget of a function is smaller there, and what is within it passes. */
static void the_strict_tier_is_stricter(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rule;
    } rows[] = {
        { LOOP("for (int i = 0; i < 5000; i++)"), "loop" },
        { HOOK(TEN("turn->step;\n\n\n\n\n\n")), "long" },
        { HOOK(TEN("if (turn->step && call) return 0;")), "complex" },
        { HOOK("if (call) { if (call) { if (call) { if (call) { if (call) { } } } } }"), "nested" },
    };
    const struct bounds_budget *usual = &bounds_budgets[BOUNDS_USUAL],
                               *strict = &bounds_budgets[BOUNDS_STRICT];
    assert_true(strict->lines < usual->lines && strict->edits < usual->edits &&
                strict->bytes < usual->bytes);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(patched("", rows[i].text, BOUNDS_USUAL).count, 0);
        struct findings findings = patched("", rows[i].text, BOUNDS_STRICT);
        assert_int_equal(findings.count, 1);
        assert_string_equal(findings.at[0].rule, rows[i].rule);
    }
    assert_int_equal(patched("", LOOP("for (int i = 0; i < 50; i++)"), BOUNDS_STRICT).count, 0);
}

/* What people write by hand, as if a patch had put in all of it. */
static void the_harnesses_pass(void **state)
{
    (void)state;
    static const char *const patterns[] = { MOULT_SOURCE_DIR
        "/examples/naive-harness/plugins/*/*.c",
        MOULT_SOURCE_DIR "/plugins/stock/*/*.c" };
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        glob_t found;
        assert_int_equal(glob(patterns[i], 0, NULL, &found), 0);
        for (size_t n = 0; n < found.gl_pathc; n++) {
            CLEANUP(buf_done) struct buf text = { 0 };
            assert_int_equal(file_read(found.gl_pathv[n], &text, SYNTAX_SOURCE_MAX, NULL), 0);
            struct findings findings = patched("", text.at, BOUNDS_USUAL);
            if (findings.count)
                fail_msg("%s: %s", found.gl_pathv[n], findings.at[0].message);
        }
        globfree(&found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_followed_is_refused),
        cmocka_unit_test(what_only_looks_like_it_is_not),
        cmocka_unit_test(what_was_there_is_not_the_patchs),
        cmocka_unit_test(the_strict_tier_is_stricter),
        cmocka_unit_test(the_harnesses_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
