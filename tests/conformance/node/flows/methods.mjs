// Payment methods, and the charges of older code.
import assert from "node:assert/strict";
import { flow, payment, refusalOf } from "../stage.mjs";

flow("a card is attached, listed, made the default and detached", async ({ stripe }) => {
  const customer = await stripe.customers.create();
  const method = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
  assert.equal(method.customer, customer.id);
  const listed = await stripe.customers.listPaymentMethods(customer.id);
  assert.equal(listed.data[0].id, method.id);
  const changed = await stripe.customers.update(customer.id, {
    invoice_settings: { default_payment_method: method.id },
  });
  assert.equal(changed.invoice_settings.default_payment_method, method.id);
  assert.equal((await stripe.paymentMethods.detach(method.id)).customer, null);
});

flow("a charge of older code is made of a token", async ({ stripe }) => {
  const charge = await stripe.charges.create({ amount: 2000, currency: "usd", source: "tok_visa" });
  assert.equal(charge.paid, true);
  const refusal = await refusalOf(
    stripe.charges.create({ amount: 2000, currency: "usd", source: "tok_chargeDeclined" }),
  );
  assert.equal(refusal.code, "card_declined");
});
