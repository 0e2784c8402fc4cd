/* import_known - see import_known.h. */
#include "trials/import_known.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct row {
    struct digest name, id;
    bool used;
};
/* Found by the first bytes of a digest that nobody can choose, so rows lie evenly. */
struct known {
    struct row *rows;
    size_t room, count;
};

static bool name_of(const struct journal_session *session, struct digest *ret)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *meta = json_read(&arena, session->meta, NULL, NULL);
    struct str name = json_string(&arena, json_get(meta, "session"));
    *ret = hash_parts((struct str[]){ session->format, name }, 2);
    return name.size > 0;
}

static size_t place_of(const struct known *known, const struct digest *name)
{
    uint64_t at;
    memcpy(&at, name->at, sizeof at);
    return (size_t)(at & (known->room - 1));
}

static void put(struct known *known, const struct row *row)
{
    size_t at = place_of(known, &row->name);
    while (known->rows[at].used)
        at = (at + 1) & (known->room - 1);
    known->rows[at] = *row;
    known->count++;
}

static void grow(struct known *known)
{
    struct known larger = { .room = known->room ? known->room * 2 : 256 };
    larger.rows = mem_zero(larger.room, sizeof *larger.rows);
    for (size_t i = 0; i < known->room; i++)
        if (known->rows[i].used)
            put(&larger, &known->rows[i]);
    free(known->rows);
    *known = larger;
}

static void add_row(struct known *known, const struct digest *name, const struct digest *id)
{
    const struct row row = { .name = *name, .id = *id, .used = true };
    if (known->count * 2 >= known->room)
        grow(known);
    put(known, &row);
}

static enum known_as find(
    const struct known *known, const struct digest *name, const struct digest *id)
{
    enum known_as as = KNOWN_NOT;
    if (known->room == 0)
        return as;
    for (size_t at = place_of(known, name); known->rows[at].used && as != KNOWN_SAME;
         at = (at + 1) & (known->room - 1))
        if (hash_equal(&known->rows[at].name, name))
            as = hash_equal(&known->rows[at].id, id) ? KNOWN_SAME : KNOWN_GROWN;
    return as;
}

enum known_as known_take(struct known *known, const struct journal_session *session, bool newer)
{
    struct digest name, id;
    if (!name_of(session, &name))
        return KNOWN_NOT;
    id = journal_session_id(session);
    enum known_as as = find(known, &name, &id);
    if (as == KNOWN_NOT || (as == KNOWN_GROWN && newer))
        add_row(known, &name, &id);
    return as;
}

int known_open(struct known **ret, const struct home *home, struct err *err)
{
    struct journal *journal = NULL;
    struct known *known = mem_zero(1, sizeof *known);
    uint32_t count = 1;
    int status = journal_open(&journal, home, JOURNAL_VIEW, err);
    for (uint64_t after = 0; status >= 0 && count > 0;) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct journal_session *list = NULL;
        status = journal_list(journal, after, &arena, &list, &count, err);
        for (uint32_t i = 0; status >= 0 && i < count; i++) {
            after = list[i].number;
            struct digest name;
            if (!list[i].live && name_of(&list[i], &name))
                add_row(known, &name, &list[i].id);
        }
    }
    journal_close(journal);
    if (status < 0)
        known_free(known);
    else
        *ret = known;
    return status;
}

void known_free(struct known *known)
{
    if (known)
        free(known->rows);
    free(known);
}
