/* cmd_mine - moult mine: what the detectors find in the journal's sessions, and the batches of what
 * can be mended. Counts are printed for every detector; a cluster that cannot be mended is listed
 * with the reason and gets a batch only when it is asked for by name, so that a person can see the
 * gate refuse. */
#include "trials/cmd.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "trials/batch.h"
#include "trials/conversion.h"
#include "trials/mining.h"
#include "trials/trace.h"
#include "wire/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLUSTERS_MAX = 64 };

struct mine_work {
    struct journal *journal;
    struct mining mining;
    struct digest batches[CLUSTERS_MAX]; /* by rank; zero: none */
    struct journal_splits splits;
    struct conversion conversion;
};

/* --- documents --- */

static void print_origins(struct buf *out, const struct cluster *cluster)
{
    bool first = true;
    buf_text(out, ",\"origins\":[");
    for (uint32_t i = 0; i < cluster->origins_count; i++) {
        const struct cluster_origin *origin = &cluster->origins[i];
        if (origin->hits == 0)
            continue;
        buf_text(out, first ? "{\"name\":" : ",{\"name\":");
        json_quote(out, origin->name);
        buf_format(out,
            ",\"occurrences\":%u,\"sessions\":%u,\"mendable\":%u,\"cases\":%u,\"why_not\":",
            origin->hits, origin->sessions, origin->mendable, origin->cases);
        if (origin->why_not)
            json_quote(out, str_of(origin->why_not));
        else
            buf_text(out, "null");
        buf_char(out, '}');
        first = false;
    }
    buf_char(out, ']');
}

static void print_reason(struct buf *out, const char *why)
{
    buf_text(out, ",\"why_not\":");
    if (why)
        json_quote(out, str_of(why));
    else
        buf_text(out, "null");
}

static void print_figures(struct buf *out, const struct cluster *cluster)
{
    buf_format(out, "\"id\":\"%s\",\"signature\":\"%s\",\"count\":%u,\"mendable\":%s", cluster->id,
        cluster->signature, cluster->cases_count, cluster->mendable ? "true" : "false");
    print_reason(out, cluster->why_not);
    buf_format(out, ",\"benefit\":\"%s\",\"rank\":%u,\"principals\":%u,\"replies_lost\":%llu",
        detect_benefit_words[cluster->detector->benefit], cluster->rank, cluster->principals,
        (unsigned long long)cluster->lost);
    buf_format(out, ",\"first_ms\":%llu,\"last_ms\":%llu,\"trend\":%d",
        (unsigned long long)cluster->first_ms, (unsigned long long)cluster->last_ms,
        (int)cluster->trend);
    buf_format(out, ",\"occurrences\":%u,\"symptom_sessions\":%u,\"solved\":%u,\"groups\":%u",
        cluster->hits, cluster->sessions, cluster->solved, cluster->groups);
    buf_format(out, ",\"held_in_groups\":%u,\"held_out_groups\":%u", cluster->held_in_groups,
        cluster->held_out_groups);
    print_origins(out, cluster);
}

/* Figures only: a proposer may read it. */
static int store_cluster(
    struct journal *journal, const struct cluster *cluster, struct digest *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"schema\":1,");
    print_figures(&out, cluster);
    buf_text(&out, "}\n");
    return journal_put(journal, "cluster", buf_view(&out), ret, err);
}

/* --- states: every move there is here; what is not is left as it stands --- */

static const struct step {
    const char *from, *to;
    bool batch; /* only with a batch that the row does not have yet */
} steps[] = {
    { "", "observed", false },
    { "observed", "clustered", true },
    { "clustered", "batched", true },
    { "batched", "batched", true },
    { "resolved", "reopened", true },
    { "reopened", "batched", true },
};

static const struct journal_cluster *row_of(
    const struct journal_cluster *rows, uint32_t count, const char *id)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(rows[i].id, str_of(id)))
            return &rows[i];
    return NULL;
}

static int move_cluster(struct journal *journal, const struct cluster *cluster,
    const struct journal_cluster *row, const struct digest *batch, struct err *err)
{
    char state[32] = "";
    struct digest figures;
    if (row)
        snprintf(state, sizeof(state), "%.*s", (int)row->state.size, row->state.at);
    if (row && !hash_zero(&row->document) && hash_equal(&row->document, batch))
        return 0;
    int status = store_cluster(journal, cluster, &figures, err);
    for (unsigned i = 0; status >= 0 && i < COUNT_OF(steps); i++) {
        if (strcmp(state, steps[i].from) != 0 || (steps[i].batch && hash_zero(batch)))
            continue;
        struct journal_cluster next = { .id = str_of(cluster->id),
            .signature = str_of(cluster->signature),
            .state = str_of(steps[i].to),
            .document = steps[i].batch ? *batch : figures };
        status = journal_move_cluster(journal, &next, state, err);
        if (status < 0)
            return err_while(err, "cluster %s to %s", cluster->id, steps[i].to);
        snprintf(state, sizeof(state), "%s", steps[i].to);
        if (strcmp(steps[i].from, steps[i].to) == 0 || strcmp(state, "batched") == 0)
            break;
    }
    return status;
}

