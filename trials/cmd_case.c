/* cmd_case - moult case: its parts, and one case shown. What lists cases, takes them in, makes them
 * and asks a harness stands beside this (cmd_case_*.c). */
#include "trials/cmd_case.h"

#include "base/file.h"
#include "base/mem.h"
#include "trials/taken.h"

#include <stdio.h>
#include <string.h>

enum { SHORT_DIGEST = 12 };

void case_print_head(struct buf *out, const struct trial_case *of, const struct digest *digest)
{
    char hex[DIGEST_HEX];
    buf_text(out, "{\"id\":");
    json_quote(out, of->id);
    buf_format(out, ",\"digest\":\"%s\",\"from\":\"%s\",\"group\":", hash_hex(hex, digest),
        case_from_words[of->origin.from]);
    json_quote(out, of->origin.group);
    buf_text(out, ",\"tags\":[");
    for (uint32_t i = 0; i < of->tags_count; i++) {
        buf_text(out, i ? "," : "");
        json_quote(out, of->tags[i]);
    }
    buf_text(out, "]");
}

int case_named(struct trial_case *ret, const struct case_store *store, const char *word,
    struct arena *arena, struct err *err)
{
    const struct stored_case *stored = case_store_find(store, str_of(word));
    if (strchr(word, '/') || (!stored && file_exists(word)))
        return case_file_read(ret, word, arena, err);
    if (!stored) {
        err_set(err, ERR_MISSING, "no case %.80s", word);
        return err_hint(err, "moult case list lists them; a path has a slash in it");
    }
    if (stored->err.code) {
        *err = stored->err;
        return -err->code;
    }
    *ret = stored->of;
    return 0;
}

int case_put(const char **ret, bool *ret_known, struct case_store *store,
    const struct trial_case *of, const char *out, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct digest digest = case_digest(of);
    const struct stored_case *same = out ? NULL : case_store_same(store, &digest);
    struct trial_case again;
    *ret_known = same != NULL;
    case_print(&text, of);
    int rc = case_read(&again, buf_view(&text), &store->arena, err);
    if (rc < 0)
        return err_while(err, "what was made");
    if (same) {
        *ret = arena_format(&store->arena, "%s/%s.json", store->folder, same->name.at);
        return 0;
    }
    if (!out)
        return case_store_add(store, of, ret, err);
    *ret = out;
    if (strcmp(out, "-") != 0)
        return file_create(out, buf_view(&text), 0600, err);
    fwrite(text.at, 1, text.size, stdout);
    return 0;
}

/* --- show */

/* Its file may be gone: what was taken in the journal has all the same. */
static int show_taken(struct trial_case *ret, const char *id, const struct home *home,
    struct taken *taken, struct err *err)
{
    struct journal *journal;
    struct err none;
    if (journal_open(&journal, home, JOURNAL_TRIAL, &none) < 0)
        return -err->code;
    int rc = taken_read(taken, journal, home, &none);
    journal_close(journal);
    for (uint32_t i = 0; rc == 0 && i < taken->count; i++)
        if (!taken->at[i].retired && !taken->at[i].broken.code &&
            str_equal(taken->at[i].id, str_of(id))) {
            *ret = taken->at[i].of;
            return 0;
        }
    return -err->code;
}

static int show(const struct verb_call *call, struct err *err)
{
    CLEANUP(case_store_done) struct case_store store = { 0 };
    CLEANUP(taken_done) struct taken taken = { 0 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct option options[] = { { 0 } };
    const char *args[1];
    struct home home;
    struct trial_case of;
    int rc = verb_options(call, &case_verb_show, options, args, COUNT_OF(args), err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, ERR_USAGE, "usage: moult %s", case_verb_show.usage);
    if ((rc = home_find(&home, call->dir, err)) < 0 ||
        (rc = case_store_read(&store, &home, err)) < 0)
        return rc;
    rc = case_named(&of, &store, args[0], &arena, err);
    if (rc == -ERR_MISSING)
        rc = show_taken(&of, args[0], &home, &taken, err);
    if (rc < 0)
        return rc;
    case_print(&out, &of);
    if (call->json) {
        fwrite(out.at, 1, out.size, stdout);
    } else {
        CLEANUP(mem_freep) char *plain = mem_zero(4 * out.size + 1, 1);
        fputs(str_printable(plain, 4 * out.size + 1, buf_view(&out), true), stdout);
    }
    return 0;
}

const struct verb case_verb_show = { "show", show, "case show ID|FILE",
    "one case, as its document" };

/* --- the command */

static const struct verb *const parts[] = { &case_verb_list, &case_verb_show, &case_verb_add,
    &case_verb_from_trace, &case_verb_check, &case_verb_vary, &case_verb_env };

static int help(void)
{
    puts("usage: moult case PART");
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        printf("  %-54s %s\n", parts[i]->usage, parts[i]->about);
    printf(
        "  %-54s %s\n", "case retire ID|SESSION --why TEXT", "moult case retire --help says more");
    return 0;
}

static int run_case(const struct verb_call *call, struct err *err)
{
    struct verb_call inner = *call;
    const char *word = call->argc > 1 ? call->argv[1] : NULL;
    if (word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0))
        return help();
    for (size_t i = 0; word && i < COUNT_OF(parts); i++) {
        if (strcmp(word, parts[i]->name) != 0)
            continue;
        inner.argv = call->argv + 1;
        inner.argc = call->argc - 1;
        int rc = parts[i]->run(&inner, err);
        return rc == VERB_HELPED ? 0 : rc;
    }
    err_set(err, ERR_USAGE, word ? "case has no part %.60s" : "case what?", word);
    return err_hint(err, "usage: moult %s", verb_case.usage);
}

const struct verb verb_case = { "case", run_case,
    "case [list | show | add | retire | from-trace | check | vary | env]",
    "tasks to run again: files, made of traces or written by hand" };
