/* Every value that a trace names has its word, no two values have the same, and the tables are as
 * long as the enums of the SDK. */
#include "wire/words.h"

#include "base/mem.h"
#include "sdk/moult.h"

#include <stdio.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct row {
    const char *name;
    const char *const *words;
    size_t count, from, to; /* values that there are */
} rows[] = {
    { "effect", words_effect, COUNT_OF(words_effect), WIRE_MODEL, WIRE_WAIT },
    { "status", words_status, COUNT_OF(words_status), WIRE_OK, WIRE_NO_ANSWER },
    { "ended", words_ended, COUNT_OF(words_ended), WIRE_ENDED_ANSWERED, WIRE_ENDED_DIVERGED },
    { "origin", words_origin, COUNT_OF(words_origin), 0, WIRE_FROM_BUILD },
    { "hook", words_hook, COUNT_OF(words_hook), MOULT_TURN_START, MOULT_HOOKS - 1 },
    { "action", words_action, COUNT_OF(words_action), MOULT_PASS, MOULT_WAIT },
    { "action", words_action, COUNT_OF(words_action), WIRE_ACTION_FAILED, WIRE_ACTION_FAILED },
};

static void every_value_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        assert_true(row->to < row->count);
        for (size_t value = row->from; value <= row->to; value++) {
            if (!row->words[value])
                fail_msg("%s %zu has no word", row->name, value);
            for (size_t other = 0; other < row->count; other++)
                if (other != value && row->words[other] &&
                    strcmp(row->words[other], row->words[value]) == 0)
                    fail_msg(
                        "%s %zu and %zu are both %s", row->name, value, other, row->words[value]);
        }
    }
    assert_int_equal(WORDS_HOOKS, MOULT_HOOKS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_has_a_word_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
