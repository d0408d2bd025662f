// Members of Sotto's library: clients in one mls_peer process, asked by lines of JSON (docs/mls-peer.md).
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export class Peer {
    constructor(path) {
        this.child = spawn(path, [], { stdio: ["pipe", "pipe", "inherit"] });
        this.waiting = [];
        this.exited = new Promise((resolve) => this.child.on("close", (code, signal) => resolve(code ?? signal)));
        createInterface({ input: this.child.stdout }).on("line", (line) => this.waiting.shift().resolve(line));
        this.exited.then((code) => this.waiting.forEach((one) => one.reject(new Error(`mls_peer ended: ${code}`))));
    }

    async ask(request) {
        const line = await new Promise((resolve, reject) => {
            this.waiting.push({ resolve, reject });
            this.child.stdin.write(JSON.stringify(request) + "\n");
        });
        const answer = JSON.parse(line);
        if (!answer.ok) throw new Error(`mls_peer ${request.do}: ${answer.error} ${answer.field ?? ""} (${answer.text})`);
        return answer;
    }

    async close() {
        this.child.stdin.end();
        return this.exited;
    }
}

export class SottoMember {
    static kind = "sotto";
    kind = "sotto";

    static async make(peer, suite, name) {
        const member = new SottoMember();
        Object.assign(member, { peer, name });
        await member.ask("client", { suite });
        return member;
    }

    ask(what, fields = {}) {
        return this.peer.ask({ do: what, client: this.name, ...fields });
    }

    learnPsk(id, secret) {
        return this.ask("psk", { id, secret });
    }
    async keyPackage() {
        return (await this.ask("key_package")).key_package;
    }
    create(groupId) {
        return this.ask("create", { group_id: groupId });
    }
    join(welcome, tree) {
        return this.ask("join", tree ? { welcome, tree } : { welcome });
    }
    async joinExternal(groupInfo, { psks = [], resync } = {}) {
        const fields = { group_info: groupInfo, psks };
        if (resync !== undefined) fields.resync = resync;
        return (await this.ask("join_external", fields)).message;
    }
    async propose(proposal, framing = {}) {
        return (await this.ask("propose", { ...proposal, ...framing })).message;
    }
    async commit(proposals, { treeApart = false, ...framing } = {}) {
        return this.ask("commit", { proposals, tree_apart: treeApart, ...framing });
    }
    merge() {
        return this.ask("merge");
    }
    process(message) {
        return this.ask("process", { message });
    }
    async seal(data, authenticatedData = "") {
        return (await this.ask("seal", { data, authenticated_data: authenticatedData, padding: 17 })).message;
    }
    async epoch() {
        return (await this.ask("state")).epoch;
    }
    async leafOf(name) {
        const identity = Buffer.from(name).toString("hex");
        return (await this.ask("state")).members.find((member) => member.identity === identity)?.leaf;
    }
    async export(label, context, length) {
        return (await this.ask("export", { label, context, length })).secret;
    }
    async authenticator() {
        return (await this.ask("authenticator")).authenticator;
    }
    async groupInfo() {
        return (await this.ask("group_info")).group_info;
    }
    async tree() {
        return (await this.ask("tree")).tree;
    }
    // Goes on as what was saved of it.
    async reload() {
        const key = "5a".repeat(32);
        const { state, key_packages } = await this.ask("save", { key });
        await this.ask("load", { state, key_packages, key });
    }
    leave() {
        return this.ask("forget");
    }
}
