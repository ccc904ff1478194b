/** What the demo prints: a compact account of what was sent, what came back and why. Fails at the first surprise. */
import { styleText } from "node:util";
import type { Gateway } from "./gateway.ts";

/** An answer that was not the expected one. */
export class SurpriseError extends Error {}

export interface Sending {
  readonly what: string;
  readonly expect: number;
  readonly token?: string;
  readonly path?: string;
}

export interface Transcript {
  title(text: string): void;
  note(text: string): void;
  step(text: string): void;
  fact(name: string, text: string): void;
  /** Sends a request to the gateway, prints the answer, and throws SurpriseError unless it has the expected status. */
  send(gateway: Gateway, sending: Sending): Promise<void>;
  surprise(text: string): void;
  end(text: string): void;
  /** Answers that were as expected. */
  checks(): number;
}

const WIDTH = 34;

/** @param stream where to write; colours only where the stream is a terminal and NO_COLOR is not set */
export function createTranscript(stream: NodeJS.WriteStream): Transcript {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string => styleText(style, text, { stream });
  const line = (text: string): void => void stream.write(`${text}\n`);
  let steps = 0;
  let checks = 0;
  return {
    title: (text) => line(paint("bold", text)),
    note: (text) => line(text),
    step(text) {
      steps += 1;
      line(`\n${paint("bold", `${String(steps)}  ${text}`)}`);
    },
    fact: (name, text) => line(`   ${name.padEnd(12)} ${text}`),
    async send(gateway, sending) {
      const answer = await request(gateway, sending);
      const isExpected = answer.status === sending.expect;
      const mark = paint(isExpected ? "green" : "red", `${isExpected ? "✓" : "✗"} ${String(answer.status)}`);
      line(`   ${sending.what.padEnd(WIDTH)} ${mark}  ${answer.explanation}`);
      if (!isExpected)
        throw new SurpriseError(`${sending.what}: expected ${String(sending.expect)}, got ${String(answer.status)}`);
      checks += 1;
    },
    surprise: (text) => line(`\n${paint("red", "Surprise:")} ${text}`),
    end: (text) => line(`\n${paint("green", text)}`),
    checks: () => checks,
  };
}

interface Answer {
  readonly status: number;
  readonly explanation: string;
}

async function request(gateway: Gateway, { token, path = "/api/orders" }: Sending): Promise<Answer> {
  gateway.takeEvents();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${gateway.url}${path}`, { headers, redirect: "manual" });
  const body: unknown = await response.json();
  return { status: response.status, explanation: explain(response, body, await refusalCode(gateway, response)) };
}

/** The gateway tells the client little and its log all: the log line is what explains a refusal. */
async function refusalCode(gateway: Gateway, response: Response): Promise<string | undefined> {
  if (response.ok) return undefined;
  for (let attempt = 0; attempt < 50; attempt += 1) {
    for (const event of gateway.takeEvents()) {
      const refusal = event["refusal"];
      if (isRecord(refusal) && typeof refusal["code"] === "string") return refusal["code"];
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return undefined;
}

function explain(response: Response, body: unknown, refusal: string | undefined): string {
  const { code, identity } = isRecord(body) ? body : {};
  if (response.ok) return `origin saw ${JSON.stringify(identity)}`;
  const told = String(code);
  return refusal === undefined || refusal === told ? told : `${told.padEnd(18)} log: ${refusal}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
