/* One client connection of the load generator: TCP or TLS, the opening handshake, frames in and out. */
#include "common.h"
#include <openssl/ssl.h>

enum { LONGEST = 4096, READ_BYTES = 262144, PACKET_HEADER = 12 };

typedef struct {
    int fd, room, is_talker, is_deaf;
    SSL *ssl;
    size_t left_size;       /* of a frame whose end has not come */
    uint8_t left[LONGEST];
    uint16_t seq;
    int64_t sent, heard;    /* packets sent; deliveries of them, all listeners together */
    int64_t due_ns;
} Peer;

static SSL_CTX *tls;

static ssize_t peer_write(Peer *peer, const void *data, size_t size) {
    return peer->ssl ? SSL_write(peer->ssl, data, size) : send(peer->fd, data, size, MSG_NOSIGNAL);
}

static ssize_t peer_read(Peer *peer, void *data, size_t size) {
    return peer->ssl ? SSL_read(peer->ssl, data, size) : recv(peer->fd, data, size, 0);
}

static void peer_connect(Peer *peer, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int on = 1, small = 4096;
    peer->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (peer->is_deaf)
        setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    check(!connect(peer->fd, (void *)&address, sizeof address), "connect");
    if (!tls)
        return;
    peer->ssl = SSL_new(tls);
    SSL_set_fd(peer->ssl, peer->fd);
    check(SSL_connect(peer->ssl) == 1, "TLS handshake");
}

/* The answer is read byte by byte, so that nothing of what follows it is taken. */
static void peer_open(Peer *peer, int port) {
    char text[1024];
    int size = snprintf(text, sizeof text,
                        "GET /ws?room=r%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"
                        "Sec-WebSocket-Protocol: streamer.v1\r\n\r\n", peer->room, port);
    peer_connect(peer, port);
    check(peer_write(peer, text, size) == size, "request");
    for (size = 0; size < 4 || memcmp(text + size - 4, "\r\n\r\n", 4); size++)
        check(size < (int)sizeof text && peer_read(peer, text + size, 1) == 1, "answer");
    text[size] = 0;
    if (!strstr(text, " 101 ")) {
        fprintf(stderr, "refused: %s\n", text);
        exit(1);
    }
    fcntl(peer->fd, F_SETFL, fcntl(peer->fd, F_GETFL) | O_NONBLOCK);
}

/* The payload begins with the time of sending and the index of the talker. */
static void peer_talk(Peer *peer, uint32_t index, size_t size, int64_t now) {
    static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t frame[LONGEST], packet[LONGEST] = {0x10, 0x80 | 30, 0, 0, peer->seq >> 8, peer->seq, 0, 4};
    memcpy(packet + PACKET_HEADER, &now, 8);
    memcpy(packet + PACKET_HEADER + 8, &index, 4);
    size_t head = put_header(frame, 0x82, size);
    frame[1] |= 0x80;
    memcpy(frame + head, key, 4);
    for (size_t i = 0; i < size; i++)
        frame[head + 4 + i] = packet[i] ^ key[i & 3];
    if (peer_write(peer, frame, head + 4 + size) == (ssize_t)(head + 4 + size)) {
        peer->seq++;
        peer->sent++;
    }
}
