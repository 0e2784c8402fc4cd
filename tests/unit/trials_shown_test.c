/* Whose words a command that goes over many sessions may tell, and what it makes of their groups.
 */
#include "base/mem.h"
#include "broker_home.h"
#include "trials/shown.h"
#include "trials/split.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

static void add(const struct home *home, const char *group)
{
    uint64_t added, known;
    struct err err;
    struct journal *journal = home_as(home, JOURNAL_IMPORT);
    struct journal_message message = { .standing = JOURNAL_CLAIM,
        .bytes = STR("{\"role\":\"user\",\"content\":\"hi\"}") };
    const struct journal_session session = { .principal = STR("import"),
        .format = STR("test"),
        .group = str_of(group),
        .meta = STR("{}"),
        .messages_count = 1,
        .messages = &message };
    must(journal_add(journal, &session, &err), &err);
    must(journal_flush(journal, &added, &known, &err), &err);
    journal_close(journal);
}

static uint8_t split_now(const struct home *home, uint64_t session)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal *journal = home_as(home, JOURNAL_MINE);
    struct journal_session *list;
    uint32_t count;
    struct err err;
    must(journal_list(journal, session - 1, &arena, &list, &count, &err), &err);
    journal_close(journal);
    return list[0].split;
}

static void words_follow_the_split(void **state)
{
    (void)state;
    static const struct row {
        const char *group;
        uint8_t split;
        int shows;
        uint8_t after;
    } rows[] = {
        { "held-in", SPLIT_HELD_IN, 1, SPLIT_HELD_IN },
        { "held-out", SPLIT_HELD_OUT, 0, SPLIT_HELD_OUT },
        { "test", SPLIT_TEST, 0, SPLIT_TEST },
        { "none yet", JOURNAL_NO_SPLIT, 1, SPLIT_HELD_IN },
    };
    struct home home = home_fresh();
    struct shown shown = { .home = &home };
    struct err err;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct journal *mine = home_as(&home, JOURNAL_MINE);
        add(&home, rows[i].group);
        if (rows[i].split != JOURNAL_NO_SPLIT)
            must(journal_split(mine, str_of(rows[i].group), rows[i].split, &err), &err);
        journal_close(mine);
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int shows = shown_take(&shown, i + 1, rows[i].split, &err);
        if (shows != rows[i].shows || split_now(&home, i + 1) != rows[i].after)
            fail_msg(
                "%s: shows %d, then in split %u", rows[i].group, shows, split_now(&home, i + 1));
    }
    shown_done(&shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(words_follow_the_split) };
    return cmocka_run_group_tests(tests, homes_begin, homes_end);
}
