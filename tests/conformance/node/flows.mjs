// Flows with Stripe's library for Node, written as servers write them. Each has a merchant of its own.
import assert from "node:assert/strict";
import net from "node:net";
import Stripe from "stripe";
import { clientOf, flow, lossyProxy, newKey, payment, refusalOf, runAll } from "./stage.mjs";

const { errors } = Stripe;

flow("a payment created and confirmed at once succeeds", async ({ stripe }) => {
  const intent = await stripe.paymentIntents.create(payment({ metadata: { order: "1" } }));
  assert.equal(intent.status, "succeeded");
  assert.equal(intent.amount_received, 2000);
  assert.equal(intent.metadata.order, "1");
  assert.match(intent.id, /^pi_/);
  assert.equal(intent.last_payment_error, null);
  assert.equal(intent.next_action, null);
});

flow("an intent is created, updated and confirmed", async ({ stripe }) => {
  const made = await stripe.paymentIntents.create({
    amount: 1500,
    currency: "eur",
    allowed_payment_method_types: ["card"],
  });
  assert.equal(made.status, "requires_payment_method");
  const ready = await stripe.paymentIntents.update(made.id, { payment_method: "pm_card_mastercard" });
  assert.equal(ready.status, "requires_confirmation");
  const paid = await stripe.paymentIntents.confirm(made.id);
  assert.equal(paid.status, "succeeded");
  assert.deepEqual(await stripe.paymentIntents.retrieve(made.id), paid);
});

flow("automatic methods without redirects need no return_url", async ({ stripe }) => {
  const automatic_payment_methods = { enabled: true, allow_redirects: "never" };
  const wanted = { ...payment(), allowed_payment_method_types: undefined, automatic_payment_methods };
  assert.equal((await stripe.paymentIntents.create(wanted)).status, "succeeded");
});

flow("what is held is captured in part", async ({ stripe }) => {
  const held = await stripe.paymentIntents.create(payment({ amount: 3000, capture_method: "manual" }));
  assert.equal(held.status, "requires_capture");
  assert.equal(held.amount_capturable, 3000);
  const taken = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 1200 });
  assert.equal(taken.status, "succeeded");
  assert.equal(taken.amount_received, 1200);
  const charge = await stripe.charges.retrieve(taken.latest_charge);
  assert.equal(charge.amount_captured, 1200);
});

flow("what is held is let go", async ({ stripe }) => {
  const held = await stripe.paymentIntents.create(payment({ capture_method: "manual" }));
  const gone = await stripe.paymentIntents.cancel(held.id, { cancellation_reason: "duplicate" });
  assert.equal(gone.status, "canceled");
  assert.equal(gone.cancellation_reason, "duplicate");
  assert.equal(typeof gone.canceled_at, "number");
});

flow("a payment is refunded in parts and then no more", async ({ stripe }) => {
  const intent = await stripe.paymentIntents.create(payment());
  const part = await stripe.refunds.create({ payment_intent: intent.id, amount: 500 });
  assert.equal(part.status, "succeeded");
  const rest = await stripe.refunds.create({ charge: intent.latest_charge });
  assert.equal(rest.amount, 1500);
  const refusal = await refusalOf(stripe.refunds.create({ payment_intent: intent.id }));
  assert.ok(refusal instanceof errors.StripeInvalidRequestError);
  assert.equal(refusal.code, "charge_already_refunded");
});

flow("a decline is a StripeCardError", async ({ stripe }) => {
  const refusal = await refusalOf(
    stripe.paymentIntents.create(
      payment({ payment_method: "pm_card_visa_chargeDeclinedInsufficientFunds" }),
    ),
  );
  assert.ok(refusal instanceof errors.StripeCardError);
  assert.equal(refusal.type, "StripeCardError");
  assert.equal(refusal.rawType, "card_error");
  assert.equal(refusal.statusCode, 402);
  assert.equal(refusal.code, "card_declined");
  assert.equal(refusal.decline_code, "insufficient_funds");
  assert.match(refusal.charge, /^ch_/);
  assert.equal(refusal.payment_intent.status, "requires_payment_method");
  assert.equal(refusal.payment_method.card.last4, "9995");
  assert.match(refusal.requestId, /^req_/);
  const paid = await stripe.paymentIntents.confirm(refusal.payment_intent.id, {
    payment_method: "pm_card_visa",
  });
  assert.equal(paid.status, "succeeded");
});

