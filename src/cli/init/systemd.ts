// The units of systemd for a project: a socket that is open all the time, and the service behind it.
import { join } from "node:path";
import { type GeneratedFile, systemdWords } from "./generated-file.ts";
import type { Project } from "./project.ts";

/** Seconds between the end of the graceful stop and systemd's SIGKILL. */
const SPARE_SECONDS = 10;

/** Makes `NAME.service` and `NAME.socket`, for /etc/systemd/system. */
export function systemdFiles(project: Project): GeneratedFile[] {
  return [
    { path: `${project.name}.service`, text: serviceUnit(project) },
    { path: `${project.name}.socket`, text: socketUnit(project) },
  ];
}

function serviceUnit(project: Project): string {
  const { name, directory, user, gracefulTimeout } = project;
  const stopSeconds = Math.ceil(gracefulTimeout + (project.lameDuckSeconds ?? 0)) + SPARE_SECONDS;
  const command = project.dependsOnTsgi ? join(directory, "node_modules", ".bin", "tsgi") : "/usr/local/bin/tsgi";
  const words = [command, project.target, "--graceful-timeout", String(gracefulTimeout)];
  if (project.socket !== null) words.push("--forwarded-allow-ips", "unix");
  return `[Unit]
Description=${name}, served by TSGI
Requires=${name}.socket
After=network.target ${name}.socket

[Service]
Type=notify
# A helper process sends the notification, because Node cannot write to systemd's socket.
NotifyAccess=all
User=${user}
Group=${user}
WorkingDirectory=${directory.replaceAll("%", "%%")}
Environment=NODE_ENV=production
# Secrets, one NAME=value per line. systemd reads the file as root, so its mode can be 0600. The dash makes it optional.
EnvironmentFile=-/etc/${name}.env
ExecStart=${systemdWords(words)}
ExecReload=/bin/kill -HUP $MAINPID
# SIGTERM goes to the arbiter only, which stops its workers. Whatever is left after TimeoutStopSec is killed.
KillMode=mixed
TimeoutStartSec=90
TimeoutStopSec=${stopSeconds}
WatchdogSec=30
Restart=always
RestartSec=1
LimitNOFILE=65536
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=full
ProtectHome=read-only

[Install]
WantedBy=multi-user.target
`;
}

function socketUnit({ name, port, socket, user }: Project): string {
  const stream = socket ?? `127.0.0.1:${port}`;
  const rights = socket === null ? "" : `SocketUser=${user}\nSocketGroup=www-data\nSocketMode=0660\n`;
  return `[Unit]
Description=Socket of ${name}

[Socket]
ListenStream=${stream}
Backlog=2048
${rights}
[Install]
WantedBy=sockets.target
`;
}
