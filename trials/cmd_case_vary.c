/* cmd_case_vary - moult case vary: variants of a case, as files. */
#include "trials/cmd_case.h"

#include "base/file.h"
#include "base/mem.h"
#include "trials/case/variant.h"

#include <stdio.h>

struct varying {
    const struct verb_call *call;
    struct case_store store;
    struct arena arena;
    const char *folder; /* NULL: the home */
    struct buf list;
    unsigned made;
};

static void done(struct varying *v)
{
    case_store_done(&v->store);
    arena_done(&v->arena);
    buf_done(&v->list);
}

static int put(struct varying *v, const struct trial_case *made, struct err *err)
{
    struct digest digest = case_digest(made);
    const char *path;
    bool known;
    char *out = v->folder ? arena_format(&v->arena, "%s/%s.json", v->folder, made->id.at) : NULL;
    int rc = case_put(&path, &known, &v->store, made, out, err);
    if (rc < 0)
        return rc;
    buf_text(&v->list, v->made++ ? "," : "");
    case_print_head(&v->list, made, &digest);
    buf_format(&v->list, ",\"known\":%s,\"path\":", known ? "true" : "false");
    json_quote(&v->list, str_of(path));
    buf_char(&v->list, '}');
    if (!v->call->json)
        printf("%s %s\n", known ? "the same case is" : "made", path);
    return 0;
}

static int put_all(struct varying *v, const char *name, uint64_t wanted, struct err *err)
{
    struct trial_case of, made;
    int rc = case_named(&of, &v->store, name, &v->arena, err);
    const char *lacks = rc < 0 ? NULL : case_unvaried(&of);
    if (lacks) {
        err_set(err, ERR_INPUT, "%s", lacks);
        return err_hint(err, "cases that are graded by a detector, or as recorded, have variants");
    }
    for (unsigned number = 0; rc >= 0 && number < wanted; number++) {
        rc = case_vary(&made, &of, number, &v->arena, err);
        if (rc == 1)
            rc = put(v, &made, err);
    }
    if (rc < 0)
        return rc;
    if (v->call->json)
        printf("{\"variants\":[%s]}\n", v->list.at ? v->list.at : "");
    else if (v->made == 0)
        puts("nothing in it can be said in another way that shows the same");
    return v->made == 0;
}

static int vary(const struct verb_call *call, struct err *err)
{
    CLEANUP(done) struct varying v = { .call = call };
    const char *args[1];
    uint64_t wanted = CASE_VARIANTS;
    const struct option options[] = {
        { "--count", 0, OPTION_NUMBER, "N", "so many variants (default and at most: 7)", &wanted },
        { "--out", 0, OPTION_TEXT, "DIR", "into that folder, and not into the home", &v.folder },
        { 0 },
    };
    struct home home;
    int rc = verb_options(call, &case_verb_vary, options, args, COUNT_OF(args), err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, ERR_USAGE, "usage: moult %s", case_verb_vary.usage);
    if (wanted == 0 || wanted > CASE_VARIANTS)
        return err_set(err, ERR_USAGE, "a case has %d variants", CASE_VARIANTS);
    if (v.folder && (rc = file_mkdirs(v.folder, 0777, err)) < 0)
        return rc;
    if ((rc = home_find(&home, call->dir, err)) < 0 ||
        (rc = case_store_read(&v.store, &home, err)) < 0)
        return rc;
    return put_all(&v, args[0], wanted, err);
}

const struct verb case_verb_vary = { "vary", vary, "case vary ID|FILE [--count N]",
    "the same case among other people" };
