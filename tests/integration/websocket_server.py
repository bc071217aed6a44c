"""A WebSocket server of Debian's python3-websockets: websocket_server.py PORT [CERTIFICATE KEY]

What it does depends on the path: /echo, /silent, /policy (says goodbye), /large, /fragments, /pings (without end),
/drop (ends without a goodbye), /token (403 without the right header). It prints how each connection ended.
"""

import asyncio
import http
import ssl
import sys

import websockets


async def serve(socket):
    if socket.path == "/policy":
        await socket.close(1008, "not you")
    elif socket.path == "/large":
        await socket.send("x" * 70_000)
    elif socket.path == "/fragments":
        await socket.send(part for part in ["po", "", "ng"])
    elif socket.path == "/drop":
        socket.transport.abort()
    elif socket.path == "/pings":
        while True:
            await socket.ping(b"x" * 125)
            await asyncio.sleep(0)
    elif socket.path != "/silent":
        async for message in socket:
            await socket.send(message)
    await socket.wait_closed()
    print(socket.path, socket.close_code, flush=True)


async def admit(path, headers):
    if path == "/token" and headers.get("X-Token") != "swordfish":
        return http.HTTPStatus.FORBIDDEN, [], b"no\n"


async def main(port, *pair):
    context = None
    if pair:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
    async with websockets.serve(serve, "127.0.0.1", int(port), ssl=context, process_request=admit):
        await asyncio.Future()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
