/* cmd_failures - moult failures: what goes wrong in the conversations of this home and could be
 * mended, with examples. It is how an agent hears of its own failures (broker/agent_tools.h), so it
 * reads as a proposer does: held-in groups only, whatever is asked. Figures are over all of these;
 * the words of a conversation are told to its own principal. */
#include "trials/cmd.h"

#include "base/json.h"
#include "base/mem.h"
#include "trials/cluster.h"
#include "trials/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES_MAX = 3, QUOTE_MAX = 400, ID_SHOWN = 12 };

struct examples { /* of one detector */
    struct buf out;
    unsigned count;
};
struct looking {
    struct miner *miner;
    const char *principal; /* NULL: anybody's words are shown */
    uint64_t sessions;
    struct examples *examples; /* one a detector */
    /* the run in hand */
    const struct run *run;
    unsigned detector;
    bool quoted;
};

/* --- examples */

/* At most QUOTE_MAX bytes; a character that is cut becomes U+FFFD. */
static void quote(struct buf *out, const char *name, struct str text)
{
    buf_format(out, ",\"%s\":", name);
    json_quote(out, (struct str){ text.at, text.size < QUOTE_MAX ? text.size : QUOTE_MAX });
    if (text.size > QUOTE_MAX)
        buf_format(out, ",\"%s_cut\":true", name);
}

static void add_call(struct buf *out, const struct run *run, const struct run_call *call)
{
    quote(out, "tool", call->name);
    quote(out, "arguments", call->args);
    if (call->result >= 0)
        quote(out, "result", run->messages[call->result].text);
}

static void add_example(struct buf *out, const struct run *run, const struct detect_hit *hit)
{
    const struct run_message *reply = run_step(run, hit->step);
    const struct run_error *error = run_step_error(run, hit->step);
    buf_text(out, "{\"session\":");
    json_quote(out, (struct str){ run->session.at, ID_SHOWN });
    buf_format(out, ",\"step\":%u", hit->step);
    if (error)
        buf_format(out, ",\"status\":%u,\"models\":%u", error->status, error->models);
    else if (hit->call < reply->calls_count)
        add_call(out, run, &reply->calls[hit->call]);
    else
        quote(out, "said", reply->text);
    buf_char(out, '}');
}

static void on_hit(void *with, const struct detect_hit *hit)
{
    struct looking *looking = with;
    struct examples *examples = &looking->examples[looking->detector];
    const char *why;
    if (looking->quoted || hit->step >= looking->run->steps_count ||
        !detect_mendable(&detectors[looking->detector], looking->run, hit, &why))
        return;
    looking->quoted = true;
    if (examples->count++ > 0)
        buf_char(&examples->out, ',');
    add_example(&examples->out, looking->run, hit);
}

/* What the home's owner has brought is the owner's. */
static bool is_own(const struct looking *looking, const struct run *run)
{
    struct str reader = str_of(looking->principal);
    return !looking->principal || str_equal(run->principal, reader) ||
           (str_equal(reader, STR("local")) && str_equal(run->principal, STR("import")));
}

static int on_run(void *with, struct run *run, struct err *err)
{
    struct looking *looking = with;
    (void)err;
    miner_add(looking->miner, run);
    looking->sessions++;
    looking->run = run;
    for (unsigned i = 0; is_own(looking, run) && i < detectors_count; i++) {
        looking->detector = i;
        looking->quoted = false;
        if (detectors[i].mendable && looking->examples[i].count < EXAMPLES_MAX)
            detectors[i].find(run, on_hit, looking);
    }
    return 0;
}

/* --- output */

static void print_json(const struct looking *looking)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct cluster *cluster;
    unsigned shown = 0;
    buf_format(&out, "{\"sessions\":%llu,\"failures\":[", (unsigned long long)looking->sessions);
    for (unsigned i = 0; (cluster = miner_cluster(looking->miner, i)); i++) {
        if (!cluster->mendable)
            continue;
        buf_format(&out, "%s{\"id\":\"%s\",\"summary\":", shown++ ? "," : "", cluster->id);
        json_quote(&out, str_of(cluster->detector->summary));
        buf_format(&out,
            ",\"hook\":\"%s\",\"occurrences\":%u,\"sessions\":%u,\"groups\":%u,\"examples\":[",
            cluster_hook_words[cluster->detector->hook], cluster->hits, cluster->cases_count,
            cluster->groups);
        buf_str(&out, buf_view(&looking->examples[cluster->detector - detectors].out));
        buf_text(&out, "]}");
    }
    buf_text(&out, "]}");
    puts(out.at);
}

static void print_text(const struct looking *looking)
{
    const struct cluster *cluster;
    char clean[QUOTE_MAX * 16];
    printf("%llu sessions\n", (unsigned long long)looking->sessions);
    for (unsigned i = 0; (cluster = miner_cluster(looking->miner, i)); i++) {
        if (!cluster->mendable)
            continue;
        printf("\n%s: %s\n  %u in %u sessions of %u groups; could be mended at %s\n", cluster->id,
            cluster->detector->summary, cluster->hits, cluster->cases_count, cluster->groups,
            cluster_hook_words[cluster->detector->hook]);
        printf(
            "  %s\n", str_printable(clean, sizeof clean,
                          buf_view(&looking->examples[cluster->detector - detectors].out), false));
    }
}

static int look(struct looking *looking, const struct verb_call *call, struct err *err)
{
    struct home home;
    struct journal *journal = NULL;
    int rc = home_find(&home, call->dir, err);
    if (rc >= 0)
        rc = journal_open(&journal, &home, JOURNAL_PROPOSE, err);
    if (rc >= 0)
        rc = trace_each(journal, NULL, on_run, looking, err);
    journal_close(journal);
    if (rc < 0)
        return rc;
    miner_rank(looking->miner);
    (call->json ? print_json : print_text)(looking);
    return 0;
}

static int run_failures(const struct verb_call *call, struct err *err)
{
    const char *args[1];
    struct looking looking = { 0 };
    const struct option options[] = {
        { "--principal", 0, OPTION_TEXT, "NAME", "show examples of this principal's sessions only",
            &looking.principal },
        { 0 },
    };
    int rc = verb_options(call, &verb_failures, options, args, 0, err);
    if (rc < 0)
        return rc;
    looking.miner = miner_new();
    looking.examples = mem_zero(detectors_count, sizeof *looking.examples);
    rc = look(&looking, call, err);
    for (unsigned i = 0; i < detectors_count; i++)
        buf_done(&looking.examples[i].out);
    free(looking.examples);
    miner_free(looking.miner);
    return rc;
}

const struct verb verb_failures = { "failures", run_failures, "failures [--principal NAME]",
    "what could be mended, with examples of what was said" };
