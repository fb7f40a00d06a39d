// arrive: sends HTTP/1.1 requests over keep-alive connections, at fixed times or as fast as they are answered.
//
//   arrive PORT CONNECTIONS SECONDS RATE IDLE BACKOFF REQUESTS [IDS [await]]
// RATE      requests a second, at equal intervals whatever the server does (an open model); response times are measured
//           from when the request was due, even if no connection was free. 0: each connection sends its next request
//           after the answer (a closed model).
// IDLE      further connections that send GET /livez once and then stay open and idle.
// BACKOFF   milliseconds a connection pauses after a 503 in the closed model, ±50 %; 0: none.
// REQUESTS  records of a decimal length, a newline, and a request; `################` in it is replaced by a
//           unique number. They are sent in turn; SECONDS 0 ends when each was sent once.
// IDS       output file for `id` and `userId` of the booking in each 2xx answer, one per line.
// await     after each connection has sent GET /livez, prints `ready` and waits for a byte on standard input.
//
// Prints one line of JSON: answers by class (`persisted`: 2xx answers that are persisted), seconds, and times in microseconds of 2xx
// and of 503.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { INPUT = 16384, MARK = 16 };
// Gives up after this many nanoseconds without any answer.
#define PATIENCE 20000000000LL

struct connection {
    int descriptor;
    int used;             // bytes of `input`
    int64_t due;          // when the current request was due; 0: none
    int64_t resume;       // end of the pause
    char *input;
};
struct request { char *bytes; int length; int mark; };
struct times { uint32_t *all; size_t count, room; };

static struct request *requests;
static size_t request_count, sent, good, persisted, refused, other, broken, idle_broken;
static struct times good_times, refused_times;
static struct connection *connections, **ready;
static size_t ready_first, ready_count, connection_count;
static int poller, is_closed_model, backoff, is_over;
static size_t total;
static uint64_t unique;
static FILE *ids;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void fail(const char *what) { perror(what); exit(1); }

static void note(struct times *times, int64_t nanoseconds) {
    if (times->count == times->room) {
        times->room = times->room ? times->room * 2 : 65536;
        times->all = realloc(times->all, times->room * sizeof *times->all);
    }
    times->all[times->count++] = (uint32_t)(nanoseconds / 1000);
}

static void read_requests(const char *path) {
    FILE *file = fopen(path, "rb");
    int length;
    if (!file) fail(path);
    while (fscanf(file, "%d", &length) == 1 && fgetc(file) == '\n') {
        requests = realloc(requests, (request_count + 1) * sizeof *requests);
        struct request *request = &requests[request_count++];
        request->bytes = malloc(length + 1);
        request->length = length;
        if (fread(request->bytes, 1, length, file) != (size_t)length) fail("requests");
        request->bytes[length] = 0;
        char *mark = strstr(request->bytes, "################");
        request->mark = mark ? (int)(mark - request->bytes) : -1;
    }
    fclose(file);
    if (!request_count) { fprintf(stderr, "no requests\n"); exit(1); }
}

static void open_connection(struct connection *connection, int port, int index) {
    struct sockaddr_in from = { .sin_family = AF_INET }, to = { .sin_family = AF_INET, .sin_port = htons(port) };
    int one = 1;
    // One source address has too few ports.
    from.sin_addr.s_addr = htonl(0x7f000001 + 1 + index / 20000);
    to.sin_addr.s_addr = htonl(0x7f000001);
    connection->descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->descriptor < 0) fail("socket");
    setsockopt(connection->descriptor, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &one, sizeof one);
    if (bind(connection->descriptor, (struct sockaddr *)&from, sizeof from)) fail("bind");
    if (connect(connection->descriptor, (struct sockaddr *)&to, sizeof to)) fail("connect");
    setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connection->used = 0;
    connection->due = 0;
}

