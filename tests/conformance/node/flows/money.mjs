// The balance.
import assert from "node:assert/strict";
import { flow, payment } from "../stage.mjs";

flow("a payment is in the balance", async ({ stripe }) => {
  await stripe.paymentIntents.create(payment());
  const { data } = await stripe.balanceTransactions.list({ type: "charge" });
  assert.equal(data[0].net, data[0].amount - data[0].fee);
  const balance = await stripe.balance.retrieve();
  assert.equal(balance.pending[0].amount, data[0].net);
});
