/* patch_lookalike_test - what looks like a denied construct and is none is let through: beside each
 * rule of a source, which patch_source_test shows to refuse, at least one honest neighbour of it.
 */
#include "base/mem.h"
#include "patch/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FUNCTION(body) "static int f(int a)\n{\n" body "\n}\n"

static const struct row {
    enum rule rule;
    const char *name, *text;
} rows[] = {
    { RULE_UTF8, "two bytes that are a letter", "// gr\xc3\xbc\xc3\x9f\n" },
    { RULE_CONTROL, "a tab, and a newline at the end", "static int f(int a);\t// x\n" },
    { RULE_BIDI, "an arrow", "// left \xe2\x86\x92 right\n" },
    { RULE_INVISIBLE, "two blanks in a text", FUNCTION("return \"a  b\"[a];") },
    { RULE_LOOKALIKE, "a word all of whose letters are Cyrillic",
        "// \xd0\xbf\xd0\xb5\xd1\x80\xd0\xb5\xd0\xb4\n" },
    { RULE_ASCII, "a sign in a text", FUNCTION("return \"\xe2\x9c\x93\"[a];") },
    { RULE_TRIGRAPH, "two question marks", FUNCTION("return \"what??\"[a];") },
    { RULE_SPLICE, "a backslash in a text", FUNCTION("return \"a\\\\\"[a];") },
    { RULE_BLANKS, "a few blanks before a comment", "static int f(int a);        // x\n" },
    { RULE_TOKEN, "a sign that C has not, in a text", FUNCTION("return \"@`$\"[a];") },
    { RULE_COMMENT, "signs of comments in texts and comments",
        "// a/*.c\n/* a // b */\n" FUNCTION("return \"/*\"[a] + \"*/\"[a];") },
    { RULE_DIGRAPH, "a comparison before a colon, and a rest before a greater",
        FUNCTION("int b = 2; return a ? a < b : a % b > a;") },
    { RULE_INCLUDE, "the headers that there are",
        "#include \"moult.h\"\n#include <stdint.h>\n#include <stddef.h>\n#include <stdbool.h>\n" },
    { RULE_MACRO, "the word in a comment", "// no #define here\n" },
    { RULE_BRANCH, "the word in a text", FUNCTION("return \"#if 0\"[a];") },
    { RULE_DIRECTIVE, "a text that begins a line", FUNCTION("return\n\"#pragma once\"[a];") },
    { RULE_ATTRIBUTE, "a parameter that is not used",
        "static int f(__attribute__((unused)) int a);\n" },
    { RULE_ASM, "a name that begins so", FUNCTION("int asm_lines = a; return asm_lines;") },
    { RULE_THREAD, "a name that says so", FUNCTION("int thread = a; return thread;") },
    { RULE_BUILTIN, "one of the list", FUNCTION("return __builtin_clz((unsigned)a);") },
    { RULE_RESERVED, "a name that ends so", FUNCTION("int a_ = a; return a_;") },
    { RULE_ADDRESS, "a number of that size", FUNCTION("return (size_t)a > 1;") },
    { RULE_COMPUTED_GOTO, "a jump, and two conditions that hold",
        FUNCTION("again: if ((a) && a++) goto again; return a;") },
    { RULE_PARSE, "two ways to end a statement", FUNCTION("if (a) return 1; else { } return 2;") },
    { RULE_STORAGE, "names that begin so",
        FUNCTION("int registers = a, external = a; return "
                 "registers + external;") },
    { RULE_WRITABLE, "what is const all through",
        "static const char *const names[] = { \"a\" };\nstatic const int many = 3;\n" },
    { RULE_EXTERN, "one that is defined below", "static int g(int a);\n" FUNCTION("return g(a);") },
    { RULE_EXPORT, "the plugin itself",
        "MOULT_EXPORT const struct moult_plugin moult_plugin = { .abi = 0 };\n" },
    { RULE_VLA, "an array as long as an enum says",
        "enum { N = 2 };\n" FUNCTION("char b[N * 2] = { 0 }; return b[0];") },
    { RULE_UNION, "a name that ends so", FUNCTION("int reunion = a; return reunion;") },
    { RULE_CAST, "a cast to a number", FUNCTION("return (int)(uint8_t)a;") },
    { RULE_POINTER_CAST, "a value that is not used", FUNCTION("(void)a; return 1;") },
    { RULE_POINTER_STEP, "an array that is indexed", FUNCTION("int b[2] = { 0 }; return b[1];") },
    { RULE_STATEMENT_EXPRESSION, "an object without a name",
        FUNCTION("return (struct { int n; }){ a }.n;") },
    { RULE_NESTED_FUNCTION, "a block within a function", FUNCTION("{ int b = a; return b; }") },
    { RULE_KIND, "an initialiser by its index", "static const int x[] = { [0] = 1, [3] = 1 };\n" },
};

static void lookalikes_pass(void **state)
{
    bool failed = false;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct findings findings = { .count = 0 };
        struct err err = { 0 };
        CLEANUP(syntax_freep) struct syntax *syntax = NULL;
        if (source_check(&findings, &syntax, "x.c", str_of(rows[i].text), &err) < 0)
            fail_msg("%s", err.text);
        for (uint32_t n = 0; n < findings.count; n++)
            print_error("%s: %u:%u %s: %s\n", rows[i].name, findings.at[n].place.line,
                findings.at[n].place.column, findings.at[n].rule, findings.at[n].message);
        failed |= findings.count > 0;
    }
    assert_false(failed);
}

/* Of the rules that a source alone can break; a size has no neighbour but a smaller one. */
static void each_rule_has_one(void **state)
{
    (void)state;
    for (int rule = 0; rule < RULE_PREPROCESS; rule++) {
        bool there = rule == RULE_SIZE;
        for (size_t i = 0; i < COUNT_OF(rows); i++)
            there |= rows[i].rule == (enum rule)rule;
        if (!there)
            fail_msg("no lookalike of what the rule %s refuses", rules[rule].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookalikes_pass),
        cmocka_unit_test(each_rule_has_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
