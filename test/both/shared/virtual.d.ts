/** The text of the public JWS vectors, or undefined when the file is absent; see test/support/public-vectors.ts. */
declare module "virtual:jws-vectors" {
  const text: string | undefined;
  export default text;
}
