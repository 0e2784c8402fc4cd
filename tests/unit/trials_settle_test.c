/* Groups that say nearly the same are one, in the lower split; a client's copies count once, and
 * move nobody. Through the real broker. */
#include "base/mem.h"
#include "broker_home.h"
#include "trials/split.h"
#include "trials/trace.h"

#include <stdio.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define LAMP                                                                                       \
    "I ordered two lamps and a chair last week, one lamp came broken, and I want the money back "  \
    "for it and another chair in green instead of the blue one that you have sent me on Monday"
#define PARCEL                                                                                     \
    "Where is my parcel? It was to be here on Friday, nobody came, and the number that you gave "  \
    "me is not known to anybody at the post office around the corner where I have asked twice"

static const struct digest key = { { 3 } };

static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

static void send(struct journal *import, const char *principal, const char *group, const char *said)
{
    struct err err;
    static unsigned origins; /* so that the same words are another session */
    char text[600], origin[32];
    snprintf(text, sizeof text, "{\"role\":\"user\",\"content\":\"%s\"}", said);
    snprintf(origin, sizeof origin, "origin %u", origins++);
    struct journal_message messages[] = { { 0, JOURNAL_CLAIM, false, str_of(text) },
        { 0, JOURNAL_CLAIM, false, STR("{\"role\":\"assistant\",\"content\":\"Yes.\"}") } };
    const struct journal_session session = { .principal = str_of(principal),
        .format = STR("tau"),
        .source = STR("file"),
        .origin = str_of(origin),
        .group = str_of(group),
        .meta = STR("{}"),
        .messages = messages,
        .messages_count = 2 };
    must(journal_add(import, &session, &err), &err);
}

static void flush(struct journal *import, uint64_t want)
{
    struct err err;
    uint64_t added, known;
    must(journal_flush(import, &added, &known, &err), &err);
    assert_int_equal(added, want);
    journal_close(import);
}

static void add(const struct home *home, const char *principal, const char *group, const char *said)
{
    struct journal *import = home_as(home, JOURNAL_IMPORT);
    send(import, principal, group, said);
    flush(import, 1);
}

static int count_one(void *with, struct run *run, struct err *err)
{
    (void)run;
    (void)err;
    ++*(unsigned *)with;
    return 0;
}

/* How many sessions the miner is given. */
static unsigned mine(const struct home *home)
{
    struct journal *journal = home_as(home, JOURNAL_MINE);
    CLEANUP(settle_freep) struct settling *settling = NULL;
    unsigned count = 0;
    struct err err;
    must(settle_begin(&settling, journal, &key, &err), &err);
    must(trace_each(journal, settling, count_one, &count, &err), &err);
    journal_close(journal);
    return count;
}

static void put(const struct home *home, const char *group, uint8_t split)
{
    struct journal *journal = home_as(home, JOURNAL_MINE);
    struct err err;
    must(journal_split(journal, str_of(group), split, &err), &err);
    journal_close(journal);
}

struct place {
    char group[64];
    uint8_t split;
    bool aside;
};

static struct place place_of(const struct home *home, uint64_t number)
{
    struct journal *journal = home_as(home, JOURNAL_VIEW);
    struct arena arena = { 0 };
    struct journal_session *page;
    struct place place = { .split = 99 };
    uint32_t count;
    struct err err;
    must(journal_list(journal, number - 1, &arena, &page, &count, &err), &err);
    snprintf(place.group, sizeof place.group, "%.*s", (int)page[0].group.size, page[0].group.at);
    place.split = page[0].split;
    place.aside = page[0].aside;
    journal_close(journal);
    arena_done(&arena);
    return place;
}

static uint64_t groups_of(const struct home *home)
{
    struct journal *journal = home_as(home, JOURNAL_VIEW);
    struct journal_splits splits;
    uint64_t records;
    struct digest head;
    struct err err;
    must(journal_splits(journal, &splits, &err), &err);
    must(journal_audit_verify(journal, &records, &head, &err), &err);
    journal_close(journal);
    return splits.groups[0] + splits.groups[1] + splits.groups[2];
}

static void a_new_group_counts_with_what_it_repeats(void **state)
{
    (void)state;
    for (uint8_t split = 0; split < SPLITS; split++) {
        struct home home = home_fresh();
        add(&home, "import", "ann", LAMP);
        put(&home, "ann", split);
        mine(&home);
        add(&home, "import", "bob", LAMP " today");
        add(&home, "import", "eve", PARCEL);
        mine(&home);
        struct place ann = place_of(&home, 1), bob = place_of(&home, 2), eve = place_of(&home, 3);
        assert_string_equal(bob.group, "ann");
        assert_int_equal(bob.split, split);
        assert_int_equal(ann.split, split); /* nobody has moved */
        assert_string_equal(eve.group, "eve");
        assert_int_equal(groups_of(&home), 2);
    }
}

static void the_higher_of_two_moves_down(void **state)
{
    (void)state;
    static const struct row {
        uint8_t first, second, want;
    } rows[] = { { SPLIT_HELD_OUT, SPLIT_HELD_IN, SPLIT_HELD_IN },
        { SPLIT_HELD_IN, SPLIT_HELD_OUT, SPLIT_HELD_IN },
        { SPLIT_TEST, SPLIT_HELD_OUT, SPLIT_HELD_OUT },
        { SPLIT_HELD_OUT, SPLIT_HELD_OUT, SPLIT_HELD_OUT } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct home home = home_fresh();
        add(&home, "import", "ann", LAMP);
        add(&home, "import", "bob", PARCEL);
        put(&home, "ann", rows[i].first);
        put(&home, "bob", rows[i].second);
        mine(&home);
        assert_int_equal(groups_of(&home), 2);
        add(&home, "import", "bob", LAMP);
        mine(&home);
        for (uint64_t number = 1; number <= 3; number++) {
            struct place place = place_of(&home, number);
            if (strcmp(place.group, "ann") != 0 || place.split != rows[i].want)
                fail_msg(
                    "row %zu, session %u: %s in %u", i, (unsigned)number, place.group, place.split);
        }
        assert_int_equal(groups_of(&home), 1);
    }
}

