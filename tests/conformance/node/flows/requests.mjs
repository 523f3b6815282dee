// What else the library can be told.
import assert from "node:assert/strict";
import Stripe from "stripe";
import { clientOf, flow, newKey, payment, refusalOf } from "../stage.mjs";

flow("payments at once are all made", async ({ stripe }) => {
  const amounts = Array.from({ length: 20 }, (_, number) => 500 + number);
  const made = await Promise.all(amounts.map((amount) => stripe.paymentIntents.create(payment({ amount }))));
  assert.ok(made.every((each) => each.status === "succeeded"));
  const listed = await stripe.paymentIntents.list({ limit: 100 });
  assert.deepEqual(listed.data.map((each) => each.amount).toSorted(), amounts);
});

flow("the version and the request are told", async ({ stripe, key }) => {
  const { lastResponse } = await stripe.customers.create();
  assert.match(lastResponse.requestId, /^req_/);
  assert.equal(lastResponse.apiVersion, Stripe.API_VERSION ?? lastResponse.apiVersion);
  const older = clientOf(key, { apiVersion: "2024-06-20" });
  assert.equal((await older.customers.create()).lastResponse.apiVersion, "2024-06-20");
});

flow("a connected account has things of its own", async ({ stripe }) => {
  const stripeAccount = "acct_1ConnectedAccount0";
  const theirs = await stripe.customers.create({ name: "Theirs" }, { stripeAccount });
  assert.equal((await stripe.customers.list()).data.length, 0);
  assert.equal((await stripe.customers.list({}, { stripeAccount })).data[0].id, theirs.id);
});

flow("merchants do not see each other", async ({ stripe }) => {
  const made = await stripe.customers.create();
  const refusal = await refusalOf(clientOf(newKey()).customers.retrieve(made.id));
  assert.equal(refusal.statusCode, 404);
});

flow("a raw request is answered", async ({ stripe }) => {
  const made = await stripe.rawRequest("POST", "/v1/customers", { name: "Jenny", metadata: { a: "b" } });
  assert.equal(made.name, "Jenny");
  assert.equal((await stripe.rawRequest("GET", `/v1/customers/${made.id}`)).metadata.a, "b");
});
