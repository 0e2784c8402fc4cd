// values - what the recorded store took for granted of its own language: how it rounds money,
// writes a number, walks a value, and words its complaints. Kept apart so that the rules read
// plainly.

/** Two digits; an exact half goes to the even digit (0.125 is 0.12): toFixed alone goes up. */
export function money(value) {
    const half = Number.isInteger(value * 8) && value * 8 % 2 !== 0;
    return half ? 2 * Math.round(value * 100 / 2) / 100 : Number(value.toFixed(2)) + 0;
}

/** A float as text: 4 is "4.0", 1e16 is "1e+16". */
export function floatText(value) {
    if (Math.abs(value) >= 1e16) return value.toExponential();
    return Number.isInteger(value) ? `${value}.0` : String(value);
}

export function typeName(value) {
    if (value === null) return 'NoneType';
    if (Array.isArray(value)) return 'list';
    const names = { string: 'str', boolean: 'bool', object: 'dict' };
    return names[typeof value] ?? (Number.isInteger(value) ? 'int' : 'float');
}

/** The items of a list; a string is walked character by character, an object by its keys. */
export function walk(value) {
    if (Array.isArray(value) || typeof value === 'string') return [...value];
    if (value !== null && typeof value === 'object') return Object.keys(value);
    throw new Error(`'${typeName(value)}' object is not iterable`);
}

export function lower(value) {
    if (typeof value !== 'string')
        throw new Error(`'${typeName(value)}' object has no attribute 'lower'`);
    return value.toLowerCase();
}

const bytes = value => Buffer.from(String(value));
/** Order of code points, which is not JavaScript's own (UTF-16) order. */
export const sorted = list => [...list].sort((a, b) => Buffer.compare(bytes(a), bytes(b)));

/** "'a'", "'a' and 'b'", "'a', 'b', and 'c'". */
function listed(names) {
    const quoted = names.map(name => `'${name}'`);
    if (quoted.length < 3) return quoted.join(' and ');
    return `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}`;
}

/** Throws when the arguments do not fit the parameters, an unknown name before a missing one. */
export function checkArguments(tool, parameters, given) {
    const owner = tool.replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase());
    const unknown = Object.keys(given).find(name => !parameters.includes(name));
    if (unknown !== undefined)
        throw new Error(`${owner}.invoke() got an unexpected keyword argument '${unknown}'`);
    const missing = parameters.filter(name => !Object.hasOwn(given, name));
    if (missing.length > 0)
        throw new Error(`${owner}.invoke() missing ${missing.length} required positional ` +
            `argument${missing.length > 1 ? 's' : ''}: ${listed(missing)}`);
}
