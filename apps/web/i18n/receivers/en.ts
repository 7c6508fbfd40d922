/** Who is told, in which words, and whether it arrives. */
export const receivers = {
  title: "Receivers",
  lead: "Where alerts go: the words of a notification, filled in with a real alert, and a test of whether it arrives.",
  none: "There is no receiver",
  noneDetail: "Declare one with receiver(…) in havn.config.ts.",
  channels: "Channels",
  noChannels: "No channel",
  asksFirst: "Asks first now",
  nobody: "nobody",
  template: "Template",
  subject: "Subject",
  text: "Text",
  templateHint:
    "{{ severity }}, {{ title }}, {{ labels.NAME }}, {{ each alerts }}{{ summary }}{{ end }}. What is written here is tried, not kept: put it into havn.config.ts.",
  usual: "the usual words",
  alert: "Filled in with",
  newest: "the newest alert of its route",
  sources: {
    group: (count: number) =>
      count === 1 ? "An alert that a route tells it of" : `${count} alerts that a route tells it of`,
    alert: () => "An alert that no route tells it of",
    example: () => "An example: no alert of its route is there now",
  },
  at: (field: string, line: number, column: number, summary: string) =>
    `${field}, line ${line}, column ${column}: ${summary}`,
  empty: (names: string) => `Empty with these alerts: ${names}`,
  preview: (name: string) => `What ${name} would say`,
  test: "Send a test",
  testHint: "Marked as a test. It opens no incident and cannot be answered.",
  testing: "Sending …",
  tests: "Tests",
  taken: "taken",
  failed: "failed",
  noWays: "It has no channel, and nobody would be asked now.",
  by: (name: string) => `by ${name}`,
};
