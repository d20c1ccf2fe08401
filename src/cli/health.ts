/**
 * Owns `denocached health`: asks a running server for its version, so that a
 * container, an orchestrator or a person learns whether it serves. Never
 * changes anything in the server.
 *
 * @module
 */
import { basename } from "node:path";
import { connect } from "node:tls";
import type { ListenAddress, Settings } from "../base/settings.ts";
import { clientsOf } from "../server/listeners.ts";
import { NodeTlsConn } from "../server/node_tls_conn.ts";
import {
  configureFrom,
  gatherFlags,
  type SourceSystem,
  type TextSource,
} from "./sources.ts";
import { type GivenFlags, readFlags } from "./flags.ts";
import { UsageError } from "./usage_error.ts";

const TIMEOUT_MS_DEFAULT = 3000;

/** Help of the subcommand. */
export const HEALTH_HELP = `denocached health [--timeout=<ms>] [--pid=<pid>] \
[flags of the server]
Asks a server for its version: exit code 0 if it answers, 1 if not. Where it
listens is read as the server reads it: -l, -p, -s, -B, MEMCACHED_*, --config;
with --pid (Linux) from the command line of the process with that id too. With
-Z it asks by TLS, whatever the certificate is, unless there is a notls: address.
`;

/** Where and how to ask. */
export interface HealthTarget {
  address: Deno.ConnectOptions | Deno.UnixConnectOptions;
  isBinary: boolean;
  timeoutMs: number;
  /** Whether it is to be asked by TLS, and whether clients need a certificate,
   * which we do not have: then it is enough that TLS is answered. */
  tls: "none" | "basic" | "mutual";
}

/** What came of it, in one line. */
export interface HealthResult {
  isHealthy: boolean;
  text: string;
}

/** Where the server is that these arguments tell of; throws UsageError. */
export function healthTarget(
  args: readonly string[],
  system: SourceSystem,
): HealthTarget {
  const { own, rest } = splitArguments(args);
  const timeoutMs = numberOf(own.get("timeout"), "timeout") ??
    TIMEOUT_MS_DEFAULT;
  const pid = numberOf(own.get("pid"), "pid");
  const flags = new Map([
    ...pid === null ? [] : flagsOfProcess(pid, system),
    ...readFlags(rest),
  ]);
  const { settings } = configureFrom(gatherFlags(flags, system), system);
  const listen = listenAddressOf(settings);
  return {
    address: addressOf(listen, settings, system),
    tls: tlsOf(listen, settings),
    // Before they have logged in, SASL clients may ask for the version.
    isBinary: settings.protocol === "binary" || settings.sasl,
    timeoutMs,
  };
}

// What this command takes beside the server's flags.
function splitArguments(
  args: readonly string[],
): { own: Map<string, string>; rest: string[] } {
  const own = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const match = /^--(timeout|pid)(?:=(.*))?$/.exec(args[i]);
    if (match === null) rest.push(args[i]);
    else own.set(match[1], match[2] ?? args[++i] ?? "");
  }
  return { own, rest };
}

function numberOf(text: string | undefined, name: string): number | null {
  if (text === undefined) return null;
  if (!/^[1-9][0-9]{0,8}$/.test(text)) {
    throw new UsageError(`--${name}: "${text}" is no number above 0`);
  }
  return Number(text);
}

function flagsOfProcess(pid: number, system: TextSource): GivenFlags {
  try {
    return readFlags(serverArguments(system.readFile(`/proc/${pid}/cmdline`)));
  } catch {
    // It is not ours, or not on Linux: environment and defaults remain.
    return new Map();
  }
}

/**
 * The flags in the text of `/proc/<pid>/cmdline` (proc(5)): what follows the
 * program's name, which an init process, or deno, may stand before.
 */
export function serverArguments(cmdline: string): string[] {
  const words = cmdline.split("\0");
  if (words.at(-1) === "") words.pop();
  const isServer = (word: string) =>
    /^(denocached|memcached|main\.ts)(\.exe)?$/.test(basename(word));
  let at = words.findIndex(isServer);
  if (at < 0) return [];
  while (at < words.length && isServer(words[at])) at++;
  return words.slice(at);
}

// One without TLS if there is one: it answers everybody.
function listenAddressOf({ addresses }: Settings): ListenAddress {
  return addresses.find(({ tls }) => tls === "none") ?? addresses[0] ??
    { host: "", port: -1 };
}

