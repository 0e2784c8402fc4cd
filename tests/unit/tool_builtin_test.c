/* moult-tool's own tools: what they do, what they refuse in words that a model can act on, and that
 * no path leads out of the workspace. */
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "tool/beneath.h"
#include "tool/builtin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[] = "/tmp/moult-builtin-test.XXXXXX";
static char work[64];
static struct builtin builtin;

static void put(const char *path, const char *text)
{
    CLEANUP(mem_freep) char *whole = mem_format("%s/%s", base, path);
    assert_int_equal(file_write(whole, str_of(text), 0644, NULL), 0);
}

static void link_to(const char *target, const char *path)
{
    CLEANUP(mem_freep) char *whole = mem_format("%s/%s", base, path);
    assert_int_equal(symlink(target, whole), 0);
}

static void make_folder(const char *path)
{
    CLEANUP(mem_freep) char *whole = mem_format("%s/%s", base, path);
    assert_int_equal(mkdir(whole, 0755), 0);
}

static const char *content_of(const char *path, struct buf *text)
{
    CLEANUP(mem_freep) char *whole = mem_format("%s/%s", base, path);
    buf_clear(text);
    return file_read(whole, text, 1 << 20, NULL) == 0 ? text->at : "(none)";
}

static int begin(void **state)
{
    (void)state;
    struct err err;
    if (!mkdtemp(base))
        return -1;
    umask(022);
    snprintf(work, sizeof work, "%s/work", base);
    make_folder("work");
    put("secret", "the key\n");
    put("work/three", "one\ntwo\nthree\n");
    put("work/no_end", "one\ntwo");
    put("work/empty", "");
    put("work/twice", "a b a\n");
    put("work/latin", "caf\xe9\n");
    CLEANUP(mem_freep) char *binary = mem_format("%s/binary", work);
    file_write(binary,
        STR("\x7f"
            "ELF\0"),
        0644, NULL);
    make_folder("work/src");
    make_folder("work/src/deep");
    make_folder("work/.git");
    put("work/src/main.c", "int main;\n");
    put("work/src/deep/far.c", "int far;\n");
    put("work/.git/config", "x\n");
    link_to("../secret", "work/out");
    link_to("/etc/passwd", "work/absolute");
    link_to("..", "work/up");
    link_to("src/main.c", "work/inside");
    link_to("../three", "work/src/back");
    link_to("loop", "work/loop");
    link_to("src", "work/folder");
    CLEANUP(mem_freep) char *pipe_ = mem_format("%s/pipe", work);
    return mkfifo(pipe_, 0644) < 0 ? -1 : builtin_init(&builtin, work, &err);
}

static int end(void **state)
{
    (void)state;
    builtin_done(&builtin);
    return file_remove_tree(base, NULL);
}

enum { REFUSED = -1, DONE, FAILED };
static int call(const char *tool, const char *args, struct buf *text)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct client_answer answer;
    struct err err = { 0 };
    buf_clear(text);
    if (builtin_call(&builtin, str_of(tool), str_of(args), &answer, &err) < 0) {
        buf_format(text, "%s; %s", err.text, err.hint);
        return REFUSED;
    }
    const struct json *content = json_read(&arena, answer.content, NULL, &err);
    assert_non_null(content);
    buf_str(text, json_string(&arena, json_get(json_first(content), "text")));
    return answer.is_error ? FAILED : DONE;
}

