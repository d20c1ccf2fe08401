/**
 * Owns one worker of the multi-core mode: attaches to the shared table,
 * listens on the shared ports, serves. Started by `smp_server.ts`.
 *
 * @module
 */
import type { LogFields, LogLevelName, LogPort } from "../observe/log.ts";
import { attachStore } from "../store/smp_store.ts";
import {
  allReady,
  listenAgain,
  listenUdp,
  type OpenListener,
} from "./listeners.ts";
import { Libc } from "./native/libc.ts";
import { type Secrets, Security } from "./security.ts";
import { Service } from "./service.ts";
import { Channel } from "./smp_channel.ts";
import { Control } from "./smp_control.ts";
import { SmpCounters } from "./smp_counters.ts";
import { Gate } from "./smp_gate.ts";
import type {
  FromWorker,
  MainCall,
  ToWorker,
  WorkerCall,
  WorkerStart,
} from "./smp_messages.ts";
import { WorkerPort } from "./smp_port.ts";
import { POSTED_BYTES_MAX, WatchRelay } from "./smp_watch.ts";
import { reasonOf } from "./start_error.ts";

/** How often a worker looks whether a second has passed. */
const LOOK_MS = 250;
/** Where several sockets may listen on one port. */
const SHARES_TLS = Deno.build.os === "linux";

// The types of this project are those of a main thread.
const scope = globalThis as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: (event: MessageEvent<ToWorker>) => void;
};

/** A log whose lines the main thread writes. */
function postingLog(control: Control, worker: number): LogPort {
  const post = (level: LogLevelName, message: string, fields?: LogFields) => {
    const bytes = message.length + 64;
    if (control.countPosted(worker, bytes) > POSTED_BYTES_MAX) {
      control.countPosted(worker, -bytes);
      return;
    }
    scope.postMessage({ type: "log", level, message, fields });
  };
  return {
    debug: (message, fields) => post("DEBUG", message, fields),
    info: (message, fields) => post("INFO", message, fields),
    warn: (message, fields) => post("WARN", message, fields),
    error: (message, fields) => post("ERROR", message, fields),
  };
}

/** A worker that serves. */
class Worker {
  readonly #start: WorkerStart;
  readonly #security: Security;
  readonly #service: Service;
  readonly #port: WorkerPort;
  readonly #relay: WatchRelay;
  readonly #control: Control;
  readonly #looking: ReturnType<typeof setInterval>;
  readonly channel: Channel<MainCall, WorkerCall>;
  #second = 0;

  constructor(start: WorkerStart) {
    this.#start = start;
    const { worker, workers, settings, table } = start;
    const control = new Control(start.control, workers);
    this.#control = control;
    const counters = new SmpCounters(start.counters, workers);
    const { brokenLock } = start.switches;
    const store = attachStore(table, { owner: worker, brokenLock });
    this.channel = new Channel(
      (message) => scope.postMessage(message),
      (call) => this.#answer(call),
    );
    const log = postingLog(control, worker);
    this.#security = new Security(settings, start.secrets, log, workers);
    const { certificates, login } = this.#security;
    this.#port = new WorkerPort({
      settings,
      store,
      control,
      counters,
      tcpPort: start.listeners.find((l) => !l.isUnix)?.port ?? settings.port,
      certificates,
      call: (call) => this.channel.call(call),
    });
    this.#service = new Service({
      settings,
      store,
      counters: counters.of(worker),
      log,
      port: this.#port,
      clock: control.clock,
      heartbeat: control.heartbeat(worker),
      started: control.started,
      unixTime: () => Date.now() / 1000,
      worker,
      workers,
      admission: new Gate(control, settings, worker),
      recover: () => store.recover(),
      descriptors: {
        opened: (fd) => control.setDescriptorOwner(fd, worker),
        closed: (fd) => control.clearDescriptorOwner(fd),
      },
      login,
    });
    this.#port.context = this.#service.engine.context;
    this.#port.pause = (ms) => this.#service.pause(ms);
    this.#relay = this.#relayFor(counters);
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
  }

  #relayFor(counters: SmpCounters): WatchRelay {
    const { worker } = this.#start;
    const { observers } = this.#service.engine.context;
    const relay = new WatchRelay(
      observers,
      this.#control,
      worker,
      counters.of(worker),
      (lines) => scope.postMessage({ type: "lines", lines }),
    );
    observers.watch.onChange = () => {
      observers.refresh();
      relay.share();
      this.#port.watchersChanged();
    };
    return relay;
  }

  /** Opens what the main thread says; throws what Deno.listen throws. */
  async listen(): Promise<void> {
    const all: OpenListener[] = [];
    const { settings, listeners, datagrams, worker } = this.#start;
    const { certificates } = this.#security;
    const needsLibc = listeners.some((listener) => listener.fd >= 0);
    const libc = needsLibc ? new Libc() : null;
    for (const listener of listeners) {
      // Without native I/O the file of a UNIX socket is one worker's.
      if (listener.isUnix && libc === null && worker !== 0) continue;
      // Elsewhere workers cannot share a port of TLS.
      if (listener.tls !== undefined && !SHARES_TLS && worker !== 0) continue;
      const open = listenAgain(listener, settings, libc, certificates);
      all.push(open);
      this.#service.listen(open);
    }
    await allReady(all);
    for (const { hostname, port } of datagrams) {
      this.#service.serveDatagrams(listenUdp(hostname, port));
    }
  }

  #look(): void {
    if (this.#second === this.#service.now) return;
    this.#second = this.#service.now;
    this.#service.timePassed();
  }

  #answer(call: WorkerCall): unknown {
    switch (call.name) {
      case "settings":
        return this.#port.takeSettings(call.settings);
      case "connections": {
        const list = this.#service.connectionInfo();
        // All workers have the same listeners: one tells of them.
        return this.#start.worker === 0
          ? list
          : list.filter((info) => info.listenAddress !== null || info.isUdp);
      }
      case "secrets":
        return this.#replaceSecrets(call.secrets);
      case "prefixRows":
        return this.#service.engine.context.observers.prefixes.rows();
      case "hotKeys":
        return this.#service.engine.context.observers.hotKeysReport();
      case "resetPrefixes":
        return this.#service.engine.context.observers.prefixes.reset();
      case "watchersChanged":
        return this.#relay.refresh();
      case "stopListening":
        return this.#service.stopListening();
      case "finishConnections":
        return this.#service.connections.finishAll();
      case "stop":
        clearInterval(this.#looking);
        return this.#service.stop();
      case "fail":
        setTimeout(() => {
          throw new Error("a worker was told to fail");
        }, 0);
    }
  }

  // Why they cannot be used; null if they are.
  #replaceSecrets(secrets: Secrets): string | null {
    try {
      this.#security.replace(secrets);
      return null;
    } catch (error) {
      return reasonOf(error);
    }
  }

  deliver(message: Extract<ToWorker, { type: "lines" }>): void {
    this.#relay.deliver(message.lines);
  }
}

let running: Worker | null = null;

scope.onmessage = async ({ data }) => {
  switch (data.type) {
    case "start":
      try {
        running = new Worker(data);
        await running.listen();
        scope.postMessage({ type: "ready" });
      } catch (error) {
        scope.postMessage({ type: "failed", reason: reasonOf(error) });
      }
      break;
    case "lines":
      running?.deliver(data);
      break;
    default:
      running?.channel.receive(data);
  }
};
