#!/usr/bin/env python3
"""lab_blocks.py LAB DIR - cuts the lab's shell commands out of its text: DIR/NN.sh, one for each block
that a reader would paste.

A block is a run of command lines; here-documents, loops and continued lines belong to it as they are.
Prose (numbered points, bullets, lines with Chinese text outside of here-documents) ends it.
"""
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
import pathlib
import re
import sys

COMMAND = re.compile(r"^(mkdir|cd|[A-Z_]+=|cat <<|terraform|echo|gcloud|export|kubectl|for |helm|chmod|"
                     r"\./|#!/bin/bash|if |while )")
PROSE = re.compile(r"[\u3000-\u9fff\uff00-\uffef]|^\s*\d+\. |^\s*•")


def blocks(lines):
    block, end, depth, continued, first = [], None, 0, False, 0
    for number, line in enumerate(lines, 1):
        if end is not None:
            block.append(line)
            if line == end:
                end = None
            continue
        text = line.strip()
        inside = depth > 0 or continued
        if not inside and (not text or PROSE.search(line) or
                           not (COMMAND.match(line) or text.startswith("#"))):
            if block and text:
                yield first, block
                block = []
            elif block:
                block.append(line)
            continue
        if not block:
            first = number
        block.append(line)
        here = re.search(r"<<\s*'?(\w+)'?", line)
        if here:
            end = here.group(1)
        depth += len(re.findall(r"(?:^|;|\s)(?:do|then)(?:\s|$)", line))
        depth -= len(re.findall(r"(?:^|;|\s)(?:done|fi)(?:;|\s|$)", line))
        continued = line.endswith("\\")
    if block:
        yield first, block


def main():
    lines = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for first, block in blocks(lines):
        text = "\n".join(block).rstrip()
        if re.sub(r"#.*", "", text).strip():
            count += 1
            (folder / f"{count:02d}.sh").write_text(f"# line {first}\n{text}\n", encoding="utf-8")
    print(count)


main()