static const struct row {
    const char *name, *tool, *args;
    int want;
    const char *says; /* part of the answer; with a '=' before it: all of it */
} rows[] = {
    { "a whole file", "read_file", "{\"path\":\"three\"}", DONE, "=one\ntwo\nthree\n" },
    { "a part of it", "read_file", "{\"path\":\"three\",\"offset\":2,\"limit\":1}", DONE,
        "=two\n[lines 2 to 2 of 3; go on with offset 3]" },
    { "its end", "read_file", "{\"path\":\"three\",\"offset\":3}", DONE, "=three\n" },
    { "a file without a newline at its end", "read_file", "{\"path\":\"no_end\",\"offset\":2}",
        DONE, "=two" },
    { "an empty file", "read_file", "{\"path\":\"empty\"}", DONE, "=[the file is empty]" },
    { "null is what was left out", "read_file", "{\"path\":\"three\",\"limit\":null}", DONE,
        "=one"
        "\ntwo\nthree\n" },
    { "behind its end", "read_file", "{\"path\":\"three\",\"offset\":4}", FAILED, "only 3 lines" },
    { "no file", "read_file", "{\"path\":\"src/none\"}", FAILED, "src/none: no such file" },
    { "no folder on the way", "read_file", "{\"path\":\"none/x\"}", FAILED, "no folder none" },
    { "a file on the way", "read_file", "{\"path\":\"three/x\"}", FAILED, "three/x: folder three" },
    { "a folder", "read_file", "{\"path\":\"src\"}", FAILED, "list_files" },
    { "bytes that are no text", "read_file", "{\"path\":\"latin\"}", FAILED, "no UTF-8" },
    { "a program", "read_file", "{\"path\":\"binary\"}", FAILED, "no UTF-8 text (5 bytes)" },
    { "a named pipe without anybody at its other end", "read_file", "{\"path\":\"pipe\"}", FAILED,
        "no regular file" },
    { "by the workspace's own path", "read_file", NULL, DONE, "=one\ntwo\nthree\n" },
    { "a link inside", "read_file", "{\"path\":\"inside\"}", DONE, "=int main;\n" },
    { "a link that goes up and stays inside", "read_file", "{\"path\":\"src/back\"}", DONE, "one" },
    { "a linked folder", "read_file", "{\"path\":\"folder/deep/../main.c\"}", DONE, "int main" },
    { "a path above the workspace", "read_file", "{\"path\":\"../secret\"}", FAILED, "leads out" },
    { "an absolute path", "read_file", "{\"path\":\"/etc/passwd\"}", FAILED, "leads out" },
    { "up behind a folder", "read_file", "{\"path\":\"src/../../secret\"}", FAILED, "leads out" },
    { "a link out", "read_file", "{\"path\":\"out\"}", FAILED, "leads out" },
    { "an absolute link", "read_file", "{\"path\":\"absolute\"}", FAILED, "leads out" },
    { "through a linked folder above", "read_file", "{\"path\":\"up/secret\"}", FAILED,
        "leads out" },
    { "a link to itself", "read_file", "{\"path\":\"loop\"}", FAILED, "too many links" },
    { "an empty path", "read_file", "{\"path\":\"\"}", FAILED, "a path is" },
    { "a path with a NUL", "read_file", "{\"path\":\"three\\u0000\"}", FAILED, "a path is" },
    { "a new file through a link out", "write_file", "{\"path\":\"out\",\"content\":\"x\"}", FAILED,
        "leads out" },
    { "a new file above", "write_file", "{\"path\":\"up/new\",\"content\":\"x\"}", FAILED,
        "leads out" },
    { "a new file in the place of a folder", "write_file", "{\"path\":\"src\",\"content\":\"x\"}",
        FAILED, "something else" },
    { "a new file in the place of a pipe", "write_file", "{\"path\":\"pipe\",\"content\":\"x\"}",
        FAILED, "something else" },
    { "the workspace itself", "write_file", "{\"path\":\".\",\"content\":\"x\"}", FAILED,
        "something else" },
    { "an edit of what is not there", "edit_file",
        "{\"path\":\"twice\",\"old\":\"c\",\"new\":\"d\"}", FAILED, "read the file again" },
    { "an edit of what is there twice", "edit_file",
        "{\"path\":\"twice\",\"old\":\"a\",\"new\":\"d\"}", FAILED, "2 times" },
    { "an edit of nothing", "edit_file", "{\"path\":\"twice\",\"old\":\"\",\"new\":\"d\"}", FAILED,
        "write_file" },
    { "an edit that changes nothing", "edit_file",
        "{\"path\":\"twice\",\"old\":\"a\",\"new\":\"a\"}", FAILED, "the same" },
    { "names of the workspace", "list_files", "{}", DONE,
        "=.git/\nabsolute -> /etc/passwd\nbinary\nempty\nfolder -> src\ninside -> "
        "src/main.c\nlatin\n"
        "loop -> loop\nno_end\nout -> ../secret\npipe\nsrc/\nsrc/back -> ../three\nsrc/deep/\n"
        "src/main.c\nthree\ntwice\nup -> ..\n" },
    { "of one folder, one level", "list_files", "{\"path\":\"src\",\"depth\":1}", DONE,
        "=back -> ../three\ndeep/\nmain.c\n" },
    { "by name", "list_files", "{\"glob\":\"*.c\"}", DONE, "=src/deep/far.c\nsrc/main.c\n" },
    { "by path", "list_files", "{\"glob\":\"src/**/*.c\"}", DONE, "=src/deep/far.c\nsrc/main.c\n" },
    { "of what is not there", "list_files", "{\"glob\":\"*.rs\"}", DONE, "=[nothing fits]" },
    { "of a folder above", "list_files", "{\"path\":\"..\"}", FAILED, "leads out" },
    { "of a linked folder above", "list_files", "{\"path\":\"up\"}", FAILED, "leads out" },
    { "of a file", "list_files", "{\"path\":\"three\"}", FAILED, "Not a directory" },
    { "a command", "shell", "{\"command\":\"cat three | wc -l\"}", DONE, "=3\n" },
    { "both outputs in their order", "shell", "{\"command\":\"echo a; echo b >&2; echo c\"}", DONE,
        "=a\nb\nc\n" },
    { "one that says nothing", "shell", "{\"command\":\"true\"}", DONE,
        "=[no output, exit code 0]" },
    { "one that fails", "shell", "{\"command\":\"echo x; exit 3\"}", FAILED, "=x\n[exit code 3]" },
    { "one that dies", "shell", "{\"command\":\"kill -9 $$\"}", FAILED, "=[ended by signal 9]" },
    { "no input", "shell", "{\"command\":\"cat\"}", DONE, "no output" },
    { "one that takes too long, with its children", "shell",
        "{\"command\":\"echo x; sleep 1000 | sleep 1000\",\"timeout_s\":2}", FAILED,
        "=x\n[ended: it took longer than 2 s]" },
    { "bytes that are no text", "shell", "{\"command\":\"printf 'a\\\\377b'\"}", DONE,
        "=a\xef\xbf\xbd"
        "b" },
    { "where it works", "shell", "{\"command\":\"[ -f three ] && echo here\"}", DONE, "=here\n" },
    { "no such tool", "fly", "{}", REFUSED, "read_file, write_file" },
    { "an argument too many", "read_file", "{\"path\":\"three\",\"lines\":3}", REFUSED,
        "takes no \"lines\"; it takes path, offset, limit" },
    { "an argument too few", "write_file", "{\"path\":\"three\"}", REFUSED, "needs content" },
    { "null for what is needed", "read_file", "{\"path\":null}", REFUSED, "needs path" },
    { "a number as text", "read_file", "{\"path\":\"three\",\"offset\":\"1\"}", REFUSED,
        "offset of read_file is not an integer; from 1" },
    { "a number that is too small", "read_file", "{\"path\":\"three\",\"offset\":0}", REFUSED,
        "from 1" },
    { "a time that is too long", "shell", "{\"command\":\"true\",\"timeout_s\":601}", REFUSED,
        "to 600" },
    { "text as a list", "shell", "{\"command\":[\"ls\"]}", REFUSED, "not a string" },
    { "half a character", "write_file", "{\"path\":\"half\",\"content\":\"\\ud800\"}", REFUSED,
        "content of write_file" },
    { "a flag as text", "edit_file", "{\"path\":\"a\",\"old\":\"a\",\"new\":\"b\",\"all\":\"yes\"}",
        REFUSED, "not a boolean" },
    { "arguments that are a list", "shell", "[]", REFUSED, "JSON object" },
    { "arguments that are no JSON", "shell", "{", REFUSED, "" },
    { "one argument twice", "shell", "{\"command\":\"true\",\"command\":\"false\"}", REFUSED,
        "twice" },
};

