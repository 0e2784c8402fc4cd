/* transfers - what transfers are made of; for this folder only.
 *
 * transfers.c runs libcurl on the loop, request.c sets up one request, transfer.c is what comes of
 * it. libcurl's callbacks only put things aside: events run when it has returned, so that an event
 * may start, pause and cancel whatever it likes. */
#pragma once

#include "base/mem.h"
#include "transfer/transfer.h"

#include <curl/curl.h>

enum { SPARES = 64 };

struct transfers {
    uv_loop_t *loop;
    CURLM *multi;
    int sockets;              /* epoll of libcurl's sockets */
    uv_poll_t events;         /* that epoll */
    uv_timer_t timer, limits; /* libcurl's, and ours */
    uv_prepare_t before_wait; /* runs what is due */
    uv_idle_t no_wait;        /* what became due by that has the loop go on */
    bool ending;              /* no new ones */
    bool due;                 /* libcurl has something to do now */
    bool grace;             /* a limit has passed: one more look at the sockets before it counts */
    unsigned open;          /* handles that have not closed yet */
    struct transfer *last;  /* all of them, linked */
    struct transfer *ready; /* those with events to deliver, in order */
    struct transfer **ready_end;
    CURL *spare[SPARES]; /* easy handles to use again */
    unsigned spares;
};

struct transfer {
    struct transfers *of;
    struct transfer *before, *after; /* the list of all */
    struct transfer *next_ready;
    CURL *easy;
    struct curl_slist *headers; /* one block */
    const struct transfer_events *events;
    void *with;
    struct transfer_limits limits;
    uint64_t started_ms, sent_ms, heard_ms; /* 0: not yet */
    /* put aside by libcurl's callbacks */
    unsigned status;
    struct buf head, body;  /* head: its lines, without the first; '\n' ends each */
    size_t head_bytes, got; /* that came so far, the head with those of 1xx */
    bool head_whole, done;
    CURLcode result; /* if done */
    /* where delivery stands */
    bool is_ready, announced, paused, stopped; /* stopped: libcurl holds data back */
    bool delivering, ended;
    const char *too_large;      /* "head" or "body", or NULL */
    char text[CURL_ERROR_SIZE]; /* libcurl's words */
};

uint64_t transfers_now_ms(void);
CURL *transfers_easy(struct transfers *transfers);
void transfers_spare(struct transfers *transfers, CURL *easy);
/* The limits of transfers have changed: one more, or one that waits again. */
void transfers_watch(struct transfers *transfers, uint32_t within_ms);

/* request.c: everything of an easy handle but its callbacks' data. */
int request_set(struct transfer *transfer, const struct transfer_request *request, struct err *err);

/* transfer.c */
void transfer_ready(struct transfer *transfer);
void transfer_deliver(struct transfer *transfer);
/* Which limit passes first, as things stand. */
struct deadline {
    uint64_t at_ms;
    uint32_t within_ms;
    const char *what;
};
struct deadline transfer_deadline(const struct transfer *transfer);
void transfer_expire(struct transfer *transfer, const struct deadline *deadline);
