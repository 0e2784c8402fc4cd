/* client.c, server.c: a session with servers that behave, and with those that hang, flood, die or
 * speak what is no protocol. Each server is a few lines of shell. */
#include "tool/client.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define HEAD "{\"jsonrpc\":\"2.0\",\"id\":"
#define BEGUN                                                                                      \
    HEAD "1,\"result\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},"                   \
         "\"serverInfo\":{\"name\":\"s\"}}}"
#define LISTED HEAD "2,\"result\":{\"tools\":[{\"name\":\"look\",\"inputSchema\":{}}]}}"
#define SAY(line) "echo '" line "'\n"
#define HEAR "read -r line\n"
/* initialize, initialized, tools/list, then the first call has been read */
#define UP_TO_CALL                                                                                 \
    HEAR SAY(BEGUN)                                                                                \
    HEAR HEAR SAY(LISTED) HEAR
#define OK_CALL(id) HEAD id ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"yes\"}]}}"

static const struct client_limits limits = {
    .start_ms = 20000,
    .call_ms = 20000,
    .server = { .line_max = 4096, .bytes_max = 65536 },
};
static const struct client_limits hasty = {
    .start_ms = 20000,
    .call_ms = 60,
    .server = { .line_max = 4096, .bytes_max = 65536 },
};

static const struct client_limits hasty_start = {
    .start_ms = 60,
    .call_ms = 60,
    .server = { .line_max = 4096, .bytes_max = 65536 },
};

static struct err err;

static int begin(struct client *client, const char *script, const struct client_limits *with)
{
    char *argv[] = { "sh", "-c", (char *)script, NULL };
    memset(&err, 0, sizeof err);
    return client_begin(client, argv, with, &err);
}

static const struct start_row {
    const char *name, *script;
    int want;
    const char *says;
} start_rows[] = {
    { "one that lists a tool", HEAR SAY(BEGUN) HEAR HEAR SAY(LISTED) HEAR, 0, "" },
    { "one with blank lines and a notification",
        HEAR "echo\n" SAY("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}") SAY(BEGUN)
            HEAR HEAR SAY(LISTED) HEAR,
        0, "" },
    { "one that asks whether we are there, and goes on when it is told",
        HEAR SAY(HEAD "\"p\",\"method\":\"ping\"}") HEAR
        "case $line in *'\"id\":\"p\",\"result\"'*) "
        ";; *) exit 9 ;; esac\n" SAY(BEGUN) HEAR HEAR SAY(LISTED) HEAR,
        0, "" },
    { "one that asks what this client does not do",
        HEAR SAY(HEAD "7,\"method\":\"sampling/createMessage\"}") HEAR
        "case $line in *-32601*) ;; *) exit 9 ;; esac\n" SAY(BEGUN) HEAR HEAR SAY(LISTED) HEAR,
        0, "" },
    { "two pages of tools",
        HEAR SAY(BEGUN) HEAR HEAR SAY(HEAD
            "2,\"result\":{\"tools\":[{\"name\":\"a\",\"inputSchema\":{}}],\"nextCursor\":\"n\"}}")
            HEAR "case $line in *'\"cursor\":\"n\"'*) ;; *) exit 9 ;; esac\n" SAY(
                HEAD "3,\"result\":{\"tools\":[{\"name\":\"b\",\"inputSchema\":{}}]}}") HEAR,
        0, "" },
    { "pages without end",
        HEAR SAY(BEGUN) HEAR "i=1; while read -r line; do i=$((i+1)); echo '" HEAD
                             "'$i',\"result\":{\"tools\":[],\"nextCursor\":\"n\"}}'; done\n",
        -ERR_LIMIT, "pages" },
    { "one that ends at once", "exit 3\n", -ERR_PEER, "exit code 3" },
    { "one that is killed", "kill -9 $$\n", -ERR_PEER, "signal 9" },
    { "one that closes its output and stays", "exec >&-; sleep 100\n", -ERR_PEER, "closed" },
    { "one that talks", HEAR SAY("Listening on stdio"), -ERR_INPUT, "Listening on stdio" },
    { "JSON that is no message", HEAR SAY("[]"), -ERR_INPUT, "2.0" },
    { "a line without an end", "while :; do printf 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'; done\n",
        -ERR_LIMIT, "without an end" },
    { "a long line", "head -c 5000 /dev/zero | tr '\\0' a; echo; " HEAR HEAR, -ERR_LIMIT, "bytes" },
    { "a flood of notifications",
        "while :; do echo '{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}'; done\n",
        -ERR_LIMIT, "no answer among them" },
    { "an answer to what was not asked", HEAR SAY(HEAD "9,\"result\":{}}"), -ERR_INPUT,
        "not asked" },
    { "one that refuses", HEAR SAY(HEAD "1,\"error\":{\"code\":-1,\"message\":\"no\\u001b\"}}"),
        -ERR_PEER, "no\\x1b" },
    { "a version that nobody knows",
        HEAR SAY(HEAD "1,\"result\":{\"protocolVersion\":\"1999-01-01\","
                      "\"serverInfo\":{\"name\":\"s\"}}}"),
        -ERR_PEER, "versions" },
    { "a tool that is a word",
        HEAR SAY(BEGUN) HEAR HEAR SAY(HEAD "2,\"result\":{\"tools\":[\"a\"]}}"), -ERR_INPUT,
        "no object" },
};

