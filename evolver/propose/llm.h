/* llm - a model proposes: it reads the evidence by tools, and changes sources by operations on
 * named nodes.
 *
 * The model reaches nothing but the tools here, and those reach nothing but the bundle and the
 * driver's TRY. What it says is never believed: a change goes through the same patcher, compiler
 * and replay as everybody's, and what they refuse goes back to it, in their words and bounded.
 * Held-out cases are not in this process. Each run ends: by its finish, by its budget, or because
 * it did nothing that is of use for a few rounds. Prompts: evolver/prompts/. */
#pragma once

#include "patch/node.h"
#include "propose/bundle.h"
#include "propose/llm_talk.h"
#include "propose/prompts.h"

enum {
    LLM_SOURCES_MAX = 64,
    LLM_SEEN_MAX = 1024,
    LLM_RESULT_MAX = 20 << 10, /* bytes that one tool may answer: a case has up to seven quotes */
    LLM_WASTED_MAX = 4         /* rounds in a row in which nothing came of its calls */
};

struct llm_source {
    struct str name, path, text;
    const struct json *hooks; /* of a plugin; NULL: the order */
    struct syntax *syntax;    /* NULL: it does not parse, so nothing in it can be named */
};
struct llm_kept {
    struct str proposal;
    uint32_t fixed_groups, lines;
};
struct llm {
    struct arena arena;
    struct bundle bundle;
    struct judge judge;
    struct talk talk;
    struct str tools; /* what it may call, JSON */
    struct llm_source sources[LLM_SOURCES_MAX];
    uint32_t sources_count;
    struct llm_kept kept[PROPOSER_CANDIDATES_MAX]; /* the best first */
    uint32_t kept_count;
    struct digest programs[LLM_SEEN_MAX]; /* tried, or lost before */
    uint32_t programs_count;
    struct digest reads[LLM_SEEN_MAX]; /* answered */
    uint32_t reads_count;
    uint32_t refused; /* calls, so far */
    bool finished;
    char why[240];
};

/* A tool: 0 and its answer in out; ERR_INPUT: refused, err says why to the model. Other errors are
 * the driver's end. */
typedef int (*llm_tool)(struct llm *llm, const struct json *args, struct buf *out, struct err *err);

/* llm_read.c: nothing but reading. */
int llm_list_cases(struct llm *llm, const struct json *args, struct buf *out, struct err *err);
int llm_read_case(struct llm *llm, const struct json *args, struct buf *out, struct err *err);
int llm_read_tool(struct llm *llm, const struct json *args, struct buf *out, struct err *err);
int llm_read_sdk(struct llm *llm, const struct json *args, struct buf *out, struct err *err);
int llm_read_past(struct llm *llm, const struct json *args, struct buf *out, struct err *err);
void llm_print_case(struct llm *llm, const struct bundle_step *step, struct buf *out);
/* llm_source.c */
void llm_open_sources(struct llm *llm);
const struct llm_source *llm_find_source(const struct llm *llm, struct str name);
int llm_read_outline(struct llm *llm, const struct json *args, struct buf *out, struct err *err);
int llm_read_source(struct llm *llm, const struct json *args, struct buf *out, struct err *err);
/* The tokens of a program without comments: the same for those that differ in layout alone. */
struct digest llm_program(struct str source);
/* llm_try.c */
void llm_open_past(struct llm *llm);
int llm_try(struct llm *llm, const struct json *args, struct buf *out, struct err *err);

/* llm_args.c: a tool's arguments, read strictly. Each: ERR_INPUT names the member. names ends with
 * NULL. */
int llm_only(const struct json *args, const char *const *names, struct err *err);
/* A string of at most max bytes. must: it has to be there; else *ret may stay { NULL, 0 }. */
int llm_text(struct llm *llm, const struct json *args, const char *name, bool must, size_t max,
    struct str *ret, struct err *err);
/* A whole number of 32 bits; without it *ret stays. */
int llm_number(const struct json *args, const char *name, uint32_t *ret, struct err *err);
/* "n12". */
int llm_node(struct llm *llm, const struct json *args, uint32_t *ret, struct err *err);
/* A list of at most max such texts, as JSON. */
int llm_texts(struct llm *llm, const struct json *args, const char *name, uint32_t max,
    struct buf *out, struct err *err);

/* The run, over the channel, up to STOP. */
int llm_run(struct str bundle, int fd, struct err *err);
extern const char llm_sdk[]; /* plugins/sdk/moult.h */
extern const size_t llm_sdk_size;
