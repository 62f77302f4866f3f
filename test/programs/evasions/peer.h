/* The other end of a connection: a listener of the program's own on loopback. */
#ifndef PEER_H
#define PEER_H

#include "tell.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

static inline struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
				     .sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static inline uint16_t port_of(int fd)
{
	struct sockaddr_in6 is = { 0 }; /* the port is at the same place in both families */
	socklen_t length = sizeof(is);
	must(getsockname(fd, (struct sockaddr *)&is, &length));
	return ntohs(is.sin6_port);
}

/* Listens on 127.0.0.1, a port of the kernel's choice. */
static inline int listen_tcp(void)
{
	int fd = (int)must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	struct sockaddr_in address = loopback(0);
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	must(listen(fd, 8));
	return fd;
}

static inline int bind_udp(void)
{
	int fd = (int)must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	struct sockaddr_in address = loopback(0);
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

/* A port of loopback where nobody listens: was just given back. */
static inline uint16_t closed_port(void)
{
	int fd = listen_tcp();
	uint16_t port = port_of(fd);
	close(fd);
	return port;
}

static inline void with_network(void)
{
	struct stat is;
	must(stat("/proc/self/ns/net", &is));
	with_number("network", (long long)is.st_ino);
}

static inline void told_connect(const char *transport, const char *address, uint16_t port, int error)
{
	act("network.connect");
	with_text("transport", transport);
	with_text("address", address);
	with_number("port", port);
	with_number("errno", error);
	with_network();
}

/* Sums of one process over one flow, due when it closes. */
static inline void told_flow(const char *transport, uint16_t port, long long sent_bytes, long long received_bytes)
{
	act("network.close");
	with_text("transport", transport);
	with_number("port", port);
	with_number("sent_bytes", sent_bytes);
	with_number("received_bytes", received_bytes);
	with_network();
}

#endif
