// Sotto's MLS library in groups with ts-mls. usage: node ts_mls.mjs MLS_PEER [--suite N] [--seed N] [--operations N]
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto; // Node 18 does not show it by default
const { Peer, SottoMember } = await import("./member_sotto.mjs");
const { TsMember } = await import("./member_ts.mjs");

const MEMBERS_MAX = 8;
const KINDS = [SottoMember, TsMember];
const hex = (text) => Buffer.from(text).toString("hex");

// mulberry32: a run is repeated by its seed (keys and nonces apart)
function random(seed) {
    let state = seed >>> 0;
    return (bound) => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
    };
}

class Group {
    constructor(peer, suite, label) {
        Object.assign(this, { peer, suite, label, members: [], made: 0, psks: [], reloads: 0 });
        this.chance = () => false; // of being saved and loaded
    }

    async maybeReload(member) {
        if (!member.reload || !this.chance()) return;
        await member.reload();
        this.reloads++;
    }

    async client(Kind) {
        const member = await Kind.make(this.peer, this.suite, `${this.label}-${Kind.kind}-${this.made++}`);
        for (const [id, secret] of this.psks) await member.learnPsk(id, secret);
        return member;
    }

    async found(Kind) {
        const founder = await this.client(Kind);
        await founder.create(hex(`group ${this.label}`));
        this.members = [founder];
    }

    others(...some) {
        return this.members.filter((member) => !some.includes(member));
    }

    // To all but its sender; who is removed by it leaves.
    async deliver(sender, message) {
        for (const member of this.others(sender)) {
            await this.maybeReload(member);
            if ((await member.process(message)).removed) {
                this.members = this.others(member);
                await member.leave();
            }
        }
    }

    async commit(sender, proposals = [], options = {}, joiners = []) {
        const { message, welcome } = await sender.commit(proposals, options);
        assert.equal(welcome !== undefined, joiners.length > 0, "a Welcome if, and only if, there are Adds");
        await this.maybeReload(sender);
        await this.deliver(sender, message);
        await this.maybeReload(sender);
        await sender.merge();
        const tree = options.treeApart ? await sender.tree() : undefined;
        for (const joiner of joiners) {
            await this.maybeReload(joiner);
            await joiner.join(welcome, tree);
        }
        this.members.push(...joiners);
    }

    async add(sender, joiners, options) {
        const proposals = [];
        for (const joiner of joiners) proposals.push({ type: "add", key_package: await joiner.keyPackage() });
        await this.commit(sender, proposals, options, joiners);
    }

    async remove(sender, removed, options) {
        await this.commit(sender, [{ type: "remove", leaf: await sender.leafOf(removed.name) }], options);
        assert(!this.members.includes(removed), "the removed member knows");
    }

    async proposeRemove(proposer, committer, removed, options) {
        const proposal = { type: "remove", leaf: await proposer.leafOf(removed.name) };
        await this.deliver(proposer, await proposer.propose(proposal, options));
        await this.commit(committer, [], options);
    }

    async proposeAdd(proposer, committer, joiner, options) {
        const proposal = { type: "add", key_package: await joiner.keyPackage() };
        await this.deliver(proposer, await proposer.propose(proposal, options));
        await this.commit(committer, [], options, [joiner]);
    }

    async proposeUpdate(proposer, committer, options) {
        await this.deliver(proposer, await proposer.propose({ type: "update" }, options));
        await this.commit(committer, [], options);
    }

    async psk(sender, number, options) {
        const [id, secret] = [hex(`psk ${number}`), hex(`secret of ${number} `.repeat(3))];
        this.psks.push([id, secret]);
        for (const member of this.members) await member.learnPsk(id, secret);
        await this.commit(sender, [{ type: "psk", id }], options);
    }

    async joinExternal(joiner, informant, options = {}) {
        const message = await joiner.joinExternal(await informant.groupInfo(), options);
        await this.deliver(joiner, message);
        if (!this.members.includes(joiner)) this.members.push(joiner);
    }

    async resync(member, informant) {
        await this.joinExternal(member, informant, { resync: await informant.leafOf(member.name) });
    }

    async say(sender, text) {
        const message = await sender.seal(hex(text), hex("associated"));
        for (const member of this.others(sender)) {
            const got = await member.process(message);
            assert.equal(got.kind, "application");
            assert.equal(got.data, hex(text));
        }
    }

    // All members share the epoch, its authenticator, what it exports, and can talk.
    async agree() {
        const views = [];
        for (const member of this.members)
            views.push({
                epoch: await member.epoch(),
                authenticator: await member.authenticator(),
                exported: await member.export("interop", hex("context"), 48),
            });
        views.forEach((view, i) => assert.deepEqual(view, views[0], `${this.members[i].name} is of another view`));
    }
}

