/** What runs where, what goes between, and the one place where private keys are. */
import { arrow, box, element, lines, text } from "./svg.ts";
import type { Colour, Picture } from "./svg.ts";

const SMALL = { fill: "soft", look: "small" } as const;

const REGION_TOP = 20;
const REGION_HEIGHT = 396;

export const ARCHITECTURE: Picture = {
  file: "architecture.svg",
  title: "sealgate: from AWS KMS to your API",
  description:
    "In your AWS account the rotator has AWS KMS sign key sets with the root key, and the issuer has it sign tokens with a token key. " +
    "The private keys are in AWS KMS only. The rotator writes the signed key set, which has public keys only, to Workers KV at Cloudflare. " +
    "The gateway, a Worker, reads it in the background and checks the root key's signature. A client gets a token from the issuer and " +
    "sends it with its request to the gateway, which forwards checked requests to the origin server in your network.",
  width: 880,
  height: 524,
  body: [
    region(20, 330, "Your AWS account", "private keys: in KMS, and never outside of it", "secret"),
    region(410, 220, "Cloudflare", "no private key, no AWS access"),
    region(690, 170, "Your network", "no private key"),

    part(40, 88, 290, 62, "rotator", ["a job that runs every 5 minutes"]),
    box(40, 192, 290, 92, { fill: "secretBack", stroke: "secret", strokeWidth: 2 }),
    lock(62, 214),
    text(104, 222, "AWS KMS", { look: "bold" }),
    lines(104, 244, ["signs with root key and token keys;", "their private halves never leave it"], SMALL, 17),
    part(40, 326, 290, 70, "issuer, in your auth backend", ["claims become a token; it holds no key"]),
    arrow(
      [
        [84, 150],
        [84, 190],
      ],
      "secret",
    ),
    text(96, 175, "Sign the key set, with the root key", { ...SMALL, fill: "secret" }),
    arrow(
      [
        [84, 326],
        [84, 286],
      ],
      "secret",
    ),
    text(96, 310, "Sign each token, with a token key", { ...SMALL, fill: "secret" }),

    part(430, 88, 180, 80, "Workers KV", ["the signed key set:", "public keys only"]),
    box(430, 302, 180, 94, { fill: "accentBack", stroke: "accent", strokeWidth: 2 }),
    text(446, 326, "gateway", { look: "bold" }),
    lines(446, 347, ["a Worker; checks path", "and token; pins the root", "key's public half"], SMALL, 17),
    arrow(
      [
        [330, 119],
        [428, 119],
      ],
      "accent",
    ),
    lines(380, 110, ["key set"], { ...SMALL, fill: "accent", anchor: "middle" }),
    arrow(
      [
        [458, 168],
        [458, 300],
      ],
      "accent",
    ),
    lines(
      470,
      205,
      ["read in the", "background; the root", "key's signature", "is checked"],
      { ...SMALL, fill: "accent" },
      17,
    ),

    part(710, 302, 130, 94, "origin server", ["your API"]),
    arrow(
      [
        [610, 349],
        [708, 349],
      ],
      "good",
    ),
    lines(660, 322, ["checked", "request"], { ...SMALL, fill: "good", anchor: "middle" }, 16),

    part(216, 444, 150, 60, "client", ["app or browser"]),
    arrow(
      [
        [290, 396],
        [290, 442],
      ],
      "good",
    ),
    text(302, 436, "token", { ...SMALL, fill: "good" }),
    arrow(
      [
        [366, 473],
        [520, 473],
        [520, 398],
      ],
      "good",
    ),
    text(378, 464, "request, token", { ...SMALL, fill: "good" }),

    lines(
      548,
      462,
      ["Your tokens pass only if KMS signed them,", "and a key set only if the root key has."],
      { fill: "soft" },
      20,
    ),
  ].join("\n"),
};

function region(x: number, width: number, name: string, note: string, noteColour: Colour = "soft"): string {
  return (
    box(x, REGION_TOP, width, REGION_HEIGHT, { fill: "back", dashed: true }) +
    text(x + 20, REGION_TOP + 28, name, { look: "bold large" }) +
    text(x + 20, REGION_TOP + 48, note, { fill: noteColour, look: "small" })
  );
}

function part(x: number, y: number, width: number, height: number, name: string, notes: readonly string[]): string {
  return (
    box(x, y, width, height) + text(x + 16, y + 25, name, { look: "bold" }) + lines(x + 16, y + 46, notes, SMALL, 17)
  );
}

/** @param x of its left edge */
function lock(x: number, y: number): string {
  const shackle = `M${x + 5} ${y + 14}v-6a8 8 0 0 1 16 0v6`;
  return (
    element("path", { class: "s-secret", d: shackle, fill: "none", "stroke-width": 3 }) +
    element("rect", { class: "f-secret", x, y: y + 14, width: 26, height: 20, rx: 4 }) +
    element("circle", { class: "f-secretBack", cx: x + 13, cy: y + 23, r: 3 })
  );
}
