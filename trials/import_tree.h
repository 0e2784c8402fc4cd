/* import_tree - a session that its agent keeps as a tree of entries.
 *
 * A person goes back in a conversation and takes another way: the log keeps both, each entry with
 * the name of the one before it. A session is the branch of the last message below each root. An
 * entry's parent is looked for among earlier ones only, so nothing can go round in a circle; one
 * whose parent is not there (its line was lost) goes on behind the entry before it. A reply may be
 * written over several entries, and the results of calls made at once hang on different ones: what
 * belongs to a reply of the branch is taken wherever it hangs. Inside trials only. */
#pragma once

#include "trials/import_talk.h"

enum tree_kind {
    TREE_OTHER, /* no message: a link of the chain */
    TREE_USER,  /* results, then a text */
    TREE_REPLY,
    TREE_ERROR /* a model request that failed */
};
struct tree_result {
    struct str id, text;
    bool failed;
};
struct tree_entry {
    struct str id;     /* or empty; of two with one the first stays */
    struct str parent; /* id of the one before; empty: it begins a conversation */
    bool follows;      /* the one before is the one that was added before */
    bool aside;        /* of a conversation of its own beside the other (a sub-agent) */
    uint8_t kind;      /* enum tree_kind */
    struct str reply;  /* TREE_REPLY: all with this name are one; empty: it is whole */
    struct str text, calls;
    const struct tree_result *results;
    uint32_t results_count;
    int64_t status; /* TREE_ERROR */
};
struct tree;
struct tree *tree_new(void);
void tree_free(struct tree *tree);
void tree_freep(struct tree **tree);
/* Everything is copied. Over IMPORT_RUN_MAX bytes in all, nothing more is taken: tree_end says it.
 */
void tree_add(struct tree *tree, const struct tree_entry *entry);

/* What all sessions of the tree have in common. */
struct tree_facts {
    struct str name, folder, repository, model;
};
/* Each session goes to the sink of the talks. What is on no branch is counted. A negative answer
 * comes from the sink. */
int tree_end(struct tree *tree, struct talks *talks, const struct tree_facts *facts,
    const char *where, struct err *err);
