/* What a run could hide, and what is then held against it: files that are on their way, so many
 * names that they are not walked, mappings of nothing. In namespaces of its own, where nobody else
 * writes or has sockets. */
#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/held.h"
#include "sandbox/usage.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { MIB = 1 << 20, PART = 8 * MIB, SLACK = MIB };
static char base[] = "/tmp/moult-hidden-test.XXXXXX";
static char work[64];

static int write_file(const char *path, bool named)
{
    static const char block[MIB];
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    for (int i = 0; i < PART / MIB; i++)
        assert_int_equal(write(fd, block, MIB), MIB);
    if (!named)
        assert_int_equal(unlink(path), 0);
    return fd;
}

static int open_unseen(void)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/unseen", work);
    return write_file(path, false);
}

static void init(struct usage *usage)
{
    const struct sandbox_mount mount = { work, work, true };
    const struct sandbox_run run = { .mounts = &mount, .mounts_count = 1 };
    usage_init(usage, &run);
    assert_int_equal(usage->folders_count, 1);
}

static uint64_t walk(struct usage *usage, struct usage_hints hints)
{
    usage_begin(usage);
    usage_walk(usage, &hints);
    return usage_bytes(usage);
}

static const struct usage_hints open_handed = { .fresh = true },
                                hides = { .fresh = true, .hides = true },
                                lasting = { .fresh = true, .hides = true, .lasting = true };

static void what_is_hidden_counts_since_it_is(void **state)
{
    (void)state;
    struct usage usage;
    CLEANUP(mem_freep) char *beside = mem_format("%s/beside", base);
    CLEANUP(mem_freep) char *named = mem_format("%s/named", work);
    init(&usage);
    int others = write_file(beside, true);
    assert_int_equal(walk(&usage, open_handed), 0);
    int unseen = open_unseen();
    assert_int_equal(walk(&usage, hides), 0); /* it may be received the next moment */
    assert_in_range(walk(&usage, lasting), PART, PART + SLACK);
    int mine = write_file(named, true); /* once, though the file system lost it, too */
    assert_in_range(walk(&usage, lasting), 2 * PART, 2 * PART + SLACK);
    close(unseen);
    assert_in_range(walk(&usage, open_handed), PART, PART + SLACK);
    assert_int_equal(unlink(named), 0);
    close(mine);
    assert_int_equal(walk(&usage, open_handed), 0);
    assert_int_equal(unlink(beside), 0);
    close(others);
    usage_done(&usage);
}

/* What was open for all to see, and was counted so, counts when it is not seen any more. */
static void what_is_put_away_is_not_lost(void **state)
{
    (void)state;
    struct usage usage;
    init(&usage);
    int unseen = open_unseen();
    assert_int_equal(walk(&usage, (struct usage_hints){ .fresh = true, .nameless = PART }), 0);
    assert_in_range(walk(&usage, lasting), PART - SLACK, PART + SLACK);
    close(unseen);
    usage_done(&usage);
}

/* What was seen some time ago says nothing of now. */
static void an_old_look_shows_no_clean_hands(void **state)
{
    (void)state;
    struct usage usage;
    init(&usage);
    int unseen = open_unseen();
    assert_int_equal(walk(&usage, (struct usage_hints){ .fresh = false }), 0);
    assert_in_range(walk(&usage, lasting), PART, PART + SLACK);
    close(unseen);
    usage_done(&usage);
}

static void behind_too_many_names_nothing_is_hidden(void **state)
{
    (void)state;
    enum { NAMES = 100010 };
    struct usage usage;
    CLEANUP(mem_freep) char *one = mem_format("%s/one", work);
    init(&usage);
    assert_int_equal(mknod(one, S_IFREG | 0600, 0), 0);
    for (unsigned i = 0; i < NAMES; i++) {
        char name[96];
        snprintf(name, sizeof name, "%s/%u", work, i);
        assert_int_equal(link(one, name), 0);
    }
    int unseen = open_unseen();
    assert_true(walk(&usage, open_handed) >= PART);
    close(unseen);
    usage_done(&usage);
}

static int ready[2], go[2];

static void say_ready(void)
{
    if (write(ready[1], "r", 1) != 1)
        _exit(1);
}

static void wait_for_word(void)
{
    char byte;
    if (read(go[0], &byte, 1) != 1)
        _exit(1);
}

static void wait_until_ready(void)
{
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
}

/* With a child that does this; held_look is at it and what is below it. */
static pid_t start(void (*body)(void))
{
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        body();
        _exit(0);
    }
    wait_until_ready();
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
}

static bool give(int way, int fd)
{
    char byte = 0;
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec io = { &byte, 1 };
    const struct msghdr message = { .msg_iov = &io,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = CMSG_LEN(sizeof fd) };
    control.head = (struct cmsghdr){ CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    return sendmsg(way, &message, 0) == 1 && close(fd) == 0;
}

/* Each word: a file is sent; the second time another socket, in which one is. */
static void send_files(void)
{
    int way[2], other[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, way) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, other) < 0)
        _exit(1);
    say_ready();
    wait_for_word();
    if (!give(way[0], open(work, O_RDONLY)))
        _exit(1);
    say_ready();
    wait_for_word();
    close(way[1]); /* with what is in it */
    if (!give(other[0], open(work, O_RDONLY)) || !give(other[0], other[1]))
        _exit(1);
    say_ready();
    pause();
}

