"""Admission by token: what is issued for the room lets a client in, and nothing else does."""
import subprocess

from cryptography.hazmat.primitives.asymmetric import ec

from harness import CLIENT, Call, main, near, wait_all
from tokens import make_token, serve_with_tokens


def tokens_for_the_room_let_two_people_in():
    with Call() as call:
        key = serve_with_tokens(call)
        wait_all([call.join("Ada", "--video", "test:red", "--audio", "none", "--seconds", "5", "--token",
                            make_token(key, "ada-1")),
                  call.join("Ben", "--video", "test:blue", "--audio", "none", "--seconds", "5",
                            environment={"SOTTO_TOKEN": make_token(key, "ben-1")})])
        assert near(call.picture("Ada").tile(0, 1), (0, 0, 255)) and near(call.picture("Ben").tile(0, 1), (255, 0, 0))
        # the server knows the pseudonyms and neither the names nor a token
        log = call.log("sfu")
        assert "pseudonym=ada-1" in log and "Ada" not in log and "Ben" not in log and "eyJ" not in log


def without_a_token_for_the_room_a_client_stays_out_and_says_why():
    with Call() as call:
        key = serve_with_tokens(call)
        other = ec.generate_private_key(ec.SECP256R1())
        for name, token in (("None", None), ("Elsewhere", make_token(key, "x", "another-room")),
                            ("Forged", make_token(other, "x"))):
            options = ("--token", token) if token else ()
            process = call.join(name, "--video", "test", "--audio", "none", "--seconds", "20", *options)
            process.wait(10)
            assert process.returncode == 1, f"{name}: {process.returncode}"
            assert "does not let us in" in call.log(name) and "trying again" not in call.log(name), call.log(name)
        assert "session_started" not in call.log("sfu")


def sotto_token(call, *words):
    return subprocess.run([CLIENT, "token", *words], check=True, cwd=call.folder, capture_output=True,
                          text=True).stdout.strip()


def what_sotto_token_makes_is_what_the_server_takes():
    with Call() as call:
        sotto_token(call, "new-key", "issuer")
        sotto_token(call, "new-key", "other")
        call.serve(options=("--listen", "127.0.0.1:0", "--token-key", call.path("issuer.pub")))
        ways_out = {
            "Elsewhere": ("--key", "issuer", "--room", "another-room"),
            "Forged": ("--key", "other", "--room", "room"),
            "Signaller": ("--key", "issuer", "--room", "room", "--signal", "--admin"),
            "Stranger": ("--key", "issuer", "--room", "room", "--audience", "sotto-ds"),
            "Bound": ("--key", "issuer", "--room", "room", "--fingerprint", ":".join(["00"] * 32)),
        }
        for name, words in ways_out.items():
            process = call.join(name, "--video", "none", "--audio", "test", "--seconds", "20", "--token",
                                sotto_token(call, *words))
            process.wait(10)
            assert process.returncode == 1 and "does not let us in" in call.log(name), call.log(name)
        assert "session_started" not in call.log("sfu")
        wait_all([call.join("Ada", "--video", "none", "--audio", "test", "--seconds", "2", "--token",
                            sotto_token(call, "--key", "issuer", "--room", "room", "--name", "ada-1"))])
        log = call.log("sfu")
        assert "pseudonym=ada-1" in log and "eyJ" not in log and "PRIVATE" not in log


def a_server_that_is_not_there_is_an_exit_code_and_a_reason():
    with Call() as call:
        call.url = "http://127.0.0.1:1"
        process = call.join("Ada", "--video", "test", "--audio", "none", "--seconds", "3")
        process.wait(15)
        assert process.args[0] == CLIENT and process.returncode == 1
        assert call.log("Ada").count("trying again") >= 2 and "never reached" in call.log("Ada")


if __name__ == "__main__":
    main(tokens_for_the_room_let_two_people_in, without_a_token_for_the_room_a_client_stays_out_and_says_why,
         what_sotto_token_makes_is_what_the_server_takes,
         a_server_that_is_not_there_is_an_exit_code_and_a_reason)
