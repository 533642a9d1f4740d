// Azurite for the development host: it lives exactly as long as our end of its standard input, also when we are killed.
// A Ctrl+C in a terminal reaches it too, but storage must serve until the host has drained, so signals do nothing here.
const [program] = process.argv.splice(2, 1);
let shutdown = () => process.exit(0);

// When we are killed, nobody reads its output any more; it must still save its data.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', () => {});
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {});
}

process.on('newListener', (event, azuritesOwn) => {
  if (event === 'SIGINT' || event === 'SIGTERM') {
    shutdown = azuritesOwn;
    setImmediate(() => process.off(event, azuritesOwn));
  }
});

process.stdin.resume().on('end', () => {
  shutdown();
  setTimeout(() => process.exit(0), 3000).unref();
});

// Telemetry is switched off, and its package takes 0.9 s of 1.4 s to load: Azurite only keeps a reference to it.
const Module = require('node:module');
const load = Module._load;
Module._load = function (request, ...rest) {
  return request === 'applicationinsights' ? {} : load.call(this, request, ...rest);
};

require(program);
