/* The three socket calls of fanout.pyx. Where a system lacks one, the transport does the writing. */
#include <errno.h>

#ifdef _WIN32

typedef struct { const void *data; size_t size; } Piece;
static inline void set_piece(Piece *piece, const void *data, size_t size) { piece->data = data; piece->size = size; }
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

static inline Py_ssize_t write_pieces(int fd, Piece *pieces, int count) {
    Py_ssize_t size;
    do {
        /* send() is a shorter way through the kernel than write() */
        size = count == 1 ? send(fd, pieces->iov_base, pieces->iov_len, 0) : writev(fd, pieces, count);
    } while (size < 0 && errno == EINTR);
    return size;
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
