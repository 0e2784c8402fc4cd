/* leak - a reply's text, taken apart into the calls that were written into it and the rest. */
#pragma once

#include "trials/run.h"

struct leak_call {
    struct str name, args; /* args: the object's own bytes */
    size_t from, to;       /* the object in the text */
    bool stands;           /* it stands on lines of its own, its markup not counted */
};
struct leak {
    struct leak_call *calls;
    uint32_t calls_count;
    bool others;     /* another object, a quoted call or a block without a call stands beside */
    bool tagged;     /* <tool_call> markup is used */
    struct str rest; /* the text without the calls, and without markup left empty by that */
};
/* Nothing is found in a run whose tools are not known. */
void leak_read(struct leak *ret, const struct run *run, struct str text, struct arena *arena);