flow("an unknown id is a StripeInvalidRequestError", async ({ stripe }) => {
  const refusal = await refusalOf(stripe.paymentIntents.retrieve("pi_3NeverHeardOf"));
  assert.ok(refusal instanceof errors.StripeInvalidRequestError);
  assert.equal(refusal.statusCode, 404);
  assert.equal(refusal.code, "resource_missing");
  assert.equal(refusal.param, "intent");
});

flow("a missing parameter is named", async ({ stripe }) => {
  const refusal = await refusalOf(stripe.paymentIntents.create({ currency: "usd" }));
  assert.ok(refusal instanceof errors.StripeInvalidRequestError);
  assert.equal(refusal.code, "parameter_missing");
  assert.equal(refusal.param, "amount");
});

flow("an unknown parameter is named", async ({ stripe }) => {
  const refusal = await refusalOf(stripe.customers.create({ shipping: { name: "Jenny", hat: "red" } }));
  assert.equal(refusal.code, "parameter_unknown");
  assert.equal(refusal.param, "shipping[hat]");
});

flow("what cannot be done shows the intent", async ({ stripe }) => {
  const intent = await stripe.paymentIntents.create(payment());
  const refusal = await refusalOf(stripe.paymentIntents.capture(intent.id));
  assert.equal(refusal.code, "payment_intent_unexpected_state");
  assert.equal(refusal.payment_intent.id, intent.id);
});

flow("a key that is none is a StripeAuthenticationError", async () => {
  const refusal = await refusalOf(clientOf("nonsense").customers.list());
  assert.ok(refusal instanceof errors.StripeAuthenticationError);
  assert.equal(refusal.statusCode, 401);
});

flow("a public key is a StripePermissionError", async ({ key }) => {
  const refusal = await refusalOf(clientOf(key.replace("sk_", "pk_")).customers.list());
  assert.ok(
    refusal instanceof errors.StripePermissionError || refusal instanceof errors.StripeAuthenticationError,
  );
});

flow("nobody there is a StripeConnectionError", async ({ key }) => {
  const free = await new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
  const refusal = await refusalOf(clientOf(key, { port: free }).customers.list());
  assert.ok(refusal instanceof errors.StripeConnectionError);
});

flow("a customer is created, changed and deleted", async ({ stripe }) => {
  const made = await stripe.customers.create({
    name: "Jenny Rosen",
    email: "jenny@example.com",
    address: { line1: "1 Main Street", country: "US" },
    metadata: { plan: "gold", since: "2020" },
  });
  const changed = await stripe.customers.update(made.id, {
    description: "VIP",
    metadata: { plan: "silver", since: null },
  });
  assert.deepEqual({ ...changed.metadata }, { plan: "silver" });
  assert.equal(changed.description, "VIP");
  assert.equal(changed.email, "jenny@example.com");
  const gone = await stripe.customers.del(made.id);
  assert.equal(gone.deleted, true);
  assert.equal((await stripe.customers.retrieve(made.id)).deleted, true);
  const refusal = await refusalOf(stripe.customers.update(made.id, { name: "Tom" }));
  assert.equal(refusal.statusCode, 404);
});

flow("null unsets", async ({ stripe }) => {
  const made = await stripe.customers.create({ name: "Jenny", phone: "+15555550100", description: "VIP" });
  const changed = await stripe.customers.update(made.id, { phone: null, description: null });
  assert.equal(changed.phone, null);
  assert.equal(changed.description, null);
  assert.equal(changed.name, "Jenny");
});

flow("for await reaches everything, newest first", async ({ stripe }) => {
  const made = [];
  for (let number = 0; number < 7; number += 1) {
    made.push((await stripe.customers.create({ name: `Customer ${number}` })).id);
  }
  const seen = [];
  for await (const customer of stripe.customers.list({ limit: 3 })) seen.push(customer.id);
  assert.deepEqual(seen, made.toReversed());
});

