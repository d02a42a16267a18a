/* Rooms full of talkers and listeners; prints one JSON object on what arrived, when, and what it cost the relay.
 *   load PORT PID TLS ROOMS MEMBERS TALKERS RATE BYTES SECONDS WINDOW IDLE DEAF_SECONDS
 * RATE packets a second from each talker; or, where WINDOW > 0, as many as arrive, WINDOW of a talker under way.
 * IDLE more connections do nothing. For DEAF_SECONDS one listener of room 0 does not read. PID's CPU time is taken. */
#include "peer.h"

enum { LATEST_US = 2000000, FRESH_US = 200000 };

static Peer *peers;
static int count, poller, members, talkers, packet_bytes, window;
static int64_t start_ns, end_ns, interval_ns, deaf_until_ns;
static int64_t sent, delivered, sent_before, delivered_at_end;
static uint32_t histogram[LATEST_US + 1];
static struct { int64_t stale, fresh, first_fresh_ns, oldest_us; } deaf;

static double cpu_us(const char *pid) {
    char path[64];
    long long ns = 0;
    snprintf(path, sizeof path, "/proc/%s/schedstat", pid);
    FILE *file = fopen(path, "r");
    check(file && fscanf(file, "%lld", &ns) == 1, path);
    fclose(file);
    return ns / 1e3;
}

static long rss_kib(const char *pid) {
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%s/status", pid);
    FILE *file = fopen(path, "r");
    check(file != NULL, path);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    fclose(file);
    return kib;
}

static void count_deaf(int64_t age_us, int64_t now) {
    if (age_us > deaf.oldest_us)
        deaf.oldest_us = age_us;
    age_us > FRESH_US ? deaf.stale++ : deaf.fresh++;
    if (age_us <= FRESH_US && !deaf.first_fresh_ns)
        deaf.first_fresh_ns = now;
}

static void take_packet(Peer *peer, const uint8_t *packet, int64_t now) {
    int64_t when;
    uint32_t talker;
    memcpy(&when, packet + PACKET_HEADER, 8);
    memcpy(&talker, packet + PACKET_HEADER + 8, 4);
    peers[talker].heard++;
    int64_t age_us = (now - when) / 1000;
    if (peer->is_deaf) {
        count_deaf(age_us, now);
        return;
    }
    if (when < start_ns || when >= end_ns)
        return;
    delivered++;
    histogram[age_us < LATEST_US ? age_us : LATEST_US]++;
}

static void read_peer(Peer *peer) {
    static uint8_t data[READ_BYTES];
    size_t header, payload, frame, at = 0, size = peer->left_size;
    memcpy(data, peer->left, size);
    ssize_t more = peer_read(peer, data + size, sizeof data - size);
    if (more <= 0)
        return;
    size += more;
    int64_t now = now_ns();
    for (; (frame = whole_frame(data + at, size - at, &header, &payload)); at += frame)
        if ((data[at] & 0x0f) == 2)
            take_packet(peer, data + at + header, now);
    peer->left_size = size - at;
    check(peer->left_size <= LONGEST, "a frame is too long");
    memcpy(peer->left, data + at, peer->left_size);
    if (peer->ssl && SSL_pending(peer->ssl))
        read_peer(peer);
}

static void watch(Peer *peer) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
    epoll_ctl(poller, EPOLL_CTL_ADD, peer->fd, &event);
}

static int may_talk(const Peer *peer, int64_t now) {
    if (!window)
        return now >= peer->due_ns;
    return peer->sent * (members - 1) - peer->heard <= (int64_t)(window - 1) * (members - 1);
}

static void talk(int64_t now) {
    for (int i = 0; i < count; i++)
        while (peers[i].is_talker && may_talk(&peers[i], now)) {
            peer_talk(&peers[i], i, packet_bytes, now);
            peers[i].due_ns += interval_ns;
            if (now >= start_ns && now < end_ns)
                sent++;
        }
}

