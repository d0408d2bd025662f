// A room's link, what follows from its secret, and the boxes sealed under it (docs/protocol.md, "Inside the boxes").
import { hkdfSync, randomBytes } from "node:crypto";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { bytes, concat, parse, u32, u8, vector } from "./wire.mjs";

export const BOX = { founding: 1, commit: 2, welcome: 3, groupInfo: 4, keyPackage: 5, relay: 6 };
const VERSION = 1;
const OVERHEAD = 1 + 1 + 4 + 24 + 4 + 16; // version, type, number, nonce; inside: length, tag

export class Room {
    constructor(host, name, secret, number) {
        Object.assign(this, { host, name, secret, number });
        // HKDF-Extract and HKDF-Expand in one: the salt is that of the extraction
        const derive = (label) =>
            new Uint8Array(hkdfSync("sha256", secret, "sotto room v1", concat(bytes(label), u32(number), bytes(name)), 32));
        this.psk = derive("psk ");
        this.pskId = concat(bytes("sotto room psk"), [0, 1], u32(number));
        this.sealKey = derive("seal");
    }

    static fromLink(link) {
        const parts = /^sotto:\/\/([^/#]+)\/([\w.-]{1,63})#([\w-]{22})(?:\.([1-9]\d{0,9}))?$/.exec(link);
        const secret = parts && Buffer.from(parts[3], "base64url");
        if (!parts || secret.toString("base64url") !== parts[3]) throw new Error("not a room link");
        return new Room(parts[1], parts[2], secret, Number(parts[4] ?? 0));
    }
    get link() {
        const number = this.number > 0 ? `.${this.number}` : "";
        return `sotto://${this.host}/${this.name}#${Buffer.from(this.secret).toString("base64url")}${number}`;
    }
    next(secret) {
        return new Room(this.host, this.name, secret, this.number + 1);
    }

    head(type) {
        return concat(u8(VERSION), u8(type), u32(this.number));
    }
    cipher(type, nonce) {
        return xchacha20poly1305(this.sealKey, nonce, concat(bytes("sotto box"), vector(bytes(this.name)), this.head(type)));
    }
    seal(type, content) {
        let length = 256;
        while (length < content.length + OVERHEAD) length += Math.min(length, 16384);
        const nonce = randomBytes(24);
        const zeros = new Uint8Array(length - content.length - OVERHEAD);
        return concat(this.head(type), nonce, this.cipher(type, nonce).encrypt(concat(u32(content.length), content, zeros)));
    }
    // Throws for what is not a box of this type under this number of the secret.
    open(type, box) {
        return parse(box, (reader) => {
            const [version, found, number] = [reader.u8(), reader.u8(), reader.u32()];
            if (version !== VERSION || found !== type || number !== this.number) throw new Error("another box");
            const nonce = reader.raw(24);
            return parse(this.cipher(type, nonce).decrypt(reader.rest()), (text) => {
                const content = text.raw(text.u32());
                if (text.rest().some((byte) => byte !== 0)) throw new Error("zeros that are none");
                return content;
            });
        });
    }
}
