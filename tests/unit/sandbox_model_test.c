/* Runs that may ask a model: the one place that they can connect to, what it is bound to outside,
 * and that nothing else can be reached. */
#include "sandbox/proxy/proxy.h"
#include "sandbox/sandbox.h"
#include "sandbox_without.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 100000 };
/* bash alone: the profile has no other program. $1 is a port of the host. */
#define ASK "exec 5<>/dev/tcp/127.0.0.1/3129; echo ask >&5; read -r line <&5; echo $line"

static char base[] = "/tmp/moult-model-test.XXXXXX";
static char deep[400], path[420]; /* longer than an address may be */
static int model, host;
static unsigned port;
static pthread_t answering;

/* A line to each who comes, until the socket is shut down. */
static void *answer(void *with)
{
    (void)with;
    for (int fd; (fd = accept4(model, NULL, NULL, SOCK_CLOEXEC)) >= 0; close(fd)) {
        char heard[8];
        if (recv(fd, heard, sizeof heard, 0) > 0)
            (void)!send(fd, "first\n", 6, MSG_NOSIGNAL);
    }
    return NULL;
}

static int listen_in(const char *folder, const char *name)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", name);
    if (chdir(folder) < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 8) < 0 ||
        chdir("/") < 0)
        return -1;
    return fd;
}

static int begin(void **state)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    (void)state;
    if (!mkdtemp(base))
        return -1;
    snprintf(deep, sizeof deep, "%s/%0100d/%0100d", base, 1, 2);
    snprintf(path, sizeof path, "%s/model", deep);
    if (file_mkdirs(deep, 0700, NULL) < 0 || (model = listen_in(deep, "model")) < 0)
        return -1;
    host = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(host, (struct sockaddr *)&at, sizeof at) < 0 || listen(host, 8) < 0 ||
        getsockname(host, (struct sockaddr *)&at, &size) < 0)
        return -1;
    port = ntohs(at.sin_port);
    return pthread_create(&answering, NULL, answer, NULL);
}

static int end(void **state)
{
    (void)state;
    shutdown(model, SHUT_RDWR);
    pthread_join(answering, NULL);
    close(model);
    close(host);
    return file_remove_tree(base, NULL);
}

static bool with_proc;

static void run(const char *script, const char *const *env, struct sandbox_result *ret)
{
    struct err err = { 0 };
    char number[16];
    snprintf(number, sizeof number, "%u", port);
    const char *const argv[] = { "/usr/bin/bash", "-c", script, "bash", number, NULL };
    const struct sandbox_run wish = { .profile = SANDBOX_PROPOSE,
        .argv = argv,
        .env = env,
        .model = path,
        .proc = with_proc,
        .limits = { .wall_ms = PATIENCE_MS } };
    if (sandbox_run(&wish, ret, &err) < 0)
        fail_msg("%s (%s)", err.text, err.hint);
    buf_text(&ret->out, "");
}

static void must_say(const char *script, const char *const *env, const char *want)
{
    struct sandbox_result result;
    run(script, env, &result);
    assert_string_equal(result.out.at, want);
    sandbox_result_done(&result);
}

static void the_model_is_asked(void **state)
{
    struct sandbox_result result;
    (void)state;
    run(ASK, NULL, &result);
    assert_string_equal(result.out.at, "first\n");
    assert_int_equal(result.contacts_count, 1);
    assert_string_equal(result.contacts[0].host, "model");
    assert_int_equal(result.contacts[0].end, CONTACT_REACHED);
    assert_int_equal(result.contacts[0].sent, 4);
    assert_int_equal(result.contacts[0].received, 6);
    sandbox_result_done(&result);
}

static void programs_are_told_where_it_is(void **state)
{
    static const char *const env[] = { "OPENAI_API_KEY=mine", NULL };
    (void)state;
    must_say("echo $OPENAI_BASE_URL $OPENAI_API_KEY $ANTHROPIC_BASE_URL $ANTHROPIC_API_KEY", NULL,
        "http://127.0.0.1:3129/v1 none http://127.0.0.1:3129 none\n");
    must_say("echo $OPENAI_API_KEY $ANTHROPIC_API_KEY", env, "mine none\n");
}

static void nothing_else_is_reached(void **state)
{
    static const char *const asked[] = { "/dev/tcp/127.0.0.1/$1", "/dev/tcp/127.0.0.1/3128",
        "/dev/tcp/127.0.0.2/3129", "/dev/tcp/10.0.0.1/80", "/dev/tcp/example.org/443",
        "/dev/tcp/::1/3129", "/dev/udp/127.0.0.1/53" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        CLEANUP(mem_freep)
        char *script =
            mem_format("exec 5<>%s && echo ask >&5 && read -r line <&5 && echo through", asked[i]);
        struct sandbox_result result;
        run(script, NULL, &result);
        if (strstr(result.out.at, "through"))
            fail_msg("%s was reached", asked[i]);
        assert_int_equal(result.contacts_count, 0);
        sandbox_result_done(&result);
    }
}

/* The first that asks is told of; looking up a user by a Unix socket is no asking. */
static void who_asks_for_more_is_told_of(void **state)
{
    struct sandbox_result result;
    (void)state;
    run("echo ~root; exec 5<>/dev/tcp/127.0.0.1/3129", NULL, &result);
    assert_false(result.asked_network);
    sandbox_result_done(&result);
    run("exec 5<>/dev/udp/127.0.0.1/53", NULL, &result);
    assert_true(result.asked_network);
    sandbox_result_done(&result);
}

