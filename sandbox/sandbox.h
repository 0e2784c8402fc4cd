/* sandbox - start one program under a profile, wait, and say what happened as data.
 *
 * Nothing of policy stands elsewhere: what a profile sees and may do are the tables in profile.c.
 * The child is always exec'd (a forked one would keep the parent's memory, keys included). The
 * host's uid does not exist inside. Descriptors other than the named ones are closed, the
 * environment starts from nothing, and every process of the run is dead when sandbox_wait returns.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "lock/layer.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SANDBOX_COMPILER "/usr/bin/gcc" /* what moult builds with */

enum sandbox_profile {
    SANDBOX_COMPILE,
    SANDBOX_WORKER,
    SANDBOX_TOOL,
    SANDBOX_PROPOSE,
    SANDBOX_PROFILES
};
enum sandbox_tier {
    SANDBOX_STRONG,   /* namespaces with an empty root, and all below */
    SANDBOX_CONTAINER /* no namespaces to be had: Landlock, seccomp, rlimits, an own uid if root */
};
enum sandbox_need { NEED_NONE, NEED_WANTED, NEED_REQUIRED };
enum sandbox_limit {
    LIMIT_NONE,
    LIMIT_WALL,
    LIMIT_CPU,
    LIMIT_MEMORY,
    LIMIT_DISK,
    LIMIT_OUTPUT,
    LIMIT_FILES,
    LIMIT_PROCESSES
};
extern const char *const sandbox_profile_words[SANDBOX_PROFILES]; /* "compile", ... */
extern const char *const sandbox_layer_words[LAYERS];
int sandbox_layer_of(struct str word); /* enum sandbox_layer, or -1 */
extern const char *const sandbox_limit_words[LIMIT_PROCESSES + 1];
extern const char *const sandbox_tier_words[2];

/* Sums over all processes of the run; processes count with their threads. 0 means the profile's own
 * number. */
struct sandbox_limits {
    uint32_t wall_ms, cpu_ms, processes, files; /* files: open descriptors a process */
    uint64_t memory, disk, output;              /* bytes */
};

struct sandbox_mount {
    const char *from; /* on the host; NULL: an empty folder of the run's tmpfs */
    const char *to;   /* absolute, inside */
    bool write;
    bool run; /* programs may be started from it and libraries mapped; else it is noexec. With
                 `write` too, of the caller: SANDBOX_TOOL only */
};

struct reach; /* proxy/reach.h */
enum { SANDBOX_CONTACTS_MAX = 32 };
enum sandbox_contact_end { CONTACT_REACHED, CONTACT_REFUSED, CONTACT_FAILED };
/* What a run asked of its proxy: one row a host, port and end. */
struct sandbox_contact {
    char host[256];
    uint16_t port;
    enum sandbox_contact_end end;
    uint32_t times;
    uint64_t sent, received; /* bytes, as the run sees it; 0 until a connection has ended */
};
extern const char *const sandbox_contact_words[CONTACT_FAILED + 1];

