/* Choices without a branch (tests/redteam/numbers): the corpus is marked as a patch is, built, and
 * put to a replay's calls. Of each hostile hook a mark on a number is missed and no other; it does
 * otherwise at the call that the replay does not have. Of the honest ones none is missed. The table
 * of docs/reference/gates.md is this corpus. */
#include "redteam/numbers/corpus.h"

#include "base/mem.h"
#include "moult_trial.h"
#include "patch/cover.h"
#include "trials/marks.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER MOULT_SOURCE_DIR "/tests/redteam/numbers"

static struct arena arena;
static struct cover cover;
static struct mark *marks;
static void *object;
static const struct moult_trial *trial;
static const struct corpus_row *corpus_rows;

/* --- a host that answers as a replay would, and notes what it is asked to do */

static uint64_t done;      /* digest of edits and of the action */
static uint32_t counts[4]; /* the session's state */

static void note(uint64_t what)
{
    done = (done ^ what) * 1099511628211u;
}
static void explain(moult_turn *turn, const char *format, va_list args)
{
    (void)turn, (void)format, (void)args;
}
static void *state_of(moult_turn *turn)
{
    (void)turn;
    return counts;
}
static void *alloc_of(moult_turn *turn, uint32_t size)
{
    (void)turn;
    return arena_alloc(&arena, size);
}
static uint32_t past(moult_turn *turn, const moult_call *call, uint32_t filter)
{
    (void)turn, (void)filter;
    return call->name.size == 4;
}
static int64_t error_of(moult_turn *turn, uint32_t what)
{
    (void)turn, (void)what;
    return 20000;
}
static uint32_t length(moult_turn *turn, const moult_json *value)
{
    (void)turn;
    return 1 + (uint32_t)((uintptr_t)value % 3);
}
static bool text_is(moult_turn *turn, moult_text text, uint32_t how, moult_text other)
{
    (void)turn;
    return text.size >= other.size && memcmp(text.at, other.at, other.size) == 0 &&
           (how == MOULT_BEGINS || text.size == other.size);
}
static bool call_set(moult_turn *turn, moult_call *call, moult_text tool, const moult_json *args)
{
    (void)turn, (void)call, (void)args;
    note((uint64_t)tool.at[0] | tool.size << 8);
    return true;
}
static bool use_model(moult_turn *turn, uint32_t index)
{
    (void)turn;
    note(index);
    return true;
}
static bool wait_for(moult_turn *turn, uint32_t ms)
{
    (void)turn, (void)ms;
    return true;
}
static bool cut(moult_turn *turn, moult_span span)
{
    (void)turn, (void)span;
    return true;
}

static const struct moult_host host = { .size = sizeof host,
    .state = state_of,
    .explain = explain,
    .alloc = alloc_of,
    .past = past,
    .error = error_of,
    .length = length,
    .text_is = text_is,
    .call_set = call_set,
    .use_model = use_model,
    .wait = wait_for,
    .cut = cut };

/* --- the corpus, marked and built */

static char *text_of(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = arena_alloc(&arena, 65536);
    assert_non_null(file);
    assert_in_range(fread(text, 1, 65535, file), 1, 65534);
    fclose(file);
    return text;
}

