/* cmd_audit - moult audit verify|show: the chain over the journal's decisions. */
#include "promote/cmd.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "wire/journal.h"

#include <stdio.h>
#include <string.h>

/* The answer may be no: then the first bad record is named, and the exit status is 1. */
static int verify(const struct verb_call *call, struct journal *journal, struct err *err)
{
    uint64_t records = 0;
    struct digest head = { { 0 } };
    char hex[DIGEST_HEX];
    CLEANUP(buf_done) struct buf bad = { 0 };
    int rc = journal_audit_verify(journal, &records, &head, err);
    if (rc < 0 && rc != -ERR_VERIFY)
        return rc;
    if (rc < 0)
        json_quote(&bad, str_of(err->text));
    if (call->json)
        printf("{\"ok\":%s,\"records\":%llu,\"head\":\"%s\",\"first_bad\":%s}\n",
            rc ? "false" : "true", (unsigned long long)records, rc ? "" : hash_hex(hex, &head),
            rc ? bad.at : "null");
    else if (rc == 0)
        printf("ok          %llu records, head %.16s\n", (unsigned long long)records,
            hash_hex(hex, &head));
    else
        printf("broken      %s\n", err->text);
    return rc < 0;
}

static void show_record(const struct verb_call *call, const struct journal_record *record)
{
    char at[40], hex[DIGEST_HEX], before[DIGEST_HEX], body[512];
    clock_rfc3339(at, sizeof at, record->at_ms);
    hash_hex(hex, &record->digest);
    hash_hex(before, &record->before);
    if (call->json)
        printf("{\"number\":%llu,\"at\":\"%s\",\"kind\":\"%.*s\",\"body\":%.*s,\"before\":\"%s\","
               "\"digest\":\"%s\"}\n",
            (unsigned long long)record->number, at, (int)record->kind.size, record->kind.at,
            (int)record->body.size, record->body.at, before, hex);
    else
        printf("%6llu  %s  %-10.*s %.12s  %s\n", (unsigned long long)record->number, at,
            (int)record->kind.size, record->kind.at, hex,
            str_printable(body, sizeof body, record->body, false));
}

static int show(const struct verb_call *call, struct journal *journal, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    uint64_t after = 0;
    for (uint32_t count = 1; count > 0;) {
        struct journal_record *list;
        arena_reset(&arena);
        int rc = journal_audit(journal, after, &arena, &list, &count, err);
        if (rc < 0)
            return rc;
        for (uint32_t i = 0; i < count; i++)
            show_record(call, &list[i]);
        after = count ? list[count - 1].number : after;
    }
    return 0;
}

static int run(const struct verb_call *call, struct err *err)
{
    const struct option options[] = { { 0 } };
    const char *args[1] = { "verify" };
    struct home home;
    struct journal *journal;
    int rc = verb_options(call, &verb_audit, options, args, 1, err);
    if (rc < 0)
        return rc;
    bool shows = strcmp(args[0], "show") == 0;
    if (!shows && strcmp(args[0], "verify") != 0)
        return err_set(err, ERR_USAGE, "usage: moult %s", verb_audit.usage);
    if ((rc = cmd_home(&home, call, err)) < 0 ||
        (rc = journal_open(&journal, &home, JOURNAL_VIEW, err)) < 0)
        return rc;
    rc = (shows ? show : verify)(call, journal, err);
    journal_close(journal);
    return rc;
}

const struct verb verb_audit = { "audit", run, "audit [verify | show]",
    "the hash chain over what was decided" };
