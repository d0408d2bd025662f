// Users and devices: certificates, and the call code (docs/identity.md).
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify } from "node:crypto";
import { argon2id } from "hash-wasm";
import { bytes, concat, equal, parse, u16, u64, vector } from "./wire.mjs";

const SCHEME = 1;
const DAY_S = 86400;

// Ed25519 keys are raw in all formats here; Node wants them in DER (RFC 8410).
const der = (prefix, key) => ({ key: Buffer.concat([Buffer.from(prefix, "hex"), key]), format: "der" });
const privateKey = (seed) => createPrivateKey({ ...der("302e020100300506032b657004220420", seed), type: "pkcs8" });
const publicKey = (key) => createPublicKey({ ...der("302a300506032b6570032100", key), type: "spki" });

export function newKey() {
    const seed = randomBytes(32);
    const spki = createPublicKey(privateKey(seed)).export({ format: "der", type: "spki" });
    return { seed: new Uint8Array(seed), public: Uint8Array.from(spki.subarray(-32)) };
}
export const signRaw = (seed, data) => Uint8Array.from(sign(null, data, privateKey(seed)));
export const verifyRaw = (key, data, signature) => verify(null, data, publicKey(key), signature);

const signContent = (label, content) => concat(vector(bytes(`Sotto 1.0 ${label}`)), vector(content));

export const userId = (rootKey) => createHash("sha256").update("Sotto 1.0 User").update(rootKey).digest();

export function makeCertificate(root, device, name, label, now) {
    const content = concat(
        u16(SCHEME),
        vector(root.public),
        vector(device.public),
        vector(bytes(name)),
        vector(bytes(label)),
        u64(now),
        u64(now + DAY_S),
    );
    return concat(content, vector(signRaw(root.seed, signContent("DeviceCertificate", content))));
}

// What a genuine certificate of this device key says; throws if it is none.
export function readCertificate(data, deviceKey) {
    return parse(data, (reader) => {
        const scheme = reader.u16();
        const [root, device, name, label] = [reader.vector(), reader.vector(), reader.vector(), reader.vector()];
        const [created, expires] = [reader.u64(), reader.u64()];
        const content = data.subarray(0, reader.at);
        const signature = reader.vector();
        const text = (value) => new TextDecoder("utf-8", { fatal: true }).decode(value);
        if (scheme !== SCHEME || data.length > 256 || root.length !== 32 || device.length !== 32 || equal(root, device))
            throw new Error("not a certificate");
        if (!equal(device, deviceKey)) throw new Error("a certificate of another key");
        if (expires <= created || expires - created > 14n * BigInt(DAY_S)) throw new Error("a certificate for too long");
        if (!verifyRaw(root, signContent("DeviceCertificate", content), signature)) throw new Error("a forged certificate");
        return { data, root, device, name: text(name), label: text(label), created, expires };
    });
}

// The thirty digits that everybody in a call sees. members: {root, device}
export async function callCode(groupId, parameters, members) {
    const sorted = members.map(({ root, device }) => concat(root, device)).sort(Buffer.compare);
    const call = concat(
        vector(bytes("Sotto 1.0 CallCode")),
        vector(groupId),
        vector(parameters),
        vector(concat(...sorted)),
    );
    const h = createHash("sha512").update(call).digest();
    const cost = { iterations: 3, memorySize: 64 * 1024, parallelism: 1, hashLength: 44, outputType: "hex" };
    const code = Buffer.from(await argon2id({ password: h.subarray(0, 48), salt: h.subarray(48), ...cost }), "hex");
    const five = (i) => code.readUIntBE(5 * i, 5) % 100000;
    return Array.from({ length: 6 }, (_, i) => String(five(i)).padStart(5, "0")).join(" ");
}
