/* replay_watch - see replay_watch.h. */
#include "trials/replay_watch.h"

#include "base/json.h"
#include "base/mem.h"
#include "trials/builds.h"

#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 300, MS_NS = 1000000, FLIPS_SHOWN = 40, ID_SHOWN = 12 };

struct watching {
    const struct verb_call *call;
    struct journal *journal;
    const struct replay_choice *choice;
    const struct home *home;
    const uint64_t *cases;
    unsigned cases_count, rounds;
    char newest[80]; /* candidate that stands in the place of its plugin, or empty */
    struct replay_round before, now;
};

/* --- what there is to replay */

static uint64_t add_file(uint64_t seen, const char *path)
{
    struct stat stat_ = { 0 };
    if (stat(path, &stat_) < 0)
        return seen;
    const int64_t facts[] = { (int64_t)stat_.st_ino, stat_.st_size, stat_.st_mtim.tv_sec,
        stat_.st_mtim.tv_nsec };
    return hash_fast(facts, sizeof facts, seen);
}

static uint64_t add_folder(uint64_t seen, const char *folder)
{
    CLEANUP(mem_freep) char *pattern = mem_format("%s/*.so", folder);
    glob_t files = { 0 };
    if (glob(pattern, 0, NULL, &files) == 0)
        for (size_t i = 0; i < files.gl_pathc; i++)
            seen = add_file(seen, files.gl_pathv[i]);
    globfree(&files);
    return seen;
}

static bool has_build(const struct journal_candidate *row)
{
    static const char *const ended[] = { "rejected", "superseded", "quarantined", "rolled_back",
        "active" };
    CLEANUP(arena_done) struct arena arena = { 0 };
    for (size_t i = 0; i < COUNT_OF(ended); i++)
        if (str_equal(row->state, str_of(ended[i])))
            return false;
    return json_is(json_get(json_read(&arena, row->body, NULL, NULL), "build"), JSON_STRING);
}

/* The home's part of it: generations, and the newest candidate that could still be one. */
static int add_home(struct watching *w, uint64_t *seen, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_candidate *rows;
    struct journal_admission *admissions;
    uint32_t count, admitted;
    int rc = journal_admissions_from(w->journal, &arena, 0, &admissions, &admitted, err);
    if (rc == 0)
        rc = journal_candidates(w->journal, &arena, &rows, &count, err);
    if (rc < 0)
        return rc;
    *seen = hash_fast(&admitted, sizeof admitted, *seen);
    w->newest[0] = 0;
    for (uint32_t i = 0; i < count && w->choice->candidates.count == 0; i++)
        if (has_build(&rows[i]))
            snprintf(w->newest, sizeof w->newest, "%.*s", (int)rows[i].id.size, rows[i].id.at);
    *seen = hash_fast(w->newest, strlen(w->newest), *seen);
    return 0;
}

static int look(struct watching *w, uint64_t *ret, struct err *err)
{
    const struct replay_choice *choice = w->choice;
    *ret = 0;
    if (choice->builds)
        *ret = add_folder(*ret, choice->builds);
    for (unsigned i = 0; i < choice->candidates.count; i++)
        if (replay_choice_is_object(choice->candidates.at[i]))
            *ret = add_file(*ret, choice->candidates.at[i]);
    return choice->builds ? 0 : add_home(w, ret, err);
}

/* --- one round */

static void note(void *with, const struct replayed *of)
{
    struct watching *w = with;
    replay_round_add(&w->now, of);
}

/* What was chosen, and where no candidate was the newest of the home. */
static struct replay_choice choose(const struct watching *w)
{
    struct replay_choice choice = *w->choice;
    if (w->newest[0])
        choice.candidates.at[choice.candidates.count++] = w->newest;
    return choice;
}

static int replay(struct watching *w, struct replaying_totals *ret, struct err *err)
{
    const struct replay_choice choice = choose(w);
    struct replaying replaying = { .journal = w->journal,
        .cases = w->cases,
        .cases_count = w->cases_count,
        .tell = note,
        .with = w };
    struct replay_chosen chosen = { 0 };
    int rc = replay_choice_open(&replaying, &chosen, &choice, w->home, err);
    if (rc == 0)
        rc = replaying_run(&replaying, err);
    replay_choice_close(&replaying, &chosen);
    *ret = replaying.totals;
    replay_round_seal(&w->now);
    return rc;
}

/* --- telling */

static void flips_json(const struct replay_flip *flips, unsigned count)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    char hex[DIGEST_HEX];
    for (unsigned i = 0; i < count; i++) {
        buf_format(&out,
            "%s{\"id\":\"%s\",\"was\":\"%s\",\"is\":\"%s\",\"divergence\":", i ? "," : "",
            hash_hex(hex, &flips[i].id), replayed_words[flips[i].was], replayed_words[flips[i].is]);
        json_quote(&out, str_of(flips[i].why));
        buf_char(&out, '}');
    }
    fputs(out.size ? out.at : "", stdout);
}