static void run_until(int64_t end, int talking) {
    struct epoll_event events[256];
    for (int64_t now = now_ns(); now < end; now = now_ns()) {
        if (talking)
            talk(now);
        struct timespec wait = {0, window ? 1000000 : 200000};
        int ready = epoll_pwait2(poller, events, 256, &wait, NULL);
        for (int i = 0; i < ready; i++)
            read_peer(events[i].data.ptr);
    }
}

static int64_t percentile(double share) {
    int64_t seen = 0;
    for (int us = 0; us <= LATEST_US; us++)
        if ((seen += histogram[us]) >= share * delivered && seen)
            return us;
    return -1;
}

static void open_all(int port, int rooms, int idle, int has_deaf) {
    int talking = rooms * members;
    peers = calloc(talking + idle, sizeof *peers);
    for (int i = 0; i < talking; i++) {
        peers[i].room = i / members;
        peers[i].is_talker = i % members < talkers;
        peers[i].is_deaf = has_deaf && i == members - 1;
    }
    for (int i = 0; i < idle; i++)
        peers[talking + i].room = 900 + i % 100;
    for (int i = 0; i < talking + idle; i++) {
        peer_open(&peers[i], port);
        watch(&peers[i]);
    }
    count = talking;
}

static void spread_talkers(int64_t start) {
    int talking = count / members * talkers, k = 0;
    for (int i = 0; i < count; i++)
        if (peers[i].is_talker)
            peers[i].due_ns = start + interval_ns * k++ / talking;
}

int main(int argc, char **argv) {
    check(argc == 13, "usage: see load.c");
    const char *pid = argv[2];
    int rooms = atoi(argv[4]), idle = atoi(argv[11]);
    members = atoi(argv[5]), talkers = atoi(argv[6]), packet_bytes = atoi(argv[8]), window = atoi(argv[10]);
    interval_ns = 1000000000 / atoi(argv[7]);
    double seconds = atof(argv[9]), deaf_s = atof(argv[12]);
    raise_file_limit();
    if (atoi(argv[3])) {
        tls = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE);
    }
    poller = epoll_create1(0);
    long rss_before = rss_kib(pid);
    open_all(atoi(argv[1]), rooms, idle, deaf_s > 0);
    start_ns = now_ns() + 1000000000;
    end_ns = start_ns + seconds * 1e9;
    spread_talkers(start_ns - 1000000000);
    run_until(start_ns, 1);
    double cpu_before = cpu_us(pid);
    Peer *deaf_peer = deaf_s > 0 ? &peers[members - 1] : NULL;
    if (deaf_peer) {
        epoll_ctl(poller, EPOLL_CTL_DEL, deaf_peer->fd, NULL);
        run_until(deaf_until_ns = start_ns + deaf_s * 1e9, 1);
        memset(&deaf, 0, sizeof deaf);
        watch(deaf_peer);
    }
    run_until(end_ns, 1);
    double cpu = cpu_us(pid) - cpu_before;
    long rss = rss_kib(pid);
    run_until(end_ns + 500000000, 0);
    int listeners = members - 1;
    printf("{\"sent\": %lld, \"expected\": %lld, \"delivered\": %lld, \"seconds\": %g, \"cpu_us\": %.0f, ",
           (long long)sent, (long long)sent * listeners, (long long)delivered, seconds, cpu);
    printf("\"p50_us\": %lld, \"p99_us\": %lld, \"p999_us\": %lld, \"rss_before_kib\": %ld, \"rss_kib\": %ld, ",
           (long long)percentile(.5), (long long)percentile(.99), (long long)percentile(.999), rss_before, rss);
    printf("\"deaf_stale\": %lld, \"deaf_fresh\": %lld, \"deaf_oldest_ms\": %lld, \"deaf_to_fresh_ms\": %lld}\n",
           (long long)deaf.stale, (long long)deaf.fresh, (long long)deaf.oldest_us / 1000,
           deaf.first_fresh_ns ? (long long)(deaf.first_fresh_ns - deaf_until_ns) / 1000000 : -1);
}
