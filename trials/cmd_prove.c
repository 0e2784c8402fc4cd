/* cmd_prove - moult prove TURN: what a live session's turn asked for then, a worker asks for now.
 * With --all every turn of every live session: a row each, so that one whose builds or rows are
 * gone is told and stops nobody, and is no proof either. */
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "sandbox/waive.h"
#include "trials/cmd.h"
#include "trials/prove.h"
#include "trials/trace.h"
#include "wire/config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum proved { PROVED_SAME, PROVED_DIFFERENT, PROVED_OPEN, PROVED_UNREAD, PROVED_WORDS };
enum { INCONCLUSIVE = 3, MS_NS = 1000000, SECOND_MS = 1000 };

static const char *const words[PROVED_WORDS] = {
    [PROVED_SAME] = "same",
    [PROVED_DIFFERENT] = "different",
    [PROVED_OPEN] = "open",
    [PROVED_UNREAD] = "unread",
};

struct proving_all {
    const struct verb_call *call;
    struct prove_plan plan;
    uint64_t turns, done, effects, same; /* turns: 0 where nobody would see how many are left */
    uint64_t by[PROVED_WORDS];
};

/* --- one turn */

static enum proved verdict_of(const struct proof *proof)
{
    return proof->why[0] ? PROVED_DIFFERENT : proof->open ? PROVED_OPEN : PROVED_SAME;
}

static int exit_of(enum proved verdict)
{
    return verdict == PROVED_SAME ? 0 : verdict == PROVED_DIFFERENT ? 1 : INCONCLUSIVE;
}

static void tell_json(const struct past *past, const struct proof *proof, enum proved verdict)
{
    CLEANUP(buf_done) struct buf why = { 0 };
    char hex[DIGEST_HEX];
    json_quote(&why, str_of(proof->why));
    printf("{\"turn\":%" PRIu64 ",\"session\":\"%s\",\"verdict\":\"%s\",\"effects\":%u,\"same\":%u,"
           "\"generations\":%u,\"divergence\":%s}",
        past->turn, hash_hex(hex, &past->session.id), words[verdict], past->effects_count,
        proof->same, proof->generations, proof->why[0] ? why.at : "null");
}

static void tell(const struct past *past, const struct proof *proof)
{
    char plain[300], hex[DIGEST_HEX];
    printf("turn %" PRIu64 ", session %.12s: %u of %u recorded effects asked for again%s%s\n",
        past->turn, hash_hex(hex, &past->session.id), proof->same, past->effects_count,
        proof->why[0] ? "\n  " : "", str_printable(plain, sizeof plain, str_of(proof->why), false));
    if (!proof->why[0] && proof->open)
        printf("  the record has no end: the turn is in work, or was cut off\n");
}

static int prove_one(
    const struct verb_call *call, const struct prove_plan *plan, uint64_t turn, struct err *err)
{
    CLEANUP(past_done) struct past past = { 0 };
    struct proof proof;
    int rc = past_read(&past, plan->journal, turn, err);
    if (rc == 0)
        rc = prove_turn(&proof, &past, plan, err);
    if (rc < 0)
        return rc;
    enum proved verdict = verdict_of(&proof);
    if (call->json) {
        tell_json(&past, &proof, verdict);
        puts("");
    } else {
        tell(&past, &proof);
    }
    return exit_of(verdict);
}

/* --- all of them */

static void tell_row(struct proving_all *all, const struct past *past, const struct proof *proof,
    enum proved verdict)
{
    char plain[300], hex[DIGEST_HEX];
    verb_progress_clear();
    if (all->call->json) {
        printf("%s", all->done > 1 ? "," : "");
        tell_json(past, proof, verdict);
        return;
    }
    printf("%8" PRIu64 "  %.12s  %-9s  %3u of %3u%s%s\n", past->turn,
        hash_hex(hex, &past->session.id), words[verdict], proof->same, past->effects_count,
        proof->why[0] ? "  " : "", str_printable(plain, sizeof plain, str_of(proof->why), false));
}

/* What is wrong with this one turn; all else (no worker can be had, the disk) is wrong with all. */
static bool is_of_turn(int rc)
{
    return rc == -ERR_MISSING || rc == -ERR_INPUT || rc == -ERR_LIMIT || rc == -ERR_VERIFY;
}

static int add_turn(
    struct proving_all *all, uint64_t session, const struct journal_turn *turn, struct err *err)
{
    CLEANUP(past_done) struct past past = { 0 };
    struct proof proof = { 0 };
    int rc = past_read_of(&past, all->plan.journal, session, turn, err);
    if (rc == 0)
        rc = prove_turn(&proof, &past, &all->plan, err);
    if (rc < 0 && !is_of_turn(rc))
        return rc;
    enum proved verdict = rc < 0 ? PROVED_UNREAD : verdict_of(&proof);
    if (rc < 0)
        snprintf(proof.why, sizeof proof.why, "%.*s", (int)sizeof proof.why - 1, err->text);
    all->done++;
    all->by[verdict]++;
    all->effects += past.effects_count;
    all->same += proof.same;
    tell_row(all, &past, &proof, verdict);
    verb_progress_of(all->done, all->turns, "turns");
    return 0;
}

