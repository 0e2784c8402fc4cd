/* trials/replay_round.c: what flipped from one round of replay --watch to the next. */
#include "trials/replay_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A letter a run: p passes, f fails, u is unstable, - is not there. */
static void fill(struct replay_round *round, const char *verdicts)
{
    static const char *const ids[] = {
        "0400000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0300000000000000000000000000000000000000000000000000000000000000",
        "0200000000000000000000000000000000000000000000000000000000000000",
    };
    for (int i = 0; verdicts[i]; i++) {
        const struct run run = { .session = str_of(ids[i]) };
        const struct replayed of = {
            .run = &run, .first = verdicts[i] == 'f' ? 1 : UINT32_MAX, .stable = verdicts[i] != 'u'
        };
        if (verdicts[i] != '-')
            replay_round_add(round, &of);
    }
    replay_round_seal(round);
}

static const struct row {
    const char *name, *before, *now;
    const char *want; /* first byte of the id, was, is */
} rows[] = {
    { "nothing", "pppp", "pppp", "" },
    { "worse first, then by id", "fpfp", "pfpf", "1pf 2pf 3fp 4fp " },
    { "in the first round what does not pass", "", "pfpu", "1pf 2pu " },
    { "a run that was not there", "pp", "ppfp", "3pf " },
    { "a run that is gone", "ffff", "--ff", "" },
    { "unstable is no pass", "pfpp", "upff", "2pf 3pf 4pu 1fp " },
};

static char letter(uint8_t verdict)
{
    return verdict == REPLAYED_PASS ? 'p' : verdict == REPLAYED_FAIL ? 'f' : 'u';
}

static void what_flipped_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct replay_round before = { 0 }, now = { 0 };
        char got[100] = "";
        unsigned count;
        fill(&before, rows[i].before);
        fill(&now, rows[i].now);
        struct replay_flip *flips = replay_round_flips(&before, &now, &count);
        for (unsigned k = 0; k < count; k++)
            snprintf(got + strlen(got), sizeof got - strlen(got), "%d%c%c ", flips[k].id.at[0],
                letter(flips[k].was), letter(flips[k].is));
        free(flips);
        replay_round_done(&before);
        replay_round_done(&now);
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s: %s, not %s", rows[i].name, got, rows[i].want);
    }
}

static void a_round_grows(void **state)
{
    (void)state;
    struct replay_round before = { 0 }, now = { 0 };
    unsigned count;
    for (int i = 0; i < 5000; i++) {
        char id[65];
        snprintf(id, sizeof id, "%064x", i);
        const struct run run = { .session = str_of(id) };
        const struct replayed of = { .run = &run, .first = i % 2 ? 0 : UINT32_MAX, .stable = true };
        replay_round_add(&now, &of);
    }
    replay_round_seal(&now);
    struct replay_flip *flips = replay_round_flips(&before, &now, &count);
    assert_int_equal(count, 2500);
    free(flips);
    replay_round_done(&now);
    assert_int_equal(now.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_flipped_is_told),
        cmocka_unit_test(a_round_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
