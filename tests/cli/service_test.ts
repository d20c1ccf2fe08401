/**
 * Owns the tests of `denocached service`: the texts for systemd and launchd,
 * and the steps for Windows, run against a system that only notes them.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  isOldServiceForm,
  runService,
  type ServicePorts,
} from "../../src/cli/service.ts";
import { launchdPlist, systemdUnit } from "../../src/cli/service_units.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { quoteForWindows } from "../../src/cli/windows_task.ts";
import { runOurs } from "../support/our_server.ts";
import { inTemporaryDirectory, skip } from "../support/serving.ts";
import { system } from "./configured.ts";

/** What a system was asked to do and shown. */
interface Notes {
  steps: string[];
  files: Map<string, Uint8Array>;
  stdout: string;
  stderr: string;
}

/** A system that notes everything; `fails` answers commands that fail. */
function noting(
  os: string,
  fails: (line: string) => [code: number, output: string] | null = () => null,
): [ServicePorts, Notes] {
  const notes: Notes = {
    steps: [],
    files: new Map(),
    stdout: "",
    stderr: "",
  };
  return [{
    os,
    command: (args) => ({
      file: os === "windows"
        ? "C:\\Program Files\\denocached\\denocached.exe"
        : "/usr/local/bin/denocached",
      args: [...args],
    }),
    run(file, args) {
      const line = [file, ...args].join(" ");
      notes.steps.push(line);
      const [code, output] = fails(line) ?? [0, "SUCCESS"];
      return Promise.resolve({ code, output });
    },
    makeFolder: (path) => notes.steps.push(`mkdir ${path}`),
    writeFile(path, bytes) {
      notes.steps.push(`write ${path}`);
      notes.files.set(path, bytes);
    },
    removeFile: (path) => notes.steps.push(`remove ${path}`),
    print: (text) => notes.stdout += text,
    explain: (text) => notes.stderr += text,
  }, notes];
}

const FACTS = system({ ProgramData: "D:\\Data" });
const LOGS = "D:\\Data\\denocached\\logs";

Deno.test("Windows: install makes the log folder, then the task", async () => {
  const [ports, notes] = noting("windows");
  assertEquals(await runService(["install", "-m", "1g"], FACTS, ports), 0);
  assertEquals(notes.steps, [
    `mkdir ${LOGS}`,
    `icacls.exe ${LOGS} /grant *S-1-5-19:(OI)(CI)M`,
    `write ${LOGS}\\task.xml`,
    `schtasks.exe /Create /TN denocached /XML ${LOGS}\\task.xml /F`,
    `remove ${LOGS}\\task.xml`,
  ]);
  assertEquals(notes.stdout, "service install: done\n");
  const bytes = notes.files.get(`${LOGS}\\task.xml`)!;
  assertEquals([...bytes.subarray(0, 2)], [0xff, 0xfe]);
  const xml = new TextDecoder("utf-16le").decode(bytes);
  assertStringIncludes(
    xml,
    "<Command>C:\\Program Files\\denocached\\denocached.exe</Command>",
  );
  assertStringIncludes(
    xml,
    `<Arguments>-m 1g --log-file=${LOGS}\\denocached.log</Arguments>`,
  );
  assertStringIncludes(
    xml,
    "<WorkingDirectory>C:\\Program Files\\denocached</WorkingDirectory>",
  );
  // Not ended after three days, and started again after a crash.
  assertStringIncludes(xml, "<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>");
  assertStringIncludes(xml, "<RestartOnFailure>");
  assertStringIncludes(xml, "<BootTrigger>");
  assertEquals(xml.match(/(?<!\r)\n/), null);
});

Deno.test("Windows: a log file that is given stays", async () => {
  const [ports, notes] = noting("windows");
  await runService(["install", "--log-file", "E:\\x y.log"], FACTS, ports);
  const xml = new TextDecoder("utf-16le").decode(
    notes.files.get(`${LOGS}\\task.xml`)!,
  );
  assertStringIncludes(
    xml,
    "<Arguments>--log-file &quot;E:\\x y.log&quot;</Arguments>",
  );
});

