// What every flow has: a client of a merchant of its own, and a network that can be made to fail.
import { randomUUID } from "node:crypto";
import http from "node:http";
import Stripe from "stripe";

const [host, port] = process.argv.slice(2);
const registered = [];

/** Declares a flow; its name is what pytest shows. */
export function flow(name, run) {
  registered.push({ name, run });
}

/** A client of this key's merchant; more settings may be given, and another port. */
export function clientOf(key, settings = {}) {
  return new Stripe(key, { protocol: "http", host, port: Number(port), maxNetworkRetries: 0, ...settings });
}

export function newKey() {
  return `sk_test_${randomUUID().replaceAll("-", "")}`;
}

/** The parameters of a payment that is made and confirmed in one call. */
export function payment(more = {}) {
  return {
    amount: 2000,
    currency: "usd",
    payment_method: "pm_card_visa",
    allowed_payment_method_types: ["card"],
    confirm: true,
    ...more,
  };
}

/** What a promise is refused with; fails when it is kept. */
export async function refusalOf(promise) {
  const kept = await promise.then(
    (value) => ({ value }),
    (error) => error,
  );
  if (kept instanceof Error) return kept;
  throw new Error(`was not refused: ${JSON.stringify(kept.value).slice(0, 200)}`);
}

/** Carries requests to the server, and keeps the answers to the first `losing` of them for itself. */
export async function lossyProxy(losing) {
  const statuses = [];
  const keys = [];
  const server = http.createServer((request, response) => {
    const options = { host, port, path: request.url, method: request.method, headers: request.headers };
    const onward = http.request({ ...options, agent: false }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => {
        statuses.push(answer.statusCode);
        keys.push(request.headers["idempotency-key"]);
        if (statuses.length <= losing) {
          request.socket.destroy();
          return;
        }
        response.writeHead(answer.statusCode, answer.headers);
        response.end(Buffer.concat(parts));
      });
    });
    request.pipe(onward);
  });
  return { ...(await listening(server)), statuses, keys };
}

/** An endpoint that answers what it is told, then 200, and gives what came. */
export async function receiver(...answers) {
  const came = [];
  const waiting = [];
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      came.push({ headers: request.headers, body: Buffer.concat(parts) });
      response.writeHead(answers.shift() ?? 200);
      response.end();
      for (const look of [...waiting]) look();
    });
  });
  /** Waits until something has come that `wanted` says yes to, and gives it. */
  const first = (wanted, times = 1) =>
    new Promise((resolve, reject) => {
      const told = () => came.map((each) => each.body.toString().slice(0, 80)).join("; ");
      const timer = setTimeout(() => reject(new Error(`did not come; what came: ${told()}`)), 15000);
      const look = () => {
        const found = came.filter((each) => wanted(JSON.parse(each.body)));
        if (found.length < times) return;
        clearTimeout(timer);
        waiting.splice(waiting.indexOf(look), 1);
        resolve(found);
      };
      waiting.push(look);
      look();
    });
  const open = await listening(server);
  return { ...open, url: `http://127.0.0.1:${open.port}/webhooks`, came, first };
}

async function listening(server) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { port: server.address().port, close };
}

/** Runs every flow, a few at a time, and prints a line of JSON about each. */
export async function runAll(atOnce = 4) {
  const left = [...registered];
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const key = newKey();
      const told = { name: next.name, error: null };
      try {
        await next.run({ stripe: clientOf(key), key });
      } catch (error) {
        told.error = String(error.stack ?? error);
      }
      process.stdout.write(`${JSON.stringify(told)}\n`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
