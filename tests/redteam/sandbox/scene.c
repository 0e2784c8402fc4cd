/* scene - see scene.h. */
#include "scene.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INHERITED_FILE = 700, INHERITED_FOLDER, WORDS_MAX = 24, HANDLE_MAX = 128, QUEUE = 4096 };
enum { TCP, TCP6, EVERYWHERE, UDP, UNIX_STREAM, UNIX_DATAGRAM, ABSTRACT, SERVICES };

/* Not in /tmp: every run has a /tmp of its own. */
static struct {
    char base[64], work[80];
    struct {
        const char *name;
        char *text;
    } words[WORDS_MAX];
    unsigned words_count;
    int services[SERVICES];
    pid_t victim;
    int shm;
    char queue[32];
} scene;

static void word(const char *name, char *text)
{
    scene.words[scene.words_count].name = name;
    scene.words[scene.words_count++].text = text;
}

const char *scene_work(void)
{
    return scene.work;
}

const char *scene_argument(const char *argument)
{
    for (unsigned i = 0; i < scene.words_count && argument[0] == '@'; i++)
        if (strcmp(scene.words[i].name, argument + 1) == 0)
            return scene.words[i].text;
    return argument;
}

void scene_take_terminal(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setsid();
        if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
            return;
        int slave = open(ptsname(master), O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (slave >= 0)
            ioctl(slave, TIOCSCTTY, 0);
        return;
    }
    while (pid > 0 && waitpid(pid, &status, 0) != pid)
        continue;
    _exit(pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static char *below(const char *name)
{
    return mem_format("%s/%s", scene.base, name);
}

static int serve(int number, const struct sockaddr *address, socklen_t size, int type)
{
    int fd = scene.services[number] = socket(address->sa_family, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, address, size) < 0)
        return -1;
    return type == SOCK_STREAM ? listen(fd, QUEUE) : 0; /* nobody accepts what waits there */
}

static int serve_internet(int number, const char *name, bool six, int type)
{
    struct sockaddr_in here = { .sin_family = AF_INET };
    struct sockaddr_in6 here6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = six ? sizeof here6 : sizeof here;
    struct sockaddr *address = six ? (struct sockaddr *)&here6 : (struct sockaddr *)&here;
    if (serve(number, address, size, type) < 0 ||
        getsockname(scene.services[number], address, &size) < 0)
        return six ? 0 : -1; /* a machine may have no IPv6 */
    word(name, mem_format("%u", ntohs(six ? here6.sin6_port : here.sin_port)));
    return 0;
}

/* A service on every address of the machine, at one that is not its loopback's; "" if there is
 * none.
 */
static int serve_everywhere(void)
{
    struct sockaddr_in here = { .sin_family = AF_INET };
    struct ifaddrs *all = NULL;
    socklen_t size = sizeof here;
    char text[INET_ADDRSTRLEN] = "";
    if (serve(EVERYWHERE, (struct sockaddr *)&here, size, SOCK_STREAM) < 0 ||
        getsockname(scene.services[EVERYWHERE], (struct sockaddr *)&here, &size) < 0 ||
        getifaddrs(&all) < 0)
        return -1;
    for (const struct ifaddrs *one = all; one && !text[0]; one = one->ifa_next) {
        const struct sockaddr_in *at = (const struct sockaddr_in *)one->ifa_addr;
        if (at && at->sin_family == AF_INET && !(one->ifa_flags & IFF_LOOPBACK))
            inet_ntop(AF_INET, &at->sin_addr, text, sizeof text);
    }
    freeifaddrs(all);
    word("own", text[0] ? mem_format("%s:%u", text, ntohs(here.sin_port)) : mem_string(""));
    return 0;
}

static int serve_path(int number, const char *name, int type)
{
    struct sockaddr_un here = { .sun_family = AF_UNIX };
    CLEANUP(mem_freep) char *path = below(name);
    snprintf(here.sun_path, sizeof here.sun_path, "%s", path);
    word(name, mem_string(path));
    if (serve(number, (struct sockaddr *)&here, sizeof here, type) < 0)
        return -1;
    return chmod(path, 0777);
}

static int serve_abstract(void)
{
    struct sockaddr_un here = { .sun_family = AF_UNIX };
    char *name = mem_format("moult-probes-%d", (int)getpid());
    snprintf(here.sun_path + 1, sizeof here.sun_path - 1, "%s", name);
    word("abstract", name);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
    return serve(ABSTRACT, (struct sockaddr *)&here, size, SOCK_STREAM);
}

static int serve_all(void)
{
    if (serve_internet(TCP, "tcp", false, SOCK_STREAM) < 0 ||
        serve_internet(TCP6, "tcp6", true, SOCK_STREAM) < 0 || serve_everywhere() < 0 ||
        serve_internet(UDP, "udp", false, SOCK_DGRAM) < 0 ||
        serve_path(UNIX_STREAM, "unix", SOCK_STREAM) < 0 ||
        serve_path(UNIX_DATAGRAM, "unix-datagram", SOCK_DGRAM) < 0)
        return -1;
    return serve_abstract();
}

/* A process of the same user, which may be traced by whoever may trace at all. */
static int start_victim(void)
{
    static char given[1];
    scene.victim = fork();
    if (scene.victim == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    word("victim", mem_format("%d", (int)scene.victim));
    word("victim-at", mem_format("%d:%lx", (int)scene.victim, (unsigned long)(uintptr_t)given));
    return scene.victim < 0 ? -1 : 0;
}

static int share(void)
{
    scene.shm = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0666);
    word("shm", mem_format("%d", scene.shm));
    snprintf(scene.queue, sizeof scene.queue, "/moult-probes-%d", (int)getpid());
    mqd_t queue = mq_open(scene.queue, O_RDWR | O_CREAT, 0666, NULL);
    if (queue >= 0)
        mq_close(queue);
    word("mq", mem_string(scene.queue));
    return scene.shm < 0 ? -1 : 0;
}

static void make_handle(const char *path)
{
    struct {
        unsigned size;
        int type;
        unsigned char bytes[HANDLE_MAX];
    } to = { HANDLE_MAX, 0, { 0 } };
    int mount_id;
    char text[sizeof to * 2 + 1] = "";
    if (syscall(SYS_name_to_handle_at, AT_FDCWD, path, &to, &mount_id, 0) == 0)
        for (size_t i = 0; i < offsetof(__typeof__(to), bytes) + to.size; i++)
            snprintf(text + i * 2, 3, "%02x", ((unsigned char *)&to)[i]);
    word("handle", mem_string(text));
}

/* What whoever starts a run may have open, and forgot to mark. */
static int leave_open(const char *secret)
{
    int file = open(secret, O_RDONLY | O_CLOEXEC), folder = open(scene.base, O_RDONLY | O_CLOEXEC);
    int rc = dup2(file, INHERITED_FILE) < 0 || dup2(folder, INHERITED_FOLDER) < 0 ? -1 : 0;
    close(file);
    close(folder);
    word("file", mem_format("%d", INHERITED_FILE));
    word("folder", mem_format("%d/secret", INHERITED_FOLDER));
    return rc;
}

/* The first disk that there is. */
static void find_disk(void)
{
    static const char *const disks[] = { "/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/xvda" };
    static const char *const groups[] = { "/sys/fs/cgroup/pids/cgroup.procs",
        "/sys/fs/cgroup/cgroup.procs" };
    size_t disk = 0, group = 0;
    while (disk + 1 < COUNT_OF(disks) && access(disks[disk], F_OK) < 0)
        disk++;
    while (group + 1 < COUNT_OF(groups) && access(groups[group], F_OK) < 0)
        group++;
    word("disk", mem_string(disks[disk]));
    word("cgroup", mem_string(groups[group]));
}

static int copy(const char *from, const char *to, mode_t mode)
{
    CLEANUP(mem_freep) char *command = mem_format("cp '%s' '%s'", from, to);
    return system(command) != 0 || chmod(to, mode) < 0 ? -1 : 0;
}

static int fill_base(const char *probe)
{
    char *secret = below("secret");
    CLEANUP(mem_freep) char *set_uid = below("set-uid");
    snprintf(scene.work, sizeof scene.work, "%s/work", scene.base);
    word("secret", secret);
    word("made", below("made"));
    word("rooted", mem_format("%s/rooted", scene.work));
    word("set-uid", mem_format("%s/set-uid:%s/rooted", scene.work, scene.work));
    if (file_write(secret, STR("key"), 0644, NULL) < 0 || copy(probe, set_uid, 04755) < 0)
        return -1;
    make_handle(secret);
    find_disk();
    return leave_open(secret);
}

int scene_begin(const char *probe)
{
    snprintf(scene.base, sizeof scene.base, "/var/tmp/moult-probes-test.XXXXXX");
    setenv("MOULT_SECRET", "secret", 1);
    umask(0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!mkdtemp(scene.base) || chmod(scene.base, 0711) < 0 || fill_base(probe) < 0 ||
        serve_all() < 0 || start_victim() < 0 || share() < 0)
        return perror("scene"), -1;
    scene_fresh();
    return 0;
}

/* Thousands of times, so not durable as file_write is. */
static void put(const char *path, const char *text, mode_t mode)
{
    CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0 || write_all(fd, text, strlen(text), NULL) < 0 || fchmod(fd, mode) < 0)
        perror(path);
}

