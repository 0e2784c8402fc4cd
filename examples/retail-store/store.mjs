// store - the shop's users, orders and products, and what each tool does with them.
//
// The rules, their order and their wording are those of the store behind the recorded runs: a call
// that was recorded gets the recorded answer. A rule that fails throws; tools.mjs turns that into
// the text that the caller sees.
import fs from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import zlib from 'node:zlib';
import { calculate } from './calculate.mjs';
import { floatText, lower, money, sorted, typeName, walk } from './values.mjs';

const TABLES = ['users', 'orders', 'products'];
const REASONS = ['no longer needed', 'ordered by mistake'];

/** The data as text, so that every session can begin with a copy of its own. */
export function readData(folder) {
    return Object.fromEntries(TABLES.map(name => [name,
        zlib.gunzipSync(fs.readFileSync(new URL(`${name}.json.gz`, folder))).toString()]));
}

const fail = text => {
    throw new Error(text);
};

function entry(table, key, complaint) {
    if (key !== null && typeof key === 'object') fail(`unhashable type: '${typeName(key)}'`);
    return typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : fail(complaint);
}

const times = (list, value) => list.filter(other => other === value).length;
const itemOf = (order, id) => order.items.find(item => item.item_id === id);
const isGiftCard = method => method.source === 'gift_card';

function addressOf({ address1, address2, city, state, country, zip }) {
    return { address1, address2, city, state, country, zip };
}

export class Store {
    /** @param data what readData gave; it is not changed. */
    constructor(data) {
        for (const name of TABLES) this[name] = JSON.parse(data[name]);
    }

    /** What is no longer as it was when the session began, by table and id. */
    changed(data) {
        const before = table => JSON.parse(data[table]);
        return Object.fromEntries(TABLES.map(table => {
            const was = before(table), now = Object.entries(this[table]);
            return [table, Object.fromEntries(now.filter(([id, row]) => !isDeepStrictEqual(row, was[id])))];
        }));
    }

    user = id => entry(this.users, id, 'user not found');
    order = id => entry(this.orders, id, 'order not found');
    product = id => entry(this.products, id, 'product not found');

    findByEmail(email) {
        for (const [id, user] of Object.entries(this.users))
            if (lower(user.email) === lower(email)) return id;
        return fail('user not found');
    }

    findByName(first, last, zip) {
        const match = ({ name, address }) => lower(name.first_name) === lower(first) &&
            lower(name.last_name) === lower(last) && address.zip === zip;
        return Object.keys(this.users).find(id => match(this.users[id])) ?? fail('user not found');
    }

    productTypes() {
        const ids = Object.fromEntries(
            Object.values(this.products).map(product => [product.name, product.product_id]));
        return Object.fromEntries(sorted(Object.keys(ids)).map(name => [name, ids[name]]));
    }

    calculate(expression) {
        const allowed = '0123456789+-*/(). ';
        if (!walk(expression).every(character => allowed.includes(character)))
            fail('invalid characters in expression');
        if (typeof expression !== 'string') fail('eval() arg 1 must be a string');
        return floatText(money(calculate(expression)));
    }

    setUserAddress(userId, fields) {
        const user = this.user(userId);
        user.address = addressOf(fields);
        return user;
    }

    setOrderAddress(orderId, fields) {
        const order = this.#pending(orderId, 'modified');
        order.address = addressOf(fields);
        return order;
    }

