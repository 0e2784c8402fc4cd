/* trials_import_test - foreign files: what is taken, what is skipped and said, and what stays
 * bounded. */
#include "trials/import.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#define RUN                                                                                        \
    "{\"task_id\": 3, \"reward\": 1.0, \"info\": {\"task\": {\"user_id\": \"u_1\"}}, \"traj\": ["  \
    "{\"role\": \"user\", \"content\": \"hi\"}, {\"role\": \"assistant\", \"content\": \"1.0\"}]}"

struct seen {
    unsigned sessions, skipped, turns;
    char where[160], why[240], meta[2048], message[512];
};

static int on_session(void *with, const struct import_session *session, struct err *err)
{
    struct seen *seen = with;
    (void)err;
    seen->sessions++;
    seen->turns += session->turns;
    snprintf(seen->meta, sizeof(seen->meta), "%.*s", (int)session->meta.size, session->meta.at);
    if (session->messages_count > 0) {
        struct str last = session->messages[session->messages_count - 1];
        snprintf(seen->message, sizeof(seen->message), "%.*s", (int)last.size, last.at);
    }
    return 0;
}

static void on_skipped(void *with, const char *where, const char *why)
{
    struct seen *seen = with;
    seen->skipped++;
    snprintf(seen->where, sizeof(seen->where), "%s", where);
    snprintf(seen->why, sizeof(seen->why), "%s", why);
}

static int import_options(const char *path, struct seen *seen, const struct import_options *options)
{
    const struct import_sink sink = { seen, on_session, on_skipped };
    struct err err = { 0 };
    *seen = (struct seen){ 0 };
    return import_tau(path, options, &sink, &err);
}

static int import(const char *path, struct seen *seen)
{
    return import_options(path, seen, &(struct import_options){ .offered = -1 });
}

static char folder[64];

static const char *put(const char *name, const char *data, size_t size)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(file_write(path, (struct str){ data, size }, 0600, NULL), 0);
    return path;
}

static const struct row {
    const char *name, *file, *text;
    unsigned sessions, skipped;
    const char *where, *why; /* of the last skipped one; parts of them */
} rows[] = {
    { "two lines", "a.jsonl", RUN "\n" RUN "\n", 2, 0, "", "" },
    { "the last line without its end", "a.jsonl", RUN "\n" RUN, 2, 0, "", "" },
    { "blank lines and CRLF", "a.jsonl", "\r\n" RUN "\r\n\n" RUN "\r\n", 2, 0, "", "" },
    { "an array", "a.json", "[\n " RUN ",\n" RUN "\n]\n", 2, 0, "", "" },
    { "an empty file", "a.jsonl", "", 0, 0, "", "" },
    { "an empty array", "a.json", "[]", 0, 0, "", "" },
    { "one run over many lines", "a.json", "{\n\"traj\": [\n]\n}\n", 1, 0, "", "" },
    { "no JSON at all", "a.json", "hello\n", 0, 1, "a.json:1", "no object" },
    { "a line that is no JSON", "a.jsonl", RUN "\nnot json\n" RUN "\n", 2, 1, "a.jsonl:2", "" },
    { "a line cut short", "a.jsonl", RUN "\n{\"traj\": [{\"role\": \"us\n" RUN, 2, 1, "a.jsonl:2",
        "" },
    { "an array cut short", "a.json", "[" RUN ", {\"traj\": [", 1, 1, "a.json:2", "cut short" },
    { "an array that ends without its bracket", "a.json", "[" RUN ",", 1, 1, "a.json:2",
        "cut short" },
    { "an array of other things", "a.json", "[1, " RUN "]", 0, 1, "a.json:1", "no object" },
    { "an object that is no run", "a.jsonl", "{\"a\": 1}\n" RUN, 1, 1, "a.jsonl:1", "traj" },
    { "a message without a role", "a.jsonl", "{\"traj\": [{\"content\": \"x\"}]}", 0, 1, ":1",
        "role" },
    { "a message that is no object", "a.jsonl", "{\"traj\": [7]}", 0, 1, ":1", "message 0" },
    { "bytes that are no UTF-8", "a.jsonl",
        "{\"traj\": [{\"role\": \"user\", \"content\": \"\xff\"}]}\n" RUN, 1, 1, ":1", "UTF-8" },
    { "NUL, lone surrogates, duplicate keys in a run", "a.jsonl",
        "{\"traj\": [{\"role\": \"user\", \"content\": \"\\u0000\\ud800\", \"content\": \"b\"}]}",
        1, 0, "", "" },
};

static void files_as_stated(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        struct seen seen;
        print_message("%s\n", rows[i].name);
        assert_int_equal(import(put(rows[i].file, rows[i].text, strlen(rows[i].text)), &seen), 0);
        assert_int_equal(seen.sessions, rows[i].sessions);
        assert_int_equal(seen.skipped, rows[i].skipped);
        assert_non_null(strstr(seen.where, rows[i].where));
        assert_non_null(strstr(seen.why, rows[i].why));
    }
}

