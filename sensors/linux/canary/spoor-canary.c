/* SPDX-License-Identifier: Apache-2.0 */
/* spoor-canary FOLDER [HOST]
 *
 * Does one small act for each family of the sensor's hooks, so that the sensor can tell whether it still sees them
 * (../canary.ts). Sends one byte on standard output once it waits, and acts when a byte comes on standard input: by
 * then it is tagged. What processes outside every session are told for, a question for HOST, it does before that.
 * Then prints a line for each act, "FAMILY ERRNO": 0 it was done, else why it could not be.
 *
 * All acts are its own: files in memory and one folder in FOLDER that it makes, renames and removes; sockets on
 * loopback to itself, on addresses and ports of its own; a signal that its parent ignores; memory of its own.
 * Ends with 0 even when acts could not be done, with 2 when called wrongly. Linked statically: it opens nothing that
 * it is not asked to.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* It ends by then whatever holds it up: the acts take 2 ms. */
#define PATIENCE_S 5
/* Any address of 127/8 is this host's; nobody listens on this one. */
#define OWN_LOOPBACK 0x7f535052u /* 127.83.80.82 */
#define DNS_PORT 53

static void tell(const char *family, long result)
{
	dprintf(STDOUT_FILENO, "%s %d\n", family, result < 0 ? errno : 0);
}

/* Names that are not there: another each time, since each is told once (bpf/failed_name.h). */
static void missing_name(char *name, size_t room, const char *what)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	snprintf(name, room, "/spoor-canary/%s-%lld-%ld-%d", what, (long long)now.tv_sec, now.tv_nsec, getpid());
}

static void processes(const char *self)
{
	char name[128], *missing[] = { "spoor-canary", NULL };
	int status = 0;
	pid_t child = fork();
	if (!child) {
		execl(self, "spoor-canary", "--exit", NULL);
		_exit(errno); /* how an exec that failed is told */
	}
	int waited = child < 0 ? -1 : waitpid(child, &status, 0);
	tell("process.fork", waited);
	errno = WEXITSTATUS(status);
	tell("process.exec", waited < 0 || errno ? -1 : 0);
	tell("process.exit", waited);
	missing_name(name, sizeof(name), "exec");
	tell("process.exec_failed", execv(name, missing) < 0 && errno != ENOENT ? -1 : 0);
}

static void files(const char *self, const char *folder)
{
	char name[128], old[1024], new[1024];
	int opened = open(self, O_RDONLY | O_CLOEXEC);
	tell("file.open", opened);
	if (opened >= 0)
		close(opened);
	missing_name(name, sizeof(name), "open");
	tell("file.open_failed", open(name, O_RDONLY) < 0 && errno != ENOENT ? -1 : 0);
	int memory = memfd_create("spoor-canary", MFD_CLOEXEC);
	tell("security.memfd", memory);
	tell("file.close", memory < 0 ? -1 : write(memory, "canary", 6));
	tell("file.attributes", memory < 0 ? -1 : fchmod(memory, 0600));
	if (memory >= 0)
		close(memory);
	snprintf(old, sizeof(old), "%s/spoor-canary-%d", folder, getpid());
	snprintf(new, sizeof(new), "%s/spoor-canary-%d-renamed", folder, getpid());
	int made = mkdir(old, 0700);
	tell("file.create", made);
	int renamed = made < 0 ? -1 : rename(old, new);
	tell("file.rename", renamed);
	tell("file.delete", made < 0 ? -1 : rmdir(renamed < 0 ? old : new));
}

static socklen_t own_address(struct sockaddr_in *at, uint16_t port)
{
	*at = (struct sockaddr_in){ .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(OWN_LOOPBACK) };
	return sizeof(*at);
}

/* A ClientHello as short as it may be (RFC 8446, 4.1.2): TLS 1.2, one cipher suite, no extension. */
static const uint8_t client_hello[] = {
	22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3, /* record and handshake heads, version; 32 bytes of random follow */
	's', 'p', 'o', 'o', 'r', '-', 'c', 'a', 'n', 'a', 'r', 'y', 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 2, 0x13, 0x01, 1, 0, /* no session, TLS_AES_128_GCM_SHA256, no compression */
};

