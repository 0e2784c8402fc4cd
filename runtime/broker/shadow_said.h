/* shadow_said - what a step asks for next, as JSON for whoever watches a shadow: how it ends, the
 * text, the calls. Long texts are cut: it is to be read, not to be compared. */
#pragma once

#include "wire/effect.h"

/* {"end":"handed","text":"...","calls":[{"name":"...","args":"..."}]}. The caller frees it. NULL:
 * the reply is handed on as it came, so the effect has no bytes of its own. */
char *shadow_said(const struct wire_effect *effect);
/* The same of such an effect. reply: the message that the model gave, in the chat format. */
char *shadow_said_reply(struct str reply);
