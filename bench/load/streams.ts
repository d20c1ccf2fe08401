/**
 * Owns driving a run over Deno's own sockets, where epoll cannot be used: the
 * same requests and checks at some three times the CPU, and with a rate due
 * times are kept to the millisecond only. CPU time is not measured.
 *
 * @module
 */
import { type Client, REST_BYTES_MAX } from "./client.ts";
import { Driver, type LoadResult } from "./driver.ts";
import type { LoadOptions } from "./options.ts";

const RECEIVE_BYTES = 64 * 1024;

function nowUs(): number {
  return performance.now() * 1e3;
}

/** One run over Deno.connect. */
export async function runStreams(options: LoadOptions): Promise<LoadResult> {
  const driver = new Driver(options);
  const { host, port } = options;
  const connections = await Promise.all(driver.clients.map(async () => {
    const connection = await Deno.connect({ hostname: host, port });
    connection.setNoDelay(true);
    return connection;
  }));
  const close = () => {
    for (const connection of connections.splice(0)) connection.close();
  };
  driver.start(nowUs());
  const { hasRate } = driver;
  driver.passEdge(nowUs());
  const reading = driver.clients.map((client) =>
    serve(driver, client, connections[client.index])
      .catch((error) => driver.lost(String(error)))
  );
  const writers = connections.slice();
  for (let now = nowUs(); !driver.isDone(now); now = nowUs()) {
    driver.passEdge(now);
    await new Promise((resolve) => setTimeout(resolve, hasRate ? 1 : 20));
    for (let due; hasRate && (due = driver.takeDue(nowUs())) !== null;) {
      send(due, writers[due.index])
        .catch((error) => driver.lost(String(error)));
    }
  }
  driver.passEdge(nowUs());
  const result = driver.result("streams", null, null);
  close();
  await Promise.all(reading);
  return result;
}

async function send(client: Client, connection: Deno.Conn): Promise<void> {
  while (client.sentBytes < client.outBytes) {
    const rest = client.out.subarray(client.sentBytes, client.outBytes);
    client.sentBytes += await connection.write(rest);
  }
}

// Sends and reads until the run is over and the connection is closed.
async function serve(
  driver: Driver,
  client: Client,
  connection: Deno.Conn,
): Promise<void> {
  const u8 = new Uint8Array(REST_BYTES_MAX + RECEIVE_BYTES);
  const received = { u8, view: new DataView(u8.buffer) };
  const target = u8.subarray(REST_BYTES_MAX);
  if (driver.begin(client, nowUs())) await send(client, connection);
  for (;;) {
    const count = await connection.read(target);
    if (count === null) return driver.lost("the server closed a connection");
    const now = nowUs();
    const from = REST_BYTES_MAX - client.restBytes;
    u8.set(client.rest.subarray(0, client.restBytes), from);
    driver.received(client, received, from, REST_BYTES_MAX + count, now);
    if (client.isIdle && driver.begin(client, now)) {
      await send(client, connection);
    }
  }
}
