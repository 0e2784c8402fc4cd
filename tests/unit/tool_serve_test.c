/* serve.c: calls in, answers out, by line; what is no call is said and does not end the session. */
#include "tool/serve.h"

#include "base/fd.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEAD "{\"jsonrpc\":\"2.0\",\"id\":"
#define SAY(line) "echo '" line "'\n"
#define HEAR "read -r line\n"
#define BEGIN                                                                                      \
    HEAR SAY(HEAD "1,\"result\":{\"protocolVersion\":\"2025-06-18\",\"serverInfo\":{\"name\":"     \
                  "\"s\\u00e9\"}}}") HEAR HEAR                                                     \
    SAY(HEAD "2,\"result\":{\"tools\":[{\"name\":\"look\",\"inputSchema\":{}}]}}")
/* Answers with what it heard. */
#define ECHO(id)                                                                                   \
    HEAR "case $line in *'\"params\":{\"name\":\"look\",\"arguments\":{\"a\": [1.0]}}}') ;; *) "   \
         "exit 9 ;; esac\n" SAY(HEAD id ",\"result\":{\"content\":[],\"isError\":false}}")
#define CALL(id) "{\"id\":" id ",\"tool\":\"look\",\"arguments\":{\"a\": [1.0]}}\n"
#define READY                                                                                      \
    "{\"ready\":true,\"server\":\"s\\u00e9\",\"tools\":[{\"name\":\"look\",\"inputSchema\":{}}]}"  \
    "\n"
#define DONE(id) "{\"id\":" id ",\"ok\":true,\"is_error\":false,\"content\":[]}\n"
#define NO(id, sent, code)                                                                         \
    "{\"id\":" id ",\"ok\":false,\"sent\":" sent ",\"error\":{\"code\":\"" code

static const struct row {
    const char *name, *script, *input;
    int want;
    const char *lines[4]; /* how each line of the output begins */
} rows[] = {
    { "nothing to do", BEGIN HEAR, "", 0, { READY } },
    { "two calls, their numbers as they were written", BEGIN ECHO("3") ECHO("4") HEAR,
        CALL("\"a\"") "\n" CALL("1e0"), 0, { READY, DONE("\"a\""), DONE("1e0") } },
    { "what is no call stands between them", BEGIN ECHO("3") HEAR, "[]\n{\n" CALL("1"), 0,
        { READY, NO("null", "false", "input"), NO("null", "false", "input"), DONE("1") } },
    { "arguments that are no object", BEGIN HEAR, "{\"id\":7,\"tool\":\"look\",\"arguments\":[]}\n",
        0, { READY, NO("7", "false", "input") } },
    { "a member too many", BEGIN HEAR, "{\"id\":7,\"tool\":\"look\",\"arguments\":{},\"x\":1}\n", 0,
        { READY, NO("7", "false", "input") } },
    { "the server dies: the first call may have arrived, the next was not sent",
        BEGIN HEAR "exit 1\n", CALL("1") CALL("2"), -ERR_PEER,
        { READY, NO("1", "true", "peer"), NO("2", "false", "peer") } },
    { "no session", "exit 1\n", CALL("1"), -ERR_PEER,
        { "{\"ready\":false,\"error\":{\"code\":\"peer\"" } },
    { "a call that was cut off", BEGIN HEAR, "{\"id\":7", -ERR_INPUT, { READY } },
};

static int memory(const char *text)
{
    int fd = memfd_create("lines", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write_all(fd, text, strlen(text), NULL), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static int run(const char *script, int in, struct buf *output)
{
    char *argv[] = { "sh", "-c", (char *)script, NULL };
    struct err err;
    int out = memory("");
    int rc = serve(in, out, argv, &client_limits_default, &err);
    if (rc < 0)
        print_message("  %s\n", err.text);
    lseek(out, 0, SEEK_SET);
    assert_int_equal(read_to_end(out, output, 1 << 20, NULL), 0);
    close(out);
    return rc;
}

static void lines_are_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        CLEANUP(buf_done) struct buf output = { 0 };
        print_message("%s\n", row->name);
        int in = memory(row->input);
        assert_int_equal(run(row->script, in, &output), row->want);
        close(in);
        const char *at = output.at;
        for (size_t k = 0; k < COUNT_OF(row->lines) && row->lines[k]; k++) {
            if (strncmp(at, row->lines[k], strlen(row->lines[k])) != 0)
                fail_msg("%s, not %s", at, row->lines[k]);
            at = strchr(at, '\n') + 1;
        }
        assert_string_equal(at, "");
    }
}

static void a_call_without_an_end(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf output = { 0 };
    CLEANUP(mem_freep) char *zeros = mem_zero(1, SERVE_LINE_MAX + (1 << 17));
    memset(zeros, ' ', SERVE_LINE_MAX + (1 << 17) - 1);
    int in = memory(zeros);
    assert_int_equal(run(BEGIN HEAR, in, &output), -ERR_LIMIT);
    close(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_answered),
        cmocka_unit_test(a_call_without_an_end),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
