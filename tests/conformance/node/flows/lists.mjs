// Lists, search and expansion.
import assert from "node:assert/strict";
import { flow, payment } from "../stage.mjs";

flow("for await reaches everything, newest first", async ({ stripe }) => {
  const made = [];
  for (let number = 0; number < 7; number += 1) {
    made.push((await stripe.customers.create({ name: `Customer ${number}` })).id);
  }
  const seen = [];
  for await (const customer of stripe.customers.list({ limit: 3 })) seen.push(customer.id);
  assert.deepEqual(seen, made.toReversed());
});

flow("for await goes from the oldest on with ending_before", async ({ stripe }) => {
  const made = [];
  for (let number = 0; number < 7; number += 1) made.push((await stripe.customers.create()).id);
  const seen = [];
  for await (const each of stripe.customers.list({ limit: 3, ending_before: made[0] })) seen.push(each.id);
  assert.deepEqual(seen, made.slice(1));
});

flow("autoPagingToArray and autoPagingEach stop when told", async ({ stripe }) => {
  for (let number = 0; number < 5; number += 1) await stripe.customers.create();
  const some = await stripe.customers.list({ limit: 2 }).autoPagingToArray({ limit: 4 });
  assert.equal(some.length, 4);
  let seen = 0;
  await stripe.customers.list({ limit: 2 }).autoPagingEach(() => {
    seen += 1;
    return seen < 3;
  });
  assert.equal(seen, 3);
});

flow("a search is paged with for await", async ({ stripe }) => {
  const made = [];
  for (let number = 0; number < 5; number += 1) {
    const wanted = { amount: 500 + number, currency: "usd", metadata: { shop: "tokyo" } };
    made.push((await stripe.paymentIntents.create(wanted)).id);
  }
  await stripe.paymentIntents.create({ amount: 500, currency: "usd" });
  const seen = [];
  const query = "metadata['shop']:'tokyo' AND amount>=500";
  for await (const each of stripe.paymentIntents.search({ query, limit: 2 })) seen.push(each.id);
  assert.deepEqual(seen, made.toReversed());
});

flow("lists are narrowed by created", async ({ stripe }) => {
  const made = await stripe.customers.create();
  const found = await stripe.customers.list({ created: { gte: made.created, lte: made.created } });
  assert.deepEqual(
    found.data.map((each) => each.id),
    [made.id],
  );
  assert.equal((await stripe.customers.list({ created: { gt: made.created } })).data.length, 0);
});

flow("ids are expanded on create, retrieve and in lists", async ({ stripe }) => {
  const customer = await stripe.customers.create({ name: "Jenny" });
  const expand = ["customer", "latest_charge"];
  const intent = await stripe.paymentIntents.create(payment({ customer: customer.id, expand }));
  assert.equal(intent.customer.name, "Jenny");
  assert.equal(intent.latest_charge.amount, 2000);
  const again = await stripe.paymentIntents.retrieve(intent.id, { expand: ["latest_charge.customer"] });
  assert.equal(again.latest_charge.customer.id, customer.id);
  const listed = await stripe.charges.list({ expand: ["data.payment_intent"] });
  assert.equal(listed.data[0].payment_intent.id, intent.id);
});
