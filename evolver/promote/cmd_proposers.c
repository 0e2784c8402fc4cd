/* cmd_proposers - moult proposers: who proposes, how its predictions came true, what it tried last,
 * and what it may still spend on each cluster. Made of what the journal has. */
#include "base/clock.h"
#include "base/mem.h"
#include "promote/cmd.h"
#include "promote/schedule.h"
#include "promote/score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 64, CLUSTERS_MAX = 64 };

struct name {
    struct str name;
    const struct config_turn *turn; /* of evolve.proposers, or NULL */
    uint32_t place;                 /* there */
    struct score all, kinds[EDIT_KINDS];
    uint32_t candidates, attempts, in_review, promoted, refused;
    double seconds, usd;
    uint64_t tokens;
    const struct attempt_row *last;
};
struct showing {
    struct driver driver;
    struct name names[NAMES_MAX];
    uint32_t names_count;
    struct attempt_row *rows;
    uint32_t rows_count;
    struct schedule_plan plan;
    struct config_turn alone; /* where moult.json names nobody */
};

/* --- who */

/* The configuration's name: a model's candidates have its prompts behind an '@'. */
static struct str plain(struct str proposer)
{
    const char *at = memchr(proposer.at, '@', proposer.size);
    if (at && str_starts(proposer, STR(CONFIG_LLM)))
        proposer.size = (size_t)(at - proposer.at);
    return proposer;
}

/* NULL: there are too many. */
static struct name *name_for(struct showing *showing, struct str proposer)
{
    proposer = plain(proposer);
    for (uint32_t i = 0; i < showing->names_count; i++)
        if (str_equal(showing->names[i].name, proposer))
            return &showing->names[i];
    if (showing->names_count == NAMES_MAX)
        return NULL;
    struct name *name = &showing->names[showing->names_count++];
    *name = (struct name){ .name = proposer };
    return name;
}

static void name_scheduled(struct showing *showing)
{
    const struct config *config = &showing->driver.config;
    showing->alone = (struct config_turn){ .name = STR("search") };
    showing->plan = (struct schedule_plan){ .turns = config->proposers_count ? config->proposers
                                                                             : &showing->alone,
        .turns_count = config->proposers_count ? config->proposers_count : 1,
        .attempts_max = config->attempts_max,
        .active = str_of(showing->driver.active.hex),
        .now_s = clock_wall_ms() / 1000 };
    for (uint32_t i = 0; i < showing->plan.turns_count; i++) {
        struct name *name = name_for(showing, showing->plan.turns[i].name);
        if (name && !name->turn) {
            name->turn = &showing->plan.turns[i];
            name->place = i;
        }
    }
}

/* --- what it did */

static void count_attempts(struct showing *showing)
{
    for (uint32_t i = 0; i < showing->rows_count; i++) {
        const struct attempt_row *row = &showing->rows[i];
        struct name *name = name_for(showing, row->begun.proposer);
        if (!name)
            continue;
        name->attempts++;
        name->seconds += row->ended.seconds;
        name->tokens += row->ended.tokens;
        name->usd += row->ended.usd;
        name->last = row;
    }
}

/* What was said of the candidate when it was handed in. */
static const struct json *said_when_handed_in(
    const struct showing *showing, struct str id, struct arena *arena)
{
    for (uint32_t i = showing->rows_count; i-- > 0;) {
        const struct json *list = json_read(arena, showing->rows[i].ended.candidates, NULL, NULL);
        JSON_EACH(item, list)
        if (str_equal(json_string(arena, json_get(item, "id")), id))
            return item;
    }
    return NULL;
}

static int kind_of(enum edit_kind *ret, struct showing *showing, const struct candidate *candidate,
    struct arena *arena, struct err *err)
{
    struct proposal proposal;
    struct str text;
    int rc =
        journal_get(showing->driver.journal, "proposal", &candidate->proposal, arena, &text, err);
    if (rc == 0)
        rc = proposal_read(&proposal, text, arena, err);
    if (rc == 0)
        *ret = edit_kind_of(&proposal);
    return rc;
}

