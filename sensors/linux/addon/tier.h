/* SPDX-License-Identifier: Apache-2.0 */
/* Which programs this kernel takes: found out by giving it one. */
#ifndef SPOOR_TIER_H
#define SPOOR_TIER_H

#include <stddef.h>

/* Loads and attaches a program of two instructions at the entry of a function that every kernel has, for an instant.
 * 0 when the kernel took it: the tier is lsm. Else -errno, and `reason` says what it refused. A configuration file
 * says nothing of it: kernels that list bpf among their security modules refuse every such program. */
int tier_probe(char *reason, size_t room);

#endif
