/* The tool profile: what an agent runs works as a person expects, and reaches its workspace only.
 */
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "sandbox_without.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static char base[] = "/tmp/moult-tool-test.XXXXXX";
static char workspace[64], secret[64];

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(base) || chmod(base, 0711) < 0)
        return -1;
    snprintf(workspace, sizeof workspace, "%s/work", base);
    snprintf(secret, sizeof secret, "%s/secret", base);
    setenv("MOULT_SECRET", "secret", 1);
    return file_mkdirs(workspace, 0700, NULL) < 0 ||
                   file_write(secret, STR("key\n"), 0644, NULL) < 0
               ? -1
               : 0;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(base, NULL);
}

static void run_shell(struct sandbox_result *result, const char *script, enum sandbox_tier tier)
{
    const char *argv[] = { "/bin/bash", "-c", script, NULL };
    const struct sandbox_mount mount = { workspace, workspace, true, true };
    const struct sandbox_run run = { .profile = SANDBOX_TOOL,
        .tier = tier,
        .argv = argv,
        .cwd = workspace,
        .mounts = &mount,
        .mounts_count = 1,
        .limits = { .wall_ms = 60000 } };
    struct err err = { 0 };
    if (sandbox_run(&run, result, &err) < 0)
        fail_msg("%s: %s (%s)", script, err.text, err.hint);
}

static const char *text_of(const struct buf *buf)
{
    return buf->at ? buf->at : "";
}

static const struct row {
    const char *name, *script, *says;
} rows[] = {
    { "bash with pipes and process substitution",
        "seq 3 | while read n; do echo $n; done | diff - <(printf '1\\n2\\n3\\n') && echo same",
        "same\n" },
    { "bash with jobs", "sleep 0.01 & wait $!; echo $?", "0\n" },
    { "files in the workspace", "mkdir -p a/b && echo x >a/b/c && mv a d && cat d/b/c", "x\n" },
    { "a private /tmp", "echo x >/tmp/y && ls /tmp | wc -l", "2\n" },
    { "a named pipe", "mkfifo p && (echo x >p &) && cat p", "x\n" },
    { "git",
        "git init -q -b main repo && cd repo && git config user.email a@b && "
        "git config user.name c && echo 1 >f && git add f && git commit -qm one && "
        "git checkout -q -b side && git log --format=%s",
        "one\n" },
    { "python3", "python3 -c 'import json, ssl, sqlite3; print(json.dumps([1]))'", "[1]\n" },
    { "python3 with threads and children",
        "python3 -c 'import subprocess, threading\n"
        "t = threading.Thread(target=lambda: print(subprocess.check_output([\"echo\", \"x\"])))\n"
        "t.start(); t.join()'",
        "b'x\\n'\n" },
    { "python3 with processes",
        "python3 -c 'import multiprocessing as m\n"
        "with m.Pool(2) as p: print(p.map(abs, [-1, -2]))'",
        "[1, 2]\n" },
    { "python3 with descriptors that are passed",
        "echo passed >f; python3 -c 'import multiprocessing as m, multiprocessing.reduction as r\n"
        "import os\n"
        "def child(c):\n"
        "    for i in range(100): c.send(os.pread(r.recv_handle(c), 6, 0))\n"
        "ours, theirs = m.Pipe()\n"
        "p = m.Process(target=child, args=(theirs,)); p.start()\n"
        "f = os.open(\"f\", os.O_RDONLY)\n"
        "for i in range(100): r.send_handle(ours, f, p.pid); said = ours.recv()\n"
        "p.join(); print(said.decode())'",
        "passed\n" },
    { "node", "node -e 'console.log([1, 2].map(x => x * 2).join())'", "2,4\n" },
    { "node with compiled code",
        "node -e 'let f = x => x * x, s = 0; for (let i = 0; i < 1e6; i++) s += f(i) % 7;"
        "console.log(s > 0)'",
        "true\n" },
    { "node with children, workers and files",
        "node -e 'const { Worker } = require(\"worker_threads\");"
        "const out = require(\"child_process\").execSync(\"echo child\").toString().trim();"
        "require(\"fs\").writeFileSync(\"n\", out);"
        "new Worker(\"require(\\\"fs\\\").readFileSync(\\\"n\\\")\", { eval: true })"
        ".on(\"exit\", c => console.log(out, c))'",
        "child 0\n" },
    { "gcc and make",
        "printf 'int puts(const char *);\\nint main(void) { puts(\"made\"); return 0; }\\n' >m.c "
        "&& "
        "printf 'm: m.c\\n\\t@gcc -o m m.c\\n' >Makefile && make -s && ./m",
        "made\n" },
    { "install, cp -a, make install",
        "echo x >a && install -m 755 a b && cp -a b c && "
        "printf 'install:\\n\\t@install -D -m 700 c d/e\\n' >Makefile && make -s install && "
        "stat -c %a b c d/e",
        "755\n755\n700\n" },
    { "other limits can be lowered", "ulimit -n 64 && ulimit -n", "64\n" },
    { "room for a file", "fallocate -l 4096 f && stat -c %s f", "4096\n" },
    { "perl, sed, awk, tar, find",
        "echo a >t && tar cf t.tar t && tar xOf t.tar | perl -pe 's/a/b/' | sed s/b/c/ | awk "
        "'{print "
        "$1 \"d\"}' && find . -name t.tar | wc -l",
        "cd\n1\n" },
    { "who it is", "id -u; whoami", "0\nroot\n" },
    { "its own processes only", "ls -d /proc/[0-9]* | wc -l | awk '{print $1 < 6}'", "1\n" },
};

