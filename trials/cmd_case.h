/* cmd_case - the parts of `moult case`, one function each. Inside trials' commands only. */
#pragma once

#include "trials/case/proof.h"
#include "trials/case/store.h"
#include "trials/cmd.h"
#include "trials/replay_choice.h"

extern const struct verb case_verb_list, case_verb_show, case_verb_add, case_verb_check,
    case_verb_from_trace, case_verb_env, case_verb_vary;

/* The options of who wants a harness. */
#define CASE_HARNESS_OPTIONS(choice)                                                               \
    { "--generation", 0, OPTION_NUMBER, "N", "of this home (default: the active one)",             \
        &(choice)->generation },                                                                   \
        { "--builds", 0, OPTION_TEXT, "DIR",                                                       \
            "shared objects of a harness, instead of a generation", &(choice)->builds },           \
    {                                                                                              \
        "--candidate", 0, OPTION_LIST, "ID|FILE.so",                                               \
            "in the place of the build of that name; may be repeated", &(choice)->candidates       \
    }

/* A case by what a person calls it: a file, or one of the home's. The path is the arena's. */
int case_named(struct trial_case *ret, const struct case_store *store, const char *word,
    struct arena *arena, struct err *err);
/* What graders may use beside the facts, by the home's configuration; its lists are the arena's. */
int case_means(
    struct grade_means *ret, const struct home *home, struct arena *arena, struct err *err);
/* For lists and results: {"id", "digest", ...} without the closing brace. */
void case_print_head(struct buf *out, const struct trial_case *of, const struct digest *digest);
/* Writes a case that was made: into the store, or to a path ("-": standard output). It is read as
 * any case is before: what nobody could read is not written. Says in *ret where it is, and in
 * *ret_known that the store had it before. */
int case_put(const char **ret, bool *ret_known, struct case_store *store,
    const struct trial_case *of, const char *out, struct err *err);
/* Does the active harness show what a case that was made is for? */
int case_prove_active(struct case_proof *ret, const struct trial_case *of, const struct home *home,
    struct arena *arena, struct err *err);
/* Of a JSON result: the detectors that find something in a run, and what each grader says. */
void case_print_signatures(struct buf *out, const struct run *run);
void case_print_results(
    struct buf *out, const struct trial_case *of, const struct case_proof *proof);
/* What judges voted, a line each. */
void case_tell_votes(const struct trial_case *of, const struct case_proof *proof);
/* `moult replay FILE.json...`, in mode step or episode. */
int case_replay_files(const struct verb_call *call, bool episode,
    const struct replay_choice *choice, const struct home *home, const char *const *files,
    unsigned count, struct err *err);
