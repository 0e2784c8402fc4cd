/* sandbox - what the commands of moult-sandbox share. */
#pragma once

#include "sandbox/waive.h"
#include "wire/verb.h"

extern const struct verb verb_sandbox, verb_doctor;

/* The home's say in how runs are confined; without a home, the strong tier and nothing waived. */
struct sandbox_settings {
    enum sandbox_tier tier;
    uint32_t waived;
    bool has_home;
};
/* tier: of the command line, or NULL. */
int sandbox_settings_read(
    struct sandbox_settings *ret, const char *dir, const char *tier, struct err *err);

/* The parts of `moult sandbox`. call->argv[0] is "run", "check" or "explain". */
int sandbox_run_command(const struct verb_call *call, struct err *err);
