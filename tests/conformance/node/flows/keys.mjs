// Idempotency keys, and answers that are lost.
import assert from "node:assert/strict";
import Stripe from "stripe";
import { clientOf, flow, lossyProxy, payment, refusalOf } from "../stage.mjs";

const { errors } = Stripe;

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