static void sessions_begin_or_say_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(start_rows); i++) {
        const struct start_row *row = &start_rows[i];
        CLEANUP(client_end) struct client client = { 0 };
        print_message("%s\n", row->name);
        int rc = begin(&client, row->script, &limits);
        if (rc < 0)
            print_message("  %s\n", err.text);
        assert_int_equal(rc, row->want);
        assert_non_null(strstr(err.text, row->says));
        if (rc == 0)
            assert_true(client.tools_count > 0);
    }
}

static void a_program_that_is_not_there(void **state)
{
    (void)state;
    CLEANUP(client_end) struct client client = { 0 };
    char *argv[] = { "/nowhere/server", NULL };
    assert_int_equal(client_begin(&client, argv, &limits, &err), -ERR_MISSING);
}

static const struct call_row {
    const char *name, *script; /* behind UP_TO_CALL */
    int want;
    const char *says; /* the answer's content, or the error's text */
    bool is_error;
} call_rows[] = {
    { "an answer", SAY(OK_CALL("3")) HEAR, 0, "\"text\":\"yes\"", false },
    { "the tool says no",
        SAY(HEAD "3,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"no\"}],"
                 "\"isError\":true}}") HEAR,
        0, "\"no\"", true },
    { "the protocol says no",
        SAY(HEAD "3,\"error\":{\"code\":-32602,\"message\":\"Unknown \\\"tool\\\"\"}}") HEAR, 0,
        "Unknown \\\"tool\\\"", true },
    { "it hangs", "sleep 100\n", -ERR_TIMEOUT, "in time", false },
    { "it dies", "exit 1\n", -ERR_PEER, "exit code 1", false },
    { "no content", SAY(HEAD "3,\"result\":{}}") HEAR, -ERR_INPUT, "content", false },
    { "content without a type", SAY(HEAD "3,\"result\":{\"content\":[{}]}}") HEAR, -ERR_INPUT,
        "type", false },
    { "an error that is neither true nor false",
        SAY(HEAD "3,\"result\":{\"content\":[],\"isError\":0}}") HEAR, -ERR_INPUT, "isError",
        false },
    { "the answer to the call before", SAY(OK_CALL("2")) HEAR, -ERR_INPUT, "not asked", false },
    { "it could not read us",
        SAY("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"eh\"}}")
            HEAR,
        -ERR_PEER, "eh", false },
};

static void calls_are_answered_or_say_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(call_rows); i++) {
        const struct call_row *row = &call_rows[i];
        CLEANUP(client_end) struct client client = { 0 };
        CLEANUP(mem_freep) char *script = mem_format("%s%s", UP_TO_CALL, row->script);
        struct client_answer answer = { 0 };
        bool sent;
        print_message("%s\n", row->name);
        assert_int_equal(begin(&client, script, row->want == -ERR_TIMEOUT ? &hasty : &limits), 0);
        int rc = client_call(&client, STR("look"), STR("{}"), &answer, &sent, &err);
        assert_int_equal(rc, row->want);
        assert_true(sent);
        if (rc == 0) {
            assert_true(str_find(answer.content, str_of(row->says)) >= 0);
            assert_int_equal(answer.is_error, row->is_error);
            continue;
        }
        assert_non_null(strstr(err.text, row->says));
        assert_int_equal(client_call(&client, STR("look"), STR("{}"), &answer, &sent, &err), rc);
        assert_false(sent);
        assert_non_null(strstr(err.text, "given up"));
    }
}

/* More than a pipe holds in both directions at once: neither side waits for the other. */
static void large_calls_and_answers_do_not_lock_up(void **state)
{
    (void)state;
    struct client_limits large = limits;
    large.server = (struct server_limits){ 1 << 20, 1 << 21 };
    CLEANUP(client_end) struct client client = { 0 };
    CLEANUP(buf_done) struct buf args = { 0 };
    struct client_answer answer;
    bool sent;
    assert_int_equal(begin(&client,
                         HEAR SAY(BEGUN) HEAR HEAR SAY(
                             LISTED) "printf '" HEAD
                                     "3,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"'\n"
                                     "head -c 500000 /dev/zero | tr '\\0' a\n"
                                     "echo '\"}]}}'\n" HEAR HEAR,
                         &large),
        0);
    buf_text(&args, "{\"a\":\"");
    for (int i = 0; i < 500000; i++)
        buf_char(&args, 'b');
    buf_text(&args, "\"}");
    assert_int_equal(client_call(&client, STR("look"), buf_view(&args), &answer, &sent, &err), 0);
    assert_true(answer.content.size > 500000);
}

/* Whoever the server started is gone with it, also when the server itself went first: a pipe that
 * such a process holds open comes to its end. */
static void nothing_of_it_stays(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "sleep 100 <&9 & read -r line; sleep 100",
        "exec 1>&-; sleep 100 <&9 & exit 0",
    };
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        int ends[2];
        char byte;
        struct client client = { 0 };
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(dup2(ends[1], 9), 9);
        close(ends[1]);
        fcntl(ends[0], F_SETFD, FD_CLOEXEC);
        assert_true(begin(&client, scripts[i], &hasty_start) < 0);
        close(9);
        client_end(&client);
        assert_int_equal(read(ends[0], &byte, 1), 0);
        close(ends[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_begin_or_say_why),
        cmocka_unit_test(a_program_that_is_not_there),
        cmocka_unit_test(calls_are_answered_or_say_why),
        cmocka_unit_test(large_calls_and_answers_do_not_lock_up),
        cmocka_unit_test(nothing_of_it_stays),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
