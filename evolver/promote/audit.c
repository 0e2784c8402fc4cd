/* audit - see audit.h.
 *
 * What a record says of its row is a list of members of its body; what the row says is packed the
 * same way, so one comparison serves every table. */
#include "promote/audit.h"

#include "base/json.h"
#include "base/mem.h"
#include "promote/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 6, TRIES = 8 };
enum subject {
    SUBJECT_CANDIDATE,
    SUBJECT_ADMISSION,
    SUBJECT_CLUSTER,
    SUBJECT_SPLIT,
    SUBJECT_LOOK,
    SUBJECT_LOOK_END,
    SUBJECT_OPENING,
    SUBJECT_OPENING_END,
    SUBJECT_FREEZE,
    SUBJECT_MANDATE,
    SUBJECT_MANDATE_END,
    SUBJECT_WAIVER,
    SUBJECT_COMPARISON,
    SUBJECT_BET,
    SUBJECT_CASE_ADDED,
    SUBJECT_RETIRED,
    SUBJECT_ATTEMPT,
    SUBJECT_ATTEMPT_END,
    SUBJECTS
};

/* Which members of a record name its row, and which the row has to agree with. */
static const struct rule {
    const char *kind;           /* of the record */
    const char *word;           /* for a person */
    const char *key[PARTS_MAX]; /* members of the body */
    const char *content[PARTS_MAX];
    bool listed; /* every row can be asked for, so none may be missing */
} rules[SUBJECTS] = {
    [SUBJECT_CANDIDATE] = { "candidate", "candidate", { "candidate" }, { "to", "body" }, true },
    [SUBJECT_ADMISSION] = { "admission", "admission", { "admission" }, { "digest", "body" }, true },
    [SUBJECT_CLUSTER] = { "cluster", "cluster", { "cluster" }, { "to", "document" }, true },
    [SUBJECT_SPLIT] = { "split", "the split of group", { "group" }, { "to" }, false },
    [SUBJECT_LOOK] = { "look", "look", { "candidate", "shard" },
        { "k", "passes", "own", "level", "seen", "proposer" }, true },
    [SUBJECT_LOOK_END] = { "look-end", "answer of look", { "candidate", "shard" }, { "passed" },
        true },
    [SUBJECT_OPENING] = { "opening", "opening of shard", { "shard" }, { "candidate" }, true },
    [SUBJECT_OPENING_END] = { "opening-end", "report on shard", { "shard" },
        { "candidate", "claim" }, true },
    [SUBJECT_FREEZE] = { "freeze", "freeze", { NULL }, { "frozen" }, true },
    [SUBJECT_MANDATE] = { "mandate", "mandate", { "digest" }, { "body" }, true },
    [SUBJECT_MANDATE_END] = { "mandate-end", "end of a mandate", { "digest" }, { "body" }, true },
    [SUBJECT_WAIVER] = { "waiver", "waiver", { "digest" }, { "body" }, true },
    [SUBJECT_COMPARISON] = { "comparison", "comparison", { "digest" }, { "body" }, true },
    [SUBJECT_BET] = { "comparison-bet", "bet of a comparison", { "digest" }, { "body" }, true },
    [SUBJECT_CASE_ADDED] = { "case-added", "addition of a case", { "digest" }, { "body" }, true },
    [SUBJECT_ATTEMPT] = { "attempt", "attempt", { "digest" }, { "body" }, true },
    [SUBJECT_ATTEMPT_END] = { "attempt-end", "end of an attempt", { "digest" }, { "body" }, true },
    [SUBJECT_RETIRED] = { "retired", "retirement", { "digest" }, { "body" }, true },
};

/* What one record says of one row. */
struct saying {
    struct digest key, content;
    uint64_t record;
    const char *name;
    bool listed, seen;
};

struct reading {
    struct journal *journal;
    struct arena pages, names, rows; /* pages: until the next page of records */
    struct digest *heads;            /* of record 1, 2, ... */
    struct saying *sayings;
    size_t records, heads_room, sayings_count, sayings_room;
};

static struct digest key_of(enum subject subject, const struct str parts[PARTS_MAX])
{
    const struct str all[] = { str_of(rules[subject].kind), parts[0], parts[1] };
    return hash_parts(all, COUNT_OF(all));
}

/* --- the records */

static void parts_of(struct str ret[PARTS_MAX], const struct json *body,
    const char *const members[PARTS_MAX], struct arena *arena)
{
    for (int i = 0; i < PARTS_MAX; i++) {
        const struct json *value = members[i] ? json_get(body, members[i]) : NULL;
        ret[i] = !value                        ? (struct str){ NULL, 0 }
                 : json_is(value, JSON_STRING) ? json_string(arena, value)
                                               : value->raw;
    }
}

