/* asking - one run of a proposer that is a model: moult-propose with moult's own prompts in its
 * sandbox, and a door of the service behind the driver.
 *
 * The model's words reach that program and nobody else; the driver carries them from one to the
 * other unread. What is proposed is tried like anybody's. */
#pragma once

#include "promote/driver.h"
#include "promote/proposing.h"

/* plan: as for search; its way and budget are set here. Fills *ret as proposing_run does;
 * ret->stop is {"said": its last message or null, "asked": what the model's door counted, or null,
 * "conversation": digest of the document `evidence` with all that was said, if it asked at all}.
 * ERR_LACKS: no service runs. */
int asking_run(struct proposing_result *ret, struct driver *driver,
    const struct config_proposer *proposer, const struct proposing_plan *plan, struct err *err);
/* "llm:ALIAS@DIGEST", who it is in a candidate's row: the model and the prompts it was given. In
 * the arena. */
const char *asking_name(const struct config_proposer *proposer, struct arena *arena);
