/* The limit that a relay is measured against: epoll, one frame built for a packet, one send() a delivery, nothing else.
 * It believes whatever it is told and drops what a socket does not take.   bare PORT */
#include "common.h"

enum { INPUT = 16384, ROOMS = 1024, MEMBERS = 256 };

typedef struct {
    int fd, room, is_open;
    size_t size;
    uint8_t *input;
} Peer;

static Peer *peers[1 << 20];
static Peer *rooms[ROOMS][MEMBERS];
static int members[ROOMS];
static int poller;

static void leave(Peer *peer) {
    for (int i = 0; peer->is_open && i < members[peer->room]; i++)
        if (rooms[peer->room][i] == peer)
            rooms[peer->room][i] = rooms[peer->room][--members[peer->room]];
    peers[peer->fd] = NULL;
    close(peer->fd);
    free(peer->input);
    free(peer);
}

static void accept_all(int listener) {
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        Peer *peer = peers[fd] = calloc(1, sizeof *peer);
        peer->fd = fd;
        peer->input = malloc(INPUT);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    }
}

/* The load generator names its rooms `r` and a number. */
static void open_peer(Peer *peer) {
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    peer->input[peer->size < INPUT ? peer->size : INPUT - 1] = 0;
    char *end = strstr((char *)peer->input, "\r\n\r\n"), *room = strstr((char *)peer->input, "room=r");
    if (!end || !room)
        return;
    peer->room = atoi(room + 6) % ROOMS;
    peer->is_open = 1;
    rooms[peer->room][members[peer->room]++] = peer;
    peer->size = 0;
    check(write(peer->fd, answer, sizeof answer - 1) > 0, "answer");
}

static void fan_out(Peer *talker, const uint8_t *key, uint8_t *payload, size_t size) {
    uint8_t frame[4 + 2048];
    if (size > 2048)
        return;
    size_t head = put_header(frame, 0x82, size);
    for (size_t i = 0; i < size; i++)
        frame[head + i] = payload[i] ^ key[i & 3];
    frame[head + 2] = talker->fd >> 8;
    frame[head + 3] = talker->fd;
    Peer **room = rooms[talker->room];
    for (int i = 0, count = members[talker->room]; i < count; i++)
        if (room[i] != talker && send(room[i]->fd, frame, head + size, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
            continue;
}

static void take_frames(Peer *peer) {
    size_t at = 0, header, payload, frame;
    while ((frame = whole_frame(peer->input + at, peer->size - at, &header, &payload))) {
        if ((peer->input[at] & 0x0f) == 2)
            fan_out(peer, peer->input + at + header - 4, peer->input + at + header, payload);
        at += frame;
    }
    memmove(peer->input, peer->input + at, peer->size - at);
    peer->size -= at;
}

static void read_peer(Peer *peer) {
    ssize_t size = read(peer->fd, peer->input + peer->size, INPUT - peer->size);
    if (size <= 0) {
        leave(peer);
        return;
    }
    peer->size += size;
    peer->is_open ? take_frames(peer) : open_peer(peer);
}

int main(int argc, char **argv) {
    check(argc == 2, "usage: bare PORT");
    raise_file_limit();
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    check(!bind(listener, (void *)&address, sizeof address) && !listen(listener, 4096), "listen");
    poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN}, events[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < count; i++)
            events[i].data.ptr ? read_peer(events[i].data.ptr) : accept_all(listener);
    }
}
