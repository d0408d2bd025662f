// One publishing and one subscribing session with the forwarding server: WHIP, WHEP, and a packet a frame (docs/protocol.md).
import {
    MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters, RtpHeader, RtpPacket, useSdesMid,
} from "werift";

const [OPUS, VP8] = [111, 112];
const CLOCK = { audio: 48000, video: 90000 };
const PAYLOAD = { audio: OPUS, video: VP8 };
const SLOTS = { audio: 3, video: 3 };

function connection() {
    const video = { mimeType: "video/VP8", clockRate: CLOCK.video, payloadType: VP8, rtcpFeedback: [{ type: "nack", parameter: "pli" }] };
    return new RTCPeerConnection({
        codecs: {
            audio: [new RTCRtpCodecParameters({ mimeType: "audio/opus", clockRate: CLOCK.audio, channels: 2, payloadType: OPUS })],
            video: [new RTCRtpCodecParameters(video)],
        },
        headerExtensions: { audio: [useSdesMid()], video: [useSdesMid()] },
        iceServers: [],
        iceUseIpv6: false,
        iceAdditionalHostAddresses: ["127.0.0.1"],
    });
}

// One POST of an offer. What stands in the answer is all there is: the server is ICE-lite and takes no candidates.
async function negotiate(pc, url) {
    await pc.setLocalDescription(await pc.createOffer());
    // frames are opaque: no payload format of VP8's
    const sdp = pc.localDescription.sdp.replace(`a=rtpmap:${VP8} VP8/90000`, `$&\r\na=packetization:${VP8} raw`);
    const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp" }, body: sdp });
    if (response.status !== 201) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
    return new URL(response.headers.get("location"), url);
}

export class Media {
    // take(kind, frame): a sealed frame has come
    constructor(url, room, pseudonym, take) {
        Object.assign(this, { url, room, pseudonym, take });
        this.tracks = {};
        this.sequence = 0;
    }
    async connect() {
        const address = (what) => new URL(`/${what}/${this.room}?name=${this.pseudonym}`, this.url);
        this.publisher = connection();
        for (const kind of ["audio", "video"]) {
            this.tracks[kind] = new MediaStreamTrack({ kind });
            this.publisher.addTransceiver(this.tracks[kind], { direction: "sendonly" });
        }
        this.subscriber = connection();
        for (const kind of ["audio", "video"])
            for (let i = 0; i < SLOTS[kind]; i++) {
                const slot = this.subscriber.addTransceiver(kind, { direction: "recvonly" });
                slot.onTrack.subscribe((track) => this.receive(kind, track));
            }
        this.sessions = [
            await negotiate(this.publisher, address("whip")),
            await negotiate(this.subscriber, address("whep")),
        ];
    }
    // One frame, one packet; time in ms.
    send(kind, frame, time) {
        const timestamp = Math.round(time * (CLOCK[kind] / 1000)) % 2 ** 32;
        const header = new RtpHeader({ payloadType: PAYLOAD[kind], sequenceNumber: this.sequence++ & 0xffff, timestamp, marker: true });
        this.tracks[kind].writeRtp(new RtpPacket(header, Buffer.from(frame)));
    }
    // A frame's packets have one timestamp, and the last one the marker. What lost a packet is left to fail.
    receive(kind, track) {
        let parts = new Map(), timestamp;
        track.onReceiveRtp.subscribe(({ header, payload }) => {
            if (header.timestamp !== timestamp) parts = new Map();
            timestamp = header.timestamp;
            parts.set(header.sequenceNumber, payload);
            if (kind === "video" && !header.marker) return;
            const order = [...parts.keys()].sort((a, b) => ((a - b + 0x8000) & 0xffff) - 0x8000);
            this.take(kind, Uint8Array.from(Buffer.concat(order.map((number) => parts.get(number)))));
            parts = new Map();
        });
    }
    async close() {
        for (const session of this.sessions ?? []) await fetch(session, { method: "DELETE" }).catch(() => {}); // ends without, too
        await Promise.all([this.publisher?.close(), this.subscriber?.close()]);
    }
}
