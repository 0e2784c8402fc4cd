/* obeyed - the names that programs of the host obey in a folder although nobody told them to: at a
 * mere cd, when the folder is opened, at any command of git. A run that could write one would have
 * its way outside at the person's next step. What a person runs by will (make, npm, a hook's own
 * scripts) is no part of it: that is code, and is looked at as such. */
#pragma once

enum order_how {
    ORDER_HELD, /* a folder that may be written, but not be moved away: others are below it */
    ORDER_MADE, /* a folder; made where the one above is there, and read-only */
    ORDER_KEPT, /* read-only where it is there; one that comes during a run is moved aside */
    ORDER_LEFT  /* read-only where it is there; one that comes stays */
};
/* What the host's own git does with it while a run goes on. */
enum order_host {
    HOST_NOTHING,
    HOST_REPLACES,   /* it puts another in its place: one that was there is not looked for again */
    HOST_WITH_CONFIG /* it makes one, and changes .git/config first: such a one stays */
};
struct obeyed {
    const char *path; /* below a mount that may be written */
    enum order_how how;
    enum order_host host;
    const char *by; /* who obeys it, and when */
};
/* A folder comes before what is in it. Ends with path NULL. */
extern const struct obeyed obeyed_names[];
