// Refusals: each is the error that integrators catch.
import assert from "node:assert/strict";
import net from "node:net";
import Stripe from "stripe";
import { clientOf, flow, payment, refusalOf } from "../stage.mjs";

const { errors } = Stripe;

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