flow("for await goes from the oldest on with ending_before", async ({ stripe }) => {
  const made = [];
  for (let number = 0; number < 7; number += 1) made.push((await stripe.customers.create()).id);
  const seen = [];
  for await (const each of stripe.customers.list({ limit: 3, ending_before: made[0] })) seen.push(each.id);
  assert.deepEqual(seen, made.slice(1));
});

flow("autoPagingToArray and autoPagingEach stop when told", async ({ stripe }) => {
  for (let number = 0; number < 5; number += 1) await stripe.customers.create();
  const some = await stripe.customers.list({ limit: 2 }).autoPagingToArray({ limit: 4 });
  assert.equal(some.length, 4);
  let seen = 0;
  await stripe.customers.list({ limit: 2 }).autoPagingEach(() => {
    seen += 1;
    return seen < 3;
  });
  assert.equal(seen, 3);
});

flow("a search is paged with for await", async ({ stripe }) => {
  const made = [];
  for (let number = 0; number < 5; number += 1) {
    const wanted = { amount: 500 + number, currency: "usd", metadata: { shop: "tokyo" } };
    made.push((await stripe.paymentIntents.create(wanted)).id);
  }
  await stripe.paymentIntents.create({ amount: 500, currency: "usd" });
  const seen = [];
  const query = "metadata['shop']:'tokyo' AND amount>=500";
  for await (const each of stripe.paymentIntents.search({ query, limit: 2 })) seen.push(each.id);
  assert.deepEqual(seen, made.toReversed());
});

flow("lists are narrowed by created", async ({ stripe }) => {
  const made = await stripe.customers.create();
  const found = await stripe.customers.list({ created: { gte: made.created, lte: made.created } });
  assert.deepEqual(
    found.data.map((each) => each.id),
    [made.id],
  );
  assert.equal((await stripe.customers.list({ created: { gt: made.created } })).data.length, 0);
});

flow("ids are expanded on create, retrieve and in lists", async ({ stripe }) => {
  const customer = await stripe.customers.create({ name: "Jenny" });
  const expand = ["customer", "latest_charge"];
  const intent = await stripe.paymentIntents.create(payment({ customer: customer.id, expand }));
  assert.equal(intent.customer.name, "Jenny");
  assert.equal(intent.latest_charge.amount, 2000);
  const again = await stripe.paymentIntents.retrieve(intent.id, { expand: ["latest_charge.customer"] });
  assert.equal(again.latest_charge.customer.id, customer.id);
  const listed = await stripe.charges.list({ expand: ["data.payment_intent"] });
  assert.equal(listed.data[0].payment_intent.id, intent.id);
});

flow("an idempotency key makes one of two", async ({ stripe }) => {
  const options = { idempotencyKey: "order-1" };
  const first = await stripe.paymentIntents.create(payment(), options);
  const again = await stripe.paymentIntents.create(payment(), options);
  assert.equal(first.id, again.id);
  assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
  assert.equal(first.lastResponse.headers["idempotent-replayed"], undefined);
  assert.equal(again.lastResponse.idempotencyKey, "order-1");
  assert.equal((await stripe.charges.list()).data.length, 1);
});

flow("one key for two requests is a StripeIdempotencyError", async ({ stripe }) => {
  const options = { idempotencyKey: "order-1" };
  await stripe.paymentIntents.create(payment(), options);
  const refusal = await refusalOf(stripe.paymentIntents.create(payment({ amount: 2001 }), options));
  assert.ok(refusal instanceof errors.StripeIdempotencyError);
  assert.equal(refusal.statusCode, 400);
});

flow("a payment whose answer is lost is made once", async ({ stripe, key }) => {
  const proxy = await lossyProxy(1);
  const behind = clientOf(key, { port: proxy.port, maxNetworkRetries: 2 });
  const intent = await behind.paymentIntents.create(payment());
  await proxy.close();
  assert.deepEqual(proxy.statuses, [200, 200]);
  assert.match(proxy.keys[0], /^stripe-node-retry-/);
  assert.equal(proxy.keys[0], proxy.keys[1]);
  const found = await stripe.paymentIntents.list();
  assert.deepEqual(
    found.data.map((each) => each.id),
    [intent.id],
  );
});