static int store_batch(
    struct mine_work *work, const struct cluster *cluster, struct digest *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf held_in = { 0 }, held_out = { 0 };
    struct digest other;
    int status = batch_print(&held_in, &held_out, work->mining.miner, cluster, err);
    if (status >= 0)
        status = journal_put(work->journal, "held-out", buf_view(&held_out), &other, err);
    if (status >= 0)
        status = journal_put(work->journal, "batch", buf_view(&held_in), ret, err);
    return status;
}

static int store(struct mine_work *work, const char *asked, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct cluster *cluster;
    struct journal_cluster *rows;
    uint32_t count;
    int status = journal_clusters(work->journal, &arena, &rows, &count, err);
    for (unsigned i = 0; status >= 0 && (cluster = miner_cluster(work->mining.miner, i)); i++) {
        bool by_name = asked && strcmp(asked, cluster->id) == 0;
        /* A cluster of few groups may have no held-in case: then it waits for more evidence. */
        if (by_name || (cluster->mendable && cluster->held_in_groups > 0))
            status = store_batch(work, cluster, &work->batches[i], err);
        if (status >= 0)
            status = move_cluster(
                work->journal, cluster, row_of(rows, count, cluster->id), &work->batches[i], err);
    }
    return status;
}

/* --- output --- */

static void print_counts(struct buf *out, const struct miner *miner, int origin)
{
    bool first = true;
    buf_char(out, '{');
    for (unsigned i = 0; i < detectors_count; i++) {
        struct miner_count count =
            origin < 0 ? miner_total(miner, i) : miner_in_origin(miner, (unsigned)origin, i);
        buf_format(out, "%s\"%s\":{\"occurrences\":%u,\"sessions\":%u}", first ? "" : ",",
            detectors[i].id, count.occurrences, count.sessions);
        first = false;
    }
    buf_char(out, '}');
}

static void print_cluster(struct buf *out, const struct miner *miner, const struct cluster *cluster,
    const struct digest *batch)
{
    char hex[DIGEST_HEX];
    uint32_t count;
    const struct miner_session *sessions = miner_sessions(miner, &count);
    buf_char(out, '{');
    print_figures(out, cluster);
    buf_text(out, ",\"sessions\":[");
    for (uint32_t i = 0; i < cluster->cases_count; i++) {
        if (i > 0)
            buf_char(out, ',');
        json_quote(out, sessions[cluster->cases[i].session].id);
    }
    if (hash_zero(batch))
        buf_text(out, "],\"batch\":null}");
    else
        buf_format(out, "],\"batch\":\"%s\"}", hash_hex(hex, batch));
}

static void print_splits(struct buf *out, const struct journal_splits *splits)
{
    buf_char(out, '{');
    for (int i = 0; i < SPLITS; i++)
        buf_format(out, "\"%s\":%llu,", split_words[i], (unsigned long long)splits->groups[i]);
    buf_format(out, "\"sealed_sessions\":%llu,\"shards\":%u,\"opened\":%u}",
        (unsigned long long)splits->sealed, splits->shards, splits->opened);
}

static void tell_splits(const struct journal_splits *splits)
{
    uint64_t test = splits->groups[SPLIT_TEST];
    printf("groups: %llu held-in, %llu held-out", (unsigned long long)splits->groups[SPLIT_HELD_IN],
        (unsigned long long)splits->groups[SPLIT_HELD_OUT]);
    if (test == 0)
        printf("; no sealed test split under %d groups\n", SPLIT_SEALED_FROM);
    else
        printf(", %llu test (%llu sessions sealed, %u of %u shards opened)\n",
            (unsigned long long)test, (unsigned long long)splits->sealed, splits->opened,
            splits->shards);
}

static void print_json(const struct mine_work *work)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct cluster *cluster;
    const char *name;
    buf_format(&out,
        "{\"sessions\":%llu,\"read\":%llu,\"splits\":", (unsigned long long)work->mining.sessions,
        (unsigned long long)work->mining.read);
    print_splits(&out, &work->splits);
    buf_text(&out, ",\"detectors\":");
    print_counts(&out, work->mining.miner, -1);
    buf_text(&out, ",\"by_origin\":{");
    for (unsigned i = 0; (name = miner_origin(work->mining.miner, i)); i++) {
        if (i > 0)
            buf_char(&out, ',');
        json_quote(&out, str_of(name));
        buf_char(&out, ':');
        print_counts(&out, work->mining.miner, (int)i);
    }
    buf_text(&out, "},\"clusters\":[");
    for (unsigned i = 0; (cluster = miner_cluster(work->mining.miner, i)); i++) {
        if (i > 0)
            buf_char(&out, ',');
        print_cluster(&out, work->mining.miner, cluster, &work->batches[i]);
    }
    buf_text(&out, "],\"conversion\":");
    conversion_print(&out, &work->conversion);
    buf_char(&out, '}');
    puts(out.at);
}

