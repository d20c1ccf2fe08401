/**
 * Owns how a connection of Deno's is read from and written to: by the calls of
 * the runtime that `Deno.Conn` makes itself, where they can be found. Never
 * opens or closes anything.
 *
 * `Deno.Conn.read` (2.9.6) keeps the promise of every read in a set and takes
 * it out again, and V8 makes a new table for the set each time, to which the
 * old one refers. So one table that came into the old generation keeps all that
 * follow it, and they come there, too: 120 bytes for every read, and a
 * mark-compact of 10 to 20 ms after every 100,000 to 200,000 single requests
 * (`bench/README.md`). `Conn.readable` does without the set, but takes the
 * target away, which is a buffer of ours or the table.
 *
 * @module
 */

/** What a connection reads and writes by; a `Deno.Conn` is one. One read and one
 * write may be under way at a time. */
export interface Socket {
  /** Waits until something has arrived, and reads it: the count of bytes; 0 or
   * null at the end. `target` has room for at least one. */
  read(target: Uint8Array): Promise<number | null>;
  /** Waits until there is room, and writes what it takes: the count of bytes. */
  write(source: Uint8Array): Promise<number>;
}

/** The runtime's calls, as far as they are needed here: `read` and `write` of
 * a resource, that is a socket's number in the runtime. */
export interface RuntimeCalls {
  read(resource: number, target: Uint8Array): Promise<number | null>;
  write(resource: number, source: Uint8Array): Promise<number>;
}

/** What the property is called in which a connection keeps that number. */
const RESOURCE = "Deno.internal.rid";

/** The calls of this runtime, found where its own code shares them; null where
 * they are not. */
export function findRuntimeCalls(
  runtime: unknown = Deno,
): RuntimeCalls | null {
  const symbol = property(runtime, "internal");
  if (typeof symbol !== "symbol") return null;
  const internals = property(runtime, symbol);
  const calls = property(internals, "core");
  const areThere = typeof property(calls, "read") === "function" &&
    typeof property(calls, "write") === "function";
  return areThere ? calls as RuntimeCalls : null;
}

function property(owner: unknown, name: string | symbol): unknown {
  if (typeof owner !== "object" || owner === null) return undefined;
  return Reflect.get(owner, name);
}

const RUNTIME_CALLS = findRuntimeCalls();

/** The number of a connection's socket; null if it does not tell. */
function resourceOf(conn: Deno.Conn): number | null {
  const symbol = Object.getOwnPropertySymbols(conn).find(({ description }) =>
    description === RESOURCE
  );
  const resource = symbol === undefined ? null : property(conn, symbol);
  return typeof resource === "number" ? resource : null;
}

/** How to read from and write to a connection: by its own methods without the
 * runtime's calls, or if it is none of Deno's. */
export function socketOf(
  conn: Deno.Conn,
  calls: RuntimeCalls | null = RUNTIME_CALLS,
): Socket {
  if (calls === null) return conn;
  const resource = resourceOf(conn);
  return resource === null ? conn : new RuntimeSocket(calls, resource);
}

class RuntimeSocket implements Socket {
  readonly #calls: RuntimeCalls;
  readonly #resource: number;

  constructor(calls: RuntimeCalls, resource: number) {
    this.#calls = calls;
    this.#resource = resource;
  }

  read(target: Uint8Array): Promise<number | null> {
    return this.#calls.read(this.#resource, target);
  }

  write(source: Uint8Array): Promise<number> {
    return this.#calls.write(this.#resource, source);
  }
}
