/* taken - see taken.h. */
#include "trials/taken.h"

#include "base/clock.h"
#include "base/mem.h"
#include "trials/case/play.h"

#include <string.h>

const char *const taken_suite_words[TAKEN_SUITES] = {
    [TAKEN_REGRESSION] = "regression",
    [TAKEN_SAFETY] = "safety",
    [TAKEN_SMOKE] = "smoke",
};

unsigned taken_suites(const struct trial_case *of)
{
    unsigned suites = 0;
    for (uint32_t i = 0; i < of->tags_count; i++)
        for (int suite = 0; suite < TAKEN_SUITES; suite++)
            if (str_equal(of->tags[i], str_of(taken_suite_words[suite])))
                suites |= 1u << suite;
    return suites;
}

void taken_print_suites(struct buf *out, unsigned suites)
{
    bool first = true;
    buf_char(out, '[');
    for (int suite = 0; suite < TAKEN_SUITES; suite++)
        if (suites & 1u << suite) {
            buf_format(out, "%s\"%s\"", first ? "" : ",", taken_suite_words[suite]);
            first = false;
        }
    buf_char(out, ']');
}

/* --- reading: retirements first, since what is retired need not be readable any more */

struct taking {
    struct taken *taken;
    struct journal *journal;
    const struct home *home;
    struct retirement *retired;
    uint32_t retired_count;
    size_t bytes;
};

/* Whoever was a reviewer when the journal took it could say so; later revocations change nothing.
 */
static int read_retired(struct taking *taking, struct err *err)
{
    struct arena *arena = &taking->taken->arena;
    struct reviewers *reviewers = arena_alloc(arena, sizeof *reviewers);
    struct journal_document *list;
    uint32_t count;
    int rc = journal_documents(taking->journal, "retired", arena, &list, &count, err);
    if (rc < 0 || count == 0)
        return rc;
    if ((rc = reviewers_read(reviewers, taking->home, err)) < 0)
        return rc;
    taking->retired = arena_alloc(arena, count * sizeof *taking->retired);
    taking->taken->sessions = arena_alloc(arena, count * sizeof *taking->taken->sessions);
    for (uint32_t i = 0; i < count; i++) {
        struct retirement *one = &taking->retired[taking->retired_count];
        if (retirement_open(one, list[i].text, taking->home, reviewers, 0, list[i].at_ms, NULL) <
            0) {
            taking->taken->forged++;
            continue;
        }
        taking->retired_count++;
        if (one->session)
            taking->taken->sessions[taking->taken->sessions_count++] =
                (struct taken_session){ one->what, one };
    }
    return 0;
}

static const struct retirement *retirement_of(const struct taking *taking, const struct digest *row)
{
    for (uint32_t i = 0; i < taking->retired_count; i++)
        if (!taking->retired[i].session && hash_equal(&taking->retired[i].what, row))
            return &taking->retired[i];
    return NULL;
}

/* The case itself, out of its own document. */
static int read_case(struct taking *taking, struct taken_case *one, struct err *err)
{
    struct arena *arena = &taking->taken->arena;
    struct str text;
    int rc = journal_get(taking->journal, "case", &one->document, arena, &text, err);
    if (rc == 0 && (taking->bytes += text.size) > TAKEN_BYTES_MAX)
        rc = err_set(err, ERR_LIMIT, "the cases that were taken in have more than %zu bytes",
            TAKEN_BYTES_MAX);
    if (rc == 0)
        rc = case_read(&one->of, text, arena, err);
    if (rc < 0)
        return rc;
    one->identity = case_digest(&one->of);
    one->suites = taken_suites(&one->of);
    /* The same case counts once in a suite. */
    for (const struct taken_case *at = taking->taken->at; at < one; at++)
        if (!at->retired && !at->broken.code && hash_equal(&at->identity, &one->identity))
            one->suites &= ~at->suites;
    return 0;
}

static int read_row(struct taking *taking, struct taken_case *one,
    const struct journal_document *row, struct err *err)
{
    struct arena *arena = &taking->taken->arena;
    const struct json *root = json_read(arena, row->text, NULL, err);
    *one = (struct taken_case){ .row = row->digest, .at_ms = row->at_ms };
    if (!root)
        return -err->code;
    if (json_int(json_get(root, "schema"), 0) != 1)
        return err_set(err, ERR_INPUT, "it has a schema that is not known here");
    one->id = json_string(arena, json_get(root, "id"));
    int rc = hash_unhex(&one->document, json_string(arena, json_get(root, "case")), err);
    one->retired = rc < 0 ? NULL : retirement_of(taking, &one->row);
    if (rc < 0 || one->retired)
        return rc;
    if (!case_is_id(one->id))
        return err_set(err, ERR_INPUT, "it has no id");
    return read_case(taking, one, err);
}

