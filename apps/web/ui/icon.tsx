/** Outlines on a 24-unit grid, drawn with the text's own colour. */
const paths = {
  healthy: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM8 12.2l2.8 2.8L16.2 9.4",
  unhealthy: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM9 9l6 6M15 9l-6 6",
  warning: "M12 4 2.8 20h18.4L12 4ZM12 10v4.5M12 17.2v.1",
  starting: "M12 3a9 9 0 1 0 9 9M12 7.5V12l3 2",
  stopped: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM9.5 9.5h5v5h-5z",
  unknown: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM9.6 9.6a2.5 2.5 0 1 1 3.4 2.6c-.7.3-1 .8-1 1.5M12 16.6v.1",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 11v5.5M12 7.6v.1",
  overview: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  map: "M5 8.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM19 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM5 20.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM7.4 6.500l9.3 4.600M7.4 17.500l9.3-4.6",
  explore: "M3.5 18.500l5.500-6 4 3.500 7.500-9.500M16 6.500h4.500V11",
  zoomOut: "M10.500 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.200 15.200 20.500 20.500M7.5 10.500h6",
  plus: "M12 5v14M5 12h14",
  dashboards: "M4 4h16v5H4zM4 12h7v8H4zM14 12h6v8h-6z",
  expand: "M14 4h6v6M20 4l-6.500 6.500M10 20H4v-6M4 20l6.500-6.500",
  pencil: "M4 20l1-4.500L16 4.500l3.500 3.500L8.500 19 4 20ZM13.500 7l3.500 3.500",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  move: "M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3",
  undo: "M9 7 4.500 11.500 9 16M4.500 11.500H14a5.500 5.500 0 0 1 0 8h-2",
  history: "M4 12a8 8 0 1 0 2.500-5.800L4 8.500M4 4v4.500h4.500M12 8v4.500l3 2",
  settings: "M4 7h10M18 7h2M4 17h4M12 17h8M16 5v4M10 15v4",
  timeline: "M6 3v18M6 7h12M6 12h9M6 17h12M4.5 7h3M4.5 12h3M4.5 17h3",
  alert: "M6 16.500V11a6 6 0 1 1 12 0v5.500l1.5 2h-15l1.5-2ZM10 21h4",
  host: "M4 5h16v6H4zM4 13h16v6H4zM7.5 8v.1M7.5 16v.1",
  service: "M12 3 4 7.500v9L12 21l8-4.500v-9L12 3ZM4 7.500l8 4.5 8-4.500M12 12v9",
  balancer:
    "M12 4v6M12 10 5.5 16M12 10l6.5 6M12 4a1.5 1.5 0 1 0 0-.1M5 20a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM19 20a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM12 16v4",
  clients:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c.4-4 3-6 6.5-6s6.1 2 6.5 6M16 4.300a3.5 3.5 0 0 1 0 6.400M18 14.600c2 .8 3.2 2.6 3.5 5.4",
  deploy: "M12 20V5M6 11l6-6 6 6",
  rollback: "M4 9h11a5 5 0 0 1 0 10h-5M4 9l4.5-4.500M4 9l4.5 4.5",
  drift: "M4 8h9M17 8h3M4 16h3M11 16h9M15 5.500v5M9 13.500v5",
  key: "M8 15a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 11h9M17.5 11v4M21 11v3",
  external: "M10 5H5v14h14v-5M14 4h6v6M20 4l-9 9",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2.500v2M12 19.500v2M2.5 12h2M19.5 12h2M5.3 5.300l1.4 1.400M17.3 17.300l1.4 1.400M5.3 18.700l1.4-1.400M17.3 6.700l1.4-1.4",
  moon: "M20 14.500A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.500Z",
  screen: "M3 5h18v11H3zM9 20h6M12 16v4",
  keyboard: "M2.5 6h19v12h-19zM6.5 10v.1M10 10v.1M14 10v.1M17.5 10v.1M8 14h8",
  signout: "M14 4H5v16h9M10 12h11M17.5 8.5 21 12l-3.5 3.5",
  play: "M7 5v14l11-7L7 5Z",
  pause: "M8 5v14M16 5v14",
  check: "M5 12.500l4.5 4.500L19 7.5",
  chevron: "M9 5l7 7-7 7",
  mute: "M6 16.500V11a6 6 0 0 1 9.500-4.900M18 10.500v6l1.500 2h-15l1.500-2M10 21h4M4 3.500l16 17",
  link: "M9.5 14.500l5-5M8 11l-2.500 2.500a3.540 3.540 0 0 0 5 5L13 16M16 13l2.500-2.500a3.540 3.540 0 0 0-5-5L11 8",
  phone: "M7 3h10v18H7zM10.500 18h3",
  incident: "M13 3 5 13.500h6L10 21l9-11h-6.500L13 3Z",
  calendar: "M4 6h16v14H4zM4 10.500h16M8.500 3.500v4M15.500 3.500v4",
  runbook: "M6 3.500h9l4 4V20.500H6zM14.500 3.500v4.500H19M9.500 12.500l1.500 1.500-1.500 1.500M13 16h3",
  checks:
    "M4 6.500l1.500 1.500L8.500 5M4 12.500l1.500 1.500 3-3M4 18.500l1.500 1.500 3-3M12 7h8M12 13h8M12 19h8",
  edit: "M4 20h4L19.500 8.500l-4-4L4 16v4ZM13.500 6.500l4 4",
  globe:
    "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM3 12h18M12 3c2.500 2.500 3.700 5.500 3.700 9S14.500 18.500 12 21c-2.500-2.500-3.700-5.500-3.700-9S9.500 5.500 12 3Z",
  database:
    "M12 4c4.4 0 7.5 1.2 7.5 3S16.4 10 12 10 4.5 8.8 4.5 7 7.6 4 12 4ZM4.5 7v10c0 1.8 3.1 3 7.5 3s7.5-1.2 7.5-3V7M4.5 12c0 1.8 3.1 3 7.5 3s7.5-1.2 7.5-3",
} as const;

export type IconName = keyof typeof paths;

/** Decoration: what it says must stand in text beside it, or in `label` where there is no room. */
export function Icon({ name, size = 16, label }: { name: IconName; size?: number; label?: string }) {
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: named by aria-label, or hidden because text stands beside it
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}
    >
      <path d={paths[name]} />
    </svg>
  );
}
