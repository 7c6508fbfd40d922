const name = process.env.SHOP_NAME ?? "The shop";
const release = (process.env.HAVN_RELEASE ?? "").slice(0, 8);

const style = `
:root { color-scheme: light dark; --ink: #14212b; --paper: #f7f4ee; --card: #fff; --line: #ddd5c8; --accent: #0b6e78; --accent-ink: #fff; --soft: #5b6b76 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf0; --paper: #10181e; --card: #18232b; --line: #2b3943; --accent: #4fc3cf; --accent-ink: #06282c; --soft: #9db0bc } }
* { box-sizing: border-box } body { margin: 0; font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
header, main, footer { max-width: 62rem; margin: auto; padding: 1rem 1.25rem } header { display: flex; align-items: baseline; gap: 1.5rem; flex-wrap: wrap }
header h1 { font: 600 1.5rem/1.2 Georgia, serif; margin: 0 auto 0 0 } a { color: var(--accent) } h1 a { color: inherit; text-decoration: none }
.goods { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: 1rem; padding: 0; list-style: none }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem; display: flex; flex-direction: column }
.card h2 { font: 600 1.1rem/1.3 Georgia, serif; margin: 0 0 .3rem } .card p { margin: 0 0 1rem; color: var(--soft); flex: 1 }
.row { display: flex; justify-content: space-between; align-items: center; gap: 1rem } .price { font-weight: 600; font-variant-numeric: tabular-nums }
button { font: inherit; font-weight: 600; color: var(--accent-ink); background: var(--accent); border: 0; border-radius: 7px; padding: .45rem .9rem; cursor: pointer }
button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); border-radius: 10px } th, td { text-align: left; padding: .6rem .9rem; border-bottom: 1px solid var(--line) } td:last-child, th:last-child { text-align: right; font-variant-numeric: tabular-nums }
footer { color: var(--soft); font-size: .85rem } .note { background: var(--card); border-left: 4px solid var(--accent); padding: .7rem 1rem }`;

const safe = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
export const kroner = (ore) => `kr ${(ore / 100).toLocaleString("en", { minimumFractionDigits: 2 })}`;

function page(title, body, basket = []) {
  const count = basket.reduce((sum, { quantity }) => sum + quantity, 0);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${safe(title)} · ${safe(name)}</title><style>${style}</style></head><body>
<header><h1><a href="/">${safe(name)}</a></h1><a href="/basket">Basket (${count})</a><a href="/orders">Orders</a></header>
<main>${body}</main><footer>Release ${safe(release || "of your own")} · ${safe(process.env.HAVN_INSTANCE ?? "")}</footer></body></html>`;
}

export const goodsPage = (products, basket) =>
  page(
    "Goods",
    `<ul class="goods">${products
      .map(
        ({
          id,
          name: product,
          description,
          price,
        }) => `<li class="card"><h2>${safe(product)}</h2><p>${safe(description)}</p>
<div class="row"><span class="price">${kroner(price)}</span><form method="post" action="/basket"><input type="hidden" name="product" value="${safe(id)}"><button aria-label="Add ${safe(product)} to the basket">Add</button></form></div></li>`,
      )
      .join("")}</ul>`,
    basket,
  );

const lines = (items) =>
  items
    .map(
      ({ product, name: label = product, quantity, price }) =>
        `<tr><td>${safe(label)}</td><td>${quantity}</td><td>${price ? kroner(price * quantity) : ""}</td></tr>`,
    )
    .join("");

export const basketPage = (items, total, key) =>
  page(
    "Basket",
    items.length === 0
      ? `<p class="note">Your basket is empty.</p>`
      : `<table><thead><tr><th>Item</th><th>Quantity</th><th>Price</th></tr></thead><tbody>${lines(items)}<tr><th>Total</th><td></td><th>${kroner(total)}</th></tr></tbody></table>
<form method="post" action="/checkout"><input type="hidden" name="key" value="${safe(key)}"><p><button>Place the order</button></p></form>`,
    items,
  );

export const ordersPage = (orders, basket) =>
  page(
    "Orders",
    `<table><thead><tr><th>Order</th><th>Placed</th><th>Items</th><th>Total</th></tr></thead><tbody>${orders
      .map(
        ({ id, placedAt, items, total }) =>
          `<tr><td><a href="/orders/${id}">${id}</a></td><td>${new Date(placedAt).toISOString().slice(0, 19).replace("T", " ")}</td><td>${items.reduce((sum, { quantity }) => sum + quantity, 0)}</td><td>${kroner(total)}</td></tr>`,
      )
      .join("")}</tbody></table>`,
    basket,
  );

export const orderPage = ({ id, items, total }) =>
  page(
    `Order ${id}`,
    `<p class="note">Thank you. Order ${id} is placed.</p><table><tbody>${lines(items)}<tr><th>Total</th><td></td><th>${kroner(total)}</th></tr></tbody></table>`,
  );

export const problemPage = (title, detail) => page(title, `<p class="note">${safe(detail)}</p>`);
