/* cmd_run - moult run TEXT: one turn of a hosted session. */
#include "base/fd.h"
#include "base/mem.h"
#include "talk/cmd.h"
#include "talk/say.h"
#include "talk/terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 8 << 20, SECONDS_MAX = 24 * 3600 };

static int take_text(struct say *say, struct buf *input, const char *arg, struct err *err)
{
    bool piped = strcmp(arg, "-") == 0;
    int rc = piped ? read_to_end(STDIN_FILENO, input, TEXT_MAX, err) : 0;
    if (rc < 0)
        return rc;
    say->text = piped ? buf_view(input) : str_of(arg);
    if (str_trim(say->text).size == 0)
        return err_set(err, ERR_USAGE, "run wants something to say");
    return str_utf8(say->text) ? 0 : err_set(err, ERR_INPUT, "the text is no UTF-8");
}

static int talk(const struct verb_call *call, struct say *say, struct err *err)
{
    struct link *link = NULL;
    struct home home;
    char name[64];
    int rc = home_find(&home, call->dir, err);
    if (rc == 0)
        rc = link_open(&link, &home, err);
    if (rc == 0)
        rc = say_check_model(link, say->model, err);
    if (rc == 0 && !say->session) {
        say_name(name, "run");
        say->session = name;
        if (!call->json)
            fprintf(stderr, "session %s\n", name);
    }
    if (rc == 0)
        rc = say_run(link, say, err);
    if (rc == 0 && call->json)
        say_print(say);
    else if (say->open && !call->json)
        terminal_print(STR("\n"));
    link_close(link);
    return rc;
}

static int run_run(const struct verb_call *call, struct err *err)
{
    CLEANUP(buf_done) struct buf input = { 0 };
    CLEANUP(say_done) struct say say = { .json = call->json };
    const char *arg = NULL;
    const struct option options[] = {
        { "--session", 0, OPTION_TEXT, "NAME", "go on with that session (default: a new one)",
            &say.session },
        { "--model", 0, OPTION_TEXT, "ALIAS", "a name of models[] (default: the first)",
            &say.model },
        { "--timeout", 0, OPTION_NUMBER, "S", "cancel the turn after so many seconds",
            &say.seconds },
        { 0 },
    };
    int rc = verb_options(call, &verb_run, options, &arg, 1, err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, ERR_USAGE, "run wants a text, or - for standard input");
    if (say.seconds > SECONDS_MAX)
        return err_set(err, ERR_USAGE, "--timeout is at most %d", SECONDS_MAX);
    rc = take_text(&say, &input, arg, err);
    if (rc < 0)
        return rc;
    say.person = terminal_present() ? SAY_ASK : SAY_LEAVE;
    terminal_watch();
    return talk(call, &say, err);
}

const struct verb verb_run = { "run", run_run,
    "run TEXT|- [--session NAME] [--model ALIAS] [--timeout S]", "one turn of a hosted session" };
