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
} commands[] = {
    { "init", "moult-evolve", "make a home: moult init [DIR] [--harness DIR]" },
    { "trust", "moult-evolve", "register a home that somebody else made" },
    { "import", "moult-trial", "bring foreign traces into the journal" },
    { "mine", "moult-trial", "detectors over traces: signatures, clusters, batches" },
    { "build", "moult-evolve", "compile a plugin in the sandbox" },
    { "bench", "moult-bench", "measure moult on this machine" },
    { "check", "moult-evolve", "what a shared object holds that a plugin may not" },
    { "audit", "moult-evolve", "verify or show the hash chain over what was decided" },
    { "replay", "moult-trial", "put recorded replies to the harness and compare what it asks for" },
    { "reviewer", "moult-evolve", "the signed list of who may approve" },
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int help(void)
{
    printf("usage: moult [-C DIR] [--json] COMMAND\n\n");
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        printf("  %-10s %s\n", commands[i].name, commands[i].about);
    printf("  %-10s %s\n\nmoult COMMAND --help says more.\n", "version", "print the version");
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

int main(int argc, char **argv)
{
    struct verb_call call = { .program = "moult" };
    struct err err = { 0 };
    const char *name = NULL;
    for (int i = 1; i < argc && !name; i++) {
        if (strcmp(argv[i], "--json") == 0)
            call.json = true;
        else if (strcmp(argv[i], "-C") == 0)
            i++;
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return help();
        else
            name = argv[i];
    }
    if (name && (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0)) {
        printf(call.json ? "{\"version\":\"%s\"}\n" : "moult %s\n", MOULT_VERSION);
        return 0;
    }
    const struct command *command = name ? find(name) : NULL;
    if (command) {
        start(command, argv, &err);
    } else {
        err_set(&err, ERR_USAGE, name ? "no command %.60s" : "no command given", name);
        err_hint(&err, "moult --help lists the commands");
    }
    return verb_fail(&call, &err);
}