static int count_candidate(
    struct showing *showing, const struct candidate *candidate, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct arena *kept = &showing->driver.arena;
    struct name *name = name_for(showing, candidate->proposer);
    enum edit_kind kind = EDIT_KINDS;
    struct scored scored;
    if (!name)
        return 0;
    name->candidates++;
    name->refused += candidate->stage == STAGE_REJECTED;
    name->in_review += candidate->stage == STAGE_IN_REVIEW;
    name->promoted += candidate->stage >= STAGE_CANARY && candidate->stage != STAGE_REJECTED;
    int rc = score_candidate(&scored, &showing->driver, candidate,
        said_when_handed_in(showing, candidate->id, &arena), err);
    if (rc == 1 && (rc = kind_of(&kind, showing, candidate, &arena, err)) == 0) {
        score_add(&name->all, &scored, kept);
        score_add(&name->kinds[kind], &scored, kept);
    }
    return rc;
}

static int gather(struct showing *showing, struct err *err)
{
    struct driver *driver = &showing->driver;
    struct candidate *list;
    uint32_t count;
    name_scheduled(showing);
    int rc =
        attempt_rows(driver->journal, &driver->arena, &showing->rows, &showing->rows_count, err);
    if (rc == 0)
        rc = candidate_list(driver->journal, &driver->arena, &list, &count, err);
    if (rc < 0)
        return rc;
    count_attempts(showing);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = count_candidate(showing, &list[i], err);
    showing->plan.rows = showing->rows;
    showing->plan.rows_count = showing->rows_count;
    return rc;
}

/* --- as JSON */

static void print_share(struct buf *out, const char *name, double value)
{
    if (isnan(value))
        buf_format(out, ",\"%s\":null", name);
    else
        buf_format(out, ",\"%s\":%.4f", name, value);
}

static void print_risks(struct buf *out, const struct score_risks *risks)
{
    buf_format(out,
        ",\"risks\":{\"n\":%u,\"unspoken\":%u,\"quiet\":%u,\"predicted\":%llu,\"changed\":%llu,"
        "\"hits\":%llu",
        risks->n, risks->unspoken, risks->quiet, (unsigned long long)risks->predicted,
        (unsigned long long)risks->changed, (unsigned long long)risks->hits);
    print_share(out, "precision", score_risk_precision(risks));
    print_share(out, "recall", score_risk_recall(risks));
    buf_char(out, '}');
}

static void print_score(struct buf *out, const struct score *score)
{
    buf_format(out,
        "{\"n\":%u,\"unspoken\":%u,\"predicted\":%llu,\"mended\":%llu,\"hits\":%llu,\"worse\":%llu",
        score->n, score->unspoken, (unsigned long long)score->predicted,
        (unsigned long long)score->mended, (unsigned long long)score->hits,
        (unsigned long long)score->worse);
    print_share(out, "precision", score_precision(score));
    print_share(out, "recall", score_recall(score));
    print_share(out, "correlation", score_correlation(score));
    print_risks(out, &score->risks);
    buf_char(out, '}');
}

static void print_last(struct buf *out, const struct attempt_row *row)
{
    char at[40];
    buf_text(out, ",\"last\":");
    if (!row) {
        buf_text(out, "null");
        return;
    }
    buf_format(out,
        "{\"at\":\"%s\",\"cluster\":", clock_rfc3339(at, sizeof at, (uint64_t)row->begun.at_ms));
    json_quote(out, row->begun.cluster);
    buf_text(out, ",\"end\":");
    json_quote(out, row->open ? STR("cut off") : row->ended.end);
    buf_text(out, ",\"why\":");
    json_quote(out, row->ended.why);
    buf_format(out, ",\"proposals\":%u,\"rests\":%s,\"seconds\":%.2f}", row->ended.proposals,
        row->ended.rests ? "true" : "false", row->ended.seconds);
}

