/* vectors - judges the candidates of a trial build on one recorded reply. */
#pragma once

#include "worker/turn.h"

/* Answers with VERDICTS. ERR_STATE: no trial build is loaded, or a turn is in work. */
int vectors_judge(struct session *session, const struct wire_vectors *vectors, struct err *err);
