// Starts Azurite for the development host. Azurite runs until the host closes its end of standard input, which also
// happens when the host is killed. Ctrl+C in a terminal reaches this process too, but storage must stay available until
// the host has drained, so signals are ignored here.
const [program] = process.argv.splice(2, 1);
let shutdown = () => process.exit(0);

// When the host is killed, writes to the output pipes fail. Azurite must still save its data.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', () => {});
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {});
}

// Azurite's own signal handler is removed and called at the end of standard input instead.
process.on('newListener', (event, handler) => {
  if (event === 'SIGINT' || event === 'SIGTERM') {
    shutdown = handler;
    setImmediate(() => process.off(event, handler));
  }
});

process.stdin.resume().on('end', () => {
  shutdown();
  setTimeout(() => process.exit(0), 3000).unref();
});

// The telemetry package is replaced by an empty object. Telemetry is off, Azurite only keeps a reference to the
// package, and loading it takes 0.9 s of a start of 1.4 s.
const Module = require('node:module');
const load = Module._load;
Module._load = function (request, ...rest) {
  return request === 'applicationinsights' ? {} : load.call(this, request, ...rest);
};

require(program);