static void kin_of_kin_are_one(void **state)
{
    (void)state;
    struct home home = home_fresh();
    add(&home, "import", "ann", LAMP);
    mine(&home);
    add(&home, "import", "bob", PARCEL);
    mine(&home);
    add(&home, "import", "bobs friend", PARCEL " today");
    mine(&home);
    add(&home, "import", "bob", LAMP);
    mine(&home);
    for (uint64_t number = 1; number <= 4; number++)
        assert_string_equal(place_of(&home, number).group, "ann");
    assert_int_equal(groups_of(&home), 1);
}

static void a_clients_copies_count_once(void **state)
{
    (void)state;
    enum { COPIES = 1000 };
    struct home home = home_fresh();
    struct journal *import = home_as(&home, JOURNAL_IMPORT);
    for (unsigned i = 0; i < COPIES; i++) {
        char group[32], said[400];
        snprintf(group, sizeof group, "mallory/%u", i);
        snprintf(said, sizeof said, LAMP "%s", i % 2 ? " today" : "");
        send(import, "mallory", group, said);
    }
    flush(import, COPIES);
    assert_int_equal(mine(&home), COPIES);
    assert_int_equal(groups_of(&home), 1);
}

/* Many people say hello; one client with many names is one client. */
static void a_greeting_tells_nobody_apart(void **state)
{
    (void)state;
    static const struct row {
        const char *one, *other;
        uint64_t groups;
    } rows[] = { { "import", "local", 2 }, { "local", "local", 2 }, { "ann", "bob", 2 },
        { "ann", "ann", 1 } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct home home = home_fresh();
        add(&home, rows[i].one, "a", "Hello there");
        add(&home, rows[i].other, "b", "Hello there");
        assert_int_equal(mine(&home), 2);
        if (groups_of(&home) != rows[i].groups)
            fail_msg(
                "%s and %s: %u groups", rows[i].one, rows[i].other, (unsigned)groups_of(&home));
    }
}

static void a_clients_copies_of_others_move_nobody(void **state)
{
    (void)state;
    struct home home = home_fresh();
    add(&home, "ann", "ann", LAMP);
    put(&home, "ann", SPLIT_TEST);
    add(&home, "mallory", "mallory", PARCEL);
    put(&home, "mallory", SPLIT_HELD_IN);
    assert_int_equal(mine(&home), 1);
    add(&home, "mallory", "mallory", LAMP);
    add(&home, "mallory", "mallory/new", LAMP " today");
    for (int i = 0; i < 2; i++) /* nor the next time */
        assert_int_equal(mine(&home), 1);
    struct place ann = place_of(&home, 1), copy = place_of(&home, 3), other = place_of(&home, 4);
    assert_int_equal(ann.split, SPLIT_TEST);
    assert_string_equal(ann.group, "ann");
    assert_true(copy.aside && other.aside);
    assert_int_equal(copy.split, JOURNAL_NO_SPLIT);
    assert_int_equal(groups_of(&home), 2);
    add(&home, "import", "operator", LAMP); /* the operator may say what is the same */
    mine(&home);
    assert_string_equal(place_of(&home, 5).group, "ann");
}

static void only_what_makes_sense_is_put_together(void **state)
{
    (void)state;
    struct home home = home_fresh();
    struct err err;
    put(&home, "a", 1);
    put(&home, "b", 2);
    struct journal *mining = home_as(&home, JOURNAL_MINE), *view = home_as(&home, JOURNAL_VIEW);
    assert_int_equal(journal_kin(view, STR("a"), STR("b"), &err), -ERR_DENIED);
    assert_int_equal(journal_kin(mining, STR("a"), STR("a"), &err), -ERR_STATE);
    assert_int_equal(journal_kin(mining, STR("a"), STR("never seen"), &err), -ERR_STATE);
    assert_int_equal(journal_kin(mining, STR(""), STR("a"), &err), -ERR_STATE);
    assert_int_equal(journal_aside(view, 1, &err), -ERR_DENIED);
    assert_int_equal(journal_aside(mining, 1, &err), -ERR_MISSING);
    must(journal_kin(mining, STR("a"), STR("b"), &err), &err);
    assert_int_equal(journal_kin(mining, STR("a"), STR("b"), &err), -ERR_STATE);
    assert_int_equal(journal_kin(mining, STR("c"), STR("a"), &err), -ERR_STATE);
    assert_int_equal(journal_split(mining, STR("b"), 2, &err), -ERR_DENIED); /* it moved to 1 */
    journal_close(mining);
    journal_close(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_group_counts_with_what_it_repeats),
        cmocka_unit_test(the_higher_of_two_moves_down),
        cmocka_unit_test(kin_of_kin_are_one),
        cmocka_unit_test(a_clients_copies_count_once),
        cmocka_unit_test(a_greeting_tells_nobody_apart),
        cmocka_unit_test(a_clients_copies_of_others_move_nobody),
        cmocka_unit_test(only_what_makes_sense_is_put_together),
    };
    return cmocka_run_group_tests(tests, homes_begin, homes_end);
}
