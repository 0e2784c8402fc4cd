/* orders - what the host's own programs would obey in the folders that a run may write. What is
 * there when the run starts is read-only inside (guard.h); a name that is not there cannot be, so
 * the parent looks for it, and moves aside what has come. */
#pragma once

#include "sandbox/grant.h"
#include "sandbox/obeyed.h"

#include <sys/stat.h>

enum { ORDERS_MAX = 2048, ORDERS_PATH_MAX = 1024 };
/* Behind the name of what was moved aside; then a number, if there is one of that name. */
#define ORDERS_ASIDE ".refused-by-moult"

struct order {
    unsigned mount; /* of the run's mounts */
    char *path;     /* below it, no part of it is a link */
    enum order_how how;
    bool there;  /* and guarded */
    bool looked; /* one that comes, or another than is there, is moved aside */
    enum order_host host;
    struct stat config; /* for HOST_WITH_CONFIG: as it was, since a run cannot change it */
    ino_t inode;        /* what is there; 0: not known yet */
};
struct orders {
    struct order *at;
    unsigned count, room;
    int roots[ROOT_MOUNTS_MAX];    /* -1: not a folder that may be written */
    char *places[ROOT_MOUNTS_MAX]; /* where they stand inside */
    unsigned roots_count;
};
/* Before the run starts. *ret is to be ended on an error, too. */
int orders_find(
    struct orders *ret, const struct sandbox_run *run, const struct grant *grant, struct err *err);
/* Adds one: the folders above it are held. Of a path that is not there the first part that lacks is
 * the order. */
int orders_add(
    struct orders *orders, unsigned mount, const char *path, enum order_how how, struct err *err);
/* A descriptor (O_PATH) of what is below a folder; -1 with errno, ELOOP for a link on the way. */
int orders_open(int folder, const char *path);
/* Moves aside what has come since. Goes on at *next, which begins with 0; the name of one that was
 * moved, or NULL at the end. */
const char *orders_look(const struct orders *orders, unsigned *next);
/* One that is there and was replaced since, by the host's own programs: with the file went what
 * guarded it (rename(2) ends the mounts on what it replaces). Goes on at *next; NULL at the end. */
const struct order *orders_replaced(struct orders *orders, unsigned *next);
void orders_done(struct orders *orders);
