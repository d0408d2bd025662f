#include "daemon/process.h"
#include "token_test_keys.h"
#include "unit.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct config_common common;
static char problem[CONFIG_PROBLEM_MAX];

static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void token_keys_are_read_all_or_none(void)
{
    char good[] = "/tmp/sotto-test-process-XXXXXX";
    char bad[] = "/tmp/sotto-test-process-XXXXXX";
    struct token_keys keys;
    write_file(good, issuer_public);
    write_file(bad, issuer_private);
    config_common_init(&common, 1);
    common.token_key_count = 2;
    strcpy(common.token_keys[0], good);
    strcpy(common.token_keys[1], good);
    CU_ASSERT_FATAL(daemon_load_token_keys(&common, &keys, problem));
    CU_ASSERT_EQUAL(keys.count, 2);
    token_keys_wipe(&keys);
    strcpy(common.token_keys[1], bad);
    CU_ASSERT_FALSE(daemon_load_token_keys(&common, &keys, problem));
    CU_ASSERT_EQUAL(keys.count, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, "token-key: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, bad));
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, "not a PEM public key"));
    strcpy(common.token_keys[1], "/nonexistent/key");
    CU_ASSERT_FALSE(daemon_load_token_keys(&common, &keys, problem));
    CU_ASSERT_STRING_EQUAL(problem,
                           "token-key: /nonexistent/key: the key file cannot be read: No such file or directory");
    unlink(good);
    unlink(bad);
}

static void tls_files_are_looked_for(void)
{
    char path[] = "/tmp/sotto-test-process-XXXXXX";
    write_file(path, "");
    config_common_init(&common, 1);
    CU_ASSERT(daemon_check_tls_files(&common, problem));
    strcpy(common.tls_cert, path);
    strcpy(common.tls_key, path);
    CU_ASSERT(daemon_check_tls_files(&common, problem));
    strcpy(common.tls_key, "/nonexistent/key");
    CU_ASSERT_FALSE(daemon_check_tls_files(&common, problem));
    CU_ASSERT_STRING_EQUAL(problem, "tls-key: /nonexistent/key: No such file or directory");
    strcpy(common.tls_cert, "/tmp");
    CU_ASSERT_FALSE(daemon_check_tls_files(&common, problem));
    CU_ASSERT_STRING_EQUAL(problem, "tls-cert: /tmp: Is a directory");
    unlink(path);
}

static void what_cannot_be_listened_at_is_said(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    char expected[CONFIG_PROBLEM_MAX];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT_FATAL(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 1) == 0 &&
                    getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    config_common_init(&common, ntohs(address.sin_port));
    CU_ASSERT_FALSE(daemon_check_listen(&common, problem));
    snprintf(expected, sizeof(expected), "listen: 127.0.0.1:%u: Address already in use", ntohs(address.sin_port));
    CU_ASSERT_STRING_EQUAL(problem, expected);
    close(fd);
    CU_ASSERT(daemon_check_listen(&common, problem));
    strcpy(common.listen_address, "192.0.2.1"); /* nobody's (RFC 5737) */
    CU_ASSERT_FALSE(daemon_check_listen(&common, problem));
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, "Cannot assign requested address"));
    strcpy(common.listen_address, "::1");
    common.listen_port = 0;
    CU_ASSERT(daemon_check_listen(&common, problem) || strstr(problem, "[::1]:0"));
}

static void endpoints_of_both_families_are_written(void)
{
    char out[CONFIG_ADDRESS_MAX + 16];
    daemon_write_endpoint(out, sizeof(out), "127.0.0.1", 80);
    CU_ASSERT_STRING_EQUAL(out, "127.0.0.1:80");
    daemon_write_endpoint(out, sizeof(out), "::1", 65535);
    CU_ASSERT_STRING_EQUAL(out, "[::1]:65535");
}

static void readiness_is_told_by_file_and_by_pipe(void)
{
    char path[] = "/tmp/sotto-test-process-XXXXXX";
    char text[64] = "";
    int ends[2];
    write_file(path, "old");
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    config_common_init(&common, 1);
    strcpy(common.port_file, path);
    common.ready_fd = ends[1];
    CU_ASSERT(daemon_announce_ready(&common, "http=127.0.0.1:1\n"));
    CU_ASSERT_EQUAL(read(ends[0], text, sizeof(text)), 17);
    CU_ASSERT_STRING_EQUAL(text, "http=127.0.0.1:1\n");
    CU_ASSERT_EQUAL(read(ends[0], text, sizeof(text)), 0);
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_PTR_NOT_NULL(fgets(text, sizeof(text), file));
    CU_ASSERT_STRING_EQUAL(text, "http=127.0.0.1:1\n");
    fclose(file);
    close(ends[0]);
    unlink(path);
    common.ready_fd = -1;
    strcpy(common.port_file, "/nonexistent/port");
    CU_ASSERT_FALSE(daemon_announce_ready(&common, "x\n"));
}

static void memory_is_kept_off_disks(void)
{
    struct rlimit limit;
    CU_ASSERT(daemon_forbid_core_dumps());
    CU_ASSERT_EQUAL(getrlimit(RLIMIT_CORE, &limit), 0);
    CU_ASSERT(limit.rlim_cur == 0 && limit.rlim_max == 0);
    CU_ASSERT_EQUAL(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}

static const struct unit_test tests[] = {
    {"token keys are read all or none", token_keys_are_read_all_or_none},
    {"TLS files are looked for", tls_files_are_looked_for},
    {"what cannot be listened at is said", what_cannot_be_listened_at_is_said},
    {"endpoints of both families are written", endpoints_of_both_families_are_written},
    {"readiness is told by file and by pipe", readiness_is_told_by_file_and_by_pipe},
    {"memory is kept off disks", memory_is_kept_off_disks},
};
UNIT_MAIN("daemon.process", tests)
