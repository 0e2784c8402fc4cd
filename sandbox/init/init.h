/* init - what the parent and the first process of a run agree on: see init.c. */
#pragma once

/* Descriptors of init, above what a run may open itself (they are placed before its limits are
 * set). REPORT: an int with errno when the program could not be started, closed when it was.
 * STATUS: the int of wait(2) when the program has ended. */
enum {
    INIT_REPORT_FD = 1000,
    INIT_STATUS_FD,
    INIT_PROGRAM_FD, /* init itself, for execveat */
    INIT_SOCKET_FD,  /* hands the listener for denials to the parent, before init is there */
    INIT_HOLD_FD     /* what init keeps until its end, if anything */
};

/* argv[1]: with a pid namespace; without one, but signals are kept within the run; or not even
 * that. */
#define INIT_STRONG "strong"
#define INIT_SCOPED "kept"
#define INIT_CONTAINER "container"

/* The program, as the build made it (image.c). */
extern const unsigned char init_image[], init_image_end[];
