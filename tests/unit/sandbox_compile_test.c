/* The compile profile: real compilers do their work in it, and hostile input gets nowhere. Commands
 * are run by a shell only where that is what is tried. */
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define HOST_LIBRARIES "/host/lib/x86_64-linux-gnu:/host/lib/aarch64-linux-gnu:/host/lib64"

static char base[] = "/tmp/moult-compile-test.XXXXXX";
/* The second one, of the host's programs, only for scripts: the profile has the toolchain's alone.
 */
static struct sandbox_mount work, mounts[2];
static const char *const host_env[] = { "PATH=/usr/bin:/host/bin", "TMPDIR=/tmp",
    "LD_LIBRARY_PATH=" HOST_LIBRARIES, NULL };

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(base))
        return -1;
    char *out = mem_format("%s/work", base);
    work = (struct sandbox_mount){ out, "/work", true, false };
    mounts[0] = work;
    mounts[1] = (struct sandbox_mount){ "/usr", "/host", false, true };
    return file_mkdirs(out, 0777, NULL) < 0 || chmod(out, 0777) < 0 ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    free((char *)work.from);
    return file_remove_tree(base, NULL);
}

static void run_in(struct sandbox_result *result, enum sandbox_profile profile, bool host,
    const char *const *argv, const char *input, struct sandbox_limits limits)
{
    struct err err = { 0 };
    const struct sandbox_run plan = { .profile = profile,
        .argv = argv,
        .env = host ? host_env : NULL,
        .mounts = mounts,
        .mounts_count = host ? 2 : 1,
        .input = str_of(input),
        .limits = limits };
    if (sandbox_run(&plan, result, &err) < 0)
        fail_msg("%s (%s)", err.text, err.hint);
}

static void run(struct sandbox_result *result, const char *const *argv, const char *input,
    struct sandbox_limits limits)
{
    run_in(result, SANDBOX_COMPILE, false, argv, input, limits);
}

static void run_script(
    struct sandbox_result *result, const char *script, struct sandbox_limits limits)
{
    const char *argv[] = { "/usr/bin/sh", "-c", script, NULL };
    run_in(result, SANDBOX_COMPILE, true, argv, "", limits);
}

static const char *text_of(const struct buf *buf)
{
    return buf->at ? buf->at : "";
}

static void both_compilers_make_a_shared_object(void **state)
{
    (void)state;
    static const char *const compilers[] = { "/usr/bin/gcc", "/usr/bin/clang" };
    for (size_t i = 0; i < COUNT_OF(compilers); i++) {
        const char *argv[] = { compilers[i], "-x", "c", "-O2", "-ffreestanding", "-fPIC", "-shared",
            "-nostdlib", "-o", "/work/a.so", "-", NULL };
        struct sandbox_result result;
        run(&result, argv, "#include <stdint.h>\nint f(uint8_t x) { return x + 1; }\n",
            (struct sandbox_limits){ 0 });
        if (result.exit_code != 0)
            fail_msg("%s: exit %d, signal %d: %s", compilers[i], result.exit_code, result.signal,
                text_of(&result.err));
        CLEANUP(buf_done) struct buf made = { 0 };
        CLEANUP(mem_freep) char *path = mem_format("%s/a.so", work.from);
        assert_int_equal(file_read(path, &made, 1 << 20, NULL), 0);
        assert_memory_equal(made.at, "\177ELF", 4);
        assert_int_equal(unlink(path), 0);
        sandbox_result_done(&result);
    }
}

/* Of the host, the toolchain and nothing beside it. */
static const char *const absent[] = { "/usr/lib/os-release", "/usr/bin/python3", "/usr/bin/perl",
    "/usr/include/stdio.h", "/usr/include/curl/curl.h", "/usr/include/linux/version.h",
    "/usr/share/perl/5.36/strict.pm", "/usr/lib/locale/C.utf8/LC_CTYPE", "/usr/sbin/nologin" };

/* In the order of the questions: whether the source compiles where the file is, and where not. */
static const struct question {
    const char *format;
    bool there, gone;
    const char *says; /* where it is gone */
} questions[] = {
    { "#if __has_include(\"%s\")\n#error there\n#endif\n", false, true, NULL },
    { "__asm__(\".incbin \\\"%s\\\"\");\n", true, false, "file" },
};

