/* propose_drive - one run of a proposer against a home's own evidence, and nothing after it: for
 * whoever works on a proposer, and for the test that the evidence of the shipped traces is enough.
 * Prints progress, what was proposed (the document, then the new source) and the counts. */
#include "promote/donors.h"
#include "promote/driver.h"
#include "promote/evidence_now.h"
#include "promote/proposing.h"
#include "promote/runs.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCE_MAX = 256 * 1024 };

struct drive {
    const char *cluster, *program, *bundle, *source, *without[32];
    unsigned without_count;
    uint32_t seconds;
    bool quiet, recorded, by_gcc, stock;
    struct driver driver;
    struct runs runs;
    struct batch batch;
    struct donors donors;
    struct arena arena;
};

static int find_batch(struct drive *drive, struct journal *journal, struct err *err)
{
    struct journal_cluster *rows;
    struct str text;
    uint32_t count;
    int rc = journal_clusters(journal, &drive->arena, &rows, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        if (!str_equal(rows[i].id, str_of(drive->cluster)))
            continue;
        struct digest digest = rows[i].document;
        rc = journal_get(journal, "batch", &digest, &drive->arena, &text, err);
        if (rc < 0)
            return rc;
        text.at = arena_string(&drive->arena, text.at, text.size);
        return batch_read(&drive->batch, text, &drive->arena, err);
    }
    return rc < 0 ? rc
                  : err_set(err, ERR_MISSING, "no batch of cluster %s: moult mine", drive->cluster);
}

/* In the role of a proposer: the journal keeps back what is not held-in. */
static int read_held_in(struct drive *drive, struct err *err)
{
    struct journal *journal;
    int rc = journal_open(&journal, &drive->driver.home, JOURNAL_PROPOSE, err);
    if (rc < 0)
        return rc;
    const struct runs_want want = { .splits = RUNS_HELD_IN };
    rc = find_batch(drive, journal, err);
    if (rc == 0)
        rc = runs_load(&drive->runs, journal, &want, err);
    journal_close(journal);
    return rc;
}

static void say(void *with, const char *line)
{
    const struct drive *drive = with;
    if (!drive->quiet)
        printf("  | %s\n", line);
    fflush(stdout);
}

static void show_proposal(const struct drive *drive, const struct proposal *proposal)
{
    CLEANUP(buf_done) struct buf source = { 0 };
    const struct harness_source *of = harness_find(&drive->driver.harness, proposal->plugin);
    printf("--- proposal\n%.*s\n", (int)proposal->raw.size, proposal->raw.at);
    if (of && proposal_apply(&source, proposal, of->text, NULL) == 0)
        printf("--- %.*s\n%s", (int)proposal->path.size, proposal->path.at, source.at);
}

static void show(const struct drive *drive, const struct proposing_result *result)
{
    for (unsigned i = 0; i < result->proposals_count; i++)
        show_proposal(drive, &result->proposals[i]);
    printf(
        "--- %s%s%s\n", proposing_end_words[result->end], result->why[0] ? ": " : "", result->why);
    if (result->stop.size > 0)
        printf("%.*s\n", (int)result->stop.size, result->stop.at);
    printf(
        "%u proposals; %u builds (%u ok) %.2f s; %llu rows in %u judges %.2f s; %u tries %.2f s; "
        "%u denied; %.1f s in all\n",
        result->proposals_count, result->builds, result->builds_ok, (double)result->build_us / 1e6,
        (unsigned long long)result->judged, result->judges, (double)result->judge_us / 1e6,
        result->tries, (double)result->try_us / 1e6, result->denied, (double)result->wall_us / 1e6);
}

static int propose(struct drive *drive, const struct evidence *evidence,
    const struct evidence_plan *from, const struct driver_builds *builds, const char *worker,
    struct err *err)
{
    CLEANUP(buf_done) struct buf bundle = { 0 };
    struct proposing_result result;
    evidence_print(&bundle, evidence, from);
    if (drive->bundle) {
        int rc = file_write(drive->bundle, buf_view(&bundle), 0644, err);
        if (rc < 0 || (drive->program && strcmp(drive->program, "none") == 0))
            return rc;
    }
    const struct proposing_plan plan = { .program = drive->program,
        .judging = { .evidence = evidence,
            .harness = &drive->driver.harness,
            .builds = builds->at,
            .builds_count = builds->count,
            .pipeline = HARNESS_PIPELINE,
            .worker = worker,
            .sdk = drive->driver.sdk,
            .tier = SANDBOX_CONTAINER,
            .workers = 2,
            .by_gcc = drive->by_gcc },
        .bundle = buf_view(&bundle),
        .budget = { .seconds = drive->seconds },
        .say = say,
        .with = drive };
    printf("evidence: %u failing steps of %u groups, %u that pass, %u made; %zu bytes\n",
        evidence->fails, evidence->fail_groups, evidence->passes, evidence->overreaches,
        bundle.size);
    int rc = proposing_run(&result, &plan, err);
    if (rc < 0)
        return rc;
    show(drive, &result);
    rc = result.proposals_count == 0;
    proposing_result_done(&result);
    return rc;
}

