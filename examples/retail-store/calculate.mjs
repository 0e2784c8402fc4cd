// calculate - the value of an expression of numbers, + - * / and brackets.
// A parser of its own: nothing that a caller writes is ever run as code.
const DEPTH_MAX = 100;
const TOKEN = /\s*(\d+\.?\d*|\.\d+|[-+*/()])/y;

function tokens(text) {
    const found = [], end = text.trimEnd().length;
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < end) {
        const match = TOKEN.exec(text);
        if (!match) throw new Error('invalid syntax');
        found.push(match[1]);
    }
    return found;
}

export function calculate(text) {
    const rest = tokens(text).reverse();
    const next = () => rest.at(-1);
    let depth = 0;

    function factor() {
        const token = rest.pop();
        if ([undefined, ')', '*', '/'].includes(token)) throw new Error('invalid syntax');
        if (/^[\d.]/.test(token)) return Number(token);
        if (++depth > DEPTH_MAX) throw new Error('too many nested parentheses');
        let value;
        if (token === '(') {
            value = sum();
            if (rest.pop() !== ')') throw new Error('invalid syntax');
        } else {
            value = token === '-' ? -factor() : factor();
        }
        depth--;
        return value;
    }

    function product() {
        let value = factor();
        while (next() === '*' || next() === '/') {
            const operator = rest.pop();
            const right = factor();
            if (operator === '/' && right === 0) throw new Error('division by zero');
            value = operator === '*' ? value * right : value / right;
        }
        return value;
    }

    function sum() {
        let value = product();
        while (next() === '+' || next() === '-')
            value = rest.pop() === '+' ? value + product() : value - product();
        return value;
    }

    const value = sum();
    if (rest.length > 0) throw new Error('invalid syntax');
    return value;
}
