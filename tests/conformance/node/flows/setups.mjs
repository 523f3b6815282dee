// Setup intents.
import assert from "node:assert/strict";
import { flow, payment } from "../stage.mjs";

flow("a card is set up and pays off session", async ({ stripe }) => {
  const customer = await stripe.customers.create();
  const intent = await stripe.setupIntents.create({
    allowed_payment_method_types: ["card"],
    payment_method: "pm_card_visa",
    customer: customer.id,
    confirm: true,
  });
  assert.equal(intent.status, "succeeded");
  const later = await stripe.paymentIntents.create(
    payment({ customer: customer.id, payment_method: intent.payment_method, off_session: true }),
  );
  assert.equal(later.status, "succeeded");
});
