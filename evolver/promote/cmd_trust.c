/* cmd_trust - moult trust: registers a home that somebody else made, or that was moved. */
#include "promote/cmd.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>

static int run(const struct verb_call *call, struct err *err)
{
    const struct option options[] = { { 0 } };
    const char *args[1];
    struct home home;
    int count = verb_options(call, &verb_trust, options, args, 1, err);
    if (count < 0)
        return count;
    const char *dir = count ? args[0] : call->dir;
    if (!dir)
        return err_set(err, ERR_USAGE, "trust wants a folder");
    int rc = home_trust(&home, dir, err);
    if (rc < 0)
        return rc;
    CLEANUP(buf_done) struct buf out = { 0 };
    json_quote(&out, str_of(home.path));
    if (call->json)
        printf("{\"home\":%s,\"id\":\"%s\"}\n", out.at, home.id);
    else
        printf("registered  %s\n", home.path);
    return 0;
}

const struct verb verb_trust = { "trust", run, "trust DIR", "register a home with this user" };