static void print_left(struct buf *out, const char *name, uint32_t left)
{
    if (left == UINT32_MAX)
        buf_format(out, ",\"%s\":null", name);
    else
        buf_format(out, ",\"%s\":%u", name, left);
}

/* The groups that its newest attempt by anybody found: what the miner knows since, evolve knows. */
static struct schedule_said said_of(
    const struct showing *showing, const struct name *name, struct str cluster)
{
    struct schedule_plan plan = showing->plan;
    plan.cluster = cluster;
    for (uint32_t i = 0; i < showing->rows_count; i++)
        if (str_equal(showing->rows[i].begun.cluster, cluster))
            plan.groups = showing->rows[i].begun.groups;
    return schedule_turn(&plan, name->place);
}

/* Clusters of this proposer's attempts, each once. */
static uint32_t clusters_of(
    const struct showing *showing, const struct name *name, struct str list[CLUSTERS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < showing->rows_count && count < CLUSTERS_MAX; i++) {
        const struct attempt_begun *begun = &showing->rows[i].begun;
        bool seen = !str_equal(begun->proposer, name->name);
        for (uint32_t k = 0; k < count && !seen; k++)
            seen = str_equal(list[k], begun->cluster);
        if (!seen)
            list[count++] = begun->cluster;
    }
    return count;
}

static void print_clusters(struct buf *out, const struct showing *showing, const struct name *name)
{
    struct str list[CLUSTERS_MAX];
    uint32_t count = name->turn ? clusters_of(showing, name, list) : 0;
    buf_text(out, ",\"clusters\":[");
    for (uint32_t i = 0; i < count; i++) {
        const struct schedule_said said = said_of(showing, name, list[i]);
        buf_text(out, i ? ",{\"cluster\":" : "{\"cluster\":");
        json_quote(out, list[i]);
        buf_format(out, ",\"state\":\"%s\",\"in_vain\":%u,\"cools_s\":%u,\"left\":{\"usd\":",
            schedule_words[said.word], said.in_vain, said.wait_s);
        if (said.left.usd == UINT32_MAX)
            buf_text(out, "null");
        else
            buf_format(out, "%.6f", said.left.usd / 1e6);
        print_left(out, "candidates", said.left.candidates);
        print_left(out, "seconds", said.left.seconds);
        print_left(out, "tokens", said.left.tokens);
        buf_text(out, "}}");
    }
    buf_char(out, ']');
}

static void print_one(struct buf *out, const struct showing *showing, const struct name *name)
{
    buf_text(out, "{\"name\":");
    json_quote(out, name->name);
    if (name->turn)
        buf_format(out, ",\"when\":\"%s\"", config_when_words[name->turn->when]);
    else
        buf_text(out, ",\"when\":null");
    buf_format(out,
        ",\"attempts\":%u,\"candidates\":%u,\"rejected\":%u,\"in_review\":%u,\"promoted\":%u,"
        "\"seconds\":%.2f,\"tokens\":%llu,\"usd\":%.6f,\"score\":",
        name->attempts, name->candidates, name->refused, name->in_review, name->promoted,
        name->seconds, (unsigned long long)name->tokens, name->usd);
    print_score(out, &name->all);
    buf_text(out, ",\"kinds\":{");
    const char *comma = "";
    for (int kind = 0; kind < EDIT_KINDS; kind++) {
        if (name->kinds[kind].n + name->kinds[kind].unspoken == 0)
            continue;
        buf_format(out, "%s\"%s\":", comma, edit_kind_words[kind]);
        print_score(out, &name->kinds[kind]);
        comma = ",";
    }
    buf_char(out, '}');
    print_last(out, name->last);
    print_clusters(out, showing, name);
    buf_char(out, '}');
}

/* --- for people */

static const char *percent(char *out, size_t size, double value)
{
    if (isnan(value))
        snprintf(out, size, "-");
    else
        snprintf(out, size, "%.0f %%", value * 100);
    return out;
}

