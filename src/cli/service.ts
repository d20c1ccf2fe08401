/**
 * Owns `denocached service`: manages the server as a task of Windows, and
 * prints what systemd and launchd need on the other systems. Touches the
 * system only through `ServicePorts`.
 *
 * @module
 */
import { type OwnCommand, ownCommand } from "./own_command.ts";
import {
  LAUNCHD_LABEL,
  LAUNCHD_LOG,
  launchdPlist,
  systemdUnit,
} from "./service_units.ts";
import { configureAll, type SourceSystem } from "./sources.ts";
import { EXIT_USAGE, UsageError } from "./usage_error.ts";
import { type Step, type TaskAction, taskSteps } from "./windows_task.ts";

const ACTIONS: readonly TaskAction[] = [
  "install",
  "uninstall",
  "start",
  "stop",
  "status",
];

/** Exit code of `status` for a service that does not run (LSB). */
const EXIT_NOT_RUNNING = 3;

/** Help of the subcommand. */
export const SERVICE_HELP = `denocached service <action> [flags of the server]
Actions: install, uninstall, start, stop, status.
Windows: a task that starts with the machine, without anybody logged in, and
logs to %ProgramData%\\denocached\\logs; install needs an administrator.
Linux and macOS: install prints a systemd unit or a launchd property list; the
other actions name the command of the system that does it.
`;

/** What came of a command of the system. */
export interface CommandResult {
  code: number;
  output: string;
}

/** How the system is touched. */
export interface ServicePorts {
  os: string;
  command(args: readonly string[]): OwnCommand;
  run(file: string, args: readonly string[]): Promise<CommandResult>;
  makeFolder(path: string): void;
  writeFile(path: string, bytes: Uint8Array): void;
  removeFile(path: string): void;
  /** Standard output. */
  print(text: string): void;
  /** Standard error. */
  explain(text: string): void;
}

/** Whether the words are the way old builds for Windows were installed. */
export function isOldServiceForm(args: readonly string[]): boolean {
  return args[0] === "-d" && (ACTIONS as readonly string[]).includes(args[1]);
}

/** Runs the subcommand; resolves to its exit code. */
export async function runService(
  args: readonly string[],
  system: SourceSystem,
  ports: ServicePorts,
): Promise<number> {
  const action = ACTIONS.find((name) => name === args[0]);
  if (action === undefined) {
    ports.explain(SERVICE_HELP);
    return args.includes("--help") || args.includes("-h") ? 0 : EXIT_USAGE;
  }
  const flags = args.slice(1);
  if (action !== "install" && flags.length > 0) {
    throw new UsageError(`service ${action} takes no flags`);
  }
  // Wrong flags show now, not when the machine starts.
  const { config } = configureAll(flags, system);
  const { connectionsMax, logFile } = config.settings;
  if (ports.os === "windows") {
    return await manageTask(action, flags, logFile, system, ports);
  }
  const spec = { command: ports.command(flags), connectionsMax };
  const isMac = ports.os === "darwin";
  if (action !== "install") {
    ports.explain(
      `on this system: ${isMac ? LAUNCHD[action] : SYSTEMD[action]}\n`,
    );
    return EXIT_USAGE;
  }
  ports.print(isMac ? launchdPlist(spec) : systemdUnit(spec));
  ports.explain(isMac ? LAUNCHD.install : SYSTEMD.install);
  return 0;
}

const SYSTEMD: Record<TaskAction, string> = {
  install: `save this as /etc/systemd/system/denocached.service, then:
  systemctl daemon-reload && systemctl enable --now denocached
`,
  uninstall: "systemctl disable --now denocached && " +
    "rm /etc/systemd/system/denocached.service",
  start: "systemctl start denocached",
  stop: "systemctl stop denocached",
  status: "systemctl status denocached",
};

const PLIST = `/Library/LaunchDaemons/${LAUNCHD_LABEL}.plist`;
const LAUNCHD: Record<TaskAction, string> = {
  install: `save this as ${PLIST}, then:
  sudo mkdir -p ${LAUNCHD_LOG.replace(/\/[^/]*$/, "")}
  sudo touch ${LAUNCHD_LOG} && sudo chown nobody ${LAUNCHD_LOG}
  sudo launchctl bootstrap system ${PLIST}
`,
  uninstall: `sudo launchctl bootout system ${PLIST} && sudo rm ${PLIST}`,
  start: `sudo launchctl kickstart system/${LAUNCHD_LABEL}`,
  stop: `sudo launchctl kill SIGTERM system/${LAUNCHD_LABEL}`,
  status: `sudo launchctl print system/${LAUNCHD_LABEL}`,
};

async function manageTask(
  action: TaskAction,
  flags: readonly string[],
  logFile: string | null,
  system: SourceSystem,
  ports: ServicePorts,
): Promise<number> {
  const data = system.environment("ProgramData") ?? "C:\\ProgramData";
  const logFolder = `${data}\\denocached\\logs`;
  const logging = logFile === null
    ? [`--log-file=${logFolder}\\denocached.log`]
    : [];
  const command = ports.command([...flags, ...logging]);
  for (const step of taskSteps(action, { command, logFolder })) {
    const { code, output } = await take(step, ports);
    const isOver = code !== 0 && !(step.kind === "run" && step.mayFail);
    if (action === "status") return tellState(code, output, ports);
    if (!isOver) continue;
    ports.explain(`service ${action}: ${output.trim()}\n`);
    if (action === "install") {
      ports.explain("service install needs a prompt of an administrator\n");
    }
    return 1;
  }
  ports.print(`service ${action}: done\n`);
  return 0;
}

function tellState(code: number, output: string, ports: ServicePorts): number {
  if (code !== 0) {
    ports.print("not installed\n");
    return EXIT_NOT_RUNNING + 1;
  }
  const isRunning = output.trim() === "Running";
  ports.print(isRunning ? "running\n" : `not running (${output.trim()})\n`);
  return isRunning ? 0 : EXIT_NOT_RUNNING;
}

async function take(step: Step, ports: ServicePorts): Promise<CommandResult> {
  try {
    if (step.kind === "run") return await ports.run(step.file, step.args);
    if (step.kind === "folder") ports.makeFolder(step.path);
    else if (step.kind === "write") ports.writeFile(step.path, step.bytes);
    else ports.removeFile(step.path);
    return { code: 0, output: "" };
  } catch (error) {
    return { code: 1, output: String(error) };
  }
}

/** The system this process runs on. */
export const SERVICE_PORTS: ServicePorts = {
  os: Deno.build.os,
  command: ownCommand,
  async run(file: string, args: readonly string[]): Promise<CommandResult> {
    const result = await new Deno.Command(file, {
      args: [...args],
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    const output = decoder.decode(result.stdout) +
      decoder.decode(result.stderr);
    return { code: result.code, output };
  },
  makeFolder: (path) => Deno.mkdirSync(path, { recursive: true }),
  writeFile: (path, bytes) => Deno.writeFileSync(path, bytes),
  removeFile: (path) => Deno.removeSync(path),
  print: (text) => writeAll(Deno.stdout, text),
  explain: (text) => writeAll(Deno.stderr, text),
};

function writeAll(
  stream: { writeSync(bytes: Uint8Array): number },
  text: string,
): void {
  stream.writeSync(new TextEncoder().encode(text));
}
