// year_svg - the picture of a year: failure rate by month, one line an arm, a mark where a generation began. A picture that
// stands alone: no script, no link, no font of its own.
const W = 720, H = 360, LEFT = 56, RIGHT = 120, TOP = 40, BOTTOM = 60
const COLOURS = { naive: '#888888', 'a/a': '#bbbbbb', stock: '#2b6cb0', year: '#c05621' }
const text = (x, y, what, more = '') => `<text x="${x}" y="${y}" ${more}>${String(what).replace(/[<&>]/g, c => `&#${c.charCodeAt(0)};`)}</text>`

/** lines: { arm: [percent by month] }; generations: how many promotions there were by then. */
export function draw({ lines, generations, seed, traffic, judged }) {
    const months = generations.length - 1, top = Math.max(10, Math.ceil(Math.max(...Object.values(lines).flat()) / 10) * 10)
    const round = value => Math.round(value * 10) / 10
    const x = at => round(LEFT + (W - LEFT - RIGHT) * at / months), y = percent => round(H - BOTTOM - (H - TOP - BOTTOM) * percent / top)
    const grid = Array.from({ length: top / 10 + 1 }, (_, i) => i * 10).map(value =>
        `<line x1="${LEFT}" x2="${W - RIGHT}" y1="${y(value)}" y2="${y(value)}" stroke="#e5e5e5"/>${text(LEFT - 8, y(value) + 4, `${value} %`, 'text-anchor="end"')}`)
    const ends = Object.entries(lines).map(([arm, values]) => ({ arm, at: y(values.at(-1)) })).sort((a, b) => a.at - b.at)
    ends.forEach((it, i) => { if (i > 0) it.at = Math.max(it.at, ends[i - 1].at + 14) })
    const drawn = Object.entries(lines).map(([arm, values]) =>
        `<polyline fill="none" stroke="${COLOURS[arm]}" stroke-width="${arm === 'year' ? 3 : 1.5}"${arm === 'a/a' ? ' stroke-dasharray="4 3"' : ''} points="${values.map((value, i) => `${x(i)},${y(value)}`).join(' ')}"/>`)
    const marks = generations.flatMap((count, i) => i > 0 && count > generations[i - 1]
        ? [`<circle cx="${x(i)}" cy="${y(lines.year[i])}" r="4" fill="${COLOURS.year}"/>`, text(x(i), y(lines.year[i]) - 9, `generation ${count}`, 'text-anchor="middle"')] : [])
    return [`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${W} ${H}" font-family="sans-serif" font-size="12" fill="#333333">`,
        `<rect width="${W}" height="${H}" fill="#ffffff"/>`, text(LEFT, 22, 'Conversations that fail, of customers that the home never saw'), ...grid,
        ...Array.from({ length: months + 1 }, (_, i) => text(x(i), H - BOTTOM + 18, i, 'text-anchor="middle"')),
        text(LEFT, H - 14, `month; ${traffic} conversations of traffic, ${judged} judged by, seed ${seed}; moult bench year`),
        ...drawn, ...marks, ...ends.map(({ arm, at }) => text(W - RIGHT + 8, at + 4, `${arm}: ${lines[arm].at(-1).toFixed(1)} %`, `fill="${COLOURS[arm]}"`)), '</svg>', ''].join('\n')
}
