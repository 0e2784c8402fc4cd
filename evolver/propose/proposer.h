/* proposer - the conversation between the driver and a proposer in its sandbox.
 *
 * A proposer has an evidence bundle (a file), a scratch folder and one socket. It sees held-in
 * evidence only. It may ask the driver for trial builds, for verdicts on candidates of such a
 * build, and for the replay of a clean candidate over the held-in evidence; it ends with proposals
 * or with why it has none. The driver checks, builds and replays everything itself again: nothing
 * here is believed.
 *
 * Frames on the socket: u32 length of the payload (little endian), u8 type, payload. Numbers little
 * endian; texts are u32 length and bytes; JSON payloads are read with base/json. At most
 * PROPOSER_FRAME_MAX bytes. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PROPOSER_FD = 3, /* the socket, inside */
    PROPOSER_FRAME_MAX = 16 << 20,
    PROPOSER_CANDIDATES_MAX = 3, /* proposals a cluster */
    PROPOSER_BUILDS_MAX = 64,    /* trial builds, where the driver says nothing else */
    PROPOSER_JOBS_MAX = 65536,   /* steps in one judge */
    PROPOSER_VECTORS_MAX = 4096, /* candidates in one judge, as WIRE_VECTORS_MAX */
    PROPOSER_HOLES_MAX = 64      /* as WIRE_HOLES_MAX */
};
#define PROPOSER_EVIDENCE "/evidence/bundle.json"

// clang-format off
/* The evidence bundle, JSON, schema 1:
 * { "schema": 1, "cluster": ID,
 *   "hook": "before_tool",               where the signature points
 *   "plugins": [ { "name", "path", "source", "hooks": ["reply", ...] } ],   the active harness
 *   "pipeline": { "path", "source" },
 *   "stock": [ { "name", "path", "source", "hooks" } ],   may be copied from (may be empty)
 *   "earlier": [ { "name", "path", "source", "hooks", "build": "hex12" } ],   likewise: what active
 *                                        plugins were before, newest first; build: whose it was
 *   "tools": [ [ {tool}, ... ], ... ],   lists of tools in the OpenAI form, by number
 *   "steps": [ { "id": 0, "group": "g1", "kind": "fail" | "pass" | "overreach", "solved": true,
 *                "tools": 0,             or null: none were offered
 *                "want": { "calls": "hex16", "text": "hex16", "end": "hex16" },
 *     fail only: what the model wrote, the earlier calls of the conversation, newest last (result
 *     cut, or null), and what is wanted in plain. args are always a string, the raw text:
 *                "reply": { "role", "content": TEXT, "tool_calls": [...] },
 *                "calls": [ { "name", "args", "failed", "result" } ],
 *                "wanted": { "text", "calls": [ { "name", "args", "denied": true } ] } } ],
 *   "past": [ { "plugin", "edits", "why_lost", "id", "state", "held_out",
 *               "held_in": { "mended", "worse", "mended_steps", "worse_steps" } | null } ],
 *   "from": ID,                          only where an archived source stands for the active one
 *   "budget": { "candidates": N, "seconds": N, "rounds": N,   rounds: requests to a model, or 0
 *               "lines": N },          that a patch may change by the policy; or left out
 *   "without": ["verb", ...],            taken out of the vocabulary, to show what a fix is made of
 *   "seed": N }
 * A step's id is its place in the list. Texts are data from traces: untrusted. Digests are those of
 * wire_calls_digest and wire_text_digest; "end" as the worker's. */
// clang-format on

enum proposer_type {
    /* to the driver */
    PROPOSER_BUILD =
        1, /* JSON {"plugin": NAME, "source": C}: a trial build in the place of that plugin */
    PROPOSER_JUDGE, /* struct proposer_judge, encoded */
    PROPOSER_TRY,   /* JSON proposal (below): patched, built and replayed over the held-in steps */
    PROPOSER_PROPOSE, /* JSON proposal: final */
    PROPOSER_SAY,     /* text: progress, for the person's terminal (made printable) */
    PROPOSER_STOP,    /* JSON {"why": "...", "tried": N, "judged": N, "seconds": S, "ingredients":
                         [...]} */
    /* to the proposer */
    PROPOSER_BUILT,  /* JSON {"ok": bool, "stage", "findings": [...], "compiler", "ms": N} */
    PROPOSER_JUDGED, /* struct proposer_judged, encoded: one frame a job, in no order */
    PROPOSER_TRIED,  /* JSON {"ok": bool, "stage", "findings", "fixed_groups", "fail_groups",
                        "changed_steps": [ids of pass/overreach steps that changed], "ms": N} */
    PROPOSER_DENIED, /* text: the request was malformed, out of turn or over budget */
    /* to the driver: a request to the run's model, JSON as of OpenAI's chat completions */
    PROPOSER_ASK,
    /* to the proposer: u32 status, 0 if there is no answer, and text: the body, or why */
    PROPOSER_ANSWERED,
    PROPOSER_TYPES
};

// clang-format off
/* A proposal, JSON, schema 1:
 * { "schema": 1, "proposer": "search", "cluster": ID, "plugin": NAME, "path": "plugins/x/x.c",
 *   "edits": [ { "from": BYTE, "to": BYTE, "text": C } ],   in order, apart, of the active source
 *   "contract": { "hypothesis", "blamed": ["function"],
 *                 "predicts": { "fixes": [step ids], "risks": [TEXT],
 *                               "risk_steps": [ids of passing and made steps] }, optional
 *                 "falsified_by", "cost": { "judged": N, "seconds": S } },
 *   "ingredients": [ "text_json", ... ], "score": N } */
// clang-format on

struct proposer_judge {
    uint32_t *jobs; /* step ids */
    uint32_t jobs_count;
    uint16_t *holes; /* [count][width] */
    uint32_t count, width;
    uint64_t *decide;  /* [count] */
    bool atoms, cover; /* of the last vector of each job */
};
struct proposer_verdict {
    uint64_t calls, text, end;
    uint32_t reached;
    bool abnormal;
};
struct proposer_judged {
    uint32_t job; /* step id */
    struct proposer_verdict *verdicts;
    uint32_t count;
    struct str atoms, cover; /* as in wire/effect.h, struct wire_verdicts */
};

/* One end of the socket; blocking. Zeroed but for fd it is ready; done does not close fd.
 * A type is checked to exist, not for its direction: each end refuses what it does not expect. */
struct proposer_channel {
    int fd;
    struct buf in;
};
int proposer_send(
    struct proposer_channel *channel, enum proposer_type type, struct str payload, struct err *err);
/* 1 and *ret_type, *ret_payload (valid until the next call), or 0 at end of stream. */
int proposer_receive(struct proposer_channel *channel, enum proposer_type *ret_type,
    struct str *ret_payload, struct err *err);
void proposer_channel_done(struct proposer_channel *channel);
/* The decoders refuse a count over its bound, a row that is not whole, and bytes left over:
 * ERR_INPUT. Lists are in the arena, atoms and cover point into the payload. */
void proposer_judge_encode(struct buf *out, const struct proposer_judge *judge);
int proposer_judge_decode(
    struct proposer_judge *ret, struct arena *arena, struct str payload, struct err *err);
void proposer_judged_encode(struct buf *out, const struct proposer_judged *judged);
int proposer_judged_decode(
    struct proposer_judged *ret, struct arena *arena, struct str payload, struct err *err);