    cancel(orderId, reason) {
        const order = this.#pending(orderId, 'cancelled');
        if (!REASONS.includes(reason)) fail('invalid reason');
        const refunds = order.payment_history.map(({ amount, payment_method_id: id }) =>
            this.#move(order, 'refund', amount, id));
        order.payment_history.push(...refunds);
        order.status = 'cancelled';
        order.cancel_reason = reason;
        return order;
    }

    setPayment(orderId, methodId) {
        const order = this.#pending(orderId, 'modified');
        const method = this.#method(order, methodId);
        const [paid, ...more] = order.payment_history;
        if (more.length > 0 || paid?.transaction_type !== 'payment')
            fail('there should be exactly one payment for a pending order');
        if (paid.payment_method_id === methodId)
            fail('the new payment method should be different from the current one');
        if (isGiftCard(method) && method.balance < paid.amount)
            fail('insufficient gift card balance to pay for the order');
        order.payment_history.push(this.#move(order, 'payment', paid.amount, methodId),
            this.#move(order, 'refund', paid.amount, paid.payment_method_id));
        return order;
    }

    setItems(orderId, oldIds, newIds, methodId) {
        const order = this.#pending(orderId, 'modified');
        const swap = this.#swap(order, oldIds, newIds, methodId,
            { purpose: 'pay for the new item', rounded: false }); // the recorded payments are not
        const kind = swap.difference > 0 ? 'payment' : 'refund';
        order.payment_history.push(this.#move(order, kind, Math.abs(swap.difference), methodId));
        for (const [oldId, variant] of swap.pairs) {
            const { item_id, price, options } = variant;
            Object.assign(itemOf(order, oldId), { item_id, price, options });
        }
        order.status = 'pending (item modified)';
        return order;
    }

    exchange(orderId, oldIds, newIds, methodId) {
        const order = this.#delivered(orderId, 'exchanged');
        const swap = this.#swap(order, oldIds, newIds, methodId,
            { purpose: 'pay for the price difference', rounded: true });
        return Object.assign(order, {
            status: 'exchange requested',
            exchange_items: sorted(walk(oldIds)),
            exchange_new_items: sorted(walk(newIds)),
            exchange_payment_method_id: methodId,
            exchange_price_difference: swap.difference,
        });
    }

    giveBack(orderId, itemIds, methodId) {
        const order = this.#delivered(orderId, 'returned');
        const method = this.#method(order, methodId);
        if (!isGiftCard(method) && methodId !== order.payment_history[0].payment_method_id)
            fail('payment method should be either the original payment method or a gift card');
        this.#checkItems(order, walk(itemIds), () => 'some item not found');
        return Object.assign(order, {
            status: 'return requested',
            return_items: sorted(walk(itemIds)),
            return_payment_method_id: methodId,
        });
    }

    #pending(orderId, done) {
        const order = this.order(orderId);
        return order.status === 'pending' ? order : fail(`non-pending order cannot be ${done}`);
    }

    #delivered(orderId, done) {
        const order = this.order(orderId);
        return order.status === 'delivered' ? order : fail(`non-delivered order cannot be ${done}`);
    }

    #method(order, id) {
        return entry(this.users[order.user_id].payment_methods, id, 'payment method not found');
    }

    /** An entry of the order's payments; a gift card's balance moves at once. */
    #move(order, kind, amount, methodId) {
        const method = this.users[order.user_id].payment_methods[methodId];
        if (isGiftCard(method))
            method.balance = money(method.balance + (kind === 'refund' ? amount : -amount));
        return { transaction_type: kind, amount, payment_method_id: methodId };
    }

    /** No item may be asked for more often than the order has it. */
    #checkItems(order, ids, complaint) {
        const has = order.items.map(item => item.item_id);
        for (const id of ids) if (times(ids, id) > times(has, id)) fail(complaint(id));
    }

    /** Checks one item for another, and what it costs: pairs of the old id and the new variant. */
    #swap(order, oldList, newList, methodId, { purpose, rounded }) {
        const oldIds = walk(oldList), newIds = walk(newList);
        this.#checkItems(order, oldIds, id => `${id} not found`);
        if (oldIds.length !== newIds.length)
            fail('the number of items to be exchanged should match');
        let difference = 0;
        const pairs = oldIds.map((oldId, i) => {
            const item = itemOf(order, oldId);
            const complaint = `new item ${newIds[i]} not found or available`;
            const variant = entry(this.products[item.product_id].variants, newIds[i], complaint);
            if (!variant.available) fail(complaint);
            difference += variant.price - item.price;
            return [oldId, variant];
        });
        if (rounded) difference = money(difference);
        const method = this.#method(order, methodId);
        if (isGiftCard(method) && method.balance < difference)
            fail(`insufficient gift card balance to ${purpose}`);
        return { pairs, difference };
    }
}
