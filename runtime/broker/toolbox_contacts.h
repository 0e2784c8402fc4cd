/* toolbox_contacts - what the programs of a box asked of its network: each kind told once, when a
 * call is answered and when the box ends. Inside this folder only. */
#pragma once

#include "broker/toolbox_run.h"

void contacts_tell(struct run *run);
void contacts_tell_last(struct run *run, const struct sandbox_result *result);
