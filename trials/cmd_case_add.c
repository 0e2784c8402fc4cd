/* cmd_case_add - moult case add: a case comes into the journal, and into the suites that its tags
 * name.
 *
 * One that is in a suite of the gate is held against every candidate, so it must say something that
 * is true today: it is played on the active generation, and refused with what was seen if it does
 * not pass there, each time in the same way. */
#include "trials/cmd_case.h"

#include "base/file.h"
#include "base/mem.h"
#include "trials/player.h"
#include "trials/redact.h"
#include "trials/taken.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SLOW_MS = 10000 };

struct adding {
    const struct verb_call *call;
    const char *id;
    struct option_list suites;
    struct home home;
    struct journal *journal;
    struct case_store store;
    struct taken taken;
    struct arena arena;
    struct trial_case of;
    struct case_proof proof; /* of a case in a suite; else empty */
    uint64_t cut;            /* texts that were cut out */
};

static void done(struct adding *a)
{
    journal_close(a->journal);
    case_store_done(&a->store);
    taken_done(&a->taken);
    arena_done(&a->arena);
}

static int add_tags(struct adding *a, struct err *err)
{
    struct trial_case *of = &a->of;
    struct str *tags =
        arena_alloc(&a->arena, (of->tags_count + a->suites.count + 1) * sizeof *tags);
    if (of->tags_count > 0)
        memcpy(tags, of->tags, of->tags_count * sizeof *tags);
    of->tags = tags;
    for (unsigned i = 0; i < a->suites.count; i++) {
        struct str suite = str_of(a->suites.at[i]);
        bool known = false, there = false;
        for (int k = 0; k < TAKEN_SUITES; k++)
            known |= str_equal(suite, str_of(taken_suite_words[k]));
        for (uint32_t k = 0; k < of->tags_count; k++)
            there |= str_equal(suite, tags[k]);
        if (!known)
            return err_set(err, ERR_USAGE, "--suite wants regression, safety or smoke");
        if (!there)
            tags[of->tags_count++] = suite;
    }
    return 0;
}

/* Keys are cut as in an imported session. Addresses and numbers of cards stay: who writes a case by
 * hand makes them up, and its tools know people by them. */
static int cut_keys(struct adding *a, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct config config;
    int rc = config_read(&config, &a->home, &a->arena, err);
    if (rc < 0)
        return rc;
    config.redact.off[REDACT_EMAIL] = config.redact.off[REDACT_CARD] = true;
    CLEANUP(redact_freep) struct redact *redact = redact_new(&config.redact);
    case_print(&text, &a->of);
    struct str cut = redact_json(redact, buf_view(&text), &a->arena);
    a->cut = redact_total(redact);
    if (a->cut == 0)
        return 0;
    cut.at = arena_string(&a->arena, cut.at, cut.size);
    rc = case_read(&a->of, cut, &a->arena, err);
    return rc < 0 ? err_while(err, "the case without its keys") : 0;
}

static int open_case(struct adding *a, const char *word, struct err *err)
{
    int rc = home_find(&a->home, a->call->dir, err);
    if (rc >= 0)
        rc = case_store_read(&a->store, &a->home, err);
    if (rc >= 0)
        rc = case_named(&a->of, &a->store, word, &a->arena, err);
    if (rc >= 0)
        rc = cut_keys(a, err);
    if (rc >= 0)
        rc = add_tags(a, err);
    if (rc >= 0)
        rc = journal_open(&a->journal, &a->home, JOURNAL_TRIAL, err);
    if (rc >= 0)
        rc = taken_read(&a->taken, a->journal, &a->home, err);
    if (rc >= 0)
        rc = taken_whole(&a->taken, err);
    if (rc < 0)
        return rc;
    if (a->id)
        a->of.id = str_of(a->id);
    return case_is_id(a->of.id) ? 0 : err_set(err, ERR_USAGE, "no name for a case: %.80s", a->id);
}

/* --- does it pass today? */

static int play(struct adding *a, struct err *err)
{
    const struct replay_choice choice = { .generation = BUILDS_ACTIVE, .workers = 1 };
    struct replay_chosen chosen;
    struct player player = { 0 };
    struct grade_means grade;
    char folder[PATH_MAX];
    int rc = replay_choose(&chosen, &choice, a->journal, &a->home, err);
    if (rc == 0)
        rc = file_program_dir(folder, sizeof folder, err);
    if (rc == 0)
        rc = case_means(&grade, &a->home, &a->arena, err);
    if (rc == 0) {
        const struct player_means means =
            player_means_of(&grade, arena_format(&a->arena, "%s/moult-tool", folder));
        player.arm = chosen.arm;
        rc = player_play(&a->proof, &player, &a->of, &means, &a->arena, err);
    }
    player_done(&player);
    replay_chosen_done(&chosen);
    return rc;
}

