/* cmd_evolve - moult evolve: the driver's round. What a kill left unfinished is finished first,
 * then the worst cluster that can be mended gets its proposers, one behind the other; where they
 * find nothing, the next one. */
#include "base/fd.h"
#include "base/mem.h"
#include "base/names.h"
#include "promote/attempt.h"
#include "promote/cluster_move.h"
#include "promote/cmd.h"
#include "promote/enter.h"
#include "promote/gate_policy.h"
#include "promote/past.h"
#include "promote/power.h"
#include "promote/round.h"
#include "promote/turns.h"
#include "promote/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS_MAX = 3600, WORKERS = 2, CLUSTERS_MAX = 64, MADE_MAX = 256 };

struct target {
    struct str cluster, state;
    struct digest batch;
    uint32_t rank, groups, cases;
};
struct evolving {
    const struct verb_call *call;
    struct driver driver;
    struct advance advance;
    struct candidate from; /* of the archive; id empty: from what is active */
    const char *cluster, *archived, *proposer, *until; /* proposer NULL: those of moult.json */
    struct option_list without;
    uint64_t seconds, seed;
    bool quick, stock;
    struct target targets[CLUSTERS_MAX];
    unsigned targets_count;
    struct candidate made[MADE_MAX];
    unsigned made_count;
    struct buf attempts; /* JSON, one a cluster */
    char stopped[200];
    uint32_t retry_s; /* somebody cools down for so long, at least; UINT32_MAX: nobody does */
};

static void say(void *with, const char *line)
{
    (void)with;
    fprintf(stderr, "  %s\n", line);
}

/* --- which clusters */

static bool named(const struct evolving *evolving, struct str cluster)
{
    return evolving->cluster && str_equal(cluster, str_of(evolving->cluster));
}

static int add_target(struct evolving *evolving, const struct journal_cluster *row, struct err *err)
{
    struct driver *driver = &evolving->driver;
    struct batch batch;
    struct str text;
    bool has_batch = str_equal(row->state, STR("batched")) || str_equal(row->state, STR("in_work"));
    if (!has_batch || (evolving->cluster && !named(evolving, row->id)))
        return 0;
    int rc = journal_get(driver->journal, "batch", &row->document, &driver->arena, &text, err);
    if (rc == 0)
        rc = batch_read(&batch, text, &driver->arena, err);
    if (rc < 0 || (!batch.mendable && !named(evolving, row->id)))
        return rc;
    evolving->targets[evolving->targets_count++] = (struct target){ .cluster = row->id,
        .state = row->state,
        .batch = row->document,
        .rank = batch.rank,
        .groups = power_groups(&batch),
        .cases = batch.cases_count };
    return 0;
}

/* As the mine ranked them that froze their batches; of two mines, by id. */
static int by_rank(const void *a, const void *b)
{
    const struct target *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return str_compare(x->cluster, y->cluster);
}

static int find_targets(struct evolving *evolving, struct err *err)
{
    struct driver *driver = &evolving->driver;
    struct journal_cluster *rows;
    uint32_t count;
    int rc = journal_clusters(driver->journal, &driver->arena, &rows, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count && evolving->targets_count < CLUSTERS_MAX; i++)
        rc = add_target(evolving, &rows[i], err);
    qsort(evolving->targets, evolving->targets_count, sizeof evolving->targets[0], by_rank);
    if (rc == 0 && evolving->targets_count == 0) {
        struct digest none;
        if (evolving->cluster &&
            (rc = enter_batch(&none, driver, str_of(evolving->cluster), err)) < 0)
            return rc;
        snprintf(evolving->stopped, sizeof evolving->stopped,
            evolving->cluster ? "the cluster is resolved"
                              : "no cluster that can be mended is open");
    }
    return rc;
}

/* Somebody's decision is awaited for this cluster on what is active now. */
static bool waits(const struct evolving *evolving, const struct candidate *list, uint32_t count,
    struct str cluster)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(list[i].cluster, cluster) &&
            (list[i].stage == STAGE_IN_REVIEW || list[i].stage == STAGE_APPROVED) &&
            str_equal(list[i].parent, str_of(evolving->driver.active.hex)))
            return true;
    return false;
}

/* --- the round */

static void remember(struct evolving *evolving, const struct candidate *candidate)
{
    if (evolving->made_count < MADE_MAX)
        evolving->made[evolving->made_count++] = *candidate;
}

static int resume(struct evolving *evolving, struct err *err)
{
    struct driver *driver = &evolving->driver;
    struct candidate *list;
    uint32_t count;
    int rc = candidate_list(driver->journal, &driver->arena, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        if (advance_rests(&list[i]))
            continue;
        rc = advance_run(&evolving->advance, &list[i], err);
        if (rc == 0)
            remember(evolving, &list[i]);
    }
    return rc;
}

