import { type HostHandle, systemdUnit } from "havn";

export default (web1: HostHandle): void => {
  const nightly = systemdUnit("nightly", {
    host: web1,
    content: "[Service]\nType=oneshot\nExecStart=/bin/true\n",
    enabled: null,
    active: null,
  });
  systemdUnit("nightly.timer", {
    host: web1,
    content: "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n",
    dropIns: { spread: "[Timer]\nRandomizedDelaySec=600\n" },
    dependsOn: nightly,
  });
};
