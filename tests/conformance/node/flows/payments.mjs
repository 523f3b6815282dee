// Payments, from an intent to money and back.
import assert from "node:assert/strict";
import Stripe from "stripe";
import { flow, payment, refusalOf } from "../stage.mjs";

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

flow("a hold is raised until its issuer declines", async ({ stripe }) => {
  const holding = (payment_method) =>
    stripe.paymentIntents.create(
      payment({
        payment_method,
        capture_method: "manual",
        payment_method_options: { card: { request_incremental_authorization: "if_available" } },
        expand: ["latest_charge"],
      }),
    );
  const intent = await holding("pm_card_debit_incrementalAuthAuthorized");
  const card = intent.latest_charge.payment_method_details.card;
  assert.equal(card.incremental_authorization.status, "available");
  const raised = await stripe.paymentIntents.incrementAuthorization(intent.id, { amount: 2500 });
  assert.equal(raised.amount_capturable, 2500);
  assert.equal((await stripe.paymentIntents.capture(intent.id)).amount_received, 2500);
  const other = await holding("pm_card_debit_partialIncrement");
  const refusal = await refusalOf(
    stripe.paymentIntents.incrementAuthorization(other.id, { amount: 2500 }),
  );
  assert.ok(refusal instanceof errors.StripeCardError);
  assert.equal(refusal.decline_code, "insufficient_funds");
  assert.equal(refusal.payment_intent.amount_capturable, 2000);
});
