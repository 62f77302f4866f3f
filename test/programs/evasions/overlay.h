/* An overlay over SCRATCH/lower, mounted in a mount namespace of the program's own. */
#ifndef OVERLAY_H
#define OVERLAY_H

#include "tell.h"
#include <sys/mount.h>

/* The secret, which lies in the lower layer, by its path in the overlay. */
static inline char *make_secret_below(void)
{
	static const char *const folders[] = { "lower", "upper", "work", "merged" };
	char *path = make_secret(), *options;
	for (int i = 0; i < 4; i++)
		must(mkdir(in_scratch(folders[i]), 0700));
	must(rename(path, in_scratch("lower/secret")));
	if (unshare(CLONE_NEWNS))
		not_possible("unshare(CLONE_NEWNS)", errno);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(asprintf(&options, "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", scratch, scratch, scratch));
	if (mount("overlay", in_scratch("merged"), "overlay", 0, options))
		not_possible("mount of an overlay", errno);
	return in_scratch("merged/secret");
}

#endif
