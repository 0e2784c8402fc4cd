/* detect - the table of detectors.
 *
 * A census detector counts something in a run. A mendable detector also says where in the harness
 * the failure could have been met, what exactly a repair may change (its frame), and when the
 * failure is real: a rejected result, or a reply whose calls were never carried out. It brings made
 * cases where its repair would be overreach. The same code grades a replay. An observed detector
 * names a failure that no replay could show mended: it says why nothing is proposed. */
#pragma once

#include "trials/effects.h"
#include "trials/run.h"

struct detect_hit {
    uint32_t step;      /* the reply that it is about */
    uint32_t call;      /* its call, or UINT32_MAX */
    uint8_t tool_class; /* enum detect_tool_class */
};
/* What a replay can show of a repair. NONE: nothing is proposed. NOT_SHOWN: the change happens, but
 * that it helps lies behind what was recorded. SHOWN: what was missing is there (a call is carried
 * out, an argument fits, the turn goes on). */
enum detect_benefit { BENEFIT_NONE, BENEFIT_NOT_SHOWN, BENEFIT_SHOWN };
extern const char *const detect_benefit_words[3];
enum detect_tool_class { TOOL_NONE, TOOL_READ, TOOL_WRITE, TOOL_UNKNOWN };
typedef void (*detect_sink)(void *with, const struct detect_hit *hit);

struct detector {
    const char *id; /* the census's id, or the cluster's: "leak_tagged", "string_for_array", ... */
    const char *summary;
    /* Calls the sink once for each occurrence. */
    void (*find)(const struct run *run, detect_sink sink, void *with);
    /* The hook that a repair belongs to, or would (enum moult_hook_id); census detectors -1. */
    int hook;
    /* Is there a rejected result or failed turn that this hit explains, and can a harness change
     * it? NULL for census detectors. *ret_why: the reason when not (for the report). */
    bool (*mendable)(const struct run *run, const struct detect_hit *hit, const char **ret_why);
    /* Exactly the effects that a repair of this step asks for. 1: filled; 0: no claim at this step
     * (the frame cannot say: another failure beside it, over its bound). */
    int (*frame)(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena);
    /* A change where the action is gone instead of mended. */
    bool (*suppressed)(const struct run *run, uint32_t step, const struct effects *seen);
    /* Made cases where nothing may change: JSON array of steps (context, reply, tools, why). */
    const char *overreach;
    uint8_t benefit;     /* enum detect_benefit */
    const char *nothing; /* observed detectors: "nothing is proposed: ..."; no frame, then */
};
/* Both kinds of row in one question: the row's own answer, or its reason why nothing is proposed.
 */
bool detect_mendable(const struct detector *detector, const struct run *run,
    const struct detect_hit *hit, const char **ret_why);
extern const struct detector detectors[];
extern const unsigned detectors_count;
const struct detector *detector_find(const char *id);
const struct detector *detector_named(struct str id); /* the same for a text of any kind */

/* Whether a repair changes what the model is asked: then it is seen before the step's answer. */
bool detect_asks(const struct detector *detector);

/* Outcome of what was seen at a step, against the recording and, if `detector` is not NULL and the
 * step is one of its failures, its frame. */
enum outcome detect_outcome(const struct detector *detector, const struct run *run, uint32_t step,
    const struct effects *seen, struct arena *arena);
/* Is the symptom at that step? */
bool detect_symptom(const struct detector *detector, const struct run *run, uint32_t step);
/* Whose frame says that the step resolves its failure: the detector's id, or NULL. */
const char *detect_resolved_by(const struct run *run, uint32_t step, const struct effects *seen);