static const char *name_of_row(
    struct arena *arena, enum subject subject, const struct str key[PARTS_MAX])
{
    enum { NAME_MAX_SHOWN = 80 };
    char name[NAME_MAX_SHOWN];
    if (!key[0].size)
        return rules[subject].word;
    return arena_format(
        arena, "%s %s", rules[subject].word, str_printable(name, sizeof name, key[0], false));
}

static int take_saying(struct reading *reading, const struct journal_record *record,
    enum subject subject, struct err *err)
{
    const struct json *body = json_read(&reading->pages, record->body, NULL, err);
    struct str key[PARTS_MAX], content[PARTS_MAX];
    if (!body)
        return err_set(
            err, ERR_VERIFY, "audit record %" PRIu64 ": its body is no JSON", record->number);
    parts_of(key, body, rules[subject].key, &reading->pages);
    parts_of(content, body, rules[subject].content, &reading->pages);
    if (reading->sayings_count == reading->sayings_room) {
        reading->sayings_room = reading->sayings_room * 2 + 64;
        reading->sayings =
            mem_grow(reading->sayings, reading->sayings_room, sizeof *reading->sayings);
    }
    reading->sayings[reading->sayings_count++] = (struct saying){
        .key = key_of(subject, key),
        .content = hash_parts(content, COUNT_OF(content)),
        .record = record->number,
        .name = name_of_row(&reading->names, subject, key),
        .listed = rules[subject].listed,
    };
    return 0;
}

static int take_record(
    struct reading *reading, const struct journal_record *record, struct err *err)
{
    struct digest none = { { 0 } };
    int rc = journal_record_check(record, reading->records + 1,
        reading->records ? &reading->heads[reading->records - 1] : &none, err);
    for (int i = 0; rc == 0 && i < SUBJECTS; i++)
        if (str_equal(record->kind, str_of(rules[i].kind)))
            rc = take_saying(reading, record, (enum subject)i, err);
    if (rc < 0)
        return rc;
    if (reading->records == reading->heads_room) {
        reading->heads_room = reading->heads_room * 2 + 64;
        reading->heads = mem_grow(reading->heads, reading->heads_room, sizeof *reading->heads);
    }
    reading->heads[reading->records++] = record->digest;
    return 0;
}

/* What was written since the last call. */
static int read_chain(struct reading *reading, struct err *err)
{
    int rc = 0;
    for (uint32_t count = 1; rc == 0 && count > 0;) {
        struct journal_record *list;
        arena_reset(&reading->pages);
        rc = journal_audit(reading->journal, reading->records, &reading->pages, &list, &count, err);
        for (uint32_t i = 0; rc == 0 && i < count; i++)
            rc = take_record(reading, &list[i], err);
    }
    return rc;
}

/* --- the rows */

static int by_key(const void *a, const void *b)
{
    const struct saying *left = a, *right = b;
    int order = memcmp(left->key.at, right->key.at, sizeof left->key.at);
    return order ? order : (left->record > right->record) - (left->record < right->record);
}

/* Sorted, and of each row the last saying only. */
static void keep_last(struct reading *reading)
{
    size_t kept = 0;
    if (reading->sayings_count)
        qsort(reading->sayings, reading->sayings_count, sizeof *reading->sayings, by_key);
    for (size_t i = 0; i < reading->sayings_count; i++) {
        struct saying *saying = &reading->sayings[i];
        if (kept && hash_equal(&reading->sayings[kept - 1].key, &saying->key))
            kept--;
        reading->sayings[kept] = *saying;
        reading->sayings[kept++].seen = false;
    }
    reading->sayings_count = kept;
}

static int key_order(const void *key, const void *saying)
{
    return memcmp(key, ((const struct saying *)saying)->key.at, sizeof(struct digest));
}

static struct saying *find(
    const struct reading *reading, enum subject subject, const struct str key[PARTS_MAX])
{
    struct digest wanted = key_of(subject, key);
    if (!reading->sayings_count)
        return NULL;
    return bsearch(
        &wanted, reading->sayings, reading->sayings_count, sizeof *reading->sayings, key_order);
}

static int hold(struct reading *reading, enum subject subject, const struct str key[PARTS_MAX],
    const struct str content[PARTS_MAX], struct err *err)
{
    struct saying *saying = find(reading, subject, key);
    struct digest now = hash_parts(content, PARTS_MAX);
    if (!saying)
        return err_set(err, ERR_VERIFY, "%s: no audit record speaks of it",
            name_of_row(&reading->names, subject, key));
    saying->seen = true;
    if (hash_equal(&saying->content, &now))
        return 0;
    return err_set(err, ERR_VERIFY, "%s: its row is not what audit record %" PRIu64 " says",
        saying->name, saying->record);
}

