/* cmd_chat - moult chat: a conversation, line by line. */
#include "base/mem.h"
#include "talk/cmd.h"
#include "talk/say.h"
#include "talk/terminal.h"

#include <stdio.h>

struct chat {
    const struct verb_call *call;
    struct link *link;
    const char *session, *model;
    bool person; /* at a terminal */
    bool failed; /* the last turn */
};

static void one(struct chat *chat, struct str text)
{
    CLEANUP(say_done)
    struct say say = { .session = chat->session,
        .model = chat->model,
        .text = text,
        .person = chat->person ? SAY_ASK : SAY_REFUSE,
        .json = chat->call->json };
    struct err err = { 0 };
    int rc = say_run(chat->link, &say, &err);
    chat->failed = rc < 0;
    if (say.open && !say.json)
        terminal_print(STR("\n"));
    if (rc < 0)
        verb_fail(chat->call, &err);
    else if (say.json)
        say_print(&say);
    fflush(stdout);
}

static void go_on(struct chat *chat)
{
    CLEANUP(buf_done) struct buf line = { 0 };
    for (;;) {
        if (chat->person)
            fputs("> ", stderr);
        enum terminal_read got = terminal_line(&line);
        if (got == TERMINAL_END)
            break;
        struct str text = str_trim(buf_view(&line));
        if (got == TERMINAL_LINE && text.size > 0)
            one(chat, text);
        else if (got == TERMINAL_INTERRUPTED && !chat->person)
            break;
        else if (got == TERMINAL_INTERRUPTED)
            fputc('\n', stderr);
    }
    if (chat->person)
        fputc('\n', stderr);
}

static int talk(struct chat *chat, struct err *err)
{
    char name[64];
    int rc = say_check_model(chat->link, chat->model, err);
    if (rc < 0)
        return rc;
    if (!chat->session) {
        say_name(name, "chat");
        chat->session = name;
    }
    if (!chat->call->json)
        fprintf(stderr, "session %s%s\n", chat->session,
            chat->person ? "; ^C cancels a turn, ^D ends" : "");
    terminal_watch();
    go_on(chat);
    return chat->failed ? 1 : 0;
}

static int run_chat(const struct verb_call *call, struct err *err)
{
    struct chat chat = { .call = call, .person = terminal_present() };
    struct home home;
    const struct option options[] = {
        { "--session", 0, OPTION_TEXT, "NAME", "go on with that session (default: a new one)",
            &chat.session },
        { "--model", 0, OPTION_TEXT, "ALIAS", "a name of models[] (default: the first)",
            &chat.model },
        { 0 },
    };
    int rc = verb_options(call, &verb_chat, options, NULL, 0, err);
    if (rc >= 0)
        rc = home_find(&home, call->dir, err);
    if (rc >= 0)
        rc = link_open(&chat.link, &home, err);
    if (rc >= 0)
        rc = talk(&chat, err);
    link_close(chat.link);
    return rc;
}

const struct verb verb_chat = { "chat", run_chat, "chat [--session NAME] [--model ALIAS]",
    "a conversation, line by line" };
