/* The source gate: each rule refuses what it is for, at the right place, and lets honest plugins
 * through. */
#include "base/file.h"
#include "base/mem.h"
#include "patch/source.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NAIVE MOULT_SOURCE_DIR "/examples/naive-harness/"
#define BLANKS "                              "
#define FUNCTION(body) "static int f(int a)\n{\n" body "\n}\n"

static const struct row {
    const char *name, *text;
    enum rule want;
    uint32_t line, column; /* 0: any */
} refused[] = {
    { "Latin-1", "int x; // \xe4\n", RULE_UTF8, 1, 11 },
    { "an escape of the terminal", "// \x1b[2J\n", RULE_CONTROL, 1, 4 },
    { "a carriage return", "static int f(void);\r\n", RULE_CONTROL, 1, 20 },
    { "a NUL byte in a comment", "//", RULE_CONTROL, 1, 3 },
    { "a line separator", "// \xe2\x80\xa8\n", RULE_CONTROL, 1, 4 },
    { "right-to-left override in a comment", "\n/* \xe2\x80\xae */\n", RULE_BIDI, 2, 4 },
    { "an isolate in a string", "static const char s[] = \"\xe2\x81\xa6\";\n", RULE_BIDI, 1, 26 },
    { "a space without width", "int a\xe2\x80\x8b;\n", RULE_INVISIBLE, 1, 6 },
    { "a byte order mark", "\xef\xbb\xbfint f(void);\n", RULE_INVISIBLE, 1, 1 },
    { "a tag character", "// \xf3\xa0\x81\x81\n", RULE_INVISIBLE, 1, 4 },
    { "a control of a shorthand", "// \xf0\x9b\xb2\xa0\n", RULE_INVISIBLE, 1, 4 },
    { "a Cyrillic letter in a Latin word", "static const char s[] = \"d\xd0\xb5lete\";\n",
        RULE_LOOKALIKE, 1, 27 },
    { "a hyphen that is none", "// get\xe2\x80\x90user\n", RULE_LOOKALIKE, 1, 7 },
    { "a blank that is none", "// a\xc2\xa0x\n", RULE_INVISIBLE, 1, 5 },
    { "a wide letter in a Latin word", "// \xef\xbd\x85xec\n", RULE_LOOKALIKE, 1, 4 },
    { "a Cyrillic name", "static int \xd0\xb0(void);\n", RULE_ASCII, 1, 12 },
    { "a trigraph backslash in a comment", "// why?\?/\nint x;\n", RULE_TRIGRAPH, 1, 7 },
    { "a trigraph in a string", "static const char s[] = \"?\?!\";\n", RULE_TRIGRAPH, 1, 26 },
    { "a spliced comment", "// see \\\nint x;\n", RULE_SPLICE, 1, 8 },
    { "a splice with blanks behind", "// see \\ \t\nint x;\n", RULE_SPLICE, 1, 8 },
    { "a splice at the end", "// see \\", RULE_SPLICE, 1, 8 },
    { "a splice in a name", "static int f\\\noo(void);\n", RULE_SPLICE, 1, 13 },
    { "code out of sight",
        "static int f(void); /* */ " BLANKS BLANKS BLANKS "static int g(void);\n", RULE_BLANKS, 1,
        26 },
    { "code behind eleven tabs", "/* */\t\t\t\t\t\t\t\t\t\t\tstatic int g(void);\n", RULE_BLANKS, 1,
        6 },
    { "code behind a long comment",
        "/* " BLANKS "." BLANKS "." BLANKS "." BLANKS "." BLANKS "." BLANKS "." BLANKS "." BLANKS
        "." BLANKS "." BLANKS "." BLANKS "." BLANKS "." BLANKS "." BLANKS "." BLANKS
        "*/ int f(void);\n",
        RULE_BLANKS, 1, 0 },
    { "a string without an end", "static const char s[] = \"x;\n", RULE_TOKEN, 1, 25 },
    { "a comment without an end", "int f(void); /* x\n", RULE_TOKEN, 1, 14 },
    { "a comment within a comment", "/* off:\nint f(void);\n/* on */\n", RULE_COMMENT, 1, 1 },
    { "a comment that seems to end", "/*/ int f(void); /* */\n", RULE_COMMENT, 1, 1 },
    { "a stray @", "@ int f(void);\n", RULE_TOKEN, 1, 1 },
    { "digraph braces", "static int f(void) <% return 1; %>\n", RULE_DIGRAPH, 1, 20 },
    { "a digraph directive", "%:define x y\n", RULE_DIGRAPH, 1, 1 },
    { "a header of the system", "#include <stdio.h>\n", RULE_INCLUDE, 1, 1 },
    { "a header by its path", "\n  #include \"/etc/passwd\"\n", RULE_INCLUDE, 2, 3 },
    { "a header beside moult.h", "#include \"moult.h\" \"x.h\"\n", RULE_INCLUDE, 1, 1 },
    { "moult.h of the system", "#include <moult.h>\n", RULE_INCLUDE, 1, 1 },
    { "the trial header", "#include \"moult_trial.h\"\n", RULE_INCLUDE, 1, 1 },
    { "a header by a macro", "#include MOULT_H\n", RULE_INCLUDE, 1, 1 },
    { "include_next", "#include_next <stdint.h>\n", RULE_INCLUDE, 1, 1 },
    { "import", "#import \"moult.h\"\n", RULE_INCLUDE, 1, 1 },
    { "a macro", "# define MANY 3\n", RULE_MACRO, 1, 1 },
    { "a macro behind a comment", "/* x */ #define if while\n", RULE_MACRO, 1, 9 },
    { "a macro over two lines of comment", "#define /*\n*/ if while\n", RULE_MACRO, 1, 1 },
    { "undef", "#undef MOULT_EXPORT\n", RULE_MACRO, 1, 1 },
    { "a hidden branch", "#if 0\nint f(void);\n#endif\n", RULE_BRANCH, 1, 1 },
    { "a branch on a file", "#if __has_include(\"/x\")\n#endif\n", RULE_BRANCH, 1, 1 },
    { "ifdef", "#ifdef x\n#endif\n", RULE_BRANCH, 1, 1 },
    { "a pragma", "#pragma GCC dependency \"/etc/passwd\"\n", RULE_DIRECTIVE, 1, 1 },
    { "another line number", "#line 7 \"x.c\"\n", RULE_DIRECTIVE, 1, 1 },
    { "a line marker", "# 7 \"x.c\" 3\n", RULE_DIRECTIVE, 1, 1 },
    { "ident", "#ident \"x\\n.globl y\"\n", RULE_DIRECTIVE, 1, 1 },
    { "the empty directive", "#\n", RULE_DIRECTIVE, 1, 1 },
    { "a # within a line", FUNCTION("return # 1;"), RULE_DIRECTIVE, 3, 8 },
    { "the pragma operator", "_Pragma(\"once\")\n", RULE_DIRECTIVE, 1, 1 },
    { "a constructor", "__attribute__((constructor)) static int f(void);\n", RULE_ATTRIBUTE, 1, 1 },
    { "a section", "static const int x __attribute__((section(\"a\"))) = 1;\n", RULE_ATTRIBUTE, 1,
        20 },
    { "two attributes", "__attribute__((unused, ifunc(\"g\"))) static int f(void);\n",
        RULE_ATTRIBUTE, 1, 1 },
    { "an attribute in brackets where an index could stand",
        FUNCTION("int b[2] [[gnu::unused]]; return b[0];"), RULE_ATTRIBUTE, 3, 11 },
    { "an attribute in brackets", "[[nodiscard]] static int f(void);\n", RULE_ATTRIBUTE, 1, 1 },
    { "assembler", FUNCTION("__asm__ volatile(\"syscall\"); return 1;"), RULE_ASM, 3, 1 },
    { "assembler of the file", "__asm__(\".incbin \\\"/etc/passwd\\\"\");\n", RULE_ASM, 1, 1 },
    { "another name in the object", "static int f(void) __asm__(\"g\");\n", RULE_ASM, 1, 20 },
    { "thread storage", "static _Thread_local int x;\n", RULE_THREAD, 1, 8 },
    { "gcc's thread storage", "static __thread int x;\n", RULE_THREAD, 1, 8 },
    { "the stack from within", FUNCTION("return __builtin_frame_address(0) != 0;"), RULE_BUILTIN, 3,
        8 },
    { "memory of the stack", FUNCTION("return __builtin_alloca(a) != 0;"), RULE_BUILTIN, 3, 8 },
    { "when it was compiled", "static const char s[] = __DATE__;\n", RULE_RESERVED, 1, 25 },
    { "a function that the loader calls", "static void _init(void)\n{\n}\n", RULE_RESERVED, 1, 13 },
    { "a counter", FUNCTION("return __COUNTER__;"), RULE_RESERVED, 3, 8 },
    { "a choice by type", FUNCTION("return _Generic(a, int: 1);"), RULE_RESERVED, 3, 8 },
    { "an address as a number", FUNCTION("return (uintptr_t)&a > 1;"), RULE_ADDRESS, 3, 9 },
    { "a computed jump", FUNCTION("goto *(void *)a;"), RULE_COMPUTED_GOTO, 3, 6 },
    { "a label's address behind what may be a type", FUNCTION("a = (a)&&out; out: return a;"),
        RULE_COMPUTED_GOTO, 3, 0 },
    { "a label's address behind a type", FUNCTION("a = (int)&&out; out: return a;"),
        RULE_COMPUTED_GOTO, 3, 0 },
    { "a label's address", FUNCTION("void *p = &&out; out: return 1;"), RULE_COMPUTED_GOTO, 3, 11 },
    { "a semicolon too few", FUNCTION("return 1"), RULE_PARSE, 3, 9 },
    { "prose", "this is not C\n", RULE_PARSE, 1, 0 },
    { "an extern variable", "extern const int x;\n", RULE_STORAGE, 1, 1 },
    { "a register", FUNCTION("register int r = a; return r;"), RULE_STORAGE, 3, 1 },
    { "a global", "int x;\n", RULE_WRITABLE, 1, 5 },
    { "a static", "static const char *x = \"a\";\n", RULE_WRITABLE, 1, 20 },
    { "a static array of pointers", "static const char *x[] = { \"a\" };\n", RULE_WRITABLE, 1, 20 },
    { "a pointer to a function", "static int (*x)(int);\n", RULE_WRITABLE, 1, 14 },
    { "the second of two", "static const int x = 1, *y;\n", RULE_WRITABLE, 1, 26 },
    { "a static in a function", FUNCTION("static int n; return n++;"), RULE_WRITABLE, 3, 12 },
    { "a static in a loop", FUNCTION("for (;;) { static int n; n++; }"), RULE_WRITABLE, 3, 23 },
    { "an object without a name", "static int *const x = (int[]){ 1 };\n", RULE_WRITABLE, 1, 24 },
    { "a function of elsewhere", "int puts(const char *);\n", RULE_EXTERN, 1, 5 },
    { "one declared in a function", FUNCTION("int puts(const char *); return 1;"), RULE_EXTERN, 3,
        5 },
    { "one not declared", FUNCTION("return system(\"x\");"), RULE_EXTERN, 3, 8 },
    { "one that others could call", "int f(void)\n{\n    return 1;\n}\n", RULE_EXTERN, 1, 5 },
    { "one called at the top", "puts(1);\n", RULE_EXTERN, 1, 1 },
    { "two exports", "MOULT_EXPORT const int x = 1;\n", RULE_EXPORT, 1, 1 },
    { "an exported function", "static MOULT_EXPORT int f(void)\n{\nreturn 1;\n}\n", RULE_EXPORT, 1,
        8 },
    { "an array as long as a parameter", FUNCTION("int b[a]; return b[0];"), RULE_VLA, 3, 7 },
    { "an array as long as a call's answer", FUNCTION("int b[f(2)]; return b[0];"), RULE_VLA, 3,
        7 },
    { "an array as long as a variable that is const",
        "static const int n = 3;\n" FUNCTION("int b[n + 1]; return b[0];"), RULE_VLA, 4, 7 },
    { "a union", FUNCTION("union { long n; char *p; } u = { a }; return *u.p;"), RULE_UNION, 3, 1 },
    { "a pointer of a number", FUNCTION("return *(int *)4096;"), RULE_POINTER_CAST, 3, 9 },
    { "a function of a number", FUNCTION("return ((int (*)(int))4096)(a);"), RULE_POINTER_CAST, 3,
        9 },
    { "a pointer by its type's name", "typedef int *p;\n" FUNCTION("return *(p)4096;"), RULE_CAST,
        4, 10 },
    { "a hook of a number", FUNCTION("return ((moult_hook)4096)(0);"), RULE_CAST, 3, 10 },
    { "statements within an expression", FUNCTION("return ({ a++; a; });"),
        RULE_STATEMENT_EXPRESSION, 3, 9 },
    { "below a local", FUNCTION("int *p = &a; return p[-3000];"), RULE_POINTER_STEP, 3, 0 },
    { "below a local without a name", FUNCTION("return (&a)[-3000];"), RULE_POINTER_STEP, 3, 0 },
    { "the same turned round", FUNCTION("return a[&a];"), RULE_POINTER_STEP, 3, 0 },
    { "a step below a local", FUNCTION("return *(&a - 3000);"), RULE_POINTER_STEP, 3, 0 },
    { "a sum with a pointer", FUNCTION("int *p = &a; return *(p + a);"), RULE_POINTER_STEP, 3, 0 },
    { "a pointer that is stepped", FUNCTION("int *p = &a; p++; return *p;"), RULE_POINTER_STEP, 3,
        0 },
    { "a pointer that is moved", FUNCTION("int *p = &a; p -= 3000; return *p;"), RULE_POINTER_STEP,
        3, 0 },
    { "one of two pointers", FUNCTION("int *p = &a; return *((a ? p : &a) - 3000);"),
        RULE_POINTER_STEP, 3, 0 },
    { "behind a comma", FUNCTION("int *p = &a; return *((a, p) - 3000);"), RULE_POINTER_STEP, 3,
        0 },
    { "behind an assignment", FUNCTION("int *p; return *((p = &a) - 3000);"), RULE_POINTER_STEP, 3,
        0 },
    { "the sum with an array", FUNCTION("int b[2] = { 0 }; return *(b - 3000);"), RULE_POINTER_STEP,
        3, 0 },
    { "a pointer from an array", FUNCTION("int *b[1] = { &a }; return b[0][-3000];"),
        RULE_POINTER_STEP, 3, 0 },
    { "what a pointer to a pointer leads to",
        FUNCTION("int *b[1] = { &a }, **p = b; return *(*p - a);"), RULE_POINTER_STEP, 3, 0 },
    { "an allocation that was given away",
        FUNCTION("int *p = moult_alloc(turn, 8); p = &a; return p[a];"), RULE_POINTER_STEP, 3, 0 },
    { "the address of a pointer", FUNCTION("int *p = moult_alloc(turn, 8), **q = &p; return **q;"),
        RULE_POINTER_STEP, 3, 0 },
    { "before an allocation", FUNCTION("int *p = moult_alloc(turn, 8); return *(p - 3000);"),
        RULE_POINTER_STEP, 3, 0 },
    { "below the state", FUNCTION("int *p = moult_state(turn); return p[-3000];"),
        RULE_POINTER_STEP, 3, 0 },
    { "a parameter that is indexed", "static int g(int *p)\n{\n    return p[-3000];\n}\n",
        RULE_POINTER_STEP, 3, 12 },
    { "an array for a parameter", "static int g(int p[2])\n{\n    return p[-3000];\n}\n",
        RULE_POINTER_STEP, 3, 12 },
    { "what a function returns",
        "static int *g(int *p)\n{\n    return p;\n}\nstatic int h(int a)\n{\n    return "
        "*(g(&a) - 3000);\n}\n",
        RULE_POINTER_STEP, 7, 0 },
    { "a field", "struct s { int *p; };\n" FUNCTION("struct s s = { &a }; return s.p[-3000];"),
        RULE_POINTER_STEP, 4, 0 },
    { "a pointer type with a name", "typedef int *at;\n" FUNCTION("at p = &a; return p[-3000];"),
        RULE_POINTER_STEP, 1, 1 },
    { "a function within a function", FUNCTION("int g(void) { return a; } return g();"),
        RULE_NESTED_FUNCTION, 3, 1 },
    { "a range in an initialiser", "static const int x[] = { [0 ... 3] = 1 };\n", RULE_KIND, 1, 0 },
    { "linkage of C++", "extern \"C\" { static int f(void); }\n", RULE_KIND, 1, 1 },
    { "a statement outside functions", "if (1) { }\n", RULE_KIND, 1, 1 },
};

