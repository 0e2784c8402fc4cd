/* trials_conversion_test - how far clusters came, told from rows as the journal has them. */
#include "trials/conversion.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define HEX "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""
#define PROPOSAL "{\"cluster\":\"a\",\"verdict\":null}"
#define VERDICT "{\"cluster\":\"a\",\"verdict\":" HEX "}"
#define PROMOTES "{\"kind\":\"promotion\",\"candidate\":\"one\"}"
#define RETURNS "{\"kind\":\"rollback\",\"candidate\":\"one\"}"

static const struct row {
    const char *name;
    const char *cluster;          /* its state */
    const char *candidate, *body; /* its state and body; NULL: none */
    const char *admission;        /* its body; NULL: none; it is of time 50 */
    uint64_t since_ms;
    struct conversion want;
} rows[] = {
    { "seen", "observed", NULL, NULL, NULL, 0, { 1 } },
    { "clustered", "clustered", NULL, NULL, NULL, 0, { 1, 1 } },
    { "frozen", "batched", NULL, NULL, NULL, 0, { 1, 1, 1 } },
    { "open again", "reopened", NULL, NULL, NULL, 0, { 1, 1, 1 } },
    { "proposed", "in_work", "patched", PROPOSAL, NULL, 0, { 1, 1, 1, 1 } },
    { "proposed for another cluster", "batched", "patched", "{\"cluster\":\"b\"}", NULL, 0,
        { 1, 1, 1 } },
    { "refused before the gate", "batched", "rejected", PROPOSAL, NULL, 0, { 1, 1, 1, 1 } },
    { "refused by the gate", "batched", "rejected", VERDICT, NULL, 0, { 1, 1, 1, 1, 1 } },
    { "waits for a person", "in_work", "in_review", VERDICT, NULL, 90, { 1, 1, 1, 1, 1 } },
    { "promoted, and too few turns since", "resolved", "active", VERDICT, PROMOTES, 49,
        { 1, 1, 1, 1, 1, 1 } },
    { "promoted, and no hundred turns at all", "resolved", "active", VERDICT, PROMOTES, 0,
        { 1, 1, 1, 1, 1, 1 } },
    { "held", "resolved", "active", VERDICT, PROMOTES, 50, { 1, 1, 1, 1, 1, 1, 1 } },
    { "held, and another came after it", "resolved", "superseded", VERDICT, PROMOTES, 60,
        { 1, 1, 1, 1, 1, 1, 1 } },
    { "taken back", "reopened", "rolled_back", VERDICT, PROMOTES, 60, { 1, 1, 1, 1, 1, 1 } },
    { "a return promotes nothing", "in_work", "in_review", VERDICT, RETURNS, 60,
        { 1, 1, 1, 1, 1 } },
    { "a body that is no JSON", "batched", "rejected", "{", NULL, 0, { 1, 1, 1 } },
};

static void each_as_far_as_it_came(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        struct journal_cluster cluster = { .id = STR("a"), .state = str_of(row->cluster) };
        struct journal_candidate candidate = { STR("one"), str_of(row->candidate),
            str_of(row->body) };
        struct journal_admission admission = { .at_ms = 50, .body = str_of(row->admission) };
        const struct conversion_rows of = { &cluster, &candidate, &admission, 1,
            row->candidate != NULL, row->admission != NULL };
        struct conversion got;
        CLEANUP(buf_done) struct buf left = { 0 }, right = { 0 };
        print_message("%s\n", row->name);
        conversion_of(&got, &of, row->since_ms);
        conversion_print(&left, &got);
        conversion_print(&right, &row->want);
        assert_string_equal(left.at, right.at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_as_far_as_it_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
