/* conversion - see conversion.h. */
#include "trials/conversion.h"

#include "base/json.h"
#include "base/mem.h"

/* How far a row got; a candidate's word counts for its cluster. */
enum reached { OBSERVED, CLUSTERED, BATCHED, PROPOSED, GATED, PROMOTED, HELD, REACHED };

static enum reached of_cluster(struct str state)
{
    if (str_equal(state, STR("observed")))
        return OBSERVED;
    return str_equal(state, STR("clustered")) ? CLUSTERED : BATCHED;
}

struct promoted {
    struct str candidate;
    uint64_t at_ms;
};
struct counting {
    struct arena arena;
    struct promoted *promoted;
    uint32_t promoted_count;
    uint64_t since_ms;
};

static void read_promotions(struct counting *c, const struct conversion_rows *rows)
{
    c->promoted = arena_alloc(&c->arena, (rows->admissions_count + 1) * sizeof *c->promoted);
    for (uint32_t i = 0; i < rows->admissions_count; i++) {
        const struct journal_admission *row = &rows->admissions[i];
        const struct json *body = json_read(&c->arena, row->body, NULL, NULL);
        if (str_equal(json_string(&c->arena, json_get(body, "kind")), STR("promotion")))
            c->promoted[c->promoted_count++] =
                (struct promoted){ json_string(&c->arena, json_get(body, "candidate")),
                    row->at_ms };
    }
}

/* When it became active, or 0. */
static uint64_t promoted_ms(const struct counting *c, struct str candidate)
{
    for (uint32_t i = 0; i < c->promoted_count; i++)
        if (str_equal(c->promoted[i].candidate, candidate))
            return c->promoted[i].at_ms;
    return 0;
}

static enum reached of_candidate(
    const struct counting *c, const struct journal_candidate *row, const struct json *body)
{
    bool stays = str_equal(row->state, STR("active")) || str_equal(row->state, STR("superseded"));
    uint64_t at_ms = promoted_ms(c, row->id);
    if (at_ms > 0)
        return stays && at_ms <= c->since_ms ? HELD : PROMOTED;
    return json_is(json_get(body, "verdict"), JSON_STRING) ? GATED : PROPOSED;
}

/* A cluster got as far as the best of its candidates. */
static void go_further(struct counting *c, const struct conversion_rows *rows,
    const struct journal_candidate *row, enum reached *reached)
{
    const struct json *body = json_read(&c->arena, row->body, NULL, NULL);
    struct str cluster = json_string(&c->arena, json_get(body, "cluster"));
    enum reached now = of_candidate(c, row, body);
    for (uint32_t i = 0; i < rows->clusters_count; i++)
        if (str_equal(rows->clusters[i].id, cluster) && now > reached[i])
            reached[i] = now;
}

void conversion_of(struct conversion *ret, const struct conversion_rows *rows, uint64_t since_ms)
{
    struct counting c = { .since_ms = since_ms };
    *ret = (struct conversion){ 0 };
    uint32_t *of[REACHED] = { &ret->observed, &ret->clustered, &ret->batched, &ret->proposed,
        &ret->gated, &ret->promoted, &ret->held };
    enum reached *reached = arena_alloc(&c.arena, (rows->clusters_count + 1) * sizeof *reached);
    read_promotions(&c, rows);
    for (uint32_t i = 0; i < rows->clusters_count; i++)
        reached[i] = of_cluster(rows->clusters[i].state);
    for (uint32_t i = 0; i < rows->candidates_count; i++)
        go_further(&c, rows, &rows->candidates[i], reached);
    for (uint32_t i = 0; i < rows->clusters_count; i++)
        for (unsigned k = 0; k <= reached[i]; k++)
            ++*of[k];
    arena_done(&c.arena);
}

int conversion_count(
    struct conversion *ret, struct journal *journal, uint64_t since_ms, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct conversion_rows rows;
    int rc = journal_clusters(journal, &arena, &rows.clusters, &rows.clusters_count, err);
    if (rc >= 0)
        rc = journal_candidates(journal, &arena, &rows.candidates, &rows.candidates_count, err);
    if (rc >= 0)
        rc = journal_admissions(journal, &arena, &rows.admissions, &rows.admissions_count, err);
    if (rc < 0)
        return rc;
    conversion_of(ret, &rows, since_ms);
    return 0;
}

void conversion_print(struct buf *out, const struct conversion *of)
{
    buf_format(out,
        "{\"observed\":%u,\"clustered\":%u,\"batched\":%u,\"proposed\":%u,\"gated\":%u,"
        "\"promoted\":%u,\"held\":%u}",
        of->observed, of->clustered, of->batched, of->proposed, of->gated, of->promoted, of->held);
}
