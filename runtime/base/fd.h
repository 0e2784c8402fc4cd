/* fd - descriptors: system calls that have traps, wrapped once. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <stddef.h>

void fd_closep(int *fd); /* for CLEANUP: closes if >= 0, sets -1 */
int fd_steal(int *fd);
/* write(2) until everything is out: a signal or a short write is no error. */
int write_all(int fd, const void *data, size_t size, struct err *err);
/* read(2) until size bytes are there. ERR_PEER at end of file ("end of file after N of M bytes").
 */
int read_all(int fd, void *data, size_t size, struct err *err);
/* Everything up to end of file, at most max bytes (ERR_LIMIT). */
int read_to_end(int fd, struct buf *buf, size_t max, struct err *err);
int fd_cloexec(int fd, bool on, struct err *err);
int fd_nonblock(int fd, bool on, struct err *err);
/* SCM_RIGHTS with one byte. Waits for half a second where too many descriptors of this user are on
 * their way, and then says so. */
int fd_send(int socket, int fd, struct err *err);
int fd_receive(int socket, struct err *err); /* the descriptor, or an error */
/* A sealed memfd that holds data (nobody can change it any more). Returns the descriptor. */
int fd_seal(const char *name, struct str data, struct err *err);
/* fd >= 0 becomes exactly `want` in this process (dup2) and stays open; for a
 * child before exec. */
int fd_move(int fd, int want, struct err *err);
