/* cmd_reviewer - moult reviewer add|list|revoke: who may approve. */
#include "promote/cmd.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "promote/reviewing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int list(const struct verb_call *call, const struct home *home, struct err *err)
{
    CLEANUP(mem_freep) struct reviewers *reviewers = mem_zero(1, sizeof *reviewers);
    int rc = reviewers_read(reviewers, home, err);
    if (rc < 0)
        return rc;
    if (call->json)
        printf("{\"number\":%llu,\"reviewers\":[", (unsigned long long)reviewers->number);
    for (unsigned i = 0; i < reviewers->count; i++) {
        const struct reviewer *one = &reviewers->list[i];
        struct digest id = sign_id(&one->key);
        char hex[DIGEST_HEX], added[40], revoked[40] = "";
        clock_rfc3339(added, sizeof added, one->added_ms);
        if (one->revoked_ms)
            clock_rfc3339(revoked, sizeof revoked, one->revoked_ms);
        printf(call->json ? "%s{\"name\":\"%s\",\"key\":\"%s\",\"added\":\"%s\",\"revoked\":\"%s\"}"
                          : "%s%-20s %.16s  added %s  %s\n",
            call->json && i ? "," : "", one->name, hash_hex(hex, &id), added, revoked);
    }
    if (call->json)
        puts("]}");
    return 0;
}

static int add(const struct home *home, const char *name, const char *key_file, struct err *err)
{
    struct sign_public key;
    if (!key_file)
        return err_set(err, ERR_USAGE, "reviewer add wants a name and a public key file");
    int rc = sign_load_public(key_file, &key, err);
    return rc < 0 ? rc : reviewing_add(home, name, &key, clock_wall_ms(), err);
}

static int run(const struct verb_call *call, struct err *err)
{
    const struct option options[] = { { 0 } };
    const char *args[3] = { NULL };
    struct home home;
    int count = verb_options(call, &verb_reviewer, options, args, 3, err), rc;
    if (count < 0)
        return count;
    const char *what = count ? args[0] : "list";
    if ((rc = cmd_home(&home, call, err)) < 0)
        return rc;
    if (strcmp(what, "add") == 0 && count >= 2)
        rc = add(&home, args[1], args[2], err);
    else if (strcmp(what, "revoke") == 0 && count == 2)
        rc = reviewing_revoke(&home, args[1], clock_wall_ms(), err);
    else if (strcmp(what, "list") != 0 || count > 1)
        rc = err_set(err, ERR_USAGE, "usage: moult %s", verb_reviewer.usage);
    return rc < 0 ? rc : list(call, &home, err);
}

const struct verb verb_reviewer = { "reviewer", run,
    "reviewer [list | add NAME KEY.pub | revoke NAME]", "the signed list of who may approve" };
