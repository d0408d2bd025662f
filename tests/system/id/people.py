"""People with identities in folders of their own, made by the real program."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOTTO = pathlib.Path(os.environ["SOTTO_BUILD_DIR"]) / "bin/sotto"


class People:
    """A folder with one home for each device; every run's output is kept in `outputs`."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sotto-id-"))
        self.outputs = []
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def home(self, device):
        return self.folder / device

    def start(self, device, *words, environment=None, **options):
        """A run of sotto id for that device, still going on."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SOTTO_")}
        # a session of its own: there is no terminal to ask on
        return subprocess.Popen([SOTTO, "id", *words, "--home", self.home(device)], text=True, cwd=self.folder,
                                env={**clean, **(environment or {})}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, start_new_session=True, **options)

    def run(self, device, *words, code=0, text="", passphrase="correct horse", export_passphrase="battery staple"):
        environment = {}
        if passphrase:
            environment["SOTTO_PASSPHRASE"] = passphrase
        if export_passphrase:
            environment["SOTTO_EXPORT_PASSPHRASE"] = export_passphrase
        process = self.start(device, *words, environment=environment)
        out, err = process.communicate(text, timeout=60)
        self.outputs.append(out + err)
        assert process.returncode == code, f"sotto id {words}: {process.returncode}\n{out}{err}"
        return out + err

    def user_id(self, device):
        return re.search(r"^user .*?((?:[0-9a-f]{4} ){15}[0-9a-f]{4})$", self.run(device, "show"), re.M).group(1)

    def certificate(self, device):
        path = self.folder / f"{device}.certificate"
        self.run(device, "show", "--certificate", path)
        return path


def link(people, root, new, *words, wrong_code=False, expect=(0, 0), relay=None):
    """add-device between two homes, over TCP or a delivery service's relay; both outputs, the root's first."""
    environment = {"SOTTO_PASSPHRASE": "correct horse"}
    old = people.start(root, "add-device", *(("--relay", relay) if relay else ()), environment=environment)
    where = old.stdout.readline().split()[-1]
    code = re.search(r"code: (\d{4} \d{4})", old.stdout.readline()).group(1)
    if wrong_code:
        code = f"{(int(code[0]) + 1) % 10}{code[1:]}"
    fresh = people.start(new, "add-device", "--connect", where, *words, environment=environment)
    out, err = fresh.communicate(code + "\n", timeout=60)
    old_out, old_err = old.communicate(timeout=60)
    people.outputs += [out + err, old_out + old_err + where]
    assert (old.returncode, fresh.returncode) == expect, f"{old_out}{old_err}\n{out}{err}"
    return old_out + old_err, out + err


def main(*tests):
    for test in tests:
        print(test.__name__.replace("_", " "), flush=True)
        test()
    sys.exit(0)
