/* Runs with a network by grant, started from this process: what they reach, what is told of it, and
 * that nothing of the proxy is left behind. */
#include "sandbox/proxy/reach.h"
#include "sandbox/sandbox.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 100000 };
/* bash alone: nothing that a machine may lack. %u is the host's port. */
#define ASK                                                                                        \
    "exec 5<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT %s HTTP/1.1\\r\\n\\r\\n' \"$1\" >&5; read "  \
    "-r "                                                                                          \
    "line <&5; echo \"$line\""

static int host; /* it listens and never accepts: a connection is made all the same */
static unsigned port, threads;

static unsigned entries(const char *path)
{
    unsigned count = 0;
    DIR *folder = opendir(path);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static int begin(void **state)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t size = sizeof at;
    (void)state;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    host = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(host, (struct sockaddr *)&at, sizeof at) < 0 || listen(host, 64) < 0 ||
        getsockname(host, (struct sockaddr *)&at, &size) < 0)
        return -1;
    port = ntohs(at.sin_port);
    threads = entries("/proc/self/task");
    return 0;
}

static int end(void **state)
{
    (void)state;
    return close(host);
}

/* words and asked: "%u" is the host's port. */
static int run(const char *words, const char *script, const char *asked, struct sandbox_result *ret,
    struct err *err)
{
    struct reach reach = { .count = 0 };
    char text[100], target[100];
    snprintf(text, sizeof text, words, port);
    snprintf(target, sizeof target, asked, port);
    assert_int_equal(reach_words(&reach, str_of(text), err), 0);
    const char *const argv[] = { "/usr/bin/bash", "-c", script, "bash", target, NULL };
    const struct sandbox_run wish = { .profile = SANDBOX_TOOL,
        .argv = argv,
        .network = &reach,
        .limits = { .wall_ms = PATIENCE_MS } };
    return sandbox_run(&wish, ret, err);
}

static void must_say(const char *words, const char *script, const char *asked, const char *want,
    struct sandbox_result *ret)
{
    struct err err = { 0 };
    if (run(words, script, asked, ret, &err) < 0)
        fail_msg("%s (%s)", err.text, err.hint);
    if (*want && (!ret->out.at || strncmp(ret->out.at, want, strlen(want)) != 0))
        fail_msg("%s; %s", ret->out.at ? ret->out.at : "nothing", ret->err.at ? ret->err.at : "");
}

static void a_contact_is_in_the_result(void **state)
{
    struct sandbox_result result;
    (void)state;
    must_say("127.0.0.1:%u", ASK, "127.0.0.1:%u", "HTTP/1.1 200 ", &result);
    assert_int_equal(result.contacts_count, 1);
    assert_string_equal(result.contacts[0].host, "127.0.0.1");
    assert_int_equal(result.contacts[0].port, port);
    assert_int_equal(result.contacts[0].end, CONTACT_REACHED);
    sandbox_result_done(&result);
    must_say("example.org,example.net:%u", ASK, "127.0.0.1:%u", "HTTP/1.1 403 ", &result);
    assert_int_equal(result.contacts_count, 1);
    assert_int_equal(result.contacts[0].end, CONTACT_REFUSED);
    sandbox_result_done(&result);
}

static void without_hosts_there_is_no_proxy(void **state)
{
    struct sandbox_result result;
    (void)state;
    must_say("loopback", "echo ${HTTP_PROXY-none}; exec 5<>/dev/tcp/127.0.0.1/3128", "%u", "none",
        &result);
    assert_int_not_equal(result.exit_code, 0);
    assert_int_equal(result.contacts_count, 0);
    sandbox_result_done(&result);
}

/* A server that one process opens and another has: honest, though a descriptor is on its way. */
static void a_server_is_handed_to_a_child(void **state)
{
    static const char script[] =
        "echo 'process.on(\"message\", (word, server) => {"
        " server.on(\"connection\", c => c.end(\"handed\")); process.send(\"ready\") })' "
        ">/tmp/c.js;"
        "exec node -e 'const net = require(\"net\"), server = net.createServer();"
        "server.listen(0, \"127.0.0.1\", () => {"
        " const { port } = server.address(), c = require(\"child_process\").fork(\"/tmp/c.js\");"
        " c.send(\"server\", server); c.on(\"message\", () => { server.close();"
        "  net.connect(port, \"127.0.0.1\").on(\"data\", d => {"
        "   console.log(d.toString()); c.kill() }) }) })'";
    struct sandbox_result result;
    (void)state;
    must_say("loopback", script, "%u", "handed\n", &result);
    assert_int_equal(result.limit, LIMIT_NONE);
    assert_int_equal(result.exit_code, 0);
    sandbox_result_done(&result);
}

/* By Landlock where the kernel has it for TCP, else by there being nobody. */
static void one_port_and_no_other(void **state)
{
    struct sandbox_result result;
    (void)state;
    must_say("127.0.0.1:%u", "exec 5<>/dev/tcp/127.0.0.1/$1 && echo through", "%u", "", &result);
    assert_true(!result.out.at || !strstr(result.out.at, "through"));
    sandbox_result_done(&result);
}

static void nobody_else_may_have_one(void **state)
{
    static const enum sandbox_profile others[] = { SANDBOX_COMPILE, SANDBOX_WORKER,
        SANDBOX_PROPOSE };
    const struct reach reach = { .loopback = true };
    const char *const argv[] = { "/usr/bin/true", NULL };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        const struct sandbox_run wish = { .profile = others[i], .argv = argv, .network = &reach };
        struct sandbox_result result;
        struct err err = { 0 };
        assert_int_equal(sandbox_run(&wish, &result, &err), -ERR_DENIED);
        assert_non_null(strstr(err.text, "never has a network"));
    }
}

/* A run that is killed in the middle of its connections, too. */
static void nothing_is_left(void **state)
{
    enum { RUNS = 12 };
    struct sandbox_result result;
    (void)state;
    must_say("127.0.0.1:%u", ASK, "127.0.0.1:%u", "HTTP/1.1 200 ", &result);
    sandbox_result_done(&result);
    unsigned before = entries("/proc/self/fd");
    for (int i = 0; i < RUNS; i++) {
        must_say("127.0.0.1:%u", i % 2 ? ASK : ASK "; kill -KILL $$", "127.0.0.1:%u",
            "HTTP/1.1 200 ", &result);
        sandbox_result_done(&result);
    }
    assert_int_equal(entries("/proc/self/fd"), before);
    /* One ends a moment later; one more may be a sanitizer's own. */
    while (entries("/proc/self/task") > threads + 1)
        sched_yield();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contact_is_in_the_result),
        cmocka_unit_test(without_hosts_there_is_no_proxy),
        cmocka_unit_test(a_server_is_handed_to_a_child),
        cmocka_unit_test(one_port_and_no_other),
        cmocka_unit_test(nobody_else_may_have_one),
        cmocka_unit_test(nothing_is_left),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