static const struct row refusals[] = {
    { "another folder of the host", "cat $(dirname $PWD)/secret || echo no", "no\n" },
    { "the home", "ls /root /home || echo no", "no\n" },
    { "shadow passwords", "cat /etc/shadow || echo no", "no\n" },
    { "the host's name is not there", "cat /etc/hostname || echo no", "no\n" },
    { "writing to the system", "touch /usr/bin/x || echo no", "no\n" },
    { "the environment", "echo \"$MOULT_SECRET.\"", ".\n" },
    { "the environment of the first process", "grep -c MOULT_SECRET /proc/1/environ || echo no",
        "no\n" },
    { "the network", "exec 5<>/dev/tcp/127.0.0.1/22 || echo no", "no\n" },
    { "settings of the kernel", "echo x >/proc/sys/kernel/core_pattern || echo no", "no\n" },
    { "room for a file beyond its end, where no limit of its size holds",
        ": >f; fallocate -n -l 1M f || stat -c '%s %b' f", "0 0\n" },
    { "devices of the host", "ls /dev/sda /dev/vda /dev/kvm /dev/mem || echo no", "no\n" },
};

static void check(const struct row *row, enum sandbox_tier tier)
{
    struct sandbox_result result;
    run_shell(&result, row->script, tier);
    if (strcmp(text_of(&result.out), row->says) != 0)
        fail_msg("%s: \"%s\" (exit %d, signal %d, %s)", row->name, text_of(&result.out),
            result.exit_code, result.signal, text_of(&result.err));
    sandbox_result_done(&result);
}

static void what_people_use_works(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check(&rows[i], SANDBOX_STRONG);
        file_remove_tree(workspace, NULL);
        assert_int_equal(file_mkdirs(workspace, 0700, NULL), 0);
    }
}

static void the_rest_of_the_host_is_not_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        check(&refusals[i], SANDBOX_STRONG);
}

static void what_it_makes_belongs_to_who_has_the_workspace(void **state)
{
    (void)state;
    struct stat folder, file;
    check(&(struct row){ "a file", "umask 022; echo x >made; chmod 755 made; stat -c %u made",
              "0\n" },
        SANDBOX_STRONG);
    CLEANUP(mem_freep) char *path = mem_format("%s/made", workspace);
    assert_int_equal(stat(workspace, &folder), 0);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_uid, folder.st_uid);
    assert_int_equal(file.st_mode & 07777, 0755);
    check(&(struct row){ "no set-uid file is left", "chmod u+s made || echo no", "no\n" },
        SANDBOX_STRONG);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 07777, 0755);
}

static const struct ending {
    const char *name, *script;
    int exit_code, signal;
} endings[] = {
    { "an exit status", "exit 3", 3, 0 },
    { "a signal to itself", "kill -TERM $$", -1, SIGTERM },
    { "a signal that cannot be caught", "kill -KILL $$", -1, SIGKILL },
    { "a crash", "ulimit -c 0; kill -SEGV $$", -1, SIGSEGV },
    { "a child's end is not its own", "sh -c 'kill -KILL $$'; exit 4", 4, 0 },
};

static void how_it_ended_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        struct sandbox_result result;
        run_shell(&result, endings[i].script, SANDBOX_STRONG);
        if (result.exit_code != endings[i].exit_code || result.signal != endings[i].signal)
            fail_msg("%s: exit %d, signal %d", endings[i].name, result.exit_code, result.signal);
        sandbox_result_done(&result);
    }
}

/* core(5): a limit of 1 stops a handler behind a pipe, one of 0 does not. */
static void a_crash_starts_no_handler(void **state)
{
    struct rlimit now;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_CORE, &now), 0);
    if (now.rlim_max == 0)
        skip();
    check(&(struct row){ "the limit of cores stays",
              "ulimit -c 0 && ulimit -c unlimited && ulimit -Sc 2 && sh -c 'ulimit -Hc 0' && "
              "awk '/core file/ { print $5, $6 }' /proc/self/limits",
              "1 1\n" },
        SANDBOX_STRONG);
}

