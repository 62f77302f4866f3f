/* SPDX-License-Identifier: Apache-2.0 */
/* The boundary as this side sees it: the same headers, with user space's integer types. */
#ifndef SPOOR_BOUNDARY_H
#define SPOOR_BOUNDARY_H

#include <linux/types.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#include "../bpf/orders.h"
#include "../bpf/records.h"
#pragma GCC diagnostic pop

#endif
