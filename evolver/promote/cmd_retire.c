/* cmd_retire - moult case retire: a reviewer signs that the gate need not ask for a case, or for a
 * recorded run of the regression corpus, any more. There is no other way out of a suite. */
#include "base/clock.h"
#include "base/mem.h"
#include "promote/cmd.h"
#include "promote/corpus.h"
#include "promote/reviewing.h"
#include "trials/redact_home.h"
#include "trials/taken.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DIGITS_MIN = 6 };

struct retiring {
    struct driver *driver;
    struct taken taken;
    const char *word, *why, *key;
    struct retirement *rows; /* one for each time that the case was taken in; one of a session */
    uint32_t count;
    char name[CASE_ID_MAX + DIGEST_HEX]; /* for people */
};

/* --- what is meant: a case by its id or its digest, a session by its digits */

static bool is_meant(const struct taken_case *one, struct str word)
{
    char hex[DIGEST_HEX];
    return str_equal(one->id, word) || (!one->broken.code && word.size >= DIGITS_MIN &&
                                           str_starts(str_of(hash_hex(hex, &one->identity)), word));
}

/* One that the journal does not hold any more has no identity, but its document had a name. */
static bool is_same(const struct taken_case *a, const struct taken_case *b)
{
    return a->broken.code || b->broken.code ? hash_equal(&a->document, &b->document)
                                            : hash_equal(&a->identity, &b->identity);
}

/* The same case under whatever name and however often it was taken in. */
static void find_cases(struct retiring *r)
{
    const struct taken_case *found = NULL;
    r->rows = arena_alloc(&r->taken.arena, (r->taken.count + 1) * sizeof *r->rows);
    for (uint32_t i = 0; i < r->taken.count && !found; i++)
        if (!r->taken.at[i].retired && is_meant(&r->taken.at[i], str_of(r->word)))
            found = &r->taken.at[i];
    for (uint32_t i = 0; found && i < r->taken.count; i++)
        if (!r->taken.at[i].retired && is_same(&r->taken.at[i], found))
            r->rows[r->count++] = (struct retirement){ .what = r->taken.at[i].row };
    if (found)
        snprintf(r->name, sizeof r->name, "case %.*s", (int)found->id.size, found->id.at);
}

static int find_session(struct retiring *r, struct err *err)
{
    char hex[DIGEST_HEX];
    struct digest id;
    int rc = corpus_find(&id, r->driver, str_of(r->word), err);
    if (rc < 0)
        return rc;
    if (taken_retired(&r->taken, &id))
        return err_set(err, ERR_STATE, "session %.12s is retired already", hash_hex(hex, &id));
    r->rows[r->count++] = (struct retirement){ .what = id, .session = true };
    snprintf(r->name, sizeof r->name, "session %.12s", hash_hex(hex, &id));
    return 0;
}

static int find(struct retiring *r, struct err *err)
{
    find_cases(r);
    if (r->count > 0)
        return 0;
    for (uint32_t i = 0; i < r->taken.count; i++)
        if (r->taken.at[i].retired && str_equal(r->taken.at[i].id, str_of(r->word)))
            return err_set(err, ERR_STATE, "case %.80s is retired already", r->word);
    return find_session(r, err);
}

/* --- the signature */

/* At a terminal the person types what it is; without one nobody looked, and the row says so. */
static int ask(const struct retiring *r, bool *ret_unattended, struct err *err)
{
    char line[CASE_ID_MAX + DIGEST_HEX] = "";
    *ret_unattended = !isatty(STDIN_FILENO);
    if (*ret_unattended)
        return 0;
    fprintf(stderr, "no gate will ask for %s any more. Type %s: ", r->name, r->word);
    if (!fgets(line, sizeof line, stdin))
        line[0] = 0;
    line[strcspn(line, "\n")] = 0;
    return strcmp(line, r->word) == 0 ? 0 : err_set(err, ERR_DENIED, "not retired");
}