static void flips_text(const struct replay_flip *flips, unsigned count)
{
    char plain[240], hex[DIGEST_HEX];
    for (unsigned i = 0; i < count && i < FLIPS_SHOWN; i++)
        printf("%.*s  %s, was %s  %s\n", ID_SHOWN, hash_hex(hex, &flips[i].id),
            replayed_words[flips[i].is], replayed_words[flips[i].was],
            str_printable(plain, sizeof plain, str_of(flips[i].why), false));
    if (count > FLIPS_SHOWN)
        printf("and %u more\n", count - FLIPS_SHOWN);
}

static void tell(const struct watching *w, const struct replaying_totals *totals)
{
    unsigned count;
    CLEANUP(mem_freep)
    struct replay_flip *flips = replay_round_flips(&w->before, &w->now, &count);
    if (w->call->json) {
        CLEANUP(buf_done) struct buf newest = { 0 };
        json_quote(&newest, str_of(w->newest));
        printf("{\"round\":%u,\"candidate\":%s,\"flips\":[", w->rounds,
            w->newest[0] ? newest.at : "null");
        flips_json(flips, count);
        printf("],\"totals\":{\"runs\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"resolved\":%" PRIu64
               ",\"unstable\":%" PRIu64 ",\"steps\":%" PRIu64 ",\"same\":%" PRIu64
               ",\"ms\":%" PRIu64 "}}\n",
            totals->runs, totals->failed, totals->resolved, totals->unstable, totals->steps,
            totals->same, totals->ms);
        return;
    }
    if (isatty(STDOUT_FILENO))
        printf("\033[H\033[2J");
    printf("round %u%s%.12s: %u runs flipped\n", w->rounds, w->newest[0] ? ", candidate " : "",
        w->newest, count);
    flips_text(flips, count);
    printf("%" PRIu64 " runs, %" PRIu64 " of %" PRIu64 " replies as recorded; %" PRIu64
           " fail, %" PRIu64 " resolved, %" PRIu64 " unstable; %" PRIu64 " ms\n",
        totals->runs, totals->same, totals->steps, totals->failed, totals->resolved,
        totals->unstable, totals->ms);
}

/* A round that could not be: the runs of the one before still stand. */
static void tell_error(const struct watching *w, const struct err *why)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    char plain[600];
    json_quote(&out, str_of(why->text));
    if (w->call->json)
        printf("{\"round\":%u,\"error\":%s}\n", w->rounds, out.at);
    else
        printf("round %u: %s\n", w->rounds,
            str_printable(plain, sizeof plain, str_of(why->text), false));
}

/* --- again and again */

static int one_round(struct watching *w, struct err *err)
{
    struct replaying_totals totals;
    w->rounds++;
    int rc = replay(w, &totals, err);
    if (rc == 0)
        tell(w, &totals);
    else if (w->rounds > 1)
        tell_error(w, err);
    fflush(stdout);
    if (rc == 0) {
        replay_round_done(&w->before);
        w->before = w->now;
        w->now = (struct replay_round){ 0 };
    }
    replay_round_done(&w->now);
    if (rc < 0)
        return w->rounds > 1 ? REPLAYED_INCONCLUSIVE : rc;
    return replaying_exit(&totals);
}

/* Until there is something else and it has held still for a look, or ^C: true. ^C is only waited
 * for here; during a round it ends the process, of which nothing is left. */
static int wait_for_another(struct watching *w, uint64_t seen, bool *ret_over, struct err *err)
{
    const struct timespec little = { .tv_nsec = (long)LOOK_MS * MS_NS };
    uint64_t last = seen, now = seen;
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    int rc = 0;
    for (*ret_over = false; rc == 0 && !*ret_over && (now == seen || now != last);) {
        *ret_over = sigtimedwait(&ends, NULL, &little) > 0;
        last = now;
        rc = look(w, &now, err);
    }
    sigprocmask(SIG_UNBLOCK, &ends, NULL);
    return rc;
}

int replay_watch(const struct verb_call *call, struct journal *journal,
    const struct replay_choice *choice, const struct home *home, const uint64_t *cases,
    unsigned cases_count, struct err *err)
{
    struct watching w = { .call = call,
        .journal = journal,
        .choice = choice,
        .home = home,
        .cases = cases,
        .cases_count = cases_count };
    uint64_t seen;
    bool over = false;
    int status = 0, rc = look(&w, &seen, err);
    while (rc == 0 && !over) {
        status = one_round(&w, err);
        if (status < 0)
            rc = status;
        if (rc == 0)
            rc = wait_for_another(&w, seen, &over, err);
        if (rc == 0)
            rc = look(&w, &seen, err);
    }
    replay_round_done(&w.before);
    return rc < 0 ? rc : status;
}
