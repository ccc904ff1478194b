/**
 * The checks all contenders make, in jose's words.
 */
import type { JWTVerifyOptions } from "jose";
import type { Settings } from "./settings.ts";

export function joseOptions(settings: Settings): JWTVerifyOptions {
  return {
    algorithms: [settings.alg],
    issuer: settings.issuer,
    audience: settings.audience,
    requiredClaims: ["exp"],
    clockTolerance: 60,
    typ: "at+jwt",
  };
}
