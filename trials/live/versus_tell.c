/* versus_tell - what a live comparison says, as text, JSON and JUnit XML. */
#include "trials/live/versus.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>

enum { INCONCLUSIVE = 3 };
#define LEVEL_SHOWN .05 /* of the bounds that people are shown */

static const int exits[] = {
    [GRADE_PASS] = 0, [GRADE_FAIL] = 1, [GRADE_INCONCLUSIVE] = INCONCLUSIVE
};
static const char *const in_words[] = {
    [SEQUENTIAL_OPEN] = "not ended",
    [SEQUENTIAL_PASS] = "better, and not worse",
    [SEQUENTIAL_HARM] = "worse",
    [SEQUENTIAL_FUTILE] = "not better by as much as would be worth the runs",
    [SEQUENTIAL_SPENT] = "all groups have bet, and nothing is shown",
};

static const char *end_word(const struct versus *versus)
{
    return versus->row.took.floors ? "floor" : sequential_end_words[versus->row.sequential.end];
}

static const struct sequential_group *bet_of(const struct versus *versus, uint32_t number)
{
    const struct sequential *state = &versus->row.sequential;
    for (uint32_t i = 0; i < state->groups_count; i++)
        if (hash_equal(&state->groups[i].group, &versus->trial->cases.groups[number]))
            return &state->groups[i];
    return NULL;
}

/* Of a case: what its group bet. NULL: it has not. */
static enum grade_verdict vote_of(const struct sequential_group *bet)
{
    if (!bet)
        return GRADE_INCONCLUSIVE;
    return bet->new.passed >= bet->old.passed + bet->old.missing ? GRADE_PASS : GRADE_FAIL;
}

static void print_arm(struct buf *out, const char *name, const struct sequential_arm *arm)
{
    buf_format(out, ",\"%s\":{\"passed\":%u,\"failed\":%u,\"missing\":%u}", name, arm->passed,
        arm->failed, arm->missing);
}

static void print_cases(struct buf *out, const struct versus *versus)
{
    const struct live_cases *cases = &versus->trial->cases;
    for (uint32_t i = 0; i < cases->count; i++) {
        const struct live_case *one = &cases->list[i];
        const struct sequential_group *bet = bet_of(versus, one->group);
        buf_text(out, i ? "," : "");
        case_print_head(out, &one->of, &one->digest);
        buf_format(out, ",\"verdict\":\"%s\",\"signatures\":[],\"divergence\":null,\"ms\":0",
            grade_verdict_words[vote_of(bet)]);
        if (bet) {
            buf_format(out, ",\"cases_of_group\":%u", bet->cases);
            print_arm(out, "old", &bet->old);
            print_arm(out, "new", &bet->new);
        }
        buf_char(out, '}');
    }
}

static void print_processes(struct buf *out, const struct sequential *state)
{
    for (int i = 0; i < PROCESSES; i++)
        buf_format(out, "%s\"%s\":{\"log_e\":%.6g,\"log_most\":%.6g,\"wanted\":%.6g}", i ? "," : "",
            sequential_process_words[i], state->log_wealth[i], state->log_most[i],
            sequential_wanted(&state->plan, (enum sequential_process)i));
}

static void print_comparison(struct buf *out, const struct versus *versus)
{
    const struct sequential *state = &versus->row.sequential;
    const struct live_took *took = &versus->row.took;
    char hex[DIGEST_HEX];
    double low, high;
    sequential_interval(state, LEVEL_SHOWN, &low, &high);
    buf_format(out,
        "{\"row\":\"%s\",\"resumed\":%s,\"end\":\"%s\",\"verdict\":\"%s\",\"look\":%u,\"passes\":%"
        "u,"
        "\"level\":%.6g,\"repeats\":%u,\"stop\":\"%s\",\"groups\":%u,\"groups_max\":%u,\"wins\":%u,"
        "\"losses\":%u,\"lost\":%u,\"missing\":%u,\"floors\":%" PRIu64
        ",\"mean\":[%.2f,%.2f],\"processes\":{",
        hash_hex(hex, &versus->row.plan), versus->row.resumed ? "true" : "false", end_word(versus),
        grade_verdict_words[versus_verdict(versus)], state->plan.look, state->plan.passes,
        state->plan.level, state->plan.repeats,
        state->plan.stop == SEQUENTIAL_FIXED ? "fixed" : "any", state->groups_count,
        state->plan.groups, state->wins, state->losses, state->lost, state->missing, took->floors,
        low, high);
    print_processes(out, state);
    buf_format(out,
        "},\"cost\":{\"requests\":%" PRIu64 ",\"tokens\":%" PRIu64 ",\"usd\":%" PRIu64 ".%06" PRIu64
        "}}",
        took->requests, took->tokens, took->usd / 1000000, took->usd % 1000000);
}

