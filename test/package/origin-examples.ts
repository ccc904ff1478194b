/** What stands around the examples of docs/origin.md, so that they can be run: a gateway before them, a program about them. */
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import type { PackageProject } from "./package-project.ts";

/** A module: the gateway of the package forwards a request, and prints the assertion that the origin gets with it. */
export const GATEWAY_REQUEST: string = `
  import { assertion, createGateway, defineRoutes } from "sealgate/edge-verifier";
  console.log = () => {};
  const { ASSERTION_KEY, METHOD, TARGET } = process.env;
  const gateway = createGateway(defineRoutes([{ path: "/*", allow: "anyone" }]), { features: [assertion] });
  let sent;
  const env = {
    ISSUER: "https://auth.example.com", AUDIENCE: "https://api.example.com", KEY_SETS: { get: async () => null },
    TRUST_ANCHORS: '[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA"}]',
    ORIGIN_URL: "https://origin.example.com", ASSERTION_KEY,
    ORIGIN: { fetch: async (request) => { sent = request.headers.get("x-sealgate-assertion"); return new Response("ok"); } },
  };
  const waits = { waitUntil() {}, passThroughOnException() {} };
  await gateway.fetch(new Request("https://api.example.com" + TARGET, { method: METHOD }), env, waits);
  process.stdout.write(JSON.stringify(sent ?? null));
`;

/** Arguments: public JWK, assertion, target. */
export const PYTHON_PROGRAM: string = `
import sys
jwk = json.loads(sys.argv[1])
keys = {jwk["kid"]: Ed25519PublicKey.from_public_bytes(b64(jwk["x"]))}
try:
    verify(sys.argv[2], "GET", sys.argv[3], keys, "https://origin.example.com")
    print("ok")
except Exception:
    print("refused")
`;

/** As for Python; the example is appended. */
export const GO_PROGRAM: string = `package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	var jwk struct{ Kid, X string }
	json.Unmarshal([]byte(os.Args[1]), &jwk)
	x, _ := base64.RawURLEncoding.DecodeString(jwk.X)
	r := &http.Request{Method: "GET", RequestURI: os.Args[3], Header: http.Header{}}
	r.Header.Set("X-Sealgate-Assertion", os.Args[2])
	keys := map[string]ed25519.PublicKey{jwk.Kid: x}
	if _, err := verify(r, keys, "https://origin.example.com", time.Now().Unix()); err != nil {
		fmt.Println("refused")
	} else {
		fmt.Println("ok")
	}
}

`;

export interface OriginProgram {
  readonly url: string;
  stop(): void;
}

/** Starts the program of the page, on a free port instead of the one that it shows. */
export async function startOrigin(project: PackageProject, code: string, publicKey: string): Promise<OriginProgram> {
  const port = await freePort();
  await project.write("origin.ts", code.replace("8080", String(port)));
  const env = { PATH: dirname(process.execPath), GATEWAY_KEY: publicKey };
  const child = spawn("node", ["origin.ts"], { cwd: project.folder, env, stdio: ["ignore", "inherit", "inherit"] });
  const url = `http://127.0.0.1:${String(port)}`;
  while (
    child.exitCode === null &&
    !(await fetch(url).then(
      () => true,
      () => false,
    ))
  ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { url, stop: () => void child.kill() };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
