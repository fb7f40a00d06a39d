// floor: the minimum work of a server for a request: reads, parses nothing, and answers BYTES constant bytes.
//
//   floor PORT BYTES
// One thread and epoll; all answers of a turn after all its reads, one `send` each. The rest is the kernel's cost.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 512, INPUT = 65536 };

static char input[INPUT];

static void fail(const char *what) { perror(what); exit(1); }

static void watch(int poller, int descriptor) {
    struct epoll_event event = { .events = EPOLLIN, .data.fd = descriptor };
    if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event)) fail("epoll_ctl");
}

static int listener(int port) {
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    int one = 1, descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) || listen(descriptor, 4096)) fail("listen");
    return descriptor;
}

static void accept_all(int poller, int listening) {
    int one = 1, descriptor;
    while ((descriptor = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        watch(poller, descriptor);
    }
}

// An answer of this many bytes, including the head.
static char *answer_of(int bytes) {
    char head[256], *answer = malloc(bytes + sizeof head);
    int body = bytes;
    do snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", --body);
    while (body > 0 && (int)strlen(head) + body > bytes);
    memset(answer, 'x', bytes + sizeof head);
    memcpy(answer, head, strlen(head));
    return answer;
}

int main(int argc, char **argv) {
    if (argc < 3) { fprintf(stderr, "see the head of floor.c\n"); return 64; }
    int bytes = atoi(argv[2]), listening = listener(atoi(argv[1])), poller = epoll_create1(0);
    char *answer = answer_of(bytes);
    static struct epoll_event events[EVENTS];
    static int asked[EVENTS];
    watch(poller, listening);
    while (1) {
        int count = epoll_wait(poller, events, EVENTS, -1), due = 0;
        for (int i = 0; i < count; i++) {
            int descriptor = events[i].data.fd;
            if (descriptor == listening) accept_all(poller, listening);
            else if (recv(descriptor, input, INPUT, 0) > 0) asked[due++] = descriptor;
            else close(descriptor);
        }
        for (int i = 0; i < due; i++) send(asked[i], answer, bytes, MSG_NOSIGNAL);
    }
}
