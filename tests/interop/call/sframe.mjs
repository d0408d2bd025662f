// SFrame (RFC 9605) as docs/frame-format.md has it: key ids, keys of an epoch, the inner header.
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { Reader, bytes, concat, parse, u16, u32, u64, u8, uint } from "./wire.mjs";

export const KIND = { microphone: 0, camera: 1 };
export const CODEC = { opus: 1, vp8: 2 };
export const SUITES = {
    4: { cipher: "aes-128-gcm", hash: "sha256", nk: 16, nt: 16 },
    5: { cipher: "aes-256-gcm", hash: "sha512", nk: 32, nt: 16 },
};
const EPOCH_BITS = 8n;
const WINDOWS = [128n, 1024n, 1024n, 128n, 1024n]; // by kind
const [VERSION, PADDED, TLVS] = [1 << 5, 1, 2]; // bits of the inner header's first byte

const hmac = (hash, key, data) => createHmac(hash, key).update(data).digest();

// One epoch's keys. leaves: how many slots its tree has, blank ones included.
export class Epoch {
    keys = new Map();

    constructor(number, leaves, suite, baseKey) {
        Object.assign(this, { low: BigInt(number) & 0xffn, leaves, suite });
        this.leafBits = BigInt(Math.ceil(Math.log2(leaves)));
        this.secret = hmac(SUITES[suite].hash, "", baseKey); // HKDF-Extract
    }
    kid(leaf, context) {
        return (((BigInt(context) << this.leafBits) | BigInt(leaf)) << EPOCH_BITS) | this.low;
    }
    // What a KID names; undefined if it names nothing.
    names(kid) {
        const leaf = Number((kid >> EPOCH_BITS) & ((1n << this.leafBits) - 1n));
        const context = Number(kid >> (EPOCH_BITS + this.leafBits));
        return leaf < this.leaves && context < 4 * WINDOWS.length ? { leaf, context } : undefined;
    }
    // HKDF-Expand of no more than one block
    expand(label, kid, length) {
        const info = concat(bytes(label), u64(kid), u16(this.suite), u8(1));
        return hmac(SUITES[this.suite].hash, this.secret, info).subarray(0, length);
    }
    key(kid) {
        return {
            key: this.expand("SFrame 1.0 Secret key ", kid, SUITES[this.suite].nk),
            salt: this.expand("SFrame 1.0 Secret salt ", kid, 12),
            next: 0n, // counter, of a sender
            highest: -1n, // and what a receiver has seen
            seen: new Set(),
        };
    }
    kept(kid) {
        if (!this.keys.has(kid)) this.keys.set(kid, this.key(kid));
        return this.keys.get(kid);
    }
}

function field(value) {
    if (value < 8n) return [Number(value), new Uint8Array()];
    const length = Math.ceil(value.toString(16).length / 2);
    return [8 | (length - 1), uint(value, length)];
}

function header(kid, counter) {
    const [k, kidBytes] = field(kid);
    const [c, counterBytes] = field(counter);
    return concat(u8((k << 4) | c), kidBytes, counterBytes);
}

function readHeader(frame) {
    const reader = new Reader(frame);
    const config = reader.u8();
    const value = (bits) => (bits & 8 ? reader.uint((bits & 7) + 1) : BigInt(bits));
    const kid = value(config >> 4);
    const counter = value(config & 15);
    const length = reader.at;
    if (!Buffer.from(header(kid, counter)).equals(frame.subarray(0, length))) throw new Error("a header that is not minimal");
    return { kid, counter, length };
}

const nonce = (salt, counter) => uint(BigInt(`0x${salt.toString("hex")}`) ^ counter, 12);

// step: payload and padding are a multiple of it; 1 for no padding
export function seal(epoch, leaf, context, { codec, time, payload, step }) {
    const { cipher, nt } = SUITES[epoch.suite];
    const kid = epoch.kid(leaf, context);
    const key = epoch.kept(kid);
    const counter = key.next++; // spent before it is used
    const head = header(kid, counter);
    const sealing = createCipheriv(cipher, key.key, nonce(key.salt, counter), { authTagLength: nt }).setAAD(head);
    const padding = step > 1 ? step - (payload.length % step) : 0;
    const inner = concat(u8(padding ? VERSION | PADDED : VERSION), u8(codec), u32(time % 2 ** 32), padding ? u16(padding) : []);
    const text = concat(inner, payload, new Uint8Array(padding));
    return concat(head, sealing.update(text), sealing.final(), sealing.getAuthTag());
}

function readInner(text) {
    return parse(text, (reader) => {
        const [flags, codec, time] = [reader.u8(), reader.u8(), reader.u32()];
        if ((flags & ~(PADDED | TLVS)) !== VERSION || codec === 0) throw new Error("an inner header of another version");
        const padding = flags & PADDED ? reader.u16() : 0;
        if (flags & TLVS) reader.raw(reader.u8());
        const rest = reader.rest();
        const payload = rest.subarray(0, rest.length - padding);
        if (padding > rest.length || rest.subarray(payload.length).some((byte) => byte !== 0)) throw new Error("bad padding");
        return { codec, time, payload, padding };
    });
}

// Opens a frame of one of these epochs' members; `present(epoch, leaf)` says whether a leaf is one. State changes only once
// the frame has authenticated.
export function open(epochs, present, frame) {
    const { kid, counter, length } = readHeader(frame);
    const epoch = epochs.find((one) => one.low === (kid & 0xffn));
    const sender = epoch?.names(kid);
    if (!sender || !present(epoch, sender.leaf)) throw new Error(`nobody's key id ${kid}`);
    const { cipher, nt } = SUITES[epoch.suite];
    const key = epoch.keys.get(kid) ?? epoch.key(kid);
    const window = WINDOWS[sender.context >> 2];
    if (key.seen.has(counter) || counter + window <= key.highest) throw new Error("a replayed frame");
    if (frame.length < length + nt) throw new Error("cut short");
    const opening = createDecipheriv(cipher, key.key, nonce(key.salt, counter), { authTagLength: nt });
    opening.setAAD(frame.subarray(0, length)).setAuthTag(frame.subarray(frame.length - nt));
    const text = concat(opening.update(frame.subarray(length, frame.length - nt)), opening.final());

    epoch.keys.set(kid, key);
    key.seen.add(counter);
    if (counter > key.highest) key.highest = counter;
    for (const old of key.seen) if (old + window <= key.highest) key.seen.delete(old);
    return { ...sender, ...readInner(text) };
}
