/* proxy - what a run that may reach hosts reaches them by: a proxy that listens inside the run's
 * net namespace and stands outside of it.
 *
 * A socket belongs to the namespace that it was made in, whoever holds it: the run's child makes
 * the listening one before it is confined and hands it over. So there is no way out inside, no
 * process of ours to take over, and no name is looked up there. Here a host is looked up once, and
 * the address that was checked is the one that is connected to. */
#pragma once

#include "sandbox/proxy/reach.h"
#include "sandbox/sandbox.h"

enum {
    PROXY_PORT = 3128,
    MODEL_PORT = 3129,
    PROXY_CONNECTIONS_MAX = 32,
    PROXY_CONNECTIONS_ALL = 128 /* of a process */,
    PROXY_ADDRESSES_MAX = 16
};
/* What the programs of a run need to know of it; NULL-terminated. */
extern const char *const proxy_env[];
/* The same beside a loopback: what is there is not asked of the proxy. */
extern const char *const proxy_env_loopback[];

/* Beside a model: where clients of the two providers' protocols find it, and a word in the place of
 * the key that they want. */
extern const char *const proxy_env_model[];

/* Addresses of a host, at most PROXY_ADDRESSES_MAX; how many, or -1. From any thread. */
typedef int (*proxy_resolve)(void *with, const char *host, struct sockaddr_storage *ret);
struct proxy_plan {
    int listener;              /* non-blocking; the proxy's from here on, whatever is returned */
    const struct reach *reach; /* copied; NULL: model is given */
    /* Path of a Unix socket, held from proxy_start on: each connection leads there, and what it
     * asks for is read by nobody here. NULL: none. */
    const char *model;
    /* 0: the defaults. For a whole head, for a connection to a host, without a byte. */
    int head_ms, connect_ms, idle_ms;
    uint32_t connections;  /* in all */
    uint64_t bytes;        /* in all, both ways */
    proxy_resolve resolve; /* NULL: the system's */
    void *with;            /* of resolve */
};
struct proxy;
int proxy_start(struct proxy **ret, const struct proxy_plan *plan, struct err *err);
/* As sandbox_contacts. From any thread. */
unsigned proxy_contacts(struct proxy *proxy, struct sandbox_contact *ret);
/* Ends every connection, tells of all contacts, frees it. NULL is fine. */
void proxy_stop(struct proxy *proxy, struct sandbox_result *ret);
