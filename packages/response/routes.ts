import { defineRoute, RawResponse, type Route } from "@havn/http";
import { z } from "zod";
import { htmlAnswer } from "./html.ts";
import { answerPage } from "./pages/answer-page.ts";
import type { Paging } from "./pages/paging.ts";
import { pagingRoutes } from "./pages/view.ts";
import { type ScheduleRoutesOptions, scheduleRoutes } from "./schedules/routes.ts";

export interface RoutesOptions extends ScheduleRoutesOptions {
  paging: Paging;
}

const done = z.object({ done: z.boolean() });

export const responseRoutes = (options: RoutesOptions): Route[] => [
  ...answerRoutes(options),
  ...pagingRoutes(options),
  ...scheduleRoutes(options),
];

function answerRoutes({ paging }: RoutesOptions): Route[] {
  const params = z.object({ token: z.string().max(1000) });
  const foreign = () => htmlAnswer(answerPage({ kind: "unknown" }), 404);
  return [
    defineRoute({
      method: "GET",
      path: "/answer/:token",
      summary: "Shows the page that a link is about; opening it answers nothing",
      access: { public: "whoever was paged holds the link; mail scanners may open it without harm" },
      params,
      response: z.unknown(),
      async handle({ params: { token } }) {
        const found = await paging.look(token);
        return found ? htmlAnswer(answerPage({ kind: "ask", ...found })) : foreign();
      },
    }),
    defineRoute({
      method: "POST",
      path: "/answer/:token",
      summary: "Answers a page: nobody else is asked while the answer holds",
      access: { public: "the token is one person's, for one page, and good once" },
      params,
      consumes: "form",
      response: z.unknown(),
      async handle({ params: { token } }) {
        const answered = await paging.answer(token);
        if (answered === undefined) return foreign();
        return htmlAnswer(answerPage({ kind: answered ? "thanks" : "used" }), answered ? 200 : 409);
      },
    }),
    defineRoute({
      method: "POST",
      path: "/answer/:token/voice",
      summary: "A key that was pressed during a call: 1 answers the page",
      access: { public: "the token is one person's, for one page, and good once" },
      params,
      consumes: "form",
      body: z.object({ Digits: z.string().optional() }),
      response: z.unknown(),
      async handle({ params: { token }, body }) {
        const answered = body.Digits === "1" ? await paging.answer(token) : undefined;
        const say = answered === undefined ? "Nothing was answered." : "Thank you.";
        return new RawResponse(
          `<?xml version="1.0" encoding="UTF-8"?><Response><Say>${say}</Say></Response>`,
          {
            "content-type": "text/xml; charset=utf-8",
          },
        );
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/pages/:id/acknowledge",
      summary: "Answers a page as whoever is signed in",
      access: { action: "page:acknowledge", resource: ({ params: { id } }) => id },
      params: z.object({ id: z.string() }),
      response: done,
      handle: async ({ params: { id }, identity }) => ({
        done: await paging.acknowledge(id, identity.actor),
      }),
    }),
  ];
}
