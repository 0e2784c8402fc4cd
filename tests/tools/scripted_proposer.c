/* scripted_proposer - a proposer that does what its bundle says, line by line: for tests of the
 * driver's end. Links nothing of moult, so that what it sends is what stands in the script.
 *
 *   send TYPE TEXT        a message; TEXT is the rest of the line
 *   raw HEX               bytes as they are
 *   fill TYPE SIZE TIMES  messages of SIZE bytes 'x'
 *   echo                  reads a message and sends it back as SAY: "TYPE SIZE payload"
 *   open PATH, write PATH, connect PATH   tries that, and sends SAY "did" if it could
 *   trickle | spill | hang | crash | exit N */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { SOCKET = 3, SAY = 5, PAYLOAD_MAX = 17 << 20, SHOWN = 200 };

static void put(const void *data, size_t size)
{
    for (const char *p = data; size > 0;) {
        ssize_t n = send(SOCKET, p, size, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            exit(20);
        p += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
}

static void put_frame(unsigned type, const char *payload, size_t size)
{
    unsigned char head[5] = { (unsigned char)size, (unsigned char)(size >> 8),
        (unsigned char)(size >> 16), (unsigned char)(size >> 24), (unsigned char)type };
    put(head, sizeof(head));
    put(payload, size);
}

static void get(void *data, size_t size)
{
    for (char *p = data; size > 0;) {
        ssize_t n = read(SOCKET, p, size);
        if (n == 0 || (n < 0 && errno != EINTR))
            exit(21);
        p += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
}

static void do_send(const char *line)
{
    char *text;
    unsigned long type = strtoul(line, &text, 10);
    text += *text == ' ';
    put_frame((unsigned)type, text, strlen(text));
}

static void do_raw(const char *line)
{
    unsigned byte;
    for (; sscanf(line, "%2x", &byte) == 1; line += 2)
        put(&(unsigned char){ (unsigned char)byte }, 1);
}

static void do_fill(const char *line)
{
    unsigned type, size, times;
    if (sscanf(line, "%u %u %u", &type, &size, &times) != 3)
        exit(22);
    char *payload = malloc(size + 1);
    memset(payload, 'x', size);
    while (times-- > 0)
        put_frame(type, payload, size);
    free(payload);
}

static void do_echo(const char *line)
{
    unsigned char head[5];
    (void)line;
    get(head, sizeof(head));
    uint32_t size = head[0] | head[1] << 8 | head[2] << 16 | (uint32_t)head[3] << 24;
    if (size > PAYLOAD_MAX)
        exit(23);
    char *payload = calloc(1, size + 1), said[SHOWN + 40];
    get(payload, size);
    int n = snprintf(said, sizeof(said), "%u %u %.*s", head[4], size, SHOWN, payload);
    put_frame(SAY, said, (size_t)n);
    free(payload);
}

static void did(int fd)
{
    if (fd >= 0)
        put_frame(SAY, "did", 3);
}

static void do_open(const char *line)
{
    did(open(line, O_RDONLY));
}

static void do_write(const char *line)
{
    did(open(line, O_WRONLY | O_CREAT, 0600));
}

static void do_connect(const char *line)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", line);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    did(fd < 0 ? fd : connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

/* A message of a million bytes, one a moment. */
static void do_trickle(const char *line)
{
    (void)line;
    put("\x40\x42\x0f\x00\x05", 5);
    for (;;) {
        put("x", 1);
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
}

static void do_spill(const char *line)
{
    static char page[65536];
    (void)line;
    memset(page, 'y', sizeof(page));
    while (write(STDOUT_FILENO, page, sizeof(page)) > 0)
        ;
    pause();
}

static void do_hang(const char *line)
{
    (void)line;
    for (;;)
        pause();
}

static void do_crash(const char *line)
{
    fprintf(stderr, "I give up\033[2J %s\n", line);
    abort();
}

static void do_exit(const char *line)
{
    exit(atoi(line));
}

static const struct {
    const char *word;
    void (*run)(const char *line);
} words[] = {
    { "send", do_send },
    { "raw", do_raw },
    { "fill", do_fill },
    { "echo", do_echo },
    { "open", do_open },
    { "write", do_write },
    { "connect", do_connect },
    { "trickle", do_trickle },
    { "spill", do_spill },
    { "hang", do_hang },
    { "crash", do_crash },
    { "exit", do_exit },
};

static void obey(char *line)
{
    size_t size = strcspn(line, " ");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i].word) == size && memcmp(words[i].word, line, size) == 0) {
            words[i].run(line + size + (line[size] == ' '));
            return;
        }
    exit(24);
}

int main(int argc, char **argv)
{
    FILE *script = argc > 1 ? fopen(argv[argc - 1], "r") : NULL; /* behind an option, if any */
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    if (!script)
        return 25;
    while ((size = getline(&line, &room, script)) > 0) {
        line[strcspn(line, "\n")] = '\0';
        obey(line);
    }
    return 0;
}
