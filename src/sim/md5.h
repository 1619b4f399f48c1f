/* sim/md5.h - MD5 of bytes that come in parts, with a state that can be kept as text: Cloud Storage
 * answers every upload with it, and its clients compare.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_MD5_H
#define TG_SIM_MD5_H

#include <stddef.h>
#include <stdint.h>

#define SIM_MD5_SIZE 16

struct sim_md5 {
    uint32_t state[4];
    uint64_t len;
    unsigned char tail[64]; /* bytes that fill no block yet */
};

void sim_md5_begin(struct sim_md5 *md5);
void sim_md5_add(struct sim_md5 *md5, const void *bytes, size_t len);
void sim_md5_end(struct sim_md5 *md5, unsigned char out[SIM_MD5_SIZE]);

#endif
