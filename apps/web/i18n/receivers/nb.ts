import type { Messages } from "../en.ts";

export const receivers: Messages["receivers"] = {
  title: "Mottakere",
  lead: "Hvor varsler går: ordene i en melding, fylt ut med et ekte varsel, og en prøve på om den kommer fram.",
  none: "Det finnes ingen mottaker",
  noneDetail: "Erklær en med receiver(…) i havn.config.ts.",
  channels: "Kanaler",
  noChannels: "Ingen kanal",
  asksFirst: "Spør først nå",
  nobody: "ingen",
  template: "Mal",
  subject: "Emne",
  text: "Tekst",
  templateHint:
    "{{ severity }}, {{ title }}, {{ labels.NAVN }}, {{ each alerts }}{{ summary }}{{ end }}. Det som skrives her, blir prøvd, ikke lagret: legg det inn i havn.config.ts.",
  usual: "de vanlige ordene",
  alert: "Fylt ut med",
  newest: "det nyeste varselet på ruten",
  sources: {
    group: (count) =>
      count === 1
        ? "Et varsel som en rute forteller den om"
        : `${count} varsler som en rute forteller den om`,
    alert: () => "Et varsel som ingen rute forteller den om",
    example: () => "Et eksempel: det er ingen varsler på ruten nå",
  },
  at: (field, line, column, summary) => `${field}, linje ${line}, kolonne ${column}: ${summary}`,
  empty: (names) => `Tomme med disse varslene: ${names}`,
  preview: (name) => `Hva ${name} ville si`,
  test: "Send en prøve",
  testHint: "Merket som prøve. Den åpner ingen hendelse og kan ikke besvares.",
  testing: "Sender …",
  tests: "Prøver",
  taken: "tatt imot",
  failed: "mislyktes",
  noWays: "Den har ingen kanal, og ingen ville bli spurt nå.",
  by: (name) => `av ${name}`,
};