Deno.test("Windows: start, stop, uninstall", async () => {
  const steps: Record<string, string[]> = {};
  for (const action of ["start", "stop", "uninstall"]) {
    const [ports, notes] = noting("windows");
    assertEquals(await runService([action], FACTS, ports), 0);
    steps[action] = notes.steps;
  }
  assertEquals(steps, {
    start: ["schtasks.exe /Run /TN denocached"],
    stop: ["schtasks.exe /End /TN denocached"],
    uninstall: [
      "schtasks.exe /End /TN denocached",
      "schtasks.exe /Delete /TN denocached /F",
    ],
  });
});

Deno.test("Windows: status is 0, 3 or 4, in every language", async () => {
  for (
    const [state, expected, text] of [
      [[0, "Running\r\n"], 0, "running\n"],
      [[0, "Ready\r\n"], 3, "not running (Ready)\n"],
      [[1, "No MSFT_ScheduledTask objects found"], 4, "not installed\n"],
    ] as [[number, string], number, string][]
  ) {
    const [ports, notes] = noting("windows", () => state);
    assertEquals(await runService(["status"], FACTS, ports), expected);
    assertEquals(notes.stdout, text);
    assertMatch(notes.steps[0], /^powershell\.exe .*Get-ScheduledTask/);
  }
});

Deno.test("Windows: a step that fails ends the action with its words", async () => {
  const [ports, notes] = noting(
    "windows",
    (line) => line.includes("/Create") ? [1, "ERROR: Access is denied."] : null,
  );
  assertEquals(await runService(["install"], FACTS, ports), 1);
  assertStringIncludes(
    notes.stderr,
    "service install: ERROR: Access is denied.",
  );
  assertStringIncludes(notes.stderr, "administrator");
  assertEquals(notes.stdout, "");
  const [broken, seen] = noting("windows");
  broken.makeFolder = () => {
    throw new Deno.errors.PermissionDenied("no");
  };
  assertEquals(await runService(["install"], FACTS, broken), 1);
  assertEquals(seen.steps, []);
});

Deno.test("Windows: uninstall goes on when nothing was running", async () => {
  const [ports, notes] = noting(
    "windows",
    (line) => line.includes("/End") ? [1, "not running"] : null,
  );
  assertEquals(await runService(["uninstall"], FACTS, ports), 0);
  assertEquals(notes.steps.length, 2);
});

Deno.test("quoteForWindows() keeps words as CommandLineToArgvW reads them", () => {
  for (
    const [word, quoted] of [
      ["-m", "-m"],
      ["C:\\a\\b.log", "C:\\a\\b.log"],
      ["", '""'],
      ["a b", '"a b"'],
      ["C:\\a b\\", '"C:\\a b\\\\"'],
      ['say "x"', '"say \\"x\\""'],
      ['a\\"b', '"a\\\\\\"b"'],
    ]
  ) assertEquals(quoteForWindows(word), quoted);
});

Deno.test("Linux: install prints a unit, and nothing but it", async () => {
  const [ports, notes] = noting("linux");
  const flags = ["-c", "5000", "-D", "$x %i"];
  assertEquals(await runService(["install", ...flags], FACTS, ports), 0);
  assertEquals(notes.steps, []);
  assertMatch(notes.stdout, /^\[Unit\]\n/);
  assertStringIncludes(
    notes.stdout,
    '\nExecStart=/usr/local/bin/denocached -c 5000 -D "$$x %%i"\n',
  );
  assertStringIncludes(notes.stdout, "\nLimitNOFILE=5512\n");
  assertStringIncludes(notes.stderr, "systemctl enable");
});