/* The parent's own ways are not inherited. */
static void signals_and_modes_are_as_usual(void **state)
{
    (void)state;
    sigset_t terms, before;
    sigemptyset(&terms);
    sigaddset(&terms, SIGTERM);
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    mode_t mask = umask(0);
    assert_int_equal(sigprocmask(SIG_BLOCK, &terms, &before), 0);
    struct sandbox_result result;
    run_shell(&result,
        "touch usual; stat -c %a usual; yes | head -1; echo ${PIPESTATUS[0]}; "
        "kill -TERM $$",
        SANDBOX_STRONG);
    sigprocmask(SIG_SETMASK, &before, NULL);
    umask(mask);
    signal(SIGPIPE, old);
    assert_string_equal(text_of(&result.out), "644\ny\n141\n");
    assert_int_equal(result.signal, SIGTERM);
    sandbox_result_done(&result);
}

static const struct row guards[] = {
    { "a hook", "echo x >.git/hooks/post-checkout || echo no", "no\n" },
    { "the configuration", "echo x >>.git/config || echo no", "no\n" },
    { "the configuration by git", "git config core.fsmonitor evil || echo no", "no\n" },
    { "another repository in its place", "mv .git old || echo no", "no\n" },
    { "no repository in its place", "rm -rf .git || test -f .git/config && echo no", "no\n" },
};

static void orders_to_the_host_cannot_be_left_behind(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *make = mem_format("git init -q %s", workspace);
    assert_int_equal(system(make), 0);
    for (size_t i = 0; i < COUNT_OF(guards); i++)
        check(&guards[i], SANDBOX_STRONG);
    CLEANUP(mem_freep)
    char *link = mem_format("rm -rf %s/.git && ln -s %s %s/.git", workspace, base, workspace);
    assert_int_equal(system(link), 0);
    const char *argv[] = { "/bin/true", NULL };
    const struct sandbox_mount mount = { workspace, workspace, true, true };
    const struct sandbox_run run = {
        .profile = SANDBOX_TOOL, .argv = argv, .mounts = &mount, .mounts_count = 1
    };
    struct sandbox_result result;
    struct err err = { 0 };
    assert_true(sandbox_run(&run, &result, &err) < 0);
    assert_non_null(strstr(err.text, ".git"));
    CLEANUP(mem_freep) char *git = mem_format("%s/.git", workspace);
    assert_int_equal(unlink(git), 0);
}

static const struct overlap {
    const char *name, *mount; /* below base */
    bool listed;              /* the home is in the list of homes */
    int want;
} overlaps[] = {
    { "the home itself", "home", false, -ERR_DENIED },
    { "a part of the home", "home/keys", false, -ERR_DENIED },
    { "a file of the home", "home/keys/home.id", false, -ERR_DENIED },
    { "by another name", "alias", false, -ERR_DENIED },
    { "a part by another name", "alias/keys", false, -ERR_DENIED },
    { "all workspaces", "home/workspaces", false, -ERR_DENIED },
    { "one workspace", "home/workspaces/s1", false, 0 },
    { "a folder of a workspace", "home/workspaces/s1/src", false, 0 },
    { "what a home is in", "", true, -ERR_DENIED },
    { "a folder beside it", "work", true, 0 },
    { "one workspace, of a listed home", "home/workspaces/s1", true, 0 },
};

static void no_part_of_a_home_is_shown(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *home = mem_format("%s/home", base);
    CLEANUP(mem_freep)
    char *make = mem_format("cd %s && mkdir -p home/keys home/workspaces/s1/src && "
                            "echo 1 >home/keys/home.id && ln -s home alias",
        base);
    assert_int_equal(system(make), 0);
    for (size_t i = 0; i < COUNT_OF(overlaps); i++) {
        CLEANUP(mem_freep) char *from = mem_format("%s/%s", base, overlaps[i].mount);
        const char *const homes[] = { home, NULL };
        const char *argv[] = { "/bin/true", NULL };
        const struct sandbox_mount mount = { from, "/mnt", true, true };
        const struct sandbox_run run = { .profile = SANDBOX_TOOL,
            .argv = argv,
            .mounts = &mount,
            .mounts_count = 1,
            .homes = overlaps[i].listed ? homes : NULL };
        struct sandbox_result result = { 0 };
        struct err err = { 0 };
        int rc = sandbox_run(&run, &result, &err);
        if (rc != overlaps[i].want)
            fail_msg("%s: %d, %s", overlaps[i].name, rc, err.text);
        sandbox_result_done(&result);
    }
}

