"""Connect through the event loop.

Evidence: connection
Sandbox: error
"""

import asyncio


async def call(port):
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


def attack(target):
    asyncio.run(call(target["tcp_port"]))
