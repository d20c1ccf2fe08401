/**
 * Owns the HTTP listener of `--http`: opens it, says where it is, closes it.
 * The only door to this folder. Never changes anything in the server.
 *
 * @module
 */
import type { ListenAddress } from "../base/settings.ts";
import type { LogPort } from "../observe/log.ts";
import type { ServerView } from "../observe/view.ts";
import { Handler } from "./handler.ts";
import { ROUTES } from "./routes.ts";
import { Sampler } from "./sampler.ts";

/** A running HTTP listener. */
export class AdminServer {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #sampler: Sampler;
  readonly #ending = new AbortController();

  /** Opens the listener; throws if the address cannot be had. */
  constructor(address: ListenAddress, view: ServerView, log: LogPort) {
    const report = (error: unknown) =>
      log.error("http request failed", {
        error: String(error instanceof Error ? error.stack : error),
      });
    this.#sampler = new Sampler(view);
    const surroundings = { view, sampler: this.#sampler };
    const handler = new Handler(ROUTES, surroundings, address.host, report);
    try {
      this.#server = Deno.serve({
        hostname: address.host,
        port: address.port,
        signal: this.#ending.signal,
        onListen: () => {},
      }, (request) => handler.handle(request));
    } catch (error) {
      this.#sampler.stop();
      throw error;
    }
    log.info("serving http", { url: this.url });
  }

  /** Where the page is. */
  get url(): string {
    const { hostname, port } = this.#server.addr;
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    return `http://${host}:${port}/`;
  }

  /** Ends everything at once. */
  async close(): Promise<void> {
    this.#sampler.stop();
    this.#ending.abort();
    await this.#server.finished;
  }
}