static void watch(struct connection *connection) {
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
    fcntl(connection->descriptor, F_SETFL, O_NONBLOCK);
    if (epoll_ctl(poller, EPOLL_CTL_ADD, connection->descriptor, &event)) fail("epoll_ctl");
}

// The kernel takes a request of less than a page at once, because nothing else is queued.
static void send_next(struct connection *connection, int64_t due) {
    struct request *request = &requests[sent++ % request_count];
    char number[MARK + 1];
    if (request->mark >= 0) {
        snprintf(number, sizeof number, "%016llx", (unsigned long long)unique++);
        memcpy(request->bytes + request->mark, number, MARK);
    }
    connection->due = due;
    if (send(connection->descriptor, request->bytes, request->length, MSG_NOSIGNAL) != request->length) broken++;
}

static void write_id(const char *body) {
    const char *id = strstr(body, "\"id\":\""), *user = strstr(body, "\"userId\":\"");
    if (id && user) fprintf(ids, "%.36s %.*s\n", id + 6, (int)strcspn(user + 10, "\""), user + 10);
}

static void answered(struct connection *connection, int status, const char *body) {
    int64_t time = now();
    if (status / 100 == 2) {
        good++;
        persisted += strstr(body, "\"persisted\":true") != NULL;
        note(&good_times, time - connection->due);
        if (ids) write_id(body);
    } else if (status == 503) {
        refused++;
        note(&refused_times, time - connection->due);
    } else {
        other++;
    }
    connection->due = 0;
    if (is_closed_model && status == 503 && backoff) {
        connection->resume = time + backoff * 500000LL + (int64_t)(random() % (backoff * 1000)) * 1000;
    } else if (is_closed_model && !is_over && sent < total) {
        send_next(connection, time);
    } else if (!is_closed_model) {
        ready[(ready_first + ready_count++) % connection_count] = connection;
    }
}

static void readable(struct connection *connection) {
    long count = recv(connection->descriptor, connection->input + connection->used, INPUT - 1 - connection->used, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
        broken++;
        close(connection->descriptor);
        connection->descriptor = -1;
        return;
    }
    connection->used += count;
    connection->input[connection->used] = 0;
    char *end = strstr(connection->input, "\r\n\r\n");
    if (!end) return;
    char *length = strcasestr(connection->input, "\r\ncontent-length:");
    int total = (int)(end + 4 - connection->input) + (length && length < end ? atoi(length + 17) : 0);
    if (total >= INPUT) { fprintf(stderr, "an answer is too long\n"); exit(1); }
    if (connection->used < total) return;
    connection->used = 0;
    answered(connection, atoi(connection->input + 9), end + 4);
}

// Whether a new connection gets an answer.
static int is_served(struct connection *connection) {
    static const char text[] = "GET /livez HTTP/1.1\r\nHost: bench\r\n\r\n";
    char answer[INPUT];
    if (send(connection->descriptor, text, sizeof text - 1, MSG_NOSIGNAL) < 0) fail("send");
    return recv(connection->descriptor, answer, sizeof answer, 0) > 0;
}

static void hold_idle(int count, int port) {
    for (int i = 0; i < count; i++) {
        open_connection(&connections[connection_count + i], port, connection_count + i);
        idle_broken += !is_served(&connections[connection_count + i]);
    }
}

static void count_lost_idle(int count) {
    char byte;
    for (int i = 0; i < count; i++)
        if (recv(connections[connection_count + i].descriptor, &byte, 1, MSG_DONTWAIT) >= 0) idle_broken++;
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *name, struct times *times) {
    static const double shares[] = { 0.5, 0.95, 0.99, 0.999, 1 };
    static const char *const names[] = { "p50", "p95", "p99", "p999", "max" };
    qsort(times->all, times->count, sizeof *times->all, by_size);
    printf(", \"%s\": {", name);
    for (int i = 0; i < 5; i++) {
        size_t at = (size_t)(shares[i] * times->count);
        if (at >= times->count && at) at = times->count - 1;
        printf("%s\"%s\": %u", i ? ", " : "", names[i], times->count ? times->all[at] : 0);
    }
    printf("}");
}

