/* file - whole files: bounded reads, atomic durable writes, and failures on demand for tests. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <sys/types.h>

int file_read(
    const char *path, struct buf *buf, size_t max, struct err *err); /* ERR_MISSING, ERR_LIMIT */
/* Write to a temporary in the same folder, fsync, rename, fsync the folder: old content or new,
 * never half. ERR_SYS leaves the old file as it was (a full disk included). */
int file_write(const char *path, struct str data, mode_t mode, struct err *err);
/* To where a person wants it: like file_write, but what is there and no regular file (a pipe, a
 * terminal, /dev/stdout) is written to and stays what it is. */
int file_give(const char *path, struct str data, mode_t mode, struct err *err);
/* Like file_write, but an existing file is ERR_STATE (content-addressed files: equal content is
 * fine). */
int file_create(const char *path, struct str data, mode_t mode, struct err *err);
int file_mkdirs(const char *path, mode_t mode, struct err *err); /* mkdir -p */
bool file_exists(const char *path);
int file_remove_tree(
    const char *path, struct err *err); /* does not follow links; a missing one is fine */
/* The folder of the running program ("/x/build/release/bin"), for finding its siblings. */
int file_program_dir(char *out, size_t size, struct err *err);

/* Tests: the Nth call from now of a wrapped system call in file.c and fd.c fails with `error`
 * (counting from 1; 0 switches off). Also read once from MOULT_FAIL_IO="N:ERRNO" when that is set
 * in a build with MOULT_TEST_FAULTS. Returns how many calls there were since the last setting. */
unsigned file_fail(unsigned nth, int error);
