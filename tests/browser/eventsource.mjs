// Follows a stream with the npm package eventsource until it closes, and prints what came.
import { EventSource } from 'eventsource';

const { address, key } = JSON.parse(process.argv[2]);
const Patience = 10_000; // More than two pauses between connections, which are 3 s.
const statuses = [];
const data = [];
const source = new EventSource(address, {
  fetch: async (url, init) => {
    const response = await fetch(url, { ...init, headers: { ...init.headers, Authorization: `Bearer ${key}` } });
    statuses.push(response.status);
    return response;
  },
});
source.onmessage = event => data.push(JSON.parse(event.data));
setTimeout(() => {
  console.log(JSON.stringify({ statuses, data, isClosed: source.readyState === EventSource.CLOSED }));
  source.close();
}, Patience);
