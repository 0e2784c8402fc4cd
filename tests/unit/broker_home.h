/* broker_home - homes with a real broker, for tests. Each is fresh; all are gone at the end. */
#pragma once

#include "wire/journal.h"

/* For cmocka_run_group_tests. */
int homes_begin(void **state);
int homes_end(void **state);
const char *homes_base(void); /* the folder that they are in */
struct home home_fresh(void);
struct journal *home_as(const struct home *home, enum journal_role role);
/* Straight at the file, as somebody with an editor would. Returns SQLite's code. */
int home_sql(const struct home *home, const char *text);
/* kill -9, at once, whatever it does. */
void home_kill_broker(const struct home *home);
