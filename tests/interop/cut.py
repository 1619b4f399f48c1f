#!/usr/bin/env python3
"""cut.py TARGET-PORT - a TCP relay to 127.0.0.1:TARGET-PORT on a port of its own, which it prints.

SIGUSR1 cuts all its connections without a word. SIGUSR2 does that too and refuses new ones for five seconds, as a
server does that is started again.
"""
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
import asyncio
import signal
import sys

open_writers = set()


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, OSError):
        pass
    finally:
        writer.close()


async def relay(reader, writer):
    there_reader, there_writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    pair = {writer, there_writer}
    open_writers.update(pair)
    await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))
    open_writers.difference_update(pair)


def cut():
    for writer in list(open_writers):
        writer.transport.abort()


async def main():
    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(port, flush=True)
    restart = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, cut)
    loop.add_signal_handler(signal.SIGUSR2, restart.set)
    while True:
        await restart.wait()
        restart.clear()
        server.close()
        cut()
        await asyncio.sleep(5)
        server = await asyncio.start_server(relay, "127.0.0.1", port)

asyncio.run(main())
