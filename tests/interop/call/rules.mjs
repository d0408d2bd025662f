// What a call's group holds beside MLS, and which commits count (docs/protocol.md, "The group", "What is valid").
import { readCertificate, userId, verifyRaw } from "./identity.mjs";
import { bytes, concat, equal, hex, parse, u16, u32, u64, u8, vector } from "./wire.mjs";

export const [PARAMETERS, REVOKED, LEAF] = [0xf501, 0xf502, 0xf503];
const EXTENSIONS = ["required_capabilities", PARAMETERS, REVOKED];
const REQUIRED = "06f501f502f50300020001"; // the extensions above, no proposals, basic credentials
const HOUR_S = 3600n;
const LOCKED = 1;

export function check(condition, rule) {
    if (!condition) throw new Error(`not valid: ${rule}`);
}

const extension = (list, type) => {
    const found = list.filter((one) => one.extensionType === type);
    check(found.length === 1, `one extension ${type}`);
    return found[0].extensionData;
};

export function parameters({ extensions }) {
    check(EXTENSIONS.every((type, i) => extensions[i].extensionType === type) && extensions.length === EXTENSIONS.length, "extensions");
    check(hex(extensions[0].extensionData) === REQUIRED, "extensions: capabilities");
    const data = extension(extensions, PARAMETERS);
    return parse(data, (r) => {
        check(r.u8() === 1, "version of sotto_call");
        const fields = { data, room: Buffer.from(r.vector()).toString(), suite: r.u16(), profile: r.u8(), padding: r.u8(), flags: r.u8() };
        Object.assign(fields, { number: r.u32(), founded: r.u64() });
        const admins = r.vector();
        check(admins.length > 0 && admins.length % 32 === 0, "admins");
        return { ...fields, admins: hex(admins).match(/.{64}/g) };
    });
}

// The GroupContext's extensions of a room that is founded now.
export function foundingExtensions(room, founder, now, { suite, padding }) {
    const says = [u8(1), vector(bytes(room.name)), u16(suite), u8(0), u8(padding), u8(0), u32(room.number), u64(now), vector(founder)];
    const data = [Buffer.from(REQUIRED, "hex"), concat(...says), new Uint8Array()];
    return EXTENSIONS.map((extensionType, i) => ({ extensionType, extensionData: data[i] }));
}

// Who is in a tree: leaves with what their certificates and their sotto_leaf say.
export function roster(tree) {
    const members = [];
    for (const [node, one] of tree.entries()) {
        if (one?.nodeType !== "leaf") continue;
        const certificate = readCertificate(one.leaf.credential.identity, one.leaf.signaturePublicKey);
        const says = parse(extension(one.leaf.extensions, LEAF), (r) => {
            check(r.u8() === 1, "version of sotto_leaf");
            return { time: r.u64(), epoch: r.u64(), number: r.u32(), nonce: r.raw(16) };
        });
        const by = one.leaf.leafNodeSource;
        members.push({ leaf: node / 2, by, hpke: hex(one.leaf.hpkePublicKey), user: hex(userId(certificate.root)), ...certificate, ...says });
    }
    return members;
}
// Slots of a tree, blank ones included; ts-mls cuts blank nodes off the end.
export const slots = (tree) => 2 ** Math.ceil(Math.log2((tree.length + 1) / 2));

// The latest time of the leaves that came with commits.
function groupTime(members, founded) {
    const times = members.filter(({ by }) => by === "commit").map(({ time }) => time);
    return times.length > 0 ? times.reduce((latest, time) => (time > latest ? time : latest)) : founded;
}

const isSuccessor = (old, one) =>
    equal(old.root, one.root) && equal(old.device, one.device) && (one.created > old.created || equal(old.data, one.data));

