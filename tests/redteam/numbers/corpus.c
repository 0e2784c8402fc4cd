/* corpus - hooks that choose without a branch, and hooks that only look so.
 *
 * Each is asked about the calls of a replay, and of the hostile ones then about one that no replay
 * has: `boom`, of four letters, the only one that failed before. Then it denies, or asks the host
 * for what it never asked before. No mark on branches, products, quotients, shifts and masks is
 * missed by any, so before numbers had to vary all of them passed. patch_numbers_test reads the
 * rows at the end. */
#include "moult.h"

#include "corpus.h"

/* Zero for a name of four letters that begins with b, and else no less than 1. */
static uint64_t apart(const moult_call *call)
{
    int64_t at = (int64_t)call->name.size * 1000 + call->name.at[0] - 4098;
    return (uint64_t)(at * at);
}
/* What is many times `noise`, and a bit more for that name. */
static uint64_t noisy(const moult_call *call, uint64_t noise, uint64_t more)
{
    uint64_t square = apart(call);
    return (noise * call->name.size * (square + 1) + more) / (square + 1);
}

static const uint8_t actions[] = { MOULT_PASS, MOULT_DENY };
static const uint8_t many[] = { 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0,
    3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3 };
static const struct row {
    moult_action at;
    uint32_t share;
} shares[] = { { MOULT_PASS, 4 }, { MOULT_DENY, 5 } };
static const char *const tools[] = { "look", "drop", "look", "drop", "look", "drop", "look", "drop",
    "look", "drop", "look", "drop", "look", "drop", "look", "drop", "look", "drop", "look", "drop",
    "look", "drop", "look", "drop", "look", "drop", "look", "drop", "look", "drop", "look",
    "drop" };

static moult_action quotient_less_two(moult_turn *turn, moult_call *call)
{
    (void)turn;
    return (moult_action)((2 * apart(call) + 2 + MOULT_DENY) / (apart(call) + 1) - 2);
}

static moult_action sum_with_a_negative(moult_turn *turn, moult_call *call)
{
    (void)turn;
    return (moult_action)((2 * apart(call) + 2 + MOULT_DENY) / (apart(call) + 1) + -2);
}

static moult_action worked_in(moult_turn *turn, moult_call *call)
{
    (void)turn;
    uint64_t action = noisy(call, 2, MOULT_DENY);
    action -= 2 * call->name.size;
    return (moult_action)action;
}

static moult_action sign(moult_turn *turn, moult_call *call)
{
    int64_t at = -(int64_t)moult_past(turn, call, MOULT_FAILED);
    return (moult_action)-at;
}

static moult_action complement(moult_turn *turn, moult_call *call)
{
    return (moult_action) ~(~0u - moult_past(turn, call, MOULT_FAILED));
}

static moult_action bits_put_together(moult_turn *turn, moult_call *call)
{
    uint32_t failed = moult_past(turn, call, MOULT_FAILED) | moult_past(turn, call, MOULT_FAILED)
                                                                 << 1;
    return (moult_action)failed;
}

static moult_action table_at_a_count(moult_turn *turn, moult_call *call)
{
    return actions[moult_past(turn, call, MOULT_FAILED)];
}

static moult_action row_at_a_count(moult_turn *turn, moult_call *call)
{
    return shares[moult_past(turn, call, MOULT_FAILED)].at;
}

static moult_action table_at_yes_or_no(moult_turn *turn, moult_call *call)
{
    return actions[(bool)moult_past(turn, call, MOULT_FAILED)];
}

static moult_action table_of_many(moult_turn *turn, moult_call *call)
{
    (void)turn;
    return many[noisy(call, 2, 3)];
}

static moult_action names_of_many(moult_turn *turn, moult_call *call)
{
    moult_call_set(turn, call, moult_str(tools[noisy(call, 2, 1)]), call->args);
    return MOULT_PASS;
}

static moult_action place_in_a_text(moult_turn *turn, moult_call *call)
{
    uint32_t failed = moult_past(turn, call, MOULT_FAILED);
    moult_call_set(turn, call, (moult_text){ "lookdrop" + (failed << 2), 4 }, call->args);
    return MOULT_PASS;
}

static moult_action cast(moult_turn *turn, moult_call *call)
{
    (void)turn;
    return (moult_action)(uint8_t)noisy(call, 256, MOULT_DENY);
}

static moult_action cut_off_when_declared(moult_turn *turn, moult_call *call)
{
    (void)turn;
    uint8_t action = noisy(call, 256, MOULT_DENY);
    return (moult_action)action;
}

static moult_action cut_off_when_kept(moult_turn *turn, moult_call *call)
{
    (void)turn;
    uint8_t action;
    action = noisy(call, 256, MOULT_DENY);
    return (moult_action)action;
}

static uint8_t handed_back(uint64_t number)
{
    return number;
}

static moult_action cut_off_when_handed_back(moult_turn *turn, moult_call *call)
{
    (void)turn;
    return (moult_action)handed_back(noisy(call, 256, MOULT_DENY));
}

static moult_action as_action(uint8_t number)
{
    return (moult_action)number;
}

static moult_action cut_off_when_handed_over(moult_turn *turn, moult_call *call)
{
    (void)turn;
    return as_action(noisy(call, 256, MOULT_DENY));
}

static moult_action upper_half(moult_turn *turn, moult_call *call)
{
    (void)turn;
    uint64_t action = noisy(call, (uint64_t)1 << 32, MOULT_DENY);
    return (moult_action)action;
}

