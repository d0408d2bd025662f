"""docs/operators.md as pasted: its issuer and its token let a client in."""
import os
import re
import subprocess

from harness import CLIENT, SECRET, Call, main, wait_all

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "docs", "operators.md")


def blocks():
    with open(DOCUMENT, encoding="utf-8") as file:
        return re.findall(r"^```sh\n(.*?)^```", file.read(), re.M | re.S)


def the_token_made_by_hand_lets_a_client_in():
    issuer = [block for block in blocks() if "-genkey" in block]
    token = [block for block in blocks() if "token=" in block]
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


if __name__ == "__main__":
    main(the_token_made_by_hand_lets_a_client_in)
