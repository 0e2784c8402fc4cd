/* cmd_case_check - moult case check, and moult replay of cases that are files: what a harness does
 * with a case, step by step or as an episode.
 *
 * check asks whether the case still shows what it was made for; replay, whether the harness does
 * what the case wants. One harness is started for all cases of a command. */
#include "trials/cmd_case.h"

#include "base/file.h"
#include "base/mem.h"
#include "sandbox/waive.h"
#include "trials/builds.h"
#include "trials/detect.h"
#include "trials/episode/many.h"
#include "trials/live/judging.h"
#include "wire/config.h"

#include <stdio.h>
#include <stdlib.h>

enum { CASES_MAX = 256, INCONCLUSIVE = 3 };

/* A harness that shows a case and one that passes it are told alike. */
_Static_assert((int)CASE_SHOWS == (int)GRADE_PASS && (int)CASE_SHOWS_NOT == (int)GRADE_FAIL &&
                   (int)CASE_SHOWS_UNKNOWN == (int)GRADE_INCONCLUSIVE,
    "one table of words");

struct checking {
    const struct verb_call *call;
    struct replaying replaying;
    struct grade_means means;
    struct asker asker;
    struct judging judging;
    struct case_store store;
    struct arena arena; /* of the command */
    bool check;         /* prove; else grade */
    bool episode;       /* in that mode; else by steps */
    struct replay_chosen chosen;
    struct episode_grading grading;
    unsigned players;
    const struct trial_case **cases;
    unsigned count, passed, failed;
    uint64_t ms;
};

int case_means(
    struct grade_means *ret, const struct home *home, struct arena *arena, struct err *err)
{
    struct config config;
    struct config_redact *redact = arena_alloc(arena, sizeof *redact);
    *ret = (struct grade_means){ .sandbox = true };
    int rc = config_read(&config, home, arena, err);
    if (rc == 0)
        rc = sandbox_waive(config.waived, config.waived_count, &ret->waived, err);
    if (rc < 0)
        return rc;
    *redact = config.redact;
    ret->redact = redact;
    ret->tier = config.tier;
    return 0;
}

/* --- one case */

static void on_hit(void *with, const struct detect_hit *hit)
{
    (void)hit;
    *(bool *)with = true;
}

void case_print_signatures(struct buf *out, const struct run *run)
{
    bool first = true;
    for (unsigned i = 0; run && i < detectors_count; i++) {
        bool there = false;
        if (detectors[i].hook >= 0)
            detectors[i].find(run, on_hit, &there);
        if (there)
            buf_format(out, "%s\"%s\"", first ? "" : ",", detectors[i].id);
        first &= !there;
    }
}