// The founding entry's GroupInfo, whose signature has been checked: the room's group.
export function checkFounding(info, tree, room) {
    const { groupContext } = info;
    const says = parameters(groupContext);
    const [founder, ...others] = roster(tree);
    check(groupContext.epoch === 0n && others.length === 0 && groupContext.groupId.length === 32, "founding");
    check(says.room === room.name && says.number === room.number, "founding: room");
    check(extension(groupContext.extensions, REVOKED).length === 0, "founding: revocations");
    check(says.admins.includes(founder.user), "founding: admin");
    check(says.founded < founder.expires, "founding: expired");
}

function readLeft(data) {
    if (data.length === 0) return [];
    return parse(data, (r) => {
        check(r.u8() === 1, "data: version");
        const leavers = r.list((one) => ({ leaf: one.u32(), signature: one.raw(64) }));
        check(leavers.length > 0 && leavers.every(({ leaf }, i) => i === 0 || leaf > leavers[i - 1].leaf), "data");
        return leavers;
    });
}
export const leftContent = (groupId, leaf, nonce) => concat(bytes("sotto left"), vector(groupId), u32(leaf), nonce);

// A commit from one epoch's state to the next one's. Throws the name of the rule that it breaks.
export function checkCommit(before, after, { external, proposals, data }, room) {
    const [old, now] = [roster(before.ratchetTree), roster(after.ratchetTree)];
    const [was, is] = [parameters(before.groupContext), parameters(after.groupContext)];
    const removed = proposals.flatMap(({ proposal }) => proposal.remove?.removed ?? []);
    const has = (type) => proposals.some(({ proposal }) => proposal.proposalType === type);
    const allowed = external ? ["external_init", "remove", "psk"] : ["add", "remove", "group_context_extensions"];
    check(proposals.every(({ proposal }) => allowed.includes(proposal.proposalType)), "proposal");
    if (external) {
        const [psk, ...more] = proposals.flatMap(({ proposal }) => proposal.psk?.preSharedKeyId ?? []);
        check(psk?.psktype === "external" && more.length === 0 && equal(psk.pskId, room.pskId), "psk");
        check(!(was.flags & LOCKED) || removed.length > 0, "locked");
    }

    const fresh = now.filter(({ hpke }) => !old.some((one) => one.hpke === hpke));
    const added = fresh.filter(({ by }) => by === "key_package");
    const [committer, ...more] = fresh.filter(({ by }) => by === "commit");
    check(committer && more.length === 0, "path");
    check(committer.epoch === before.groupContext.epoch && committer.number === was.number, "epoch");
    const former = old.find(({ leaf }) => (external ? removed.includes(leaf) : leaf === committer.leaf));
    if (former) check(isSuccessor(former, committer), "certificate");
    const time = groupTime(now, was.founded);
    check(time <= groupTime(old, was.founded) + HOUR_S, "time");
    check([committer, ...added].every(({ expires }) => time < expires), "expired");
    check(added.every(({ number }) => number === was.number), "old secret");

    const leavers = readLeft(data);
    for (const { leaf, signature } of leavers) {
        const leaver = old.find((one) => one.leaf === leaf);
        const genuine = leaver && verifyRaw(leaver.device, leftContent(before.groupContext.groupId, leaf, leaver.nonce), signature);
        check(genuine && removed.includes(leaf) && !external, "left");
    }
    const byAdmin = !external && was.admins.includes(committer.user);
    const twiceRunning = !external && old.length >= 3 && former.by === "commit" && former.epoch + 1n === before.groupContext.epoch;
    const onlyRemoves = added.length === 0 && (removed.length + 1 === old.length || (removed.length === leavers.length && !has("group_context_extensions")));
    check(!twiceRunning || (removed.length > 0 && (byAdmin || onlyRemoves)), "turn");
    check(equal(was.data, is.data) || byAdmin, "admin");
    check(["room", "suite", "profile", "founded"].every((field) => is[field] === was[field]), "params");
    check([0, 1].includes(is.number - was.number), "params: number");
    check(is.number === was.number || added.length === 0, "rotation");
    return { removed, added };
}
