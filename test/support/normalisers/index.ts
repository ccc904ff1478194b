/** The origins whose reading of a path the gateway is held against. */
import { express } from "./express.ts";
import { go } from "./go.ts";
import { iis } from "./iis.ts";
import { naive } from "./naive.ts";
import { nginx } from "./nginx.ts";
import type { Normaliser } from "./parts.ts";
import { php } from "./php.ts";
import { suffixes } from "./suffixes.ts";
import { tomcat } from "./tomcat.ts";
import { werkzeug } from "./werkzeug.ts";

export const NORMALISERS: readonly Normaliser[] = [nginx, express, go, werkzeug, tomcat, php, iis, naive, suffixes];