static void look(struct held *held, pid_t pid, bool in_it, bool lasting_)
{
    held_look(held, pid);
    assert_int_equal(held->hides, in_it);
    assert_int_equal(held->hides_lasting, lasting_);
}

static void send_word(void)
{
    assert_int_equal(write(go[1], "g", 1), 1);
    wait_until_ready();
}

static void a_file_on_its_way_is_known_to_be(void **state)
{
    (void)state;
    const struct sandbox_run run = { .profile = SANDBOX_TOOL };
    struct queues queues = { 0 };
    int asks = queues_open();
    const bool tells = queues_ask(&queues, asks, false);
    for (int told = tells; told >= 0; told--) { /* the first leaves a socket that is in itself */
        struct held held;
        held_init(&held, &run);
        held.asks = told ? asks : -1;
        pid_t pid = start(send_files);
        look(&held, pid, false, false);
        assert_int_equal(held.told, told);
        send_word();
        look(&held, pid, true, false);
        look(&held, pid, true, true);
        send_word();
        if (told) { /* in its own queue, and nobody has it: only the kernel's table says so */
            look(&held, pid, true, false);
            look(&held, pid, true, true);
        } else {
            look(&held, pid, false, false);
        }
        end(pid);
        held_done(&held);
    }
    queues_done(&queues);
    fd_closep(&asks);
}

/* Far more than is listed: behind it there could be anything. */
static void have_too_many_open(void)
{
    enum { EACH = 990, PROCESSES = 68 };
    int pair[2], all = socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    for (int i = 0; all == 0 && i < EACH; i++)
        if (dup(pair[0]) < 0)
            _exit(1);
    for (int i = 1; all == 0 && i < PROCESSES; i++)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            pause();
            _exit(0);
        }
    say_ready();
    pause();
}

static void behind_too_many_descriptors_nothing_is_hidden(void **state)
{
    (void)state;
    const struct sandbox_run run = { .profile = SANDBOX_TOOL };
    struct held held;
    held_init(&held, &run);
    pid_t pid = start(have_too_many_open);
    look(&held, pid, true, false);
    look(&held, pid, true, true);
    end(pid);
    held_done(&held);
}

enum { MAPPINGS = 20000 };

static void map_nothing_often(void)
{
    const size_t page = 4096;
    char *p = mmap(NULL, page * MAPPINGS, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; p != MAP_FAILED && i < MAPPINGS; i += 2)
        if (mprotect(p + i * page, page, PROT_READ) < 0)
            _exit(1);
    say_ready();
    pause();
}

static void mappings_are_counted(void **state)
{
    (void)state;
    const struct sandbox_run run = { .profile = SANDBOX_TOOL };
    struct held held;
    held_init(&held, &run);
    pid_t pid = start(map_nothing_often);
    look(&held, pid, false, false);
    assert_in_range(held.mappings, MAPPINGS * 192, MAPPINGS * 512);
    end(pid);
    held_done(&held);
}

static int fresh_folder(void **state)
{
    (void)state;
    snprintf(work, sizeof work, "%s/work", base);
    return mount("none", base, "tmpfs", 0, "size=64m,nr_inodes=200k") < 0 || mkdir(work, 0700) < 0
               ? -1
               : 0;
}

static int no_folder(void **state)
{
    (void)state;
    return umount2(base, MNT_DETACH);
}

static void write_own(const char *file, const char *text)
{
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        abort();
    close(fd);
}

static bool enter_namespaces(void)
{
    CLEANUP(mem_freep) char *uids = mem_format("0 %u 1", geteuid());
    CLEANUP(mem_freep) char *gids = mem_format("0 %u 1", getegid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) < 0)
        return false;
    write_own("/proc/self/setgroups", "deny");
    write_own("/proc/self/uid_map", uids);
    write_own("/proc/self/gid_map", gids);
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_hidden_counts_since_it_is, fresh_folder, no_folder),
        cmocka_unit_test_setup_teardown(what_is_put_away_is_not_lost, fresh_folder, no_folder),
        cmocka_unit_test_setup_teardown(an_old_look_shows_no_clean_hands, fresh_folder, no_folder),
        cmocka_unit_test_setup_teardown(
            behind_too_many_names_nothing_is_hidden, fresh_folder, no_folder),
        cmocka_unit_test_setup_teardown(a_file_on_its_way_is_known_to_be, fresh_folder, no_folder),
        cmocka_unit_test_setup_teardown(
            behind_too_many_descriptors_nothing_is_hidden, fresh_folder, no_folder),
        cmocka_unit_test_setup_teardown(mappings_are_counted, fresh_folder, no_folder),
    };
    if (!mkdtemp(base) || !enter_namespaces()) {
        perror("new namespaces");
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(base);
    return failed;
}