static void fill_work(void)
{
    static const char *const folders[] = { "", "/.git", "/.git/hooks", "/.git/worktrees",
        "/.git/worktrees/linked", "/.claude", "/tools", "/tools/hooks" };
    static const struct {
        const char *name, *text;
    } files[] = {
        { "/.git/config", "[core]\n\thooksPath = tools/hooks\n[include]\n\tpath = ../more.inc\n"
                          "[diff]\n\texternal = python3 tools/diff.py\n" },
        { "/.git/worktrees/linked/commondir", "../..\n" },
        { "/.exrc", "x" },
        { "/tools/diff.py", "x" },
        { "/tools/hooks/pre-commit", "x" },
    };
    char path[160];
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        snprintf(path, sizeof path, "%s%s", scene.work, folders[i]);
        mkdir(path, 0777);
    }
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        snprintf(path, sizeof path, "%s%s", scene.work, files[i].name);
        put(path, files[i].text, 0666);
    }
}

void scene_fresh(void)
{
    char path[160], set_uid[80];
    snprintf(path, sizeof path, "%s/dark", scene.work);
    chmod(path, 0700);
    file_remove_tree(scene.work, NULL);
    fill_work();
    snprintf(path, sizeof path, "%s/rooted", scene.work);
    put(path, "x", 0600);
    snprintf(set_uid, sizeof set_uid, "%s/set-uid", scene.base);
    snprintf(path, sizeof path, "%s/set-uid", scene.work);
    if (link(set_uid, path) < 0)
        perror("scene");
}

