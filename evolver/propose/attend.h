/* attend - the parent of a proposer's command, inside its sandbox: starts it, waits for it, and
 * tells what it left running. */
#pragma once

#include <stdint.h>

enum { ATTEND_PATIENCE_MS = 2000 };
/* On PROPOSER_FD when the command has ended. It comes from inside, so it is nobody's proof: who
 * could change it has ended with the sandbox, whatever it says. */
struct attend_report {
    int32_t status; /* as of wait(2) */
    uint32_t left;  /* 1: others run on that were given ATTEND_PATIENCE_MS to end */
};
/* argv[0]: the command's path. Ends the process with the command's exit status, at once: what runs
 * at the end of a program has nothing to do here. */
_Noreturn void attend(char *const *argv);