static void tell_risks(struct buf *out, const struct score_risks *risks)
{
    char precision[16], recall[16];
    if (risks->n == 0)
        return;
    buf_format(out, "  risks       n %u: precision %s, recall %s; %u said none, and none came\n",
        risks->n, percent(precision, sizeof precision, score_risk_precision(risks)),
        percent(recall, sizeof recall, score_risk_recall(risks)), risks->quiet);
}

/* A kind of edit, where there is one. */
static void tell_kind(struct buf *out, const char *kind, const struct score *score)
{
    char precision[16], recall[16];
    if (score->n == 0)
        return;
    buf_format(out, "  of %-8s n %u: fixes precision %s, recall %s", kind, score->n,
        percent(precision, sizeof precision, score_precision(score)),
        percent(recall, sizeof recall, score_recall(score)));
    if (score->risks.n > 0)
        buf_format(out, "; risks precision %s, recall %s",
            percent(precision, sizeof precision, score_risk_precision(&score->risks)),
            percent(recall, sizeof recall, score_risk_recall(&score->risks)));
    buf_char(out, '\n');
}

static void tell_one(struct buf *out, const struct showing *showing, const struct name *name)
{
    struct str list[CLUSTERS_MAX];
    char shown[80], precision[16], recall[16], why[200];
    double rho = score_correlation(&name->all);
    buf_format(out,
        "%s\n  attempts    %u, %.0f s, %llu tokens, $%.2f; %u candidates: %u rejected, %u in "
        "review, %u promoted\n",
        str_printable(shown, sizeof shown, name->name, false), name->attempts, name->seconds,
        (unsigned long long)name->tokens, name->usd, name->candidates, name->refused,
        name->in_review, name->promoted);
    buf_format(out, "  predictions n %u: precision %s, recall %s, correlation ", name->all.n,
        percent(precision, sizeof precision, score_precision(&name->all)),
        percent(recall, sizeof recall, score_recall(&name->all)));
    if (isnan(rho))
        buf_text(out, "-\n");
    else
        buf_format(out, "%.2f\n", rho);
    tell_risks(out, &name->all.risks);
    for (int kind = 0; kind < EDIT_KINDS; kind++)
        tell_kind(out, edit_kind_words[kind], &name->kinds[kind]);
    if (name->last)
        buf_format(out, "  last        %s: %s%s%s\n",
            str_printable(shown, sizeof shown, name->last->begun.cluster, false),
            name->last->open
                ? "cut off"
                : str_printable(precision, sizeof precision, name->last->ended.end, false),
            name->last->ended.why.size ? ": " : "",
            str_printable(why, sizeof why, name->last->ended.why, false));
    uint32_t count = name->turn ? clusters_of(showing, name, list) : 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct schedule_said said = said_of(showing, name, list[i]);
        buf_format(out, "  %-11s %s\n", str_printable(shown, sizeof shown, list[i], false),
            schedule_say(why, sizeof why, &said));
    }
}

static void tell(const struct showing *showing, bool json)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, json ? "{\"proposers\":[" : "");
    for (uint32_t i = 0; i < showing->names_count; i++) {
        if (json && i > 0)
            buf_char(&out, ',');
        (json ? print_one : tell_one)(&out, showing, &showing->names[i]);
    }
    buf_text(&out, json ? "]}\n" : "");
    fputs(out.at, stdout);
}

static int run(const struct verb_call *call, struct err *err)
{
    const struct option options[] = { { 0 } };
    int rc = verb_options(call, &verb_proposers, options, NULL, 0, err);
    if (rc < 0)
        return rc;
    struct showing *showing = mem_zero(1, sizeof *showing);
    rc = driver_open(&showing->driver, call, err);
    if (rc == 0) {
        rc = gather(showing, err);
        if (rc == 0)
            tell(showing, call->json);
        driver_done(&showing->driver);
    }
    free(showing);
    return rc;
}

const struct verb verb_proposers = { "proposers", run, "proposers",
    "who proposes: predictions held against what came, last attempts, what is left to spend" };
