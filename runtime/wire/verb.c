/* verb - see verb.h. */
#include "wire/verb.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void fail_json(const struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"error\":{\"code\":");
    json_quote(&out, str_of(err_word(err->code)));
    buf_text(&out, ",\"message\":");
    json_quote(&out, str_of(err->text));
    buf_text(&out, ",\"where\":");
    json_quote(&out, str_of(err->where));
    buf_text(&out, ",\"hint\":");
    json_quote(&out, str_of(err->hint));
    buf_text(&out, "}}");
    puts(out.at);
}

static void fail_text(const struct err *err)
{
    char clean[1200];
    fprintf(stderr, "moult: %s\n", str_printable(clean, sizeof clean, str_of(err->text), false));
    if (err->where[0])
        fprintf(stderr, "  at %s\n", str_printable(clean, sizeof clean, str_of(err->where), false));
    if (err->hint[0])
        fprintf(stderr, "  %s\n", str_printable(clean, sizeof clean, str_of(err->hint), false));
}

int verb_fail(const struct verb_call *call, const struct err *err)
{
    struct err told = *err;
    if ((told.sys == ENOSPC || told.sys == EDQUOT) && !told.hint[0])
        err_hint(&told, "free some space on that disk, then do it again");
    if (call->json)
        fail_json(&told);
    else
        fail_text(&told);
    return err_exit(told.code);
}

static struct document {
    FILE *out; /* where it would go; NULL: there is none */
    char *at;
    size_t size;
} document;

void verb_document(const struct verb_call *call)
{
    FILE *held = call->json && !document.out ? open_memstream(&document.at, &document.size) : NULL;
    if (!held)
        return;
    document.out = stdout;
    stdout = held;
}

static void end_document(bool well)
{
    if (!document.out)
        return;
    FILE *held = stdout;
    stdout = document.out;
    fclose(held);
    if (well)
        fwrite(document.at, 1, document.size, stdout);
    free(document.at);
    document = (struct document){ 0 };
}

static void list(const char *program, const struct verb *table)
{
    printf("usage: %s [-C DIR] [--json] COMMAND\n", program);
    for (; table->name; table++)
        printf("  %-44s %s\n", table->usage, table->about);
}

/* --json may stand behind the command too, before a "--". */
static int take_json(struct verb_call *call)
{
    int kept = 0;
    bool options = true;
    for (int i = 0; i < call->argc; i++) {
        options = options && strcmp(call->argv[i], "--") != 0;
        if (options && strcmp(call->argv[i], "--json") == 0)
            call->json = true;
        else
            call->argv[kept++] = call->argv[i];
    }
    call->argv[kept] = NULL;
    return kept;
}

/* Global options, up to the command. Returns the index of the command in argv, or an error. */
static int find_command(
    struct verb_call *call, int argc, char **argv, bool *ret_help, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            call->json = true;
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            *ret_help = true;
        else if (strcmp(argv[i], "-C") == 0 && i + 1 < argc)
            call->dir = argv[++i];
        else if (argv[i][0] != '-')
            return i;
        else
            return err_set(err, ERR_USAGE, "no option %.60s here", argv[i]);
    }
    return *ret_help ? 0 : err_set(err, ERR_USAGE, "no command given");
}

static const struct verb *find_verb(const struct verb *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

/* A child of the service ends with it, whatever ended that; its own children are its own. */
static void end_with_parent(void)
{
    const char *parent = getenv(VERB_PARENT);
    if (!parent)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != atoi(parent)) /* it has ended already */
        raise(SIGKILL);
    unsetenv(VERB_PARENT);
}

int verb_main(const char *program, const struct verb *table, int argc, char **argv)
{
    struct err err = { 0 };
    struct verb_call call = { .program = program };
    bool help = false;
    end_with_parent();
    log_init(program);
    int at = find_command(&call, argc, argv, &help, &err);
    if (at < 0) {
        err_hint(&err, "%s --help lists the commands", program);
        return verb_fail(&call, &err);
    }
    if (at == 0) {
        list(program, table);
        return 0;
    }
    call.name = argv[at];
    call.argv = argv + at;
    call.argc = argc - at;
    call.argc = take_json(&call);
    const struct verb *verb = find_verb(table, call.name);
    if (!verb) {
        err_set(&err, ERR_USAGE, "no command %.60s", call.name);
        err_hint(&err, "%s --help lists the commands", program);
        return verb_fail(&call, &err);
    }
    int rc = verb->run(&call, &err);
    verb_progress_clear();
    end_document(rc >= 0 || rc == VERB_HELPED);
    if (rc == VERB_HELPED)
        return 0;
    return rc < 0 ? verb_fail(&call, &err) : rc;
}

int verb_options(const struct verb_call *call, const struct verb *verb,
    const struct option *options, const char **args, int args_max, struct err *err)
{
    bool help = false;
    int count = option_parse(options, call->argc, call->argv, false, args, args_max, &help, err);
    if (help) {
        CLEANUP(mem_freep) char *usage = mem_format("moult [-C DIR] [--json] %s", verb->usage);
        option_help(usage, verb->about, options);
        return VERB_HELPED;
    }
    if (count < 0 && !err->hint[0])
        err_hint(err, "usage: moult %.120s", verb->usage);
    return count;
}
