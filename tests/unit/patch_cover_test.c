/* evolver/patch/cover.c: which marks a source gets, which of them a patch must be seen in, and that
 * a marked source is C of the same meaning. */
#include "base/mem.h"
#include "patch/cover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A letter a mark that is wanted: ran, true, false, other; with its line in the body. */
static void wanted_of(struct buf *out, const char *was, const char *now, struct buf *marked)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(syntax_freep) struct syntax *old = NULL, *new = NULL;
    CLEANUP(mem_freep) char *a = mem_format("static int f(int a, int b)\n{\n%s\n}\n", was);
    CLEANUP(mem_freep) char *b = mem_format("static int f(int a, int b)\n{\n%s\n}\n", now);
    struct cover cover;
    struct err err;
    if (syntax_parse(&old, "was", str_of(a), NULL, &err) < 0 ||
        syntax_parse(&new, "now", str_of(b), NULL, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    struct diff diff = diff_trees(old, new, &arena);
    assert_int_equal(cover_source(marked, &cover, old, new, &diff, &arena, &err), 0);
    for (uint32_t i = 0; i < cover.count; i++)
        if (cover.at[i].wanted)
            buf_format(out, "%s%u%c", out->size ? " " : "", cover.at[i].place.line - 2,
                "rtfov"[cover.at[i].what]);
}

static const struct row {
    const char *name, *was, *now;
    const char *want; /* lines of the body, r(an), t(rue), f(alse), o(ther than zero) */
} rows[] = {
    { "nothing changed", "return a;", "return a;", "" },
    { "blanks and comments are no change", "return a;", "/* why */ return  a;", "" },
    { "a new statement runs", "return a;", "a++;\nreturn a;", "1r" },
    { "another one stays out", "a++;\nb++;\nreturn a;", "a++;\nb--;\nreturn a;", "2r" },
    { "a new guard of new code is taken", "return a;", "if (b)\na++;\nreturn a;", "1r 1t 2r" },
    { "a guard around old code is taken and passed by", "a++;\nreturn a;",
        "if (b)\na++;\nreturn a;", "1r 1t 1f 2r" },
    { "so is one that is changed", "if (a)\na++;\nreturn a;", "if (b)\na++;\nreturn a;",
        "1r 1t 1f" },
    { "each part of a condition is true once", "return a;", "if (a && !b)\na++;\nreturn a;",
        "1r 1t 1t 1t 2r" },
    { "a part that is put in, both ways", "if (a)\na++;\nreturn a;", "if (a || b)\na++;\nreturn a;",
        "1r 1t 1f 1t 1f 1t 1f" },
    { "an if that gets an else is another one", "if (a)\na++;\nreturn a;",
        "if (a)\na++;\nelse\nb++;\nreturn a;", "1r 1t 1f 2r 4r" },
    { "a value that hangs on a condition", "return a;", "return b ? a : 0;", "1r 1v 1t 1f" },
    { "what it becomes", "return b ? a : 0;", "return b ? a : 1;", "1r 1v 1t 1f" },
    { "a literal decides nothing", "return a;", "while (1)\nbreak;\nreturn a;", "1r 2r" },
    { "a loop's body", "return a;", "for (int i = 0; i < b; i++)\na++;\nreturn a;", "1r 1t 2r" },
    { "a case of a switch", "switch (a) {\ncase 1:\nb++;\nbreak;\n}\nreturn a;",
        "switch (a) {\ncase 1:\nb++;\nbreak;\ncase 2:\nb--;\n}\nreturn a;", "1r 6r" },
    { "constants have no marks", "return a;",
        "static const int x[2 > 1 && 1] = { 1 };\nenum { Y = 1 ? 2 : 3 };\nreturn a;", "1r" },
    { "a choice without a branch", "return a;", "return a + 8 * (b / 300);", "1r 1v 1o 1v 1o 1v" },
    { "a comparison that is a number", "return a;", "return a + 8 * (b > 300);",
        "1r 1v 1o 1v 1t 1f" },
    { "and one that is turned round", "return a;", "return a + (8 & !b);", "1r 1v 1o 1v 1t 1f" },
    { "a sum that is kept", "return a;", "int c = a - b;\nreturn a;", "1r 1v" },
    { "one that is compared is decided there", "return a;", "if (a - b > 2)\nb++;\nreturn a;",
        "1r 1t 2r" },
    { "a sign and a complement", "return a;", "b = -a;\na = ~b;\nreturn a;", "1r 1v 1v 2r 2v 2v" },
    { "a flag beside others", "return a;", "a = b | 4;\nreturn a;", "1r 1v 1v" },
    { "a number that is worked in", "return a;", "a -= b;\na *= 3;\na &= 7;\nreturn a;",
        "1r 1v 2r 2v 3r 3v" },
    { "one that counts or notes", "return a;", "a += 1;\na -= 2;\na |= 4;\na++;\nreturn a;",
        "1r 2r 3r 4r" },
    { "a place that is worked out, and what stands there", "return a;",
        "int t[2] = { 0, 3 };\nreturn t[a];", "1r 2r 2v 2v" },
    { "what stands there within", "return a;", "struct row *t = rows;\nb = t[a].code;\nreturn a;",
        "1r 2r 2v 2v 2v" },
    { "a place that is written to", "return a;", "int t[2] = { 0 };\nt[a] = 3;\nreturn a;",
        "1r 2r 2v" },
    { "a place that is always the same one", "return a;",
        "enum { AT = 1 };\nint t[2] = { 0, 3 };\nb = t[AT] == t[1] + 0;\nreturn a;",
        "2r 3r 3v 3t 3f" },
    { "a constant's name that a variable has taken", "return a;",
        "enum { AT = 1 };\n{\nint AT = a;\nb = 3 - AT;\n}\nreturn a;", "3r 3v 4r 4v 4v" },
    { "a name like the SDK's that a variable has taken", "return a;",
        "int MOULT_AT = a;\nb = 3 - MOULT_AT;\nreturn a;", "1r 1v 2r 2v 2v" },
    { "constants of the SDK are none", "return a;", "b = MOULT_FAILED | MOULT_AGO;\nreturn a;",
        "1r" },
    { "a number that is cut off", "return a;", "b = (uint8_t)a;\na = (int)b;\nreturn (long)b;",
        "1r 1v 1v 2r 2v 2v 3r" },
    { "one that is cut off where it is kept", "return a;", "uint8_t c = a;\nreturn a;", "1r 1v" },
    { "or handed to its own function", "return a;", "return f(a, b);", "1r 1v 1v 1v" },
    { "what the host counts, handed on", "return a;",
        "moult_wait(turn, moult_past(turn, call, 3));\nreturn a;", "1r 1o" },
    { "what it counts, kept", "return a;", "int64_t c = moult_error(turn, 2);\nreturn a;",
        "1r 1o" },
    { "what it counts, compared", "return a;",
        "if (moult_past(turn, call, 3) > 2)\na++;\nreturn a;", "1r 1t 2r" },
    { "yes or no of the host as a number", "return a;",
        "moult_wait(turn, moult_fits(turn, schema, value));\nreturn a;", "1r 1o" },
    { "yes or no of the host, kept", "return a;",
        "bool c = moult_fits(turn, schema, value);\nreturn a;", "1r 1v" },
    { "a guard that takes back what is new", "return a;", "int c = 3;\nif (b)\nc = 0;\nreturn a;",
        "1r 2r 2t 2f 3r" },
    { "one of something else", "return a;", "int c = 3;\nif (b)\na = c;\nreturn a;",
        "1r 2r 2t 3r" },
    { "a guard that edits once more", "return a;",
        "moult_cut(turn, one);\nif (b)\nmoult_body_set(turn, two);\nreturn a;", "1r 2r 2t 2f 3r" },
    { "one that edits something else", "return a;",
        "moult_cut(turn, one);\nif (b)\nmoult_wait(turn, 5);\nreturn a;", "1r 2r 2t 3r" },
    { "what is behind a return never runs, and says so", "return a;", "return a;\na++;", "2r" },
};

static void a_patch_is_seen_in_what_it_changes(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(buf_done) struct buf got = { 0 }, marked = { 0 };
        buf_text(&got, "");
        wanted_of(&got, rows[i].was, rows[i].now, &marked);
        if (!str_equal(buf_view(&got), str_of(rows[i].want)))
            wrong += fprintf(stderr, "%s: \"%.*s\", not \"%s\" in\n%s\n", rows[i].name,
                         (int)got.size, got.at ? got.at : "", rows[i].want, marked.at) > 0;
    }
    assert_int_equal(wrong, 0);
}

