"""What the screens of a call keyed by its members show."""
import re


def everybody_is_seen(call, names, by):
    """A roster of exactly these on the last screenful of `by`."""
    blocks = re.findall(r"epoch \d+, (\d+) here:\n((?:(?!.* here:).*\n)*?).*call code, the same on every screen: .*\((.*)\)", call.log(by))
    if not blocks or int(blocks[-1][0]) != len(names):
        return None
    return blocks[-1][2] if all(f"{name} (laptop)" in blocks[-1][1] for name in names) else None


def same_code(call, names):
    codes = {everybody_is_seen(call, names, name) for name in names}
    return codes.pop() if len(codes) == 1 else None


def epoch(call, name):
    return int(re.findall(r"epoch (\d+), ", call.log(name))[-1])
