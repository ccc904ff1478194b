/**
 * Imports a bundled Lambda handler and invokes it once, as a cold container does; prints what that took.
 */
const [bundle, event] = process.argv.slice(2);
const start = performance.now();
const { handler } = await import(bundle);
const loaded = performance.now();
await handler(JSON.parse(event));
const { user, system } = process.cpuUsage();
const times = { loadMs: loaded - start, firstMs: performance.now() - loaded, cpuMs: (user + system) / 1000 };
process.stdout.write(JSON.stringify(times));
