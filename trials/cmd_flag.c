/* cmd_flag - moult flag: a person says that something was wrong. */
#include "trials/cmd.h"

#include "base/json.h"
#include "base/mem.h"
#include "trials/redact_home.h"
#include "wire/journal.h"

#include <stdio.h>

static void print(const struct verb_call *call, const char *id, int64_t turn)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    char shown[80];
    if (!call->json) {
        printf("flagged %s", str_printable(shown, sizeof shown, str_of(id), false));
        printf(turn < 0 ? "\n" : ", turn %lld\n", (long long)turn);
        return;
    }
    buf_text(&out, "{\"flagged\":");
    json_quote(&out, str_of(id));
    if (turn < 0)
        buf_text(&out, ",\"turn\":null}");
    else
        buf_format(&out, ",\"turn\":%lld}", (long long)turn);
    printf("%s\n", out.at);
}

static int run_flag(const struct verb_call *call, struct err *err)
{
    const char *args[1], *why = NULL;
    uint64_t turn = UINT64_MAX, session;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal *journal = NULL;
    struct home home;
    const struct option options[] = {
        { "--turn", 0, OPTION_NUMBER, "N", "that turn alone", &turn },
        { "--why", 0, OPTION_TEXT, "TEXT", "what was wrong (needed)", &why },
        { 0 },
    };
    int rc = verb_options(call, &verb_flag, options, args, COUNT_OF(args), err);
    if (rc < 0)
        return rc;
    if (rc == 0 || !why) {
        err_set(err, ERR_USAGE, "%s is needed", rc == 0 ? "a session" : "--why TEXT");
        return err_hint(err, "usage: moult %s", verb_flag.usage);
    }
    int64_t of = turn <= INT32_MAX ? (int64_t)turn : JOURNAL_ALL_TURNS;
    if (turn != UINT64_MAX && of < 0)
        return err_set(err, ERR_USAGE, "no session has so many turns");
    rc = home_find(&home, call->dir, err);
    if (rc >= 0)
        rc = redact_reason(&why, JOURNAL_WHY_MAX, &home, &arena, err);
    if (rc >= 0)
        rc = journal_open(&journal, &home, JOURNAL_DRIVE, err);
    if (rc >= 0)
        rc = journal_lookup(journal, str_of(args[0]), &session, err);
    if (rc >= 0)
        rc = journal_flag(journal, session, of, str_of(why), err);
    if (rc >= 0)
        print(call, args[0], of);
    journal_close(journal);
    return rc;
}

const struct verb verb_flag = { "flag", run_flag, "flag ID [--turn N] --why TEXT",
    "say that a session went wrong" };