struct sandbox_run {
    enum sandbox_profile profile;
    enum sandbox_tier tier; /* the weakest that the configuration allows: CONTAINER means
                               "strong where it can be had, else container" */
    /* argv[0] is a path inside; for SANDBOX_WORKER and SANDBOX_PROPOSE on the host (the latter then
     * stands at /program inside, with the system's libraries). */
    const char *const *argv;
    const char *const *env; /* "NAME=value"..., NULL-terminated; NULL: the profile's own */
    /* Inside; NULL: the profile's own. Without namespaces what is inside is the host's: cwd is then
     * a folder of the host that the run may write, and each mount's `to` is its `from`. */
    const char *cwd;
    const struct sandbox_mount
        *mounts; /* beside those of the profile; overlap with a home is refused */
    unsigned mounts_count;
    /* The person's homes (home_list), NULL-terminated, or NULL: a mount that holds one is refused.
     * One that is in a home is refused in any case, unless it is below the home's workspaces. */
    const char *const *homes;
    /* Given to the child as 3, 4, 5, ... in this order. SANDBOX_WORKER: the filter for lock_self
     * comes behind them, and the environment says what the child needs for its struct lock_plan:
     * MOULT_LOCK_FD (that descriptor), MOULT_LOCK_LAYERS (what is in force at birth, hex) and
     * MOULT_LOCK_REQUIRED (hex). */
    const int *fds;
    unsigned fds_count;
    /* A lock that outlives whoever started the run: kept open by the run's first process until its
     * end, and by nobody else of the run. Without namespaces every process has it, since they can
     * outlive the first one. 0: none; not for SANDBOX_WORKER. */
    int hold_fd;
    /* SANDBOX_PROPOSE: a /proc of its own processes, as SANDBOX_TOOL has in any case; programs that
     * look for themselves, as node's and rust's do, want one. */
    bool proc;
    struct str input; /* standard input; empty: /dev/null */
    struct sandbox_limits limits;
    uint32_t waived; /* bit a layer: required layers that the operator does without */
    /* What of a network it may reach; NULL: nothing. SANDBOX_TOOL only. ERR_LACKS where there are
     * no namespaces: without one of its own a run's loopback would be the host's. Copied. */
    const struct reach *network;
    /* Path of a Unix socket of the host where a model is asked, or NULL. SANDBOX_PROPOSE only: what
     * connects to the one port that the environment names (OPENAI_BASE_URL, ANTHROPIC_BASE_URL) is
     * connected to that socket, and to nothing else. Who may ask what is decided there. ERR_LACKS
     * as for a network. */
    const char *model;
};

struct sandbox_result {
    int exit_code;            /* -1 if it was ended by a signal */
    int signal;               /* 0 if it exited */
    enum sandbox_limit limit; /* which limit ended it */
    enum sandbox_tier tier;   /* what it ran under */
    uint32_t layers;          /* bit a layer: in force */
    struct sandbox_denied {
        bool is_path;
        char what[120]; /* "openat" or "/etc/shadow" */
    } denied[16];
    unsigned denied_count, denied_more;
    struct buf out, err; /* captured, each at most limits.output */
    bool out_truncated, err_truncated;
    bool asked_network; /* a socket of IP was asked for and refused */
    uint64_t cpu_us, wall_us, memory_peak;
    struct sandbox_contact contacts[SANDBOX_CONTACTS_MAX];
    unsigned contacts_count, contacts_more; /* more: connections of kinds that had no room */
};
void sandbox_result_done(struct sandbox_result *result);

/* A running child. For profiles whose peer talks over a socket (worker, propose, tool server) the
 * caller keeps the handle; stdout and stderr are captured all the same. But for SANDBOX_WORKER a
 * thread of this process holds the run to its limits and answers what it is denied, whatever the
 * caller waits for. The run ends with the thread that called sandbox_start. */
struct sandbox;
int sandbox_start(struct sandbox **ret, const struct sandbox_run *run, struct err *err);
int sandbox_pidfd(const struct sandbox *sandbox); /* readable when the run has ended */
pid_t sandbox_pid(const struct sandbox *sandbox); /* of the run's init, as seen from here */
/* The rows of contacts up to now; how many. A row keeps its place, new ones come behind. */
unsigned sandbox_contacts(
    const struct sandbox *sandbox, struct sandbox_contact ret[SANDBOX_CONTACTS_MAX]);
/* Waits until the run ends (SANDBOX_WORKER: captures meanwhile, and ends it by the limit on time);
 * then fills *ret and frees the handle. Every process of the run has ended. */
int sandbox_wait(struct sandbox *sandbox, struct sandbox_result *ret, struct err *err);
void sandbox_kill(
    struct sandbox *sandbox); /* every process of it; sandbox_wait still has to be called */
/* sandbox_start and sandbox_wait. ERR_LACKS: a required layer is missing (text names it, hint says
 * how to get it). The command's own failure is no error: it is in *ret. */
int sandbox_run(const struct sandbox_run *run, struct sandbox_result *ret, struct err *err);

/* Which layers this machine has, shown by trying in a child. */
struct sandbox_check {
    struct {
        enum sandbox_need need[SANDBOX_PROFILES];
        bool present, effective;
        char detail[120];
    } layer[LAYERS];
    enum sandbox_tier tier; /* the best to be had */
};
int sandbox_check(struct sandbox_check *ret, struct err *err);
/* The policy of one profile for people: mounts, rules, system calls with their reasons, limits. */
void sandbox_explain(enum sandbox_profile profile, struct buf *out);
