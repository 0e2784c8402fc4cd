/* Sources of one shape are one program, and no others are. */
#include "patch/shape.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define F(body) "enum { MANY = 3 };\nstatic int f(int a, int b)\n{\n" body "\n}\n"

static const struct row {
    const char *name, *one, *other;
    bool same;
} rows[] = {
    { "blanks and comments", F("return a+b; // x"), F("/* y */ return  a + b;"), true },
    { "another parameter's name", F("return a;"),
        "enum { MANY = 3 };\nstatic int f(int n, int k)\n{\nreturn n;\n}\n", true },
    { "another local's name", F("int x = a; return x;"), F("int y = a; return y;"), true },
    { "another function's name", F("return a;") "static int g(int a)\n{\nreturn f(a, 1);\n}\n",
        "enum { MANY = 3 };\nstatic int h(int a, int b)\n{\nreturn a;\n}\n"
        "static int g(int a)\n{\nreturn h(a, 1);\n}\n",
        true },
    { "the sides of a sum", F("return a + b * 2;"), F("return 2 * b + a;"), true },
    { "a comparison turned round", F("return a > b;"), F("return b < a;"), true },
    { "and with its end", F("return a >= b;"), F("return b <= a;"), true },
    { "parentheses", F("return a;"), F("return (a);"), true },
    { "braces around one statement", F("if (a) return b; return 0;"),
        F("if (a) { return b; } return 0;"), true },

    { "another parameter", F("return a;"), F("return b;"), false },
    { "two locals, exchanged", F("int x = 1, y = 2; return x - y;"),
        F("int x = 1, y = 2; return y - x;"), false },
    { "the sides of a difference", F("return a - b;"), F("return b - a;"), false },
    { "the sides of an and", F("return a && b;"), F("return b && a;"), false },
    { "the sides of a sum that does something", F("return f(a, 1) + f(b, 1);"),
        F("return f(b, 1) + f(a, 1);"), false },
    { "a comparison the other way", F("return a > b;"), F("return a < b;"), false },
    { "a comparison made strict", F("return a > b;"), F("return a >= b;"), false },
    { "another number", F("return a + 1;"), F("return a + 2;"), false },
    { "another constant", F("return MANY;"), F("return FEW;"), false },
    { "a member's name", F("struct s { int x, y; } s = { 1, 2 }; return s.x;"),
        F("struct s { int x, y; } s = { 1, 2 }; return s.y;"), false },
    { "a string", F("return \"a b\"[a];"), F("return \"a  b\"[a];"), false },
    { "one else or the other", F("if (a) { if (b) return 1; } else return 2; return 3;"),
        F("if (a) if (b) return 1; else return 2; return 3;"), false },
    { "a name that a local hides",
        "enum { MANY = 3, OTHER = 9 };\nstatic int f(int a, int b)\n{\n"
        "int r = MANY; { int MANY = 1; r += MANY; } return r;\n}\n",
        "enum { MANY = 3, OTHER = 9 };\nstatic int f(int a, int b)\n{\n"
        "int r = OTHER; { int OTHER = 1; r += OTHER; } return r;\n}\n",
        false },
    { "a statement more", F("a++; return a;"), F("return a;"), false },
    { "the order of statements", F("a++; b = a; return b;"), F("b = a; a++; return b;"), false },
    { "a header", "#include <stdint.h>\n", "#include <stddef.h>\n", false },
    { "the verb", F("return moult_a(a);"), F("return moult_b(a);"), false },
};

static struct digest shape(const char *text)
{
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    struct err err;
    if (syntax_parse(&syntax, "x.c", str_of(text), NULL, &err) < 0)
        fail_msg("%s: %s", err.text, text);
    return shape_of(syntax);
}

static void what_is_one_program_has_one_shape(void **state)
{
    (void)state;
    bool failed = false;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct digest one = shape(rows[i].one), other = shape(rows[i].other);
        if (hash_equal(&one, &other) == rows[i].same)
            continue;
        print_error("%s: %s\n", rows[i].name, rows[i].same ? "two shapes" : "one shape");
        failed = true;
    }
    assert_false(failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_one_program_has_one_shape) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
