/* admission - see admission.h. */
#include "admission/admission.h"

#include "base/mem.h"
#include "base/fields.h"

#include <stddef.h>

const char *const admission_kind_words[ADMISSION_KINDS] = { "init", "promotion", "rollback" };

#define FIELD(member, type, ...)                                                                   \
    {                                                                                              \
        .name = #member, .kind = type, .offset = offsetof(struct admission, member), __VA_ARGS__   \
    }
static const struct field fields[] = {
    FIELD(home, FIELD_STR), FIELD(number, FIELD_U32), FIELD(before, FIELD_DIGEST),
    { .name = "kind",
        .kind = FIELD_WORD,
        .offset = offsetof(struct admission, kind),
        .words = admission_kind_words,
        .words_count = ADMISSION_KINDS },
    FIELD(commit, FIELD_STR), FIELD(generation, FIELD_DIGEST), FIELD(plugin, FIELD_STR),
    FIELD(build, FIELD_DIGEST), FIELD(candidate, FIELD_STR), FIELD(by, FIELD_STR),
    FIELD(unattended, FIELD_BOOL), FIELD(batch, FIELD_DIGEST), FIELD(report, FIELD_DIGEST),
    FIELD(verdict, FIELD_DIGEST), FIELD(policy, FIELD_DIGEST), FIELD(approval, FIELD_DIGEST),
    FIELD(returns, FIELD_DIGEST), FIELD(reviewers, FIELD_U32), FIELD(at_s, FIELD_U32),
    /* Only of a promotion under a mandate. */
    FIELD(mandate, FIELD_DIGEST, .optional = true),
    FIELD(confirmation, FIELD_DIGEST, .optional = true),
    FIELD(corpus, FIELD_DIGEST, .optional = true), /* from the first promotion on */
};
static const char *const others[] = { "schema", NULL };

void admission_print(struct buf *out, const struct admission *admission)
{
    buf_text(out, "{\"schema\":1,");
    fields_print(out, fields, COUNT_OF(fields), admission);
    buf_char(out, '}');
}

int admission_read(struct admission *ret, const struct journal_admission *row, struct arena *arena,
    struct err *err)
{
    struct admission admission = { .digest = row->digest };
    struct digest have = hash_of(row->body);
    if (!hash_equal(&have, &row->digest))
        return err_set(err, ERR_VERIFY, "admission %llu is not what its digest says",
            (unsigned long long)row->number);
    const struct json *root = json_read(arena, row->body, NULL, err);
    int rc =
        !root ? -err->code
              : fields_read(&admission, fields, COUNT_OF(fields), root, root, others, arena, err);
    if (rc == 0)
        fields_own(&admission, fields, COUNT_OF(fields), arena);
    *ret = admission;
    return rc < 0 ? err_while(err, "admission %llu", (unsigned long long)row->number) : 0;
}

/* A list of so many has room for this many: it moves when it has doubled. */
static uint32_t room_of(uint32_t count)
{
    uint32_t room = 16;
    while (room < count)
        room *= 2;
    return room;
}

int admission_list(struct journal *journal, struct arena *arena, struct admission **ret,
    uint32_t *ret_count, struct err *err)
{
    struct journal_admission *rows;
    struct admission *list = *ret;
    uint32_t known = *ret_count, more;
    uint64_t from = known ? (uint64_t)list[known - 1].number + 1 : 0;
    int rc = journal_admissions_from(journal, arena, from, &rows, &more, err);
    if (rc < 0)
        return rc;
    if (known == 0 || room_of(known + more) > room_of(known)) {
        list = arena_alloc(arena, room_of(known + more) * sizeof *list);
        for (uint32_t i = 0; i < known; i++)
            list[i] = (*ret)[i];
    }
    for (uint32_t i = 0; rc == 0 && i < more; i++)
        rc = admission_read(&list[known + i], &rows[i], arena, err);
    if (rc < 0)
        return rc;
    *ret = list;
    *ret_count = known + more;
    return 0;
}