/* Checked as whoever reads it will: a key that nobody knows is refused now. */
static int put(struct retiring *r, struct retirement *row, const struct sign_key *key,
    const struct reviewers *reviewers, struct err *err)
{
    CLEANUP(buf_done) struct buf envelope = { 0 };
    struct digest unused;
    snprintf(row->why, sizeof row->why, "%s", r->why);
    row->at_ms = clock_wall_ms();
    retirement_sign(&envelope, row, &r->driver->home, key);
    int rc = retirement_open(
        row, buf_view(&envelope), &r->driver->home, reviewers, REVIEWERS_NOW, row->at_ms, err);
    return rc < 0 ? rc
                  : journal_put(r->driver->journal, "retired", buf_view(&envelope), &unused, err);
}

static int sign(struct retiring *r, bool unattended, struct err *err)
{
    struct reviewers *reviewers = arena_alloc(&r->taken.arena, sizeof *reviewers);
    char path[PATH_MAX];
    struct sign_key key;
    int rc = reviewers_read(reviewers, &r->driver->home, err);
    if (rc == 0 && !r->key)
        rc = reviewing_key_path(path, err);
    if (rc < 0 || (rc = sign_load(r->key ? r->key : path, &key, err)) < 0)
        return err_while(err, "the reviewer's key");
    for (uint32_t i = 0; rc == 0 && i < r->count; i++) {
        r->rows[i].unattended = unattended;
        rc = put(r, &r->rows[i], &key, reviewers, err);
    }
    sign_key_wipe(&key);
    return rc;
}

static int retire(struct retiring *r, struct err *err)
{
    bool unattended = true;
    int rc = taken_read(&r->taken, r->driver->journal, &r->driver->home, err);
    if (rc == 0)
        rc = find(r, err);
    if (rc == 0)
        rc = ask(r, &unattended, err);
    return rc < 0 ? rc : sign(r, unattended, err);
}

/* --- the command */

static void tell(const struct retiring *r, bool json)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    char hex[DIGEST_HEX];
    const struct retirement *row = &r->rows[0];
    if (!json) {
        printf("retired     %s, by %s%s\n", r->name, row->by,
            row->unattended ? ", unattended: nobody was at a terminal" : "");
        return;
    }
    buf_format(&out,
        "{\"%s\":\"%s\",\"by\":\"%s\",\"unattended\":%s,\"why\":", row->session ? "session" : "row",
        hash_hex(hex, &row->what), row->by, row->unattended ? "true" : "false");
    json_quote(&out, str_of(row->why));
    buf_text(&out, "}\n");
    fputs(out.at, stdout);
}

static int run(const struct verb_call *call, struct err *err)
{
    struct driver driver;
    struct retiring r = { .driver = &driver };
    const char *args[2] = { NULL };
    const struct option options[] = {
        { "--why", 0, OPTION_TEXT, "TEXT", "the reason, one line: it is kept and shown", &r.why },
        { "--key", 0, OPTION_TEXT, "FILE",
            "the reviewer's secret key (default: in the user's configuration)", &r.key },
        { 0 },
    };
    int count = verb_options(call, &verb_case_retire, options, args, 2, err);
    if (count < 0)
        return count;
    r.word = args[1];
    if (count != 2 || strcmp(args[0], "retire") != 0 || !r.why || !*r.why ||
        strlen(r.why) > RETIREMENT_WHY_MAX || strchr(r.why, '\n'))
        return err_set(
            err, ERR_USAGE, "usage: moult %s; the reason is one line", verb_case_retire.usage);
    int rc = driver_open(&driver, call, err);
    if (rc < 0)
        return rc;
    rc = redact_reason(&r.why, RETIREMENT_WHY_MAX, &driver.home, &driver.arena, err);
    if (rc == 0 && (rc = retire(&r, err)) == 0)
        tell(&r, call->json);
    taken_done(&r.taken);
    driver_done(&driver);
    return rc;
}

const struct verb verb_case_retire = { "case", run,
    "case retire ID|SESSION --why TEXT [--key FILE]",
    "a reviewer takes a case, or a run of the corpus, out of the gate's suites" };
