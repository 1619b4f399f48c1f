/* codec/tool_output.h - what a program writes to its terminal, as lines that can be shown and kept.
 *
 * A pure machine: bytes may come cut anywhere. Escape sequences are taken out, a line that was
 * overwritten by a carriage return is what it was in the end, secrets become ***, and what else is
 * no printable text becomes a visible escape. Lines of `terraform ... -json` are understood:
 * resource, what happens to it, how long already, and a state that somebody else holds.
 *
 * Thread: owner only.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_TOOL_OUTPUT_H
#define TG_CODEC_TOOL_OUTPUT_H

#include <stddef.h>

#include "model/tool.h"

struct tg_tool_output;

/* Gets one line; its texts are moved to the callee. */
typedef void tg_tool_output_line(void *context, struct tg_tool_line *line);

struct tg_tool_output *tg_tool_output_new(void);
void tg_tool_output_free(struct tg_tool_output *output);

/* Hands every line that ends within bytes to line(); empty lines are left out. Of a line that is
 * longer than 256 KiB only its start is told. */
void tg_tool_output_feed(struct tg_tool_output *output, const char *bytes, size_t len,
                         tg_tool_output_line *line, void *context);

/* At the end of the stream: hands over what stands after the last line break, if anything. */
void tg_tool_output_finish(struct tg_tool_output *output, tg_tool_output_line *line, void *context);

#endif
