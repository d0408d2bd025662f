"""No command prints a private key: all of them are run with keys that are known here, and what they print is searched
for those keys as bytes, hex, base64 and numbers. The finder is shown to find them first."""
import base64
import os
import sys

from people import People, link, main

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ds"))

from ds_server import Server

NAMES = ("root.key", "device.key")
COMMANDS = ("new", "show", "renew", "add-device", "revoke", "verify", "pins", "export", "import")


def seed_of(path):
    """The private key of a key file without a passphrase (docs/identity.md): behind 12 bytes and two lengths."""
    data = path.read_bytes()
    assert data[:12] == b"SOTTOKEY\0\1" + data[10:11] + b"\0"
    at = 12 + (1 if data[12] < 64 else 2)
    assert data[at] == 32
    return data[at + 1:at + 33]


def forms(seed):
    """How 32 bytes may look in a text; of base64 and hex a part is enough, however they are grouped."""
    grouped = seed.hex()
    yield seed.decode("latin-1")
    for text in (grouped, str(int.from_bytes(seed, "big")), str(int.from_bytes(seed, "little"))):
        yield text
    for skip in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(seed[skip:skip + 24]).decode()
    for i in range(0, 48, 8):
        yield grouped[i:i + 16]


def found(seed, text):
    squeezed = "".join(c for c in text if c not in " :-\n\t")
    return any(form in text or form.lower() in squeezed.lower() for form in forms(seed))


def the_finder_finds():
    seed = bytes(range(7, 39))
    for text in (seed.hex(), seed.hex(" "), seed.hex(":").upper(), base64.b64encode(seed).decode(),
                 base64.b64encode(b"x" + seed).decode(), str(int.from_bytes(seed, "big")), seed.decode("latin-1"),
                 " ".join(seed.hex()[i:i + 4] for i in range(0, 64, 4)), seed.hex()[8:40]):
        assert found(seed, "before " + text + " after"), text
    assert not found(seed, bytes(range(8, 40)).hex()[::-1])


def no_command_prints_a_private_key():
    with People() as people:
        plain = {"passphrase": None}
        people.run("laptop", "new", "--name", "Anna", "--device", "laptop", "--no-passphrase", **plain)
        people.run("ben", "new", "--name", "Ben", "--device", "d", "--no-passphrase", **plain)
        seeds = [seed_of(people.home("laptop") / name) for name in NAMES]
        assert found(seeds[0], "".join(f"{byte:02x}" for byte in (people.home("laptop") / "root.key").read_bytes()))
        people.run("laptop", "show", **plain)
        people.run("laptop", "renew", **plain)
        people.run("laptop", "pins", "--add", people.certificate("ben"), **plain)
        people.run("laptop", "pins", **plain)
        people.run("laptop", "verify", "Ben", **plain)
        people.run("laptop", "verify", "Ben", "--yes", **plain)
        export = people.folder / "export"
        people.run("laptop", "export", export, **plain)
        people.run("restored", "import", export, "--device", "new", "--no-passphrase", **plain)
        seeds.append(seed_of(people.home("restored") / "device.key"))
        assert seed_of(people.home("restored") / "root.key") == seeds[0]
        link(people, "laptop", "phone", "--device", "phone", "--no-passphrase")
        seeds.append(seed_of(people.home("phone") / "device.key"))
        people.run("laptop", "revoke", "phone", **plain)
        people.run("laptop", "pins", "--forget", "Ben", **plain)
        people.run("laptop", "--help", **plain)
        for command in COMMANDS:
            people.run("laptop", command, "--help", **plain)
        with Server().start() as server:
            link(people, "laptop", "tablet", "--device", "tablet", "--no-passphrase", relay=server.address)
        seeds.append(seed_of(people.home("tablet") / "device.key"))
        overview = people.run("laptop", "--help", **plain)
        assert {line.split()[0] for line in overview.split("\n\n")[2].splitlines()} == set(COMMANDS)
        # and where they go wrong
        people.run("laptop", "new", "--name", "Anna", code=1, **plain)
        people.run("laptop", "import", export, code=1, **plain)
        people.run("other", "import", export, code=1, export_passphrase="wrong")
        damaged = (people.home("laptop") / "root.key").read_bytes()
        (people.home("laptop") / "root.key").write_bytes(damaged[:-1])
        people.run("laptop", "renew", code=1, **plain)
        assert len(people.outputs) > 15
        for output in people.outputs:
            for seed in seeds:
                assert not found(seed, output), output
        # nor does a file that is public, or encrypted, hold one
        for path in [export, *people.home("laptop").iterdir(), *people.folder.glob("*.certificate")]:
            data = path.read_bytes()
            for seed in seeds:
                assert path.name in NAMES or seed not in data, path


if __name__ == "__main__":
    main(the_finder_finds, no_command_prints_a_private_key)
