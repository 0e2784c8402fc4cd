/* cmd_sessions - moult sessions: what there is to look at, the service's own and imported ones. */
#include "trials/cmd.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "wire/journal.h"

#include <stdio.h>

enum { ID_SHOWN = 12, NAME_SHOWN = 24 };

struct listing {
    bool json, live;
    uint64_t shown;
};

static const char *kind_of(const struct journal_session *session)
{
    return !session->live ? "import" : session->gateway ? "gateway" : "hosted";
}

static void print_json(const struct listing *listing, const struct journal_session *session)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    char hex[DIGEST_HEX], at[40];
    buf_format(&out,
        "%s{\"id\":\"%s\",\"kind\":\"%s\",\"at\":\"%s\",\"name\":", listing->shown ? "," : "",
        hash_hex(hex, &session->id), kind_of(session),
        clock_rfc3339(at, sizeof at, session->at_ms));
    if (session->name.size)
        json_quote(&out, session->name);
    else
        buf_text(&out, "null");
    buf_text(&out, ",\"principal\":");
    json_quote(&out, session->principal);
    buf_text(&out, ",\"origin\":");
    json_quote(&out, session->origin);
    buf_text(&out, ",\"group\":");
    json_quote(&out, session->group);
    buf_format(&out, ",\"turns\":%u,\"messages\":%u,\"flags\":%u}", session->turns,
        session->messages_count, session->flags);
    fwrite(out.at, 1, out.size, stdout);
}

static void print_line(const struct listing *listing, const struct journal_session *session)
{
    char hex[DIGEST_HEX], at[40], who[NAME_SHOWN + 1], name[NAME_SHOWN + 1];
    struct str called = session->live ? session->name : session->origin;
    if (listing->shown == 0)
        printf("%-*s  %-7s  %-24s  %-12s  %5s  %8s  %s\n", ID_SHOWN, "ID", "KIND", "SINCE",
            "PRINCIPAL", "TURNS", "MESSAGES", "NAME");
    printf("%.*s  %-7s  %-24s  %-12s  %5u  %8u  %s\n", ID_SHOWN, hash_hex(hex, &session->id),
        kind_of(session), clock_rfc3339(at, sizeof at, session->at_ms),
        str_printable(who, sizeof who, session->principal, false), session->turns,
        session->messages_count, str_printable(name, sizeof name, called, false));
}

static int print_pages(struct journal *journal, struct listing *listing, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session *page;
    uint32_t count = 1;
    for (uint64_t after = 0; count > 0; arena_reset(&arena)) {
        int rc = journal_list(journal, after, &arena, &page, &count, err);
        if (rc < 0)
            return rc;
        for (uint32_t i = 0; i < count; i++) {
            after = page[i].number;
            if (listing->live && !page[i].live)
                continue;
            (listing->json ? print_json : print_line)(listing, &page[i]);
            listing->shown++;
        }
    }
    return 0;
}

static int run_sessions(const struct verb_call *call, struct err *err)
{
    struct listing listing = { .json = call->json };
    struct journal *journal = NULL;
    struct home home;
    const struct option options[] = {
        { "--live", 0, OPTION_FLAG, NULL, "without those that were imported", &listing.live },
        { 0 },
    };
    int rc = verb_options(call, &verb_sessions, options, NULL, 0, err);
    if (rc >= 0)
        rc = home_find(&home, call->dir, err);
    if (rc >= 0)
        rc = journal_open(&journal, &home, JOURNAL_VIEW, err);
    verb_document(call);
    if (rc >= 0 && listing.json)
        printf("{\"sessions\":[");
    if (rc >= 0)
        rc = print_pages(journal, &listing, err);
    if (rc >= 0 && listing.json)
        printf("]}\n");
    else if (rc >= 0 && listing.shown == 0)
        printf("no sessions\n");
    journal_close(journal);
    return rc;
}

const struct verb verb_sessions = { "sessions", run_sessions, "sessions [--live]",
    "the sessions of the journal" };
