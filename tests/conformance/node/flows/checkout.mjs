// Checkout sessions.
import assert from "node:assert/strict";
import { flow } from "../stage.mjs";

flow("a checkout session is opened and closed", async ({ stripe }) => {
  const price_data = { currency: "usd", unit_amount: 1500, product_data: { name: "T-shirt" } };
  const session = await stripe.checkout.sessions.create({
    mode: "payment",
    success_url: "https://shop.example/thanks",
    line_items: [{ quantity: 2, price_data }],
  });
  assert.equal(session.amount_total, 3000);
  assert.equal((await stripe.checkout.sessions.listLineItems(session.id)).data[0].quantity, 2);
  assert.equal((await stripe.checkout.sessions.expire(session.id)).status, "expired");
});
