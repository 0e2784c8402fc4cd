/* Every hostile attempt of tests/redteam/sandbox, in every profile and both tiers; and without any
 * sandbox, to show that there it gets through. */
#include "base/mem.h"
#include "redteam/scene.h"
#include "redteam/try.h"
#include "sandbox/proxy/reach.h"
#include "sandbox_without.h"

#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { COUNTED_MIN = 60 };
static const enum sandbox_profile all_profiles[] = { SANDBOX_COMPILE, SANDBOX_TOOL, SANDBOX_PROPOSE,
    SANDBOX_WORKER };

static int begin(void **state)
{
    (void)state;
    return scene_begin(MOULT_PROBE);
}

static int end(void **state)
{
    (void)state;
    return scene_end();
}

static struct trying trying(enum sandbox_profile profile, enum sandbox_tier tier)
{
    return (struct trying){ profile, tier, MOULT_PROBE, MOULT_PROBE_LOCKED, NULL, NULL };
}

static bool holds(unsigned flags, enum sandbox_profile profile, enum sandbox_tier tier)
{
    if ((flags & LOCKED_ONLY) && profile != SANDBOX_WORKER)
        return false;
    if ((flags & AS_ROOT) && geteuid() != 0)
        return false;
    if (tier == SANDBOX_STRONG)
        return true;
    return !(flags & STRONG_ONLY) && (!(flags & OWN_UID) || geteuid() == 0);
}

static unsigned try_one(const struct probe *probe, const struct trying *with)
{
    char text[TRY_TEXT_MAX];
    if (try_probe(with, probe, text) == OUTCOME_REFUSED)
        return 0;
    print_error("%s in %s (%s%s): %s\n", probe->name, sandbox_profile_words[with->profile],
        sandbox_tier_words[with->tier], with->network ? ", with a network" : "", text);
    return 1;
}

static void try_all(enum sandbox_tier tier)
{
    unsigned through = 0;
    for (size_t p = 0; p < COUNT_OF(all_profiles); p++) {
        const struct trying with = trying(all_profiles[p], tier);
        for (unsigned i = 0; i < probes_count; i++)
            if (holds(probes[i].flags, all_profiles[p], tier))
                through += try_one(&probes[i], &with);
    }
    assert_int_equal(through, 0);
}

static void nothing_gets_through(void **state)
{
    (void)state;
    try_all(SANDBOX_STRONG);
}

/* The host's own services are no part of a grant. */
static void a_network_gives_nothing_else(void **state)
{
    (void)state;
    unsigned through = 0;
    struct reach reach = { 0 };
    struct trying with = trying(SANDBOX_TOOL, SANDBOX_STRONG);
    assert_int_equal(reach_words(&reach, STR("loopback,*"), NULL), 0);
    with.network = &reach;
    for (unsigned i = 0; i < probes_count; i++)
        if (holds(probes[i].flags, SANDBOX_TOOL, SANDBOX_STRONG) && !(probes[i].flags & GRANTED))
            through += try_one(&probes[i], &with);
    assert_int_equal(through, 0);
}

static void without_it_they_get_through(void **state)
{
    (void)state;
    unsigned counted = 0, wrong = 0;
    const struct trying with = trying(SANDBOX_TOOL, SANDBOX_STRONG);
    for (unsigned i = 0; i < probes_count; i++) {
        const struct probe *probe = &probes[i];
        enum outcome outcome = try_control(&with, probe);
        counted += outcome == OUTCOME_THROUGH;
        if (outcome == OUTCOME_THROUGH)
            continue;
        print_message("does not count here: %s: %s\n", probe->name,
            probe->lacks ? probe->lacks : "refused without a sandbox");
        wrong += !probe->lacks || outcome == OUTCOME_ODD;
    }
    print_message("%u of %u get through without a sandbox\n", counted, probes_count);
    if (geteuid() != 0)
        skip();
    assert_int_equal(wrong, 0);
    assert_true(counted >= COUNTED_MIN);
}

/* Each reaches what its limit forbids, and stops there. */
static void without_it_bombs_go_off(void **state)
{
    (void)state;
    const struct trying with = trying(SANDBOX_TOOL, SANDBOX_STRONG);
    for (unsigned i = 0; i < bombs_count; i++)
        if (holds(bombs[i].flags, SANDBOX_TOOL, SANDBOX_STRONG) &&
            try_bomb_control(&with, &bombs[i]) != OUTCOME_THROUGH)
            fail_msg("%s is refused without a sandbox, so it shows nothing", bombs[i].name);
}

static unsigned end_one(
    const struct bomb *bomb, enum sandbox_profile profile, enum sandbox_tier tier)
{
    enum { STAY_MS = 20000 };
    char text[TRY_TEXT_MAX];
    enum sandbox_limit limit = LIMIT_NONE;
    const struct trying with = trying(profile, tier);
    enum outcome outcome = try_bomb(&with, bomb, STAY_MS, &limit, text);
    if (outcome == OUTCOME_REFUSED &&
        (limit == bomb->want || (bomb->or_refused && limit == LIMIT_NONE)))
        return 0;
    print_error("%s in %s (%s): %s\n", bomb->name, sandbox_profile_words[profile],
        sandbox_tier_words[tier], text);
    return 1;
}

/* propose is held by the same means as tool. */
static void every_bomb_ends_by_its_name(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (unsigned i = 0; i < bombs_count; i++)
        wrong += end_one(&bombs[i], SANDBOX_COMPILE, SANDBOX_STRONG) +
                 end_one(&bombs[i], SANDBOX_TOOL, SANDBOX_STRONG);
    assert_int_equal(wrong, 0);
}

/* Last: this process cannot make namespaces after it. */
static void the_same_without_namespaces(void **state)
{
    (void)state;
    unsigned wrong = 0;
    without_namespaces();
    try_all(SANDBOX_CONTAINER);
    for (unsigned i = 0; i < bombs_count; i++)
        wrong += holds(bombs[i].flags, SANDBOX_TOOL, SANDBOX_CONTAINER)
                     ? end_one(&bombs[i], SANDBOX_TOOL, SANDBOX_CONTAINER)
                     : 0;
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_it_they_get_through),
        cmocka_unit_test(without_it_bombs_go_off),
        cmocka_unit_test(nothing_gets_through),
        cmocka_unit_test(a_network_gives_nothing_else),
        cmocka_unit_test(every_bomb_ends_by_its_name),
        cmocka_unit_test(the_same_without_namespaces),
    };
    scene_take_terminal();
    return cmocka_run_group_tests(tests, begin, end);
}
