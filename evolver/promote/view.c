/* view - see view.h: the JSON side. */
#include "promote/view.h"

#include "base/clock.h"
#include "base/mem.h"
#include "promote/auto.h"

#include <stdio.h>

int view_document(struct str *ret, struct driver *driver, const char *kind,
    const struct digest *digest, struct err *err)
{
    *ret = (struct str){ 0 };
    if (hash_zero(digest))
        return 0;
    return journal_get(driver->journal, kind, digest, &driver->arena, ret, err);
}

static void member(struct buf *out, const char *name, struct str text)
{
    buf_format(out, ",\"%s\":", name);
    if (text.size)
        json_quote(out, text);
    else
        buf_text(out, "null");
}

static void digest_member(struct buf *out, const char *name, const struct digest *digest)
{
    char hex[DIGEST_HEX];
    member(out, name, hash_zero(digest) ? (struct str){ 0 } : str_of(hash_hex(hex, digest)));
}

/* A document that is JSON itself, as it is. */
static int document_member(struct buf *out, const char *name, struct driver *driver,
    const char *kind, const struct digest *digest, struct err *err)
{
    struct str text;
    int rc = view_document(&text, driver, kind, digest, err);
    buf_format(out, ",\"%s\":", name);
    if (rc == 0 && text.size)
        buf_str(out, str_trim(text));
    else
        buf_text(out, "null");
    return rc;
}

void view_short(struct buf *out, const struct candidate *candidate)
{
    buf_text(out, "\"id\":");
    json_quote(out, candidate->id);
    member(out, "state", str_of(stage_words[candidate->stage]));
    member(out, "plugin", candidate->plugin);
    member(out, "path", candidate->path);
    member(out, "cluster", candidate->cluster);
    member(out, "proposer", candidate->proposer);
    member(out, "commit", candidate->commit);
    member(out, "parent", candidate->parent);
    digest_member(out, "build", &candidate->build);
    digest_member(out, "batch", &candidate->batch);
    digest_member(out, "report", &candidate->report);
    digest_member(out, "approval", &candidate->approval);
    digest_member(out, "mandate", &candidate->mandate);
    member(out, "why", candidate->why);
}

static void add_transition(struct buf *out, const struct journal_record *record,
    const struct json *body, struct arena *arena, unsigned *count)
{
    char at[40];
    buf_format(out, "%s{\"at\":\"%s\",\"record\":%llu", (*count)++ ? "," : "",
        clock_rfc3339(at, sizeof at, record->at_ms), (unsigned long long)record->number);
    member(out, "from", json_string(arena, json_get(body, "from")));
    member(out, "to", json_string(arena, json_get(body, "to")));
    member(out, "why", json_string(arena, json_get(json_get(body, "body"), "why")));
    buf_char(out, '}');
}

/* Out of the audit chain: what is told here is what was journaled when it happened. */
static int transitions(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    unsigned listed = 0;
    uint64_t after = 0;
    buf_text(out, ",\"transitions\":[");
    for (uint32_t count = 1; count > 0;) {
        struct journal_record *records;
        arena_reset(&arena);
        int rc = journal_audit(driver->journal, after, &arena, &records, &count, err);
        if (rc < 0)
            return rc;
        for (uint32_t i = 0; i < count; i++) {
            after = records[i].number;
            if (!str_equal(records[i].kind, STR("candidate")))
                continue;
            const struct json *body = json_read(&arena, records[i].body, NULL, NULL);
            if (str_equal(json_string(&arena, json_get(body, "candidate")), candidate->id))
                add_transition(out, &records[i], body, &arena, &listed);
        }
    }
    buf_char(out, ']');
    return 0;
}

static int diff_member(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    CLEANUP(buf_done) struct buf diff = { 0 };
    const struct lineage_id from = lineage_id_of(candidate->parent),
                            to = lineage_id_of(candidate->commit);
    int rc = candidate->commit.size ? lineage_diff(driver->lineage, &from, &to, &diff, err) : 0;
    member(out, "diff", buf_view(&diff));
    return rc;
}

/* Of the proposal only the contract; its edits are the diff. */
static int contract_members(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    struct str text;
    int rc = view_document(&text, driver, "proposal", &candidate->proposal, err);
    const struct json *root =
        rc == 0 && text.size ? json_read(&driver->arena, text, NULL, err) : NULL;
    const struct json *contract = json_get(root, "contract");
    const struct json *ingredients = json_get(root, "ingredients");
    buf_text(out, ",\"contract\":");
    buf_str(out, contract ? contract->raw : STR("null"));
    buf_text(out, ",\"ingredients\":");
    buf_str(out, ingredients ? ingredients->raw : STR("[]"));
    return rc;
}

/* Why nobody but a person lets it live, where autonomy is auto. */
static int waits_member(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    CLEANUP(buf_done) struct buf waits = { 0 };
    int rc = auto_waiting(&waits, driver, candidate, true, err);
    buf_format(out, ",\"waits\":%s", waits.size ? waits.at : "null");
    return rc;
}

int view_whole(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    int rc;
    view_short(out, candidate);
    digest_member(out, "proposal", &candidate->proposal);
    digest_member(out, "source", &candidate->source);
    digest_member(out, "from", &candidate->from);
    digest_member(out, "tree", &candidate->tree);
    digest_member(out, "policy", &candidate->policy);
    digest_member(out, "provenance", &candidate->provenance);
    digest_member(out, "test_result", &candidate->test_result);
    if ((rc = contract_members(out, driver, candidate, err)) < 0 ||
        (rc = document_member(out, "patch", driver, "patch", &candidate->patch, err)) < 0 ||
        (rc = document_member(out, "verdict", driver, "verdict", &candidate->verdict, err)) < 0 ||
        (rc = document_member(
             out, "diagnostics", driver, "diagnostics", &candidate->diagnostics, err)) < 0 ||
        (rc = document_member(out, "made_of", driver, "evidence", &candidate->ablation, err)) < 0 ||
        (rc = diff_member(out, driver, candidate, err)) < 0 ||
        (rc = waits_member(out, driver, candidate, err)) < 0)
        return rc;
    return transitions(out, driver, candidate, err);
}

void view_line(struct buf *out, const struct candidate *candidate)
{
    char plugin[80], cluster[80], why[200];
    struct str of = candidate->cluster.size ? candidate->cluster : STR("-");
    buf_format(out, "%.12s  %-11s %-10s %-22s %s", candidate->id.at, stage_words[candidate->stage],
        str_printable(plugin, sizeof plugin, candidate->plugin, false),
        str_printable(cluster, sizeof cluster, of, false),
        str_printable(why, sizeof why, candidate->why, false));
}