static int read_rows(struct taking *taking, struct err *err)
{
    struct taken *taken = taking->taken;
    struct journal_document *list;
    uint32_t count;
    int rc = journal_documents(taking->journal, "case-added", &taken->arena, &list, &count, err);
    if (rc == 0 && count > TAKEN_MAX)
        rc = err_set(err, ERR_LIMIT, "more than %d cases were taken in", TAKEN_MAX);
    if (rc < 0)
        return rc;
    taken->at = arena_alloc(&taken->arena, (count + 1) * sizeof *taken->at);
    for (uint32_t i = 0; i < count; i++) {
        struct taken_case *one = &taken->at[taken->count++];
        if (read_row(taking, one, &list[i], &one->broken) < 0)
            err_while(&one->broken, "case %.*s, which was taken in", (int)(one->id.size & 127),
                one->id.at ? one->id.at : "");
    }
    return 0;
}

int taken_read(struct taken *ret, struct journal *journal, const struct home *home, struct err *err)
{
    struct err local = { 0 };
    struct taking taking = { .taken = ret, .journal = journal, .home = home };
    int rc = read_retired(&taking, &local);
    if (rc == 0)
        rc = read_rows(&taking, &local);
    if (rc < 0 && err)
        *err = local;
    return rc;
}

int taken_whole(const struct taken *taken, struct err *err)
{
    for (uint32_t i = 0; i < taken->count; i++) {
        const struct taken_case *one = &taken->at[i];
        if (one->retired || !one->broken.code)
            continue;
        if (err)
            *err = one->broken;
        return err_hint(err, "moult case list; a reviewer can retire it: moult case retire");
    }
    return 0;
}

void taken_done(struct taken *taken)
{
    arena_done(&taken->arena);
    *taken = (struct taken){ 0 };
}

const struct retirement *taken_retired(const struct taken *taken, const struct digest *session)
{
    for (uint32_t i = 0; i < taken->sessions_count; i++)
        if (hash_equal(&taken->sessions[i].id, session))
            return taken->sessions[i].retired;
    return NULL;
}

const struct taken_case *taken_find(const struct taken *taken, const struct digest *identity)
{
    for (uint32_t i = 0; i < taken->count; i++)
        if (!taken->at[i].retired && !taken->at[i].broken.code &&
            hash_equal(&taken->at[i].identity, identity))
            return &taken->at[i];
    return NULL;
}

/* --- taking in */

static bool starts_programs(const struct trial_case *of)
{
    for (uint32_t i = 0; i < of->tools_count; i++)
        if (of->tools[i].source == CASE_TOOL_COMMAND)
            return true;
    for (uint32_t i = 0; i < of->grades_count; i++)
        if (of->grades[i].check == CASE_COMMAND)
            return true;
    return false;
}

static uint32_t count_in(const struct taken *taken, unsigned suites)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < taken->count; i++)
        count += !taken->at[i].retired && (taken->at[i].suites & suites);
    return count;
}

int taken_fits(const struct taken *taken, const struct trial_case *of, struct err *err)
{
    unsigned suites = taken_suites(of);
    if (suites && of->model.live.model.size > 0)
        return err_set(err, ERR_INPUT, "a suite asks no provider, and model.live is one");
    if (suites && of->grades_count == 0)
        return err_set(
            err, ERR_INPUT, "a case of a suite needs a grader: without one it says nothing");
    if ((suites & 1u << TAKEN_SMOKE) && starts_programs(of))
        return err_set(
            err, ERR_INPUT, "the smoke suite takes under a second, so it starts no programs");
    if (taken->count >= TAKEN_MAX)
        return err_set(err, ERR_LIMIT, "%d cases were taken in, and no more can be", TAKEN_MAX);
    if ((suites & TAKEN_GATE) && count_in(taken, TAKEN_GATE) >= TAKEN_GATE_MAX)
        return err_set(err, ERR_LIMIT, "the gate plays %d cases at most", TAKEN_GATE_MAX);
    if ((suites & 1u << TAKEN_SMOKE) && count_in(taken, 1u << TAKEN_SMOKE) >= TAKEN_SMOKE_MAX)
        return err_set(err, ERR_LIMIT, "the smoke suite has %d cases at most", TAKEN_SMOKE_MAX);
    return 0;
}

int taken_add(struct journal *journal, const struct trial_case *of, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 }, row = { 0 };
    struct digest document, unused;
    char hex[DIGEST_HEX];
    case_print(&text, of);
    int rc = journal_put(journal, "case", buf_view(&text), &document, err);
    if (rc < 0)
        return rc;
    /* The time makes each addition another row: one that was retired can be taken in again. */
    buf_format(&row, "{\"schema\":1,\"id\":\"%.*s\",\"case\":\"%s\",\"at_ms\":%llu}",
        (int)of->id.size, of->id.at, hash_hex(hex, &document), (unsigned long long)clock_wall_ms());
    return journal_put(journal, "case-added", buf_view(&row), &unused, err);
}
