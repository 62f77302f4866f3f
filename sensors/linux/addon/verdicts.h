/* SPDX-License-Identifier: Apache-2.0 */
/* What became of suspects' tags (bpf/suspects.h): memory that the kernel's programs and this process share. */
#ifndef SPOOR_VERDICTS_H
#define SPOOR_VERDICTS_H

#include "kernel.h"

/* 0 or -errno. */
int verdicts_map(struct kernel *kernel);
void verdicts_unmap(struct kernel *kernel);

/* Says what becomes of a tag that the kernel gave: itself, another, or 0. Does nothing for a tag given again since. */
void verdicts_judge(struct kernel *kernel, uint32_t tag, uint32_t becomes);
/* What became of such a tag, as long as its place was not given to another: then 0. */
uint32_t verdicts_of(const struct kernel *kernel, uint32_t tag);

#endif