static struct findings findings_of(struct str text)
{
    struct findings findings = { .count = 0 };
    struct err err = { 0 };
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    char *copy = mem_copy(text.at, text.size); /* so that a sanitizer sees a step too far */
    if (source_check(&findings, &syntax, "x.c", (struct str){ copy, text.size }, &err) < 0)
        fail_msg("%s", err.text);
    free(copy);
    return findings;
}

static struct str text_of(const struct row *row)
{
    bool nul = !strcmp(row->text, "//");
    return nul ? (struct str){ "//\0\n", 4 } : str_of(row->text);
}

static bool is_told(const struct findings *findings, const struct row *row)
{
    for (uint32_t i = 0; i < findings->count; i++) {
        struct place place = findings->at[i].place;
        if (!strcmp(findings->at[i].rule, rules[row->want].name) &&
            (!row->line || place.line == row->line) &&
            (!row->column || place.column == row->column))
            return true;
    }
    return false;
}

static void each_rule_refuses(void **state)
{
    (void)state;
    bool failed = false;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct findings findings = findings_of(text_of(&refused[i]));
        if (is_told(&findings, &refused[i]))
            continue;
        print_error("%s: not refused by %s\n", refused[i].name, rules[refused[i].want].name);
        for (uint32_t n = 0; n < findings.count; n++)
            print_error("    %u:%u %s: %s\n", findings.at[n].place.line,
                findings.at[n].place.column, findings.at[n].rule, findings.at[n].message);
        failed = true;
    }
    assert_false(failed);
}

