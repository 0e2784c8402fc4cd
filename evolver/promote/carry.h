/* carry - mended calls, really carried out: what would the tools have said?
 *
 * A replay shows that a harness now asks for another call; whether that call helps, only the tool
 * can say. A mended call gets a tool server, in the tool sandbox, which begins where the run began.
 * The run's earlier calls are carried out first, as recorded; if one is not answered as recorded,
 * this is not the world of the recording and the mended call is not tried. A server that a mended
 * call may have changed is not asked again.
 *
 * A later call of a run belongs to a world in which the mended earlier ones did not happen. It is
 * counted apart, as conditional, and feeds no gate. */
#pragma once

#include "sandbox/sandbox.h"
#include "trials/detect.h"

enum carry_end {
    CARRY_OK,
    CARRY_ERROR,    /* carried out, and the tool said no */
    CARRY_DIVERGED, /* an earlier call was not answered as recorded: not tried */
    CARRY_FAILED    /* no answer: the server hung, died or broke the protocol */
};
extern const char *const carry_end_words[4];

struct carry_call {
    const struct run *run;
    uint32_t step, call;   /* whose place it takes: the earlier calls are those before it */
    struct str name, args; /* args: a raw JSON object */
    bool first;            /* it is the run's first changed effect */
};
struct carry_plan {
    const char *tool;           /* path of moult-tool */
    const char *const *command; /* the server's, NULL-terminated. Files that it names by absolute
                                   paths are what it may read, with what stands beside them */
    const char *const *env; /* "NAME=value", NULL-terminated, beside PATH and its like; or NULL */
    enum sandbox_tier tier; /* weakest allowed */
    uint32_t waived;        /* layers that the operator does without */
    uint32_t start_ms, call_ms; /* 0: the tool's own */
    struct carry_call *calls;
    uint32_t calls_count, calls_room;
};
struct carry_outcome {
    enum carry_end end;
    struct str text; /* the tool's answer, or why there is none; in the arena */
};
struct carry_result {
    uint32_t carried, carried_ok; /* first changed effects */
    uint32_t conditional, conditional_ok;
    uint32_t diverged, failed;      /* of both; neither counts as carried */
    struct carry_outcome *outcomes; /* by call of the plan; in the arena */
    enum sandbox_tier tier;
    uint32_t layers;
};

/* Adds the calls of what a harness asks for at a step that are not the recording's: those that it
 * changed or added. The first of them is the run's first changed effect, if `first` is. They are
 * copied; the run must outlive the plan. */
void carry_add(struct carry_plan *plan, const struct run *run, uint32_t step,
    const struct effects *effects, bool first, struct arena *arena);
/* Adds what the detector's frame asks for at the steps behind one, all conditional. */
void carry_add_later(struct carry_plan *plan, const struct run *run, uint32_t step,
    const struct detector *detector, struct arena *arena);

/* ERR_LACKS: no server program, or a required layer is missing; ERR_DENIED: the server's command
 * would let it see too much. What a server does wrong is an outcome, no error. */
int carry_run(
    struct carry_result *ret, const struct carry_plan *plan, struct arena *arena, struct err *err);
