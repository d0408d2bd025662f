// Frames encrypted and decrypted by davey (Discord's DAVE, native code) and by Sotto's library, each in a program of its
// own, in turn. CPU time of the whole program is what counts: of Node with its garbage collector, as of ours. davey is
// given everything as Opus, the kind of frame that it encrypts whole and looks into least.
//
// usage: node dave.mjs MLS_PEER FRAMES_PROGRAM [--frames N] [--quick] [--json FILE]
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import davey from "@snazzah/davey";
import { SENDER, sessions } from "./session.mjs";

const SIZES = [160, 1200, 20000];
const ROUND_BYTES = 16 * 1024 * 1024;
const ROUND_FRAMES = 10000;
const AUDIO = 0; // davey's constants are of TypeScript alone
const OPUS = 1;

const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
        frames: { type: "string", default: "1000000" },
        quick: { type: "boolean", default: false },
        json: { type: "string" },
    },
});
const [mlsPeer, framesProgram] = positionals;
const frames = values.quick ? 100 : Number(values.frames);
if (!framesProgram || !Number.isInteger(frames) || frames < 1) {
    console.error("usage: node dave.mjs MLS_PEER FRAMES_PROGRAM [--frames N] [--quick] [--json FILE]");
    process.exit(2);
}

function cpuNs(work) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) * 1000;
}

// One round of davey: [ns of encrypting, ns of decrypting], for all the frames.
function roundOfDavey({ sender, receiver }, size, count) {
    const frame = Buffer.alloc(size, 7);
    const encrypted = new Array(count);
    const sealing = cpuNs(() => {
        for (let i = 0; i < count; i++) encrypted[i] = sender.encrypt(AUDIO, OPUS, frame);
    });
    let opened;
    const opening = cpuNs(() => {
        for (let i = 0; i < count; i++) opened = receiver.decrypt(SENDER, AUDIO, encrypted[i]);
    });
    if (!opened.equals(frame) || encrypted[0].includes(frame.subarray(0, 16))) throw new Error("davey did not encrypt");
    return [sealing, opening];
}

function startSotto(path) {
    const child = spawn(path, [], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return {
        async round(size, count) {
            child.stdin.write(`${size} ${count}\n`);
            const { value, done } = await lines.next();
            if (done) throw new Error(`${path} ended`);
            return value.split(" ").map(Number);
        },
        end: () => child.stdin.end(),
    };
}

// As bench/stats.c has it.
function quantile(sorted, p) {
    const at = p * (sorted.length - 1);
    const low = Math.floor(at);
    const high = Math.min(low + 1, sorted.length - 1);
    return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

function summary(name, times, baseline, iterations) {
    const sorted = [...times].sort((a, b) => a - b);
    const ratios = times.map((time, i) => time / baseline[i]).sort((a, b) => a - b);
    const median = quantile(sorted, 0.5);
    const deviations = times.map((time) => Math.abs(time - median)).sort((a, b) => a - b);
    return {
        name,
        iterations,
        rounds: times.length,
        median_ns: median,
        q1_ns: quantile(sorted, 0.25),
        q3_ns: quantile(sorted, 0.75),
        min_ns: sorted[0],
        mad_ns: quantile(deviations, 0.5),
        ratio: quantile(ratios, 0.5),
        ratio_iqr: quantile(ratios, 0.75) - quantile(ratios, 0.25),
    };
}

function print({ title, contestants }) {
    console.log(`\n${title} (${contestants[0].rounds} rounds)`);
    console.log("          median ns        IQR      ratio        IQR");
    for (const { name, median_ns, q1_ns, q3_ns, ratio, ratio_iqr } of contestants) {
        const figures = [median_ns.toFixed(1), (q3_ns - q1_ns).toFixed(1), ratio.toFixed(2), ratio_iqr.toFixed(2)];
        console.log(`  ${name.padEnd(6)}${figures.map((text) => text.padStart(11)).join("")}`);
    }
}

async function measure(pair, sotto, size) {
    const count = Math.min(ROUND_FRAMES, Math.floor(ROUND_BYTES / size), frames);
    const rounds = Math.ceil(frames / count);
    const times = { sotto: [[], []], davey: [[], []] };
    for (let round = 0; round < rounds; round++) {
        // each round begins with the other
        for (const name of round % 2 ? ["davey", "sotto"] : ["sotto", "davey"]) {
            const ns = name === "sotto" ? await sotto.round(size, count) : roundOfDavey(pair, size, count);
            ns.forEach((total, i) => times[name][i].push(total / count));
        }
        if (process.stderr.isTTY) process.stderr.write(`\r${size} B: round ${round + 1} of ${rounds} `);
    }
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    return ["encrypt", "decrypt"].map((what, i) => ({
        title: `${what}, ${size} B, ${rounds * count} frames`,
        bytes: size,
        contestants: ["sotto", "davey"].map((name) => summary(name, times[name][i], times.sotto[i], count)),
    }));
}

const pair = await sessions(mlsPeer);
const sotto = startSotto(framesProgram);
const cases = [];
const version = JSON.parse(readFileSync("node_modules/@snazzah/davey/package.json")).version;
console.log(`davey        ${version}`);
console.log(`node         ${process.version}`);
if (values.quick) console.log("quick run: the figures below mean nothing");
for (const size of SIZES)
    for (const one of await measure(pair, sotto, size)) {
        print(one);
        cases.push(one);
    }
sotto.end();
const stats = pair.sender.getEncryptionStats(AUDIO);
if (stats.failures || davey.DEBUG_BUILD) throw new Error("davey failed at frames, or is a debug build");
if (values.json) {
    const versions = { cpu: cpus()[0].model, davey: version, node: process.version };
    writeFileSync(values.json, JSON.stringify({ bench: "dave", quick: values.quick, cases, figures: [], versions }, null, 1));
}
