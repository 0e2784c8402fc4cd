/* heard - what the hooks of a live session say of themselves, counted by plugin and model. */
#pragma once

#include "promote/figures.h"
#include "wire/journal.h"

/* What is to be heard of one session. Begins as { .figures, .stands, .with }. */
struct heard {
    struct figures *figures;
    /* Does the plugin's active build stand in that generation? */
    bool (*stands)(void *with, uint32_t plugin, const struct digest *generation);
    /* The name of an alias, by its place in the configuration. */
    struct str (*alias)(void *with, uint32_t number);
    void *with;
    /* internal */
    uint32_t model; /* of the last request */
    bool any;       /* there was one */
    struct heard_ask {
        uint8_t action; /* 0: nothing is asked */
        uint8_t next;   /* 1: a request came behind it, whose reply is looked at */
        bool again;
        uint32_t model;
    } asks[FIGURES_PLUGINS_MAX];
};
/* Pages of the session's entries, in order; an entry that cannot be understood is none. */
void heard_add(struct heard *heard, const struct journal_entry *entries, uint32_t count);
void heard_end(struct heard *heard);
