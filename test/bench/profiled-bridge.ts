/** The bridge, profiled: what profile.ts has the server start in place of it. */
import './profiled.ts';

await import(import.meta.resolve('@ash-ai/bridge/main'));
