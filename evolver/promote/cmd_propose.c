/* cmd_propose - moult propose: a patch made by hand or by a foreign tool enters the same pipeline
 * as every other, and gets no gentler treatment. */
#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "promote/advance.h"
#include "promote/cmd.h"
#include "promote/dropping.h"
#include "promote/enter.h"
#include "promote/gate_policy.h"
#include "promote/retire.h"
#include "promote/round.h"
#include "promote/runs.h"
#include "promote/view.h"
#include "trials/redact_home.h"
#include "trials/trace.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATCH_FILE_MAX = 1 << 20, WHY_MAX = 500, WORKERS = 2, NAME_MAX_BYTES = 40 };

struct request {
    const char *plugin, *patch, *retire, *why, *cluster, *by;
    const char *warning; /* for who asked; NULL: none */
};

/* Where it is wrong: in the file that the patch names, or else the patch as a whole. */
static int refuse_patch(const struct request *request, struct err *err)
{
    if (err && !err->where[0])
        err_where(err, "%.100s", request->patch);
    return err_while(err, "%.80s", request->patch);
}

/* "-" is standard input: the service hands over what an agent wrote without a file of it. */
static int read_patch(struct buf *out, const char *name, struct err *err)
{
    return strcmp(name, "-") == 0 ? read_to_end(STDIN_FILENO, out, PATCH_FILE_MAX, err)
                                  : file_read(name, out, PATCH_FILE_MAX, err);
}

static int apply_patch(struct buf *ret_source, struct driver *driver, const struct request *request,
    const struct harness_source *old, struct err *err)
{
    CLEANUP(buf_done) struct buf patch = { 0 };
    int rc = read_patch(&patch, request->patch, err);
    if (rc < 0)
        return rc;
    rc = lineage_apply(
        driver->lineage, &driver->active, buf_view(&patch), old->path.at, ret_source, err);
    return rc < 0 ? refuse_patch(request, err) : 0;
}

/* More conversations are more evidence: the same removal is then another proposal. */
static int write_falsified(
    struct buf *out, struct driver *driver, const struct request *request, struct err *err)
{
    uint64_t sessions = 0;
    int rc = request->retire ? trace_count(driver->journal, false, 0, &sessions, err) : 0;
    if (rc == 0 && request->retire)
        buf_format(out, "one of %llu conversations that goes worse without it",
            (unsigned long long)sessions);
    return rc;
}

/* The patch as a proposal: the whole new source in the place of the old. */
static int make_proposal(
    struct buf *out, struct driver *driver, const struct request *request, struct err *err)
{
    CLEANUP(buf_done) struct buf source = { 0 }, falsified = { 0 };
    const struct harness_source *old = harness_find(&driver->harness, str_of(request->plugin));
    if (!old) {
        err_set(err, ERR_MISSING, "no plugin %.60s is active", request->plugin);
        return err_hint(err, "moult plugins lists them");
    }
    int rc = request->retire ? retire_order(&source, driver, str_of(request->retire), err)
                             : apply_patch(&source, driver, request, old, err);
    if (rc == 0)
        rc = write_falsified(&falsified, driver, request, err);
    if (rc < 0)
        return rc;
    buf_format(out, "{\"schema\":1,\"proposer\":\"%s\",\"cluster\":", request->by);
    json_quote(out, str_of(request->cluster));
    buf_text(out, ",\"plugin\":");
    json_quote(out, old->name);
    buf_text(out, ",\"path\":");
    json_quote(out, old->path);
    buf_format(out, ",\"edits\":[{\"from\":0,\"to\":%zu,\"text\":", old->text.size);
    json_quote(out, buf_view(&source));
    buf_text(out, "}],\"contract\":{\"hypothesis\":");
    json_quote(out, str_of(request->why));
    buf_text(out, ",\"blamed\":[],\"predicts\":{\"fixes\":[],\"risks\":[]},\"falsified_by\":");
    json_quote(out, buf_view(&falsified));
    buf_text(out, ",\"cost\":{\"judged\":0,\"seconds\":0}},\"ingredients\":[],\"score\":0}");
    return 0;
}

