// What the server behind an app or Elements asks for.
import assert from "node:assert/strict";
import Stripe from "stripe";
import { flow, refusalOf } from "../stage.mjs";

const { errors } = Stripe;
const card = { number: "4242424242424242", exp_month: "12", exp_year: "2040", cvc: "123" };

flow("a payment sheet is given a customer, their key and an intent", async ({ stripe }) => {
  const customer = await stripe.customers.create();
  const key = await stripe.ephemeralKeys.create({ customer: customer.id }, { apiVersion: "2024-06-20" });
  const intent = await stripe.paymentIntents.create({ amount: 1099, currency: "eur", customer: customer.id });
  assert.match(key.secret, /^ek_test_/);
  assert.match(intent.client_secret, /_secret_/);
  assert.equal((await stripe.ephemeralKeys.del(key.id)).id, key.id);
});

flow("elements are given a session of a customer", async ({ stripe }) => {
  const customer = await stripe.customers.create();
  const components = { payment_element: { enabled: true, features: { payment_method_redisplay: "enabled" } } };
  const session = await stripe.customerSessions.create({ customer: customer.id, components });
  assert.match(session.client_secret, /^cuss_secret_/);
  assert.equal(session.components.payment_element.features.payment_method_redisplay, "enabled");
  assert.equal(session.components.buy_button.enabled, false);
});

flow("a payment is finalized on the server with a confirmation token", async ({ stripe }) => {
  const token = await stripe.testHelpers.confirmationTokens.create({
    payment_method: "pm_card_visa",
    return_url: "https://shop.example/done",
  });
  const wanted = { amount: 2000, currency: "usd", confirm: true, confirmation_token: token.id };
  const paid = await stripe.paymentIntents.create(wanted);
  assert.equal(paid.status, "succeeded");
  assert.equal((await stripe.confirmationTokens.retrieve(token.id)).payment_intent, paid.id);
  const refusal = await refusalOf(stripe.paymentIntents.create(wanted));
  assert.ok(refusal instanceof errors.StripeInvalidRequestError);
  assert.equal(refusal.param, "confirmation_token");
});

flow("an intent is paid with a token by its id, once", async ({ stripe }) => {
  const token = await stripe.tokens.create({ card });
  const wanted = {
    amount: 2000,
    currency: "usd",
    confirm: true,
    allowed_payment_method_types: ["card"],
    payment_method_data: { type: "card", card: { token: token.id } },
  };
  assert.equal((await stripe.paymentIntents.create(wanted)).status, "succeeded");
  assert.equal((await refusalOf(stripe.paymentIntents.create(wanted))).code, "token_already_used");
});