/* Each live session of the journal, in order. */
static int each_session(struct proving_all *all,
    int (*each)(struct proving_all *, const struct journal_session *, struct err *),
    struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session *page;
    uint32_t count = 1;
    for (uint64_t after = 0; count > 0; arena_reset(&arena)) {
        int rc = journal_list(all->plan.journal, after, &arena, &page, &count, err);
        for (uint32_t i = 0; rc == 0 && i < count; i++) {
            after = page[i].number;
            if (page[i].live)
                rc = each(all, &page[i], err);
        }
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int count_turns(
    struct proving_all *all, const struct journal_session *session, struct err *err)
{
    (void)err;
    all->turns += session->turns;
    return 0;
}

static int add_session(
    struct proving_all *all, const struct journal_session *session, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_turn *turns;
    uint64_t number = session->number;
    uint32_t count;
    int rc = journal_turns(all->plan.journal, number, &arena, &turns, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = add_turn(all, number, &turns[i], err);
    return rc;
}

static void tell_totals(const struct proving_all *all, uint64_t ms)
{
    double rate = ms ? (double)all->done * SECOND_MS / (double)ms : 0;
    if (all->call->json)
        printf("],\"totals\":{\"turns\":%" PRIu64 ",\"same\":%" PRIu64 ",\"different\":%" PRIu64
               ",\"open\":%" PRIu64 ",\"unread\":%" PRIu64 ",\"effects\":%" PRIu64
               ",\"effects_same\":%" PRIu64 ",\"ms\":%" PRIu64 ",\"turns_a_second\":%.1f}}\n",
            all->done, all->by[PROVED_SAME], all->by[PROVED_DIFFERENT], all->by[PROVED_OPEN],
            all->by[PROVED_UNREAD], all->effects, all->same, ms, rate);
    else
        printf("%" PRIu64 " turns: %" PRIu64 " the same, %" PRIu64 " different, %" PRIu64
               " open, %" PRIu64 " that cannot be run again; %" PRIu64 " of %" PRIu64
               " effects asked for again; %.1f turns a second\n",
            all->done, all->by[PROVED_SAME], all->by[PROVED_DIFFERENT], all->by[PROVED_OPEN],
            all->by[PROVED_UNREAD], all->same, all->effects, rate);
}

static int prove_all(const struct verb_call *call, const struct prove_plan *plan, struct err *err)
{
    struct proving_all all = { .call = call, .plan = *plan };
    uint64_t from = clock_mono_ns();
    int rc = verb_progress_seen() ? each_session(&all, count_turns, err) : 0;
    if (rc < 0)
        return rc;
    verb_progress_of(0, all.turns, "turns");
    verb_document(call);
    if (call->json)
        printf("{\"turns\":[");
    rc = each_session(&all, add_session, err);
    if (rc < 0)
        return rc;
    verb_progress_clear();
    if (all.done == 0 && !call->json)
        puts("no live turn to prove: those of moult serve and moult run are");
    tell_totals(&all, (clock_mono_ns() - from) / MS_NS);
    if (all.by[PROVED_DIFFERENT] > 0)
        return 1;
    return all.by[PROVED_SAME] == all.done && all.done > 0 ? 0 : INCONCLUSIVE;
}

/* --- the command */

static int prove(
    const struct verb_call *call, const struct home *home, uint64_t turn, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal *journal = NULL;
    struct config config;
    uint32_t waived;
    char folder[PATH_MAX];
    int rc = file_program_dir(folder, sizeof folder, err);
    if (rc == 0)
        rc = config_read(&config, home, &arena, err);
    if (rc == 0)
        rc = sandbox_waive(config.waived, config.waived_count, &waived, err);
    if (rc == 0)
        rc = journal_open(&journal, home, JOURNAL_TRIAL, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) char *worker = mem_format("%s/moult-worker", folder);
    const struct prove_plan plan = { journal, home, worker, config.tier, config.steps_max };
    rc = turn ? prove_one(call, &plan, turn, err) : prove_all(call, &plan, err);
    journal_close(journal);
    return rc;
}

static int run_prove(const struct verb_call *call, struct err *err)
{
    const char *args[1];
    bool all = false;
    struct home home;
    const struct option options[] = {
        { "--all", 0, OPTION_FLAG, NULL, "every turn of every live session, a row each", &all },
        { 0 },
    };
    int rc = verb_options(call, &verb_prove, options, args, COUNT_OF(args), err);
    if (rc < 0)
        return rc;
    char *end = NULL;
    uint64_t turn = rc ? strtoull(args[0], &end, 10) : 0;
    if (all ? rc > 0 : turn == 0 || *end) {
        err_set(err, ERR_USAGE, "prove wants the number of a turn, or --all");
        return err_hint(err, "X-Moult-Turn of an answer and moult run --json give it");
    }
    rc = home_find(&home, call->dir, err);
    return rc < 0 ? rc : prove(call, &home, turn, err);
}

const struct verb verb_prove = { "prove", run_prove, "prove TURN | --all",
    "run live turns again from the journal and compare every effect" };
