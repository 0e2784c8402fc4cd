/* net - the net namespace of a run that may use one: its loopback, and the socket of its proxy. */
#pragma once

#include "sandbox/birth.h"

/* In the child, with the capabilities of its namespaces; system calls only. *ret is the listening
 * socket, or -1. */
int net_enter(const struct birth_net *net, int *ret, struct err *err);
