/* codec/log_digest.h - lines of the lab's download script and of vLLM, to what they say in brief.
 *
 * A log is for people and changes with every release: what is not recognised is only kept as a
 * last line. Nothing is concluded from it: a bucket's shards and a model server's answers count.
 *
 * Thread: a worker's. Ownership: the digest is the caller's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_LOG_DIGEST_H
#define TG_CODEC_LOG_DIGEST_H

#include <stddef.h>

#include "model/log_digest.h"

/* Before the first line. */
void tg_log_digest_init(struct tg_log_digest *digest);

/* Takes one line, without its break; carriage returns within it, as progress bars send them,
 * separate. */
void tg_log_digest_line(struct tg_log_digest *digest, const char *line, size_t len);

#endif
