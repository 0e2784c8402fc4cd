/* engine - one request in, what is to be sent out: the rules of a script in their order. No I/O but
 * for reading the script and its recordings at the start. */
#pragma once

#include "mock/body.h"
#include "mock/script.h"

struct engine;
int engine_open(struct engine **ret, const char *path, struct err *err);
/* A script that is a text already; recordings are looked for in `folder`. */
int engine_new(
    struct engine **ret, struct str text, const char *name, const char *folder, struct err *err);
void engine_free(struct engine *engine);

struct engine_request {
    struct str method, path;          /* path without a query */
    const struct ask_header *headers; /* names in lower case */
    uint32_t headers_count;
    struct str body;
};
/* What is to be sent. Zeroed before; play_done frees it. */
struct play {
    unsigned status;
    struct buf head; /* header lines but for those that say how the body is framed */
    struct body body;
    struct script_fault fault;
    uint64_t
        cut; /* the transfer breaks behind so many bytes of the body; UINT64_MAX: it does not */
    uint32_t delay_ms, pause_ms; /* before anything, and before each event but the first */
    bool stream;
    uint64_t number; /* of the request, from 1 */
    uint32_t rule;   /* that answered, from 1; 0: none */
};
/* Always an answer: what no rule matches is status 404, and says so. */
void engine_play(struct engine *engine, const struct engine_request *request, struct play *play);
/* The answer to what is no request. */
void engine_refuse(struct engine *engine, unsigned status, const char *message, struct play *play);
void play_done(struct play *play);
