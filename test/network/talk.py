# asyncio, selectors, socket and multiprocessing, each with itself.
import asyncio, multiprocessing, os, selectors, socket, threading


async def shout(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()


async def client(port, n):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for i in range(3):
        writer.write(f"client {n} line {i}\n".encode())
        assert await reader.readline() == f"CLIENT {n} LINE {i}\n".encode()
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()
    return n


async def main():
    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print("clients", sum(await asyncio.gather(*(client(port, n) for n in range(10)))))
    unix = await asyncio.start_unix_server(shout, "/tmp/talk.sock")
    reader, writer = await asyncio.open_unix_connection("/tmp/talk.sock")
    writer.write(b"over unix\n")
    print((await reader.readline()).decode().strip())
    try:
        await asyncio.wait_for(reader.readline(), 0.05)
    except TimeoutError:
        print("timed out")
    writer.close(), server.close(), unix.close()


asyncio.run(main())


def work(queue, n):
    queue.put(n * n)


fork = multiprocessing.get_context("fork")
queue = fork.Queue()
workers = [fork.Process(target=work, args=(queue, n)) for n in range(3)]
for worker in workers:
    worker.start()
print("squares", sorted(queue.get() for _ in workers))
for worker in workers:
    worker.join()

selector = selectors.DefaultSelector()
a, b = socket.socketpair()
selector.register(b, selectors.EVENT_READ)
threading.Timer(0.02, lambda: a.send(b"hi")).start()
print(type(selector).__name__, [key.fileobj is b for key, _ in selector.select(5)], b.recv(9))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
udp.sendto(b"datagram", udp.getsockname())
print(udp.recvfrom(9)[0])
socket.send_fds(a, [b"fd"], [1])
_, fds, _, _ = socket.recv_fds(b, 9, 2)
print("a passed descriptor is the same file", os.fstat(fds[0]).st_ino == os.fstat(1).st_ino)
for host in ("127.0.0.1", "192.0.2.1"):
    try:
        socket.create_connection((host, 1), timeout=1)
    except OSError as error:
        print(host, os.strerror(error.errno))
