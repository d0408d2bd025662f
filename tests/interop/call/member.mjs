// Somebody who is in a call of `sotto call`. usage: SOTTO_LINK=LINK node member.mjs SFU_URL NAME [SUITE PADDING]
// SUITE and PADDING are those of the room, where nobody was in it before.
// Lines of JSON on stdout say what happens; the line "leave" on stdin, or its end, leaves the call.
import { randomBytes, webcrypto } from "node:crypto";
import { createInterface } from "node:readline";

globalThis.crypto ??= webcrypto; // Node 18 does not show it by default
const { Call } = await import("./call.mjs");
const { Delivery } = await import("./delivery.mjs");
const { Group } = await import("./group.mjs");
const { makeCertificate, newKey } = await import("./identity.mjs");
const { Media } = await import("./media.mjs");
const { Room } = await import("./room.mjs");
const { CODEC, KIND } = await import("./sframe.mjs");
const { bytes } = await import("./wire.mjs");

const FRAME_MS = 20;
const [PICTURE_EVERY, TELL_EVERY] = [5, 25]; // sound frames
const SILENCE = Buffer.from("f8fffe", "hex"); // Opus, 20 ms
const PICTURE = Buffer.from("3001009d012a010001000ec0fe25a400037000000000", "hex"); // VP8, a key frame of one pixel

const [url, name, suite = 4, padding = 0] = process.argv.slice(2);
const room = Room.fromLink(process.env.SOTTO_LINK);
const counts = { sent: {}, opened: {}, refused: {}, unpadded: 0 };
const tell = (event, more) => console.log(JSON.stringify({ event, ...more }));

const [root, device, now] = [newKey(), newKey(), Math.floor(Date.now() / 1000)];
const certificate = makeCertificate(root, device, name, "node", now);
const group = await new Group(room, device, certificate).begin();
const delivery = new Delivery();
const call = new Call(group, delivery);
let media, sending;

function take(kind, frame) {
    try {
        const { leaf, codec, payload, padding } = call.open(frame);
        if (call.step > 1 && (padding === 0 || (payload.length + padding) % call.step !== 0)) counts.unpadded++;
        const sender = call.members.find((one) => one.leaf === leaf)?.name;
        counts.opened[`${sender} ${codec}`] = (counts.opened[`${sender} ${codec}`] ?? 0) + 1;
    } catch (error) {
        counts.refused[error.message] = (counts.refused[error.message] ?? 0) + 1;
    }
}
function send(kind, context, codec, payload) {
    if (!call.confirmed) return;
    media.send(kind, call.seal(context, codec, payload), performance.now());
    counts.sent[kind] = (counts.sent[kind] ?? 0) + 1;
}

call.on("epoch", async () => {
    const epoch = { epoch: Number(group.epoch), roster: call.roster, link: group.room.link };
    tell("epoch", { ...epoch, code: await call.code() });
});
call.on("skipped", (error) => tell("skipped", { why: error.message }));
call.on("confirmed", async () => {
    tell("confirmed");
    media = new Media(url, room.name, randomBytes(8).toString("hex"), take);
    await media.connect();
    let tick = 0;
    sending = setInterval(() => {
        if (tick % TELL_EVERY === 0) tell("frames", counts);
        send("audio", 4 * KIND.microphone, CODEC.opus, SILENCE);
        if (tick++ % PICTURE_EVERY === 0) send("video", 4 * KIND.camera, CODEC.vp8, PICTURE);
    }, FRAME_MS);
});
call.on("out", async () => {
    clearInterval(sending);
    await media?.close();
    delivery.close();
    tell("out", counts);
    process.exit(0);
});

const input = createInterface({ input: process.stdin });
input.on("line", (line) => line === "leave" && call.leave());
input.on("close", () => call.leave());
delivery.on("closed", () => call.end());
await delivery.connect(room.host);
await call.enter("", now + 86400, { suite: Number(suite), padding: Number(padding) });
