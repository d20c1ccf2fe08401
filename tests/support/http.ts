/**
 * Owns serving tests with the HTTP listener on, and asking it byte by byte
 * where fetch would not let a test lie.
 *
 * @module
 */
import { type Served, type ServeOptions, serving } from "./serving.ts";
import { Wire } from "./wire.ts";

/** A running server with an HTTP listener. */
export interface ServedHttp extends Served {
  /** Ends with a slash. */
  url: string;
  httpPort: number;
}

/** Starts a server with `--http` on a free port; see `serving`. */
export async function servingHttp(
  options: ServeOptions,
  body: (served: ServedHttp) => Promise<void>,
): Promise<void> {
  const args = ["--http", "127.0.0.1:0", ...options.args ?? []];
  await serving({ ...options, args }, async (served) => {
    await served.server.waitForLog(/serving http/);
    const url = /"?url"?[=:]"?(http:[^\s"]+)/.exec(served.server.log)![1];
    await body({ ...served, url, httpPort: Number(new URL(url).port) });
  });
}

/** Sends a request as it stands and takes everything until the end. */
export async function rawRequest(
  port: number,
  request: string,
): Promise<string> {
  using wire = await Wire.tcp(port);
  await wire.send(request);
  return await wire.rest();
}
