/**
 * Owns the tests of the files that put the server into use: Dockerfile,
 * workflows, and the examples of the README.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { parseAllDocuments } from "npm:yaml@2.9.1";
import { VERSION } from "../../../src/base/version.ts";
import { TARGETS } from "../../../src/build/targets.ts";
import { configureAll } from "../../../src/cli/sources.ts";
import { readConfigFile } from "../../../src/cli/config_file.ts";
import { systemdUnit } from "../../../src/cli/service_units.ts";
import { parseModes } from "../../e2e/smoke.ts";
import { system } from "../../cli/configured.ts";

const ROOT = new URL("../../../", import.meta.url);

function text(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT)).replaceAll("\r\n", "\n");
}

const README = text("README.md");

/** The blocks of a language in the README, without their indent. */
function blocks(language: string): string[] {
  const found = README.matchAll(
    /^( *)```(\w*)\n([^]*?)^\1```$/gm,
  );
  return [...found].filter((match) => match[2] === language)
    .map((match) => match[3].replaceAll(new RegExp(`^${match[1]}`, "gm"), ""));
}

// deno-lint-ignore no-explicit-any
function yaml(source: string): any[] {
  return parseAllDocuments(source).map((document) => {
    assertEquals(document.errors, []);
    assertEquals(document.warnings, []);
    return document.toJS();
  });
}

