// Programs that are pinned to an older version of the API.
import assert from "node:assert/strict";
import { clientOf, flow, refusalOf } from "../stage.mjs";

const byCard = { amount: 2000, currency: "usd", payment_method: "pm_card_visa", confirm: true };

flow("an intent of an older version has its charges", async ({ key }) => {
  const older = clientOf(key, { apiVersion: "2022-08-01" });
  const paid = await older.paymentIntents.create(byCard);
  assert.equal(paid.status, "succeeded");
  assert.deepEqual(paid.payment_method_types, ["card"]);
  assert.equal(paid.charges.data[0].id, paid.latest_charge);
  assert.deepEqual(paid.charges.data[0].refunds.data, []);
});

flow("a version is pinned for one request", async ({ stripe }) => {
  const customer = await stripe.customers.create({ source: "tok_visa" }, { apiVersion: "2020-03-02" });
  assert.equal(customer.sources.data[0].id, customer.default_source);
  assert.equal((await stripe.customers.retrieve(customer.id)).sources, undefined);
});

flow("the newest version asks for a return_url", async ({ stripe }) => {
  const refusal = await refusalOf(stripe.paymentIntents.create(byCard));
  assert.equal(refusal.param, "return_url");
});
