// Two of davey's sessions in one group. DAVE lets its voice server alone propose who comes in; here that is a client of
// mls_peer (docs/mls-peer.md), an external sender of the group.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import davey from "@snazzah/davey";

export const SENDER = "1001";
const RECEIVER = "1002";
const CHANNEL = 77n;
const SUITE = 2; // DAVE's: P-256
const MLS10_KEY_PACKAGE = "00010005"; // davey gives a KeyPackage without the MLSMessage around it
const BASIC = Buffer.from([0, 1]);
const NAME = Buffer.from("voice server");

// RFC 9420 section 2.1.2
function vector(bytes) {
    const long = bytes.length >= 64;
    if (bytes.length >= 16384) throw new Error("longer than is needed here");
    const head = long ? [0x40 | (bytes.length >> 8), bytes.length & 255] : [bytes.length];
    return Buffer.concat([Buffer.from(head), bytes]);
}

// Has a fresh client of mls_peer propose, as external sender number 0, to add who has the key package. add is called
// with the client's ExternalSender and gives the key package.
async function propose(mlsPeer, add) {
    const child = spawn(mlsPeer, [], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ask = async (request) => {
        child.stdin.write(JSON.stringify({ client: "server", ...request }) + "\n");
        const { value, done } = await lines.next();
        if (done) throw new Error(`${mlsPeer} ended`);
        const answer = JSON.parse(value);
        if (!answer.ok) throw new Error(`mls_peer ${request.do}: ${answer.text}`);
        return answer;
    };
    const key = Buffer.from((await ask({ do: "client", suite: SUITE })).signature_key, "hex");
    const keyPackage = add(Buffer.concat([vector(key), BASIC, vector(NAME)]));
    const groupId = Buffer.alloc(8);
    groupId.writeBigUInt64BE(CHANNEL);
    const proposal = await ask({
        do: "propose_outside",
        group_id: groupId.toString("hex"),
        group_epoch: 0,
        sender: 0,
        type: "add",
        key_package: MLS10_KEY_PACKAGE + keyPackage.toString("hex"),
    });
    child.stdin.end();
    return Buffer.from(proposal.message, "hex");
}

// { sender, receiver }: sessions of one group, ready to encrypt and decrypt.
export async function sessions(mlsPeer) {
    const make = (user) => new davey.DAVESession(davey.DAVE_PROTOCOL_VERSION, user, String(CHANNEL));
    const sender = make(SENDER);
    const receiver = make(RECEIVER);
    const proposal = await propose(mlsPeer, (externalSender) => {
        sender.setExternalSender(externalSender);
        receiver.setExternalSender(externalSender);
        sender.getSerializedKeyPackage();
        return receiver.getSerializedKeyPackage();
    });
    const { commit, welcome } = sender.processProposals(0, vector(proposal), [SENDER, RECEIVER]);
    sender.processCommit(commit);
    receiver.processWelcome(welcome);
    if (!sender.getEpochAuthenticator().equals(receiver.getEpochAuthenticator())) throw new Error("two groups, not one");
    return { sender, receiver };
}
