/* effect.c: every message goes through whole; nothing cut, long, over its bound or misdirected
 * does. */
#include "wire/effect.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static struct wire_plugin plugins[] = { { { "calls", 5 }, { { 1, 2 } }, 7 },
    { { "", 0 }, { { 0 } }, 0 } };
static struct wire_state states[] = { { { "calls", 5 }, 3, { "\1\0\2", 3 } }, { { 0 }, 0, { 0 } } };
static struct wire_message messages[] = { { { "{\"role\":\"user\"}", 15 }, true },
    { { 0 }, false } };
static struct wire_settled settled[] = { { WIRE_FROM_BUILD, 9, { { 8 } }, 4, { "{}", 2 } },
    { .origin = 0 } };
static struct wire_part parts[] = { { 0, 12, { 0 }, { { 0 } } }, { 0, 0, { "{}", 2 }, { { 4 } } } };
static struct wire_call calls[] = { { { "c1", 2 }, { "find", 4 }, { "{\"a\":1}", 7 }, true },
    { .same = false } };
static struct str names[] = { { "calls", 5 }, { "", 0 } };
static uint16_t holes[] = { 1, 2, 3, 65535 };
static uint64_t decide[] = { 0, UINT64_MAX };
static struct wire_verdict verdicts[] = { { 1, 2, 3, 4, true }, { 0 } };

static const struct wire samples[] = {
    { WIRE_LOAD, .load = { WIRE_VERSION, { { 5 } }, { "order", 5 }, plugins, 2, WIRE_EVENTS_ALL } },
    { WIRE_OPEN,
        .open = { 7, WIRE_GATEWAY, UINT64_MAX, 30, { "[]", 2 }, { "[\"main\"]", 8 }, states, 2 } },
    { WIRE_PUT, .put = { 7, 5, messages, 2 } },
    { WIRE_RUN, .run = { 7, 1234, true, true } },
    { WIRE_RESULT, .result = { 7, 2, WIRE_FAILED, 1, 500, 1300, { "{}", 2 } } },
    { WIRE_CLOSE, .close = { 7 } },
    { WIRE_VECTORS,
        .vectors = { 7, { "{}", 2 }, holes, 4, 2, decide, 2, true, false, 1, 2000, 3, 1 } },
    { WIRE_READY, .ready = { WIRE_VERSION, 0x3fff, names, 2, 0x1ff } },
    { WIRE_EFFECT, .effect = { 7, 3, WIRE_HAND, WIRE_FROM_BUILD, 4, { { 6 } }, 1, 2, 3, settled, 2,
                       states, 2, parts, 2, 1, { "[]", 2 }, true, 2, { "hello", 5 }, calls, 2,
                       { "n", 1 }, { "b", 1 }, 99 } },
    { WIRE_EVENT, .event = { 7, 1, 5, 3, { { 9 } }, { "because", 7 } } },
    { WIRE_END, .end = { 7, WIRE_ENDED_HANDED, { "why", 3 }, settled, 2, states, 2 } },
    { WIRE_FAULT, .fault = { 7, ERR_STATE, { "not now", 7 } } },
    { WIRE_VERDICTS, .verdicts = { 7, verdicts, 2, { "\1", 1 }, { "\2\0\0\0", 4 } } },
};

static enum wire_direction direction_of(enum wire_type type)
{
    return type < WIRE_READY ? WIRE_TO_WORKER : WIRE_FROM_WORKER;
}

static void every_message_goes_through_whole(void **state)
{
    (void)state;
    assert_int_equal(COUNT_OF(samples), WIRE_TYPES - 1);
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        CLEANUP(buf_done) struct buf first = { 0 }, again = { 0 };
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct wire got;
        struct err err;
        wire_encode(&first, &samples[i]);
        if (wire_decode(&got, &arena, buf_view(&first), direction_of(samples[i].type), &err) < 0)
            fail_msg("%s: %s (%s)", wire_words[samples[i].type], err.text, err.where);
        wire_encode(&again, &got);
        assert_int_equal(got.type, samples[i].type);
        assert_true(str_equal(buf_view(&first), buf_view(&again)));
    }
}