async function directed(peer, suite) {
    for (const Founder of KINDS) {
        const Other = KINDS.find((Kind) => Kind !== Founder);
        const group = new Group(peer, suite, `${suite}-${Founder.kind}`);
        const step = async (what, action) => {
            try {
                await action();
                await group.agree();
                for (const member of group.members) await group.say(member, `${what} from ${member.name}`);
            } catch (error) {
                throw new Error(`suite ${suite}, founded by ${Founder.kind}: ${what}`, { cause: error });
            }
        };
        await group.found(Founder);
        const [founder] = group.members;
        const other = await group.client(Other);
        const third = await group.client(Founder);
        const fourth = await group.client(Other);
        const fifth = await group.client(Founder);
        await step("add", () => group.add(founder, [other]));
        await step("add by the one who joined", () => group.add(other, [third, fourth]));
        for (const isPublic of [false, true]) {
            const how = { public: isPublic };
            const named = (what) => `${what}, ${isPublic ? "public" : "private"}`;
            await step(named("update"), () => group.commit(founder, [], how));
            await step(named("update by the other"), () => group.commit(other, [], how));
            await step(named("psk"), () => group.psk(founder, isPublic ? 0 : 1, how));
            await step(named("psk by the other"), () => group.psk(other, isPublic ? 2 : 3, how));
        }
        await step("remove", () => group.remove(founder, fourth));
        await step("external join", () => group.joinExternal(fifth, other));
        await step("external join of the other", async () => group.joinExternal(await group.client(Other), founder));
        await step("update after it", () => group.commit(other));
        await step("remove by the other", () => group.remove(other, third));
        await step("proposed remove", () => group.proposeRemove(founder, other, fifth));
        const sotto = group.members.find((member) => member.kind === "sotto");
        const ts = group.members.find((member) => member.kind === "ts-mls");
        await step("external join with psk", async () =>
            group.joinExternal(await group.client(SottoMember), ts, { psks: [group.psks[0][0]] }));
        await step("proposed update", () => group.proposeUpdate(sotto, ts));
        await step("proposed update, public", () => group.proposeUpdate(sotto, ts, { public: true }));
        await step("tree apart", async () => group.add(ts, [await group.client(SottoMember)], { treeApart: true }));
        await step("save and load", () => sotto.reload());
        await step("resync of ours", () => group.resync(sotto, ts));
        await step("resync of theirs", () => group.resync(ts, sotto));
        for (const member of group.members) await member.leave();
        console.log(`suite ${suite}, founded by ${Founder.kind}: every kind of operation`);
    }
}

async function walk(peer, suite, seed, operations) {
    const below = random(seed * 16 + suite);
    const pick = (list) => list[below(list.length)];
    const group = new Group(peer, suite, `walk-${suite}-${seed}`);
    const counts = {};
    group.chance = () => below(4) === 0;
    await group.found(KINDS[below(2)]);
    await group.add(group.members[0], [await group.client(SottoMember), await group.client(TsMember)]);

    const options = () => ({ public: below(2) === 0 });
    const room = () => group.members.length < MEMBERS_MAX;
    // who may go: not the last of its kind
    const spare = (...but) =>
        group.others(...but).filter((one) => group.others(one).some((member) => member.kind === one.kind));
    const actions = {
        update: async () => group.commit(pick(group.members), [], options()),
        add: async () => room() && group.add(pick(group.members), [await group.client(pick(KINDS))], options()),
        addTwo: async () =>
            room() &&
            group.add(pick(group.members), [await group.client(KINDS[0]), await group.client(KINDS[1])], options()),
        remove: async () => {
            const sender = pick(group.members);
            const removed = pick(spare(sender));
            return removed && group.remove(sender, removed, options());
        },
        proposeAdd: async () =>
            room() &&
            group.proposeAdd(pick(group.members), pick(group.members), await group.client(pick(KINDS)), options()),
        proposeRemove: async () => {
            const removed = pick(spare());
            if (!removed) return false;
            const rest = group.others(removed);
            return group.proposeRemove(pick(rest), pick(rest), removed, options());
        },
        proposeUpdate: async () => {
            const proposer = pick(group.members.filter((member) => member.kind === "sotto"));
            return group.proposeUpdate(proposer, pick(group.others(proposer)), options());
        },
        psk: async () => group.psks.length < 60 && group.psk(pick(group.members), group.psks.length, options()),
        resumption: async () => {
            const sender = pick(group.members);
            return group.commit(sender, [{ type: "psk", epoch: await sender.epoch() }], options());
        },
        externalJoin: async () =>
            room() && group.joinExternal(await group.client(pick(KINDS)), pick(group.members)),
        resync: async () => {
            const member = pick(group.members);
            return group.resync(member, pick(group.others(member)));
        },
        say: async () => group.say(pick(group.members), `message ${below(1 << 30)}`),
    };

    for (let done = 0; done < operations; ) {
        const name = pick(Object.keys(actions));
        try {
            if ((await actions[name]()) === false) continue;
            await group.agree();
            await group.say(pick(group.members), `after ${name}`);
        } catch (error) {
            const where = `suite ${suite}, seed ${seed}, operation ${done} (${name}), ${group.members.length} members`;
            throw new Error(where, { cause: error });
        }
        counts[name] = (counts[name] ?? 0) + 1;
        done++;
    }
    for (const name of Object.keys(actions)) assert(counts[name] > 0 || operations < 200, `no ${name} in the walk`);
    assert(group.reloads > 0 || operations < 200, "nobody was saved and loaded");
    counts.reloads = group.reloads;
    console.log(`suite ${suite}, seed ${seed}: ${operations} random operations ${JSON.stringify(counts)}`);
}

const [path, ...rest] = process.argv.slice(2);
const option = (name, otherwise) => {
    const at = rest.indexOf(`--${name}`);
    return at < 0 ? otherwise : Number(rest[at + 1]);
};
if (!path) {
    console.error("usage: node ts_mls.mjs MLS_PEER [--suite N] [--seed N] [--operations N]");
    process.exit(2);
}
const suites = option("suite", 0) ? [option("suite", 0)] : [1, 2, 3];
const peer = new Peer(path);
for (const suite of suites) {
    await directed(peer, suite);
    await walk(peer, suite, option("seed", 1), option("operations", 200));
}
assert.equal(await peer.close(), 0, "mls_peer ends well");
