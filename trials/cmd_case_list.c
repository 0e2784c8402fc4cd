/* cmd_case_list - moult case list: the files of the home beside what the journal has of them.
 *
 * A file that cannot be read, or that is gone though the case was taken in, is an answer of the
 * list and no reason to list none; the exit status says that there was one. */
#include "trials/cmd_case.h"

#include "base/clock.h"
#include "base/mem.h"
#include "trials/taken.h"

#include <stdio.h>
#include <string.h>

struct listing {
    struct case_store store;
    struct taken taken;
    bool json, broken;
    uint32_t told;
    struct buf out;
};

static unsigned suites_of(const struct listing *l, const struct digest *identity)
{
    unsigned suites = 0;
    for (uint32_t i = 0; i < l->taken.count; i++)
        if (!l->taken.at[i].retired && hash_equal(&l->taken.at[i].identity, identity))
            suites |= l->taken.at[i].suites;
    return suites;
}

static void begin_row(struct listing *l)
{
    buf_text(&l->out, l->told++ ? "," : "");
}

/* --- a file */

static void file_json(struct listing *l, const struct stored_case *one, unsigned suites, bool in)
{
    begin_row(l);
    case_print_head(&l->out, &one->of, &one->digest);
    buf_format(&l->out, ",\"replies\":%u,\"grade\":[", one->of.model.recorded_count);
    for (uint32_t i = 0; i < one->of.grades_count; i++)
        buf_format(&l->out, "%s\"%s\"", i ? "," : "", case_check_words[one->of.grades[i].check]);
    buf_format(&l->out, "],\"taken_in\":%s,\"suites\":", in ? "true" : "false");
    taken_print_suites(&l->out, suites);
    buf_text(&l->out, ",\"retired\":null,\"error\":null}");
}

static void file_text(const struct stored_case *one, unsigned suites)
{
    char hex[DIGEST_HEX], name[128], more[300];
    printf("%-40s %.12s %-8s", str_printable(name, sizeof name, one->name, false),
        hash_hex(hex, &one->digest), case_from_words[one->of.origin.from]);
    for (uint32_t i = 0; i < one->of.tags_count; i++)
        printf(" %s", str_printable(more, sizeof more, one->of.tags[i], false));
    for (int i = 0; i < TAKEN_SUITES; i++)
        if (suites & 1u << i)
            printf("%s%s", suites & ((1u << i) - 1) ? ", " : " -> suite ", taken_suite_words[i]);
    putchar('\n');
}

/* --- what went wrong with one */

static void tell_broken(struct listing *l, struct str id, const char *text, const char *where)
{
    char name[128], more[300];
    l->broken = true;
    if (!l->json) {
        printf("%-40s %-12s %s\n", str_printable(name, sizeof name, id, false), "",
            str_printable(more, sizeof more, str_of(text), false));
        return;
    }
    begin_row(l);
    buf_text(&l->out, "{\"id\":");
    json_quote(&l->out, id);
    buf_text(&l->out, ",\"error\":{\"message\":");
    json_quote(&l->out, str_of(text));
    buf_text(&l->out, ",\"where\":");
    json_quote(&l->out, str_of(where));
    buf_text(&l->out, "}}");
}

static void tell_file(struct listing *l, const struct stored_case *one)
{
    CLEANUP(mem_freep) char *text = mem_format("cannot be read: %s", one->err.text);
    if (one->err.code) {
        tell_broken(l, one->name, l->json ? one->err.text : text, one->err.where);
        return;
    }
    unsigned suites = suites_of(l, &one->digest);
    if (l->json)
        file_json(l, one, suites, taken_find(&l->taken, &one->digest) != NULL);
    else
        file_text(one, suites);
}

/* --- what only the journal has */

static void tell_retired(struct listing *l, const char *kind, struct str id,
    const struct digest *digest, const struct retirement *retired)
{
    char hex[DIGEST_HEX], name[128], why[4 * RETIREMENT_WHY_MAX], at[40];
    clock_rfc3339(at, sizeof at, retired->at_ms);
    if (!l->json) {
        printf("%-40s %.12s retired by %s%s, %s: %s\n", str_printable(name, sizeof name, id, false),
            hash_hex(hex, digest), retired->by, retired->unattended ? ", unattended" : "", at,
            str_printable(why, sizeof why, str_of(retired->why), false));
        return;
    }
    begin_row(l);
    buf_text(&l->out, "{\"id\":");
    json_quote(&l->out, id);
    buf_format(&l->out,
        ",\"%s\":\"%s\",\"retired\":{\"by\":\"%s\",\"at\":\"%s\",\"unattended\":%s,", kind,
        hash_hex(hex, digest), retired->by, at, retired->unattended ? "true" : "false");
    buf_text(&l->out, "\"why\":");
    json_quote(&l->out, str_of(retired->why));
    buf_text(&l->out, "},\"error\":null}");
}

static void tell_journal(struct listing *l)
{
    for (uint32_t i = 0; i < l->taken.count; i++) {
        const struct taken_case *one = &l->taken.at[i];
        if (one->retired)
            tell_retired(l, "document", one->id, &one->document, one->retired);
        else if (one->broken.code)
            tell_broken(l, one->id, one->broken.text, one->broken.where);
        else if (taken_find(&l->taken, &one->identity) == one &&
                 !case_store_same(&l->store, &one->identity))
            tell_broken(l, one->id,
                "its file is gone or says something else; the journal has it, and it counts "
                "(moult case show)",
                "");
    }
    for (uint32_t i = 0; i < l->taken.sessions_count; i++) {
        const struct taken_session *one = &l->taken.sessions[i];
        char hex[DIGEST_HEX];
        tell_retired(l, "session", str_of(hash_hex(hex, &one->id)), &one->id, one->retired);
    }
    if (l->taken.forged > 0)
        tell_broken(l, STR("retirements"),
            "some in the journal were signed by no reviewer of this home", "");
}

static int read_all(struct listing *l, const struct verb_call *call, struct err *err)
{
    struct journal *journal;
    struct home home;
    int rc = home_find(&home, call->dir, err);
    if (rc >= 0)
        rc = case_store_read(&l->store, &home, err);
    if (rc >= 0)
        rc = journal_open(&journal, &home, JOURNAL_TRIAL, err);
    if (rc < 0)
        return rc;
    rc = taken_read(&l->taken, journal, &home, err);
    journal_close(journal);
    return rc;
}

static int list(const struct verb_call *call, struct err *err)
{
    struct listing l = { .json = call->json };
    const struct option options[] = { { 0 } };
    const char *args[1];
    int rc = verb_options(call, &case_verb_list, options, args, 0, err);
    if (rc >= 0)
        rc = read_all(&l, call, err);
    if (rc >= 0) {
        for (uint32_t i = 0; i < l.store.count; i++)
            tell_file(&l, &l.store.list[i]);
        tell_journal(&l);
        if (call->json)
            printf("{\"cases\":[%s]}\n", l.out.at ? l.out.at : "");
        else if (l.store.count + l.taken.count + l.taken.sessions_count == 0)
            puts("no cases: moult case from-trace makes one of a session");
    }
    case_store_done(&l.store);
    taken_done(&l.taken);
    buf_done(&l.out);
    return rc < 0 ? rc : l.broken;
}

const struct verb case_verb_list = { "list", list, "case list", "the cases of the home" };
