// A client of the delivery service: envelopes over a WebSocket (docs/protocol.md, "The delivery service").
import { EventEmitter } from "node:events";
import WebSocket from "ws";
import { Reader, bytes, concat, parse, u16, u32, u64, u8, vector } from "./wire.mjs";

export const PART = { commit: 0, welcome: 1, groupInfo: 2 };
const REQUEST = { hello: 0x01, append: 0x02, read: 0x03, fetch: 0x04, putKeyPackage: 0x06, relay: 0x08 };
const WAITING = 1;

const readEntry = (reader) => ({
    seq: reader.u64(),
    hasWelcome: reader.u8() === 1,
    hasGroupInfo: reader.u8() === 1,
    commit: reader.vector(),
});
// fields of answers, and of what is pushed; a type that is not here is of no use to this client
const FIELDS = {
    0x81: (r) => {
        const admitted = { logId: r.raw(16), oldest: r.u64(), head: r.u64(), tokenLeft: r.u32(), waiting: r.u16() };
        admitted.limits = [r.u16(), r.u32(), r.u16(), r.u32(), r.u32()];
        return { ...admitted, pseudonym: r.vector(), groupInfos: r.list((one) => one.u64()), present: r.list((one) => one.vector()) };
    },
    0x82: (r) => ({ seq: r.u64() }),
    0x83: (r) => ({ head: r.u64(), entries: r.list(readEntry) }),
    0x84: (r) => ({ seq: r.u64(), part: r.u8(), total: r.u32(), offset: r.u32(), data: r.vector() }),
    0x88: () => ({}),
    0x8f: (r) => ({ code: r.u16(), retryAfter: r.u32(), text: Buffer.from(r.vector()).toString() }),
    0x91: readEntry,
    0x92: (r) => ({ payload: r.vector() }),
};
const [ERROR, ENTRY, RELAYED] = [0x8f, 0x91, 0x92];

// Emits "entry", "relayed" and "closed". Requests give promises of their answers.
export class Delivery extends EventEmitter {
    waiting = new Map();
    last = 0;

    async connect(host) {
        this.socket = new WebSocket(`ws://${host}/ds`, ["sotto-ds.2"], { perMessageDeflate: false });
        this.socket.binaryType = "nodebuffer";
        this.socket.on("message", (data) => this.take(Uint8Array.from(data)));
        this.socket.on("close", (code) => this.emit("closed", code));
        await new Promise((resolve, reject) => this.socket.once("open", resolve).once("error", reject));
    }
    close() {
        this.socket.close();
    }
    take(data) {
        const reader = new Reader(data);
        const [type, request] = [reader.u8(), reader.u32()];
        if (!FIELDS[type]) return;
        const message = parse(reader.rest(), FIELDS[type]);
        if (type === ENTRY) this.emit("entry", message);
        else if (type === RELAYED) this.emit("relayed", message.payload);
        const asker = this.waiting.get(request);
        this.waiting.delete(request);
        if (type === ERROR) asker?.reject(new Error(`the delivery service: ${message.code} ${message.text}`));
        else asker?.resolve(message);
    }
    request(type, ...fields) {
        this.socket.send(concat(u8(type), u32(++this.last), ...fields));
        return new Promise((resolve, reject) => this.waiting.set(this.last, { resolve, reject }));
    }

    hello = (token, room, from) => this.request(REQUEST.hello, vector(bytes(token)), vector(bytes(room)), u64(from));
    // without a Welcome
    append = (id, commit, groupInfo) =>
        this.request(REQUEST.append, id, vector(commit), u8(0), u8(1), vector(groupInfo));
    read = (from, max) => this.request(REQUEST.read, u64(from), u16(max));
    async fetch(seq, part) {
        const pieces = [];
        for (let have = 0, total = 1; have < total; ) {
            const piece = await this.request(REQUEST.fetch, u64(seq), u8(part), u32(have));
            if (piece.offset !== have) throw new Error("the delivery service: another piece than was asked for");
            pieces.push(piece.data);
            ({ total } = piece);
            have += piece.data.length;
        }
        return concat(...pieces);
    }
    putKeyPackage = (box) => this.request(REQUEST.putKeyPackage, u8(WAITING), vector(box));
    relay = (box) => this.request(REQUEST.relay, vector(box));
}
