// A member's MLS group: ts-mls, and the boxes that its messages travel in.
import { randomBytes } from "node:crypto";
import * as mls from "ts-mls";
import { createGroupInfo } from "ts-mls/createCommit.js";
import { ratchetTreeFromExtension, verifyGroupInfoSignature } from "ts-mls/groupInfo.js";
import { decryptSenderData } from "ts-mls/privateMessage.js";
import { readCertificate, signRaw, userId } from "./identity.mjs";
import { BOX } from "./room.mjs";
import {
    LEAF, PARAMETERS, REVOKED, check, checkCommit, checkFounding, foundingExtensions, leftContent, parameters, roster, slots,
} from "./rules.mjs";
import { concat, equal, u32, u64, u8, vector } from "./wire.mjs";

const SUITE = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"; // 1
const CAPABILITIES = { versions: ["mls10"], ciphersuites: [SUITE], extensions: [PARAMETERS, REVOKED, LEAF], proposals: [], credentials: ["basic"] };
const PADDED_TO = 256;

const authService = {
    async validateCredential(credential, key) {
        if (credential.credentialType !== "basic") return false;
        readCertificate(credential.identity, key); // throws
        return true;
    },
};
const keyRetentionConfig = { retainKeysForGenerations: 10, retainKeysForEpochs: 1, maximumForwardRatchetSteps: 200 };
const lifetimeConfig = { maximumTotalLifetime: 2n ** 63n, validateLifetimeOnReceive: false };
const keyPackageEqualityConfig = mls.defaultKeyPackageEqualityConfig;
const config = { authService, keyRetentionConfig, lifetimeConfig, keyPackageEqualityConfig };

const encode = (body) => mls.encodeMlsMessage({ version: "mls10", ...body });
function decode(data, ...wireformats) {
    const [message, length] = mls.decodeMlsMessage(data, 0) ?? [];
    check(length === data.length && wireformats.includes(message.wireformat), "an MLSMessage");
    return message;
}

export class Group {
    constructor(room, device, certificate) {
        Object.assign(this, { room, device, certificate });
    }
    async begin() {
        this.cs = await mls.getCiphersuiteImpl(mls.getCiphersuiteFromName(SUITE));
        return this;
    }

    // The group id that a founding entry gives the room; throws if it is none.
    async founding(box) {
        const { groupInfo } = decode(this.room.open(BOX.founding, box), "mls_group_info");
        const tree = ratchetTreeFromExtension(groupInfo);
        checkFounding(groupInfo, tree, this.room);
        const { signaturePublicKey } = tree[0].leaf;
        check(await verifyGroupInfoSignature(groupInfo, signaturePublicKey, this.cs.signature), "founding: signature");
        return groupInfo.groupContext.groupId;
    }

    // Boxes of a founding entry and of its GroupInfo: a group of this client alone.
    async found(now, expires, how) {
        const { publicPackage, privatePackage } = await this.makePackage(now, expires);
        const founder = userId(readCertificate(this.certificate, this.device.public).root);
        const extensions = foundingExtensions(this.room, founder, now, how);
        this.state = await mls.createGroup(randomBytes(32), publicPackage, privatePackage, extensions, this.cs, config);
        const info = await mls.createGroupInfoWithExternalPubAndRatchetTree(this.state, [], this.cs);
        // ts-mls 1.6.4 writes ExternalPub (RFC 9420 section 12.4.3.2) without the length of the key in it
        for (const one of info.extensions) if (one.extensionType === "external_pub") one.extensionData = vector(one.extensionData);
        const { groupContext, confirmationTag } = this.state;
        const groupInfo = await createGroupInfo(groupContext, confirmationTag, this.state, info.extensions, this.cs);
        const message = encode({ wireformat: "mls_group_info", groupInfo });
        return [this.room.seal(BOX.founding, message), this.room.seal(BOX.groupInfo, message)];
    }

