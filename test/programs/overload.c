/* overload FOLDER OPENS EXECS CONNECTS MARKS PROGRAM: more than can be told. Looks for OPENS names that are not there,
 * each another, as fast as it can; then makes FOLDER/over; starts PROGRAM --exit EXECS times and connects CONNECTS times
 * to a listener of its own; then looks for MARKS further names, 100 ms apart. PROGRAM is linked statically, so that it
 * looks for no library: the only opens are those that are counted here.
 * Prints {"opens", "execs", "connects", "marks", "overNs"}: what it did, and CLOCK_BOOTTIME when the flood was over.
 */
#include "truth.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <time.h>

#define MARK_PAUSE_NS 100000000

static void look_for(const char *folder, const char *what, int number)
{
	char name[4096];
	snprintf(name, sizeof(name), "%s/%s-%d", folder, what, number);
	if (open(name, O_RDONLY) != -1 || errno != ENOENT)
		_exit(1);
}

static void start(char *program)
{
	extern char **environ;
	char *call[] = { program, "--exit", NULL };
	pid_t child;
	errno = posix_spawn(&child, program, NULL, NULL, call, environ);
	must(errno ? -1 : 0);
	must(waitpid(child, NULL, 0));
}

static int listening(struct sockaddr_in *at)
{
	socklen_t length = sizeof(*at);
	int listener = must(socket(AF_INET, SOCK_STREAM, 0));
	*at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	must(bind(listener, (void *)at, length));
	must(getsockname(listener, (void *)at, &length));
	must(listen(listener, 8));
	return listener;
}

static void connect_to(int listener, const struct sockaddr_in *to)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(fd, (const void *)to, sizeof(*to)));
	close(must(accept(listener, NULL, NULL)));
	close(fd);
}

int main(int count, char **arguments)
{
	if (count != 7)
		return 2;
	const char *folder = arguments[1];
	int opens = atoi(arguments[2]), execs = atoi(arguments[3]), connects = atoi(arguments[4]),
	    marks = atoi(arguments[5]);
	struct timespec over, pause = { .tv_nsec = MARK_PAUSE_NS };
	struct sockaddr_in at;
	char end[4096];
	for (int i = 0; i < opens; i++)
		look_for(folder, "flood", i);
	clock_gettime(CLOCK_BOOTTIME, &over);
	snprintf(end, sizeof(end), "%s/over", folder);
	close(must(open(end, O_WRONLY | O_CREAT, 0600)));
	for (int i = 0; i < execs; i++)
		start(arguments[6]);
	int listener = listening(&at);
	for (int i = 0; i < connects; i++)
		connect_to(listener, &at);
	for (int i = 0; i < marks; i++) {
		look_for(folder, "mark", i);
		nanosleep(&pause, NULL);
	}
	printf("{\"opens\": %d, \"execs\": %d, \"connects\": %d, \"marks\": %d, \"overNs\": \"%lld\"}\n", opens, execs,
	       connects, marks, over.tv_sec * 1000000000ll + over.tv_nsec);
	return 0;
}
