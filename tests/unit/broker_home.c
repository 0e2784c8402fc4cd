/* broker_home - see broker_home.h. */
#include "broker_home.h"

#include "base/file.h"
#include "base/mem.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static char base[] = "/tmp/moult-journal-test.XXXXXX";
static unsigned homes;

int homes_begin(void **state)
{
    (void)state;
    return mkdtemp(base) && setenv("XDG_CONFIG_HOME", base, 1) == 0 ? 0 : -1;
}

int homes_end(void **state)
{
    (void)state;
    return file_remove_tree(base, NULL);
}

const char *homes_base(void)
{
    return base;
}

struct home home_fresh(void)
{
    struct home home;
    struct err err;
    CLEANUP(mem_freep) char *dir = mem_format("%s/home%u", base, homes++);
    if (home_create(&home, dir, &err) < 0)
        fail_msg("%s", err.text);
    return home;
}

struct journal *home_as(const struct home *home, enum journal_role role)
{
    struct journal *journal = NULL;
    struct err err;
    if (journal_open(&journal, home, role, &err) < 0)
        fail_msg("%s", err.text);
    return journal;
}

int home_sql(const struct home *home, const char *text)
{
    char path[PATH_MAX];
    sqlite3 *db;
    assert_int_equal(sqlite3_open(home_path(path, home, "journal.db"), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    int rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    sqlite3_close(db);
    return rc;
}

/* The kernel says who listens on the home's socket: no other process can be meant. */
void home_kill_broker(const struct home *home)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char path[PATH_MAX];
    struct ucred peer;
    socklen_t size = sizeof peer;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    home_path(path, home, "run/journal.sock");
    assert_true(fd >= 0 && strlen(path) < sizeof address.sun_path);
    strcpy(address.sun_path, path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
    assert_true(peer.pid > 1 && peer.pid != getpid());
    assert_int_equal(kill(peer.pid, SIGKILL), 0);
    close(fd);
}
