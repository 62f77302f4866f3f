/* session CONTROL COMMAND...: runs COMMAND as a session of the service that listens at CONTROL, and ends as it does.
 *
 * What `spoor run` does beside a service (collector/service/watch-request.ts), without Node's own start: under measure
 * is the workload.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char text[512], byte;
	int gate[2], status;
	if (count < 3 || strlen(arguments[1]) >= sizeof(at.sun_path)) {
		fputs("session: usage: session CONTROL COMMAND...\n", stderr);
		return 2;
	}
	strcpy(at.sun_path, arguments[1]);
	int service = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (pipe(gate) || connect(service, (void *)&at, sizeof(at))) {
		perror(arguments[1]);
		return 3;
	}
	pid_t child = fork();
	if (!child) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) != 1)
			_exit(125);
		close(gate[0]);
		execvp(arguments[2], arguments + 2);
		perror(arguments[2]);
		_exit(127);
	}
	int length = snprintf(text, sizeof(text), "{\"ask\":\"watch\",\"pid\":%d,\"agent\":{\"name\":\"bench\"}}\n", child);
	ssize_t got = write(service, text, length) == length ? read(service, text, sizeof(text) - 1) : -1;
	text[got > 0 ? got : 0] = 0;
	if (!strstr(text, "\"watching\":true")) {
		fprintf(stderr, "session: the service says: %s\n", text);
		return 3; /* the child goes as the gate closes */
	}
	if (write(gate[1], ".", 1) != 1)
		return 3;
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