/* The held-in runs of its batch: enough to see whether any of it runs. */
static int load_evidence(struct evidence *ret, struct runs *runs, struct driver *driver,
    const struct digest *digest, struct err *err)
{
    CLEANUP(id_set_done) struct id_set named = { 0 };
    const struct runs_want want = { .splits = RUNS_HELD_IN, .named = &named, .named_only = true };
    struct batch batch;
    struct str text;
    int rc = journal_get(driver->journal, "batch", digest, &driver->arena, &text, err);
    if (rc == 0)
        rc = batch_read(&batch, text, &driver->arena, err);
    if (rc == 0)
        rc = runs_name_batch(&named, &batch, err);
    id_set_seal(&named);
    if (rc == 0)
        rc = runs_load(runs, driver->journal, &want, err);
    if (rc == 0)
        *ret =
            (struct evidence){ .runs = (const struct run **)runs->at, .runs_count = runs->count };
    return rc;
}

/* What is no candidate is refused before it is one. That nothing of it runs is told: whoever says
 * what it is good for may know why. */
static int refuse_nothing(struct driver *driver, struct request *request,
    const struct proposal *proposal, const struct digest *batch, struct err *err)
{
    CLEANUP(runs_done) struct runs runs = { 0 };
    struct evidence evidence = { .runs_count = 0 };
    const struct dropping dropping = { .driver = driver,
        .evidence = hash_zero(batch) ? NULL : &evidence,
        .batch = batch,
        .workers = WORKERS,
        .by_word = true,
        .by_person = strcmp(request->by, "hand") == 0 };
    const char *why = NULL;
    int rc = hash_zero(batch) ? 0 : load_evidence(&evidence, &runs, driver, batch, err);
    struct err lacks = { 0 };
    if (rc == 0)
        rc = dropping_look(&why, &dropping, proposal, &lacks);
    if (rc == -ERR_LACKS) /* it becomes a candidate, which waits for what the machine lacks */
        return 0;
    if (lacks.code)
        *err = lacks;
    if (rc < 0 || !why)
        return rc;
    if (why == dropping_never_runs) {
        request->warning = why;
        return 0;
    }
    return err_set(err, ERR_STATE, "no candidate: %s", why);
}

static int enter_patch(
    struct candidate *ret, struct driver *driver, struct request *request, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct proposal *proposal = arena_alloc(&driver->arena, sizeof *proposal);
    struct digest batch = { { 0 } };
    int rc = request->cluster ? enter_batch(&batch, driver, str_of(request->cluster), err) : 0;
    if (rc == 0)
        rc = make_proposal(&text, driver, request, err);
    if (rc < 0)
        return rc;
    const struct str kept = { arena_string(&driver->arena, text.at, text.size), text.size };
    if ((rc = proposal_read(proposal, kept, &driver->arena, err)) < 0 ||
        (rc = refuse_nothing(driver, request, proposal, &batch, err)) < 0)
        return rc;
    rc = enter(ret, driver, proposal, request->by, &batch, NULL, err);
    return rc < 0 ? rc : 0;
}

static void say(void *with, const char *line)
{
    (void)with;
    fprintf(stderr, "  %s\n", line);
}

/* 3: the gate could not say; 1: the answer is no. A proposer that is no person gets one no for
 * both: which of them a look at held-out groups gave is more than it may know. */
static int status(struct driver *driver, const struct candidate *candidate, struct err *err)
{
    struct str text;
    if (candidate->stage != STAGE_REJECTED)
        return 0;
    if (!str_equal(candidate->proposer, STR("hand")))
        return 1;
    int rc = view_document(&text, driver, "verdict", &candidate->verdict, err);
    if (rc < 0 || text.size == 0)
        return rc < 0 ? rc : 1;
    const struct json *root = json_read(&driver->arena, text, NULL, NULL);
    struct str word = json_string(&driver->arena, json_get(root, "verdict"));
    return str_equal(word, str_of(verdict_words[VERDICT_INCONCLUSIVE])) ? 3 : 1;
}

