/* sim/direct.h - a transport over a world without sockets: what production reaches through libcurl,
 * tests reach here.
 *
 * An endpoint's base_url names the server: "sim://0", "sim://1", ... the cluster of that region,
 * "sim://gcp" Google Cloud; anything after it goes in front of the request's path. Requests are
 * answered at the next poll(), in the order they were submitted, then open streams deliver what
 * they have, in that order too. poll() never advances virtual time: whoever owns the world does,
 * between polls. A stream's idle deadline counts virtual time.
 *
 * Thread: the world's. Ownership: borrows the world, which must outlive it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_DIRECT_H
#define TG_SIM_DIRECT_H

#include "net/transport.h"
#include "sim/world.h"

/* The caller frees with ops->free(). */
struct tg_transport *sim_direct_new(struct sim_world *world);

#endif
