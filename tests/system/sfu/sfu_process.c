#include "sfu_process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 32, READY_FD = 3, READY_LIMIT_MS = 20000 };

static void check(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static pid_t launch(const char *const *arguments, int log, int ready)
{
    const char *argv[ARGUMENTS_MAX] = {getenv("SOTTO_SFU")};
    check(argv[0] != NULL, "SOTTO_SFU");
    for (size_t i = 0; arguments[i]; i++) {
        check(i + 2 < ARGUMENTS_MAX, "arguments");
        argv[i + 1] = arguments[i];
    }
    pid_t pid = fork();
    check(pid >= 0, "fork");
    if (pid == 0) {
        dup2(log, STDERR_FILENO);
        dup2(log, STDOUT_FILENO);
        if (ready >= 0) {
            dup2(ready, READY_FD);
        }
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    return pid;
}

void sfu_process_start(struct sfu_process *process, const char *const *arguments)
{
    static const char *const common[] = {"--listen", "127.0.0.1:0", "--udp-port", "0", "--ready-fd", "3"};
    const char *all[ARGUMENTS_MAX] = {NULL};
    char line[256] = "";
    size_t count = 0;
    int ready[2];
    unsigned http = 0;
    unsigned udp = 0;
    for (; count < sizeof(common) / sizeof(common[0]); count++) {
        all[count] = common[count];
    }
    for (size_t i = 0; arguments[i]; i++) {
        all[count++] = arguments[i];
    }
    check(pipe2(ready, O_CLOEXEC) == 0, "pipe2");
    process->log = memfd_create("log", MFD_CLOEXEC);
    check(process->log >= 0, "memfd_create");
    process->pid = launch(all, process->log, ready[1]);
    close(ready[1]);
    struct pollfd wait = {.fd = ready[0], .events = POLLIN};
    check(poll(&wait, 1, READY_LIMIT_MS) == 1, "sotto-sfu is not ready");
    ssize_t n = read(ready[0], line, sizeof(line) - 1);
    close(ready[0]);
    if (n <= 0 || sscanf(line, "http=127.0.0.1:%u udp=127.0.0.1:%u", &http, &udp) != 2) {
        char *log = sfu_process_log(process);
        fprintf(stderr, "sotto-sfu did not start: \"%s\"\n%s", line, log);
        exit(1);
    }
    process->http_port = (uint16_t)http;
    process->udp_port = (uint16_t)udp;
}

void sfu_process_signal(const struct sfu_process *process, int number)
{
    check(kill(process->pid, number) == 0, "kill");
}

int sfu_process_wait(struct sfu_process *process, int limit_ms)
{
    int status = 0;
    int handle = (int)syscall(SYS_pidfd_open, process->pid, 0);
    check(handle >= 0, "pidfd_open");
    struct pollfd wait = {.fd = handle, .events = POLLIN};
    bool ended = poll(&wait, 1, limit_ms) == 1;
    close(handle);
    if (!ended) {
        kill(process->pid, SIGKILL);
    }
    check(waitpid(process->pid, &status, 0) == process->pid, "waitpid");
    close(process->log);
    return ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

char *sfu_process_log(const struct sfu_process *process)
{
    off_t end = lseek(process->log, 0, SEEK_END);
    char *text = calloc(1, (size_t)end + 1);
    check(text != NULL && pread(process->log, text, (size_t)end, 0) == end, "log");
    return text;
}

int sfu_process_run(const char *const *arguments, char *out, size_t cap)
{
    struct sfu_process process = {.log = memfd_create("log", MFD_CLOEXEC)};
    check(process.log >= 0, "memfd_create");
    process.pid = launch(arguments, process.log, -1);
    int keep = dup(process.log);
    int status = sfu_process_wait(&process, READY_LIMIT_MS);
    process.log = keep;
    char *text = sfu_process_log(&process);
    snprintf(out, cap, "%s", text);
    free(text);
    close(keep);
    return status;
}

static void copy_header(const char *head, const char *name, char *out, size_t cap)
{
    char start[64];
    out[0] = 0;
    snprintf(start, sizeof(start), "\r\n%s: ", name);
    const char *at = strstr(head, start);
    if (at) {
        at += strlen(start);
        snprintf(out, cap, "%.*s", (int)strcspn(at, "\r\n"), at);
    }
}

void sfu_process_ask(const struct sfu_process *process, const char *method, const char *path, const char *headers,
                     const char *body, struct http_reply *reply)
{
    static char text[128 * 1024];
    size_t len = 0;
    ssize_t n = 0;
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(process->http_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 10};
    memset(reply, 0, sizeof(*reply));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0, "socket");
    if (connect(fd, (struct sockaddr *)&to, sizeof(to))) {
        close(fd);
        return;
    }
    int wanted = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s", method, path, headers);
    if (body) {
        wanted +=
            snprintf(text + wanted, sizeof(text) - (size_t)wanted, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    } else {
        wanted += snprintf(text + wanted, sizeof(text) - (size_t)wanted, "\r\n");
    }
    check(send(fd, text, (size_t)wanted, MSG_NOSIGNAL) == wanted, "send");
    do {
        n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    close(fd);
    text[len] = 0;
    char *end = strstr(text, "\r\n\r\n");
    if (!end || strncmp(text, "HTTP/1.1 ", 9) != 0) {
        return;
    }
    *end = 0;
    reply->status = atoi(text + 9);
    copy_header(text, "Location", reply->location, sizeof(reply->location));
    copy_header(text, "ETag", reply->etag, sizeof(reply->etag));
    snprintf(reply->body, sizeof(reply->body), "%s", end + 4);
}

static void write_hex(char *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sprintf(out + i * 3, "%02X%s", bytes[i], i + 1 < len ? ":" : "");
    }
}

/* What follows on the first line that starts so; empty if there is none. */
static void find_line(const char *text, const char *start, char *out, size_t cap)
{
    const char *at = strstr(text, start);
    out[0] = 0;
    if (at) {
        at += strlen(start);
        snprintf(out, cap, "%.*s", (int)strcspn(at, "\r\n"), at);
    }
}

static uint32_t find_ssrc(const char *text, const char *section)
{
    const char *at = strstr(text, section);
    const char *line = at ? strstr(at, "a=ssrc:") : NULL;
    return line ? (uint32_t)strtoul(line + strlen("a=ssrc:"), NULL, 10) : 0;
}

int sfu_participant_offer(struct sfu_participant *p, const struct sfu_process *process, const char *path,
                          const char *headers)
{
    char offer[4096];
    char fields[8192];
    char hex[96 + 1];
    uint8_t fingerprint[32];
    bool publishes = strncmp(path, "/whip/", 6) == 0;
    memset(p, 0, sizeof(*p));
    p->identity = test_identity_new();
    test_identity_fingerprint(p->identity, fingerprint);
    write_hex(hex, fingerprint, sizeof(fingerprint));
    snprintf(p->pwd, sizeof(p->pwd), "clientPassword/%02x%02x%02x%02x", fingerprint[0], fingerprint[1], fingerprint[2],
             fingerprint[3]);
    int n = snprintf(offer, sizeof(offer), "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n");
    for (int i = 0; i < 2; i++) {
        const char *kind = i == 0 ? "audio" : "video";
        unsigned pt = publishes ? (i == 0 ? 111u : 96u) : (i == 0 ? 100u : 101u);
        n += snprintf(offer + n, sizeof(offer) - (size_t)n,
                      "m=%s 9 UDP/TLS/RTP/SAVPF %u\r\nc=IN IP4 0.0.0.0\r\na=mid:%d\r\na=ice-ufrag:client\r\n"
                      "a=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\na=setup:actpass\r\na=rtcp-mux\r\na=%s\r\n"
                      "a=rtpmap:%u %s\r\na=rtcp-fb:%u nack pli\r\n"
                      "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n",
                      kind, pt, i, p->pwd, hex, publishes ? "sendonly" : "recvonly", pt,
                      i == 0 ? "opus/48000/2" : "VP8/90000", pt);
        if (publishes) {
            n += snprintf(offer + n, sizeof(offer) - (size_t)n, "a=ssrc:%d cname:x\r\n", i == 0 ? 1000 : 2000);
        }
    }
    snprintf(fields, sizeof(fields), "Content-Type: application/sdp\r\n%s", headers);
    sfu_process_ask(process, "POST", path, fields, offer, &p->reply);
    if (p->reply.status != 201) {
        return p->reply.status;
    }
    snprintf(p->location, sizeof(p->location), "%s", p->reply.location);
    p->audio_ssrc = find_ssrc(p->reply.body, "m=audio");
    p->video_ssrc = find_ssrc(p->reply.body, "m=video");
    find_line(p->reply.body, "a=ice-ufrag:", p->remote_ufrag, sizeof(p->remote_ufrag));
    find_line(p->reply.body, "a=ice-pwd:", p->remote_pwd, sizeof(p->remote_pwd));
    find_line(p->reply.body, "a=fingerprint:sha-256 ", hex, sizeof(hex));
    for (size_t i = 0; i < sizeof(p->remote_fingerprint); i++) {
        p->remote_fingerprint[i] = (uint8_t)strtoul(hex + i * 3, NULL, 16);
    }
    const struct test_peer_config config = {
        .host = "127.0.0.1",
        .port = process->udp_port,
        .local_ufrag = "client",
        .local_pwd = p->pwd,
        .remote_ufrag = p->remote_ufrag,
        .remote_pwd = p->remote_pwd,
        .remote_fingerprint = p->remote_fingerprint,
        .identity = p->identity,
        .profile = TEST_AES128_CM_SHA1_80,
    };
    p->peer = test_peer_open(&config);
    return 201;
}

void sfu_participant_close(struct sfu_participant *p)
{
    if (p->peer) {
        test_peer_close(p->peer);
    }
    test_identity_free(p->identity);
    memset(p, 0, sizeof(*p));
}
