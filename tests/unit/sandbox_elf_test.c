/* The ELF gate on objects that a real compiler made, and on every way to damage one. */
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/elf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define GOOD                                                                                       \
    "#include \"moult.h\"\n"                                                                       \
    "static moult_action hook(moult_turn *turn) { moult_explain(turn, \"x\"); return MOULT_PASS; " \
    "}\n"                                                                                          \
    "const struct moult_plugin moult_plugin = { .abi = MOULT_ABI, .size = sizeof(struct "          \
    "moult_plugin), "                                                                              \
    ".name = \"a\", .reply = hook };\n"

static char base[] = "/tmp/moult-elf-test.XXXXXX";

static int begin(void **state)
{
    (void)state;
    return mkdtemp(base) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(base, NULL);
}

static void compile(struct buf *ret, const char *source, const char *flags)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/a.c", base);
    CLEANUP(mem_freep) char *so = mem_format("%s/a.so", base);
    CLEANUP(mem_freep)
    char *command = mem_format(
        "gcc -std=gnu11 -w -O2 -fPIC -shared -nostdlib -fvisibility=hidden "
        "-fno-asynchronous-unwind-tables "
        "-fno-stack-protector -I%s/plugins/sdk -Wl,-z,relro,-z,now,-z,noexecstack,--build-id=none,"
        "-z,separate-code %s -o %s %s",
        MOULT_SOURCE_DIR, path, so, flags);
    assert_int_equal(file_write(path, str_of(source), 0600, NULL), 0);
    if (system(command) != 0)
        fail_msg("%s", command);
    assert_int_equal(file_read(so, ret, 1 << 22, NULL), 0);
}

static const struct row {
    const char *name, *more, *flags;
    enum elf_profile profile;
    const char *rule; /* NULL: nothing is found */
} rows[] = {
    { "a plugin", "", "", ELF_RELEASE, NULL },
    { "a constructor",
        "__attribute__((constructor)) static void f(void) { __asm__ volatile(\"\"); }", "",
        ELF_RELEASE, "elf.constructor" },
    { "a destructor", "__attribute__((destructor)) static void f(void) { __asm__ volatile(\"\"); }",
        "", ELF_RELEASE, "elf.constructor" },
    { "an init function", "void f(void) { __asm__ volatile(\"\"); }", "-Wl,-init,f", ELF_RELEASE,
        "elf.constructor" },
    { "an import",
        "int puts(const char *); int g(void) { return puts(\"x\"); } int (*volatile p)(void) = g;",
        "", ELF_TRIAL, "elf.import" },
    { "a needed library", "", "-Wl,--no-as-needed -lc", ELF_RELEASE, "elf.needed" },
    { "a run path", "", "-Wl,-rpath,/tmp", ELF_RELEASE, "elf.needed" },
    { "another export", "MOULT_EXPORT int x(void) { return 1; }", "", ELF_RELEASE, "elf.export" },
    { "a global that changes",
        "int counter = 1; int *where(void) { return &counter; }\n"
        "MOULT_EXPORT const struct moult_pipeline *u;",
        "", ELF_RELEASE, "elf.writable" },
    { "a global that begins as zero",
        "static int counter; int bump(void) { return counter++; }\n"
        "static moult_action two(moult_turn *t) { return bump(); } moult_hook keep = two;",
        "", ELF_RELEASE, "elf.writable" },
    { "thread-local state",
        "static _Thread_local int n; int *at(void) { return &n; }\n"
        "static int *(*const keep)(void) __attribute__((used)) = at;",
        "", ELF_RELEASE, "elf.tls" },
    { "code chosen at load",
        "static int a(void) { return 1; } static void *pick(void) { return a; }\n"
        "int chosen(void) __attribute__((ifunc(\"pick\"))); int use(void) { return chosen(); }\n"
        "static int (*const keep)(void) __attribute__((used)) = use;",
        "", ELF_TRIAL, "elf.ifunc" },
    { "an executable stack", "", "-Wl,-z,execstack", ELF_RELEASE, "elf.executable-stack" },
    { "a trial export in a release", "MOULT_EXPORT const long moult_trial[4] = { 1 };", "",
        ELF_RELEASE, "elf.export" },
    { "a trial export in a trial", "MOULT_EXPORT const long moult_trial[4] = { 1 };", "", ELF_TRIAL,
        NULL },
    { "no plugin at all", NULL, "", ELF_RELEASE, "elf.export" },
};

static void objects_of_a_real_compiler(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(buf_done) struct buf image = { 0 };
        CLEANUP(mem_freep)
        char *source = rows[i].more ? mem_format("%s%s\n", GOOD, rows[i].more)
                                    : mem_string("int x(void) { return 1; }\n");
        struct elf_findings found;
        struct err err;
        compile(&image, source, rows[i].flags);
        int rc = elf_check(buf_view(&image), rows[i].profile, &found, &err);
        bool has = false;
        for (unsigned f = 0; rows[i].rule && f < found.count; f++)
            has |= strcmp(found.list[f].rule, rows[i].rule) == 0;
        if (rows[i].rule ? !has || rc != -ERR_DENIED : rc != 0)
            fail_msg("%s: %d findings, first %s: %s", rows[i].name, (int)found.count,
                found.count ? found.list[0].rule : "-", found.count ? found.list[0].message : "-");
    }
}

static void damage_is_refused_or_harmless_and_never_crashes(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf image = { 0 };
    struct elf_findings found;
    compile(&image, GOOD, "");
    for (size_t n = 0; n < image.size; n += n < 1024 ? 1 : 61) {
        char *copy = mem_copy(image.at, n);
        elf_check((struct str){ copy, n }, ELF_RELEASE, &found, NULL);
        if (n < 64)
            assert_true(found.count > 0);
        free(copy);
    }
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t at = random % (i % 2 ? image.size : 1024);
        char old = image.at[at];
        image.at[at] = (char)(random >> 40);
        elf_check(buf_view(&image), ELF_RELEASE, &found, NULL);
        image.at[at] = old;
    }
    assert_int_equal(elf_check(buf_view(&image), ELF_RELEASE, &found, NULL), 0);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    static const char *const paths[] = { "/bin/true", "/usr/lib/x86_64-linux-gnu/libc.so.6" };
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        CLEANUP(buf_done) struct buf image = { 0 };
        struct elf_findings found;
        if (file_read(paths[i], &image, 64 << 20, NULL) == 0)
            assert_int_equal(elf_check(buf_view(&image), ELF_RELEASE, &found, NULL), -ERR_DENIED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_of_a_real_compiler),
        cmocka_unit_test(damage_is_refused_or_harmless_and_never_crashes),
        cmocka_unit_test(other_files_are_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