/** The instructions of a Dockerfile's last stage: [name, rest]. */
function lastStage(): [string, string][] {
  const lines = text("Dockerfile").replace(/^#.*\n/gm, "")
    .replaceAll("\\\n", " ").split("\n").filter((line) => line.trim() !== "");
  const from = lines.findLastIndex((line) => line.startsWith("FROM "));
  return lines.slice(from).map((line) => {
    const at = line.indexOf(" ");
    return [line.slice(0, at), line.slice(at + 1).replace(/\s+/g, " ").trim()];
  });
}

function instruction(name: string): string {
  const found = lastStage().filter(([key]) => key === name);
  assertEquals(found.length, 1, name);
  return found[0][1];
}

Deno.test("the image runs as the official one does", () => {
  assertEquals(instruction("USER"), "11211:11211");
  assertEquals(instruction("EXPOSE"), "11211");
  // Without a shell only lists of words work.
  const entry = JSON.parse(instruction("ENTRYPOINT"));
  assertEquals(entry, ["/usr/local/bin/denocached"]);
  assertEquals(JSON.parse(instruction("CMD")), ["memcached"]);
  const [, check] = /^(?:--\S+ )+CMD (\[.*\])$/.exec(
    instruction("HEALTHCHECK"),
  )!;
  assertEquals(JSON.parse(check), ["denocached", "health", "--pid=1"]);
  assertEquals(lastStage().some(([name]) => name === "RUN"), false);
});

Deno.test("the image is built by the same Deno and tells its version", () => {
  const dockerfile = text("Dockerfile");
  const [, tag] = /^FROM denoland\/deno:(\S+) AS build$/m.exec(dockerfile)!;
  assertStringIncludes(README, `deno@${tag} task`);
  assertStringIncludes(dockerfile, `ARG VERSION=${VERSION}\n`);
  const label = instruction("LABEL");
  for (
    const name of [
      "title",
      "description",
      "version",
      "revision",
      "created",
      "licenses",
      "vendor",
    ]
  ) assertStringIncludes(label, `org.opencontainers.image.${name}="`);
});

Deno.test("the build context holds what the build needs, and not git", () => {
  const lines = text(".dockerignore").trim().split("\n");
  assertEquals(lines[0], "*");
  const kept = lines.slice(1).map((line) => line.replace(/^!/, ""));
  for (const path of kept) Deno.statSync(new URL(path, ROOT));
  const { links } = JSON.parse(text("deno.json"));
  for (const link of links as string[]) {
    const path = link.replace(/^\.\//, "");
    assert(kept.some((k) => path === k || path.startsWith(`${k}/`)), path);
  }
});

Deno.test("the workflows build, try and draft for every target", () => {
  const [release] = yaml(text(".github/workflows/release.yml"));
  const { smoke, draft } = release.jobs;
  assertEquals(
    smoke.strategy.matrix.include.map((m: { target: string }) => m.target)
      .sort(),
    TARGETS.map(({ os, arch }) => `${os}-${arch}`).sort(),
  );
  assertEquals([smoke.needs, draft.needs], ["build", "smoke"]);
  const runs = JSON.stringify(release);
  const [, modes] = /--modes=([^\\"]+)/.exec(runs)!;
  assertEquals(parseModes(modes), [["-t", "1"], ["--smp"]]);
  assertStringIncludes(runs, "gh release create");
  assertStringIncludes(runs, "--draft");
  assertMatch(runs, /"deno-version":"v[0-9.]+"/);
});

Deno.test("the workflow of every push runs the README's test command", () => {
  const [ci] = yaml(text(".github/workflows/ci.yml"));
  const systems = ci.jobs.test.strategy.matrix.os.join(" ");
  for (const os of ["ubuntu", "windows", "macos"]) {
    assertStringIncludes(systems, os);
  }
  const [command] = /npx --yes deno@[0-9.]+ task test/.exec(README)!;
  const runs = ci.jobs.test.steps.map((step: { run?: string }) => step.run);
  assert(runs.includes(command), command);
});

Deno.test("every workflow and example names the Deno of the README", () => {
  const [, version] = /npx --yes deno@([0-9.]+) task start/.exec(README)!;
  for (
    const path of [
      "README.md",
      ".github/workflows/ci.yml",
      ".github/workflows/release.yml",
      "Dockerfile",
    ]
  ) {
    const named = text(path).matchAll(
      /(?:deno@|denoland\/deno:|deno-version: v)([0-9][0-9.]*[0-9])/g,
    );
    for (const match of named) assertEquals(match[1], version, path);
  }
});

Deno.test("the compose example gives flags that the server takes", () => {
  const [compose] = yaml(blocks("yaml")[0]);
  const { cache } = compose.services;
  const { config } = configureAll(cache.command, system());
  assert(cache.ulimits.nofile > config.settings.connectionsMax + 512);
  assertEquals([cache.read_only, cache.cap_drop], [true, ["ALL"]]);
});

Deno.test("the Kubernetes example hangs together", () => {
  const [service, set] = yaml(blocks("yaml")[1]);
  assertEquals([service.kind, set.kind], ["Service", "StatefulSet"]);
  assertEquals(service.spec.clusterIP, "None");
  assertEquals(set.spec.serviceName, service.metadata.name);
  const { template } = set.spec;
  assertEquals(service.spec.selector, template.metadata.labels);
  assertEquals(set.spec.selector.matchLabels, template.metadata.labels);
  const [container] = template.spec.containers;
  assertEquals(service.spec.ports[0].targetPort, container.ports[0].name);
  for (const probe of ["readinessProbe", "livenessProbe"]) {
    assertEquals(container[probe].exec.command.slice(0, 2), [
      "denocached",
      "health",
    ]);
  }
  const { config } = configureAll(container.args, system());
  assertEquals(config.settings.port, container.ports[0].containerPort);
  assertEquals(container.securityContext.readOnlyRootFilesystem, true);
});

Deno.test("the README shows the unit that the program prints", () => {
  assertEquals(blocks("ini"), [systemdUnit({
    command: {
      file: "/usr/local/bin/denocached",
      args: ["--config=/etc/denocached.conf"],
    },
    connectionsMax: 1024,
  })]);
});

Deno.test("the README's configuration file is one", () => {
  const [example] = blocks("").filter((block) => block.includes("-m 75%"));
  const { settings } =
    configureAll(["--config=f"], system({}, { f: example })).config;
  assertEquals(readConfigFile(example, "f").length, 5);
  assertEquals(settings.connectionsMax, 2048);
  assertEquals(settings.logFile, "/var/log/denocached/log");
});