/* What may be marked nests in every way: the result parses, and its lines keep their numbers. */
static void marked_sources_parse(void **state)
{
    (void)state;
    static const char body[] =
        "if (a) if (b) a++; else b++; else if (a && (b || !a)) { b = a ? b : a; }\n"
        "do a--; while (a > 0 && b);\n"
        "for (;;) { if (!a) break; else continue; }\n"
        "switch (a) { case 1: case 2: b = 1; break; default: if (b) goto out; }\n"
        "out: a++;\nfor (int i = 0; i < (a ? 1 : 2); i++) switch (b) { case 3: a = b && a; }\n"
        "return (a && b) + !(b || a);";
    CLEANUP(buf_done) struct buf got = { 0 }, marked = { 0 };
    CLEANUP(syntax_freep) struct syntax *again = NULL;
    struct err err;
    wanted_of(&got, "return a;", body, &marked);
    if (syntax_parse(&again, "marked", buf_view(&marked), NULL, &err) < 0)
        fail_msg("%s: %s in\n%s", err.where, err.text, marked.at);
    assert_non_null(strstr(marked.at, "#line 1 "));
    assert_non_null(strstr(marked.at, "MOULT_EXPORT const struct moult_trial moult_trial"));
    assert_non_null(strstr(marked.at, "else { moult_cover_["));
}

static void too_many_branches_are_said(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf source = { 0 }, marked = { 0 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    struct cover cover;
    struct err err;
    buf_text(&source, "static void f(int a)\n{\n");
    for (int i = 0; i <= COVER_BITS_MAX; i++)
        buf_text(&source, "a++;\n");
    buf_text(&source, "}\n");
    assert_int_equal(syntax_parse(&syntax, "many", buf_view(&source), NULL, &err), 0);
    struct diff diff = diff_trees(syntax, syntax, &arena);
    assert_int_equal(
        cover_source(&marked, &cover, syntax, syntax, &diff, &arena, &err), -ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_patch_is_seen_in_what_it_changes),
        cmocka_unit_test(marked_sources_parse),
        cmocka_unit_test(too_many_branches_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
