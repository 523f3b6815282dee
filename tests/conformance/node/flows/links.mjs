// Payment links.
import assert from "node:assert/strict";
import { flow } from "../stage.mjs";

flow("a payment link is opened and paid, and then closed", async ({ stripe }) => {
  const price_data = { currency: "usd", unit_amount: 1500, product_data: { name: "T-shirt" } };
  const link = await stripe.paymentLinks.create({
    line_items: [{ quantity: 2, price_data }],
    after_completion: { type: "redirect", redirect: { url: "https://shop.example/thanks?{CHECKOUT_SESSION_ID}" } },
    metadata: { campaign: "spring" },
  });
  const opened = await fetch(link.url, { redirect: "manual" });
  assert.equal(opened.status, 303);
  const body = new URLSearchParams({ email: "jenny@example.com", method: "visa" });
  const paid = await fetch(opened.headers.get("location"), { method: "POST", body, redirect: "manual" });

  const [session] = (await stripe.checkout.sessions.list({ payment_link: link.id })).data;
  assert.equal(paid.headers.get("location"), `https://shop.example/thanks?${session.id}`);
  assert.deepEqual([session.payment_status, session.metadata.campaign], ["paid", "spring"]);
  assert.equal((await stripe.paymentLinks.listLineItems(link.id)).data[0].quantity, 2);

  const closed = await stripe.paymentLinks.update(link.id, { active: false, inactive_message: "Sold out" });
  assert.equal(closed.active, false);
  const gone = await fetch(link.url);
  assert.equal(gone.status, 410);
  assert.match(await gone.text(), /Sold out/);
  const ids = [];
  for await (const each of stripe.paymentLinks.list({ limit: 1 })) ids.push(each.id);
  assert.deepEqual(ids, [link.id]);
});
