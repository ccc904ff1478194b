/**
 * Who may read the console. It listens on loopback, but every web page that its user opens can send requests there, and DNS can
 * lead a stranger's name to 127.0.0.1. So a request is answered only under a name of loopback, not from another origin, and with
 * the cookie that the one-time token in the printed URL was exchanged for. Pure but for the one token.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

export interface Admission {
  /** What a browser has to send from now on; set at the exchange only. */
  readonly setCookie: string | undefined;
}

export interface Refused {
  readonly status: 403 | 405;
  /** A sentence for the person at the browser. */
  readonly message: string;
}

export interface Guard {
  /** For the printed URL; the first request that brings it gets the cookie. */
  readonly token: string;
  admit(request: Request): Admission | Refused;
}

const LOOPBACK: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

/** @param secret makes an unguessable text */
export function createGuard(secret: () => string = () => randomBytes(32).toString("base64url")): Guard {
  const [token, session] = [secret(), secret()];
  let isTokenUsed = false;

  function hasToken(url: URL): boolean {
    const given = url.searchParams.get("token");
    if (isTokenUsed || url.pathname !== "/" || given === null || !isSame(given, token)) return false;
    isTokenUsed = true;
    return true;
  }

  return {
    token,
    admit(request) {
      const url = new URL(request.url);
      const host = request.headers.get("host") ?? "";
      if (!isLoopback(host)) return refuse("This page is served under a name of this machine only: 127.0.0.1.");
      if (request.method !== "GET" && request.method !== "HEAD") {
        return { status: 405, message: "The console only reads: GET is the one method." };
      }
      const origin = request.headers.get("origin");
      if (origin !== null && origin !== `http://${host}`) return refuse("Another web page may not read the console.");
      // Cookies do not tell ports apart, so the name does.
      const name = `sealgate-console-${portOf(host)}`;
      if (hasToken(url)) {
        return { setCookie: `${name}=${session}; Path=/; HttpOnly; SameSite=Strict` };
      }
      const site = request.headers.get("sec-fetch-site") ?? "none";
      if (site !== "none" && site !== "same-origin") return refuse("Another web page may not read the console.");
      const cookie = cookieNamed(name, request.headers.get("cookie") ?? "");
      if (cookie !== undefined && isSame(cookie, session)) return { setCookie: undefined };
      return refuse(
        "The URL that sealgate console prints works once. Stop the command and run it again for a new one.",
      );
    },
  };
}

export function isRefused(answer: Admission | Refused): answer is Refused {
  return "status" in answer;
}

function refuse(message: string): Refused {
  return { status: 403, message };
}

function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host.replace(/:\d{1,5}$/, ""));
}

function portOf(host: string): string {
  return /:(\d+)$/.exec(host)?.[1] ?? "80";
}

function cookieNamed(name: string, header: string): string | undefined {
  const pairs = header.split(";").map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** In a time that says nothing of where two texts differ. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