static void print_text(const struct mine_work *work)
{
    const struct cluster *cluster;
    char hex[DIGEST_HEX];
    printf("%llu sessions, %llu of them new or grown\n", (unsigned long long)work->mining.sessions,
        (unsigned long long)work->mining.read);
    tell_splits(&work->splits);
    printf("\nfailures that the harness could mend:\n");
    printf("  %-22s %6s %8s %9s  %-9s  %s\n", "cluster", "runs", "groups", "held-in", "benefit",
        "batch");
    for (unsigned i = 0; (cluster = miner_cluster(work->mining.miner, i)); i++)
        if (cluster->mendable)
            printf("  %-22s %6u %8u %9u  %-9s  %.12s\n", cluster->id, cluster->cases_count,
                cluster->groups, cluster->held_in_groups,
                detect_benefit_words[cluster->detector->benefit],
                hash_zero(&work->batches[i]) ? "-" : hash_hex(hex, &work->batches[i]));
    printf("\nwhat looks like one and is left alone:\n");
    for (unsigned i = 0; (cluster = miner_cluster(work->mining.miner, i)); i++)
        if (!cluster->mendable)
            printf("  %-22s %6u in %u runs: %s%s\n", cluster->id, cluster->hits, cluster->sessions,
                cluster->why_not, hash_zero(&work->batches[i]) ? "" : " (batch made, as asked)");
    const struct conversion *of = &work->conversion;
    printf("\nclusters: %u observed, %u clustered, %u batched, %u proposed, %u gated, %u promoted, "
           "%u held after %d turns\n",
        of->observed, of->clustered, of->batched, of->proposed, of->gated, of->promoted, of->held,
        CONVERSION_TURNS);
    printf("\nsymptoms:\n");
    for (unsigned i = 0; i < detectors_count; i++) {
        struct miner_count count = miner_total(work->mining.miner, i);
        if (count.occurrences > 0 && detectors[i].hook < 0)
            printf("  %-30s %6u in %4u runs  %s\n", detectors[i].id, count.occurrences,
                count.sessions, detectors[i].summary);
    }
}

/* A home that nobody can review has nobody to seal for: the roles guard what there is. */
static int seal(struct mine_work *work, const struct home *home, struct err *err)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct config config;
    int rc = config_read(&config, home, &arena, err);
    if (rc == 0 && (rc = journal_seal(work->journal, (uint64_t)config.seal_days * DAY_MS, err)) ==
                       -ERR_MISSING) {
        log_line(LOG_WARN, "nothing is sealed: %s", err->text);
        rc = 0;
    }
    return rc < 0 ? rc : journal_splits(work->journal, &work->splits, err);
}

static int mine(struct mine_work *work, const struct home *home, const char *asked, struct err *err)
{
    struct digest key;
    CLEANUP(settle_freep) struct settling *settling = NULL;
    int status = home_split_key(home, &key, err);
    if (status >= 0)
        status = journal_open(&work->journal, home, JOURNAL_MINE, err);
    if (status >= 0)
        status =
            verb_progress_seen() ? trace_count(work->journal, false, 0, &work->mining.all, err) : 0;
    if (status >= 0)
        status = settle_begin(&settling, work->journal, &key, err);
    if (status >= 0)
        status = mining_walk(&work->mining, work->journal, home, settling, err);
    if (status >= 0)
        status = seal(work, home, err);
    if (status < 0)
        return status;
    miner_regroup(work->mining.miner, settle_group, settling);
    miner_rank(work->mining.miner);
    if (asked && !miner_find(work->mining.miner, asked)) {
        err_set(err, ERR_MISSING, "no cluster %.60s here", asked);
        return err_hint(err, "moult mine lists the clusters");
    }
    status = store(work, asked, err);
    if (status >= 0)
        status = conversion_count(&work->conversion, work->journal,
            mining_turns_ago(&work->mining, CONVERSION_TURNS), err);
    return status;
}

static int run_mine(const struct verb_call *call, struct err *err)
{
    const char *args[1], *asked = NULL;
    const struct option options[] = {
        { "--cluster", 0, OPTION_TEXT, "ID", "make a batch of this cluster too, mendable or not",
            &asked },
        { 0 },
    };
    struct home home;
    int status = verb_options(call, &verb_mine, options, args, 0, err);
    if (status >= 0)
        status = home_find(&home, call->dir, err);
    if (status < 0)
        return status;
    struct mine_work work = { 0 };
    mining_begin(&work.mining);
    status = mine(&work, &home, asked, err);
    if (status >= 0 && call->json)
        print_json(&work);
    else if (status >= 0)
        print_text(&work);
    journal_close(work.journal);
    mining_done(&work.mining);
    return status < 0 ? status : 0;
}

const struct verb verb_mine = { "mine", run_mine, "mine [--cluster ID]",
    "detectors over traces: counts, clusters, batches" };