/* One reason is told, not five: what is refused by one rule only is refused by no other. */
static void each_rule_alone_refuses_something(void **state)
{
    (void)state;
    for (int rule = 0; rule < RULE_PREPROCESS; rule++) {
        bool alone = rule == RULE_SIZE;
        for (size_t i = 0; i < COUNT_OF(refused) && !alone; i++) {
            if (refused[i].want != (enum rule)rule)
                continue;
            struct findings findings = findings_of(text_of(&refused[i]));
            alone = findings.count > 0;
            for (uint32_t n = 0; n < findings.count; n++)
                alone &= !strcmp(findings.at[n].rule, rules[rule].name) ||
                         !strcmp(findings.at[n].rule, "parse");
        }
        if (!alone)
            fail_msg("no row would miss the rule %s", rules[rule].name);
    }
}

static const struct {
    const char *name, *text;
} accepted[] = {
    { "nothing", "" },
    { "the four headers", "#include \"moult.h\"\n#include <stdint.h> // sizes\n"
                          "#include <stddef.h>\n# include <stdbool.h>\n" },
    { "an export", "MOULT_EXPORT const struct moult_plugin moult_plugin = { .abi = 0 };\n" },
    { "an export without the word", "const struct moult_plugin moult_plugin = { .abi = 0 };\n" },
    { "signs of comments where they are none",
        "// a/*.c\n/* a // b */\n" FUNCTION("return \"/*\"[a] + \"*/\"[a];") },
    { "the word in a comment", "/* MOULT_EXPORT is for one */\n" },
    { "words of other scripts",
        "// \xd0\xbf\xd0\xb5\xd1\x80\xd0\xb5\xd0\xb4 k\xce\xa9 \xc2\xb5s x\xe2\x84\xa2\n" FUNCTION(
            "return \"\\n\xd0\xa1%s\xd0\xb0 5\xd0\xb0\"[a];") },
    { "text of people in strings and comments",
        "// gr\xc3\xbc\xc3\x9f\n" FUNCTION("return \"\xe2\x9c\x93\"[a];") },
    { "question marks", FUNCTION("return a ? \"what??\"[0] : '?';") },
    { "a backslash in a string", FUNCTION("return \"a\\\\\"[0];") },
    { "a table and its size", "enum { N = 2 };\nstatic const struct row { const char *const name; "
                              "int n[N + 1]; } rows[] = { { \"a\", { 1 } } };\n" },
    { "names before", "static const char *const before[] = { \"a\", 0 };\n"
                      "static const char *const *const again = before;\n"
                      "static const int *const numbers = (const int[]){ 1 };\n" },
    { "a prototype", "static int g(int a);\n" FUNCTION("return g(a);") },
    { "a function by pointer", "static int g(int (*h)(int))\n{\n    return h(1);\n}\n" },
    { "a state", "struct state { uint32_t n; };\nstatic int g(moult_turn *turn)\n{\n"
                 "    struct state *state = moult_state(turn);\n"
                 "    return (int)(state->n++ & 0xffu);\n}\n" },
    { "arrays of known size", "enum { N = 4 };\n" FUNCTION("char b[N * 2], c[sizeof(a)], "
                                                           "d[MOULT_HOOKS]; return b[0] + c[1];") },
    { "an object of a function", FUNCTION("return (struct { int n; }){ a }.n;") },
    { "an unused parameter", "static int f(__attribute__((unused)) int a);\n" },
    { "a check while compiling", "_Static_assert(sizeof(int) == 4, \"int\");\n" },
    { "blanks at the end of a line", "static int f(void);" BLANKS BLANKS BLANKS "\n" },
    { "a jump", FUNCTION("again: if (a && a++) goto again; return a;") },
    { "and behind parentheses", FUNCTION("return (a) && a++ && \"x\"[0] && (a);") },
    { "loops and choices", FUNCTION("do a++; while (a < 9);\nswitch (a) { case 1: break; "
                                    "default: for (;;) continue; }\nreturn a;") },
    { "what is indexed",
        "struct s { int n[4]; };\nstatic const int table[2] = { 1, 2 };\n"
        "static int g(moult_turn *turn, const char *text, struct s *s)\n{\n"
        "    int here[3] = { 0 }, *room = moult_alloc(turn, 40);\n"
        "    room[2] = here[1] + table[1] + text[0] + s->n[3] + \"abc\"[here[0]];\n"
        "    text++;\n    return *room - 1 + (int)sizeof(here) + text[1];\n}\n" },
    { "where a local is",
        "static void g(int *out)\n{\n    *out += 1;\n}\n" FUNCTION("g(&a); return a + 1;") },
    { "the same word as a pointer elsewhere",
        "static int g(int *many)\n{\n    return *many;\n}\n"
        "static int h(int many)\n{\n    return many + g(&many);\n}\n" },
    { "a builtin", FUNCTION("return __builtin_clz((unsigned)a);") },
};