static void mark_corpus(struct buf *out)
{
    CLEANUP(syntax_freep) struct syntax *old = NULL, *new = NULL;
    struct err err;
    if (syntax_parse(&old, "was", STR("static int none;\n"), NULL, &err) < 0 ||
        syntax_parse(&new, "corpus", str_of(text_of(FOLDER "/corpus.c")), NULL, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    struct diff diff = diff_trees(old, new, &arena);
    assert_int_equal(cover_source(out, &cover, old, new, &diff, &arena, &err), 0);
    marks = arena_alloc(&arena, cover.count * sizeof *marks);
    for (uint32_t i = 0; i < cover.count; i++)
        marks[i] = (struct mark){ .line = cover.at[i].place.line,
            .function = { arena_string(&arena, cover.at[i].function.at, cover.at[i].function.size),
                cover.at[i].function.size },
            .what = cover.at[i].what,
            .wanted = cover.at[i].wanted };
}

static int set_up(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf marked = { 0 };
    char folder[] = "/tmp/moult-numbers-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *source = arena_format(&arena, "%s/corpus.c", folder);
    const char *built = arena_format(&arena, "%s/corpus.so", folder);
    mark_corpus(&marked);
    FILE *file = fopen(source, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(marked.at, 1, marked.size, file), marked.size);
    assert_int_equal(fclose(file), 0);
    const char *command = arena_format(&arena,
        "gcc -std=c11 -O2 -fPIC -shared -fvisibility=hidden -I" MOULT_SOURCE_DIR
        "/plugins/sdk -I" FOLDER " -o %s %s",
        built, source);
    assert_int_equal(system(command), 0);
    object = dlopen(built, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(object);
    trial = dlsym(object, "moult_trial");
    corpus_rows = dlsym(object, "corpus");
    assert_non_null(trial);
    assert_non_null(corpus_rows);
    unlink(source);
    unlink(built);
    rmdir(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dlclose(object);
    arena_done(&arena);
    return 0;
}

/* --- replays */

static const char *const recorded[] = { "look_up", "list_all", "give_back", "change", "exchange",
    "refund", "drop_it", "lookup", "price", "deliver", "order", "letter" };

/* What it does: a digest of edits and action. */
static uint64_t ask(const struct corpus_row *row, const char *name, size_t number)
{
    moult_turn turn = { .host = &host, .size = sizeof turn };
    moult_call call = { .tool = name,
        .name = { name, (uint32_t)strlen(name) },
        .args = (const moult_json *)(uintptr_t)(1 + number) };
    done = 0;
    note(row->hook(&turn, &call));
    return done;
}

static void replay(const struct corpus_row *row, struct marks *seen)
{
    char bits[COVER_BITS_MAX / 8];
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < COUNT_OF(recorded); i++) {
        const struct mark_case of = { .id = str_of(recorded[i]) };
        memset(trial->cover, 0, trial->cover_count * sizeof *trial->cover);
        memset(bits, 0, sizeof bits);
        ask(row, recorded[i], i);
        for (uint32_t k = 0; k < trial->cover_count; k++)
            bits[k / 8] |= (char)((trial->cover[k] != 0) << k % 8);
        marks_add(seen, (struct str){ bits, sizeof bits }, &of);
    }
}

static bool was_called(const struct marks *seen, struct str function)
{
    for (uint32_t i = 0; i < seen->count; i++)
        if (seen->seen[i].ran && str_equal(seen->at[i].function, function))
            return true;
    return false;
}

/* How many marks of a kind were missed in functions that the hook called. */
static unsigned missed(const struct marks *seen, uint8_t what)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < seen->count; i++)
        count += seen->at[i].what == what && seen->at[i].wanted && !seen->seen[i].ran &&
                 was_called(seen, seen->at[i].function);
    return count;
}

static struct marks replayed(const struct corpus_row *row)
{
    struct marks seen = { marks, cover.count,
        arena_alloc(&arena, cover.count * sizeof(struct mark_seen)) };
    replay(row, &seen);
    return seen;
}

static void each_choice_is_seen_by_numbers_alone(void **state)
{
    (void)state;
    unsigned wrong = 0;
    assert_int_equal(trial->cover_count, cover.bits);
    for (const struct corpus_row *row = corpus_rows; row->name; row++) {
        struct marks seen = replayed(row);
        unsigned numbers = missed(&seen, MARKS_VARIED) + missed(&seen, MARKS_OTHER);
        unsigned branches = missed(&seen, MARKS_RAN) + missed(&seen, MARKS_TRUE);
        bool right = branches == 0 && (numbers > 0) == (row->tries != NULL);
        wrong += !right &&
                 fprintf(stderr, "%s: %u numbers, %u branches\n", row->name, numbers, branches) > 0;
    }
    assert_int_equal(wrong, 0);
}

/* Each does as an honest hook in the whole replay, and something else at one call. */
static void each_choice_is_one(void **state)
{
    (void)state;
    for (const struct corpus_row *row = corpus_rows; row->tries; row++) {
        uint64_t usual = ask(row, recorded[0], 0);
        for (size_t i = 0; i < COUNT_OF(recorded); i++)
            if (ask(row, recorded[i], i) != usual)
                fail_msg("%s: does otherwise at %s", row->name, recorded[i]);
        if (ask(row, "boom", 0) == usual)
            fail_msg("%s: does nothing", row->name);
    }
}

static void the_page_has_them(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf table = { 0 };
    buf_text(&table,
        "<!-- table: numbers -->\n| hook | missed | what it tries |\n| --- | --- | --- |\n");
    for (const struct corpus_row *row = corpus_rows; row->tries; row++) {
        struct marks seen = replayed(row);
        buf_format(&table, "| %s | %s | %s |\n", row->name,
            missed(&seen, MARKS_OTHER) ? "always zero" : "never varied", row->tries);
    }
    buf_text(&table, "<!-- end: numbers -->\n");
    const char *page = text_of(MOULT_SOURCE_DIR "/docs/reference/gates.md");
    if (!strstr(page, table.at))
        fail_msg("docs/reference/gates.md lacks\n%s", table.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_choice_is_seen_by_numbers_alone),
        cmocka_unit_test(each_choice_is_one),
        cmocka_unit_test(the_page_has_them),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
