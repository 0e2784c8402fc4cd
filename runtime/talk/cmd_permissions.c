/* cmd_permissions - moult permissions: the questions that turns have for a person. */
#include "base/mem.h"
#include "talk/cmd.h"
#include "talk/permissions.h"

#include <stdio.h>
#include <string.h>

enum { ARGS = 2, TEXT_SHOWN = 400 };

static const char *const words[] = { "deny", "allow" };

static void print_one(const struct permission *permission)
{
    char what[TEXT_SHOWN], how[TEXT_SHOWN], session[80];
    printf("%.*s  %s  %s\n", (int)permission->id.size, permission->id.at,
        str_printable(session, sizeof session, permission->session, false),
        str_printable(what, sizeof what, permission->question, false));
    if (permission->detail.size)
        printf("    %s\n", str_printable(how, sizeof how, permission->detail, false));
}

static int list(struct link *link, bool json, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *document;
    struct permission *found;
    int rc = ask_json(&document, link, PERMISSIONS_PATH, &arena, err);
    if (rc < 0)
        return rc;
    if (json) {
        printf("%.*s\n", (int)document->raw.size, document->raw.at);
        return 0;
    }
    uint32_t count = permissions_read(&found, document, &arena);
    for (uint32_t i = 0; i < count; i++)
        print_one(&found[i]);
    if (count == 0)
        printf("nothing waits for a person\n");
    return 0;
}

static int decide(struct link *link, bool allow, const char *id, bool json, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(ask_done) struct ask ask = { 0 };
    int rc = permission_answer(&ask, str_of(id), allow, &arena, err);
    if (rc == 0)
        rc = ask_once(link, &ask, err);
    if (rc < 0)
        return rc;
    printf(json ? "{\"id\":\"%s\",\"allowed\":%s}\n" : "%s %s\n", id,
        json ? (allow ? "true" : "false") : (allow ? "allowed" : "denied"));
    return 0;
}

static int run_permissions(const struct verb_call *call, struct err *err)
{
    struct link *link = NULL;
    struct home home;
    const char *args[ARGS];
    const struct option options[] = { { 0 } };
    int count = verb_options(call, &verb_permissions, options, args, ARGS, err);
    if (count < 0)
        return count;
    int allow = -1;
    for (int i = 0; count == ARGS && i < (int)COUNT_OF(words); i++)
        if (strcmp(args[0], words[i]) == 0)
            allow = i;
    if (count > 0 && allow < 0)
        return err_set(err, ERR_USAGE, "permissions wants nothing, or allow ID, or deny ID");
    int rc = home_find(&home, call->dir, err);
    if (rc == 0)
        rc = link_open(&link, &home, err);
    if (rc == 0)
        rc = count == 0 ? list(link, call->json, err)
                        : decide(link, allow == 1, args[1], call->json, err);
    link_close(link);
    return rc;
}

const struct verb verb_permissions = { "permissions", run_permissions,
    "permissions [allow|deny ID]", "what turns want a person's word for" };
