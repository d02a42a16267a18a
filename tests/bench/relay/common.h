/* What the bare relay and the load generator share: failing loudly, the clock, one WebSocket header. */
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline void check(int ok, const char *what) {
    if (ok)
        return;
    perror(what);
    exit(1);
}

static inline int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static inline void raise_file_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* A whole frame at the start of `data`: its header's and payload's size. 0 where it is not all there. */
static inline size_t whole_frame(const uint8_t *data, size_t size, size_t *header, size_t *payload) {
    if (size < 2)
        return 0;
    size_t length = data[1] & 0x7f;
    *header = (length < 126 ? 2 : length == 126 ? 4 : 10) + (data[1] & 0x80 ? 4 : 0);
    if (size < *header)
        return 0;
    if (length == 126)
        length = (size_t)data[2] << 8 | data[3];
    if (length == 127) {
        length = 0;
        for (int i = 2; i < 10; i++)
            length = length << 8 | data[i];
    }
    *payload = length;
    return size < *header + length ? 0 : *header + length;
}

static inline size_t put_header(uint8_t *frame, uint8_t first, size_t payload) {
    frame[0] = first;
    if (payload < 126) {
        frame[1] = payload;
        return 2;
    }
    frame[1] = 126;
    frame[2] = payload >> 8;
    frame[3] = payload;
    return 4;
}