static int must_pass(struct adding *a, struct err *err)
{
    char why[300];
    int rc = play(a, err);
    if (rc < 0)
        return rc;
    str_printable(why, sizeof why, str_of(a->proof.why), false);
    if (a->proof.verdict != GRADE_PASS) {
        err_set(err, ERR_DENIED, "%.*s does not pass on the active generation (%s): %.150s",
            (int)a->of.id.size, a->of.id.at, grade_verdict_words[a->proof.verdict], why);
        return err_hint(err, "moult replay FILE --mode %s shows all of it",
            case_plays_steps(&a->of) ? "step" : "episode");
    }
    if (a->proof.played.ms > SLOW_MS)
        return err_set(err, ERR_LIMIT, "it took %llu ms: the gate has no more than %d for a case",
            (unsigned long long)a->proof.played.ms, SLOW_MS);
    return 0;
}

/* --- the file and the rows */

/* The same case under whatever name: its file follows, since tags may be others. */
static int write_file(struct adding *a, const char **ret_path, bool *ret_known, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct digest identity = case_digest(&a->of);
    const struct stored_case *same = case_store_same(&a->store, &identity);
    *ret_known = same != NULL;
    if (!same || !str_equal(same->name, a->of.id))
        return case_put(ret_path, ret_known, &a->store, &a->of, NULL, err);
    case_print(&text, &a->of);
    *ret_path = arena_format(&a->arena, "%s/%s.json", a->store.folder, same->name.at);
    return file_write(*ret_path, buf_view(&text), 0600, err);
}

/* The journal first: a file is there for people, and can be written again. */
static int take(struct adding *a, const char **ret_path, bool *ret_known, struct err *err)
{
    struct digest identity = case_digest(&a->of);
    unsigned suites = taken_suites(&a->of), has = 0;
    bool known = taken_find(&a->taken, &identity) != NULL;
    for (uint32_t i = 0; i < a->taken.count; i++)
        if (!a->taken.at[i].retired && hash_equal(&a->taken.at[i].identity, &identity))
            has |= a->taken.at[i].suites;
    int rc = taken_fits(&a->taken, &a->of, err);
    if (rc == 0 && suites)
        rc = must_pass(a, err);
    if (rc == 0 && (!known || (suites & ~has)))
        rc = taken_add(a->journal, &a->of, err);
    return rc < 0 ? rc : write_file(a, ret_path, ret_known, err);
}

static void tell(const struct adding *a, const char *path, bool known)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct digest digest = case_digest(&a->of);
    unsigned suites = taken_suites(&a->of);
    if (!a->call->json) {
        printf("%s %s\n", known ? "the same case is" : "added as", path);
        if (a->cut > 0)
            printf("cut out: %" PRIu64 " keys or other secrets\n", a->cut);
        for (int i = 0; i < TAKEN_SUITES; i++)
            if (suites & 1u << i)
                printf("in the suite %s: passed on the active generation\n", taken_suite_words[i]);
        return;
    }
    case_print_head(&out, &a->of, &digest);
    buf_text(&out, ",\"suites\":");
    taken_print_suites(&out, suites);
    buf_format(
        &out, ",\"known\":%s,\"cut\":%" PRIu64 ",\"path\":", known ? "true" : "false", a->cut);
    json_quote(&out, str_of(path));
    buf_char(&out, '}');
    puts(out.at);
}

static int add(const struct verb_call *call, struct err *err)
{
    struct adding a = { .call = call };
    const char *args[1], *path;
    const struct option options[] = {
        { "--id", 0, OPTION_TEXT, "NAME", "another name for it", &a.id },
        { "--suite", 0, OPTION_LIST, "NAME",
            "tags it: regression, safety or smoke; may be repeated", &a.suites },
        { 0 },
    };
    bool known;
    int rc = verb_options(call, &case_verb_add, options, args, COUNT_OF(args), err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, ERR_USAGE, "usage: moult %s", case_verb_add.usage);
    if ((rc = open_case(&a, args[0], err)) >= 0 && (rc = take(&a, &path, &known, err)) >= 0)
        tell(&a, path, known);
    done(&a);
    return rc < 0 ? rc : 0;
}

const struct verb case_verb_add = { "add", add, "case add ID|FILE [--id NAME] [--suite NAME]...",
    "take a case in; the same one is there once" };
