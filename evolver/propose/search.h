/* search - finds a patch without a language model: staged program repair over typed pools.
 *
 * The stages, each in its file: values (search_values.c), actions that are right under some
 * abstract condition (search_actions.c), what that condition must say at each time
 * (search_rows.c), the patch in C (patch_print.c), tries and proposals (search.c).
 * docs/reference/search.md has the whole. */
#pragma once

#include "propose/changes.h"
#include "propose/compose.h"
#include "propose/condition.h"
#include "propose/judge.h"
#include "propose/suspects.h"

enum {
    SEARCH_BODIES_MAX = 24,
    SEARCH_SCREEN = 12,
    SEARCH_FAILS_MAX = 256,
    SEARCH_FLIPS = 16,
    SEARCH_RISKS_MAX = 16
};

/* An action with all its arguments, and the loop it stands in; the condition is open. */
struct body {
    uint16_t holes[HOLES];
    uint32_t cost;
    uint32_t right; /* failing steps that it mends under some condition */
};
/* A body with its condition; or another value for a literal that is there. */
struct patch {
    struct body body;
    struct condition condition; /* of a change: what it does to the groups, and no literals */
    uint32_t whole; /* of a loop, or 0: it acts on all that it finds or on none, so many at most */
    const struct change *change; /* of what is there; with a condition: that has one part more */
    uint32_t value;              /* which of the change's values */
    uint32_t strange;            /* rank_strange */
    const struct pool *pool;     /* that its atoms are of; NULL: the search's */
    const struct atom *atoms;    /* of the body's scope */
    uint32_t *fixes;             /* ids of failing steps that it should mend */
    uint32_t fixes_count;
    uint32_t risks[SEARCH_RISKS_MAX]; /* ids of steps that must stay, and that it nearly changes */
    uint32_t risks_count;
};

/* The best of what was written before, if any of it holds. */
struct search_graft {
    struct str proposal;
    const char *ingredient; /* what it is made of */
    uint32_t groups, size;  /* groups 0: there is none */
    bool is_long;           /* longer than the home's policy lets pass */
    bool is_own;            /* this harness's own: it was approved here before */
    bool offered;
};

struct search {
    struct arena arena;
    struct bundle *bundle;
    struct vocabulary vocabulary;
    struct mined mined;
    struct pool pool;
    struct actions actions;
    struct suspects suspects;
    uint32_t suspect; /* which of them */
    bool inner;       /* the target is not the entry: its source's own values were tried there */
    struct target target; /* of that one; its syntax is theirs */
    struct judge judge;
    struct changes changes; /* of what stands in the target */
    bool instrumented;      /* trial builds hold the changes too */
    struct body *branches;  /* conditions among them that need one part more */
    uint32_t branches_count;
    struct steps fails, screen; /* screen: one a group */
    struct steps others, made;  /* others: passing and made */
    struct steps behind;        /* nothing is wanted there; best left alone */
    /* Loops were left out, since an action without one is right at some time of each step of the
     * screen; and then: they are looked at all the same. */
    bool left_out, loops;
    struct proposer_verdict *unchanged; /* by place: what the harness does as it is */
    bool seen;                          /* and that was looked at */
    struct body bodies[SEARCH_BODIES_MAX];
    uint32_t bodies_count;
    struct atom *atoms[POOL_ITERATORS_MAX];
    uint32_t atoms_count[POOL_ITERATORS_MAX];
    uint32_t fail_groups;
    uint32_t *fail_group; /* by the bundle's number of a group: its number among those that fail */
    struct search_graft graft;
    bool cut_short;
    uint64_t conditions_tried;
    uint32_t actions_tried;
};

/* Builds the trial source of what is in the pool now, and has it built. */
int search_build(struct search *search, struct err *err);
/* The statement at the hook's entry, in the arena. */
struct str search_entry(const struct search *search, struct arena *arena);
/* The time for looking is over: what is left of it is for tries. Noted, for the end. */
bool search_late(struct search *search);
/* Bits of an abstract condition that is reached so many times: it holds at all of them, at each of
 * the first eight alone, and at each two of the first five. How many there are. */
enum { SEARCH_MASKS_MAX = 1 + 8 + 10 };
uint32_t search_masks(uint32_t reached, uint64_t ret[SEARCH_MASKS_MAX]);
/* There is time for one more search, which takes so many trial builds and tries. */
bool search_has_room(const struct search *search, uint32_t builds, uint32_t tries);

/* Every failing step wants a call denied: then there is nothing for an edit to do. */
bool search_all_deny(const struct search *search);
int search_values(struct search *search, struct err *err);
int search_actions(struct search *search, struct err *err);
/* ret: one for each atom of the body's scope. */
void search_describe_atoms(
    const struct search *search, const struct body *body, struct condition_atom *ret);
/* Conditions for the bodies: patches are added to the list. */
int search_patches(
    struct search *search, struct patch *ret, uint32_t max, uint32_t *ret_count, struct err *err);
