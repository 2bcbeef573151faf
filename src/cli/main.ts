import { run } from "./program.ts";

process.exitCode = await run(process.argv.slice(2));

// What a worker's handler left open, a timer or a connection, doesn't keep the command alive; what was printed gets out first.
await Promise.allSettled([process.stdout, process.stderr].map((stream) => new Promise((done) => { stream.write("", done); })));
process.exit();
