/* serve - see serve.h. */
#include "mock/serve.h"

#include "base/fd.h"
#include "base/mem.h"
#include "mock/link.h"
#include "mock/record.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

enum { BACKLOG = 1024, SIGNALS = 2 };

struct server {
    uv_loop_t loop;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } listener;
    uv_signal_t signals[SIGNALS];
    struct links links;
    bool unix_socket;
    char url[160];
};

static int uv_fail(struct err *err, int code, const char *what)
{
    return err_set(err, ERR_SYS, "%.160s: %s", what, uv_strerror(code));
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *server = listener->data;
    if (status == 0)
        link_accept(&server->links, listener, server->unix_socket);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct server *server = signal->data;
    (void)number;
    uv_close(&server->listener.handle, NULL);
    for (int i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&server->signals[i], NULL);
    link_close_all(&server->links);
}

/* --- where it listens */

/* A socket that somebody left; never anything else that has the name. */
static void unlink_socket(const char *path)
{
    struct stat stat;
    if (lstat(path, &stat) == 0 && S_ISSOCK(stat.st_mode))
        unlink(path);
}

static int bind_unix(struct server *server, const char *path, struct err *err)
{
    if (strlen(path) >= 108)
        return err_set(err, ERR_USAGE, "a socket's path has at most 107 bytes");
    unlink_socket(path);
    uv_pipe_init(&server->loop, &server->listener.pipe, 0);
    mode_t old = umask(0177);
    int rc = uv_pipe_bind(&server->listener.pipe, path);
    umask(old);
    snprintf(server->url, sizeof server->url, "unix:%s", path);
    return rc < 0 ? uv_fail(err, rc, path) : 0;
}

/* "127.0.0.1:PORT": nobody else's machine has a use for a scripted model. */
static int bind_tcp(struct server *server, const char *listen, struct err *err)
{
    struct sockaddr_in address;
    char host[64] = "";
    const char *colon = strrchr(listen, ':');
    char *end = NULL;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    if (!colon || end == colon + 1 || *end || port > 65535 ||
        (size_t)(colon - listen) >= sizeof host)
        return err_set(err, ERR_USAGE, "no address to listen at: %.80s", listen);
    memcpy(host, listen, (size_t)(colon - listen));
    int rc = uv_ip4_addr(host, (int)port, &address);
    if (rc < 0 || ntohl(address.sin_addr.s_addr) >> 24 != 127) {
        err_set(err, ERR_USAGE, "a scripted model listens on loopback only: %.80s", listen);
        return err_hint(err, "--listen 127.0.0.1:0, or unix:PATH");
    }
    uv_tcp_init(&server->loop, &server->listener.tcp);
    rc = uv_tcp_bind(&server->listener.tcp, (const struct sockaddr *)&address, 0);
    return rc < 0 ? uv_fail(err, rc, listen) : 0;
}

static int start_listening(struct server *server, const char *listen, struct err *err)
{
    int rc = uv_listen(&server->listener.stream, BACKLOG, on_connection);
    if (rc < 0)
        return uv_fail(err, rc, listen);
    if (server->unix_socket)
        return 0;
    struct sockaddr_in address;
    int size = sizeof address;
    char host[64];
    rc = uv_tcp_getsockname(&server->listener.tcp, (struct sockaddr *)&address, &size);
    if (rc < 0)
        return uv_fail(err, rc, listen);
    uv_ip4_name(&address, host, sizeof host);
    snprintf(server->url, sizeof server->url, "http://%s:%u", host, ntohs(address.sin_port));
    return 0;
}

static int announce(
    const struct server *server, const struct serve_options *options, struct err *err)
{
    CLEANUP(buf_done) struct buf line = { 0 };
    if (options->json) {
        buf_text(&line, "{\"listening\":");
        json_quote(&line, str_of(server->url));
        buf_text(&line, "}\n");
    } else {
        buf_format(&line, "a scripted model listens at %s\n", server->url);
    }
    int rc = write_all(STDOUT_FILENO, line.at, line.size, err);
    if (rc == 0 && options->ready_fd >= 0) {
        rc = write_all(options->ready_fd, line.at, line.size, err);
        close(options->ready_fd);
    }
    return rc;
}

static int run(struct server *server, const struct serve_options *options, struct err *err)
{
    static const int numbers[SIGNALS] = { SIGTERM, SIGINT };
    server->unix_socket = strncmp(options->listen, "unix:", 5) == 0;
    int rc = server->unix_socket ? bind_unix(server, options->listen + 5, err)
                                 : bind_tcp(server, options->listen, err);
    server->listener.handle.data = server;
    for (int i = 0; rc == 0 && i < SIGNALS; i++) {
        uv_signal_init(&server->loop, &server->signals[i]);
        server->signals[i].data = server;
        uv_signal_start(&server->signals[i], on_signal, numbers[i]);
    }
    rc = rc < 0 ? rc : start_listening(server, options->listen, err);
    rc = rc < 0 ? rc : announce(server, options, err);
    if (rc == 0)
        uv_run(&server->loop, UV_RUN_DEFAULT);
    if (rc == 0 && server->unix_socket)
        unlink_socket(options->listen + 5);
    return rc;
}

int serve(struct engine *engine, const struct serve_options *options, struct err *err)
{
    struct server *server = mem_zero(1, sizeof *server);
    CLEANUP(fd_closep) int log = -1;
    int rc = options->log ? log = record_open(options->log, err) : 0;
    if (rc >= 0) {
        uv_loop_init(&server->loop);
        server->links = (struct links){ &server->loop, engine, log, NULL };
        rc = run(server, options, err);
        uv_loop_close(&server->loop);
    }
    free(server);
    return rc < 0 ? rc : 0;
}