static int hold_candidates(struct reading *reading, struct err *err)
{
    struct journal_candidate *list;
    uint32_t count;
    int rc = journal_candidates(reading->journal, &reading->rows, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = hold(reading, SUBJECT_CANDIDATE, (struct str[PARTS_MAX]){ list[i].id },
            (struct str[PARTS_MAX]){ list[i].state, list[i].body }, err);
    return rc;
}

static int hold_admissions(struct reading *reading, struct err *err)
{
    struct journal_admission *list;
    uint32_t count;
    int rc = journal_admissions(reading->journal, &reading->rows, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        char number[24], hex[DIGEST_HEX];
        snprintf(number, sizeof number, "%" PRIu64, list[i].number);
        rc = hold(reading, SUBJECT_ADMISSION, (struct str[PARTS_MAX]){ str_of(number) },
            (struct str[PARTS_MAX]){ str_of(hash_hex(hex, &list[i].digest)), list[i].body }, err);
    }
    return rc;
}

static int hold_clusters(struct reading *reading, struct err *err)
{
    struct journal_cluster *list;
    uint32_t count;
    int rc = journal_clusters(reading->journal, &reading->rows, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        char hex[DIGEST_HEX];
        rc = hold(reading, SUBJECT_CLUSTER, (struct str[PARTS_MAX]){ list[i].id },
            (struct str[PARTS_MAX]){ list[i].state, str_of(hash_hex(hex, &list[i].document)) },
            err);
    }
    return rc;
}

/* A group that has no split says so with its sessions: then no record may speak of one. */
static int hold_splits(struct reading *reading, struct err *err)
{
    uint64_t after = 0;
    int rc = 0;
    for (uint32_t count = 1; rc == 0 && count > 0;) {
        struct journal_session *list;
        arena_reset(&reading->rows);
        rc = journal_list(reading->journal, after, &reading->rows, &list, &count, err);
        for (uint32_t i = 0; rc == 0 && i < count; i++) {
            char split[8];
            const struct str key[PARTS_MAX] = { list[i].group };
            after = list[i].number;
            if (list[i].aside ||
                (list[i].split == JOURNAL_NO_SPLIT && !find(reading, SUBJECT_SPLIT, key)))
                continue;
            snprintf(split, sizeof split, "%u", list[i].split);
            rc = hold(reading, SUBJECT_SPLIT, key, (struct str[PARTS_MAX]){ str_of(split) }, err);
        }
    }
    return rc;
}

static int hold_looks(struct reading *reading, struct err *err)
{
    struct journal_look_row *list;
    uint32_t count;
    int rc = journal_looks(reading->journal, &reading->rows, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        char shard[DIGEST_HEX], k[16], passes[16], own[16], level[32], seen[24];
        const struct journal_look *look = &list[i].look;
        bool old = look->own == 0; /* of before rows said more */
        const struct str key[PARTS_MAX] = { list[i].candidate,
            str_of(hash_hex(shard, &list[i].shard)) };
        snprintf(k, sizeof k, "%u", list[i].look.k);
        snprintf(passes, sizeof passes, "%u", list[i].look.passes);
        snprintf(own, sizeof own, "%u", look->own);
        snprintf(level, sizeof level, "%.17g", look->level);
        snprintf(seen, sizeof seen, "%" PRIu64, look->seen);
        const struct str parts[PARTS_MAX] = { str_of(k), str_of(passes), str_of(old ? "" : own),
            str_of(old ? "" : level), str_of(old ? "" : seen), list[i].proposer };
        rc = hold(reading, SUBJECT_LOOK, key, parts, err);
        if (rc == 0 && list[i].look.ended)
            rc = hold(reading, SUBJECT_LOOK_END, key,
                (struct str[PARTS_MAX]){ list[i].look.passed ? STR("true") : STR("false") }, err);
    }
    return rc;
}

/* What a sealed shard was opened for, and what was claimed of it: once each. */
static int hold_openings(struct reading *reading, struct err *err)
{
    struct journal_opening *list;
    uint32_t count;
    int rc = journal_openings(reading->journal, &reading->rows, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        char shard[16], hex[DIGEST_HEX];
        snprintf(shard, sizeof shard, "%u", list[i].shard);
        const struct str key[PARTS_MAX] = { str_of(shard) };
        const struct str end[PARTS_MAX] = { list[i].candidate,
            str_of(hash_hex(hex, &list[i].claim)) };
        rc = hold(reading, SUBJECT_OPENING, key, (struct str[PARTS_MAX]){ list[i].candidate }, err);
        if (rc == 0 && !hash_zero(&list[i].claim))
            rc = hold(reading, SUBJECT_OPENING_END, key, end, err);
    }
    return rc;
}

static int hold_freeze(struct reading *reading, struct err *err)
{
    const struct str key[PARTS_MAX] = { { NULL, 0 } };
    bool frozen;
    int rc = journal_frozen(reading->journal, &frozen, err);
    if (rc < 0 || (!frozen && !find(reading, SUBJECT_FREEZE, key)))
        return rc;
    return hold(reading, SUBJECT_FREEZE, key,
        (struct str[PARTS_MAX]){ frozen ? STR("true") : STR("false") }, err);
}

/* Documents that no row names: what somebody takes away, or slips in, would be seen nowhere else.
 */
static int hold_documents(struct reading *reading, enum subject subject, struct err *err)
{
    struct journal_document *list;
    uint32_t count;
    int rc = journal_documents(
        reading->journal, rules[subject].kind, &reading->rows, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        char hex[DIGEST_HEX];
        rc = hold(reading, subject,
            (struct str[PARTS_MAX]){ str_of(hash_hex(hex, &list[i].digest)) },
            (struct str[PARTS_MAX]){ list[i].text }, err);
    }
    return rc;
}

static int hold_decisions(struct reading *reading, struct err *err)
{
    int rc = 0;
    for (int subject = SUBJECT_MANDATE; rc == 0 && subject < SUBJECTS; subject++)
        rc = hold_documents(reading, (enum subject)subject, err);
    return rc;
}

static int hold_rows(struct reading *reading, struct err *err)
{
    static int (*const tables[])(struct reading *, struct err *) = { hold_candidates,
        hold_admissions, hold_clusters, hold_splits, hold_looks, hold_openings, hold_freeze,
        hold_decisions };
    int rc = 0;
    keep_last(reading);
    for (size_t i = 0; rc == 0 && i < COUNT_OF(tables); i++) {
        arena_reset(&reading->rows);
        rc = tables[i](reading, err);
    }
    for (size_t i = 0; rc == 0 && i < reading->sayings_count; i++)
        if (reading->sayings[i].listed && !reading->sayings[i].seen)
            rc = err_set(err, ERR_VERIFY,
                "%s: its row is gone, audit record %" PRIu64 " speaks of it",
                reading->sayings[i].name, reading->sayings[i].record);
    return rc;
}

/* --- checkpoints */

static int hold_checkpoint(const struct reading *reading, const struct home *home,
    const struct sign_public *key, const struct journal_checkpoint *checkpoint, struct err *err)
{
    if (checkpoint->record == 0 || checkpoint->record > reading->records)
        return err_set(err, ERR_VERIFY, "checkpoint %" PRIu64 ": the chain ends at record %zu",
            checkpoint->record, reading->records);
    if (!hash_equal(&checkpoint->head, &reading->heads[checkpoint->record - 1]))
        return err_set(err, ERR_VERIFY,
            "checkpoint %" PRIu64 ": the chain has another digest there", checkpoint->record);
    if (checkpoint_check(checkpoint, home, key, err) == 0)
        return 0;
    struct err why = *err;
    return err_set(err, ERR_VERIFY, "checkpoint %" PRIu64 ": %s", checkpoint->record, why.text);
}

static int hold_checkpoints(
    struct reading *reading, const struct home *home, uint64_t *ret, struct err *err)
{
    struct journal_checkpoint *list;
    struct sign_public key;
    uint32_t count;
    arena_reset(&reading->rows);
    int rc = journal_checkpoints(reading->journal, &reading->rows, &list, &count, err);
    if (rc == 0 && count > 0)
        rc = checkpoint_key(home, &key, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = hold_checkpoint(reading, home, &key, &list[i], err);
    if (rc == 0)
        *ret = count;
    return rc;
}

/* --- all of it */

/* Rows are read behind the chain, and somebody may write in between: what was found counts only if
 * the chain is still the one that was read. */
static int check(
    struct reading *reading, const struct home *home, struct audit *ret, struct err *err)
{
    int rc = read_chain(reading, err);
    for (int i = 0; rc == 0 && i < TRIES; i++) {
        struct err later;
        size_t records = reading->records;
        int found = hold_checkpoints(reading, home, &ret->checkpoints, err);
        if (found == 0)
            found = hold_rows(reading, err);
        if ((rc = read_chain(reading, &later)) < 0)
            *err = later;
        else if (reading->records == records)
            return found;
    }
    return rc < 0 ? rc : err_set(err, ERR_STATE, "the journal is being written: try again");
}

int audit_check(
    struct journal *journal, const struct home *home, struct audit *ret, struct err *err)
{
    struct reading reading = { .journal = journal };
    memset(ret, 0, sizeof *ret);
    int rc = check(&reading, home, ret, err);
    ret->records = reading.records;
    if (reading.records)
        ret->head = reading.heads[reading.records - 1];
    arena_done(&reading.pages);
    arena_done(&reading.names);
    arena_done(&reading.rows);
    free(reading.heads);
    free(reading.sayings);
    return rc;
}