static void ask(const char *compiler, const char *path, const struct question *question)
{
    const char *argv[] = { compiler, "-x", "c", "-c", "-ffreestanding", "-o", "/tmp/a.o", "-",
        NULL };
    CLEANUP(mem_freep) char *source = mem_format(question->format, path);
    struct sandbox_result gone, there;
    run(&gone, argv, source, (struct sandbox_limits){ 0 });
    run_in(&there, SANDBOX_TOOL, false, argv, source, (struct sandbox_limits){ 0 });
    if ((gone.exit_code == 0) != question->gone ||
        (question->says && !strstr(text_of(&gone.err), question->says)))
        fail_msg("%s, %s of %s: exit %d, %s", compiler, question->format, path, gone.exit_code,
            text_of(&gone.err));
    if ((there.exit_code == 0) != question->there)
        fail_msg("%s, %s of %s shows nothing: exit %d, %s", compiler, question->format, path,
            there.exit_code, text_of(&there.err));
    sandbox_result_done(&gone);
    sandbox_result_done(&there);
}

static void nothing_of_the_host_is_there_to_include(void **state)
{
    (void)state;
    unsigned asked = 0;
    for (size_t i = 0; i < COUNT_OF(absent); i++) {
        if (access(absent[i], R_OK) < 0)
            continue; /* a machine may lack it */
        asked++;
        for (size_t j = 0; j < COUNT_OF(questions); j++)
            ask(i % 2 ? "/usr/bin/clang" : "/usr/bin/gcc", absent[i], &questions[j]);
    }
    assert_true(asked >= 5);
}

/* C that wants to read what is not its own, or more of the machine than it gets. Where no file is,
 * the preprocessor cannot even tell. */
static const struct hostile {
    const char *name, *source;
    enum sandbox_limit limit;
    const char *says; /* among the diagnostics, when the compiler itself refuses */
} hostiles[] = {
    { "an include of the host", "#include \"/etc/passwd\"\n", LIMIT_NONE, "No such file" },
    { "an include by dots", "#include \"../../../../etc/passwd\"\n", LIMIT_NONE, "No such file" },
    { "an include of /proc", "#include \"/proc/self/environ\"\n", LIMIT_NONE, "No such file" },
    { "bytes of the host", "__asm__(\".incbin \\\"/etc/passwd\\\"\");\n", LIMIT_NONE,
        "file not found: /etc/passwd" },
    { "a question for a file",
        "#if __has_include(\"/etc/passwd\") || __has_include(\"/root\")\nint f;\n#else\n#error not "
        "there\n#endif\n",
        LIMIT_NONE, "not there" },
    { "a question for a date", "#pragma GCC dependency \"/etc/passwd\"\n#error done\n", LIMIT_NONE,
        "No such file" },
    { "a device", "#include \"/dev/zero\"\n", LIMIT_NONE, "No such file" },
    { "a file that includes itself", "#include \"/work/again.h\"\n", LIMIT_NONE, "nested depth" },
    { "a macro that doubles",
        "#define A(x) x+x+x+x+x+x+x+x+x+x\n#define B(x) A(A(A(A(x))))\nint i = B(B(1));\n",
        LIMIT_MEMORY, NULL },
    { "a large array", "char a[1u << 31] = { [(1u << 31) - 1] = 1 };\n", LIMIT_NONE,
        "File size limit exceeded" },
    { "diagnostics without end",
        "#define D int x = y;\n#define E D D D D D D D D D D\n#define F E E E E E E E E E E\n"
        "#define G F F F F F F F F F F\nvoid f(void) { G G G G }\n",
        LIMIT_OUTPUT, NULL },
};