/* One connection to ourselves: listen, connect, accept, a hello one way and a byte the other, close. */
static void connection(void)
{
	struct sockaddr_in at;
	uint8_t got[sizeof(client_hello)];
	int ends[3] = { -1, -1, -1 };
	socklen_t length = own_address(&at, 0);
	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int listening = ends[0] < 0 || bind(ends[0], (void *)&at, length) || listen(ends[0], 1) ? -1 : 0;
	tell("network.listen", listening);
	if (!listening && !getsockname(ends[0], (void *)&at, &length))
		ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int connected = ends[1] < 0 ? -1 : connect(ends[1], (void *)&at, length);
	tell("network.connect", connected);
	if (!connected)
		ends[2] = accept4(ends[0], NULL, NULL, SOCK_CLOEXEC);
	tell("network.accept", ends[2]);
	long moved = ends[2] < 0 ? -1 : write(ends[1], client_hello, sizeof(client_hello));
	if (moved >= 0)
		moved = read(ends[2], got, sizeof(got));
	tell("tls.hello", moved);
	if (moved >= 0)
		moved = write(ends[2], "k", 1) < 0 ? -1 : read(ends[1], got, 1);
	tell("network.close", moved);
	for (int i = 0; i < 3; i++)
		if (ends[i] >= 0)
			close(ends[i]);
}

/* The question "canary.invalid A" (RFC 1035, 4.1; the name can never exist, RFC 6761), and the answer that it does not. */
static const uint8_t question[] = { 0x53, 0x50, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 6, 'c', 'a', 'n', 'a', 'r', 'y',
				    7, 'i', 'n', 'v', 'a', 'l', 'i', 'd', 0, 0, 1, 0, 1 };
#define ANSWERED_FLAGS_AT 2

/* A question for the address of `host`, to nobody: what leaves is what counts. Its errno; 0 when it was sent. */
static int named_host(const char *host)
{
	struct sockaddr_in at;
	uint8_t message[512] = { 0x53, 0x50, 1, 0, 0, 1 };
	size_t bytes = 12; /* the head */
	for (const char *label = host; *label;) {
		size_t length = strcspn(label, ".");
		if (length > 63 || bytes + length + 6 > sizeof(message))
			return ENAMETOOLONG;
		message[bytes++] = length;
		memcpy(message + bytes, label, length);
		bytes += length;
		label += length + (label[length] == '.');
	}
	message[bytes + 2] = message[bytes + 4] = 1; /* the root's empty label, type A, class IN */
	bytes += 5;
	socklen_t length = own_address(&at, DNS_PORT);
	int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int failed = client < 0 || sendto(client, message, bytes, 0, (void *)&at, length) < 0 ? errno : 0;
	if (client >= 0)
		close(client);
	return failed;
}

/* One question to a name server of our own, which answers. */
static void name_query(void)
{
	struct sockaddr_in at, from;
	uint8_t message[sizeof(question)];
	socklen_t length = own_address(&at, DNS_PORT), from_length = sizeof(from);
	int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long done = server < 0 || client < 0 || bind(server, (void *)&at, length) ? -1 : 0;
	if (!done)
		done = connect(client, (void *)&at, length);
	if (!done)
		done = write(client, question, sizeof(question));
	if (done >= 0)
		done = recvfrom(server, message, sizeof(message), 0, (void *)&from, &from_length);
	if (done >= 0) {
		message[ANSWERED_FLAGS_AT] = 0x81;
		message[ANSWERED_FLAGS_AT + 1] = 0x83;
		done = sendto(server, message, sizeof(message), 0, (void *)&from, from_length);
	}
	if (done >= 0)
		done = read(client, message, sizeof(message));
	tell("dns.query", done);
	if (client >= 0)
		close(client);
	if (server >= 0)
		close(server);
}

static void unix_connection(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int name = snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "spoor-canary-%d", getpid());
	socklen_t length = offsetof(struct sockaddr_un, sun_path) + 1 + name;
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int done = server < 0 || client < 0 || bind(server, (void *)&at, length) || listen(server, 1) ?
			   -1 :
			   connect(client, (void *)&at, length);
	tell("unix.connect", done);
	if (client >= 0)
		close(client);
	if (server >= 0)
		close(server);
}

static void other_acts(void)
{
	int raw = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	tell("network.raw", raw);
	if (raw >= 0)
		close(raw);
	/* Ignored unless asked for (signal(7)); the kernel says that it was sent all the same. */
	tell("security.signal", kill(getppid(), SIGURG));
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	tell("security.memory", memory == MAP_FAILED ? -1 : 0);
}

int main(int count, char **arguments)
{
	char byte;
	if (count == 2 && !strcmp(arguments[1], "--exit"))
		return 0;
	if (count != 2 && count != 3) {
		fputs("spoor-canary: usage: spoor-canary FOLDER [HOST], for a sensor that waits for its acts\n", stderr);
		return 2;
	}
	alarm(PATIENCE_S);
	int untagged = count == 3 ? named_host(arguments[2]) : 0;
	if (write(STDOUT_FILENO, ".", 1) != 1 || read(STDIN_FILENO, &byte, 1) != 1)
		return 0; /* the sensor has gone */
	if (count == 3)
		dprintf(STDOUT_FILENO, "named_host %d\n", untagged);
	processes("/proc/self/exe");
	files("/proc/self/exe", arguments[1]);
	connection();
	name_query();
	unix_connection();
	other_acts();
	return 0;
}
