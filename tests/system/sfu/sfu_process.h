/* sotto-sfu as a process of a test: started, asked over HTTP, stopped; and participants that speak to it.
 * What cannot fail in a sane test ends the program. */
#ifndef TEST_SFU_PROCESS_H
#define TEST_SFU_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "test_peer.h"

struct sfu_process {
    pid_t pid;
    uint16_t http_port;
    uint16_t udp_port;
    int log; /* its standard error, a file that is already unlinked */
};

/* Starts $SOTTO_SFU on free ports of 127.0.0.1 with these further arguments (NULL at the end) and waits until it is
 * ready. */
void sfu_process_start(struct sfu_process *process, const char *const *arguments);
void sfu_process_signal(const struct sfu_process *process, int number);
/* Waits for its end; the exit status, or -1 if a signal ended it or it takes longer than limit_ms (then it is killed).
 */
int sfu_process_wait(struct sfu_process *process, int limit_ms);
/* What it has logged so far, terminated, on the heap. */
char *sfu_process_log(const struct sfu_process *process);
/* Runs it with these arguments until it exits by itself: its status, what it wrote to standard error in out. */
int sfu_process_run(const char *const *arguments, char *out, size_t cap);

struct http_reply {
    int status; /* 0 if there was none */
    char location[256];
    char etag[64];
    char body[64 * 1024];
};

/* One request; body may be NULL, headers are whole lines with CRLF. */
void sfu_process_ask(const struct sfu_process *process, const char *method, const char *path, const char *headers,
                     const char *body, struct http_reply *reply);

/* A participant's session: its offer is sent, its answer read. */
struct sfu_participant {
    struct test_identity *identity;
    struct test_peer *peer;
    char location[256];
    char pwd[64];
    char remote_ufrag[64]; /* what the peer borrows: a participant must not be moved */
    char remote_pwd[64];
    uint8_t remote_fingerprint[32];
    uint32_t audio_ssrc; /* the answer's, if it is a subscriber */
    uint32_t video_ssrc;
    struct http_reply reply;
};

/* Posts an offer of one Opus and one VP8 section to path (/whip/... or /whep/...); the status. Publishers send Opus as
 * payload type 111, SSRC 1000, and VP8 as 96, SSRC 2000; subscribers want them as 100 and 101. With 201 the peer is
 * ready to connect. */
int sfu_participant_offer(struct sfu_participant *participant, const struct sfu_process *process, const char *path,
                          const char *headers);
void sfu_participant_close(struct sfu_participant *participant);

#endif
