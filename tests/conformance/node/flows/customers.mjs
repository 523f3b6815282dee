// Customers.
import assert from "node:assert/strict";
import { flow, refusalOf } from "../stage.mjs";

flow("a customer is created, changed and deleted", async ({ stripe }) => {
  const made = await stripe.customers.create({
    name: "Jenny Rosen",
    email: "jenny@example.com",
    address: { line1: "1 Main Street", country: "US" },
    metadata: { plan: "gold", since: "2020" },
  });
  const changed = await stripe.customers.update(made.id, {
    description: "VIP",
    metadata: { plan: "silver", since: null },
  });
  assert.deepEqual({ ...changed.metadata }, { plan: "silver" });
  assert.equal(changed.description, "VIP");
  assert.equal(changed.email, "jenny@example.com");
  const gone = await stripe.customers.del(made.id);
  assert.equal(gone.deleted, true);
  assert.equal((await stripe.customers.retrieve(made.id)).deleted, true);
  const refusal = await refusalOf(stripe.customers.update(made.id, { name: "Tom" }));
  assert.equal(refusal.statusCode, 404);
});

flow("null unsets", async ({ stripe }) => {
  const made = await stripe.customers.create({ name: "Jenny", phone: "+15555550100", description: "VIP" });
  const changed = await stripe.customers.update(made.id, { phone: null, description: null });
  assert.equal(changed.phone, null);
  assert.equal(changed.description, null);
  assert.equal(changed.name, "Jenny");
});

flow("text of any kind comes back", async ({ stripe }) => {
  const metadata = { japanese: "決済", emoji: "🍣+🍺=100%", form: "a=b&c[d]=e", plus: "1 + 1" };
  const made = await stripe.customers.create({ name: "Zoë 😀", metadata });
  const found = await stripe.customers.retrieve(made.id);
  assert.equal(found.name, "Zoë 😀");
  assert.deepEqual({ ...found.metadata }, metadata);
});
