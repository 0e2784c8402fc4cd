/* queues - see queues.h. */
#include "sandbox/queues.h"

#include "base/mem.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* SMALLEST: what the kernel takes for a message of one byte, and a little more. */
enum { QUEUES_MAX = 1 << 20, PART = 32768, PARTS_MAX = 1 << 14, SMALLEST = 1024 };

int queues_open(void)
{
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}

/* A run has no others: calls.c. Those of TCP are looked for in a table of the whole machine. */
static const struct family {
    unsigned char family, protocol;
} families[] = {
    { AF_UNIX, 0 },
    { AF_INET, IPPROTO_TCP },
    { AF_INET6, IPPROTO_TCP },
};

union request {
    struct nlmsghdr head;
    struct {
        struct nlmsghdr head;
        struct unix_diag_req ask;
    } local;
    struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 ask;
    } inet;
};

static bool send_request(int fd, const struct family *family)
{
    union request request;
    memset(&request, 0, sizeof request);
    bool local = family->family == AF_UNIX;
    request.head = (struct nlmsghdr){
        .nlmsg_len = local ? sizeof request.local : sizeof request.inet,
        .nlmsg_type = SOCK_DIAG_BY_FAMILY,
        .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
    };
    if (local)
        request.local.ask = (struct unix_diag_req){
            .sdiag_family = AF_UNIX,
            .udiag_states = ~0u,
            .udiag_show = UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UDIAG_SHOW_MEMINFO,
        };
    else
        request.inet.ask = (struct inet_diag_req_v2){
            .sdiag_family = family->family,
            .sdiag_protocol = family->protocol,
            .idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
            .idiag_states = ~0u,
        };
    ssize_t size = request.head.nlmsg_len;
    return send(fd, &request, (size_t)size, 0) == size;
}

/* By an id, as the kernel laid it out; shorter ones of other kernels stay what they are. */
static void take_word(void *to, size_t at, const struct rtattr *attribute)
{
    if (RTA_PAYLOAD(attribute) >= (at + 1) * sizeof(uint32_t))
        memcpy(to, (const char *)RTA_DATA(attribute) + at * sizeof(uint32_t), sizeof(uint32_t));
}

static uint64_t memory_of(const struct rtattr *attribute)
{
    uint32_t received = 0, sent = 0, queued = 0, options = 0, backlog = 0;
    take_word(&received, SK_MEMINFO_RMEM_ALLOC, attribute);
    take_word(&sent, SK_MEMINFO_WMEM_ALLOC, attribute);
    take_word(&queued, SK_MEMINFO_WMEM_QUEUED, attribute);
    take_word(&options, SK_MEMINFO_OPTMEM, attribute);
    take_word(&backlog, SK_MEMINFO_BACKLOG, attribute);
    return (uint64_t)received + (sent > queued ? sent : queued) + options + backlog;
}

static void take_attributes(
    struct queue *queue, bool local, const struct rtattr *attribute, size_t size)
{
    for (int left = (int)size; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        if (attribute->rta_type == (local ? UNIX_DIAG_MEMINFO : INET_DIAG_SKMEMINFO))
            queue->bytes = memory_of(attribute);
        if (local && attribute->rta_type == UNIX_DIAG_RQLEN)
            take_word(&queue->unread, 0, attribute);
        if (!local || attribute->rta_type != UNIX_DIAG_PEER)
            continue;
        queue->paired = true;
        take_word(&queue->peer, 0, attribute);
    }
}

