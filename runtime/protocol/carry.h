/* carry - a client's other members in a request that is written anew. Inside this folder only. */
#pragma once

#include "protocol/codec.h"
#include "protocol/members.h"

enum { CARRY_PIECES_MAX = 64 };
struct carry_piece {
    const char *word; /* "member" or "member.inner" */
    struct str value; /* JSON */
};
struct carry {
    const struct protocol_fresh *fresh;
    const struct json *root; /* of the client's request */
    enum protocol from, to;
    struct arena *arena;
    struct err *err;
    struct carry_piece pieces[CARRY_PIECES_MAX];
    unsigned pieces_count;
};
/* Notes for the client that something of that name was left out; or, where that is not allowed,
 * ERR_INPUT: the name and `why`. */
int carry_lose(struct carry *carry, enum member_lost lost, struct str name, const char *why);
extern const char carry_no_word[];
/* lost.c: what messages and tools hold that the chat format has no word for. */
int lost_check(struct carry *carry);

/* Adds ,"member":... for all that fresh->like asks for besides what is read (members.h). ERR_INPUT:
 * something that changes what the answer says cannot be said in fresh->protocol. */
int carry_write(
    struct buf *out, const struct protocol_fresh *fresh, struct arena *scratch, struct err *err);
/* ERR_INPUT: the tool that must be called is not in the list that the model is shown. */
int carry_check_tool(
    const struct json *choice, struct str tools, struct arena *scratch, struct err *err);
