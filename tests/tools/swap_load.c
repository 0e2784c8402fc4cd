/* swap_load - returns one behind the other, as `moult rollback --to` makes them, in one process:
 * thousands of swaps are then not thousands of starts of a program that reads the whole chain.
 *
 *   swap_load HOME FROM COUNT COMMIT COMMIT    to the first commit, to the second, to the first...
 *
 * FROM is the number of the first, counted by who asks: the even ones go to the first commit. */
#include "promote/promotion.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct driver driver;
    struct home home;
    struct err err = { 0 };
    if (argc != 6) {
        fprintf(stderr, "usage: swap_load HOME FROM COUNT COMMIT COMMIT\n");
        return 2;
    }
    unsigned from = (unsigned)atoi(argv[2]), to = from + (unsigned)atoi(argv[3]);
    int rc = home_find(&home, argv[1], &err);
    if (rc == 0)
        rc = driver_open_home(&driver, &home, &err);
    for (unsigned i = from; rc == 0 && i < to; i++)
        rc = promotion_rollback(&driver, (struct str){ 0 }, str_of(argv[4 + i % 2]), &err);
    if (rc < 0)
        fprintf(stderr, "swap_load: %s\n", err.text);
    return rc < 0;
}
