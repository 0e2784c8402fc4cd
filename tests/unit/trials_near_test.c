/* What says nearly the same is found, what does not is not, and copies cost no more than others. */
#include "trials/near.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct digest key_a = { { 1 } }, key_b = { { 2 } };

static struct near_sketch sketch(const char *said, const char *call, const struct digest *key)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct run *run = run_new(&arena);
    struct err err;
    CLEANUP(buf_done) struct buf user = { 0 }, reply = { 0 };
    buf_text(&user, "{\"role\":\"user\",\"content\":");
    json_quote(&user, str_of(said));
    buf_char(&user, '}');
    buf_text(&reply, "{\"role\":\"assistant\",\"content\":\"Never looked at: ");
    buf_format(&reply, "%p\"", (const void *)&reply);
    if (call) {
        buf_text(&reply, ",\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":"
                         "{\"name\":\"look\",\"arguments\":");
        json_quote(&reply, str_of(call));
        buf_text(&reply, "}}]");
    }
    buf_char(&reply, '}');
    if (run_add(run, buf_view(&user), false, &err) < 0 ||
        run_add(run, buf_view(&reply), false, &err) < 0)
        fail_msg("%s", err.text);
    run_seal(run);
    return near_sketch(run, key);
}

#define STORY                                                                                      \
    "I ordered two lamps and a chair last week, one lamp came broken, and I want the money back "  \
    "for it and another chair in green instead of the blue one that you have sent me on Monday"

static const struct row {
    const char *name, *a, *b, *call_a, *call_b;
    bool alike;
} rows[] = {
    { "the same words", STORY, STORY, NULL, NULL, true },
    { "in other letters, with other signs", "Hello there, my FRIEND!", "hello there my friend",
        NULL, NULL, true },
    { "one word of many is another", STORY " thanks", STORY " please", NULL, NULL, true },
    { "half of it", STORY, "I ordered two lamps and a chair last week", NULL, NULL, false },
    { "another story", STORY, "Where is my parcel? It was to be here on Friday, and nobody came",
        NULL, NULL, false },
    { "nothing at all", "", "", NULL, NULL, false },
    { "the same call", "", "", "{\"id\":\"7\"}", "{ \"id\" : \"7\" }", true },
    { "another call", "", "", "{\"id\":\"7\"}", "{\"id\":\"8\"}", false },
    { "one word each", "yes", "no", NULL, NULL, false },
};

static void alike_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct near_sketch a = sketch(rows[i].a, rows[i].call_a, &key_a),
                           b = sketch(rows[i].b, rows[i].call_b, &key_a);
        if (near_alike(&a, &b) != rows[i].alike)
            fail_msg("%s: alike is %d", rows[i].name, !rows[i].alike);
    }
}

static void another_home_sees_it_another_way(void **state)
{
    (void)state;
    struct near_sketch a = sketch(STORY, NULL, &key_a), b = sketch(STORY, NULL, &key_b);
    unsigned same = 0;
    for (int i = 0; i < NEAR_WORDS; i++)
        same += a.at[i] == b.at[i];
    assert_int_equal(same, 0);
}

/* How often a likeness is found, over many that are a little or a lot apart. */
static void the_index_finds_what_is_alike(void **state)
{
    (void)state;
    enum { STORIES = 300 };
    struct near *near = near_new();
    unsigned found = 0, wrong = 0;
    for (unsigned i = 0; i < STORIES; i++) {
        char text[400];
        snprintf(text, sizeof text, "case %u of customer %u: " STORY " number %u", i * 7, i * i, i);
        for (char *at = text; *at; at++) /* so that stories share no three words */
            if (*at == 'o')
                *at = (char)('a' + i % 26);
        struct near_sketch one = sketch(text, NULL, &key_a);
        near_add(near, &one, i);
    }
    for (unsigned i = 0; i < STORIES; i++) {
        char text[420];
        uint32_t tags[STORIES];
        snprintf(text, sizeof text, "case %u of customer %u: " STORY " number %u thanks", i * 7,
            i * i, i);
        for (char *at = text; *at; at++)
            if (*at == 'o')
                *at = (char)('a' + i % 26);
        struct near_sketch one = sketch(text, NULL, &key_a);
        uint32_t count = near_find(near, &one, tags, STORIES);
        bool own = false;
        for (uint32_t k = 0; k < count; k++) {
            own |= tags[k] == i;
            wrong += tags[k] % 26 != i % 26;
        }
        found += own;
    }
    assert_in_range(found, STORIES - 3, STORIES);
    assert_int_equal(wrong, 0);
    near_free(near);
}

static void copies_cost_no_more(void **state)
{
    (void)state;
    struct near *near = near_new();
    struct near_sketch one = sketch(STORY, NULL, &key_a);
    uint32_t tags[4];
    for (uint32_t i = 0; i < 20000; i++)
        near_add(near, &one, i);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(near_find(near, &one, tags, COUNT_OF(tags)), COUNT_OF(tags));
    near_free(near);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alike_or_not),
        cmocka_unit_test(another_home_sees_it_another_way),
        cmocka_unit_test(the_index_finds_what_is_alike),
        cmocka_unit_test(copies_cost_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