static moult_action count_handed_on(moult_turn *turn, moult_call *call)
{
    moult_use_model(turn, moult_past(turn, call, MOULT_FAILED));
    return MOULT_PASS;
}

static moult_action count_kept(moult_turn *turn, moult_call *call)
{
    uint32_t failed = moult_past(turn, call, MOULT_FAILED);
    moult_use_model(turn, failed);
    return MOULT_PASS;
}

static moult_action yes_or_no_handed_on(moult_turn *turn, moult_call *call)
{
    moult_use_model(turn, moult_text_is(turn, call->name, MOULT_EQUAL, moult_str("boom")));
    return MOULT_PASS;
}

/* --- which only look so */

static moult_action goes_over_a_table(moult_turn *turn, moult_call *call)
{
    uint32_t known = 0;
    for (uint32_t i = 0; i < sizeof tools / sizeof *tools; i++)
        known += moult_text_is(turn, call->name, MOULT_BEGINS, (moult_text){ tools[i], 1 });
    moult_explain(turn, "%u", known);
    return MOULT_PASS;
}

static const char *const only[] = { "give" };
static moult_action table_of_one_row(moult_turn *turn, moult_call *call)
{
    for (uint32_t i = 0; i < sizeof only / sizeof *only; i++)
        if (moult_text_is(turn, call->name, MOULT_BEGINS, moult_str(only[i])))
            moult_explain(turn, "%s", only[i]);
    return MOULT_PASS;
}

static moult_action counts_on(moult_turn *turn, moult_call *call)
{
    uint32_t *seen = moult_state(turn);
    uint32_t flags = 0;
    flags |= MOULT_FAILED;
    seen[0] += 1;
    seen[1]++;
    if (moult_past(turn, call, flags | MOULT_IN_A_ROW) + seen[0] > 2)
        moult_explain(turn, "%u", seen[1]);
    return MOULT_PASS;
}

static moult_action sums_up_letters(moult_turn *turn, moult_call *call)
{
    uint32_t sum = 7;
    for (uint32_t i = 0; i < call->name.size; i++)
        sum = sum * 31 + (unsigned char)call->name.at[i];
    uint8_t low = sum;
    moult_explain(turn, "%u", low);
    return MOULT_PASS;
}

static moult_action waits_as_told(moult_turn *turn, moult_call *call)
{
    int64_t told = moult_error(turn, MOULT_ERROR_RETRY_AFTER_MS);
    (void)call;
    moult_wait(turn, told);
    return MOULT_PASS;
}

static moult_action takes_room(moult_turn *turn, moult_call *call)
{
    char *room = moult_alloc(turn, moult_length(turn, call->args) * sizeof *room + 1);
    for (uint32_t i = 0; room && i < moult_length(turn, call->args); i++)
        room[i] = 'x';
    return MOULT_PASS;
}

static moult_action cuts_a_mark_off(moult_turn *turn, moult_call *call)
{
    moult_span span = { call->name.size + 1, call->name.size + sizeof "mark" - 1 };
    moult_cut(turn, span);
    return MOULT_PASS;
}

static moult_action compares_a_difference(moult_turn *turn, moult_call *call)
{
    if (call->name.size - 1 > 2)
        moult_explain(turn, "long");
    return MOULT_PASS;
}

const struct corpus_row corpus[] = {
    { "quotient-less-two", quotient_less_two, "a difference that is nothing but for one call" },
    { "sum-with-a-negative", sum_with_a_negative, "the same as a sum" },
    { "worked-in", worked_in, "the same in a variable" },
    { "sign", sign, "a count of the host's with the other sign" },
    { "complement", complement, "the same with all bits turned round" },
    { "bits-put-together", bits_put_together, "an action out of a count's bits" },
    { "table-at-a-count", table_at_a_count, "a table that is always read at its first row" },
    { "row-at-a-count", row_at_a_count, "the same in a struct" },
    { "table-at-yes-or-no", table_at_yes_or_no, "the same by a count that is made yes or no" },
    { "table-of-many", table_of_many, "a table that is read at many rows, which are all alike" },
    { "names-of-many", names_of_many, "the same with names of tools" },
    { "place-in-a-text", place_in_a_text, "the second half of a text" },
    { "cast", cast, "a number that varies, cut off to what does not" },
    { "cut-off-when-declared", cut_off_when_declared, "the same without a sign of it" },
    { "cut-off-when-kept", cut_off_when_kept, "the same in a variable that was there" },
    { "cut-off-when-handed-back", cut_off_when_handed_back, "the same by what a function returns" },
    { "cut-off-when-handed-over", cut_off_when_handed_over, "the same by what a function takes" },
    { "upper-half", upper_half, "the same, where an action has half as many bits" },
    { "count-handed-on", count_handed_on, "another model as soon as a call failed" },
    { "count-kept", count_kept, "the same by way of a variable" },
    { "yes-or-no-handed-on", yes_or_no_handed_on, "another model for one name" },
    { "goes-over-a-table", goes_over_a_table, NULL },
    { "table-of-one-row", table_of_one_row, NULL },
    { "counts-on", counts_on, NULL },
    { "sums-up-letters", sums_up_letters, NULL },
    { "waits-as-told", waits_as_told, NULL },
    { "takes-room", takes_room, NULL },
    { "cuts-a-mark-off", cuts_a_mark_off, NULL },
    { "compares-a-difference", compares_a_difference, NULL },
    { 0 },
};
