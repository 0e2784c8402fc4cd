/* inside - what a proxy and its connections share; for this folder only. */
#pragma once

#include "sandbox/proxy/proxy.h"

#include <pthread.h>
#include <stdatomic.h>

struct proxy {
    struct proxy_plan plan;
    struct reach reach;
    int model; /* O_PATH; -1: none */
    pthread_t acceptor;
    int stop; /* readable from proxy_stop on */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stopping;
    unsigned holders; /* connections, and who started it; the last one frees */
    unsigned looking; /* connections whose lookup cannot be broken off */
    uint32_t left;    /* connections that may still come */
    atomic_ullong bytes_left;
    struct sandbox_contact contacts[SANDBOX_CONTACTS_MAX];
    unsigned contacts_count, contacts_more;
};

/* proxy.c: what became of a wish. */
void proxy_note(struct proxy *proxy, const struct place *place, enum sandbox_contact_end end);
struct relay;
void proxy_note_bytes(struct proxy *proxy, const struct place *place, const struct relay *relay);

/* connection.c: ms < 0: for ever. False: the time is over, or proxy_stop came. */
bool connection_wait(struct proxy *proxy, int fd, short events, int ms);
/* One client from its first byte to its last. False: proxy_stop came during a lookup. */
bool connection_serve(struct proxy *proxy, int client);
int connection_resolve(void *with, const char *host, struct sockaddr_storage *ret);
