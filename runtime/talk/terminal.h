/* terminal - the person at standard input: lines, a yes or no, and ^C.
 *
 * ^C ends what is in work and not the program, so who reads waits for it too: pressed at any
 * moment, even just before the wait, it is seen. */
#pragma once

#include "base/str.h"

#include <stdbool.h>

/* Somebody can be asked: standard input and standard error are a terminal. */
bool terminal_present(void);
/* From now on ^C is only noted. */
void terminal_watch(void);
bool terminal_interrupted(void); /* since it was last asked */

enum terminal_read { TERMINAL_LINE, TERMINAL_END, TERMINAL_INTERRUPTED };
/* The next line of standard input, without its end. One of more than a megabyte is cut. */
enum terminal_read terminal_line(struct buf *line);
/* Asks on standard error; anything but y or yes is no. ^C is a no, and stays noted. */
bool terminal_yes(struct str question, struct str detail);
/* To standard output at once. On a terminal without what would steer it. */
void terminal_print(struct str text);
