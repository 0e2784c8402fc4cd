/* row - see row.h. */
#include "trials/live/row.h"

#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { SCHEMA = 1 };

/* --- documents */

void live_row_print_plan(struct buf *out, const struct live_row_plan *plan)
{
    buf_format(out, "{\"schema\": %d, ", SCHEMA);
    sequential_print_plan(out, &plan->plan);
    buf_format(out, ", \"signature\": %u", plan->signature);
    buf_str(out, plan->terms);
    buf_char(out, '}');
}

void live_row_print_bet(struct buf *out, const struct digest *plan, uint32_t number,
    const struct sequential_group *group, const struct digest *evidence,
    const struct live_took *took)
{
    char hex[DIGEST_HEX];
    buf_format(out, "{\"schema\":%d,\"comparison\":\"%s\",\"bet\":%u,\"group\":{", SCHEMA,
        hash_hex(hex, plan), number);
    sequential_print_group(out, group);
    buf_format(out,
        "},\"evidence\":\"%s\",\"requests\":%" PRIu64 ",\"tokens\":%" PRIu64 ",\"usd\":%" PRIu64
        ",\"floors\":%" PRIu64 "}",
        hash_hex(hex, evidence), took->requests, took->tokens, took->usd, took->floors);
}

static bool has_digest(
    struct arena *arena, const struct json *root, const char *name, const struct digest *want)
{
    char hex[DIGEST_HEX];
    return str_equal(json_string(arena, json_get(root, name)), str_of(hash_hex(hex, want)));
}

/* Names the first member that is another. */
static int differs(const struct json *was, const struct json *is, struct err *err)
{
    JSON_EACH(member, was)
    {
        const struct json *now = json_get_str(is, member->key);
        char before[40], after[40], name[40];
        if (now && str_equal(now->raw, member->raw))
            continue;
        err_set(err, ERR_STATE,
            "this comparison was begun with another plan: %s was %s, and is now %s",
            str_printable(name, sizeof name, member->key, false),
            str_printable(before, sizeof before, member->raw, false),
            now ? str_printable(after, sizeof after, now->raw, false) : "nothing");
        return err_hint(err, "go on with that plan: luck is not chosen by beginning anew");
    }
    return err_set(err, ERR_STATE, "this comparison was begun with another plan");
}

const struct journal_document *live_row_find(const struct journal_document *list, uint32_t count,
    const struct live_row_plan *plan, int *ret_rc, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    *ret_rc = 0;
    live_row_print_plan(&text, plan);
    for (uint32_t i = 0; i < count; i++) {
        const struct json *root = json_read(&arena, list[i].text, NULL, NULL);
        if (!has_digest(&arena, root, "shard", &plan->plan.shard) ||
            !has_digest(&arena, root, "candidate", &plan->plan.candidate))
            continue;
        if (!str_equal(list[i].text, buf_view(&text)))
            *ret_rc = differs(root, json_read(&arena, buf_view(&text), NULL, NULL), err);
        return &list[i];
    }
    return NULL;
}

/* --- bets */

struct bet {
    uint32_t number;
    struct str group; /* JSON */
    struct live_took took;
};

static int by_number(const void *a, const void *b)
{
    const struct bet *left = a, *right = b;
    return (left->number > right->number) - (left->number < right->number);
}

static uint64_t count_in(const struct json *root, const char *name)
{
    int64_t value = json_int(json_get(root, name), 0);
    return value > 0 ? (uint64_t)value : 0;
}

static void add_took(struct live_took *sum, const struct live_took *one)
{
    sum->requests += one->requests;
    sum->tokens += one->tokens;
    sum->usd += one->usd;
    sum->floors += one->floors;
}

static uint32_t collect(struct bet *ret, const struct digest *document,
    const struct journal_document *bets, uint32_t count, struct arena *arena)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct json *root = json_read(arena, bets[i].text, NULL, NULL);
        const struct json *group = json_get(root, "group");
        if (!has_digest(arena, root, "comparison", document) || !json_is(group, JSON_OBJECT))
            continue;
        ret[found++] = (struct bet){ (uint32_t)count_in(root, "bet"), group->raw,
            { count_in(root, "requests"), count_in(root, "tokens"), count_in(root, "usd"),
                count_in(root, "floors") } };
    }
    qsort(ret, found, sizeof *ret, by_number);
    return found;
}

/* The row is put together again as one document, and read as any other is: it bets again. */
int live_row_read(struct sequential *ret, struct live_took *ret_took,
    const struct sequential_plan *plan, const struct digest *document,
    const struct journal_document *bets, uint32_t count, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    struct bet *list = arena_alloc(&arena, (count + 1) * sizeof *list);
    uint32_t found = collect(list, document, bets, count, &arena);
    struct live_took took = { 0 };
    buf_format(&text, "{\"schema\": %d, ", SCHEMA);
    sequential_print_plan(&text, plan);
    buf_text(&text, ", \"bets\": [");
    for (uint32_t i = 0; i < found; i++) {
        if (list[i].number != i)
            return err_set(err, ERR_INPUT,
                "the comparison's bet %u is %s: moult audit verify says more", i,
                list[i].number > i ? "gone" : "there twice");
        buf_text(&text, i ? "," : "");
        buf_str(&text, list[i].group);
        add_took(&took, &list[i].took);
    }
    buf_text(&text, "]}");
    int rc = sequential_resume(ret, buf_view(&text), plan, err);
    if (rc == 0)
        *ret_took = took;
    return rc;
}

/* --- begin, or go on */

