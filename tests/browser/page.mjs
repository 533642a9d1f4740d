// Opens a page in Chromium, calls the API from it, and prints what the page has got.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const { page: address, ...input } = JSON.parse(process.argv[2]);
const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = places.find(place => place && existsSync(place));
if (!executablePath) {
  throw new Error('Chromium is not installed; the variable CHROMIUM may name it.');
}

// Runs within the page, so it may use nothing from outside.
async function callFromPage({ api, key, chatbot }) {
  async function call(path, method = 'GET', body = undefined, headers = {}) {
    const json = body === undefined ? {} : { 'Content-Type': 'application/json' };
    try {
      const response = await fetch(api + path, {
        method,
        body: body === undefined ? undefined : JSON.stringify(body),
        headers: { Authorization: `Bearer ${key}`, ...json, ...headers },
      });
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await response.text(),
      };
    } catch (error) {
      return { error: error.name };
    }
  }

  const message = { message: 'From a page' };
  const results = {
    list: await call('v1/conversations?pageSize=1'),
    created: await call('v1/conversations', 'POST', { title: 'From a page' }),
    posted: await call('v1/conversations/1/messages', 'POST', message, { 'Idempotency-Key': 'page' }),
    replayed: await call('v1/conversations/1/messages', 'POST', message, { 'Idempotency-Key': 'page' }),
    counted: await call('v1/chat-messages?chatId=1&limit=1'),
    head: await call('v1/conversations/1', 'HEAD'),
    stale: await call('v1/conversations/1', 'PATCH', { title: 'x' }, { 'If-Match': '"99"' }),
    unmodified: await call(`v1/chatbots/${chatbot}`, 'GET', undefined, { 'If-None-Match': '"1"' }),
    unknown: await call('v1/nothing'),
    missing: await call('v1/conversations/999999'),
    unauthenticated: await call('v1/conversations', 'GET', undefined, { Authorization: 'Bearer wrong' }),
    stream: await call(`v1/chatbots/${chatbot}/completions`, 'POST', { isStreaming: true, message: { content: '/words 3' } }),
  };
  const events = (results.stream.headers?.location ?? `${api}v1/completions/1`).slice(api.length) + '/events';
  results.resumed = await call(events, 'GET', undefined, { 'Last-Event-ID': '1' });
  results.over = await call(events, 'GET', undefined, { 'Last-Event-ID': '99' });
  return results;
}

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage();
  await page.goto(address);
  console.log(JSON.stringify(await page.evaluate(callFromPage, input)));
} finally {
  await browser.close();
}
