// A member of a call: it asks to be let in, follows the log, keeps in touch, and has each epoch's keys for frames.
import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { PART } from "./delivery.mjs";
import { callCode } from "./identity.mjs";
import { Epoch, SUITES, open, seal } from "./sframe.mjs";
import { concat, equal, hex, parse, u32, u64, u8, vector } from "./wire.mjs";

const MESSAGE = { heartbeat: 1, left: 2 };
const READ_MAX = 256;
const ECHOES_MAX = 16;
const [GRACE_MS, GRACE_REMOVED_MS, SWITCH_MS] = [3000, 2000, 500];
const ASK_AGAIN_MS = 10000;

const now = () => Math.floor(performance.now()); // ms, monotonic: heartbeats tell it and frames carry it
const unix = () => Math.floor(Date.now() / 1000);

// Emits "joined", "epoch", "confirmed" and "out".
export class Call extends EventEmitter {
    heard = new Map(); // by leaf: the last heartbeat, {counter, time, joined}, and when it came
    said = new Set(); // boxes of one's own that the relay has not brought back
    epochs = []; // newest first: {keys, others, since, until}; sealed with since, opened until
    counter = 0;
    confirmed = false;
    queue = Promise.resolve();

    constructor(group, delivery) {
        super();
        Object.assign(this, { group, delivery });
    }
    // One thing at a time: each changes the group's state. What fails is not for this member, and changes nothing.
    inTurn(what) {
        this.queue = this.queue.then(what).catch((error) => this.emit("skipped", error));
    }

    // how: of a room that this member is the first to come to
    async enter(token, expires, how) {
        const { group, delivery } = this;
        const { head, oldest } = await delivery.hello(token, group.room.name, 0);
        delivery.on("entry", (entry) => this.inTurn(() => this.takeEntry(entry)));
        delivery.on("relayed", (box) => this.inTurn(() => this.takeMessage(box)));
        if (head === 0n) return this.inTurn(() => this.found(expires, how));
        if (group.room.number === 0 && oldest === 1n) this.groupId = await this.findFounding(head);
        await this.ask(expires);
    }
    async found(expires, how) {
        const [founding, groupInfo] = await this.group.found(unix(), expires, how);
        await this.delivery.append(randomBytes(16), founding, groupInfo);
        const { entries } = await this.delivery.read(1n, 1);
        if (!equal(entries[0].commit, founding)) throw new Error("somebody else has founded the room");
        this.joined = 0n;
        await this.enterEpoch({ removed: [], added: [this.group.leaf] });
    }
    async ask(expires) {
        if (this.group.state || this.over) return;
        await this.delivery.putKeyPackage(await this.group.ask(unix(), expires));
        this.timer = setTimeout(() => this.inTurn(() => this.ask(expires)), ASK_AGAIN_MS);
    }
    async findFounding(head) {
        for (let from = 1n; from <= head; ) {
            const { entries } = await this.delivery.read(from, READ_MAX);
            for (const { commit } of entries) {
                const groupId = await this.group.founding(commit).catch(() => undefined);
                if (groupId) return groupId;
            }
            from = entries.at(-1).seq + 1n;
        }
        throw new Error("the link is old");
    }

    async takeEntry({ seq, hasWelcome, commit }) {
        if (seq === 1n) return; // the founding
        if (this.group.state) {
            const change = await this.group.follow(commit);
            return change.out ? this.end() : this.enterEpoch(change);
        }
        if (!hasWelcome) return;
        await this.group.join(await this.delivery.fetch(seq, PART.welcome), this.groupId);
        this.joined = this.group.epoch;
        await this.enterEpoch({ removed: [], added: [this.group.leaf] });
    }
    async enterEpoch({ removed, added, renews }) {
        const { group } = this;
        const { suite, profile, padding } = group.parameters;
        if (!SUITES[suite] || profile !== 0) throw new Error(`no frames of suite ${suite}, profile ${profile} here`);
        this.step = 2 ** padding;
        const baseKey = await group.export("SFrame 1.0 Base Key", new Uint8Array(), SUITES[suite].nk);
        this.members = group.members;
        const others = new Set(this.members.map(({ leaf }) => leaf).filter((leaf) => leaf !== group.leaf));
        const until = now() + (removed.length > 0 ? GRACE_REMOVED_MS : GRACE_MS);
        for (const old of this.epochs) {
            old.until = Math.min(old.until, until);
            for (const leaf of removed) old.others.delete(leaf);
        }
        const keys = new Epoch(group.epoch, group.slots, suite, baseKey);
        const since = now() + (renews ? SWITCH_MS : 0); // what only renews keys gives slower members time
        this.epochs = [{ keys, others, since, until: Infinity }, ...this.epochs.filter((old) => old.keys.low !== keys.low)];
        for (const leaf of removed) this.heard.delete(leaf);
        this.emit("epoch");
        this.judge();
        if (added.length > 0) await this.heartbeat();
    }