static void answers_calls(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(mem_freep) char *own = mem_format("{\"path\":\"%s/three\"}", work);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        int got = call(row->tool, row->args ? row->args : own, &text);
        bool whole = row->says[0] == '=';
        const char *at = text.at ? text.at : "";
        if (got != row->want || (whole ? strcmp(at, row->says + 1) != 0 : !strstr(at, row->says)))
            fail_msg("%s: %d, \"%s\"", row->name, got, at);
    }
    assert_string_equal(content_of("secret", &text), "the key\n");
}

static void writes_and_edits(void **state)
{
    (void)state;
    struct stat st;
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(mem_freep) char *script = mem_format("%s/run.sh", work);
    assert_int_equal(
        call("write_file", "{\"path\":\"new/er/f\",\"content\":\"a\\nb\\na\\n\"}", &text), DONE);
    assert_string_equal(text.at, "made new/er/f (6 bytes)");
    assert_string_equal(content_of("work/new/er/f", &text), "a\nb\na\n");
    assert_int_equal(
        call("edit_file", "{\"path\":\"new/er/f\",\"old\":\"b\\n\",\"new\":\"\"}", &text), DONE);
    assert_string_equal(text.at, "edited new/er/f: 1 place, the first in line 2");
    assert_int_equal(
        call("edit_file", "{\"path\":\"new/er/f\",\"old\":\"a\",\"new\":\"aa\",\"all\":true}",
            &text),
        DONE);
    assert_string_equal(text.at, "edited new/er/f: 2 places, the first in line 1");
    assert_string_equal(content_of("work/new/er/f", &text), "aa\naa\n");

    put("work/run.sh", "#!/bin/sh\n");
    assert_int_equal(chmod(script, 0755), 0);
    assert_int_equal(call("write_file", "{\"path\":\"run.sh\",\"content\":\"x\"}", &text), DONE);
    assert_string_equal(text.at, "replaced run.sh (1 bytes)");
    assert_int_equal(stat(script, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755);

    link_to("new/er/f", "work/alias");
    assert_int_equal(call("write_file", "{\"path\":\"alias\",\"content\":\"y\"}", &text), DONE);
    assert_string_equal(content_of("work/new/er/f", &text), "y");
    assert_int_equal(call("shell", "{\"command\":\"find . -name '.moult-*'\"}", &text), DONE);
    assert_string_equal(text.at, "[no output, exit code 0]");
}

static void a_long_file_comes_in_parts(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 }, file = { 0 };
    for (int i = 1; i <= 2500; i++)
        buf_format(&file, "%d\n", i);
    put("work/long", file.at);
    assert_int_equal(call("read_file", "{\"path\":\"long\"}", &text), DONE);
    assert_non_null(strstr(text.at, "2000\n[lines 1 to 2000 of 2500; go on with offset 2001]"));
    buf_clear(&file);
    for (int i = 0; i < 300000; i++)
        buf_text(&file, i % 2 ? "\xc3\xa9" : "e");
    put("work/line", file.at);
    assert_int_equal(call("read_file", "{\"path\":\"line\"}", &text), DONE);
    assert_true(text.size < 200 << 10);
    assert_non_null(strstr(text.at, "\n[line 1 is cut here"));
    assert_true(str_utf8(buf_view(&text)));
}