static void tell_json(struct versus *versus)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct live_cases *cases = &versus->trial->cases;
    unsigned by[3] = { 0 };
    for (uint32_t i = 0; i < cases->count; i++)
        by[vote_of(bet_of(versus, cases->list[i].group))]++;
    buf_text(&out, "{\"mode\":\"live\",\"cases\":[");
    print_cases(&out, versus);
    buf_format(&out,
        "],\"totals\":{\"cases\":%u,\"passed\":%u,\"failed\":%u,\"inconclusive\":%u},"
        "\"comparison\":",
        cases->count, by[GRADE_PASS], by[GRADE_FAIL], by[GRADE_INCONCLUSIVE]);
    if (versus->unable.code)
        buf_text(&out, "null,\"why\":");
    else
        print_comparison(&out, versus);
    if (versus->unable.code)
        json_quote(&out, str_of(versus->unable.text));
    buf_char(&out, ',');
    live_print_cost(&out, versus->trial);
    live_print_plan(&out, versus->trial, versus->plan.plan.repeats);
    buf_char(&out, '}');
    puts(out.at);
}

static void tell_text(struct versus *versus)
{
    CLEANUP(buf_done) struct buf line = { 0 };
    const struct sequential *state = &versus->row.sequential;
    const struct live_took *took = &versus->row.took;
    char hex[DIGEST_HEX];
    verb_progress_clear();
    if (versus->unable.code) {
        printf("inconclusive: %s\n%s\n", versus->unable.text, versus->unable.hint);
        return;
    }
    printf("%s: %s\n", grade_verdict_words[versus_verdict(versus)],
        versus->row.took.floors ? "a floor was broken" : in_words[state->end]);
    sequential_tell(&line, state);
    puts(line.at);
    printf("log E:");
    for (int i = 0; i < PROCESSES; i++)
        printf("%s %s %.2f of %.2f", i ? "," : "", sequential_process_words[i], state->log_most[i],
            sequential_wanted(&state->plan, (enum sequential_process)i));
    printf("\nrow %.12s%s: look %u at these cases, %u passed before it, level %.4f\n",
        hash_hex(hex, &versus->row.plan), versus->row.resumed ? ", gone on with" : "",
        state->plan.look, state->plan.passes, state->plan.level);
    printf("all of it: $%.4f, %" PRIu64 " tokens, %" PRIu64 " requests\n", (double)took->usd / 1e6,
        took->tokens, took->requests);
    live_tell_cost(versus->trial);
    if (versus->trial->stopped)
        puts("the same command goes on with it");
}

static int write_junit(struct versus *versus, struct err *err)
{
    static const enum junit_end ends[] = {
        [GRADE_PASS] = JUNIT_PASSED, [GRADE_FAIL] = JUNIT_FAILED, [GRADE_INCONCLUSIVE] = JUNIT_ERROR
    };
    CLEANUP(buf_done) struct buf line = { 0 };
    struct live_trial *trial = versus->trial;
    if (versus->unable.code)
        buf_text(&line, versus->unable.text);
    else
        sequential_tell(&line, &versus->row.sequential);
    junit_suite(&trial->junit, "live");
    const struct junit_case one = { .name = STR("comparison"),
        .end = ends[versus_verdict(versus)],
        .type = end_word(versus),
        .message = buf_view(&line) };
    junit_add(&trial->junit, &one);
    return live_write_junit(trial, versus->plan.plan.repeats, err);
}

int versus_tell(struct versus *versus, struct err *err)
{
    int rc = write_junit(versus, err);
    if (rc < 0)
        return rc;
    if (versus->trial->call->json)
        tell_json(versus);
    else
        tell_text(versus);
    return exits[versus_verdict(versus)];
}