static void hostile_c_gets_nothing(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *again = mem_format("%s/again.h", work.from);
    assert_int_equal(file_write(again, STR("#include \"/work/again.h\"\n"), 0644, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(hostiles); i++) {
        const char *argv[] = { "/usr/bin/gcc", "-x", "c", "-c", "-fmax-errors=0", "-o", "/work/a.o",
            "-", NULL };
        struct sandbox_result result;
        run(&result, argv, hostiles[i].source,
            (struct sandbox_limits){
                .memory = 200 << 20, .disk = 16 << 20, .output = 100000, .cpu_ms = 20000 });
        const char *said = text_of(&result.err);
        if (result.exit_code == 0 || result.limit != hostiles[i].limit || strstr(said, "root:") ||
            (hostiles[i].says && !strstr(said, hostiles[i].says)))
            fail_msg("%s: exit %d, limit %s, %.400s", hostiles[i].name, result.exit_code,
                sandbox_limit_words[result.limit], said);
        sandbox_result_done(&result);
    }
}

static const struct row {
    const char *name, *script;
    const char *says; /* on standard output, when the layer does its work */
} rows[] = {
    { "the password file is not there", "test -e /etc/passwd || echo gone", "gone\n" },
    { "no home is there", "test -e /root -o -e /home || echo gone", "gone\n" },
    { "no /proc is there", "test -e /proc/self || echo gone", "gone\n" },
    { "the root is read-only", "echo x >/x 2>/dev/null || echo refused", "refused\n" },
    { "the toolchain is read-only", "echo x >/usr/bin/x 2>/dev/null || echo refused", "refused\n" },
    { "nothing is run as root outside", "touch /work/mine; echo ok", "ok\n" },
    { "the environment is empty", "echo $MOULT_SECRET$USER.", ".\n" },
    { "other descriptors are closed", "(true <&9) 2>/dev/null || echo closed", "closed\n" },
};

static void a_script_sees_nothing(void **state)
{
    (void)state;
    setenv("MOULT_SECRET", "secret", 1);
    assert_int_equal(dup2(0, 9), 9);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sandbox_result result;
        run_script(&result, rows[i].script, (struct sandbox_limits){ 0 });
        if (strcmp(text_of(&result.out), rows[i].says) != 0)
            fail_msg("%s: \"%s\" (exit %d, %s)", rows[i].name, text_of(&result.out),
                result.exit_code, text_of(&result.err));
        sandbox_result_done(&result);
    }
    close(9);
    struct stat st;
    CLEANUP(mem_freep) char *path = mem_format("%s/mine", work.from);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_uid != 0 || geteuid() != 0);
}

/* Perl speaks to the kernel directly: what it answers is what a hostile tool gets. */
static const struct call {
    const char *name, *perl;
} calls[] = {
    { "no socket of the network", "socket(S, 2, 1, 0) or exit 42" },
    { "no unix socket", "socket(S, 1, 1, 0) or exit 42" },
    { "no ptrace", "syscall(101, 0, 0, 0, 0) == -1 && exit 42" },
    { "no mount", "syscall(165, 0, 0, 0, 0, 0) == -1 && $! == 1 && exit 42" },
    { "no new namespace by unshare", "syscall(272, 0x10000000) == -1 && exit 42" },
    { "no new namespace by clone", "syscall(56, 0x10000011, 0, 0, 0, 0) == -1 && exit 42" },
    { "no keyring", "syscall(250, 0, 0) == -1 && $! == 1 && exit 42" },
    { "no io_uring", "syscall(425, 1, 0) == -1 && $! == 1 && exit 42" },
    { "no bpf", "syscall(321, 0, 0, 0) == -1 && $! == 1 && exit 42" },
    { "nobody else to kill", "kill(15, -1) or exit 42" },
};

static void the_kernel_answers_no(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        const char *argv[] = { "/usr/bin/perl", "-e", calls[i].perl, NULL };
        struct sandbox_result result;
        run(&result, argv, "", (struct sandbox_limits){ 0 });
        if (result.exit_code != 42)
            fail_msg("%s: exit %d, signal %d: %s", calls[i].name, result.exit_code, result.signal,
                text_of(&result.err));
        sandbox_result_done(&result);
    }
}

static const struct bomb {
    const char *name, *script;
    struct sandbox_limits limits;
    enum sandbox_limit want;
} bombs[] = {
    { "an endless loop", "while :; do :; done", { .cpu_ms = 300 }, LIMIT_CPU },
    { "many that sleep", "for i in 1 2 3 4 5 6 7 8; do sleep 60 & done; wait", { .wall_ms = 500 },
        LIMIT_WALL },
    { "memory of many together",
        "for i in 1 2 3 4; do perl -e '$x = \"a\" x 60000000; sleep 60' & done; wait",
        { .memory = 150 << 20 }, LIMIT_MEMORY },
    { "output without end", "yes", { .output = 65536 }, LIMIT_OUTPUT },
    { "children without end", "perl -e 'for (;;) { fork() or sleep 60 }'", { .processes = 20 },
        LIMIT_PROCESSES },
    { "files in the private /tmp",
        "for i in 1 2 3 4; do head -c 1000000 /host/bin/gcc >/tmp/$i; done", { .disk = 2 << 20 },
        LIMIT_DISK },
    { "one large file", "yes >/tmp/large", { .disk = 2 << 20 }, LIMIT_DISK },
    { "files where the output goes",
        "for i in 1 2 3 4; do head -c 1000000 /host/bin/gcc >/work/$i; done", { .disk = 2 << 20 },
        LIMIT_DISK },
    { "names without end", "perl -e 'for (;;) { open F, q(>/tmp/) . $i++ or sleep 60 }'",
        { .wall_ms = 20000 }, LIMIT_DISK },
    { "open files", "perl -e 'for (;;) { open $f[$i++], q(</dev/null) or sleep 60 }'",
        { .files = 64 }, LIMIT_FILES },
};

