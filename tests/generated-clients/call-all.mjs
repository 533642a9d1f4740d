// Generates a TypeScript client of each document, checks the types of one call of each operation, makes the calls, and
// prints their statuses. The argument is the path of a JSON file: a list of
// { name, document, api, key, adminKey, calls: [{ id, access, method, path, params, body, mediaType, answers }] }.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import openapiTypescript, { astToString } from 'openapi-typescript';
import typescript from 'typescript';

const clients = JSON.parse(readFileSync(process.argv[2], 'utf8'));

// Beside node_modules, so that the compiler finds the packages.
const folder = join(dirname(fileURLToPath(import.meta.url)), `clients-${process.pid}`);
mkdirSync(folder);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');

function reader(answers) {
  if (answers.some(type => type.endsWith('json'))) {
    return 'json';
  }
  return answers.some(type => type.startsWith('text/')) ? 'text' : 'arrayBuffer';
}

function source({ name, calls }) {
  const functions = calls.map(({ id, method, path, params, body, mediaType, answers }) => {
    const filled = Object.fromEntries(Object.entries(params).filter(([, values]) => Object.keys(values).length > 0));
    const options = [`params: ${JSON.stringify(filled)}`, `parseAs: ${JSON.stringify(reader(answers))}`];
    if (body !== null) {
      options.push(`body: ${JSON.stringify(body)}`);
    }
    if (mediaType === 'multipart/form-data') {
      options.push('bodySerializer: form');
    } else if (mediaType === 'application/x-www-form-urlencoded') {
      options.push(`headers: { 'Content-Type': ${JSON.stringify(mediaType)} }`);
    }
    return `  ${id}: () => client.${method}(${JSON.stringify(path)}, { ${options.join(', ')} }),`;
  });
  return `import createClient from 'openapi-fetch';
import type { paths } from './${name}.types';

function form(fields: Record<string, unknown>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'file') {
      data.append(name, new Blob([String(value)], { type: 'text/plain' }), 'a.txt');
    } else {
      data.append(name, String(value));
    }
  }
  return data;
}

export default (baseUrl: string, headers: Record<string, string>) => {
  const client = createClient<paths>({ baseUrl, headers });
  return {
${functions.join('\n')}
  };
};
`;
}

const files = [];
for (const client of clients) {
  const types = await openapiTypescript(pathToFileURL(client.document), { silent: true });
  writeFileSync(join(folder, `${client.name}.types.ts`), astToString(types));
  files.push(join(folder, `${client.name}.ts`));
  writeFileSync(files.at(-1), source(client));
}

const program = typescript.createProgram(files, {
  strict: true,
  target: typescript.ScriptTarget.ES2022,
  module: typescript.ModuleKind.ESNext,
  moduleResolution: typescript.ModuleResolutionKind.Bundler,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  types: [],
  skipLibCheck: true,
});
const { diagnostics } = program.emit();
const errors = [...typescript.getPreEmitDiagnostics(program), ...diagnostics];
if (errors.length > 0) {
  const host = { getCurrentDirectory: () => folder, getCanonicalFileName: name => name, getNewLine: () => '\n' };
  console.error(typescript.formatDiagnostics(errors, host));
  process.exit(1);
}

// The clients are independent of each other; the calls of one follow each other.
const results = await Promise.all(clients.map(async ({ name, api, key, adminKey, calls }, index) => {
  const { default: create } = await import(pathToFileURL(files[index].replace(/\.ts$/, '.js')));
  const bearer = token => create(api, { Authorization: `Bearer ${token}` });
  const made = { key: bearer(key), administrator: bearer(adminKey), none: create(api, {}) };
  const statuses = {};
  for (const { id, access } of calls) {
    const { response, data, error } = await made[access][id]();
    statuses[id] = response.ok ? response.status : `${response.status} ${JSON.stringify(error)}`;
    if (response.ok && response.status !== 204 && data === undefined) {
      statuses[id] = `${response.status} without data`;
    }
  }
  return [name, statuses];
}));
console.log(JSON.stringify(Object.fromEntries(results)));
