/* changes FOLDER: changes names and properties of files below FOLDER, and tries some that are refused.
 * Prints {"changes": [{"event": EVENT, "name": NAME, "errno": N}...]}, in order: NAME is the last name of the path that
 * is there afterwards, or is gone.
 */
#include "truth.h"

#include <stdio.h>
#include <sys/xattr.h>

static const char *separator = "";

static void told(long result, const char *event, const char *name, int expected)
{
	int error = result == -1 ? errno : 0;
	if (error != expected) {
		fprintf(stderr, "%s %s: %s\n", event, name, strerror(error));
		_exit(1);
	}
	printf("%s{\"event\": \"%s\", \"name\": ", separator, event);
	print_text(name);
	printf(", \"errno\": %d}", error);
	separator = ", ";
}

int main(int count, char **arguments)
{
	if (count != 2)
		return 2;
	must(chdir(arguments[1]));
	printf("{\"changes\": [");
	told(mknod("plain", S_IFREG | 0600, 0), "file.create", "plain", 0);
	told(mknod("pipe", S_IFIFO | 0600, 0), "file.create", "pipe", 0);
	told(mkdir("folder", 0700), "file.create", "folder", 0);
	told(mkdir("folder", 0700), "file.create", "folder", EEXIST);
	told(link("plain", "folder/alias"), "file.link", "alias", 0);
	told(link("absent", "folder/other"), "file.link", "other", ENOENT);
	told(symlink("/etc/passwd", "shortcut"), "file.link", "shortcut", 0);
	told(rename("folder/alias", "moved"), "file.rename", "moved", 0);
	told(rename("moved", "folder"), "file.rename", "folder", EISDIR);
	told(renameat2(AT_FDCWD, "moved", AT_FDCWD, "pipe", RENAME_NOREPLACE), "file.rename", "pipe", EEXIST);
	told(renameat2(AT_FDCWD, "moved", AT_FDCWD, "pipe", RENAME_EXCHANGE), "file.rename", "pipe", 0);
	told(chmod("plain", 0640), "file.attributes", "plain", 0);
	told(chown("plain", 1, 2), "file.attributes", "plain", 0);
	told(lchown("shortcut", 1, 2), "file.attributes", "shortcut", 0);
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 2 } };
	told(utimensat(AT_FDCWD, "plain", times, 0), "file.attributes", "plain", 0);
	told(setxattr("plain", "trusted.spoor", "x", 1, 0), "file.attributes", "plain", 0);
	told(removexattr("plain", "trusted.spoor"), "file.attributes", "plain", 0);
	told(removexattr("plain", "trusted.spoor"), "file.attributes", "plain", ENODATA);
	told(truncate("plain", 4096), "file.truncate", "plain", 0);
	int fd = (int)must(open("plain", O_WRONLY));
	told(ftruncate(fd, 8192), "file.truncate", "plain", 0);
	told(fchmod(fd, 0600), "file.attributes", "plain", 0);
	must(close(fd));
	told(unlink("plain"), "file.delete", "plain", 0);
	told(unlink("plain"), "file.delete", "plain", ENOENT);
	told(unlink("folder"), "file.delete", "folder", EISDIR);
	told(rmdir("folder"), "file.delete", "folder", 0);
	printf("]}\n");
	return fflush(stdout) ? 1 : 0;
}