static const struct place {
    const char *to;
    int want;
} places[] = {
    { "/", -ERR_DENIED },
    { "", -ERR_DENIED },
    { "mnt", -ERR_DENIED },
    { "/mnt/../etc", -ERR_DENIED },
    { "/mnt/..", -ERR_DENIED },
    { "/mnt/", -ERR_DENIED },
    { "/etc", -ERR_DENIED },
    { "/usr", -ERR_DENIED },
    { "/proc", -ERR_DENIED },
    { "/tmp", -ERR_DENIED },
    { "/dev", -ERR_DENIED },
    { "/tmp/mnt", 0 },
    { "/mnt", 0 },
    { "/usrs", 0 },
};

static void the_system_is_not_covered(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        const char *argv[] = { "/bin/true", NULL };
        const struct sandbox_mount mount = { workspace, places[i].to, true, true };
        const struct sandbox_run run = {
            .profile = SANDBOX_TOOL, .argv = argv, .mounts = &mount, .mounts_count = 1
        };
        struct sandbox_result result = { 0 };
        struct err err = { 0 };
        int rc = sandbox_run(&run, &result, &err);
        if (rc != places[i].want)
            fail_msg("at \"%s\": %d, %s", places[i].to, rc, err.text);
        sandbox_result_done(&result);
    }
}

static int open_lock(void)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/lock", base);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

/* By the first process alone: what it starts could let go of it. */
static void a_lock_is_held_until_the_end(void **state)
{
    (void)state;
    const char *argv[] = { "/bin/bash", "-c",
        "readlink /proc/self/fd/* | grep -c lock; sleep 1000 & read -r line <&3", NULL };
    int ours[2], lock = open_lock();
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ours), 0);
    const struct sandbox_run run = {
        .profile = SANDBOX_TOOL, .argv = argv, .fds = &ours[1], .fds_count = 1, .hold_fd = lock
    };
    struct sandbox_result result;
    struct sandbox *sandbox;
    struct err err = { 0 };
    if (sandbox_start(&sandbox, &run, &err) < 0)
        fail_msg("%s (%s)", err.text, err.hint);
    close(ours[1]);
    close(lock);
    lock = open_lock();
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), -1);
    assert_int_equal(write(ours[0], "\n", 1), 1);
    assert_int_equal(sandbox_wait(sandbox, &result, &err), 0);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
    assert_string_equal(text_of(&result.out), "0\n");
    sandbox_result_done(&result);
    close(ours[0]);
    close(lock);
}

/* Without a root of its own: no /tmp, no /proc, no /dev/fd; the rest works. */
static const struct row container_rows[] = {
    { "where it writes", "echo $TMPDIR | grep -c /work$; mktemp -p $TMPDIR | wc -l", "1\n1\n" },
    { "git",
        "git init -q -b main r && cd r && git -c user.email=a@b -c user.name=c commit -q "
        "--allow-empty -m one && git log --format=%s",
        "one\n" },
    { "python3", "python3 -c 'import subprocess as s; print(s.check_output([\"echo\", \"x\"]))'",
        "b'x\\n'\n" },
    { "node", "node -e 'console.log(require(\"child_process\").execSync(\"echo x\").toString())'",
        "x\n\n" },
    { "gcc and make",
        "printf 'int puts(const char *);\\nint main(void) { puts(\"made\"); return 0; }\\n' >m.c "
        "&& "
        "printf 'm: m.c\\n\\t@gcc -o m m.c\\n' >Makefile && make -s && ./m",
        "made\n" },
    { "another folder", "cat $(dirname $PWD)/secret || echo no", "no\n" },
    { "the /tmp of the host", "echo x >/tmp/moult-planted || echo no", "no\n" },
    { "the processes of the host", "cat /proc/1/status || echo no", "no\n" },
};

/* Last: this process cannot make namespaces after it. */
static void the_same_without_namespaces(void **state)
{
    (void)state;
    without_namespaces();
    assert_int_equal(file_remove_tree(workspace, NULL), 0);
    assert_int_equal(file_mkdirs(workspace, 0777, NULL), 0);
    assert_int_equal(chmod(workspace, 0777), 0);
    for (size_t i = 0; i < COUNT_OF(container_rows); i++)
        check(&container_rows[i], SANDBOX_CONTAINER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_use_works),
        cmocka_unit_test(the_rest_of_the_host_is_not_there),
        cmocka_unit_test(what_it_makes_belongs_to_who_has_the_workspace),
        cmocka_unit_test(how_it_ended_is_told),
        cmocka_unit_test(a_crash_starts_no_handler),
        cmocka_unit_test(signals_and_modes_are_as_usual),
        cmocka_unit_test(orders_to_the_host_cannot_be_left_behind),
        cmocka_unit_test(no_part_of_a_home_is_shown),
        cmocka_unit_test(the_system_is_not_covered),
        cmocka_unit_test(a_lock_is_held_until_the_end),
        cmocka_unit_test(the_same_without_namespaces),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