static void every_bomb_ends_in_a_limit_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bombs); i++) {
        struct sandbox_result result;
        run_script(&result, bombs[i].script, bombs[i].limits);
        if (result.limit != bombs[i].want)
            fail_msg("%s: limit %s, exit %d, signal %d", bombs[i].name,
                sandbox_limit_words[result.limit], result.exit_code, result.signal);
        sandbox_result_done(&result);
    }
}

/* As a shell tells SIGXCPU and SIGXFSZ of what it started. */
static void an_end_by_choice_is_no_limit(void **state)
{
    (void)state;
    const char *const scripts[] = { "exit 152", "exit 153" };
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        const char *argv[] = { "/usr/bin/sh", "-c", scripts[i], NULL };
        struct sandbox_result result;
        run(&result, argv, "", (struct sandbox_limits){ 0 });
        if (result.limit != LIMIT_NONE || result.exit_code < 128 + SIGXCPU)
            fail_msg("%s: limit %s, exit %d, signal %d", scripts[i],
                sandbox_limit_words[result.limit], result.exit_code, result.signal);
        sandbox_result_done(&result);
    }
}

/* A daemon that leaves its session holds the other end of a pipe: at its end of file nobody is
 * left. */
static void nothing_outlives_the_run(void **state)
{
    (void)state;
    int ends[2];
    char byte;
    struct sandbox_result result;
    struct err err = { 0 };
    const char *argv[] = { "/usr/bin/sh", "-c",
        "setsid sh -c 'echo x >&3; exec sleep 1000' & read x </dev/null; exit 0", NULL };
    const struct sandbox_mount host = mounts[1];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    const struct sandbox_run plan = { .profile = SANDBOX_COMPILE,
        .argv = argv,
        .env = host_env,
        .mounts = &host,
        .mounts_count = 1,
        .fds = &ends[1],
        .fds_count = 1 };
    struct sandbox *sandbox;
    assert_int_equal(sandbox_start(&sandbox, &plan, &err), 0);
    close(ends[1]);
    assert_int_equal(sandbox_wait(sandbox, &result, &err), 0);
    assert_int_equal(result.exit_code, 0);
    while (read(ends[0], &byte, 1) == 1)
        continue; /* it may have had the time to say something */
    close(ends[0]);
    sandbox_result_done(&result);
}

static void a_program_that_is_not_there_is_named(void **state)
{
    (void)state;
    const char *argv[] = { "/usr/bin/no-such-compiler", NULL };
    const struct sandbox_run plan = { .profile = SANDBOX_COMPILE, .argv = argv };
    struct sandbox_result result;
    struct err err = { 0 };
    assert_true(sandbox_run(&plan, &result, &err) < 0);
    assert_non_null(strstr(err.text, "no-such-compiler"));
}

static void what_was_denied_is_told(void **state)
{
    (void)state;
    const char *argv[] = { "/usr/bin/perl", "-e",
        "socket(S, 2, 1, 0); socket(S, 2, 1, 0); syscall(165, 0, 0, 0, 0, 0); syscall(101, 0, 0)",
        NULL };
    struct sandbox_result result;
    run(&result, argv, "", (struct sandbox_limits){ 0 });
    assert_int_equal(result.exit_code, 0);
    assert_int_equal(result.denied_count, 3);
    assert_string_equal(result.denied[0].what, "socket");
    assert_string_equal(result.denied[1].what, "mount");
    assert_string_equal(result.denied[2].what, "ptrace");
    sandbox_result_done(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_compilers_make_a_shared_object),
        cmocka_unit_test(nothing_of_the_host_is_there_to_include),
        cmocka_unit_test(hostile_c_gets_nothing),
        cmocka_unit_test(a_script_sees_nothing),
        cmocka_unit_test(the_kernel_answers_no),
        cmocka_unit_test(every_bomb_ends_in_a_limit_by_name),
        cmocka_unit_test(an_end_by_choice_is_no_limit),
        cmocka_unit_test(nothing_outlives_the_run),
        cmocka_unit_test(a_program_that_is_not_there_is_named),
        cmocka_unit_test(what_was_denied_is_told),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
