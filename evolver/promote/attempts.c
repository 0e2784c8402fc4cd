/* attempts - see attempts.h. */
#include "promote/attempts.h"

#include "base/fields.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define COUNTED 9007199254740992.0 /* what every reader of JSON keeps */
#define ROW(name, kind, of, member)                                                                \
    {                                                                                              \
        name, kind, offsetof(struct of, member)                                                    \
    }
#define ROW_DOUBLE(name, of, member)                                                               \
    {                                                                                              \
        name, FIELD_DOUBLE, offsetof(struct of, member), .min = 0, .max = COUNTED                  \
    }
static const struct field begun_fields[] = {
    ROW("cluster", FIELD_STR, attempt_begun, cluster),
    ROW("proposer", FIELD_STR, attempt_begun, proposer),
    ROW("active", FIELD_STR, attempt_begun, active),
    ROW("batch", FIELD_DIGEST, attempt_begun, batch),
    ROW("groups", FIELD_U32, attempt_begun, groups),
    ROW("steps", FIELD_U32, attempt_begun, steps),
    ROW("seconds", FIELD_U32, attempt_begun, seconds),
    ROW_DOUBLE("at_ms", attempt_begun, at_ms),
};
static const struct field ended_fields[] = {
    ROW("attempt", FIELD_DIGEST, attempt_ended, attempt),
    ROW("end", FIELD_STR, attempt_ended, end),
    ROW("why", FIELD_STR, attempt_ended, why),
    ROW("rests", FIELD_BOOL, attempt_ended, rests),
    ROW("proposals", FIELD_U32, attempt_ended, proposals),
    ROW("judged", FIELD_U32, attempt_ended, judged),
    ROW("builds", FIELD_U32, attempt_ended, builds),
    ROW("tries", FIELD_U32, attempt_ended, tries),
    ROW("requests", FIELD_U32, attempt_ended, requests),
    ROW("tokens", FIELD_U32, attempt_ended, tokens),
    ROW_DOUBLE("usd", attempt_ended, usd),
    ROW_DOUBLE("seconds", attempt_ended, seconds),
    ROW_DOUBLE("at_ms", attempt_ended, at_ms),
};

int attempt_begin(
    struct journal *journal, const struct attempt_begun *begun, struct digest *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_text(&text, "{\"schema\":1,");
    fields_print(&text, begun_fields, COUNT_OF(begun_fields), begun);
    buf_char(&text, '}');
    return journal_put(journal, "attempt", buf_view(&text), ret, err);
}

int attempt_end(struct journal *journal, const struct attempt_ended *ended, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct digest unused;
    buf_text(&text, "{\"schema\":1,");
    fields_print(&text, ended_fields, COUNT_OF(ended_fields), ended);
    buf_text(&text, ",\"candidates\":");
    buf_str(&text, ended->candidates.size ? ended->candidates : STR("[]"));
    buf_char(&text, '}');
    return journal_put(journal, "attempt-end", buf_view(&text), &unused, err);
}

static int read_one(void *to, const struct field *fields, unsigned count,
    const struct journal_document *document, struct arena *arena, struct err *err)
{
    static const char *const others[] = { "schema", "candidates", NULL };
    const struct json *root = json_read(arena, document->text, NULL, err);
    if (!root)
        return -err->code;
    if (json_int(json_get(root, "schema"), 0) != 1)
        return err_set(err, ERR_INPUT, "an attempt of a schema that is not known here");
    return fields_read(to, fields, count, root, root, others, arena, err);
}

static struct attempt_row *find(struct attempt_row *rows, const struct journal_document *begun,
    uint32_t count, const struct digest *digest)
{
    for (uint32_t i = count; i-- > 0;)
        if (hash_equal(&begun[i].digest, digest))
            return &rows[i];
    return NULL;
}

int attempt_rows(struct journal *journal, struct arena *arena, struct attempt_row **ret,
    uint32_t *ret_count, struct err *err)
{
    struct journal_document *begun, *ends;
    struct attempt_ended ended;
    uint32_t count, ends_count;
    int rc = journal_documents(journal, "attempt", arena, &begun, &count, err);
    if (rc == 0)
        rc = journal_documents(journal, "attempt-end", arena, &ends, &ends_count, err);
    if (rc < 0)
        return rc;
    struct attempt_row *rows = arena_alloc(arena, (count + 1) * sizeof *rows);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        rc = read_one(&rows[i].begun, begun_fields, COUNT_OF(begun_fields), &begun[i], arena, err);
        rows[i].open = true;
        rows[i].ended.seconds = rows[i].begun.seconds;
        rows[i].ended.at_ms = rows[i].begun.at_ms;
    }
    for (uint32_t i = 0; rc == 0 && i < ends_count; i++) {
        rc = read_one(&ended, ended_fields, COUNT_OF(ended_fields), &ends[i], arena, err);
        struct attempt_row *row = rc == 0 ? find(rows, begun, count, &ended.attempt) : NULL;
        if (!row)
            continue;
        row->ended = ended;
        const struct json *list =
            json_get(json_read(arena, ends[i].text, NULL, NULL), "candidates");
        row->ended.candidates = list ? list->raw : STR("[]");
        row->open = false;
    }
    *ret = rows;
    *ret_count = count;
    return rc;
}

uint32_t attempt_candidates(const struct attempt_row *row)
{
    const struct attempt_ended *ended = &row->ended;
    uint32_t steps = row->begun.steps ? row->begun.steps : 1;
    if (ended->judged > 0)
        return ended->judged / steps + (ended->judged % steps > 0);
    return ended->tries > ended->proposals ? ended->tries : ended->proposals;
}
