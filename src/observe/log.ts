/**
 * Owns the log: lines of text or JSON with a timestamp, on standard error,
 * through @std/log. Never logs keys or values unless -vv asks for them.
 *
 * @module
 */
import { BaseHandler, Logger, type LogRecord } from "@std/log";

/** Every field that a line may have beside `time`, `level` and `message`; the
 * README lists them too. A field that is not here does not compile. */
export const LOG_FIELDS = {
  address: "what is listened on: tcp:<ip>:<port>, unix:<path>",
  threads: "threads that serve it",
  url: "where the HTTP listener is",
  connection: "number of the connection, as in `stats conns`",
  worker: "number of the thread that it is about",
  reason: "why it came to that",
  repaired: "shards of the table that had to be put in order",
  signal: "the signal that was received",
  connections: "clients that are connected",
  grace_seconds: "how long the server serves on before it closes listeners",
  timeout_seconds: "how long clients may take to finish then",
  seconds_left: "what is left of that",
  seconds: "how long it took",
  path: "the file that it is about",
  kept: "where a file that is not used was put",
  items: "items of the snapshot, or those loaded",
  outdated: "items not loaded: clients had changed them already",
  expired: "items not loaded: their time was over",
  too_large: "items not loaded: larger than -I allows now",
  no_memory: "items not loaded: no memory for them",
  left_out: "lines of the same kind that were not written before it",
  megabytes: "size of the file, in MiB",
  error: "what went wrong, with the stack if it is a defect",
} as const;

/** What a log line may carry beside its message. */
export type LogFields = Partial<
  Record<keyof typeof LOG_FIELDS, string | number | boolean>
>;

/** The levels that the server uses. */
export type LogLevelName = "DEBUG" | "INFO" | "WARN" | "ERROR";

/** One line as text: time, level, message, fields. */
export function formatText(record: LogRecord): string {
  const fields = record.args[0] as LogFields | undefined;
  let line = `${record.datetime.toISOString()} ${record.levelName} ` +
    record.msg;
  for (const [name, value] of Object.entries(fields ?? {})) {
    const text = String(value);
    line += ` ${name}=${/[\s"]/.test(text) ? JSON.stringify(text) : text}`;
  }
  return line;
}

/** The same as a JSON object. */
export function formatJson(record: LogRecord): string {
  const fields = record.args[0] as LogFields | undefined;
  return JSON.stringify({
    time: record.datetime.toISOString(),
    level: record.levelName.toLowerCase(),
    message: record.msg,
    ...fields,
  });
}

const ENCODER = new TextEncoder();

class StderrHandler extends BaseHandler {
  override log(line: string): void {
    try {
      Deno.stderr.writeSync(ENCODER.encode(line + "\n"));
    } catch {
      // Nobody reads standard error any more: there is nowhere to say so.
    }
  }
}

/** The log of one process. */
export class Log {
  readonly #logger: Logger;

  constructor(json: boolean, write?: (line: string) => void) {
    const handler = new StderrHandler("DEBUG", {
      formatter: json ? formatJson : formatText,
    });
    if (write !== undefined) handler.log = write;
    this.#logger = new Logger("denocached", "DEBUG", { handlers: [handler] });
  }

  debug(message: string, fields?: LogFields): void {
    this.#logger.debug(message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#logger.info(message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#logger.warn(message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#logger.error(message, fields);
  }

  /** Logs at a level given by name, for lines that workers send. */
  at(level: LogLevelName, message: string, fields?: LogFields): void {
    switch (level) {
      case "DEBUG":
        return this.debug(message, fields);
      case "INFO":
        return this.info(message, fields);
      case "WARN":
        return this.warn(message, fields);
      default:
        return this.error(message, fields);
    }
  }
}

/** What the server needs of a log; workers have one that posts lines. */
export type LogPort = Pick<Log, "debug" | "info" | "warn" | "error">;