/* Of the run's own processes: the first one tells nothing, and there is no other to be seen. */
static void a_proc_is_there_by_grant(void **state)
{
    (void)state;
    must_say("[ -e /proc/self ] || echo none", NULL, "none\n");
    with_proc = true;
    must_say(
        "cd /proc; echo [0-9]*; read -r x <1/environ || echo closed; echo >sys/kernel/hostname "
        "|| echo fixed",
        NULL, "1 2\nclosed\nfixed\n");
    with_proc = false;
    const char *const argv[] = { "/usr/bin/true", NULL };
    const struct sandbox_run wish = { .profile = SANDBOX_COMPILE, .argv = argv, .proc = true };
    struct sandbox_result result;
    struct err err = { 0 };
    assert_int_equal(sandbox_run(&wish, &result, &err), -ERR_DENIED);
    assert_non_null(strstr(err.text, "never has a /proc"));
}

static void nobody_else_may_ask(void **state)
{
    static const enum sandbox_profile others[] = { SANDBOX_COMPILE, SANDBOX_WORKER, SANDBOX_TOOL };
    const char *const argv[] = { "/usr/bin/true", NULL };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        const struct sandbox_run wish = { .profile = others[i], .argv = argv, .model = path };
        struct sandbox_result result;
        struct err err = { 0 };
        assert_int_equal(sandbox_run(&wish, &result, &err), -ERR_DENIED);
        assert_non_null(strstr(err.text, "never asks a model"));
    }
}

static int start(struct proxy **ret, struct sockaddr_in *at, const char *socket_, struct err *err)
{
    socklen_t size = sizeof *at;
    struct proxy_plan plan = { .model = socket_ };
    *at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    plan.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(plan.listener, (struct sockaddr *)at, size), 0);
    assert_int_equal(listen(plan.listener, 8), 0);
    assert_int_equal(getsockname(plan.listener, (struct sockaddr *)at, &size), 0);
    return proxy_start(ret, &plan, err);
}

static void hear(const struct sockaddr_in *at, const char *want)
{
    char heard[200] = { 0 };
    size_t size = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)at, sizeof *at), 0);
    assert_int_equal(send(fd, "ask\n", 4, MSG_NOSIGNAL), 4);
    for (ssize_t n;
         size < strlen(want) && (n = recv(fd, heard + size, strlen(want) - size, 0)) > 0;)
        size += (size_t)n;
    assert_string_equal(heard, want);
    close(fd);
}

/* Whoever can write in the folder could else have the run's words. */
static void what_stands_there_later_is_not_asked(void **state)
{
    char first[440];
    struct proxy *proxy;
    struct sockaddr_in at;
    struct sandbox_result result = { 0 };
    struct err err = { 0 };
    (void)state;
    assert_int_equal(start(&proxy, &at, path, &err), 0);
    snprintf(first, sizeof first, "%s.first", path);
    assert_int_equal(rename(path, first), 0);
    int second = listen_in(deep, "model");
    assert_true(second >= 0);
    hear(&at, "first\n");
    proxy_stop(proxy, &result);
    close(second);
    assert_int_equal(rename(first, path), 0);
}

static void a_model_that_is_gone_is_told(void **state)
{
    struct proxy *proxy;
    struct sockaddr_in at;
    struct sandbox_result result = { 0 };
    struct err err = { 0 };
    char gone[440];
    (void)state;
    snprintf(gone, sizeof gone, "%s/gone", deep);
    close(listen_in(deep, "gone"));
    assert_int_equal(start(&proxy, &at, gone, &err), 0);
    hear(&at, "HTTP/1.1 502 Bad Gateway\r\n");
    proxy_stop(proxy, &result);
    assert_int_equal(result.contacts[0].end, CONTACT_FAILED);
    assert_int_equal(start(&proxy, &at, deep, &err), -ERR_INPUT);
    assert_non_null(strstr(err.text, "is no socket"));
    snprintf(gone, sizeof gone, "%s/nowhere", deep);
    assert_int_equal(start(&proxy, &at, gone, &err), -ERR_SYS);
}

static unsigned descriptors(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* The run ends while it waits for an answer. */
static void nothing_is_left(void **state)
{
    (void)state;
    must_say(ASK, NULL, "first\n");
    unsigned before = descriptors();
    must_say(ASK "; exec 6<>/dev/tcp/127.0.0.1/3129; kill -KILL $$", NULL, "first\n");
    assert_int_equal(descriptors(), before);
}

/* Last: this process cannot make namespaces after it. */
static void without_namespaces_there_is_none(void **state)
{
    const char *const argv[] = { "/usr/bin/true", NULL };
    const struct sandbox_run wish = { .profile = SANDBOX_PROPOSE,
        .tier = SANDBOX_CONTAINER,
        .argv = argv,
        .cwd = base,
        .model = path };
    struct sandbox_result result;
    struct err err = { 0 };
    (void)state;
    without_namespaces();
    assert_int_equal(sandbox_run(&wish, &result, &err), -ERR_LACKS);
    assert_non_null(strstr(err.text, "a model is granted to namespaces of its own only"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_is_asked),
        cmocka_unit_test(programs_are_told_where_it_is),
        cmocka_unit_test(nothing_else_is_reached),
        cmocka_unit_test(who_asks_for_more_is_told_of),
        cmocka_unit_test(a_proc_is_there_by_grant),
        cmocka_unit_test(nobody_else_may_ask),
        cmocka_unit_test(what_stands_there_later_is_not_asked),
        cmocka_unit_test(a_model_that_is_gone_is_told),
        cmocka_unit_test(nothing_is_left),
        cmocka_unit_test(without_namespaces_there_is_none),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
