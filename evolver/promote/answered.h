/* answered - the clusters follow the admissions: what a promotion mends is resolved for as long as
 * its patch is part of what is active, and open again when a return takes it out.
 *
 * Found out anew from the admissions each time, so a kill between an admission and this changes
 * nothing, and a return of a return counts as what it is. */
#pragma once

#include "promote/driver.h"

/* The driver's admissions are read; role DRIVE. */
int answered_follow(struct driver *driver, struct err *err);
