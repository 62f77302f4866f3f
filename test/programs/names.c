/* names FOLDER: files with names that break naive readers, one open each; and one in a very deep, very long path.
 * Prints {"opens": [{"how", "path"}]}, paths as Latin-1.
 */
#include "truth.h"

#define DEPTH 300

static int told;

static void tell(const char *how, const char *path, size_t length)
{
	printf("%s{\"how\": \"%s\", \"path\": ", told++ ? ", " : "", how);
	print_bytes(path, length);
	putchar('}');
}

static void named(const char *folder, const char *how, const char *name)
{
	char *path;
	must(asprintf(&path, "%s/%s", folder, name));
	int fd = must(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
	close(fd);
	tell(how, path, strlen(path));
}

/* Folder in folder, `bytes` characters each: deeper and longer than any path a call would take. */
static void deep(const char *folder, const char *how, int depth, int bytes)
{
	char name[256];
	size_t length = strlen(folder), room = length + (size_t)depth * (bytes + 1) + sizeof("/leaf");
	char *path = malloc(room);
	memset(name, 'd', bytes);
	name[bytes] = 0;
	memcpy(path, folder, length + 1);
	int at = must(open(folder, O_PATH | O_DIRECTORY));
	for (int i = 0; i < depth; i++) {
		int next;
		must(mkdirat(at, name, 0700) && errno != EEXIST ? -1 : 0);
		next = must(openat(at, name, O_PATH | O_DIRECTORY));
		close(at);
		at = next;
		path[length++] = '/';
		memcpy(path + length, name, bytes);
		length += bytes;
	}
	int fd = must(openat(at, "leaf", O_WRONLY | O_CREAT | O_EXCL, 0600));
	close(fd);
	close(at);
	memcpy(path + length, "/leaf", 5);
	tell(how, path, length + 5);
}

int main(int count, char **arguments)
{
	char longest[256];
	if (count < 2)
		return 2;
	memset(longest, 'n', 255);
	longest[255] = 0;
	printf("{\"opens\": [");
	named(arguments[1], "newline", "a\nb");
	named(arguments[1], "escape sequence", "\x1b[2J\x1b]0;owned\x07");
	named(arguments[1], "not UTF-8", "\xff\xfe\x80");
	named(arguments[1], "quotes and backslash", "\"'\\`$(x)");
	named(arguments[1], "255 bytes", longest);
	deep(arguments[1], "300 folders deep", DEPTH, 1);
	deep(arguments[1], "3000 bytes", 15, 200);
	puts("]}");
	return 0;
}
