/** What a receiver is previewed and tried with. */
export const templateOptions = {
  alert: {
    type: "string",
    value: "ID",
    description: "fingerprint of an alert, as `havn alerts --json` shows it",
  },
  subject: { type: "string", value: "TEMPLATE", description: "instead of the declared subject" },
  text: { type: "string", value: "TEMPLATE", description: "instead of the declared text" },
} as const;

interface Asked {
  alert?: string | undefined;
  subject?: string | undefined;
  text?: string | undefined;
}

export function askedTemplate({ alert, subject, text }: Asked) {
  const template = { ...(subject !== undefined && { subject }), ...(text !== undefined && { text }) };
  return {
    ...(alert !== undefined && { alert }),
    ...(Object.keys(template).length > 0 && { template }),
  };
}

export const receiverPath = (environment: string, name: string): string =>
  `/api/v1/receivers/${encodeURIComponent(environment)}/${encodeURIComponent(name)}`;
