/* runtime/broker/redact.c: a secret is gone, wherever a stream is cut, and nothing else changes. */
#include "broker/redact.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>

#define KEY "sk-sk-0123456789-sk-sk"
#define GONE "**********************"

static const struct row {
    const char *name, *secret, *in, *out;
} rows[] = {
    { "nothing of it", KEY, "data: {}\n\n", "data: {}\n\n" },
    { "alone", KEY, KEY, GONE },
    { "within a text", KEY, "the key " KEY " is wrong", "the key " GONE " is wrong" },
    { "twice, side by side", KEY, KEY KEY ".", GONE GONE "." },
    { "a beginning, then all of it", KEY, "sk-sk-sk-" KEY, "sk-sk-sk-" GONE },
    { "begun and not ended", KEY, "x sk-sk-0123456789-sk-s", "x sk-sk-0123456789-sk-s" },
    { "begun, and otherwise", KEY, "sk-sk-0123456789-sk-sx", "sk-sk-0123456789-sk-sx" },
    { "a word is no secret", "ollama", "an ollama", "an ollama" },
    { "no key", NULL, "text", "text" },
};

/* In pieces that end at `first` and `second`. */
static void fed(const struct row *row, size_t first, size_t second)
{
    struct redact redact = { .secret = str_of(row->secret) };
    struct str all = str_of(row->in);
    const struct str pieces[] = { { all.at, first }, { all.at + first, second - first },
        { all.at + second, all.size - second } };
    CLEANUP(buf_done) struct buf out = { 0 };
    for (size_t i = 0; i < 3; i++)
        buf_str(&out, redact_feed(&redact, pieces[i]));
    buf_str(&out, redact_end(&redact));
    redact_done(&redact);
    if (!str_equal(buf_view(&out), str_of(row->out)))
        fail_msg("%s, cut at %zu and %zu: %s", row->name, first, second, out.at);
}

static void every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t first = 0; first <= strlen(rows[i].in); first++)
            for (size_t second = first; second <= strlen(rows[i].in); second++)
                fed(&rows[i], first, second);
}

static void what_cannot_begin_it_is_not_held(void **state)
{
    (void)state;
    struct redact redact = { .secret = STR(KEY) };
    struct str piece = STR("data: {\"a\":1}\n\n");
    struct str out = redact_feed(&redact, piece);
    assert_ptr_equal(out.at, piece.at); /* not even copied */
    assert_int_equal(out.size, piece.size);
    redact_done(&redact);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut),
        cmocka_unit_test(what_cannot_begin_it_is_not_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
