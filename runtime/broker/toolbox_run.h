/* toolbox_run - one life of a box's process: started, watched, given its time, ended with
 * everything in it. Inside this folder only.
 *
 * A box outlives its process: the queue of calls is the box's, what belongs to one life is a struct
 * run, which stays until its handles are closed. A callback may do anything, freeing the box too:
 * after one only the run is looked at. */
#pragma once

#include "broker/toolbox_box.h"
#include "broker/toolbox_call.h"
#include "sandbox/sandbox.h"

enum { BOX_SLACK_MS = 2000 }; /* for moult-tool to say by itself what went wrong */

struct run {
    struct box *box; /* NULL: nobody waits for it */
    struct sandbox *sandbox;
    struct toolbox_holder holder;
    uv_poll_t end, io;
    uv_timer_t timer;
    unsigned handles;
    int fd;
    bool up, sent, hung_up, ending;
    bool quiet;     /* its end is as it should be */
    struct err why; /* it could not be started, or was ended by us */
    struct buf in, out;
    size_t written, searched; /* of out; of in */
    unsigned contacts_told;   /* rows of sandbox_contacts */
};

struct box {
    struct box_plan plan;
    struct run *run;
    struct call *first, **last;
    uint64_t id;
    bool known; /* its tools were told */
};

/* What goes wrong is told from the loop. */
void run_begin(struct box *box);
/* Its end is seen from the loop. quiet: it is as it should be. */
void run_end(struct run *run, bool quiet, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends it now, with all its processes; nobody waits for it any more. */
void run_drop(struct run *run);
/* What is waited for has so long. */
void run_timer(struct run *run, uint64_t ms);
uint32_t box_call_ms(const struct box *box); /* how long one call may take */
struct call *box_pop(struct box *box);
