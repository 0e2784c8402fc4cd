/* toolcall - see toolcall.c: the half that a hook's own calls share. */
#pragma once

#include "broker/effects.h"

int toolcall_nested(struct turn *turn, struct note *note, const struct wire_effect *effect,
    struct permit_facts *facts, struct buf *body);
void toolcall_run(struct turn *turn, struct note *note);
