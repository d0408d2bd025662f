// Members of ts-mls, with the same methods as those of Sotto.
import { p256 } from "@noble/curves/nist.js";
import * as mls from "ts-mls";
import { createGroupInfo } from "ts-mls/createCommit.js";

const SUITES = {
    1: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
    2: "MLS_128_DHKEMP256_AES128GCM_SHA256_P256",
    3: "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
};

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const bytes = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const encode = (body) => hex(mls.encodeMlsMessage({ version: "mls10", ...body }));

function decode(text) {
    const [message, length] = mls.decodeMlsMessage(bytes(text), 0) ?? [];
    if (!message || length !== text.length / 2) throw new Error("ts-mls does not parse the message");
    return message;
}

// ts-mls 1.6.4 reads and writes ExternalPub (RFC 9420 section 12.4.3.2) without the length of the key in it. Here that
// is set right: a length goes before the key that it writes, and is taken off the one that it reads.
function vector(data) {
    const length = data.length < 64 ? [data.length] : [0x40 | (data.length >> 8), data.length & 255];
    return Uint8Array.from([...length, ...data]);
}

function readingVector(cs, groupInfo) {
    const vectored = groupInfo.extensions.find((one) => one.extensionType === "external_pub").extensionData;
    const bare = vectored.slice(vectored[0] < 64 ? 1 : 2);
    const importPublicKey = (key) => cs.hpke.importPublicKey(Buffer.from(key).equals(vectored) ? bare : key);
    return { ...cs, hpke: { ...cs.hpke, importPublicKey } };
}

export class TsMember {
    static kind = "ts-mls";
    kind = "ts-mls";
    psks = {};

    static async make(_peer, suite, name) {
        const member = new TsMember();
        member.name = name;
        member.cs = await mls.getCiphersuiteImpl(mls.getCiphersuiteFromName(SUITES[suite]));
        member.keyPair = await member.cs.signature.keygen();
        // ts-mls takes the compressed form, which RFC 9420 (section 5.1.1) does not have
        if (suite === 2) member.keyPair.publicKey = p256.getPublicKey(member.keyPair.signKey, false);
        return member;
    }

    async freshKeyPackage() {
        const now = BigInt(Math.floor(Date.now() / 1000));
        this.keys = await mls.generateKeyPackageWithKey(
            { credentialType: "basic", identity: new TextEncoder().encode(this.name) },
            mls.defaultCapabilities(),
            { notBefore: now - 3600n, notAfter: now + 86400n },
            [],
            this.keyPair,
            this.cs,
        );
        return this.keys;
    }

    async learnPsk(id, secret) {
        this.psks[mls.bytesToBase64(bytes(id))] = bytes(secret);
    }
    async keyPackage() {
        const { publicPackage } = await this.freshKeyPackage();
        return encode({ wireformat: "mls_key_package", keyPackage: publicPackage });
    }
    async create(groupId) {
        const { publicPackage, privatePackage } = await this.freshKeyPackage();
        this.state = await mls.createGroup(bytes(groupId), publicPackage, privatePackage, [], this.cs);
    }
    async join(welcome) {
        this.state = await mls.joinGroup(
            decode(welcome).welcome,
            this.keys.publicPackage,
            this.keys.privatePackage,
            mls.makePskIndex(undefined, this.psks),
            this.cs,
        );
    }
    async joinExternal(groupInfo, { resync } = {}) {
        const info = decode(groupInfo).groupInfo;
        const { publicPackage, privatePackage } = await this.freshKeyPackage();
        const { publicMessage, newState } = await mls.joinGroupExternal(
            info,
            publicPackage,
            privatePackage,
            resync !== undefined,
            readingVector(this.cs, info),
        );
        this.state = newState;
        return encode({ wireformat: "mls_public_message", publicMessage });
    }

