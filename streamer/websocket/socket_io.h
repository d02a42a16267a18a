/* The socket calls of sink.pyx. Where a system lacks one, the transport does the writing. */
#include <errno.h>

#ifdef _WIN32

typedef struct { const void *data; size_t size; } Piece;
static inline void set_piece(Piece *piece, const void *data, size_t size) { piece->data = data; piece->size = size; }
static inline Py_ssize_t write_bytes(int fd, const void *data, size_t size) { errno = EAGAIN; return -1; }
static inline Py_ssize_t write_pieces(int fd, Piece *pieces, int count) { errno = EAGAIN; return -1; }

#else

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

typedef struct iovec Piece;
static inline void set_piece(Piece *piece, const void *data, size_t size) {
    piece->iov_base = (void *)data;
    piece->iov_len = size;
}

/* send() is a shorter way through the kernel than write() */
static inline Py_ssize_t write_bytes(int fd, const void *data, size_t size) {
    Py_ssize_t written;
    do
        written = send(fd, data, size, 0);
    while (written < 0 && errno == EINTR);
    return written;
}

static inline Py_ssize_t write_pieces(int fd, Piece *pieces, int count) {
    Py_ssize_t written;
    if (count == 1)
        return write_bytes(fd, pieces->iov_base, pieces->iov_len);
    do
        written = writev(fd, pieces, count);
    while (written < 0 && errno == EINTR);
    return written;
}

#endif

#ifdef __linux__
#include <linux/sockios.h>
static inline int unsent_bytes(int fd) {
    int size = 0;
    return ioctl(fd, SIOCOUTQNSD, &size) < 0 ? 0 : size;
}
#else
static inline int unsent_bytes(int fd) { return 0; }
#endif

static inline int would_block(void) { return errno == EAGAIN || errno == EWOULDBLOCK; }
