/* candidate - see candidate.h. One table prints and reads the row, so nothing can be kept and not
 * read. */
#include "promote/candidate.h"

#include "base/mem.h"
#include "base/names.h"
#include "base/fields.h"

#include <stddef.h>
#include <string.h>

#define FIELD(member, type, ...)                                                                   \
    {                                                                                              \
        .name = #member, .kind = type, .offset = offsetof(struct candidate, member), __VA_ARGS__   \
    }
static const struct field fields[] = {
    FIELD(cluster, FIELD_STR),
    FIELD(plugin, FIELD_STR),
    FIELD(path, FIELD_STR),
    FIELD(proposer, FIELD_STR),
    FIELD(parent, FIELD_STR),
    FIELD(commit, FIELD_STR),
    FIELD(why, FIELD_STR),
    FIELD(batch, FIELD_DIGEST),
    FIELD(proposal, FIELD_DIGEST),
    FIELD(patch, FIELD_DIGEST),
    FIELD(source, FIELD_DIGEST),
    FIELD(tree, FIELD_DIGEST),
    FIELD(build, FIELD_DIGEST),
    FIELD(build_before, FIELD_DIGEST),
    FIELD(report, FIELD_DIGEST),
    FIELD(verdict, FIELD_DIGEST),
    FIELD(policy, FIELD_DIGEST),
    FIELD(approval, FIELD_DIGEST),
    FIELD(provenance, FIELD_DIGEST),
    FIELD(test_result, FIELD_DIGEST),
    FIELD(ablation, FIELD_DIGEST),
    FIELD(diagnostics, FIELD_DIGEST),
    FIELD(made_s, FIELD_U32),
    FIELD(mandate, FIELD_DIGEST, .optional = true),
    FIELD(confirmation, FIELD_DIGEST, .optional = true),
    FIELD(corpus, FIELD_DIGEST, .optional = true),
    FIELD(from, FIELD_DIGEST, .optional = true),
};

void candidate_print(struct buf *out, const struct candidate *candidate)
{
    buf_char(out, '{');
    fields_print(out, fields, COUNT_OF(fields), candidate);
    buf_char(out, '}');
}

int candidate_read(struct candidate *ret, const struct journal_candidate *row, struct arena *arena,
    struct err *err)
{
    struct candidate candidate = { .id = row->id };
    int stage = name_find(stage_words, STAGES, row->state);
    const struct json *root = json_read(arena, row->body, NULL, err);
    if (!root)
        return err_while(err, "candidate %.12s", row->id.at);
    if (stage < 0)
        return err_set(
            err, ERR_INPUT, "candidate %.12s has a stage that is not known here", row->id.at);
    int rc = fields_read(&candidate, fields, COUNT_OF(fields), root, root, NULL, arena, err);
    if (rc < 0)
        return err_while(err, "candidate %.12s", row->id.at);
    fields_own(&candidate, fields, COUNT_OF(fields), arena);
    candidate.id.at = arena_string(arena, row->id.at, row->id.size);
    candidate.stage = (enum stage)stage;
    *ret = candidate;
    return 0;
}

int candidate_list(struct journal *journal, struct arena *arena, struct candidate **ret,
    uint32_t *ret_count, struct err *err)
{
    struct journal_candidate *rows;
    uint32_t count;
    int rc = journal_candidates(journal, arena, &rows, &count, err);
    if (rc < 0)
        return rc;
    struct candidate *list = arena_alloc(arena, (count + 1) * sizeof *list);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = candidate_read(&list[i], &rows[i], arena, err);
    *ret = list;
    *ret_count = count;
    return rc;
}

int candidate_find(struct journal *journal, struct arena *arena, struct str prefix,
    struct candidate *ret, struct err *err)
{
    enum { PREFIX_MIN = 6 };
    struct candidate *list;
    uint32_t count, found = 0;
    if (prefix.size < PREFIX_MIN)
        return err_set(err, ERR_USAGE, "a candidate's id has at least %d digits", PREFIX_MIN);
    int rc = candidate_list(journal, arena, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        if (str_starts(list[i].id, prefix) && ++found == 1)
            *ret = list[i];
    if (rc == 0 && found == 0) {
        err_set(err, ERR_MISSING, "no candidate %.*s", (int)(prefix.size & 127), prefix.at);
        return err_hint(err, "moult candidates lists them");
    }
    if (rc == 0 && found > 1)
        return err_set(err, ERR_STATE, "%u candidates begin with %.*s", found,
            (int)(prefix.size & 127), prefix.at);
    return rc;
}

static int find_exact(struct journal *journal, struct arena *arena, struct str id,
    struct candidate *ret, struct err *err)
{
    struct journal_candidate *rows;
    uint32_t count;
    int rc = journal_candidates(journal, arena, &rows, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        if (str_equal(rows[i].id, id))
            return candidate_read(ret, &rows[i], arena, err) < 0 ? -err->code : 1;
    return rc;
}

int candidate_add(
    struct journal *journal, struct arena *arena, struct candidate *candidate, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    struct err swap = { 0 };
    candidate->stage = STAGE_PROPOSED;
    candidate_print(&body, candidate);
    const struct journal_move move = {
        .id = candidate->id, .to = str_of(stage_words[STAGE_PROPOSED]), .body = buf_view(&body)
    };
    int rc = journal_move_candidates(journal, &move, 1, &swap);
    if (rc == 0)
        return 0;
    int known = rc == -ERR_STATE ? find_exact(journal, arena, candidate->id, candidate, err) : 0;
    if (known != 0)
        return known;
    *err = swap;
    return rc;
}

int candidate_move_to(struct journal_move *move, struct buf *body,
    const struct candidate *candidate, enum stage_event event, struct err *err)
{
    int next = stage_next(candidate->stage, event, err);
    if (next < 0)
        return next;
    candidate_print(body, candidate);
    *move = (struct journal_move){ .id = candidate->id,
        .from = str_of(stage_words[candidate->stage]),
        .to = str_of(stage_words[next]),
        .body = buf_view(body) };
    return next;
}

int candidate_move(
    struct journal *journal, struct candidate *candidate, enum stage_event event, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    struct journal_move move;
    int next = candidate_move_to(&move, &body, candidate, event, err);
    if (next < 0)
        return next;
    int rc = journal_move_candidates(journal, &move, 1, err);
    if (rc == 0)
        candidate->stage = (enum stage)next;
    return rc;
}

int candidate_end(struct journal *journal, struct arena *arena, struct candidate *candidate,
    enum stage_event event, const char *why, struct err *err)
{
    candidate->why = str_of(arena_string(arena, why, strlen(why)));
    return candidate_move(journal, candidate, event, err);
}