static int tell(struct driver *driver, const struct candidate *candidate,
    const struct request *request, const struct verb_call *call, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct str said;
    int rc = view_document(&said, driver, "diagnostics", &candidate->diagnostics, err);
    if (rc < 0)
        return rc;
    if (call->json) {
        const struct json *root = said.size ? json_read(&driver->arena, said, NULL, NULL) : NULL;
        const struct json *findings = json_get(root, "findings");
        buf_char(&out, '{');
        view_short(&out, candidate);
        buf_text(&out, ",\"findings\":");
        buf_str(&out, findings ? findings->raw : STR("[]"));
        buf_text(&out, ",\"warning\":");
        if (request->warning)
            json_quote(&out, str_of(request->warning));
        else
            buf_text(&out, "null");
        buf_text(&out, "}\n");
    } else {
        if (request->warning)
            buf_format(&out, "%s: no branch of it that a replay could judge\n", request->warning);
        view_line(&out, candidate);
        buf_format(&out, "\nmoult show %.12s says more\n", candidate->id.at);
    }
    fputs(out.at, stdout);
    return status(driver, candidate, err);
}

/* NAME is what an MCP client calls itself: a claim, which only stands where it is read. */
static bool is_who(struct str by)
{
    static const struct str mcp = { "mcp:", 4 };
    struct str name = { by.at + mcp.size, by.size - mcp.size };
    return str_equal(by, STR("hand")) || str_equal(by, STR("agent")) ||
           (str_starts(by, mcp) && str_is_name(name, NAME_MAX_BYTES));
}

static int check_request(struct request *request, struct err *err)
{
    if (request->retire && (request->plugin || request->patch || request->cluster))
        return err_set(err, ERR_USAGE,
            "--retire makes the patch, and no failure speaks for it: it goes without --plugin, "
            "--patch and --cluster");
    if (request->retire)
        request->plugin = HARNESS_PIPELINE;
    if (!request->plugin || !(request->patch || request->retire) || !request->why)
        return err_set(
            err, ERR_USAGE, "propose wants --plugin, --patch and --why, or --retire and --why");
    if (!is_who(str_of(request->by)))
        return err_set(err, ERR_USAGE, "--by wants hand, agent or mcp:NAME");
    if (strlen(request->why) > WHY_MAX || strchr(request->why, '\n'))
        return err_set(err, ERR_USAGE, "--why wants one line of at most %d bytes", WHY_MAX);
    return 0;
}

static int run(const struct verb_call *call, struct err *err)
{
    struct request request = { .by = "hand" };
    const struct option options[] = {
        { "--plugin", 0, OPTION_TEXT, "NAME", "the plugin that is patched", &request.plugin },
        { "--patch", 0, OPTION_TEXT, "FILE",
            "a unified diff; paths are relative to harness/; - is standard input", &request.patch },
        { "--retire", 0, OPTION_TEXT, "PLUGIN",
            "instead of a patch: takes the plugin out of the order; no failure speaks for that, it "
            "has to be harmless",
            &request.retire },
        { "--why", 0, OPTION_TEXT, "TEXT", "what it is good for, one line", &request.why },
        { "--cluster", 0, OPTION_TEXT, "ID",
            "the failure that it mends: without one, no batch speaks for it", &request.cluster },
        { "--by", 0, OPTION_TEXT, "WHO",
            "hand (default), agent: the agent's own tool sent it, or mcp:NAME", &request.by },
        { 0 },
    };
    struct driver driver;
    struct candidate candidate;
    int rc = verb_options(call, &verb_propose, options, NULL, 0, err);
    if (rc < 0)
        return rc;
    if ((rc = check_request(&request, err)) < 0)
        return rc;
    if ((rc = driver_open(&driver, call, err)) < 0)
        return rc;
    const struct advance advance = { .driver = &driver,
        .until = STAGE_IN_REVIEW,
        .workers = WORKERS,
        .say = call->json ? NULL : say };
    struct policy policy;
    struct digest unused;
    CLEANUP(fd_closep) int round = round_begin(&driver.home, err);
    rc = round < 0 ? round : gate_policy(&policy, &unused, &driver, err);
    if (rc == 0)
        rc = redact_reason(&request.why, WHY_MAX, &driver.home, &driver.arena, err);
    if (rc == 0)
        rc = enter_patch(&candidate, &driver, &request, err);
    if (rc == 0)
        rc = advance_run(&advance, &candidate, err);
    if (rc == 0)
        rc = tell(&driver, &candidate, &request, call, err);
    driver_done(&driver);
    return rc;
}

const struct verb verb_propose = { "propose", run,
    "propose (--plugin NAME --patch FILE [--cluster ID]|--retire PLUGIN) --why TEXT [--by WHO]",
    "a patch made by hand enters the pipeline" };
