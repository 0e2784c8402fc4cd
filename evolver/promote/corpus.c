/* corpus - see corpus.h. */
#include "promote/corpus.h"

#include "base/mem.h"
#include "trials/batch.h"
#include "trials/report.h"
#include "trials/taken.h"

#include <stdlib.h>
#include <string.h>

/* --- reading */

static const struct json *read_cases(
    struct driver *driver, const struct digest *corpus, struct arena *arena, struct err *err)
{
    struct str text;
    if (journal_get(driver->journal, "corpus", corpus, arena, &text, err) < 0)
        return NULL;
    const struct json *root = json_read(arena, text, NULL, err);
    const struct json *cases = json_get(root, "cases");
    if (root && (json_int(json_get(root, "schema"), 0) != 1 || !json_is(cases, JSON_ARRAY) ||
                    cases->count > CORPUS_MAX)) {
        err_set(err, ERR_INPUT, "corpus: schema is not 1, or cases is no list of at most %d",
            CORPUS_MAX);
        return NULL;
    }
    return cases;
}

static int name_all(
    struct id_set *names, const struct json *cases, struct arena *arena, struct err *err)
{
    JSON_EACH(item, cases)
    {
        int rc = id_set_add_hex(names, json_string(arena, json_get(item, "session")), err);
        if (rc < 0)
            return err_while(err, "corpus");
    }
    return 0;
}

static int name_unretired(struct id_set *names, const struct json *cases, const struct taken *taken,
    struct arena *arena, struct err *err)
{
    struct digest id;
    JSON_EACH(item, cases)
    {
        if (hash_unhex(&id, json_string(arena, json_get(item, "session")), err) < 0)
            return err_while(err, "corpus");
        if (!taken_retired(taken, &id))
            id_set_add(names, &id);
    }
    return 0;
}

int corpus_names(
    struct id_set *names, struct driver *driver, const struct digest *corpus, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(taken_done) struct taken taken = { 0 };
    if (hash_zero(corpus))
        return 0;
    const struct json *cases = read_cases(driver, corpus, &arena, err);
    if (!cases || taken_read(&taken, driver->journal, &driver->home, err) < 0)
        return -err->code;
    return name_unretired(names, cases, &taken, &arena, err);
}

