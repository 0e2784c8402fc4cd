/* queues - what the sockets of a run's net namespace keep in the kernel: also those that no process
 * has open, because they are on their way in another. Asked of the kernel's own table of sockets,
 * by a socket that was made in that namespace (sock_diag(7)). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue {
    uint32_t inode;  /* as stat(2) has it of a descriptor; 0: nobody has had it yet */
    uint32_t peer;   /* the other end's, or 0 */
    bool paired;     /* it has, or had, another end */
    uint64_t bytes;  /* in the kernel, charged to it */
    uint32_t unread; /* bytes that wait in it, whoever they are charged to */
    bool passes;     /* descriptors can be in it */
    bool whole;      /* messages, which may be empty */
};
struct queues {
    struct queue *at; /* by inode */
    unsigned count, room;
};
enum queues_said { QUEUES_MORE, QUEUES_ALL, QUEUES_ODD };

/* A socket to ask by, or -1. System calls only. */
int queues_open(void);
/* What the kernel has now, instead of what was there. False: it does not tell. Without those of TCP
 * where it does not tell these, or a run can have none. */
bool queues_ask(struct queues *queues, int fd, bool tcp);
/* One part of an answer. */
enum queues_said queues_take(struct queues *queues, const void *bytes, size_t size);
/* Sorts, after the last part. */
void queues_sort(struct queues *queues);
const struct queue *queues_find(const struct queues *queues, uint64_t inode);
/* All bytes. What a closed socket has sent is charged to it still, and it is in no table: one whose
 * peer is not there counts by what waits in it, at most `each`. */
uint64_t queues_bytes(const struct queues *queues, uint64_t each);
void queues_done(struct queues *queues);
