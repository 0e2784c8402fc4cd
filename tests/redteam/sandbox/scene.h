/* scene - what probes meet: a secret, services and processes of the host that a run was not given,
 * and a workspace that it was. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Continues in a child that has a terminal to type into; the parent ends with the child's status.
 */
void scene_take_terminal(void);
/* 0, or -1 with a word on standard error. `probe` is the program with the attempts. */
int scene_begin(const char *probe);
/* The workspace as it was: probes change it. */
void scene_fresh(void);
int scene_end(void);
/* Ends what a probe left behind; how many there were. */
unsigned scene_sweep(void);

const char *scene_work(void);
/* What "@word" stands for; another text is returned as it is. */
const char *scene_argument(const char *argument);
/* Without any sandbox; as root in a mount and host name namespace of its own, in which nothing that
 * is mounted reaches the host's. The exit status, or -1. */
int scene_control(const char *probe, const char *attempt, const char *argument);
