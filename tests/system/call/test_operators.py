"""docs/operators.md as pasted: its issuers and their tokens let a client in, and so does what --dev gives out."""
import os
import re
import shlex
import subprocess
import urllib.request

from harness import CLIENT, SECRET, Call, main, wait_all

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "docs", "operators.md")


def blocks():
    with open(DOCUMENT, encoding="utf-8") as file:
        return re.findall(r"^```sh\n(.*?)^```", file.read(), re.M | re.S)


def the_token_made_by_hand_lets_a_client_in():
    issuer = [block for block in blocks() if "-genkey" in block]
    token = [block for block in blocks() if "token=" in block and "sotto" not in block]
    assert len(issuer) == len(token) == 1
    with Call() as call:
        subprocess.run(["bash", "-euc", issuer[0]], check=True, cwd=call.folder)
        call.serve(options=("--listen", "127.0.0.1:0", "--token-key", call.path("issuer.pem")))
        # numbers with leading zeros come one time in 128
        for _ in range(3):
            made = subprocess.run(["bash", "-euo", "pipefail", "-c", token[0] + "printf %s \"$token\""], check=True,
                                  cwd=call.folder, capture_output=True, text=True).stdout
            person = call.spawn([CLIENT, "call", "tea", "--server", call.url, "--name", "Ada", "--video", "none",
                                 "--seconds", "2", "--token", made], "ada.log", {"SOTTO_KEY": SECRET})
            wait_all([person])
        assert call.log("Ada").count(": connected") == 3, call.log("Ada")


def the_token_of_sotto_token_lets_a_client_in():
    issuer = [block for block in blocks() if "sotto token new-key" in block]
    token = [block for block in blocks() if "token=$(sotto token" in block]
    assert len(issuer) == len(token) == 1
    with Call() as call:
        paths = {**os.environ, "PATH": os.path.dirname(CLIENT) + ":" + os.environ["PATH"]}
        subprocess.run(["bash", "-euc", issuer[0]], check=True, cwd=call.folder, env=paths)
        call.serve(options=("--listen", "127.0.0.1:0", "--token-key", call.path("issuer.pub")))
        made = subprocess.run(["bash", "-euo", "pipefail", "-c", token[0] + "printf %s \"$token\""], check=True,
                              cwd=call.folder, env=paths, capture_output=True, text=True).stdout
        person = call.spawn([CLIENT, "call", "tea", "--server", call.url, "--name", "Ada", "--video", "none",
                             "--seconds", "2", "--token", made], "ada.log", {"SOTTO_KEY": SECRET})
        wait_all([person])
        assert call.log("Ada").count(": connected") == 1, call.log("Ada")


def dev_gives_out_a_token_that_it_holds_its_user_to():
    ask = [block for block in blocks() if "/dev/token" in block]
    assert len(ask) == 1
    # what the curl of that line sends, without needing a curl
    words = shlex.split(ask[0])
    address, body = words[-1], words[words.index("-d") + 1]
    name, value = words[words.index("-H") + 1].split(": ")
    assert words[0] == "curl" and address == "http://127.0.0.1:7800/dev/token"
    with Call() as call:
        call.serve()
        request = urllib.request.Request(call.url + "/dev/token", body.encode(), {name: value})
        with urllib.request.urlopen(request, timeout=10) as answer:
            made = answer.read().decode()
        # it allows to publish only: the client's other half stays outside
        person = call.spawn([CLIENT, "call", "tea", "--server", call.url, "--name", "Ada", "--video", "none",
                             "--seconds", "20", "--token", made], "ada.log", {"SOTTO_KEY": SECRET})
        person.wait(10)
        assert person.returncode == 1 and "does not let us in" in call.log("Ada"), call.log("Ada")
        assert "pseudonym=p-1 role=publisher" in call.log("sfu"), call.log("sfu")


if __name__ == "__main__":
    main(the_token_made_by_hand_lets_a_client_in, the_token_of_sotto_token_lets_a_client_in,
         dev_gives_out_a_token_that_it_holds_its_user_to)
