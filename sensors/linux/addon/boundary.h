/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's records as this side sees them: the same header, with user space's integer types. */
#ifndef SPOOR_BOUNDARY_H
#define SPOOR_BOUNDARY_H

#include <linux/types.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#include "../bpf/records.h"
#pragma GCC diagnostic pop

#endif