int corpus_find(struct digest *ret, struct driver *driver, struct str prefix, struct err *err)
{
    enum { DIGITS_MIN = 6 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct digest corpus = driver_last(driver)->corpus;
    unsigned found = 0;
    const struct json *cases = hash_zero(&corpus) ? NULL : read_cases(driver, &corpus, &arena, err);
    if (!hash_zero(&corpus) && !cases)
        return -err->code;
    JSON_EACH(item, cases)
    {
        struct str id = json_string(&arena, json_get(item, "session"));
        if (prefix.size < DIGITS_MIN || !str_starts(id, prefix))
            continue;
        int rc = hash_unhex(ret, id, err);
        if (rc < 0)
            return err_while(err, "corpus");
        found++;
    }
    if (found > 1)
        return err_set(err, ERR_STATE, "several sessions of the corpus begin so");
    if (found == 1)
        return 0;
    err_set(err, ERR_MISSING, "no case that was taken in, and no session of the corpus, is %.80s",
        prefix.at);
    return err_hint(err, "moult case list");
}

/* --- growing */

struct growing {
    struct driver *driver;
    const struct candidate *candidate;
    struct arena arena;
    struct id_set had, neighbours;
    struct report report;
    struct buf cases;
    uint32_t count, added;
};

struct ranked {
    unsigned branches;
    uint32_t number; /* of the case */
};

static void growing_done(struct growing *g)
{
    arena_done(&g->arena);
    id_set_done(&g->had);
    id_set_done(&g->neighbours);
    buf_done(&g->cases);
}

static int read_before(struct growing *g, const struct digest *before, struct err *err)
{
    if (hash_zero(before))
        return 0;
    const struct json *cases = read_cases(g->driver, before, &g->arena, err);
    if (!cases || name_all(&g->had, cases, &g->arena, err) < 0)
        return -err->code;
    JSON_EACH(item, cases)
    {
        buf_text(&g->cases, g->count++ ? ",\n" : "\n");
        buf_str(&g->cases, item->raw);
    }
    id_set_seal(&g->had);
    return 0;
}

static int read_batch(struct growing *g, const char *kind, const struct digest *digest,
    struct digest *ret_other, struct err *err)
{
    struct batch batch;
    struct str text;
    int rc = journal_get(g->driver->journal, kind, digest, &g->arena, &text, err);
    if (rc == 0)
        rc = batch_read(&batch, text, &g->arena, err);
    for (uint32_t i = 0; rc == 0 && i < batch.neighbours_count; i++)
        rc = id_set_add_hex(&g->neighbours, batch.neighbours[i], err);
    if (rc == 0 && ret_other)
        *ret_other = batch.held_out;
    return rc;
}

/* A candidate that only takes a plugin out has no evidence, and mends nothing: none is gathered. */
static int read_evidence(struct growing *g, struct err *err)
{
    struct digest held_out;
    struct str text;
    if (hash_zero(&g->candidate->batch))
        return 0;
    int rc = read_batch(g, "batch", &g->candidate->batch, &held_out, err);
    if (rc == 0)
        rc = read_batch(g, "held-out", &held_out, NULL, err);
    if (rc == 0)
        rc =
            journal_get(g->driver->journal, "report", &g->candidate->report, &g->arena, &text, err);
    if (rc == 0)
        rc = report_read(&g->report, text, &g->arena, err);
    id_set_seal(&g->neighbours);
    return rc;
}

static bool is_mended(const struct report_case *c)
{
    return (c->suite == SUITE_BATCH || c->suite == SUITE_HELD_OUT) && !c->missing_new &&
           !c->new_abnormal && c->new_outcome == OUTCOME_RESOLVED;
}

static bool is_neighbour(const struct growing *g, const struct report_case *c)
{
    struct digest id;
    return c->suite == SUITE_REGRESSION && !c->missing_new &&
           hash_equal(&c->old_effects, &c->new_effects) && hash_unhex(&id, c->id, NULL) == 0 &&
           id_set_has(&g->neighbours, &id);
}

static bool group_is_in(const struct growing *g, uint32_t before, struct str group)
{
    for (uint32_t i = 0; i < before; i++)
        if (is_mended(&g->report.cases[i]) && str_equal(g->report.cases[i].group, group))
            return true;
    return false;
}

static void add(struct growing *g, const struct report_case *c, const char *why)
{
    struct digest id;
    if (g->count >= CORPUS_MAX || hash_unhex(&id, c->id, NULL) < 0 || id_set_has(&g->had, &id))
        return;
    buf_text(&g->cases, g->count++ ? ",\n{\"session\":" : "\n{\"session\":");
    json_quote(&g->cases, c->id);
    buf_text(&g->cases, ",\"group\":");
    json_quote(&g->cases, c->group);
    buf_format(&g->cases, ",\"why\":\"%s\",\"candidate\":", why);
    json_quote(&g->cases, g->candidate->id);
    buf_char(&g->cases, '}');
    g->added++;
}

/* One of each group before a second of any. */
static void add_mended(struct growing *g)
{
    for (int again = 0; again < 2; again++)
        for (uint32_t i = 0; i < g->report.cases_count && g->added < CORPUS_MENDED_MAX; i++)
            if (is_mended(&g->report.cases[i]) &&
                group_is_in(g, i, g->report.cases[i].group) == (again == 1))
                add(g, &g->report.cases[i], "mended");
}

/* How many branches of the patch it ran, as far as the report names who did. */
static unsigned branches_of(const struct growing *g, const struct report_case *c)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < g->report.ran_count; i++)
        for (uint32_t k = 0; k < g->report.ran[i].shown_count; k++)
            count += str_equal(g->report.ran[i].shown[k], c->id);
    return count;
}

static int by_branches(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->branches != b->branches)
        return a->branches > b->branches ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* First those that ran what the patch changed and came out as they were: what breaks next breaks
 * there. */
static void add_neighbours(struct growing *g)
{
    uint32_t most = g->added + CORPUS_NEIGHBOURS_MAX, count = 0;
    struct ranked *ranked = arena_alloc(&g->arena, (g->report.cases_count + 1) * sizeof *ranked);
    for (uint32_t i = 0; i < g->report.cases_count; i++)
        if (is_neighbour(g, &g->report.cases[i]))
            ranked[count++] = (struct ranked){ branches_of(g, &g->report.cases[i]), i };
    qsort(ranked, count, sizeof *ranked, by_branches);
    for (uint32_t i = 0; i < count && g->added < most; i++)
        add(g, &g->report.cases[ranked[i].number], "neighbour");
}

static int put(struct digest *ret, struct growing *g, const struct digest *before, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    char hex[DIGEST_HEX];
    buf_text(&text, "{\"schema\":1,\"before\":");
    if (hash_zero(before))
        buf_text(&text, "null");
    else
        buf_format(&text, "\"%s\"", hash_hex(hex, before));
    buf_text(&text, ",\"cases\":[");
    buf_str(&text, buf_view(&g->cases));
    buf_text(&text, "]}\n");
    return journal_put(g->driver->journal, "corpus", buf_view(&text), ret, err);
}

int corpus_grow(struct digest *ret, uint32_t *ret_added, struct driver *driver,
    const struct candidate *candidate, struct err *err)
{
    CLEANUP(growing_done) struct growing g = { .driver = driver, .candidate = candidate };
    const struct digest before = driver_last(driver)->corpus;
    int rc = read_before(&g, &before, err);
    if (rc == 0)
        rc = read_evidence(&g, err);
    if (rc < 0)
        return err_while(err, "the regression corpus");
    add_mended(&g);
    add_neighbours(&g);
    if (ret_added)
        *ret_added = g.added;
    if (g.added > 0)
        return put(ret, &g, &before, err);
    *ret = before;
    return 0;
}
