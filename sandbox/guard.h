/* guard - what is obeyed on the host is read-only in a run, or at least held in its place. */
#pragma once

#include "sandbox/orders.h"

/* In the child, while its root is built; system calls only. `folder` is where the caller's mount of
 * that number stands in the new root. What was there when the parent looked must be there. */
int guard_orders(const struct orders *orders, unsigned mount, int folder, struct err *err);
/* In the parent, while the run goes on: one that the host replaced. `place` is that of its mount
 * inside; the namespaces are the run's. False: it could not be guarded. */
bool guard_again(const struct order *order, const char *place, int user_ns, int mount_ns);
