/* What the compiler sees against what was checked: each way to smuggle something in is a
 * difference. The preprocessor here is the real one, with the flags that plugins are built with. */
#include "base/file.h"
#include "base/mem.h"
#include "patch/tokens.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define SDK MOULT_SOURCE_DIR "/plugins/sdk"
#define HEADERS                                                                                    \
    "#include \"moult.h\"\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n"

static char folder[] = "/tmp/moult-tokens-test.XXXXXX";

static int begin(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(folder, NULL);
}

static void preprocess(struct str source, struct buf *out)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/plugin.c", folder);
    CLEANUP(mem_freep)
    char *command = mem_format("gcc $(cat %s/cflags.txt) -I%s -E %s 2>/dev/null", SDK, SDK, path);
    char block[4096];
    assert_int_equal(file_write(path, source, 0644, NULL), 0);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    for (size_t size; (size = fread(block, 1, sizeof(block), pipe)) > 0;)
        buf_add(out, block, size);
    assert_int_equal(pclose(pipe), 0);
}

static struct findings compare(struct str source, struct str preprocessed)
{
    struct findings findings = { .count = 0 };
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    struct err err = { 0 };
    if (syntax_parse(&syntax, "x.c", source, NULL, &err) < 0)
        fail_msg("%s %s", err.where, err.text);
    tokens_check(&findings, syntax, preprocessed);
    return findings;
}

static const struct row {
    const char *name, *text;
    uint32_t line, column; /* of the difference; 0: there is none */
} rows[] = {
    { "nothing", "", 0, 0 },
    { "comments and blanks", "/* a */ int f(void); // b\n\n", 0, 0 },
    { "an export", HEADERS "MOULT_EXPORT const struct moult_plugin moult_plugin = { .abi = 0 };\n",
        0, 0 },
    { "every macro that is known",
        HEADERS "static bool f(void *p)\n{\n    return p == NULL ? true : false;\n}\n"
                "static const int64_t n[] = { offsetof(struct moult_it, next), INT8_MIN, INT8_MAX, "
                "UINT8_MAX, INT16_MIN, INT16_MAX, UINT16_MAX, INT32_MIN, INT32_MAX, UINT32_MAX, "
                "INT64_MIN, INT64_MAX, UINT64_MAX, SIZE_MAX };\n",
        0, 0 },
    { "negative numbers and joined operators",
        "int f(int a)\n{\n    return a---1 - -1.5e-3+-a;\n}\n", 0, 0 },
    { "strings side by side", "const char *s = u8\"a\" \"b\\\"\" L\"c\";\n", 0, 0 },
    { "a macro of the source", "#define a b\nint a;\n", 2, 5 },
    { "a macro of a header", HEADERS "int x = WCHAR_MAX;\n", 5, 9 },
    { "a guard, which is empty", HEADERS "int x = 1 - (-MOULT_H(1));\n", 5, 15 },
    { "the line's number", "int x = __LINE__;\n", 1, 9 },
    { "a variable argument", HEADERS "int f(va_list v)\n{\n    return va_arg(v, int);\n}\n", 7,
        12 },
    { "a branch that is not compiled", "int a;\n#if 0\nint b;\n#endif\n", 3, 1 },
    { "a branch that is compiled", "int a;\n#if 1\nint b;\n#endif\n", 3, 1 },
    { "a pragma by operator", "int a;\n_Pragma(\"x\");\n", 2, 1 },
    { "another file's name", "int a;\n#line 7 \"b.c\"\nint c;\n", 3, 1 },
    { "a trigraph", "const char *s = \"?\?=\";\n", 1, 17 },
    { "code hidden in a spliced comment", "int a; // \\\nint b;\n", 2, 1 },
    { "code that a trigraph hides", "int a; // ?\?/\nint b;\n", 2, 1 },
};

static void differences_are_told(void **state)
{
    (void)state;
    bool failed = false;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(buf_done) struct buf seen = { 0 };
        preprocess(str_of(rows[i].text), &seen);
        struct findings findings = compare(str_of(rows[i].text), buf_view(&seen));
        struct place place = findings.at[0].place;
        if (findings.count == (rows[i].line > 0) &&
            (!rows[i].line || (place.line == rows[i].line && place.column == rows[i].column)))
            continue;
        print_error("%s: %u at %u:%u: %s\n", rows[i].name, findings.count, place.line, place.column,
            findings.count ? findings.at[0].message : "");
        failed = true;
    }
    assert_false(failed);
}

static const struct {
    const char *name, *source, *seen;
    bool same;
} made[] = {
    { "the same", "int a;\n", "# 0 \"p.c\"\n# 1 \"p.c\"\nint a;\n", true },
    { "other files are left out", "int a;\n",
        "# 1 \"p.c\"\n# 1 \"/sdk/moult.h\" 1\nint x;\n# 2 \"p.c\" 2\nint a;\n", true },
    { "a system header's macro within", "int a = true;\n",
        "# 1 \"p.c\"\nint a =\n# 1 \"p.c\" 3 4\n     1\n# 1 \"p.c\"\n ;\n", true },
    { "nothing was preprocessed", "int a;\n", "", false },
    { "a marker is all there is", "", "# 1 \"p.c\" 3 4", true },
    { "no marker names a file", "int a;\n", "int a;\n", false },
    { "one token more", "int a;\n", "# 1 \"p.c\"\nint a;;\n", false },
    { "one token less", "int a;\n", "# 1 \"p.c\"\nint a\n", false },
    { "a directive is left", "int a;\n", "# 1 \"p.c\"\n#pragma x\nint a;\n", false },
    { "a string of another width", "int a = L'x';\n", "# 1 \"p.c\"\nint a = 'x';\n", false },
    { "two tokens for one", "int a = 1 >> 2;\n", "# 1 \"p.c\"\nint a = 1 > > 2;\n", false },
};

static void markers_are_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(made); i++) {
        struct findings findings = compare(str_of(made[i].source), str_of(made[i].seen));
        if ((findings.count == 0) != made[i].same)
            fail_msg("%s", made[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences_are_told),
        cmocka_unit_test(markers_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
