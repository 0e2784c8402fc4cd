// python - reads a Python literal, in which some recorded harnesses wrote their arguments.
/** A Python literal as a value; throws when the text is none. */
export function python(text) {
    let at = 0;
    const blanks = () => { while (/\s/.test(text[at] ?? '')) at++; };
    const fail = () => { throw new Error('no literal'); };
    const word = (name, value) => text.startsWith(name, at) ? (at += name.length, value) : fail();
    function string() {
        const quote = text[at++];
        let out = '';
        for (; text[at] !== quote; at++) {
            if (at >= text.length) fail();
            if (text[at] !== '\\') { out += text[at]; continue; }
            const c = text[++at];
            const hex = { x: 2, u: 4 }[c];
            if (hex) { out += String.fromCharCode(parseInt(text.slice(at + 1, at + 1 + hex), 16)); at += hex; }
            else out += { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"' }[c] ?? '\\' + c;
        }
        at++;
        return out;
    }
    function list(close) {
        const out = [];
        for (at++, blanks(); text[at] !== close; blanks()) {
            out.push(value());
            blanks();
            if (text[at] === ',') at++;
            else if (text[at] !== close) fail();
        }
        at++;
        return out;
    }
    function dict() {
        const out = {};
        for (at++, blanks(); text[at] !== '}'; blanks()) {
            const key = value();
            blanks();
            if (text[at++] !== ':') fail();
            out[key] = value();
            blanks();
            if (text[at] === ',') at++;
            else if (text[at] !== '}') fail();
        }
        at++;
        return out;
    }
    function value() {
        blanks();
        const c = text[at];
        if (c === '{') return dict();
        if (c === '[') return list(']');
        if (c === '(') return list(')');
        if (c === "'" || c === '"') return string();
        if (c === 'T') return word('True', true);
        if (c === 'F') return word('False', false);
        if (c === 'N') return word('None', null);
        const number = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?/.exec(text.slice(at));
        if (!number) fail();
        at += number[0].length;
        return Number(number[0]);
    }
    const out = value();
    blanks();
    if (at < text.length) fail();
    return out;
}
