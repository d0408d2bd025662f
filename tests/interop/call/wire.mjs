// RFC 9420's presentation language (section 2.1), and small things that go with it.

export const bytes = (text) => new TextEncoder().encode(text);
export const concat = (...parts) => Uint8Array.from(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
export const equal = (a, b) => Buffer.compare(a, b) === 0;
export const hex = (data) => Buffer.from(data).toString("hex");

// A variable-size length (RFC 9420 section 2.1.2): two bits say how many bytes it takes.
function vectorLength(length) {
    if (length < 1 << 6) return uint(length, 1);
    if (length < 1 << 14) return uint(length | 0x4000, 2);
    return uint(length + 0x80000000, 4);
}

export function uint(value, size) {
    const out = new Uint8Array(size);
    for (let i = size - 1, rest = BigInt(value); i >= 0; i--, rest >>= 8n) out[i] = Number(rest & 0xffn);
    return out;
}
export const u8 = (value) => uint(value, 1);
export const u16 = (value) => uint(value, 2);
export const u32 = (value) => uint(value, 4);
export const u64 = (value) => uint(value, 8);
export const vector = (data) => concat(vectorLength(data.length), data); // opaque x<V>

// Reads what the functions above write, and throws at the first byte that is not as it has to be.
export class Reader {
    constructor(data) {
        this.data = data;
        this.at = 0;
    }
    raw(length) {
        if (length > this.data.length - this.at) throw new Error("cut short");
        this.at += length;
        return this.data.subarray(this.at - length, this.at);
    }
    uint(size) {
        return this.raw(size).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
    }
    u8 = () => Number(this.uint(1));
    u16 = () => Number(this.uint(2));
    u32 = () => Number(this.uint(4));
    u64 = () => this.uint(8);
    vector() {
        const size = 1 << (this.data[this.at] >> 6);
        if (size === 8) throw new Error("no such length");
        const length = Number(this.uint(size) & ((1n << BigInt(8 * size - 2)) - 1n));
        if (vectorLength(length).length !== size) throw new Error("a length that is longer than it has to be");
        return this.raw(length);
    }
    list(read) {
        const inner = new Reader(this.vector());
        const items = [];
        while (inner.at < inner.data.length) items.push(read(inner));
        return items;
    }
    rest() {
        return this.raw(this.data.length - this.at);
    }
    end() {
        if (this.at !== this.data.length) throw new Error("something stands behind the last field");
    }
}

// All of data, as `read` says.
export function parse(data, read) {
    const reader = new Reader(data);
    const value = read(reader);
    reader.end();
    return value;
}