static void every_truncation_and_every_surplus_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        CLEANUP(buf_done) struct buf whole = { 0 };
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct wire got;
        struct err err;
        wire_encode(&whole, &samples[i]);
        for (size_t size = 0; size < whole.size; size++) {
            char *cut =
                mem_copy(whole.at, size + 1); /* exact size, so that ASan sees a read behind it */
            char *exact = mem_copy(cut, size ? size : 1);
            int r = wire_decode(
                &got, &arena, (struct str){ exact, size }, direction_of(samples[i].type), &err);
            mem_freep(&cut);
            mem_freep(&exact);
            if (r != -ERR_INPUT)
                fail_msg("%s cut to %zu bytes: %d", wire_words[samples[i].type], size, r);
        }
        buf_char(&whole, 0);
        assert_int_equal(
            wire_decode(&got, &arena, buf_view(&whole), direction_of(samples[i].type), &err),
            -ERR_INPUT);
    }
}

static void a_wrong_direction_or_type_is_refused(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct wire got;
    struct err err;
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        CLEANUP(buf_done) struct buf whole = { 0 };
        wire_encode(&whole, &samples[i]);
        enum wire_direction wrong = !direction_of(samples[i].type);
        assert_int_equal(wire_decode(&got, &arena, buf_view(&whole), wrong, &err), -ERR_DENIED);
    }
    assert_int_equal(wire_decode(&got, &arena, STR("\0"), WIRE_TO_WORKER, &err), -ERR_INPUT);
    assert_int_equal(wire_decode(&got, &arena, STR("\xff"), WIRE_TO_WORKER, &err), -ERR_INPUT);
    assert_int_equal(
        wire_decode(&got, &arena, (struct str){ 0 }, WIRE_TO_WORKER, &err), -ERR_INPUT);
}

/* A number of a sample, overwritten with one that is over its bound. */
static const struct over {
    const char *where;
    enum wire_type type;
    uint32_t at, width;
    uint64_t value;
} overs[] = {
    { "LOAD.pipeline", WIRE_LOAD, 37, 4, WIRE_TEXT_MAX + 1 },
    { "LOAD.plugins", WIRE_LOAD, 46, 4, WIRE_PLUGINS_MAX + 1 },
    { "LOAD.fd", WIRE_LOAD, 91, 4, UINT32_MAX },
    { "OPEN.kind", WIRE_OPEN, 9, 1, 2 },
    { "OPEN.tools", WIRE_OPEN, 22, 4, WIRE_BYTES_MAX + 1 },
    { "OPEN.states", WIRE_OPEN, 40, 4, WIRE_PLUGINS_MAX + 1 },
    { "OPEN.bytes", WIRE_OPEN, 57, 4, WIRE_STATE_MAX + 1 },
    { "PUT.keep", WIRE_PUT, 9, 4, WIRE_MESSAGES_MAX + 1 },
    { "PUT.messages", WIRE_PUT, 13, 4, WIRE_MESSAGES_MAX + 1 },
    { "PUT.bytes", WIRE_PUT, 17, 4, WIRE_BYTES_MAX + 1 },
    { "PUT.failed", WIRE_PUT, 36, 1, 2 },
    { "RUN.turn_start", WIRE_RUN, 13, 1, 2 },
    { "RESULT.status", WIRE_RESULT, 13, 1, WIRE_NO_ANSWER + 1 },
    { "RESULT.error_class", WIRE_RESULT, 14, 1, 32 },
    { "VECTORS.reply", WIRE_VECTORS, 9, 4, WIRE_BYTES_MAX + 1 },
    { "VECTORS.holes", WIRE_VECTORS, 15, 4, WIRE_VECTORS_MAX *WIRE_HOLES_MAX + 1 },
    { "VECTORS.width", WIRE_VECTORS, 27, 4, WIRE_HOLES_MAX + 1 },
    { "VECTORS.decide", WIRE_VECTORS, 31, 4, WIRE_VECTORS_MAX + 1 },
    { "VECTORS.error_class", WIRE_VECTORS, 53, 1, 32 },
    { "EFFECT.kind", WIRE_EFFECT, 13, 1, WIRE_WAIT + 1 },
    { "EFFECT.origin", WIRE_EFFECT, 14, 1, WIRE_FROM_BUILD + 1 },
    { "EFFECT.hook", WIRE_EFFECT, 15, 1, 16 },
    { "EFFECT.settled", WIRE_EFFECT, 60, 4, WIRE_MESSAGES_MAX + 1 },
    { "EVENT.why", WIRE_EVENT, 47, 4, WIRE_TEXT_MAX + 1 },
    { "END.how", WIRE_END, 9, 1, WIRE_ENDED_DIVERGED + 1 },
    { "END.why", WIRE_END, 10, 4, WIRE_TEXT_MAX + 1 },
    { "FAULT.code", WIRE_FAULT, 9, 4, ERR_CODES },
    { "READY.names", WIRE_READY, 9, 4, WIRE_PLUGINS_MAX + 1 },
    { "VERDICTS.verdicts", WIRE_VERDICTS, 9, 4, WIRE_VECTORS_MAX + 1 },
};

