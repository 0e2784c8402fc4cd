/* moult - a thin front: it finds the program that does a command, and execs it, as git does. What
 * is not linked into a program cannot be abused by what it reads. */
#include "base/file.h"
#include "base/mem.h"
#include "wire/verb.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef MOULT_VERSION
#error "the build gives MOULT_VERSION"
#endif

static const struct command {
    const char *name, *program, *about;
    const char *part; /* of the command, that another program does */
} commands[] = {
    { "init", "moult-evolve", "make a home: moult init [DIR] [--harness DIR]" },
    { "trust", "moult-evolve", "register a home that somebody else made" },
    { "import", "moult-trial", "bring foreign traces into the journal" },
    { "sessions", "moult-trial", "the sessions of the journal" },
    { "trace", "moult-trial", "what happened in a session" },
    { "flag", "moult-trial", "say that a session went wrong" },
    { "mine", "moult-trial", "detectors over traces: signatures, clusters, batches" },
    { "failures", "moult-trial", "what could be mended, with examples of what was said" },
    { "case", "moult-evolve", "", "retire" },
    { "case", "moult-trial", "tasks to run again: made of traces or by hand, checked, varied" },
    { "replay", "moult-trial", "put recorded replies to the harness and compare what it asks for" },
    { "evolve", "moult-evolve", "propose, check, build, replay and gate, until a person decides" },
    { "propose", "moult-evolve", "a patch made by hand enters the same pipeline" },
    { "candidates", "moult-evolve", "what was proposed, and how far each came" },
    { "proposers", "moult-evolve", "who proposes, and how its predictions came true" },
    { "show", "moult-evolve", "everything about one candidate" },
    { "review", "moult-evolve", "the diff and its evidence, before a decision" },
    { "approve", "moult-evolve", "a reviewer's signature over what was reviewed" },
    { "reject", "moult-evolve", "the person says no; the reason is kept" },
    { "report", "moult-evolve", "what an approved candidate does on groups that were sealed" },
    { "sandbox", "moult-sandbox",
        "one command under a profile; what this machine has; the policy" },
    { "doctor", "moult-sandbox", "what works on this machine, what lacks, and what to do" },
    { "reviewer", "moult-evolve", "the signed list of who may approve" },
    { "promote", "moult-evolve", "make an approved candidate part of the active generation" },
    { "rollback", "moult-evolve", "go back to builds that were active before" },
    { "freeze", "moult-evolve", "no promotion until a person says so" },
    { "thaw", "moult-evolve", "allow promotions again" },
    { "mandate", "moult-evolve", "what may go live without asking: give, list, revoke" },
    { "plugins", "moult-evolve", "what is active and which generation it came with" },
    { "log", "moult-evolve", "every generation that was active" },
    { "blame", "moult-evolve", "which generation each line of a plugin came with" },
    { "build", "moult-evolve", "compile a plugin in the sandbox" },
    { "check", "moult-evolve", "the source and ELF gates alone" },
    { "rebuild", "moult-evolve", "prove that a build comes from its commit" },
    { "audit", "moult-evolve", "verify, show or export the hash chain over what was decided" },
    { "serve", "moult-broker", "run the broker, its workers and the evolver" },
    { "status", "moult-talk", "what runs: generation, workers, sessions, candidates" },
    { "run", "moult-talk", "one turn of a hosted session" },
    { "chat", "moult-talk", "a conversation, line by line" },
    { "permissions", "moult-talk", "what turns want a person's word for" },
    { "backtest", "moult-trial", "what a candidate would have done to past traffic" },
    { "shadow", "moult-evolve", "what a candidate would do with live turns, on copies of them" },
    { "prove", "moult-trial", "run a live turn again and compare every effect" },
    { "mcp", "moult-mcp", "the agent's own tools for agents of others, as an MCP server" },
    { "mock-model", "moult-mock", "a scripted model over the real protocols" },
    { "bench", "moult-bench", "measure moult on this machine" },
};

static const struct command *find(const char *name, const char *part)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(commands[i].name, name) == 0 &&
            (!commands[i].part || (part && strcmp(commands[i].part, part) == 0)))
            return &commands[i];
    return NULL;
}

static int help(void)
{
    printf("usage: moult [-C DIR] [--json] COMMAND\n\n");
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (!commands[i].part)
            printf("  %-11s %s\n", commands[i].name, commands[i].about);
    printf("  %-11s %s\n\nmoult COMMAND --help says more.\n", "version", "print the version");
    return 0;
}

static int start(const struct command *command, char **argv, struct err *err)
{
    char path[PATH_MAX];
    int rc = file_program_dir(path, sizeof path - 32, err);
    if (rc < 0)
        return rc;
    strcat(strcat(path, "/"), command->program);
    argv[0] = path;
    execv(path, argv);
    err_sys(err, "start %s", command->program);
    err->code = ERR_LACKS;
    return err_hint(err, "build it: ./dev build");
}

/* Options may stand behind the command, as everywhere. */
static int version(struct verb_call *call, int argc, char **argv, struct err *err)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            call->json = true;
        } else if (strcmp(argv[i], "--help") == 0) {
            printf("usage: moult version\nprint the version\n\n      --json  {\"version\": ...}\n");
            return 0;
        } else {
            return err_set(err, ERR_USAGE, "version knows no %.60s", argv[i]);
        }
    }
    printf(call->json ? "{\"version\":\"%s\"}\n" : "moult %s\n", MOULT_VERSION);
    return 0;
}

int main(int argc, char **argv)
{
    struct verb_call call = { .program = "moult" };
    struct err err = { 0 };
    const char *name = NULL;
    int i = 1;
    for (; i < argc && !name; i++) {
        if (strcmp(argv[i], "--json") == 0)
            call.json = true;
        else if (strcmp(argv[i], "-C") == 0)
            i++;
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return help();
        else
            name = argv[i];
    }
    if (name && (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0))
        return version(&call, argc - i, argv + i, &err) < 0 ? verb_fail(&call, &err) : 0;
    const struct command *command = name ? find(name, argv[i]) : NULL;
    if (command) {
        start(command, argv, &err);
    } else {
        err_set(&err, ERR_USAGE, name ? "no command %.60s" : "no command given", name);
        err_hint(&err, "moult --help lists the commands");
    }
    return verb_fail(&call, &err);
}