static int with_builds(struct drive *drive, const struct driver_builds *builds, struct err *err)
{
    struct evidence evidence;
    CLEANUP(mem_freep) char *worker = mem_format("%s/moult-worker", drive->driver.bin);
    const struct replay_arm arm = { .worker = worker,
        .builds = builds->at,
        .builds_count = builds->count,
        .pipeline = HARNESS_PIPELINE,
        .tier = SANDBOX_CONTAINER,
        .seed = 1 };
    const struct run *const *runs = (const struct run *const *)drive->runs.at;
    const struct evidence_digests **now = NULL;
    int rc = 0;
    if (!drive->recorded)
        rc = evidence_now(&now, &drive->arena, &arm, 2, runs, drive->runs.count, err);
    const struct evidence_plan plan = { .detector = detector_find(drive->cluster),
        .batch = &drive->batch,
        .runs = runs,
        .runs_count = drive->runs.count,
        .now = (const struct evidence_digests *const *)now,
        .harness = &drive->driver.harness,
        .stock = drive->donors.stock,
        .earlier = drive->donors.earlier,
        .earlier_count = drive->donors.earlier_count,
        .without = drive->without,
        .without_count = drive->without_count,
        .candidates = PROPOSER_CANDIDATES_MAX,
        .seconds = drive->seconds,
        .seed = 1 };
    if (rc == 0 && !plan.detector)
        rc = err_set(err, ERR_MISSING, "no detector %s", drive->cluster);
    if (rc == 0)
        rc = evidence_choose(&evidence, &plan, err);
    if (rc < 0)
        return rc;
    rc = propose(drive, &evidence, &plan, builds, worker, err);
    evidence_done(&evidence);
    return rc;
}

/* NAME=FILE: another source in the place of a plugin's, in this run alone. */
static int take_source(struct drive *drive, struct driver_builds *builds, struct err *err)
{
    const char *equals = drive->source ? strchr(drive->source, '=') : NULL;
    struct compile_result built;
    struct str name = { drive->source, equals ? (size_t)(equals - drive->source) : 0 };
    if (!drive->source)
        return 0;
    struct harness_source *source =
        (struct harness_source *)harness_find(&drive->driver.harness, name);
    if (!equals || !source)
        return err_set(err, ERR_USAGE, "--source PLUGIN=FILE, of a plugin of the harness");
    CLEANUP(buf_done) struct buf read = { 0 };
    int rc = file_read(equals + 1, &read, SOURCE_MAX, err);
    if (rc < 0)
        return rc;
    source->text = (struct str){ arena_string(&drive->arena, read.at, read.size), read.size };
    if ((rc = driver_compile(&built, &drive->driver, source, ELF_RELEASE, err)) < 0)
        return rc;
    rc = built.stage == COMPILE_OK
             ? driver_builds_swap(builds, name, buf_view(&built.image), err)
             : err_set(err, ERR_INPUT, "%s: %.150s", equals + 1, built.diagnostics.at);
    compile_result_done(&built);
    return rc;
}

static void take_words(struct drive *drive, char *words)
{
    char *state = NULL;
    for (char *word = words ? strtok_r(words, ",", &state) : NULL;
         word && drive->without_count < COUNT_OF(drive->without);
         word = strtok_r(NULL, ",", &state))
        drive->without[drive->without_count++] = word;
}

static int run(const struct verb_call *call, struct err *err);
static const struct verb verb_drive = { "drive", run, "drive --cluster ID",
    "run a proposer on a home's evidence, and stop there" };

static int run(const struct verb_call *call, struct err *err)
{
    struct drive drive = { .cluster = "leak_tagged" };
    const char *without = NULL, *seconds = "60";
    const struct option options[] = {
        { "--cluster", 0, OPTION_TEXT, "ID", "which (default: leak_tagged)", &drive.cluster },
        { "--program", 0, OPTION_TEXT, "PATH",
            "the proposer (default: moult-propose; none: only "
            "write the bundle)",
            &drive.program },
        { "--bundle", 0, OPTION_TEXT, "FILE", "write the evidence there, too", &drive.bundle },
        { "--without", 0, OPTION_TEXT, "VERBS", "taken out of the vocabulary, with commas",
            &without },
        { "--source", 0, OPTION_TEXT, "PLUGIN=FILE", "that source in the place of the plugin's",
            &drive.source },
        { "--seconds", 0, OPTION_TEXT, "N", "its time (default: 60)", &seconds },
        { "--recorded", 0, OPTION_FLAG, NULL, "what stays is what was recorded: no fresh replay",
            &drive.recorded },
        { "--by-gcc", 0, OPTION_FLAG, NULL, "trial builds by gcc, not by tcc", &drive.by_gcc },
        { "--stock", 0, OPTION_FLAG, NULL, "stock plugins may be copied from", &drive.stock },
        { "--quiet", 0, OPTION_FLAG, NULL, "no progress", &drive.quiet },
        { 0 },
    };
    int rc = verb_options(call, &verb_drive, options, NULL, 0, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) char *words = without ? mem_string(without) : NULL;
    take_words(&drive, words);
    drive.seconds = (uint32_t)strtoul(seconds, NULL, 10);
    if ((rc = driver_open(&drive.driver, call, err)) < 0)
        return rc;
    struct driver_builds builds;
    rc = read_held_in(&drive, err);
    if (rc == 0)
        rc = donors_read(&drive.donors, &drive.driver, drive.stock, &drive.arena, err);
    if (rc == 0 &&
        (rc = driver_builds(&builds, &drive.driver, &drive.driver.generation, err)) == 0) {
        rc = take_source(&drive, &builds, err);
        rc = rc < 0 ? rc : with_builds(&drive, &builds, err);
        driver_builds_done(&builds);
    }
    runs_done(&drive.runs);
    arena_done(&drive.arena);
    driver_done(&drive.driver);
    return rc;
}

int main(int argc, char **argv)
{
    const struct verb table[] = { verb_drive, { 0 } };
    return verb_main("propose_drive", table, argc, argv);
}
