/**
 * Owns the texts that make the server a service of systemd (Linux) and of
 * launchd (macOS). Never writes or starts anything.
 *
 * @module
 */
import type { OwnCommand } from "./own_command.ts";

/** Descriptors beside those of clients: listeners, logs, the runtime's. */
const SPARE_DESCRIPTORS = 512;

/** What a service is made of. */
export interface ServiceSpec {
  /** The program with the flags of the server. */
  command: OwnCommand;
  /** `-c`, which the limit of open files follows. */
  connectionsMax: number;
}

/** A systemd unit (systemd.service(5), systemd.exec(5)). */
export function systemdUnit({ command, connectionsMax }: ServiceSpec): string {
  const words = [command.file, ...command.args].map(quoteForSystemd);
  // ProtectHome would hide a program that lies in somebody's home.
  const isInHome = /^\/(home|root)\//.test(command.file);
  return `[Unit]
Description=denocached, a memcached-compatible cache
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
ExecStart=${words.join(" ")}
Restart=on-failure
DynamicUser=yes
LimitNOFILE=${connectionsMax + SPARE_DESCRIPTORS}
# Writable: /run/denocached for a socket, /var/lib/denocached for files.
RuntimeDirectory=denocached
StateDirectory=denocached

NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=${isInHome ? "read-only" : "yes"}
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateTmp=yes
PrivateDevices=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077
# MemoryDenyWriteExecute= stays off: V8 writes machine code while it runs.

[Install]
WantedBy=multi-user.target
`;
}

// Quoting, and what systemd would expand: systemd.service(5), COMMAND LINES.
function quoteForSystemd(word: string): string {
  const escaped = word.replaceAll("\\", "\\\\").replaceAll("%", "%%")
    .replaceAll("$", "$$$$").replaceAll('"', '\\"');
  return /^[\w./:=,@+%-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** Name of the launchd job. */
export const LAUNCHD_LABEL = "io.github.denocached";
/** Where the launchd job logs. */
export const LAUNCHD_LOG = "/Library/Logs/denocached/denocached.log";

/** A launchd property list (launchd.plist(5)). */
export function launchdPlist({ command, connectionsMax }: ServiceSpec): string {
  const words = [command.file, ...command.args].map((word) =>
    `    <string>${escapeXml(word)}</string>\n`
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" \
"http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${LAUNCHD_LABEL}</string>
  <key>ProgramArguments</key>
  <array>
${words.join("")}  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ProcessType</key>
  <string>Interactive</string>
  <key>UserName</key>
  <string>nobody</string>
  <key>SoftResourceLimits</key>
  <dict>
    <key>NumberOfFiles</key>
    <integer>${connectionsMax + SPARE_DESCRIPTORS}</integer>
  </dict>
  <key>StandardErrorPath</key>
  <string>${LAUNCHD_LOG}</string>
</dict>
</plist>
`;
}

/** Text of an XML element (XML 1.0, 2.4). */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
