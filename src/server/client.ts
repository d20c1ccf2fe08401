/**
 * Owns what the server knows of a client that it serves, whatever I/O does
 * it. Never reads or writes.
 *
 * @module
 */
import type { Session } from "../engine/session.ts";
import { addressText, plainIp } from "./address.ts";

/** Where a connection comes from, for log lines and `stats conns`. */
export interface Peer {
  /** tcp:<ip>:<port>, tcp6:[<ip>]:<port> or unix:<path>. */
  address: string;
  listenAddress: string;
  /** As watch lines name it. */
  transport: "tcp" | "local";
  remoteIp: string;
  remotePort: number;
}

/** A client that is being served. */
export interface ServedClient {
  readonly id: number;
  readonly session: Session;
  readonly peer: Peer;
  /** Whether output waits for the client. */
  readonly isWriting: boolean;
  /** Whether the next thing to come is a command. */
  readonly isAtCommand: boolean;
  /** Ends the connection; what is under way fails. */
  close(reason: string): void;
}

/** A client of a UNIX socket. */
export function localPeer(address: string): Peer {
  return {
    address,
    listenAddress: address,
    transport: "local",
    remoteIp: "unix",
    remotePort: 0,
  };
}

/** A client that came over TCP through a listener. */
export function tcpPeer(
  remote: Deno.NetAddr,
  local: Deno.NetAddr,
  listener: string,
): Peer {
  return {
    address: addressText(remote),
    listenAddress: listener.startsWith("tcp6:[::]")
      ? listener
      : addressText(local),
    transport: "tcp",
    remoteIp: plainIp(remote.hostname),
    remotePort: remote.port,
  };
}