static void bounds_what_a_command_says(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 };
    assert_int_equal(
        call("shell", "{\"command\":\"echo begin; yes | head -c 9000000; echo end\"}", &text),
        DONE);
    assert_true(text.size < 70 << 10);
    assert_memory_equal(text.at, "begin\n", 6);
    assert_string_equal(text.at + text.size - 4, "end\n");
    assert_non_null(strstr(text.at, " bytes left out]"));
}

static void does_not_wait_for_what_a_command_leaves(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 };
    assert_int_equal(call("shell", "{\"command\":\"sleep 1000 & echo $!\"}", &text), DONE);
    pid_t left = (pid_t)atoi(text.at);
    assert_int_equal(kill(left, 0), 0);
    assert_int_equal(kill(left, SIGKILL), 0);
}

/* A folder on the way is exchanged for a link out, all the time. */
static atomic_bool racing;
static void *exchange(void *unused)
{
    CLEANUP(mem_freep) char *a = mem_format("%s/race", work), *b = mem_format("%s/other", work);
    while (racing)
        if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0)
            break;
    return unused;
}

static void nobody_can_change_the_way_meanwhile(void **state)
{
    (void)state;
    enum { TRIES = 4000 };
    pthread_t thread;
    CLEANUP(buf_done) struct buf text = { 0 };
    unsigned got = 0;
    make_folder("work/race");
    put("work/race/secret", "inside\n");
    link_to("../", "work/other");
    racing = true;
    assert_int_equal(pthread_create(&thread, NULL, exchange, NULL), 0);
    for (int i = 0; i < TRIES; i++) {
        int rc = call("read_file", "{\"path\":\"race/secret\"}", &text);
        assert_true(rc == FAILED || strcmp(text.at, "inside\n") == 0);
        got += rc == DONE;
    }
    racing = false;
    pthread_join(thread, NULL);
    assert_true(got > 0);
}

static void leaves_no_descriptors(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 };
    int before = dup(0);
    close(before);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].tool, "shell") != 0 && rows[i].args)
            call(rows[i].tool, rows[i].args, &text);
    int after = dup(0);
    close(after);
    assert_int_equal(before, after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_calls),
        cmocka_unit_test(writes_and_edits),
        cmocka_unit_test(a_long_file_comes_in_parts),
        cmocka_unit_test(bounds_what_a_command_says),
        cmocka_unit_test(does_not_wait_for_what_a_command_leaves),
        cmocka_unit_test(nobody_can_change_the_way_meanwhile),
        cmocka_unit_test(leaves_no_descriptors),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
