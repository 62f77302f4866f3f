/* durations: connects by TCP to itself, and sends a datagram, waiting a moment before each end.
 * Prints [{"port": of the peer, "atLeastNs", "atMostNs": how long the flow lived, from after its first act to before its
 * close and from before to after}].
 */
#include "truth.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

static long long now(void)
{
	struct timespec time;
	must(clock_gettime(CLOCK_BOOTTIME, &time));
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static void flow(int kind)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(at);
	struct timespec moment = { .tv_nsec = 20000000 };
	int other = must(socket(AF_INET, kind, 0));
	must(bind(other, (void *)&at, length));
	if (kind == SOCK_STREAM)
		must(listen(other, 1));
	must(getsockname(other, (void *)&at, &length));
	int own = must(socket(AF_INET, kind, 0));
	long long outer = now();
	if (kind == SOCK_STREAM)
		must(connect(own, (void *)&at, length));
	else
		must(sendto(own, "x", 1, 0, (void *)&at, length));
	long long inner = now();
	nanosleep(&moment, NULL);
	inner = now() - inner;
	must(close(own));
	outer = now() - outer;
	printf("%s{\"port\": %d, \"atLeastNs\": %lld, \"atMostNs\": %lld}", kind == SOCK_STREAM ? "[" : ", ",
	       ntohs(at.sin_port), inner, outer);
	must(close(other));
}

int main(void)
{
	flow(SOCK_STREAM);
	flow(SOCK_DGRAM);
	puts("]");
	return 0;
}