static void honest_sources_pass(void **state)
{
    (void)state;
    bool failed = false;
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        struct findings findings = findings_of(str_of(accepted[i].text));
        for (uint32_t n = 0; n < findings.count; n++)
            print_error("%s: %u:%u %s: %s\n", accepted[i].name, findings.at[n].place.line,
                findings.at[n].place.column, findings.at[n].rule, findings.at[n].message);
        failed |= findings.count > 0;
    }
    assert_false(failed);
}

static void the_naive_harness_passes(void **state)
{
    (void)state;
    static const char *const patterns[] = { NAIVE "plugins/*/*.c", NAIVE "pipeline/*.c" };
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        glob_t found;
        assert_int_equal(glob(patterns[i], 0, NULL, &found), 0);
        for (size_t n = 0; n < found.gl_pathc; n++) {
            CLEANUP(buf_done) struct buf text = { 0 };
            assert_int_equal(file_read(found.gl_pathv[n], &text, SYNTAX_SOURCE_MAX, NULL), 0);
            struct findings findings = findings_of(buf_view(&text));
            if (findings.count)
                fail_msg("%s: %s", found.gl_pathv[n], findings.at[0].message);
        }
        globfree(&found);
    }
}

static void sizes_and_counts_are_bounded(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 };
    for (int i = 0; i < 200; i++)
        buf_text(&text, "int x;\n");
    struct findings findings = findings_of(buf_view(&text));
    assert_int_equal(findings.count, FINDINGS_MAX);
    assert_int_equal(findings.more, 200 - FINDINGS_MAX);
    while (text.size <= SYNTAX_SOURCE_MAX)
        buf_text(&text, "int x;\n");
    findings = findings_of(buf_view(&text));
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.at[0].rule, "size");
}

static void rules_have_names_and_advice(void **state)
{
    (void)state;
    for (int i = 0; i < RULES; i++) {
        assert_non_null(rules[i].name);
        assert_non_null(rules[i].advice);
        assert_int_equal(rule_find(str_of(rules[i].name)), i);
    }
    assert_int_equal(rule_find(STR("none")), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_refuses),
        cmocka_unit_test(each_rule_alone_refuses_something),
        cmocka_unit_test(honest_sources_pass),
        cmocka_unit_test(the_naive_harness_passes),
        cmocka_unit_test(sizes_and_counts_are_bounded),
        cmocka_unit_test(rules_have_names_and_advice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