static bool take_socket(struct queues *queues, const struct nlmsghdr *head)
{
    const unsigned char *family = NLMSG_DATA(head);
    size_t size = head->nlmsg_len - NLMSG_HDRLEN;
    struct queue queue = { 0 };
    bool local = size > 0 && *family == AF_UNIX;
    size_t fixed = local ? sizeof(struct unix_diag_msg) : sizeof(struct inet_diag_msg);
    if (size < fixed || queues->count == QUEUES_MAX)
        return false;
    if (local) {
        const struct unix_diag_msg *said = NLMSG_DATA(head);
        queue.inode = said->udiag_ino;
        queue.passes = true;
        queue.whole = said->udiag_type != SOCK_STREAM;
    } else {
        const struct inet_diag_msg *said = NLMSG_DATA(head);
        queue.inode = said->idiag_inode;
    }
    const void *attributes = (const char *)NLMSG_DATA(head) + NLMSG_ALIGN(fixed);
    if (size > NLMSG_ALIGN(fixed))
        take_attributes(&queue, local, attributes, size - NLMSG_ALIGN(fixed));
    if (queues->count == queues->room)
        queues->at = mem_grow(queues->at, queues->room = queues->room * 2 + 64, sizeof queue);
    queues->at[queues->count++] = queue;
    return true;
}

enum queues_said queues_take(struct queues *queues, const void *bytes, size_t size)
{
    /* What is rounded up of the last one may be more than is left. */
    for (size_t at = 0, next; at < size && size - at >= sizeof(struct nlmsghdr); at = next) {
        const struct nlmsghdr *head = (const void *)((const char *)bytes + at);
        if (head->nlmsg_len < sizeof *head || head->nlmsg_len > size - at)
            break;
        next = at + NLMSG_ALIGN((size_t)head->nlmsg_len);
        if (head->nlmsg_type == NLMSG_DONE)
            return QUEUES_ALL;
        if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY || !take_socket(queues, head))
            return QUEUES_ODD;
    }
    return QUEUES_MORE;
}

/* The parts are there when they are asked for: the kernel makes one as it gives out another. */
static enum queues_said take_answer(struct queues *queues, int fd)
{
    union {
        struct nlmsghdr head;
        char room[PART];
    } part;
    enum queues_said said = QUEUES_MORE;
    for (int i = 0; said == QUEUES_MORE && i < PARTS_MAX; i++) {
        struct sockaddr_nl from = { 0 };
        socklen_t from_size = sizeof from;
        ssize_t n = recvfrom(
            fd, &part, sizeof part, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &from_size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || (size_t)n > sizeof part || from.nl_pid != 0)
            return QUEUES_ODD;
        said = queues_take(queues, &part, (size_t)n);
    }
    return said;
}

static int by_inode(const void *a, const void *b)
{
    const struct queue *x = a, *y = b;
    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

void queues_sort(struct queues *queues)
{
    if (queues->count > 0)
        qsort(queues->at, queues->count, sizeof *queues->at, by_inode);
}

bool queues_ask(struct queues *queues, int fd, bool tcp)
{
    bool told = false;
    queues->count = 0;
    for (size_t i = 0; i < (tcp ? COUNT_OF(families) : 1); i++) {
        bool all = send_request(fd, &families[i]) && take_answer(queues, fd) == QUEUES_ALL;
        told |= all && i == 0;
    }
    queues_sort(queues);
    return told;
}

const struct queue *queues_find(const struct queues *queues, uint64_t inode)
{
    const struct queue wanted = { .inode = (uint32_t)inode };
    if (queues->count == 0 || inode == 0 || inode > UINT32_MAX)
        return NULL;
    return bsearch(&wanted, queues->at, queues->count, sizeof wanted, by_inode);
}

static uint64_t left_by_peer(const struct queue *queue, uint64_t each)
{
    uint64_t bytes = (uint64_t)queue->unread * SMALLEST;
    return queue->whole || bytes > each ? each : bytes;
}

uint64_t queues_bytes(const struct queues *queues, uint64_t each)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < queues->count; i++) {
        const struct queue *queue = &queues->at[i];
        sum += queue->bytes;
        if (queue->paired && !queues_find(queues, queue->peer))
            sum += left_by_peer(queue, each);
    }
    return sum;
}

void queues_done(struct queues *queues)
{
    free(queues->at);
    *queues = (struct queues){ 0 };
}
