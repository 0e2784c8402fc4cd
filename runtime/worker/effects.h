/* effects - what a worker says: effects with what the turn has settled, testimony, the end of a
 * turn. */
#pragma once

#include "worker/turn.h"

/* Settling: the conversation gets the message here, the next effect or end tells the peer. */
void settle_reply(struct session *session); /* the reply in hand, as it stands now */
void settle_result(struct session *session, const struct call *call, struct str text, bool failed,
    uint32_t effect, uint32_t by); /* effect 0: a build wrote it; by NONE: the effect's own */
/* A client's message that a hook edited; 0 or an error. */
void settle_replaced(struct session *session, uint32_t at, struct str bytes);

/* For VECTORS: the request that effect_model would send, folded into `shown`. */
uint64_t effect_shown(struct session *session, bool own_model, uint64_t shown);
void effect_model(struct session *session);
void effect_hand(struct session *session);
void effect_tool(struct session *session, const struct call *call);
void effect_nested(struct session *session);
void effect_wait(struct session *session);
void effect_end(struct session *session);
void effect_event(struct session *session, int action);
void effect_fault(struct worker *worker, uint64_t lease, const struct err *err);
uint32_t turn_step(const struct session *session); /* replies that this turn has settled */