flow("a decline is not tried again", async ({ key }) => {
  const proxy = await lossyProxy(0);
  const behind = clientOf(key, { port: proxy.port, maxNetworkRetries: 3 });
  const refusal = await refusalOf(
    behind.paymentIntents.create(payment({ payment_method: "pm_card_chargeDeclined" })),
  );
  await proxy.close();
  assert.equal(refusal.code, "card_declined");
  assert.deepEqual(proxy.statuses, [402]);
});

flow("payments at once with one key are one payment", async ({ stripe, key }) => {
  const patient = clientOf(key, { maxNetworkRetries: 3 });
  const ask = () => patient.paymentIntents.create(payment(), { idempotencyKey: "order-1" });
  const made = await Promise.all(Array.from({ length: 6 }, ask));
  assert.equal(new Set(made.map((each) => each.id)).size, 1);
  assert.equal((await stripe.charges.list()).data.length, 1);
});

flow("payments at once are all made", async ({ stripe }) => {
  const amounts = Array.from({ length: 20 }, (_, number) => 500 + number);
  const made = await Promise.all(amounts.map((amount) => stripe.paymentIntents.create(payment({ amount }))));
  assert.ok(made.every((each) => each.status === "succeeded"));
  const listed = await stripe.paymentIntents.list({ limit: 100 });
  assert.deepEqual(listed.data.map((each) => each.amount).toSorted(), amounts);
});

flow("the version and the request are told", async ({ stripe, key }) => {
  const { lastResponse } = await stripe.customers.create();
  assert.match(lastResponse.requestId, /^req_/);
  assert.equal(lastResponse.apiVersion, Stripe.API_VERSION ?? lastResponse.apiVersion);
  const older = clientOf(key, { apiVersion: "2024-06-20" });
  assert.equal((await older.customers.create()).lastResponse.apiVersion, "2024-06-20");
});

flow("a connected account has things of its own", async ({ stripe }) => {
  const stripeAccount = "acct_1ConnectedAccount0";
  const theirs = await stripe.customers.create({ name: "Theirs" }, { stripeAccount });
  assert.equal((await stripe.customers.list()).data.length, 0);
  assert.equal((await stripe.customers.list({}, { stripeAccount })).data[0].id, theirs.id);
});

flow("merchants do not see each other", async ({ stripe }) => {
  const made = await stripe.customers.create();
  const refusal = await refusalOf(clientOf(newKey()).customers.retrieve(made.id));
  assert.equal(refusal.statusCode, 404);
});

flow("a raw request is answered", async ({ stripe }) => {
  const made = await stripe.rawRequest("POST", "/v1/customers", { name: "Jenny", metadata: { a: "b" } });
  assert.equal(made.name, "Jenny");
  assert.equal((await stripe.rawRequest("GET", `/v1/customers/${made.id}`)).metadata.a, "b");
});

flow("a payer who must prove who they are is sent to a page", async ({ stripe }) => {
  const intent = await stripe.paymentIntents.create(
    payment({
      payment_method: "pm_card_threeDSecure2Required",
      return_url: "https://shop.example/return",
    }),
  );
  assert.equal(intent.status, "requires_action");
  assert.equal(intent.next_action.type, "redirect_to_url");
  assert.match(intent.next_action.redirect_to_url.url, /^http/);
});

flow("text of any kind comes back", async ({ stripe }) => {
  const metadata = { japanese: "決済", emoji: "🍣+🍺=100%", form: "a=b&c[d]=e", plus: "1 + 1" };
  const made = await stripe.customers.create({ name: "Zoë 😀", metadata });
  const found = await stripe.customers.retrieve(made.id);
  assert.equal(found.name, "Zoë 😀");
  assert.deepEqual({ ...found.metadata }, metadata);
});

await runAll();