static void a_missing_file_is_an_error(void **state)
{
    (void)state;
    struct seen seen;
    assert_int_equal(import("/nonexistent/file.jsonl", &seen), -ERR_MISSING);
}

/* A run of the given size or depth between two good ones, streamed to a file. */
static const char *put_monster(
    const char *name, const char *unit, size_t count, const char *before, const char *behind)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%s%s%s{\"traj\": [", before, RUN, *before ? ",\n" : "\n");
    for (size_t i = 0; i < count; i++)
        fputs(unit, file);
    fprintf(file, "]}%s%s%s", *before ? ",\n" : "\n", RUN, behind);
    assert_int_equal(fclose(file), 0);
    return path;
}

static long memory_kb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void a_huge_line_is_skipped_in_bounded_memory(void **state)
{
    (void)state;
    struct seen seen;
    char unit[1025];
    memset(unit, ' ', 1024);
    unit[1024] = 0;
    long before = memory_kb();
    for (unsigned i = 0; i < 2; i++) {
        const char *path = i ? put_monster("huge.json", unit, 200 << 10, "[", "]")
                             : put_monster("huge.jsonl", unit, 200 << 10, "", "");
        assert_int_equal(import(path, &seen), 0);
        unlink(path);
        assert_int_equal(seen.sessions, 2);
        assert_int_equal(seen.skipped, 1);
        assert_non_null(strstr(seen.where, ":2"));
        assert_non_null(strstr(seen.why, "larger than 64 MiB"));
    }
#ifndef __SANITIZE_ADDRESS__
    assert_in_range(memory_kb() - before, 0, 200 << 10);
#else
    (void)before;
#endif
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    struct seen seen;
    for (unsigned i = 0; i < 2; i++) {
        const char *path = i ? put_monster("deep.json", "[", 10000, "[", "]")
                             : put_monster("deep.jsonl", "[", 10000, "", "");
        assert_int_equal(import(path, &seen), 0);
        assert_int_equal(
            seen.sessions, i ? 1 : 2); /* where an array's elements end cannot be told any more */
        assert_int_equal(seen.skipped, 1);
        assert_non_null(strstr(seen.where, ":2"));
    }
}