    proposal(one) {
        switch (one.type) {
            case "add":
                return { proposalType: "add", add: { keyPackage: decode(one.key_package).keyPackage } };
            case "remove":
                return { proposalType: "remove", remove: { removed: one.leaf } };
            case "psk": {
                const pskNonce = this.cs.rng.randomBytes(this.cs.kdf.size);
                const info =
                    one.epoch === undefined
                        ? { psktype: "external", pskId: bytes(one.id) }
                        : {
                              psktype: "resumption",
                              usage: "application",
                              pskGroupId: this.state.groupContext.groupId,
                              pskEpoch: BigInt(one.epoch),
                          };
                return { proposalType: "psk", psk: { preSharedKeyId: { ...info, pskNonce } } };
            }
            default:
                throw new Error(`ts-mls cannot propose ${one.type}`);
        }
    }
    async propose(one, framing = {}) {
        const made = await mls.createProposal(this.state, framing.public ?? false, this.proposal(one), this.cs);
        this.state = made.newState;
        return encode(made.message);
    }
    async commit(proposals, { treeApart = false, public: isPublic = false } = {}) {
        const made = await mls.createCommit(
            { state: this.state, cipherSuite: this.cs, pskIndex: mls.makePskIndex(this.state, this.psks) },
            {
                extraProposals: proposals.map((one) => this.proposal(one)),
                wireAsPublicMessage: isPublic,
                ratchetTreeExtension: !treeApart,
            },
        );
        this.staged = made.newState;
        return {
            message: encode(made.commit),
            welcome: made.welcome && encode({ wireformat: "mls_welcome", welcome: made.welcome }),
        };
    }
    async merge() {
        this.state = this.staged;
        this.staged = undefined;
    }
    async process(message) {
        // not its processMessage, which forgets the PSKs of PrivateMessages
        const { wireformat, privateMessage, publicMessage } = decode(message);
        const psks = mls.makePskIndex(this.state, this.psks);
        const result =
            wireformat === "mls_public_message"
                ? await mls.processPublicMessage(this.state, publicMessage, psks, this.cs)
                : await mls.processPrivateMessage(this.state, privateMessage, psks, this.cs);
        this.state = result.newState;
        this.staged = undefined;
        const removed = this.state.groupActiveState.kind === "removedFromGroup";
        if (result.kind === "applicationMessage") return { kind: "application", data: hex(result.message), removed };
        return { kind: "handshake", removed };
    }
    async seal(data, authenticatedData = "") {
        const made = await mls.createApplicationMessage(this.state, bytes(data), this.cs, bytes(authenticatedData));
        this.state = made.newState;
        return encode({ wireformat: "mls_private_message", privateMessage: made.privateMessage });
    }
    async epoch() {
        return Number(this.state.groupContext.epoch);
    }
    async leafOf(name) {
        const wanted = Buffer.from(name).toString("hex");
        const at = this.state.ratchetTree.findIndex(
            (node) => node?.nodeType === "leaf" && hex(node.leaf.credential.identity) === wanted,
        );
        return at < 0 ? undefined : at / 2;
    }
    async export(label, context, length) {
        const secret = this.state.keySchedule.exporterSecret;
        return hex(await mls.mlsExporter(secret, label, bytes(context), length, this.cs));
    }
    async authenticator() {
        return hex(this.state.keySchedule.epochAuthenticator);
    }
    async groupInfo() {
        const { extensions } = await mls.createGroupInfoWithExternalPubAndRatchetTree(this.state, [], this.cs);
        const pub = extensions.find((one) => one.extensionType === "external_pub");
        pub.extensionData = vector(pub.extensionData);
        const { groupContext, confirmationTag } = this.state;
        const groupInfo = await createGroupInfo(groupContext, confirmationTag, this.state, extensions, this.cs);
        return encode({ wireformat: "mls_group_info", groupInfo });
    }
    async tree() {
        const info = await mls.createGroupInfoWithExternalPubAndRatchetTree(this.state, [], this.cs);
        return hex(info.extensions.find((one) => one.extensionType === "ratchet_tree").extensionData);
    }
    async leave() {
        this.state = undefined;
    }
}