enum { WHOLE_ANY = UINT16_MAX };
/* The trial build of all changes of what is there. */
int search_list_changes(struct search *search, struct err *err);
/* Other ways of what is there, that are right somewhere and change nothing that must stay. */
int search_changes(
    struct search *search, struct patch *ret, uint32_t max, uint32_t *ret_count, struct err *err);
/* A change that mends all failing steps, and is neither a deletion nor a negation: nothing that is
 * larger can do more. */
bool search_enough(const struct search *search, const struct patch *patch);
/* Conditions that are there and that would mend something with one part more, whatever it is: in
 * the build of the changes. Then these parts, of what search_values found. */
int search_abstract_branches(struct search *search, struct err *err);
int search_branches(
    struct search *search, struct patch *ret, uint32_t max, uint32_t *ret_count, struct err *err);
/* Numbers that tell what failing and other steps compare apart, for those that are compared. */
int search_numbers(struct search *search, struct err *err);

/* Whether a literal of the condition holds by the bits of a row. */
bool search_holds(const struct condition *condition, uint32_t literal, const uint8_t *bits);
/* Fills the patch's risks from the rows of its body; places: which step of the bundle each is of.
 */
void search_risks(struct search *search, struct patch *patch, const struct condition_row *rows,
    const uint32_t *places, uint32_t count);

/* Where none of the list is whole: those of the first other place that has one that is, in their
 * stead, and the target is there. */
int search_elsewhere(
    struct search *search, struct patch *ret, uint32_t max, uint32_t *ret_count, struct err *err);

/* The patch as C for the target's places, and its parts. Texts are in the arena. */
struct printed {
    struct insertion insertion; /* of new code */
    struct target_edit edits[COMPOSE_EDITS_MAX];
    uint32_t edits_count;
    const char *summary;      /* one sentence */
    const char **ingredients; /* verbs, flags, constants */
    uint32_t ingredients_count;
};
void patch_print(struct printed *ret, struct arena *arena, const struct pool *pool,
    const struct actions *actions, const struct target *target, const struct patch *patch);

/* Two rows of the order at the hook in each other's place. 1: that mends, and was proposed; *ret
 * says what it is made of. 0: it does not. */
int search_order(struct search *search, struct printed *ret, struct err *err);
/* What was written before, each whole. 1: what this harness has or had mends every group, and was
 * proposed. 0: what holds is held until new code has been looked for. The target may be none:
 * nothing stands at the hook. */
int search_graft(struct search *search, struct err *err);
/* Proposes what is held, once, if it mends as many groups: 1. 0: there is nothing to propose. */
int search_graft_offer(struct search *search, uint32_t groups, struct err *err);
/* The driver has told of a candidate that made the same edits and lost. */
bool search_lost(struct search *search, struct str plugin, struct str proposal);

/* What is handed in: a patch, or several of which each mends what is left of the one before, as
 * edits of the source that was there first. All in the arena. */
struct offer {
    struct printed printed;
    uint32_t *fixes, fixes_count; /* ids of failing steps that it should mend, of the first */
    uint32_t seen;                /* failing steps that were looked at */
    uint32_t risks[SEARCH_RISKS_MAX], risks_count;
    struct condition effect; /* by group */
    uint32_t own;            /* the part of its score that is not its effect */
    unsigned parts;
    struct str proposal; /* JSON */
    struct judge_fixed fixed;
};
enum { OFFERS_MAX = PROPOSER_CANDIDATES_MAX };
struct offers {
    struct offer at[OFFERS_MAX];
    uint32_t count;
};
/* The patch as an offer. */
void offer_patch(struct offer *ret, struct search *search, const struct patch *patch);
/* Writes the proposal. */
void offer_print(struct offer *offer, struct search *search);
/* Less is better. */
uint32_t offer_score(const struct search *search, const struct offer *offer);
uint32_t patch_score(const struct patch *patch);
/* The member `ingredients`, behind another one. */
void offer_ingredients(struct buf *out, const struct printed *printed);

/* Tries patches, best first; hands in those that hold over all held-in steps, or what the best of
 * them and what it leaves have become; then the end. */
int search_propose(struct search *search, struct patch *patches, uint32_t count, struct err *err);
/* The end: why, how much was looked at, and what the first proposal is made of (NULL: there is
 * none). */
int search_stop(
    struct search *search, const char *why, const struct printed *first, struct err *err);
/* A graft was handed in, and is all. */
int search_stop_with_graft(struct search *search, struct err *err);
/* Nothing new was found: what was written before may mend a part. */
int search_stop_without(struct search *search, const char *why, struct err *err);

/* The failing steps, the screen, and those that must stay, of the bundle's kinds. */
void search_steps(struct search *search);
/* Constants and values begin anew, for the target's place. */
void search_begin_values(struct search *search);
/* Patches from values to conditions, best first. */
int search_find(
    struct search *search, struct patch *ret, uint32_t max, uint32_t *ret_count, struct err *err);
/* What the best of the offers leaves is searched for again; both as one offer, in its place. */
int search_rest(struct search *search, struct offers *offers, struct err *err);

/* The whole search over the channel, up to STOP. */
int search_run(struct str bundle, int fd, struct err *err);
