/* chain - see chain.h. */
#include "promote/chain.h"

#include "base/mem.h"
#include "promote/audit.h"
#include "promote/shard.h"
#include "promote/retire.h"
#include "trials/verdict.h"

#include <stdio.h>
#include <string.h>

struct linking {
    struct driver *driver;
    const struct candidate *candidate;
    struct arena arena;
    struct report report;
};

static int broken(const struct linking *linking, const char *what, struct err *err)
{
    err_set(err, ERR_VERIFY, "candidate %.12s: %s", linking->candidate->id.at, what);
    return err_hint(err, "moult reject it; moult audit verify says whether a row was changed");
}

static int read_document(struct linking *linking, const char *kind, const struct digest *digest,
    struct str *ret, struct err *err)
{
    if (hash_zero(digest))
        return err_set(err, ERR_STATE, "candidate %.12s was not gated", linking->candidate->id.at);
    return journal_get(linking->driver->journal, kind, digest, &linking->arena, ret, err);
}

/* Only what was made for the active generation was replayed beside it. */
static int check_parent(struct linking *linking, struct err *err)
{
    const struct candidate *candidate = linking->candidate;
    const struct driver *driver = linking->driver;
    if (str_equal(candidate->parent, str_of(driver->active.hex)))
        return 0;
    err_set(err, ERR_STATE, "candidate %.12s was made for generation commit %.12s; active is %.12s",
        candidate->id.at, candidate->parent.at, driver->active.hex);
    return err_hint(err, "moult evolve proposes again on what is active now");
}

/* Every source but the candidate's own is the active one. */
static bool only_its_own(
    const struct harness *now, const struct harness *then, const struct candidate *candidate)
{
    bool same = now->count == then->count;
    for (uint32_t i = 0; same && i < now->count; i++) {
        const struct harness_source *old = harness_find(then, now->at[i].name);
        same = old && (str_equal(now->at[i].text, old->text) ||
                          str_equal(now->at[i].name, candidate->plugin));
    }
    return same;
}

static int check_commit(struct linking *linking, struct err *err)
{
    const struct candidate *candidate = linking->candidate;
    struct harness *harness = arena_alloc(&linking->arena, sizeof *harness);
    struct lineage_id commit;
    snprintf(
        commit.hex, sizeof commit.hex, "%.*s", (int)candidate->commit.size, candidate->commit.at);
    int rc = harness_read(harness, linking->driver->lineage, &commit, &linking->arena, err);
    if (rc < 0)
        return rc;
    const struct harness_source *source = harness_find(harness, candidate->plugin);
    if (!hash_equal(&harness->tree, &candidate->tree))
        return broken(linking, "its commit has another tree", err);
    if (!source || !str_equal(source->path, candidate->path))
        return broken(linking, "its commit has no such plugin", err);
    struct digest now = hash_of(source->text);
    if (!hash_equal(&now, &candidate->source))
        return broken(linking, "its commit has another source", err);
    if (!only_its_own(harness, &linking->driver->harness, candidate))
        return broken(linking, "its commit changes more than its plugin", err);
    return 0;
}

static int check_patch(struct linking *linking, struct err *err)
{
    const struct candidate *candidate = linking->candidate;
    struct arena *arena = &linking->arena;
    char hex[DIGEST_HEX];
    struct str text;
    int rc = read_document(linking, "patch", &candidate->patch, &text, err);
    const struct json *root = rc < 0 ? NULL : json_read(arena, text, NULL, err);
    if (!root)
        return rc < 0 ? rc : err_while(err, "patch");
    if (!str_equal(json_string(arena, json_get(root, "source")),
            str_of(hash_hex(hex, &candidate->source))) ||
        !str_equal(json_string(arena, json_get(root, "path")), candidate->path) ||
        !str_equal(json_string(arena, json_get(root, "parent")), candidate->parent))
        return broken(linking, "its patch is of another source", err);
    return 0;
}

/* Without a batch it may only take a plugin out, and its report is of that. */
static int check_less(struct linking *linking, struct err *err)
{
    struct compare_less less;
    int rc = retire_claim(&less, linking->driver, linking->candidate, &linking->arena, err);
    if (rc < 0)
        return rc;
    return rc == 1 && str_equal(less.plugin, linking->report.less)
               ? 0
               : broken(linking, "it has no batch, and its patch does not only take a plugin out",
                     err);
}

static int check_report(struct linking *linking, struct err *err)
{
    const struct candidate *candidate = linking->candidate;
    struct report *report = &linking->report;
    struct str text;
    int rc = read_document(linking, "report", &candidate->report, &text, err);
    if (rc < 0 || (rc = report_read(report, text, &linking->arena, err)) < 0)
        return rc;
    if (!hash_equal(&report->new_build, &candidate->build) ||
        !hash_equal(&report->source, &candidate->source))
        return broken(linking, "its report is of another build", err);
    if (!hash_equal(&report->batch, &candidate->batch))
        return broken(linking, "its report is of another batch", err);
    return hash_zero(&candidate->batch) ? check_less(linking, err) : 0;
}

/* The look that the ledger gave it; k stays 0 where it had none. */
static int read_look(struct journal_look *ret, struct linking *linking, struct err *err)
{
    struct journal_look_row *rows;
    uint32_t count;
    int rc = journal_looks(linking->driver->journal, &linking->arena, &rows, &count, err);
    const struct journal_look_row *own =
        rc < 0 ? NULL : shard_own(linking->driver->home.id, rows, count, linking->candidate->id);
    if (own)
        *ret = own->look;
    return rc;
}

/* The gate is a pure function, so its answer needs no belief: it is asked again. */
static int check_verdict(struct linking *linking, struct err *err)
{
    struct journal_look look = { 0 };
    struct verdict_result verdict;
    struct policy policy;
    struct str text;
    int rc = read_document(linking, "policy", &linking->candidate->policy, &text, err);
    if (rc < 0 || (rc = policy_read(&policy, text, err)) < 0 ||
        (rc = read_look(&look, linking, err)) < 0)
        return rc;
    if (look.k == 0)
        return broken(linking, "it never had a look at the held-out groups", err);
    verdict_at(&verdict, &linking->report, &policy, look.k, shard_level(&look, policy.level_shard));
    if (verdict.verdict == VERDICT_PASS)
        return 0;
    err_set(err, ERR_DENIED, "candidate %.12s: the gate does not pass its report: %s",
        linking->candidate->id.at, verdict_words[verdict.verdict]);
    return err_hint(err, "moult show %.12s", linking->candidate->id.at);
}

static int check_journal(struct linking *linking, struct err *err)
{
    struct audit audit;
    int rc = audit_check(linking->driver->journal, &linking->driver->home, &audit, err);
    return rc < 0 ? err_while(err, "nothing is promoted over a journal that does not hold") : 0;
}

int chain_check(struct driver *driver, const struct candidate *candidate, struct err *err)
{
    static int (*const checks[])(struct linking *, struct err *) = { check_parent, check_commit,
        check_patch, check_report, check_verdict, check_journal };
    struct linking linking = { .driver = driver, .candidate = candidate };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < COUNT_OF(checks); i++)
        rc = checks[i](&linking, err);
    arena_done(&linking.arena);
    return rc;
}