static int move_target(struct evolving *evolving, const struct target *target, const char *from,
    enum cluster_event event, struct err *err)
{
    struct journal_cluster row = {
        .id = target->cluster, .state = str_of(from), .document = target->batch
    };
    struct journal_cluster *rows;
    uint32_t count;
    int rc =
        journal_clusters(evolving->driver.journal, &evolving->driver.arena, &rows, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        if (str_equal(rows[i].id, target->cluster))
            row.signature = rows[i].signature;
    return rc < 0 ? rc : cluster_move(&evolving->driver, &row, event, err);
}

static void number_or_null(struct buf *out, uint32_t number)
{
    if (number == UINT32_MAX)
        buf_text(out, "null");
    else
        buf_format(out, "%u", number);
}

/* buys: how many candidates its budget was thought to buy; UINT32_MAX: nobody knew. */
static void tell_attempt(struct evolving *evolving, const struct target *target,
    struct str proposer, uint32_t buys, const struct attempt *attempt)
{
    const struct proposing_result *run = &attempt->proposing;
    struct buf *out = &evolving->attempts;
    buf_text(out, out->size ? ",{\"cluster\":" : "{\"cluster\":");
    json_quote(out, target->cluster);
    buf_format(out, ",\"groups\":%u,\"cases\":%u,\"buys\":", target->groups, target->cases);
    number_or_null(out, buys);
    buf_text(out, ",\"proposer\":");
    json_quote(out, proposer);
    buf_text(out, ",\"not_tried\":");
    if (attempt->not_tried)
        json_quote(out, str_of(attempt->not_tried));
    else
        buf_text(out, "null");
    buf_format(out,
        ",\"end\":\"%s\",\"proposals\":%u,\"judged\":%llu,\"builds\":%u,"
        "\"built_by\":{\"tcc\":%u,\"gcc\":%u},\"tries\":%u,\"seconds\":%.2f,\"why\":",
        attempt->not_tried ? "not started" : proposing_end_words[run->end], run->proposals_count,
        (unsigned long long)run->judged, run->builds, run->built_by[COMPILE_BY_TCC],
        run->built_by[COMPILE_BY_GCC], run->tries, (double)run->wall_us / 1e6);
    json_quote(out, str_of(run->why));
    buf_text(out, ",\"dropped\":[");
    for (unsigned i = 0; i < attempt->dropped_count; i++) {
        buf_text(out, i ? ",{\"plugin\":" : "{\"plugin\":");
        json_quote(out, attempt->dropped[i].plugin);
        buf_text(out, ",\"why\":");
        json_quote(out, str_of(attempt->dropped[i].why));
        buf_char(out, '}');
    }
    buf_text(out, "],\"stop\":");
    buf_str(out, run->stop.size ? run->stop : STR("null"));
    buf_char(out, '}');
}

static void say_attempt(
    const struct evolving *evolving, struct str proposer, const struct attempt *attempt)
{
    char line[320];
    const struct proposing_result *run = &attempt->proposing;
    if (!evolving->advance.say || attempt->not_tried || str_equal(proposer, STR("search")))
        return;
    snprintf(line, sizeof line, "%.*s: %s%s%s", (int)proposer.size, proposer.at,
        proposing_end_words[run->end], *run->why ? ": " : "", run->why);
    evolving->advance.say(NULL, line);
}

/* Who, with what is left of its budget for this cluster. */
struct asked {
    struct config_turn turn;
    struct config_proposer own; /* of a command or a model */
    bool command, model;
    uint32_t candidates, seconds, buys;
};

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Of two bounds the tighter, where 0 is none yet. */
static uint32_t bounded(uint32_t bound, uint32_t most)
{
    return bound ? least(bound, most) : most;
}

/* 0 is no bound of money, so a bound that is there is never 0 where it is asked. */
static struct asked who(const struct evolving *evolving, const struct turns *turns, uint32_t turn)
{
    const struct config *config = &evolving->driver.config;
    const struct schedule_said said = turns_said(turns, turn);
    struct asked asked = { .turn = turns->plan.turns[turn] };
    const struct config_proposer *command = config_command(config, asked.turn.name);
    asked.command = command != NULL;
    if (command)
        asked.own = *command;
    asked.model = config_llm(config, asked.turn.name, &asked.own);
    asked.seconds = command || asked.model ? asked.own.seconds : config->budget_seconds;
    if (evolving->seconds)
        asked.seconds = (uint32_t)evolving->seconds;
    asked.candidates = command ? 0 : config->budget_candidates;
    if (!turns->named) {
        asked.seconds = turns_seconds(&said, asked.seconds);
        asked.own.tokens = least(asked.own.tokens, said.left.tokens);
        if (said.left.usd != UINT32_MAX)
            asked.own.usd = bounded(asked.own.usd, said.left.usd);
        if (said.left.candidates != UINT32_MAX)
            asked.candidates = bounded(asked.candidates, said.left.candidates);
    }
    asked.own.seconds = least(asked.own.seconds, asked.seconds);
    asked.buys = command ? 1
                         : schedule_buys(&turns->plan, asked.turn.name, asked.seconds,
                               turns->named ? UINT32_MAX : said.left.candidates);
    if (asked.buys != UINT32_MAX)
        asked.buys = bounded(asked.candidates, asked.buys);
    return asked;
}

static void say_budget(const struct evolving *evolving, const struct asked *asked)
{
    char line[200], buys[80] = "no attempt of it has shown yet how many candidates that buys";
    if (!evolving->advance.say)
        return;
    if (asked->buys != UINT32_MAX)
        snprintf(buys, sizeof buys, "that buys about %u candidates", asked->buys);
    snprintf(line, sizeof line, "%.*s: %u s; %s", (int)asked->turn.name.size, asked->turn.name.at,
        asked->seconds, buys);
    evolving->advance.say(NULL, line);
}

/* 1: a candidate rests where the person wanted it. */
static int try_proposer(struct evolving *evolving, const struct target *target,
    const struct asked *asked, struct err *err)
{
    struct attempt attempt;
    struct str proposer = asked->turn.name;
    const struct attempt_plan plan = { .driver = &evolving->driver,
        .cluster = target->cluster,
        .batch = target->batch,
        .advance = evolving->advance,
        .without = evolving->without.at,
        .without_count = evolving->without.count,
        .command = asked->command ? &asked->own : NULL,
        .model = asked->model ? &asked->own : NULL,
        .from = evolving->from.id.size ? &evolving->from : NULL,
        .name = proposer,
        .groups = target->groups,
        .candidates = asked->candidates,
        .seconds = asked->seconds,
        .ablate = !evolving->quick,
        .stock = evolving->stock,
        .seed = evolving->seed };
    say_budget(evolving, asked);
    int rc = attempt_run(&attempt, &plan, err);
    if (rc < 0)
        return rc;
    bool found = false;
    for (unsigned i = 0; i < attempt.count; i++) {
        remember(evolving, &attempt.candidates[i]);
        found |= attempt.candidates[i].stage != STAGE_REJECTED;
    }
    say_attempt(evolving, proposer, &attempt);
    tell_attempt(evolving, target, proposer, asked->buys, &attempt);
    attempt_done(&attempt);
    return found;
}

static void pass_over(
    struct evolving *evolving, const struct target *target, struct str proposer, const char *why)
{
    char line[300];
    const struct attempt none = { .not_tried = why };
    tell_attempt(evolving, target, proposer, UINT32_MAX, &none);
    snprintf(line, sizeof line, "%.*s: %s", (int)proposer.size, proposer.at, why);
    if (evolving->advance.say)
        evolving->advance.say(NULL, line);
    snprintf(evolving->stopped, sizeof evolving->stopped, "%.*s: %.150s", (int)target->cluster.size,
        target->cluster.at, why);
}

/* It is not its turn. */
static void rests(struct evolving *evolving, const struct target *target, struct str proposer,
    const struct schedule_said *said)
{
    char why[200];
    if (said->word == SCHEDULE_COOLS)
        evolving->retry_s = least(evolving->retry_s, said->wait_s);
    pass_over(evolving, target, proposer, schedule_say(why, sizeof why, said));
}

/* 1: nothing that it finds could pass. That is said, and nothing is spent unless a person named the
 * cluster. */
static int lacks_power(
    struct evolving *evolving, const struct target *target, struct str proposer, struct err *err)
{
    struct shard_plan plan;
    char why[140], line[160];
    if (evolving->advance.until < STAGE_GATED)
        return 0;
    int rc = power_of(&plan, &evolving->driver, &target->batch, proposer, err);
    if (rc < 0 || plan.can_pass)
        return rc;
    snprintf(line, sizeof line, "underpowered: %s", power_say(why, sizeof why, &plan));
    if (!evolving->cluster)
        pass_over(evolving, target, proposer, line);
    else if (evolving->advance.say)
        evolving->advance.say(NULL, line);
    return !evolving->cluster;
}

static int take_turn(struct evolving *evolving, const struct target *target, struct turns *turns,
    uint32_t turn, struct err *err)
{
    const struct schedule_said said = turns_said(turns, turn);
    struct str proposer = turns->plan.turns[turn].name;
    if (said.word != SCHEDULE_GO) {
        rests(evolving, target, proposer, &said);
        return 0;
    }
    int rc = lacks_power(evolving, target, proposer, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    const struct asked asked = who(evolving, turns, turn);
    rc = try_proposer(evolving, target, &asked, err);
    return rc == 0 ? turns_look(turns, err) : rc;
}

static int try_proposers(struct evolving *evolving, const struct target *target, struct err *err)
{
    struct turns turns;
    int rc = turns_open(
        &turns, &evolving->driver, target->cluster, target->groups, evolving->proposer, err);
    for (uint32_t i = 0; rc == 0 && i < turns.plan.turns_count; i++)
        rc = take_turn(evolving, target, &turns, i, err);
    return rc;
}

/* 1: as try_proposer. */
static int try_target(struct evolving *evolving, struct target *target, struct err *err)
{
    char line[160];
    snprintf(line, sizeof line, "cluster %.*s: %u held-in cases of %u groups",
        (int)target->cluster.size, target->cluster.at, target->cases, target->groups);
    if (evolving->advance.say)
        evolving->advance.say(NULL, line);
    int rc = str_equal(target->state, STR("batched"))
                 ? move_target(evolving, target, "batched", ON_WORK, err)
                 : 0;
    if (rc < 0)
        return rc;
    int found = try_proposers(evolving, target, err);
    if (found < 0 && found != -ERR_LACKS)
        return found;
    struct err moving = { 0 };
    rc = move_target(evolving, target, "in_work", ON_GIVE_UP, &moving);
    /* Whoever moved it meanwhile (a promotion, a mine) has the last word. */
    if (rc == 0 || rc == -ERR_STATE || found < 0)
        return found;
    *err = moving;
    return rc;
}

static int evolve(struct evolving *evolving, struct err *err)
{
    struct driver *driver = &evolving->driver;
    struct candidate *list;
    uint32_t count;
    CLEANUP(fd_closep) int round = round_begin(&driver->home, err);
    int rc = round < 0 ? round : resume(evolving, err);
    if (rc == 0)
        rc = find_targets(evolving, err);
    if (rc == 0)
        rc = candidate_list(driver->journal, &driver->arena, &list, &count, err);
    if (rc < 0 || evolving->targets_count == 0)
        return rc;
    snprintf(evolving->stopped, sizeof evolving->stopped,
        "nothing that was proposed passed, or nothing was found");
    for (unsigned i = 0; rc == 0 && i < evolving->targets_count; i++) {
        if (waits(evolving, list, count, evolving->targets[i].cluster)) {
            snprintf(evolving->stopped, sizeof evolving->stopped, "a candidate waits for a person");
            if (evolving->cluster)
                break;
            continue;
        }
        rc = try_target(evolving, &evolving->targets[i], err);
        if (rc == 1)
            snprintf(evolving->stopped, sizeof evolving->stopped, "a candidate reached %s",
                stage_words[evolving->made[evolving->made_count - 1].stage]);
    }
    return rc < 0 ? rc : 0;
}

/* --- output */

static void tell(const struct evolving *evolving)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    bool json = evolving->call->json;
    if (json)
        buf_text(&out, "{\"candidates\":[");
    for (unsigned i = 0; i < evolving->made_count; i++) {
        if (json)
            buf_text(&out, i ? ",{" : "{");
        (json ? view_short : view_line)(&out, &evolving->made[i]);
        buf_char(&out, json ? '}' : '\n');
    }
    if (json) {
        buf_text(&out, "],\"attempts\":[");
        buf_str(&out, buf_view(&evolving->attempts));
        buf_text(&out, "],\"stopped\":");
        json_quote(&out, str_of(evolving->stopped));
        buf_text(&out, ",\"retry_s\":");
        number_or_null(&out, evolving->retry_s);
        buf_text(&out, "}\n");
    } else {
        buf_format(&out, "stopped     %s\n", evolving->stopped);
    }
    fputs(out.at, stdout);
}

static int check(const struct evolving *evolving, struct err *err)
{
    int until = name_find(stage_words, STAGES, str_of(evolving->until));
    if (until <= STAGE_PROPOSED || until > STAGE_IN_REVIEW)
        return err_set(err, ERR_USAGE, "--until wants a state from patched to in_review");
    if (evolving->seconds > SECONDS_MAX)
        return err_set(err, ERR_USAGE, "--budget wants 1 to %d seconds", SECONDS_MAX);
    return until;
}

static int check_proposer(const struct evolving *evolving, struct err *err)
{
    const char *name = evolving->proposer;
    const struct config *config = &evolving->driver.config;
    struct config_proposer unused;
    if (!name || strcmp(name, "search") == 0 || config_command(config, str_of(name)) ||
        config_llm(config, str_of(name), &unused))
        return 0;
    err_set(err, ERR_USAGE, "no proposer %.60s", name);
    return err_hint(err,
        "search, llm:ALIAS with an ALIAS of models, or command:NAME with a NAME of proposers in "
        "moult.json");
}

/* Now, not when the first candidate has come as far as the gate. */
static int check_policy(struct driver *driver, struct err *err)
{
    struct policy policy;
    struct digest unused;
    return gate_policy(&policy, &unused, driver, err);
}

/* Its failure is what it was made for. */
static int find_archived(struct evolving *evolving, struct err *err)
{
    struct driver *driver = &evolving->driver;
    struct candidate *from = &evolving->from;
    int rc = candidate_find(driver->journal, &driver->arena, str_of(evolving->archived), from, err);
    if (rc < 0)
        return rc;
    if (!past_archived(from)) {
        err_set(err, ERR_STATE, "candidate %.12s is %s", from->id.at, stage_words[from->stage]);
        return err_hint(err, "what was rejected or superseded is the archive");
    }
    if (evolving->cluster && !named(evolving, from->cluster))
        return err_set(
            err, ERR_USAGE, "candidate %.12s was made for %.60s", from->id.at, from->cluster.at);
    evolving->cluster = arena_string(&driver->arena, from->cluster.at, from->cluster.size);
    return 0;
}

static int begin(struct evolving *evolving, struct err *err)
{
    int until = check(evolving, err);
    int rc = until < 0 ? until : driver_open(&evolving->driver, evolving->call, err);
    if (rc < 0)
        return rc;
    evolving->advance = (struct advance){ .driver = &evolving->driver,
        .until = (enum stage)until,
        .workers = WORKERS,
        .say = evolving->call->json ? NULL : say };
    rc = check_proposer(evolving, err);
    if (rc == 0 && evolving->archived)
        rc = find_archived(evolving, err);
    if (rc == 0)
        rc = check_policy(&evolving->driver, err);
    if (rc == 0)
        rc = evolve(evolving, err);
    if (rc == 0)
        tell(evolving);
    driver_done(&evolving->driver);
    return rc;
}

static int run(const struct verb_call *call, struct err *err)
{
    struct evolving *evolving = mem_zero(1, sizeof *evolving);
    *evolving =
        (struct evolving){ .call = call, .until = "in_review", .seed = 1, .retry_s = UINT32_MAX };
    const struct option options[] = {
        { "--cluster", 0, OPTION_TEXT, "ID", "this one (default: the worst that can be mended)",
            &evolving->cluster },
        { "--proposer", 0, OPTION_TEXT, "NAME",
            "search, llm:ALIAS or command:NAME (default: evolve.proposers of moult.json)",
            &evolving->proposer },
        { "--from", 0, OPTION_TEXT, "ID",
            "the source of this candidate, which was rejected or superseded, instead of the active",
            &evolving->archived },
        { "--until", 0, OPTION_TEXT, "STATE", "how far candidates go (default: in_review)",
            &evolving->until },
        { "--budget", 0, OPTION_NUMBER, "SECONDS",
            "of the proposer on one cluster (default: evolve.budget.seconds of moult.json)",
            &evolving->seconds },
        { "--seed", 0, OPTION_NUMBER, "N", "of the proposer (default: 1)", &evolving->seed },
        { "--quick", 0, OPTION_FLAG, NULL,
            "do not run the proposer again to see what a fix is made of", &evolving->quick },
        { "--stock", 0, OPTION_FLAG, NULL,
            "stock plugins may be copied from (default: evolve.search.stock of moult.json)",
            &evolving->stock },
        { "--without", 0, OPTION_LIST, "VERB",
            "taken out of the vocabulary, to see what a fix is made of; graft, stock: not copied",
            &evolving->without },
        { 0 },
    };
    int rc = verb_options(call, &verb_evolve, options, NULL, 0, err);
    if (rc == 0)
        rc = begin(evolving, err);
    buf_done(&evolving->attempts);
    free(evolving);
    return rc;
}

const struct verb verb_evolve = { "evolve", run,
    "evolve [--cluster ID] [--from ID] [--proposer NAME] [--until STATE] [--budget SECONDS] "
    "[--quick] [--stock] "
    "[--without VERB]",
    "propose, check, build, replay and gate, until a person has to decide" };
