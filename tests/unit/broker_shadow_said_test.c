/* broker/shadow_said.c: what a step asked for, as JSON that is JSON whatever a model wrote. */
#include "broker/shadow_said.h"

#include "base/json.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REPLY                                                                                      \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"1\",\"type\":"             \
    "\"function\","                                                                                \
    "\"function\":{\"name\":\"get\",\"arguments\":\"{\\\"id\\\":1}\"}}]}"
#define SAYS "{\"role\":\"assistant\",\"content\":\"fine\"}"

static struct wire_call calls[] = { { .name = STR("put"), .args = STR("{\"id\":2}") } };

static const struct row {
    const char *name, *reply;
    struct wire_effect effect;
    const char *want;
} rows[] = {
    { "calls as they came", REPLY, { .kind = WIRE_HAND, .same = true },
        "{\"end\":\"handed\",\"text\":\"\",\"calls\":[{\"name\":\"get\",\"args\":\"{\\\"id\\\":1}"
        "\"}]}" },
    { "text as it came", SAYS, { .kind = WIRE_HAND, .same = true },
        "{\"end\":\"answered\",\"text\":\"fine\",\"calls\":[]}" },
    { "other calls", REPLY, { .kind = WIRE_HAND, .calls = calls, .calls_count = 1 },
        "{\"end\":\"handed\",\"text\":\"\",\"calls\":[{\"name\":\"put\",\"args\":\"{\\\"id\\\":2}"
        "\"}]}" },
    { "other text", SAYS, { .kind = WIRE_HAND, .text = STR("well") },
        "{\"end\":\"answered\",\"text\":\"well\",\"calls\":[]}" },
    { "a refusal", SAYS, { .kind = WIRE_HAND, .text = STR("no"), .refused = true },
        "{\"end\":\"refused\",\"text\":\"no\",\"calls\":[]}" },
    { "a tool", REPLY, { .kind = WIRE_TOOL, .calls = calls, .calls_count = 1 },
        "{\"end\":\"handed\",\"text\":\"\",\"calls\":[{\"name\":\"put\",\"args\":\"{\\\"id\\\":2}"
        "\"}]}" },
    { "the model again", REPLY, { .kind = WIRE_MODEL },
        "{\"end\":\"asked\",\"text\":\"\",\"calls\":[]}" },
    { "a person", REPLY, { .kind = WIRE_PERSON, .name = STR("may it?") },
        "{\"end\":\"asked\",\"text\":\"may it?\",\"calls\":[]}" },
    { "a reply that is no object", "[]", { .kind = WIRE_HAND, .same = true },
        "{\"end\":\"answered\",\"text\":\"\",\"calls\":[]}" },
    { "calls that are no list", "{\"tool_calls\":{\"a\":[1]}}", { .kind = WIRE_HAND, .same = true },
        "{\"end\":\"handed\",\"text\":\"\",\"calls\":[{\"name\":\"\",\"args\":\"\"}]}" },
};

static char *said(const struct row *row)
{
    char *of_effect = shadow_said(&row->effect);
    return of_effect ? of_effect : shadow_said_reply(str_of(row->reply));
}

static void each_kind_has_its_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CLEANUP(mem_freep) char *got = said(&rows[i]);
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].name, got);
    }
}

/* Megabytes of a model's text are not kept for somebody to read. */
static void it_is_bounded_and_json(void **state)
{
    (void)state;
    enum { BIG = 1 << 20, MANY = 200 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(mem_freep) char *big = mem_alloc(BIG);
    struct wire_call many[MANY];
    memset(big, '"', BIG);
    memcpy(big + 1498, "\xe2\x80\xae\xff", 4); /* a cut inside a character */
    for (int i = 0; i < MANY; i++)
        many[i] = (struct wire_call){ .name = STR("n\n\"\\\x01"), .args = { big, BIG } };
    const struct wire_effect effect = {
        .kind = WIRE_HAND, .text = { big, BIG }, .calls = many, .calls_count = MANY
    };
    CLEANUP(mem_freep) char *got = shadow_said(&effect);
    assert_true(strlen(got) < 100000);
    assert_non_null(json_read(&arena, str_of(got), NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_words),
        cmocka_unit_test(it_is_bounded_and_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
