/* layers FOLDER: runs programs out of an overlay: one as the image has it, one that was written to since, one that was
 * made. Prints for each {"pid", "path", "upper": whether its file lies in the upper layer}.
 */
#include "truth.h"
#include <sys/mount.h>

static const char *folder;

static char *in(const char *where, const char *name)
{
	char *path;
	must(asprintf(&path, "%s/%s%s%s", folder, where, *name ? "/" : "", name));
	return path;
}

static void copy(const char *from, const char *to)
{
	static char bytes[1 << 16];
	ssize_t count;
	int source = must(open(from, O_RDONLY)), target = must(open(to, O_WRONLY | O_CREAT, 0700));
	while ((count = must(read(source, bytes, sizeof(bytes)))) > 0)
		must(write(target, bytes, count));
	close(source);
	close(target);
}

int main(int count, char **arguments)
{
	static const char *const names[] = { "unchanged", "changed", "made" };
	static const char *const folders[] = { "lower", "upper", "work", "merged" };
	char *options;
	if (count != 2)
		return 2;
	folder = arguments[1];
	for (int i = 0; i < 4; i++)
		must(mkdir(in(folders[i], ""), 0700));
	copy("/bin/true", in("lower", "unchanged"));
	copy("/bin/true", in("lower", "changed"));
	must(unshare(CLONE_NEWNS));
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(asprintf(&options, "lowerdir=%s,upperdir=%s,workdir=%s", in("lower", ""), in("upper", ""), in("work", "")));
	must(mount("overlay", in("merged", ""), "overlay", 0, options));
	copy("/bin/true", in("merged", "made"));
	int changed = must(open(in("merged", "changed"), O_WRONLY | O_APPEND));
	must(write(changed, "", 1));
	close(changed);
	for (int i = 0; i < 3; i++) {
		int status;
		char *path = in("merged", names[i]);
		pid_t child = must(fork());
		if (!child)
			must(execl(path, names[i], NULL));
		must(waitpid(child, &status, 0));
		if (status)
			return 1;
		printf("%s{\"pid\": %d, \"path\": ", i ? ", " : "[", child);
		print_text(path);
		printf(", \"upper\": %s}", access(in("upper", names[i]), F_OK) ? "false" : "true");
	}
	puts("]");
	return 0;
}
