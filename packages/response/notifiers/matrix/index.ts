import { request, type Send } from "../notifier.ts";

/**
 * A message into a room (Client-Server API, v3: PUT …/send/m.room.message/{txnId}). The transaction's id is the
 * message's: a server counts the same one once.
 */
export const send: Send<{ homeserver: string; room: string; token: string }> = async (
  { homeserver, room, token },
  message,
  signal,
) => {
  const base = homeserver.replace(/\/+$/, "");
  const target = room.startsWith("#") ? await resolveAlias({ base, room, token }, signal) : room;
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(target)}/send/m.room.message/${message.id}`;
  const { text } = await request(`${base}${path}`, {
    method: "PUT",
    signal,
    body: JSON.stringify({
      msgtype: "m.text",
      body: `${message.subject}\n${message.text}\n${message.url}`,
      format: "org.matrix.custom.html",
      formatted_body: `<p><strong><a href="${escapeHtml(message.url)}">${escapeHtml(message.subject)}</a></strong></p><p>${escapeHtml(message.text).replaceAll("\n", "<br>")}</p>`,
    }),
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
  });
  return `taken as ${(JSON.parse(text) as { event_id?: string }).event_id ?? "an event"}`;
};

async function resolveAlias(
  { base, room, token }: { base: string; room: string; token: string },
  signal: AbortSignal,
): Promise<string> {
  const { text } = await request(`${base}/_matrix/client/v3/directory/room/${encodeURIComponent(room)}`, {
    ...{ method: "GET", signal, headers: { authorization: `Bearer ${token}` } },
  });
  const { room_id: id } = JSON.parse(text) as { room_id?: string };
  if (id === undefined) throw new Error(`the server knows no room ${room}`);
  return id;
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (character) => entities[character] ?? "");