    // A box to ask with, to be added by somebody who is in.
    async ask(now, expires) {
        this.package = await this.makePackage(now, expires);
        return this.room.seal(BOX.keyPackage, encode({ wireformat: "mls_key_package", keyPackage: this.package.publicPackage }));
    }
    async makePackage(now, expires) {
        this.nonce = randomBytes(16);
        const leafParameters = concat(u8(1), u64(now), u64(0), u32(this.room.number), this.nonce);
        return mls.generateKeyPackageWithKey(
            { credentialType: "basic", identity: this.certificate },
            CAPABILITIES,
            { notBefore: 0n, notAfter: BigInt(expires) }, // judged by the group's time, which may be behind
            [],
            { signKey: this.device.seed, publicKey: this.device.public },
            this.cs,
            [{ extensionType: LEAF, extensionData: leafParameters }],
        );
    }
    // Joins by a Welcome into the group of this id; throws if it is not for this client.
    async join(box, groupId) {
        const { welcome } = decode(this.room.open(BOX.welcome, box), "mls_welcome");
        const { publicPackage, privatePackage } = this.package;
        const psks = mls.makePskIndex(undefined, {});
        const state = await mls.joinGroup(welcome, publicPackage, privatePackage, psks, this.cs, undefined, undefined, config);
        const says = parameters(state.groupContext);
        check(equal(state.groupContext.groupId, groupId) && says.room === this.room.name && says.number === this.room.number, "the room's group");
        roster(state.ratchetTree); // throws if a leaf is not a device's
        this.state = state;
    }
    get psks() {
        return mls.makePskIndex(this.state, { [mls.bytesToBase64(this.room.pskId)]: this.room.psk });
    }

    // Takes the commit of a log entry; throws, and changes nothing, if it is none that counts.
    async follow(box) {
        const before = this.state;
        const message = decode(this.room.open(BOX.commit, box), "mls_private_message", "mls_public_message");
        const external = message.wireformat === "mls_public_message";
        const data = external ? message.publicMessage.content.authenticatedData : message.privateMessage.authenticatedData;
        let proposals;
        const look = (incoming) => {
            proposals = incoming.proposals;
            return incoming.kind === "commit" ? "accept" : "reject";
        };
        const { newState } = external
            ? await mls.processPublicMessage(before, message.publicMessage, this.psks, this.cs, look)
            : await mls.processPrivateMessage(before, message.privateMessage, this.psks, this.cs, look);
        check(proposals, "a commit");
        // ts-mls forms no state without this member, to judge the commit by
        if (newState.groupActiveState.kind === "removedFromGroup") return { out: true };
        const change = checkCommit(before, newState, { external, proposals, data }, this.room);
        this.state = newState;
        if (this.parameters.number > this.room.number)
            this.room = this.room.next(await this.export("sotto room secret", u32(this.room.number + 1), 16));
        return { ...change, renews: proposals.length === 0 };
    }

    async seal(content) {
        const paddingConfig = { kind: "alwaysPad", paddingLength: PADDED_TO - (content.length % PADDED_TO) };
        const padded = { ...this.state, clientConfig: { ...config, paddingConfig } };
        const { newState, privateMessage } = await mls.createApplicationMessage(padded, content, this.cs);
        this.state = newState;
        return this.room.seal(BOX.relay, encode({ wireformat: "mls_private_message", privateMessage }));
    }
    // What a member says: {leaf, epoch, content}; throws for what does not open.
    async open(box) {
        const { privateMessage } = decode(this.room.open(BOX.relay, box), "mls_private_message");
        check(privateMessage.contentType === "application", "application data");
        const { epoch } = privateMessage;
        const secret = epoch === this.epoch ? this.state.keySchedule.senderDataSecret : this.state.historicalReceiverData.get(epoch)?.senderDataSecret;
        const { leafIndex } = await decryptSenderData(privateMessage, secret, this.cs);
        const { message, newState } = await mls.processPrivateMessage(this.state, privateMessage, this.psks, this.cs);
        this.state = newState;
        return { leaf: leafIndex, epoch, content: message };
    }

    export = (label, context, length) => mls.mlsExporter(this.state.keySchedule.exporterSecret, label, context, length, this.cs);
    leftSignature = () => signRaw(this.device.seed, leftContent(this.groupId, this.leaf, this.nonce));
    get groupId() {
        return this.state.groupContext.groupId;
    }
    get epoch() {
        return this.state.groupContext.epoch;
    }
    get leaf() {
        return this.state.privatePath.leafIndex;
    }
    get parameters() {
        return parameters(this.state.groupContext);
    }
    get members() {
        return roster(this.state.ratchetTree);
    }
    get slots() {
        return slots(this.state.ratchetTree);
    }
}
