/**
 * Owns what the server knows of a client that it serves, whatever I/O does
 * it. Never reads or writes.
 *
 * @module
 */
import type { Session } from "../engine/session.ts";
import { addressText, plainIp } from "./address.ts";

/** How long a client may take to notice that the server is leaving. */
export const LINGER_MS = 500;

/** Who sends up to here at a time asks for one thing at a time, as a rule: its
 * key is noted before its turn. */
export const BRIEF_BYTES = 256;

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
  /**
   * Ends the connection with its next batch; told again, ends it now if
   * nothing is under way. In between there is time for what the client had
   * sent already.
   */
  finish(): void;
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