int main(int argc, char **argv) {
    if (argc < 8) { fprintf(stderr, "see the head of arrive.c\n"); return 64; }
    int port = atoi(argv[1]), idle = atoi(argv[5]);
    connection_count = atoi(argv[2]);
    double seconds = atof(argv[3]), rate = atof(argv[4]);
    backoff = atoi(argv[6]);
    read_requests(argv[7]);
    if (argc > 8 && *argv[8] && !(ids = fopen(argv[8], "w"))) fail(argv[8]);
    int awaits = argc > 9;
    is_closed_model = rate == 0;
    unique = (uint64_t)now() << 8;
    poller = epoll_create1(0);
    connections = calloc(connection_count + idle, sizeof *connections);
    ready = calloc(connection_count, sizeof *ready);
    hold_idle(idle, port);
    for (size_t i = 0; i < connection_count; i++) {
        connections[i].input = malloc(INPUT);
        open_connection(&connections[i], port, i);
        if (awaits && !is_served(&connections[i])) fail("GET /livez");
        watch(&connections[i]);
        if (!is_closed_model) ready[ready_count++] = &connections[i];
    }
    if (awaits) {
        puts("ready");
        fflush(stdout);
        if (getchar() == EOF) return 1;
    }
    int64_t start = now(), end = start + (int64_t)(seconds * 1e9);
    int64_t due = start, step = rate ? (int64_t)(1e9 / rate) : 0;
    total = seconds ? SIZE_MAX : request_count;
    if (!seconds) end = INT64_MAX;
    if (is_closed_model)
        for (size_t i = 0; i < connection_count && sent < total; i++) send_next(&connections[i], now());
    int64_t grace = 0, looked = start, news = start;
    while (1) {
        int64_t time = now(), wake = time + 50000000;
        is_over = time >= end || sent >= total;
        if (!is_closed_model && !is_over) {
            while (due <= time && ready_count && sent < total) {
                struct connection *connection = ready[ready_first];
                ready_first = (ready_first + 1) % connection_count;
                ready_count--;
                if (connection->descriptor < 0) continue;
                send_next(connection, due);
                due += step;
            }
            if (ready_count && due < wake) wake = due;
        }
        size_t busy = 0;
        // Not in each turn: checking thousands of connections would distort the measurement.
        int looks = is_over || (backoff && time - looked >= 5000000);
        if (looks) looked = time;
        if (looks) for (size_t i = 0; i < connection_count; i++) {
            struct connection *connection = &connections[i];
            if (connection->resume && !is_over && connection->resume <= time) {
                connection->resume = 0;
                send_next(connection, time);
            }
            busy += connection->descriptor >= 0 && connection->due != 0;
        }
        if (is_over) {
            if (!grace) grace = time;
            if (!busy || time - news > PATIENCE) { broken += busy; break; }
        }
        struct epoll_event events[256];
        struct timespec wait = { .tv_nsec = wake > time ? wake - time : 0 };
        if (backoff && wait.tv_nsec > 5000000) wait.tv_nsec = 5000000;
        int count = epoll_pwait2(poller, events, 256, &wait, NULL);
        for (int i = 0; i < count; i++) readable(events[i].data.ptr);
        if (count > 0) news = now();
    }
    // With SECONDS 0 the run ends when all requests are answered; otherwise requests sent within the time count.
    double took = (seconds && grace ? grace : now()) - start;
    count_lost_idle(idle);
    printf("{\"good\": %zu, \"persisted\": %zu, \"refused\": %zu, \"other\": %zu, \"broken\": %zu, \"seconds\": %f", good, persisted, refused, other,
        broken + idle_broken, took / 1e9);
    if (ids) fclose(ids);
    print_times("times", &good_times);
    print_times("refusal_times", &refused_times);
    printf("}\n");
    return 0;
}