/* The lowest child but the victim; 0: none. */
static pid_t any_child(void)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    size_t n = children ? fread(text, 1, sizeof text - 1, children) : 0;
    text[n] = 0;
    if (children)
        fclose(children);
    for (char *at = text, *end; *at; at = end) {
        pid_t pid = (pid_t)strtol(at, &end, 10);
        if (end == at)
            return 0;
        if (pid > 0 && pid != scene.victim)
            return pid;
        end += *end == ' ';
    }
    return 0;
}

/* What loses its parent becomes a child of this process (scene_begin). */
unsigned scene_sweep(void)
{
    unsigned count = 0;
    for (pid_t pid; (pid = any_child()) > 0; count++) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    return count;
}

int scene_end(void)
{
    kill(scene.victim, SIGKILL);
    waitpid(scene.victim, NULL, 0);
    for (int i = 0; i < SERVICES; i++)
        close(scene.services[i]);
    close(INHERITED_FILE);
    close(INHERITED_FOLDER);
    shmctl(scene.shm, IPC_RMID, NULL);
    mq_unlink(scene.queue);
    scene_fresh();
    for (unsigned i = 0; i < scene.words_count; i++)
        free(scene.words[i].text);
    return file_remove_tree(scene.base, NULL);
}

static void become_control(void)
{
    enum { NO_NAMESPACE = 44 };
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (geteuid() == 0 && (unshare(CLONE_NEWNS | CLONE_NEWUTS) < 0 ||
                              mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
        _exit(NO_NAMESPACE);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (chdir(scene.work) < 0 || dup2(nowhere, STDOUT_FILENO) < 0 ||
        dup2(nowhere, STDERR_FILENO) < 0)
        _exit(NO_NAMESPACE);
}

int scene_control(const char *probe, const char *attempt, const char *argument)
{
    int status;
    scene_fresh();
    pid_t pid = fork();
    if (pid == 0) {
        become_control();
        execl(probe, probe, attempt, scene_argument(argument), (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