Deno.test("the unit is hardened, but for what V8 needs", () => {
  const unit = systemdUnit({
    command: { file: "/usr/local/bin/denocached", args: [] },
    connectionsMax: 1024,
  });
  const settings = new Map(
    unit.split("\n").filter((line) => /^\w+=/.test(line)).map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  for (const name of ["NoNewPrivileges", "DynamicUser", "PrivateDevices"]) {
    assertEquals(settings.get(name), "yes");
  }
  assertEquals(settings.get("ProtectSystem"), "strict");
  assertEquals(settings.get("ProtectHome"), "yes");
  assertEquals(settings.has("MemoryDenyWriteExecute"), false);
  const inHome = systemdUnit({
    command: { file: "/home/me/denocached", args: [] },
    connectionsMax: 1024,
  });
  assertStringIncludes(inHome, "\nProtectHome=read-only\n");
});

Deno.test("systemd itself accepts the unit", async () => {
  const analyze = "/usr/bin/systemd-analyze";
  try {
    Deno.statSync(analyze);
  } catch {
    return skip("systemd-analyze is not installed");
  }
  await inTemporaryDirectory(async (folder) => {
    const path = `${folder}/denocached.service`;
    const command = { file: Deno.execPath(), args: ["-D", '$a %n "b" \\'] };
    Deno.writeTextFileSync(path, systemdUnit({ command, connectionsMax: 1 }));
    const { code, stderr } = await new Deno.Command(analyze, {
      args: ["verify", path],
      env: { XDG_RUNTIME_DIR: folder },
    }).output();
    assertEquals(
      [code, new TextDecoder().decode(stderr)],
      [0, ""],
    );
  });
});

Deno.test("macOS: install prints a property list", async () => {
  const [ports, notes] = noting("darwin");
  const flags = ["-D", "<&>"];
  assertEquals(await runService(["install", ...flags], FACTS, ports), 0);
  assertMatch(notes.stdout, /^<\?xml version="1\.0" encoding="UTF-8"\?>\n/);
  assertStringIncludes(
    notes.stdout,
    "    <string>/usr/local/bin/denocached</string>\n" +
      "    <string>-D</string>\n    <string>&lt;&amp;&gt;</string>\n",
  );
  assertStringIncludes(notes.stderr, "launchctl bootstrap");
});

Deno.test("every element of the property list is closed in order", () => {
  const plist = launchdPlist({
    command: { file: "/x", args: ["a & b"] },
    connectionsMax: 1,
  });
  const open: string[] = [];
  for (
    const [, close, name, self] of plist.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)
  ) {
    if (self === "/") continue;
    if (close === "/") assertEquals(open.pop(), name);
    else open.push(name);
  }
  assertEquals(open, []);
});

Deno.test("Linux and macOS: the other actions name the system's command", async () => {
  for (
    const [os, word] of [["linux", "systemctl"], ["darwin", "launchctl"]]
  ) {
    for (const action of ["uninstall", "start", "stop", "status"]) {
      const [ports, notes] = noting(os);
      assertEquals(await runService([action], FACTS, ports), 64);
      assertEquals([notes.stdout, notes.steps], ["", []]);
      assert(notes.stderr.includes(word), notes.stderr);
    }
  }
});

Deno.test("wrong flags show when the service is installed", async () => {
  for (const os of ["linux", "windows"]) {
    const [ports, notes] = noting(os);
    const wrong = () => runService(["install", "-I", "5"], FACTS, ports);
    await assertRejects(wrong, UsageError, "Item max size");
    const needless = () => runService(["start", "-m", "5"], FACTS, ports);
    await assertRejects(needless, UsageError, "takes no flags");
    assertEquals(notes.steps, []);
  }
});

Deno.test("service without a known action explains itself", async () => {
  const [ports, notes] = noting("linux");
  assertEquals(await runService(["restart"], FACTS, ports), 64);
  assertEquals(await runService(["--help"], FACTS, ports), 0);
  assertMatch(notes.stderr, /^denocached service <action>/);
});

Deno.test("-d install is understood as the old builds for Windows had it", async () => {
  assert(isOldServiceForm(["-d", "install", "-m", "64"]));
  assertEquals(isOldServiceForm(["-d"]), false);
  assertEquals(isOldServiceForm(["-d", "-m", "64"]), false);
  if (Deno.build.os !== "linux") return;
  const { code, stdout } = await runOurs(["-d", "install", "-m", "64"]);
  assertEquals(code, 0);
  assertMatch(stdout, /^\[Unit\]\n/);
});