static void what_is_over_its_bound_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(overs); i++) {
        const struct over *over = &overs[i];
        CLEANUP(buf_done) struct buf bytes = { 0 };
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct wire got;
        struct err err;
        wire_encode(&bytes, &samples[over->type - 1]);
        for (uint32_t k = 0; k < over->width; k++)
            bytes.at[over->at + k] = (char)(uint8_t)(over->value >> (8 * k));
        int r = wire_decode(&got, &arena, buf_view(&bytes), direction_of(over->type), &err);
        if (r != -ERR_LIMIT || strcmp(err.where, over->where) != 0)
            fail_msg("%s: %d %s (%s)", over->where, r, err.text, err.where);
    }
}

static void a_count_of_what_is_not_there_allocates_nothing(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf bytes = { 0 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct wire got;
    struct err err;
    struct wire put = { WIRE_PUT, .put = { .lease = 1 } };
    wire_encode(&bytes, &put);
    memcpy(bytes.at + 13, "\xa0\x86\x01\0", 4); /* 100000 messages, none of them there */
    assert_int_equal(wire_decode(&got, &arena, buf_view(&bytes), WIRE_TO_WORKER, &err), -ERR_INPUT);
    assert_int_equal(arena.used, 0);
}

static void a_description_is_one_printable_line(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf line = { 0 };
    struct wire fault = { WIRE_FAULT, .fault = { 3, ERR_STATE, STR("two\nlines \x1b[2J") } };
    wire_describe(&line, &fault);
    assert_string_equal(line.at, "FAULT lease=3 code=6 text=\"two\\x0alines \\x1b[2J\"");
    buf_clear(&line);
    wire_describe(&line, &samples[WIRE_EFFECT - 1]);
    assert_non_null(strstr(line.at, "EFFECT lease=7 number=3 kind=hand origin=build"));
}

static void digests_compare_values_not_spelling(void **state)
{
    (void)state;
    struct wire_call one = { STR("1"), STR("find"), STR("{\"a\": 1, \"b\":[true]}"), false };
    struct wire_call two = { STR("2"), STR("find"), STR("{\"b\":[true],\"a\":1}"), true };
    struct wire_call other = { STR("1"), STR("find"), STR("{\"a\":\"1\",\"b\":[true]}"), false };
    struct wire_call broken = { STR("1"), STR("find"), STR("{'a': 1}"), false };
    assert_int_equal(wire_calls_digest(&one, 1), wire_calls_digest(&two, 1));
    assert_int_not_equal(wire_calls_digest(&one, 1), wire_calls_digest(&other, 1));
    assert_int_not_equal(wire_calls_digest(&one, 1), wire_calls_digest(&broken, 1));
    assert_int_not_equal(wire_calls_digest(&one, 1), wire_calls_digest(&one, 0));
    assert_int_equal(wire_text_digest(STR("a b\n c")), wire_text_digest(STR(" abc\t")));
    assert_int_not_equal(wire_text_digest(STR("abc")), wire_text_digest(STR("abd")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_goes_through_whole),
        cmocka_unit_test(every_truncation_and_every_surplus_is_refused),
        cmocka_unit_test(a_wrong_direction_or_type_is_refused),
        cmocka_unit_test(what_is_over_its_bound_is_refused_by_name),
        cmocka_unit_test(a_count_of_what_is_not_there_allocates_nothing),
        cmocka_unit_test(a_description_is_one_printable_line),
        cmocka_unit_test(digests_compare_values_not_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
