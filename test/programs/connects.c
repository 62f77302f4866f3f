/* connects: connections over loopback of every outcome.
 * Prints {"connects": [{"how", "transport", "type", "address", "port", "errno"}]}, in the order of their outcomes.
 */
#include "truth.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

static int told;

static void tell(const char *how, const char *transport, const struct sockaddr_storage *to, int error)
{
	char address[INET6_ADDRSTRLEN];
	bool four = to->ss_family == AF_INET;
	const struct sockaddr_in *in = (const void *)to;
	const struct sockaddr_in6 *in6 = (const void *)to;
	inet_ntop(to->ss_family, four ? (const void *)&in->sin_addr : (const void *)&in6->sin6_addr, address,
		  sizeof(address));
	printf("%s{\"how\": \"%s\", \"transport\": \"%s\", \"type\": \"%s\", \"address\": \"%s\", \"port\": %d, "
	       "\"errno\": %d}",
	       told++ ? ", " : "", how, transport, four ? "ipv4" : "ipv6", address,
	       ntohs(four ? in->sin_port : in6->sin6_port), error);
}

static socklen_t loopback(int family, uint16_t port, struct sockaddr_storage *to)
{
	memset(to, 0, sizeof(*to));
	to->ss_family = family;
	if (family == AF_INET) {
		struct sockaddr_in *in = (void *)to;
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		in->sin_port = htons(port);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (void *)to;
	in6->sin6_addr = in6addr_loopback;
	in6->sin6_port = htons(port);
	return sizeof(*in6);
}

/* A bound socket of the kernel's choice of port, told in *to. */
static int bound(int family, int type, struct sockaddr_storage *to)
{
	socklen_t length = loopback(family, 0, to);
	int fd = must(socket(family, type, 0));
	must(bind(fd, (void *)to, length));
	length = sizeof(*to);
	must(getsockname(fd, (void *)to, &length));
	if (type == SOCK_STREAM)
		must(listen(fd, 8));
	return fd;
}

static int try_connect(int family, int type, const struct sockaddr_storage *to)
{
	int fd = must(socket(family, type, 0));
	int error = connect(fd, (const void *)to, sizeof(*to)) ? errno : 0;
	close(fd);
	return error;
}

static void plain(int family)
{
	struct sockaddr_storage to;
	int listener = bound(family, SOCK_STREAM, &to);
	tell("tcp", "tcp", &to, try_connect(family, SOCK_STREAM, &to));
	close(listener);
	tell("tcp refused", "tcp", &to, try_connect(family, SOCK_STREAM, &to)); /* nobody listens there any more */
	int peer = bound(family, SOCK_DGRAM, &to);
	tell("udp", "udp", &to, try_connect(family, SOCK_DGRAM, &to));
	close(peer);
}

static int outcome_of(int fd)
{
	struct pollfd waiting = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t length = sizeof(error);
	must(poll(&waiting, 1, -1));
	must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
	return error;
}

static void without_blocking(void)
{
	struct sockaddr_storage to;
	int listener = bound(AF_INET, SOCK_STREAM, &to);
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	if (connect(fd, (void *)&to, sizeof(struct sockaddr_in)) && errno != EINPROGRESS)
		must(-1);
	tell("non-blocking", "tcp", &to, outcome_of(fd));
	/* Asking again is no second attempt. */
	connect(fd, (void *)&to, sizeof(struct sockaddr_in));
	close(fd);
	close(listener);
	fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	connect(fd, (void *)&to, sizeof(struct sockaddr_in));
	tell("non-blocking refused", "tcp", &to, outcome_of(fd));
	close(fd);
}

static void fast_open(void)
{
	struct sockaddr_storage to;
	int queue = 8;
	int listener = bound(AF_INET, SOCK_STREAM, &to);
	setsockopt(listener, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue));
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));
	if (sendto(fd, "x", 1, MSG_FASTOPEN, (void *)&to, sizeof(struct sockaddr_in)) < 0)
		must(-1);
	tell("fast open", "tcp", &to, 0);
	close(fd);
	close(listener);
}

/* 4-in-6: an IPv6 socket that connects to an IPv4 address. */
static void mapped(void)
{
	struct sockaddr_storage four;
	int listener = bound(AF_INET, SOCK_STREAM, &four);
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = ((struct sockaddr_in *)&four)->sin_port };
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr);
	int fd = must(socket(AF_INET6, SOCK_STREAM, 0));
	must(connect(fd, (void *)&to, sizeof(to)));
	tell("mapped", "tcp", &four, 0);
	close(fd);
	close(listener);
}

/* Refused before a packet leaves: the address is no unicast one that this socket may use. */
static void unreachable(void)
{
	struct sockaddr_storage to;
	loopback(AF_INET, 9, &to);
	((struct sockaddr_in *)&to)->sin_addr.s_addr = htonl(INADDR_BROADCAST);
	tell("no route", "tcp", &to, try_connect(AF_INET, SOCK_STREAM, &to));
}

/* Given up: a full backlog leaves the second connection without an answer until its owner closes it. */
static void given_up(void)
{
	struct sockaddr_storage to;
	socklen_t length = loopback(AF_INET, 0, &to);
	int listener = must(socket(AF_INET, SOCK_STREAM, 0));
	must(bind(listener, (void *)&to, length));
	must(listen(listener, 0));
	length = sizeof(to);
	must(getsockname(listener, (void *)&to, &length));
	int first = must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(first, (void *)&to, sizeof(struct sockaddr_in)));
	tell("fills the backlog", "tcp", &to, 0);
	int second = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	connect(second, (void *)&to, sizeof(struct sockaddr_in));
	close(second);
	tell("given up", "tcp", &to, ECONNABORTED);
	close(first);
	close(listener);
}

int main(void)
{
	printf("{\"connects\": [");
	plain(AF_INET);
	plain(AF_INET6);
	without_blocking();
	fast_open();
	mapped();
	unreachable();
	given_up();
	puts("]}");
	return 0;
}
