/**
 * Owns how Windows keeps the server running: a task of the Task Scheduler
 * that starts with the machine, and the commands that manage it. A program
 * without the service control interface cannot be a service of its own (error
 * 1053). Never runs anything.
 *
 * @module
 */
import type { OwnCommand } from "./own_command.ts";
import { escapeXml } from "./service_units.ts";

/** Name of the task. */
export const TASK_NAME = "denocached";

/** "Local Service": few rights, the same number in every language. */
const LOCAL_SERVICE_SID = "S-1-5-19";

/** What can be done with the task. */
export type TaskAction = "install" | "uninstall" | "start" | "stop" | "status";

/** One step of an action. */
export type Step =
  | { kind: "folder"; path: string }
  | { kind: "write"; path: string; bytes: Uint8Array }
  | { kind: "remove"; path: string }
  | {
    kind: "run";
    file: string;
    args: string[];
    /** Whether the action goes on if this fails. */
    mayFail?: boolean;
  };

/** What the task is made of. */
export interface TaskSpec {
  command: OwnCommand;
  /** Folder of ours for logs; local service may write there. */
  logFolder: string;
}

/** The steps of an action, in order. */
export function taskSteps(action: TaskAction, spec: TaskSpec): Step[] {
  const end = schtasks("/End", "/TN", TASK_NAME);
  switch (action) {
    case "install":
      return installSteps(spec);
    case "uninstall":
      return [
        { ...end, mayFail: true },
        schtasks("/Delete", "/TN", TASK_NAME, "/F"),
      ];
    case "start":
      return [schtasks("/Run", "/TN", TASK_NAME)];
    case "stop":
      return [end];
    case "status":
      // schtasks prints the state in the user's language; this does not.
      return [{
        kind: "run",
        file: "powershell.exe",
        args: [
          "-NoProfile",
          "-NonInteractive",
          "-Command",
          `(Get-ScheduledTask -TaskName ${TASK_NAME} -ErrorAction Stop).State`,
        ],
      }];
  }
}

function schtasks(...args: string[]): Step & { kind: "run" } {
  return { kind: "run", file: "schtasks.exe", args };
}

function installSteps(spec: TaskSpec): Step[] {
  const xml = `${spec.logFolder}\\task.xml`;
  return [
    { kind: "folder", path: spec.logFolder },
    {
      kind: "run",
      file: "icacls.exe",
      args: [spec.logFolder, "/grant", `*${LOCAL_SERVICE_SID}:(OI)(CI)M`],
    },
    { kind: "write", path: xml, bytes: utf16(taskXml(spec)) },
    schtasks("/Create", "/TN", TASK_NAME, "/XML", xml, "/F"),
    { kind: "remove", path: xml },
  ];
}

/**
 * The task (Task Scheduler schema 1.2). Its defaults would end the server
 * after three days, on battery, and give it a low priority.
 */
export function taskXml({ command }: TaskSpec): string {
  const args = command.args.map(quoteForWindows).join(" ");
  const folder = command.file.replace(/\\[^\\]*$/, "");
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" \
xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>denocached, a memcached-compatible cache</Description>
  </RegistrationInfo>
  <Triggers>
    <BootTrigger>
      <Enabled>true</Enabled>
    </BootTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>${LOCAL_SERVICE_SID}</UserId>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>999</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>${escapeXml(command.file)}</Command>
      <Arguments>${escapeXml(args)}</Arguments>
      <WorkingDirectory>${escapeXml(folder)}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
`.replaceAll("\n", "\r\n");
}

/**
 * One word of a command line as CommandLineToArgvW reads it: backslashes are
 * doubled only before a quote.
 */
export function quoteForWindows(word: string): string {
  if (/^[^\s"]+$/.test(word)) return word;
  const inside = word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1");
  return `"${inside}"`;
}

// Little-endian with a byte order mark, as schtasks wants its XML.
function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(2 + 2 * text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xfeff, true);
  for (let i = 0; i < text.length; i++) {
    view.setUint16(2 + 2 * i, text.charCodeAt(i), true);
  }
  return bytes;
}