/* Two that bet at once would each take a group's place. */
static int take_lock(struct live_row *row, const struct home *home, struct err *err)
{
    char path[PATH_MAX];
    row->lock =
        open(home_path(path, home, "run/comparison.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (row->lock < 0)
        return err_sys(err, "%s", path);
    if (flock(row->lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    return errno == EWOULDBLOCK ? err_set(err, ERR_STATE, "another comparison runs in this home")
                                : err_sys(err, "lock %s", path);
}

/* The look that it has, or would get. */
static int foresee(struct journal *journal, const struct sequential_plan *plan,
    struct str candidate, struct journal_look *ret, bool *ret_begun, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_look_row *list;
    uint32_t count;
    int rc = journal_looks(journal, &arena, &list, &count, err);
    *ret = (struct journal_look){ .k = 1 };
    *ret_begun = false;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        if (!hash_equal(&list[i].shard, &plan->shard))
            continue;
        if (str_equal(list[i].candidate, candidate)) {
            *ret = list[i].look;
            *ret_begun = true;
            return 0;
        }
        ret->k++;
        ret->passes += list[i].look.passed;
    }
    return rc;
}

static void fill_level(struct live_row_plan *plan, const struct journal_look *look)
{
    plan->plan.look = look->k;
    plan->plan.passes = look->passes;
    plan->plan.level = stats_level(plan->level_shard, look->k, look->passes);
    if (plan->plan.level_harm <= 0)
        plan->plan.level_harm = plan->plan.level;
}

/* 1: it could not pass. */
static int take_look(struct live_row *row, struct live_row_plan *plan, struct err *err)
{
    char candidate[DIGEST_HEX];
    struct journal_look look;
    bool begun;
    double level_harm = plan->plan.level_harm;
    hash_hex(candidate, &plan->plan.candidate);
    int rc = foresee(row->journal, &plan->plan, str_of(candidate), &look, &begun, err);
    if (rc < 0)
        return rc;
    fill_level(plan, &look);
    if (!begun && !sequential_can_pass(&plan->plan, plan->signature)) {
        err_set(err, ERR_STATE,
            "look %u at this set of cases may spend %.4f, and %u groups, %u of them failing, could "
            "not pass however good",
            look.k, plan->plan.level, plan->plan.groups, plan->signature);
        err_hint(err, "cases of more groups are another set");
        return 1;
    }
    const struct journal_debit debit = {
        .k = look.k, .passes = look.passes, .own = look.k, .level = plan->plan.level
    };
    rc = journal_look(row->journal, &plan->plan.shard, str_of(candidate), &debit, &look, err);
    if (rc < 0)
        return rc;
    plan->plan.level_harm = level_harm;
    fill_level(plan, &look);
    return 0;
}

static int take_plan(struct live_row *row, const struct live_row_plan *plan, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    struct journal_document *list;
    uint32_t count;
    int rc = journal_documents(row->journal, "comparison", &arena, &list, &count, err);
    if (rc < 0)
        return rc;
    const struct journal_document *found = live_row_find(list, count, plan, &rc, err);
    if (rc < 0)
        return rc;
    if (found) {
        row->plan = found->digest;
        return 0;
    }
    live_row_print_plan(&text, plan);
    return journal_put(row->journal, "comparison", buf_view(&text), &row->plan, err);
}

static int take_bets(struct live_row *row, const struct live_row_plan *plan, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_document *list;
    uint32_t count;
    int rc = journal_documents(row->journal, "comparison-bet", &arena, &list, &count, err);
    if (rc == 0)
        rc = live_row_read(&row->sequential, &row->took, &plan->plan, &row->plan, list, count, err);
    row->resumed = rc == 0 && row->sequential.groups_count > 0;
    return rc;
}

int live_row_open(struct live_row *ret, struct journal *journal, const struct home *home,
    struct live_row_plan *plan, struct err *err)
{
    *ret = (struct live_row){ .journal = journal, .lock = -1 };
    int rc = take_lock(ret, home, err);
    if (rc == 0)
        rc = take_look(ret, plan, err);
    if (rc == 0)
        rc = take_plan(ret, plan, err);
    return rc ? rc : take_bets(ret, plan, err);
}

int live_row_bet(struct live_row *row, const struct sequential_group *group,
    const struct digest *evidence, const struct live_took *took, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct digest unused;
    live_row_print_bet(&text, &row->plan, row->sequential.groups_count, group, evidence, took);
    int rc = journal_put(row->journal, "comparison-bet", buf_view(&text), &unused, err);
    if (rc == 0)
        rc = sequential_add(&row->sequential, group, err);
    if (rc < 0)
        return rc;
    add_took(&row->took, took);
    return 0;
}

bool live_row_ended(const struct live_row *row)
{
    return row->sequential.end != SEQUENTIAL_OPEN || row->took.floors > 0;
}

bool live_row_passed(const struct live_row *row)
{
    return row->sequential.end == SEQUENTIAL_PASS && row->took.floors == 0;
}

int live_row_end(struct live_row *row, struct err *err)
{
    char candidate[DIGEST_HEX];
    const struct sequential_plan *plan = &row->sequential.plan;
    if (!live_row_ended(row))
        return 0;
    return journal_look_end(row->journal, &plan->shard,
        str_of(hash_hex(candidate, &plan->candidate)), live_row_passed(row), err);
}

void live_row_close(struct live_row *row)
{
    sequential_done(&row->sequential);
    if (row->lock >= 0)
        close(row->lock);
    row->lock = -1;
}