function tlsOf(listen: ListenAddress, settings: Settings): HealthTarget["tls"] {
  if (settings.unixSocket !== null) return "none";
  const clients = clientsOf(settings, listen.tls);
  if (clients === null) return "none";
  return clients === "require" ? "mutual" : "basic";
}

function addressOf(
  { host, port }: ListenAddress,
  settings: Settings,
  system: TextSource,
): HealthTarget["address"] {
  if (settings.unixSocket !== null) {
    return { transport: "unix", path: settings.unixSocket };
  }
  const any = ["", "0.0.0.0"].includes(host) ? "127.0.0.1" : host;
  return {
    hostname: any === "::" ? "::1" : any,
    port: port > 0 ? port : portOf(settings, system),
  };
}

// A port that the system has chosen is in the port file.
function portOf({ port, portFile }: Settings, system: TextSource): number {
  if (port > 0) return port;
  try {
    const lines = portFile === null ? "" : system.readFile(portFile);
    const match = /^TCP INET6?: ([0-9]+)$/m.exec(lines);
    if (match !== null) return Number(match[1]);
  } catch {
    // Then nobody knows the port.
  }
  throw new UsageError("health: the port is not known; give it with -p");
}

const TEXT_QUESTION = new TextEncoder().encode("version\r\n");
// Request, opcode 0x0b "version", everything else zero.
const BINARY_QUESTION = Uint8Array.from(
  { length: 24 },
  (_, i) => i === 0 ? 0x80 : i === 1 ? 0x0b : 0,
);
/** Longest first line of an answer that is looked at. */
const ANSWER_BYTES_MAX = 512;

/** Asks; never throws. */
export async function checkHealth(target: HealthTarget): Promise<HealthResult> {
  const { promise: late, resolve } = Promise.withResolvers<HealthResult>();
  const timer = setTimeout(
    () => resolve(sick(`no answer in ${target.timeoutMs} ms`)),
    target.timeoutMs,
  );
  const open: { connection: Deno.Conn | null; isOver: boolean } = {
    connection: null,
    isOver: false,
  };
  try {
    return await Promise.race([late, ask(target, open)]);
  } catch (error) {
    return sick(error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
    open.isOver = true;
    open.connection?.close();
  }
}

async function ask(
  { address, isBinary, tls }: HealthTarget,
  open: { connection: Deno.Conn | null; isOver: boolean },
): Promise<HealthResult> {
  const connection = "path" in address
    ? await Deno.connect(address)
    : tls === "none"
    ? await Deno.connect(address)
    : await connectTls(address);
  if (open.isOver) {
    connection.close();
    return sick("too late");
  }
  open.connection = connection;
  if (tls === "mutual") {
    return { isHealthy: true, text: "TLS is answered, with a certificate" };
  }
  await connection.write(isBinary ? BINARY_QUESTION : TEXT_QUESTION);
  let answer = "";
  const buffer = new Uint8Array(ANSWER_BYTES_MAX);
  while (answer.length < ANSWER_BYTES_MAX) {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) break;
    // Latin-1: one character a byte.
    answer += String.fromCharCode(...buffer.subarray(0, count));
    if (isBinary ? answer.length >= 24 : answer.includes("\n")) break;
  }
  return isBinary ? judgeBinary(answer) : judge(answer.split(/\r?\n/)[0]);
}

// Whether the certificate is good is for clients to judge.
async function connectTls(
  { hostname, port }: Deno.ConnectOptions,
): Promise<NodeTlsConn> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const host = hostname ?? "127.0.0.1";
  const socket = connect({ host, port, rejectUnauthorized: false });
  socket.once("secureConnect", resolve);
  socket.once("error", reject);
  await promise;
  return new NodeTlsConn(socket);
}

// A server that refuses in its own words is alive: whoever restarts it for
// that loses a cache and gains nothing.
function judge(line: string): HealthResult {
  const isVersion = /^VERSION \S/.test(line);
  const isRefusal = /^(CLIENT_ERROR|ERROR Too many open connections)/
    .test(line);
  if (isVersion || isRefusal) return { isHealthy: true, text: line };
  return sick(line === "" ? "no answer" : `answers ${JSON.stringify(line)}`);
}

function judgeBinary(answer: string): HealthResult {
  if (answer.startsWith("\x81\x0b")) {
    return { isHealthy: true, text: `VERSION ${answer.slice(24)}` };
  }
  return judge(answer.split(/\r?\n/)[0]);
}

function sick(text: string): HealthResult {
  return { isHealthy: false, text };
}