/* gzip of a stored block, made by hand: the test then knows every byte. */
static size_t gzip_stored(unsigned char *out, const char *text)
{
    uint16_t size = (uint16_t)strlen(text);
    unsigned char head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1, (unsigned char)size,
        (unsigned char)(size >> 8), (unsigned char)~size, (unsigned char)(~size >> 8) };
    uint32_t crc = 0xffffffff;
    memcpy(out, head, sizeof(head));
    memcpy(out + sizeof(head), text, size);
    for (unsigned i = 0; i < size; i++) {
        crc ^= (unsigned char)text[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    crc = ~crc;
    memcpy(out + sizeof(head) + size, &crc, 4);
    memcpy(out + sizeof(head) + size + 4, &(uint32_t){ size }, 4);
    return sizeof(head) + size + 8;
}

static void gzip_whole_cut_and_damaged(void **state)
{
    (void)state;
    unsigned char data[4096];
    struct seen seen;
    size_t size = gzip_stored(data, RUN "\n" RUN "\n");
    assert_int_equal(import(put("a.jsonl.gz", (char *)data, size), &seen), 0);
    assert_int_equal(seen.sessions, 2);
    assert_int_equal(seen.skipped, 0);
    assert_int_equal(import(put("a.jsonl.gz", (char *)data, size - 60), &seen), 0);
    assert_int_equal(seen.sessions, 1);
    assert_int_equal(seen.skipped, 1);
    assert_non_null(strstr(seen.why, "cut short"));
    data[size - 8] ^= 1; /* the checksum */
    assert_int_equal(import(put("a.jsonl.gz", (char *)data, size), &seen), 0);
    assert_int_equal(seen.skipped, 1);
    assert_non_null(strstr(seen.why, "damaged"));
}

static void tau_messages_keep_their_bytes(void **state)
{
    (void)state;
    struct seen seen;
    const char *text = "{\"traj\": [{\"role\":  \"user\", \"n\": 1.0, \"content\": \"\\/\"}]}";
    assert_int_equal(import(put("a.jsonl", text, strlen(text)), &seen), 0);
    assert_string_equal(seen.message, "{\"role\":  \"user\", \"n\": 1.0, \"content\": \"\\/\"}");
}

static void tau2_becomes_the_openai_form(void **state)
{
    (void)state;
    struct seen seen;
    const char *text =
        "{\"id\": \"x\", \"task_id\": \"7\", \"termination_reason\": \"user_stop\", "
        "\"reward_info\": {\"reward\": "
        "1.0, \"action_checks\": [{\"action\": {\"name\": \"f\", \"arguments\": {\"a\": 1}}}]}, "
        "\"messages\": ["
        "{\"role\": \"assistant\", \"content\": \"\", \"tool_calls\": [{\"id\": \"c\", \"name\": "
        "\"find_user_id_by_email\", \"arguments\": {\"b\": 1.0,  \"a\": \"\\u00e9\"}}]},"
        "{\"role\": \"tool\", \"id\": \"c\", \"content\": \"raj_1\", \"error\": false}]}";
    assert_int_equal(import(put("a.jsonl", text, strlen(text)), &seen), 0);
    assert_int_equal(seen.sessions, 1);
    assert_string_equal(
        seen.message, "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"raj_1\"}");
    assert_non_null(strstr(seen.meta, "\"format\":\"tau2\",\"origin\":\"a\",\"group\":\"raj_1\""));
    assert_non_null(strstr(seen.meta, "\"actions\":[{\"name\":\"f\",\"kwargs\":{\"a\": 1}}]"));
    assert_non_null(strstr(seen.meta, "\"offered\":true"));
}

static void tools_told_in_the_text_were_not_offered(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct run_tools *tools;
    struct seen seen;
    const char *text = "{\"traj\": [{\"role\": \"system\", \"content\": \"Tools: [{\\\"type\\\": "
                       "\\\"function\\\", "
                       "\\\"function\\\": {\\\"name\\\": \\\"f\\\", \\\"parameters\\\": {}}}]\"}]}";
    assert_int_equal(
        run_tools_read(&tools, STR("[{\"name\":\"f\",\"parameters\":{}}]"), &arena, NULL), 0);
    struct import_options options = { tools, -1 };
    const char *path = put("a.jsonl", text, strlen(text));
    assert_int_equal(import_options(path, &seen, &options), 0);
    assert_non_null(strstr(seen.meta, "\"offered\":false"));
    options.offered = 1;
    assert_int_equal(import_options(path, &seen, &options), 0);
    assert_non_null(strstr(seen.meta, "\"offered\":true"));
    options = (struct import_options){ NULL, -1 };
    assert_int_equal(import_options(path, &seen, &options), 0);
    assert_non_null(strstr(seen.meta, "\"offered\":true"));
}

static void errors_keep_their_first_line_only(void **state)
{
    (void)state;
    struct seen seen;
    const char *text =
        "{\"task_id\": 4, \"reward\": 0.0, \"info\": {\"error\": \"lost\\n at /home/x\", "
        "\"traceback\": \"secret\"}, \"traj\": []}";
    assert_int_equal(import(put("a.jsonl", text, strlen(text)), &seen), 0);
    assert_non_null(strstr(seen.meta, "\"error\":\"lost\""));
    assert_non_null(strstr(seen.meta, "\"group\":\"task 4\""));
    assert_null(strstr(seen.meta, "secret"));
}

/* Wherever its quotes, escapes and brackets stand, and a chunk ends. */
static void an_array_is_cut_at_its_elements(void **state)
{
    (void)state;
    enum { ELEMENTS = 20000 };
    static const char inside[] = "\\\"]}[{\\\\";
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(pieces_freep) struct pieces *pieces = NULL;
    struct str piece;
    buf_char(&text, '[');
    for (int i = 0; i < ELEMENTS; i++)
        buf_format(&text, "%s\n{ \"a\":\"%.*s%s\", \"b\":[{}, \"%s\"]}", i ? "," : "", i % 21,
            "zzzzzzzzzzzzzzzzzzzzz", inside, inside);
    buf_char(&text, ']');
    assert_int_equal(pieces_open(&pieces, put("a.json", text.at, text.size), NULL), 0);
    for (int i = 0; i < ELEMENTS; i++) {
        assert_int_equal(pieces_next(pieces, &piece, NULL), 1);
        assert_int_equal(piece.size, 16 + i % 21 + 2 * (sizeof inside - 1) + 7);
        assert_int_equal(piece.at[piece.size - 1], '}');
    }
    assert_int_equal(pieces_next(pieces, &piece, NULL), 0);
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/moult-import-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return file_remove_tree(folder, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_as_stated),
        cmocka_unit_test(a_missing_file_is_an_error),
        cmocka_unit_test(a_huge_line_is_skipped_in_bounded_memory),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(an_array_is_cut_at_its_elements),
        cmocka_unit_test(gzip_whole_cut_and_damaged),
        cmocka_unit_test(tau_messages_keep_their_bytes),
        cmocka_unit_test(tau2_becomes_the_openai_form),
        cmocka_unit_test(tools_told_in_the_text_were_not_offered),
        cmocka_unit_test(errors_keep_their_first_line_only),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