static void print_votes(struct buf *out, const struct grade_result *result)
{
    if (!result->votes)
        return;
    buf_text(out, ",\"votes\":[");
    for (uint32_t i = 0; i < result->votes_count; i++) {
        buf_format(out, "%s{\"vote\":\"%s\",\"reason\":", i ? "," : "",
            judge_vote_words[result->votes[i].vote]);
        json_quote(out, str_of(result->votes[i].reason));
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

void case_print_results(
    struct buf *out, const struct trial_case *of, const struct case_proof *proof)
{
    for (uint32_t i = 0; proof->results && i < of->grades_count; i++) {
        buf_format(out, "%s{\"check\":\"%s\",\"answer\":\"%s\",\"why\":", i ? "," : "",
            case_check_words[of->grades[i].check], grade_answer_words[proof->results[i].answer]);
        json_quote(out, str_of(proof->results[i].why));
        print_votes(out, &proof->results[i]);
        buf_char(out, '}');
    }
}

static void tell_json(const struct checking *c, const struct trial_case *of,
    const struct case_proof *proof, const struct episode_parting *parting, const char *verdict)
{
    CLEANUP(buf_done) struct buf out = { 0 }, parted = { 0 };
    struct digest digest = case_digest(of);
    char hex[DIGEST_HEX];
    buf_text(&out, c->count > 1 ? "," : "");
    case_print_head(&out, of, &digest);
    buf_format(&out, ",\"verdict\":\"%s\",\"signatures\":[", verdict);
    case_print_signatures(&out, proof->played.facts.run);
    buf_text(&out, "],\"divergence\":");
    episode_parting_say(&parted, parting);
    if (parted.size > 0)
        json_quote(&out, buf_view(&parted));
    else
        buf_text(&out, "null");
    buf_text(&out, ",\"why\":");
    json_quote(&out, str_of(proof->why));
    buf_text(&out, ",\"grades\":[");
    case_print_results(&out, of, proof);
    const struct facts *facts = &proof->played.facts;
    buf_format(&out,
        "],\"floor\":%s,\"stable\":%s,\"steps\":%u,\"effects\":", proof->floor ? "true" : "false",
        proof->played.stable ? "true" : "false",
        facts->run ? facts->run->steps_count - facts->first : 0);
    if (facts->run)
        buf_format(&out, "\"%s\"", hash_hex(hex, &proof->played.effects));
    else
        buf_text(&out, "null");
    buf_format(&out, ",\"ms\":%llu}", (unsigned long long)proof->played.ms);
    fwrite(out.at, 1, out.size, stdout);
}

static void tell_text(const struct trial_case *of, const struct case_proof *proof,
    const struct episode_parting *parting, const char *verdict)
{
    CLEANUP(buf_done) struct buf parted = { 0 };
    char name[CASE_ID_MAX + 1], why[600];
    printf("%-12s %s%s%s\n", verdict, str_printable(name, sizeof name, of->id, false),
        proof->why[0] ? ": " : "", str_printable(why, sizeof why, str_of(proof->why), false));
    episode_parting_say(&parted, parting);
    if (parted.size > 0)
        printf("%-12s %s\n", "", parted.at);
    case_tell_votes(of, proof);
}

void case_tell_votes(const struct trial_case *of, const struct case_proof *proof)
{
    char shown[1400];
    for (uint32_t i = 0; proof->results && i < of->grades_count; i++)
        for (uint32_t k = 0; k < proof->results[i].votes_count; k++) {
            const struct judge_said *vote = &proof->results[i].votes[k];
            printf("%-12s vote %u of %u: %s: %s\n", "", k + 1, proof->results[i].votes_count,
                judge_vote_words[vote->vote],
                str_printable(shown, sizeof shown, str_of(vote->reason), false));
        }
}

static int tell(void *with, const struct trial_case *of, const struct case_proof *proof,
    const struct episode_parting *parting, struct err *err)
{
    struct checking *c = with;
    int answer = c->check ? proof->shown : proof->verdict;
    (void)err;
    c->count++;
    c->passed += answer == CASE_SHOWS;
    c->failed += answer == CASE_SHOWS_NOT;
    c->ms += proof->played.ms;
    if (c->call->json)
        tell_json(c, of, proof, parting, case_shown_words[answer]);
    else
        tell_text(of, proof, parting, case_shown_words[answer]);
    return 0;
}

static int look_at_steps(struct checking *c, const struct trial_case *of, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct case_proof proof;
    const struct episode_parting none = { 0 };
    int rc = c->check ? case_prove(&proof, of, c->replaying.arms, &c->means, &arena, err)
                      : case_grade_steps(&proof, of, c->replaying.arms, &c->means, &arena, err);
    return rc < 0 ? rc : tell(c, of, &proof, &none, err);
}

static int look_at_each(struct checking *c, unsigned count, struct err *err)
{
    int rc = 0;
    if (c->episode)
        return episode_grade_many(
            &c->grading, c->players, c->cases, count, &c->means, tell, c, err);
    for (unsigned i = 0; rc == 0 && i < count; i++)
        rc = look_at_steps(c, c->cases[i], err);
    return rc;
}

/* --- all of them */

static int exit_of(const struct checking *c)
{
    return c->failed > 0 ? 1 : c->passed < c->count ? INCONCLUSIVE : 0;
}

static void tell_totals(const struct checking *c)
{
    if (c->call->json)
        printf("],\"totals\":{\"cases\":%u,\"passed\":%u,\"failed\":%u,\"inconclusive\":%u,\"ms\":"
               "%llu}}\n",
            c->count, c->passed, c->failed, c->count - c->passed - c->failed,
            (unsigned long long)c->ms);
    else if (c->count > 1)
        printf("%u cases: %u passed, %u failed, %u inconclusive\n", c->count, c->passed, c->failed,
            c->count - c->passed - c->failed);
}

/* Each is read before the harness starts: what is wrong with one is said at once, and alone. */
static int read_all(struct checking *c, const char *const *words, unsigned count, struct err *err)
{
    c->cases = arena_alloc(&c->arena, (count + 1) * sizeof *c->cases);
    for (unsigned i = 0; i < count; i++) {
        struct trial_case *of = arena_alloc(&c->arena, sizeof *of);
        int rc = case_named(of, &c->store, words[i], &c->arena, err);
        if (rc < 0)
            return rc;
        c->cases[i] = of;
    }
    return 0;
}

/* Workers: two pools for steps; episodes start theirs as they need them. */
static int open_harness(struct checking *c, const struct replay_choice *choice,
    const struct home *home, struct err *err)
{
    char folder[PATH_MAX];
    if (!c->episode)
        return replay_choice_open(&c->replaying, &c->chosen, choice, home, err);
    int rc = replay_choose(&c->chosen, choice, c->replaying.journal, home, err);
    if (rc == 0)
        rc = file_program_dir(folder, sizeof folder, err);
    c->grading = (struct episode_grading){ .arm = &c->chosen.arm,
        .means = { .tool = arena_format(&c->arena, "%s/moult-tool", rc == 0 ? folder : "."),
            .tier = c->means.tier,
            .waived = c->means.waived,
            .homes = c->means.homes } };
    return rc;
}

static int look_at_all(struct checking *c, const struct replay_choice *choice,
    const struct home *home, const char *const *words, unsigned count, struct err *err)
{
    int rc = case_store_read(&c->store, home, err);
    if (rc == 0)
        rc = case_means(&c->means, home, &c->arena, err);
    if (rc == 0)
        rc = read_all(c, words, count, err);
    if (rc == 0)
        rc = journal_open(&c->replaying.journal, home, JOURNAL_TRIAL, err);
    if (rc < 0)
        return rc;
    c->asker = (struct asker){ .journal = c->replaying.journal, .tokens_max = ASKER_TOKENS };
    c->judging = (struct judging){ &c->asker, &c->arena };
    c->means.judge = judging_ask;
    c->means.with = &c->judging;
    rc = open_harness(c, choice, home, err);
    verb_document(c->call);
    if (rc == 0 && c->call->json)
        printf("{\"mode\":\"%s\",\"cases\":[", c->episode ? "episode" : "step");
    if (rc == 0)
        rc = look_at_each(c, count, err);
    replay_choice_close(&c->replaying, &c->chosen);
    asker_done(&c->asker);
    journal_close(c->replaying.journal);
    if (rc < 0)
        return rc;
    tell_totals(c);
    return exit_of(c);
}

enum look { LOOK_CHECK, LOOK_STEPS, LOOK_EPISODE };

static int look(const struct verb_call *call, enum look how, const struct replay_choice *choice,
    const struct home *home, const char *const *words, unsigned count, struct err *err)
{
    CLEANUP(mem_freep) struct checking *c = mem_zero(1, sizeof *c);
    struct replay_choice one = *choice;
    c->call = call;
    c->check = how == LOOK_CHECK;
    c->episode = how == LOOK_EPISODE;
    c->players = replay_choice_workers(choice);
    one.workers = 1; /* in mode step a case is one run */
    int rc = look_at_all(c, &one, home, words, count, err);
    case_store_done(&c->store);
    arena_done(&c->arena);
    return rc;
}

int case_prove_active(struct case_proof *ret, const struct trial_case *of, const struct home *home,
    struct arena *arena, struct err *err)
{
    const struct replay_choice choice = { .generation = BUILDS_ACTIVE, .workers = 1 };
    CLEANUP(mem_freep) struct replaying *replaying = mem_zero(1, sizeof *replaying);
    struct replay_chosen chosen = { 0 };
    struct grade_means means;
    int rc = case_means(&means, home, arena, err);
    if (rc == 0)
        rc = journal_open(&replaying->journal, home, JOURNAL_TRIAL, err);
    if (rc < 0)
        return rc;
    rc = replay_choice_open(replaying, &chosen, &choice, home, err);
    if (rc == 0)
        rc = case_prove(ret, of, replaying->arms, &means, arena, err);
    replay_choice_close(replaying, &chosen);
    journal_close(replaying->journal);
    return rc;
}

int case_replay_files(const struct verb_call *call, bool episode,
    const struct replay_choice *choice, const struct home *home, const char *const *files,
    unsigned count, struct err *err)
{
    return look(call, episode ? LOOK_EPISODE : LOOK_STEPS, choice, home, files, count, err);
}

static int check(const struct verb_call *call, struct err *err)
{
    struct replay_choice choice = { .generation = BUILDS_ACTIVE };
    const char *args[CASES_MAX];
    const struct option options[] = { CASE_HARNESS_OPTIONS(&choice), { 0 } };
    struct home home;
    int count = verb_options(call, &case_verb_check, options, args, CASES_MAX, err);
    if (count < 0)
        return count;
    if (count == 0)
        return err_set(err, ERR_USAGE, "usage: moult %s", case_verb_check.usage);
    int rc = home_find(&home, call->dir, err);
    return rc < 0 ? rc : look(call, LOOK_CHECK, &choice, &home, args, (unsigned)count, err);
}

const struct verb case_verb_check = { "check", check, "case check ID|FILE...",
    "does a case still show what it was made for?" };
