/* effects - what a harness does with one recorded reply: the facts that replay compares.
 * Seen where the broker stands; nothing here is a plugin's word. */
#pragma once

#include "base/hash.h"
#include "trials/run.h"
#include "wire/effect.h"

enum effects_end {
    EFFECTS_ANSWERED, /* text handed over, no call */
    EFFECTS_HANDED,   /* calls handed over */
    EFFECTS_ASKED, /* asked the model again (retry, failover, or every call denied): the trace has
                      no answer */
    EFFECTS_REFUSED,
    EFFECTS_FAILED,  /* the turn failed by the harness's own decision */
    EFFECTS_ABNORMAL /* crash, hang, protocol error, hook failure */
};
struct effects_call {
    struct str name, args; /* args: raw text */
    bool denied;           /* before_tool said no: not handed over */
};
struct effects {
    bool request_same; /* the model request is exactly the recorded context */
    uint64_t shown;    /* 0, or how it differs (wire/shown.h) */
    struct str shows;  /* the same for people, as much as is told; no part of the digest */
    bool prefix;       /* it begins with that context: what a provider has cached holds */
    bool same;         /* text and calls are exactly the recorded reply's */
    uint8_t end;       /* enum effects_end */
    struct str text;
    struct effects_call *calls; /* of the reply, denied ones included, in order */
    uint32_t calls_count;
    bool error;           /* the step is an error in a reply's place */
    uint8_t again;        /* enum wire_again: how the model was asked again after it */
    struct digest asked;  /* what the trace has no answer for: another request, a hook's question */
    struct digest digest; /* of all of it; equal effects have equal digests */
    bool hook_failed;     /* ABNORMAL, but nothing of that hook stays and the session goes on */
    struct str why;       /* ABNORMAL: what happened */
    struct str cover;     /* a marked build's word of what ran (wire_end); no part of the digest */
};
/* The recorded effects of a step: what identity replay must ask for. */
void effects_recorded(
    struct effects *ret, const struct run *run, uint32_t step, struct arena *arena);
/* How a request stands to the one that failed before it. */
enum wire_again effects_again(const struct run_error *error, uint32_t model, uint32_t waited_ms);
/* Calls by name and JSON value, text without white space: as frames compare (not byte for byte). */
bool effects_equal(const struct effects *a, const struct effects *b);
void effects_seal(struct effects *effects); /* fills digest */

/* For people: "handed; get_order {...}; denied cancel {...}; text: ...". The bytes are whoever's;
 * what a bounded buffer cuts is cut between characters. */
void effects_say(struct buf *out, const struct effects *effects);
/* Whole, in the arena. */
struct effects effects_copy(const struct effects *effects, struct arena *arena);

/* How a step went against a frame. */
enum outcome {
    OUTCOME_SAME,        /* nothing changed against the recording */
    OUTCOME_RESOLVED,    /* exactly the change that the detector's frame allows */
    OUTCOME_SUPPRESSED,  /* the symptom is gone because the action is gone */
    OUTCOME_UNEXPLAINED, /* anything else changed */
    OUTCOME_ABNORMAL
};
extern const char *const outcome_words[5];
extern const char *const effects_end_words[6];
extern const char *const effects_again_words[5]; /* by enum wire_again */