    async takeMessage(box) {
        if (this.said.delete(hex(box)) || !this.group.state) return;
        const { leaf, epoch, content } = await this.group.open(box);
        if (content[0] !== MESSAGE.heartbeat || epoch < this.joined) return;
        const heartbeat = parse(content.subarray(1), (r) => {
            const [counter, time, joined] = [r.u64(), r.u64(), r.u64()];
            const echoes = r.list((one) => [one.u32(), one.u32(), one.u32()]);
            return { counter, time, joined, echoes, at: now() };
        });
        if (heartbeat.counter > (this.heard.get(leaf)?.counter ?? 0n)) this.heard.set(leaf, heartbeat);
        this.judge();
    }
    // Whether all others have answered: a newcomer's nonce is in the tree, and the tree in the epoch's keys.
    judge() {
        const heard = [...this.epochs[0].others].map((one) => this.heard.get(one));
        const answered = heard.every((one) => one) && heard.some((one) => one.joined < this.joined);
        if (this.confirmed || !(heard.length === 0 || answered)) return;
        this.confirmed = true;
        this.emit("confirmed");
    }
    async say(content) {
        const box = await this.group.seal(content);
        this.said.add(hex(box));
        await this.delivery.relay(box);
    }
    async heartbeat() {
        clearTimeout(this.timer);
        const echoes = [...this.heard].slice(0, ECHOES_MAX);
        const list = echoes.map(([leaf, { time, at }]) => concat(u32(leaf), u32(time & 0xffffffffn), u32(now() - at)));
        const head = concat(u8(MESSAGE.heartbeat), u64(++this.counter), u64(now()), u64(this.joined));
        this.timer = setTimeout(() => this.inTurn(() => this.heartbeat()), Math.max(5000, this.members.length * 50));
        await this.say(concat(head, vector(concat(...list))));
    }
    // Says goodbye, and is out; the others remove this leaf.
    leave() {
        this.inTurn(async () => {
            if (this.group.state && !this.over) await this.say(concat(u8(MESSAGE.left), this.group.leftSignature()));
            this.end();
        });
    }
    end() {
        if (this.over) return;
        this.over = true;
        clearTimeout(this.timer);
        this.confirmed = false;
        this.epochs = [];
        this.emit("out");
    }

    // A frame of one's own. Nothing is sent before the call has confirmed this member.
    seal(context, codec, payload) {
        if (!this.confirmed) throw new Error("not confirmed");
        const { keys } = this.epochs.find(({ since }) => since <= now()) ?? this.epochs[0];
        return seal(keys, this.group.leaf, context, { codec, time: now(), payload, step: this.step });
    }
    // A frame that came: {leaf, context, codec, time, payload}; throws if it is not a member's, or not new.
    open(frame) {
        this.epochs = this.epochs.filter(({ until }) => until > now());
        const present = (keys, leaf) => this.epochs.find((one) => one.keys === keys).others.has(leaf);
        return open(this.epochs.map(({ keys }) => keys), present, frame);
    }
    // What people compare.
    code() {
        return callCode(this.group.groupId, this.group.parameters.data, this.members);
    }
    get roster() {
        return this.members.map(({ leaf, name, label, user }) => ({ leaf, name, device: label, user }));
    }
}
