/* command - one run of a proposer that is a program of the operator's (moult.json: proposers): the
 * harness as files in a sandbox of the profile `propose`, and the file that it left changed.
 *
 * It sees the evidence that `search` sees, the SDK's headers, and what it is granted of the host;
 * it asks its model, if it has one, through a socket of the service's that knows its alias and its
 * budget. Nothing that it says of itself is believed: the bytes of the one file become a proposal
 * like any other. Whatever else it did (changed what is no plugin, committed, left processes, asked
 * for a network, did not end) is a reason to refuse all of it, told in the result. */
#pragma once

#include "promote/driver.h"
#include "promote/proposing.h"

struct command_plan {
    struct driver *driver;
    const struct config_proposer *proposer;
    const struct harness *harness; /* what it begins with */
    const struct evidence *evidence;
    struct str bundle; /* of evidence_print, for the same evidence */
    uint32_t seconds;  /* at most; 0: the proposer's own number */
};
/* Fills *ret as proposing_run does; ret->stop says what was asked of the model. 0 whatever the
 * program did; ERR_LACKS: a layer, or no service runs where a model is wanted; ERR_DENIED: a mount
 * that is not for a run. */
int command_run(struct proposing_result *ret, const struct command_plan *plan, struct err *err);
