// tools - what the store offers: one table with name, parameters, and the rule of store.mjs behind
// it. The list that clients see and the calls that they make both come from it.
import { checkArguments } from './values.mjs';

const text = { type: 'string' };
const texts = { type: 'array', items: { type: 'string' } };
const address = {
    address1: text, address2: text, city: text, state: text, country: text, zip: text,
};
const swap = {
    order_id: text, item_ids: texts, new_item_ids: texts, payment_method_id: text,
};

const TOOLS = [
    {
        name: 'calculate', about: 'The value of an expression of numbers, + - * / and brackets.',
        takes: { expression: text },
        run: (store, { expression }) => store.calculate(expression),
    },
    {
        name: 'cancel_pending_order', about: 'Cancels a pending order and refunds it.', write: true,
        takes: {
            order_id: text,
            reason: { type: 'string', enum: ['no longer needed', 'ordered by mistake'] },
        },
        run: (store, { order_id, reason }) => store.cancel(order_id, reason),
    },
    {
        name: 'exchange_delivered_order_items', write: true,
        about: 'Asks for items of a delivered order to be exchanged, each for a variant of itself.',
        takes: swap,
        run: (store, a) =>
            store.exchange(a.order_id, a.item_ids, a.new_item_ids, a.payment_method_id),
    },
    {
        name: 'find_user_id_by_email', about: 'The id of the user with this e-mail address.',
        takes: { email: text },
        run: (store, { email }) => store.findByEmail(email),
    },
    {
        name: 'find_user_id_by_name_zip', about: 'The id of the user with this name and zip code.',
        takes: { first_name: text, last_name: text, zip: text },
        run: (store, a) => store.findByName(a.first_name, a.last_name, a.zip),
    },
    {
        name: 'get_order_details', about: 'An order: items, status, payments, address.',
        takes: { order_id: text },
        run: (store, { order_id }) => store.order(order_id),
    },
    {
        name: 'get_product_details', about: 'A product and its variants.',
        takes: { product_id: text },
        run: (store, { product_id }) => store.product(product_id),
    },
    {
        name: 'get_user_details', about: 'A user: name, address, payment methods, orders.',
        takes: { user_id: text },
        run: (store, { user_id }) => store.user(user_id),
    },
    {
        name: 'list_all_product_types', about: 'The names of all products, with their ids.',
        takes: {},
        run: store => store.productTypes(),
    },
    {
        name: 'modify_pending_order_address', about: 'Sends a pending order elsewhere.',
        write: true,
        takes: { order_id: text, ...address },
        run: (store, { order_id, ...fields }) => store.setOrderAddress(order_id, fields),
    },
    {
        name: 'modify_pending_order_items', write: true,
        about: 'Exchanges items of a pending order, each for a variant of itself; once an order.',
        takes: swap,
        run: (store, a) =>
            store.setItems(a.order_id, a.item_ids, a.new_item_ids, a.payment_method_id),
    },
    {
        name: 'modify_pending_order_payment', about: 'Pays for a pending order otherwise.',
        write: true,
        takes: { order_id: text, payment_method_id: text },
        run: (store, a) => store.setPayment(a.order_id, a.payment_method_id),
    },
    {
        name: 'modify_user_address', about: "Changes a user's own address.", write: true,
        takes: { user_id: text, ...address },
        run: (store, { user_id, ...fields }) => store.setUserAddress(user_id, fields),
    },
    {
        name: 'return_delivered_order_items', write: true,
        about: 'Asks for items of a delivered order to be taken back.',
        takes: { order_id: text, item_ids: texts, payment_method_id: text },
        run: (store, a) => store.giveBack(a.order_id, a.item_ids, a.payment_method_id),
    },
    {
        name: 'think', about: 'A note to oneself; changes nothing.',
        takes: { thought: text },
        run: () => '',
    },
    {
        name: 'transfer_to_human_agents', about: 'Hands the customer over to a person.',
        takes: { summary: text },
        run: () => 'Transfer successful',
    },
];

/** The tools as MCP lists them. */
export const toolList = TOOLS.map(({ name, about, takes, write = false }) => ({
    name,
    description: about,
    inputSchema: { type: 'object', properties: takes, required: Object.keys(takes) },
    annotations: { readOnlyHint: !write },
}));

/** Is there a tool of this name? */
export const hasTool = name => TOOLS.some(tool => tool.name === name);

/** Carries out one call: { text, failed }. A rule that says no is a text as well. */
export function callTool(store, name, given) {
    const tool = TOOLS.find(({ name: own }) => own === name);
    try {
        checkArguments(name, Object.keys(tool.takes), given);
        const answer = tool.run(store, given);
        const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
        return { text, failed: false };
    } catch (error) {
        return { text: `Error: ${error.message}`, failed: true };
    }
}
