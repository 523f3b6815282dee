// Webhooks, verified by the library.
import assert from "node:assert/strict";
import Stripe from "stripe";
import { flow, payment, receiver } from "../stage.mjs";

const { errors } = Stripe;

flow("a webhook is verified with constructEvent, and again when it is sent again", async ({ stripe }) => {
  const shop = await receiver(500);
  const endpoint = await stripe.webhookEndpoints.create({
    url: shop.url,
    enabled_events: ["payment_intent.succeeded"],
  });
  const intent = await stripe.paymentIntents.create(payment());
  const isWanted = (event) => event.type === "payment_intent.succeeded";
  const [refused] = await shop.first(isWanted);
  await stripe.rawRequest("POST", `/v1/events/${JSON.parse(refused.body).id}/retry`);
  const told = await shop.first(isWanted, 2);
  await shop.close();
  assert.deepEqual(told[0].body, told[1].body);
  for (const { body, headers } of told) {
    const event = stripe.webhooks.constructEvent(body, headers["stripe-signature"], endpoint.secret);
    assert.equal(event.data.object.id, intent.id);
  }
  const [{ body, headers }] = told;
  const wrong = () => stripe.webhooks.constructEvent(body, headers["stripe-signature"], "whsec_another");
  assert.throws(wrong, errors.StripeSignatureVerificationError);
});

flow("a webhook is verified with constructEventAsync", async ({ stripe }) => {
  const shop = await receiver();
  const { secret } = await stripe.webhookEndpoints.create({
    url: shop.url,
    enabled_events: ["customer.updated"],
  });
  const customer = await stripe.customers.create({ name: "Jenny" });
  await stripe.customers.update(customer.id, { name: "Rosen" });
  const [{ body, headers }] = await shop.first((event) => event.type === "customer.updated");
  await shop.close();
  const event = await stripe.webhooks.constructEventAsync(body, headers["stripe-signature"], secret);
  assert.equal(event.data.previous_attributes.name, "Jenny");
  assert.equal(event.data.object.name, "Rosen");
});

flow("events are paged with for await", async ({ stripe }) => {
  for (let number = 0; number < 3; number += 1) await stripe.customers.create();
  const types = [];
  for await (const event of stripe.events.list({ limit: 2, type: "customer.*" })) types.push(event.type);
  assert.deepEqual(types, Array.from({ length: 3 }, () => "customer.created"));
});
