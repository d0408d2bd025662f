"""What is printed: what happens while it happens, and the tables at the end."""
import os
import sys
import time

import figures


def die(what, advice):
    print(f"demo: {what}\n      {advice}", file=sys.stderr)
    sys.exit(1)


class Progress:
    """A line for each thing that happens, and on a terminal one that lives."""

    def __init__(self, began):
        self.began, self.live, self.shown = began, sys.stdout.isatty(), None

    def seconds(self):
        return time.monotonic() - self.began

    def say(self, text):
        print(f"{chr(13) + chr(27) + '[K' if self.live else ''}{self.seconds():6.1f} s  {text}", flush=True)

    def tick(self, names):
        if self.live and int(self.seconds()) != self.shown:
            self.shown = int(self.seconds())
            print(f"\r\033[K{self.seconds():6.0f} s  in the call: {', '.join(names)}", end="", flush=True)

    def end(self):
        if self.live:
            print("\r\033[K", end="", flush=True)


def print_table(header, rows, left):
    """Columns below `left` are aligned to the left; a row may have one text more than the header, which follows it."""
    widths = [max(len(str(row[i])) for row in rows + [header]) for i in range(len(header))]
    for row in [header] + rows:
        cells = [str(cell).ljust(width) if i < left else str(cell).rjust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        print(("  " + "  ".join(cells) + (f"  {row[-1]}" if len(row) > len(header) and row[-1] else "")).rstrip())


def show_roster(roster):
    print("\nThe roster on each screen, when Ben was back:")
    for name, lines in roster["screens"].items():
        print(f"  {name + ':':6s} {'; '.join(lines)}")
    print("Call code while four were there, and after one was removed, for people to compare aloud:")
    for name, code in roster["call_codes"].items():
        print(f"  {name + ':':6s} {code or 'never seen'}")
        if name in roster["call_codes_after_removal"]:
            print(f"         {roster['call_codes_after_removal'][name] or 'never seen'}")
    print("Safety numbers, the same on both screens:" if roster["ok"] else "DIFFERENT CODES OR NUMBERS:")
    for pair, found in sorted(roster["safety_numbers"].items()):
        for number in found:
            print(f"  {pair + ':':15s} {' '.join(number[i:i + 5] for i in range(0, len(number), 5))}")


def show_upsets(upsets):
    print(f"\nWhat happened, and until when pictures were on every screen again ({figures.BACK_MAX_S:g} s at most):")
    for upset in upsets:
        worst = upset["worst_seconds"]
        if worst is None:
            text = "NEVER on some screen"
        elif upset["stopped"]:
            text = f"{worst:.2f} s after {upset['again']}"
        elif worst == 0:
            text = "never stopped"
        else:
            text = f"stood still for {worst:.2f} s at the most"
        print(f"  {upset['what'] + ':':25s} {text}{'' if upset['ok'] else '  <- too long'}")
        if upset["stopped"]:
            print(f"  {'':25s} " + ", ".join(
                f"{wait['screen']} of {wait['of']} {wait['seconds'] if wait['seconds'] is not None else 'never'}"
                for wait in upset["screens"] if wait["stopped"]))


def show_removed(removed):
    print(f"\n{removed['name']}, who was removed, kept every key and stayed connected for {removed['seconds_after']:.1f} s; the "
          f"forwarding unit, which nobody told, sent on:\n"
          f"  {removed['opened_before']} frames opened before. Since: {removed['sealed_after']} sealed by the others under the "
          f"next epoch, {removed['forwarded_after']} frames forwarded to her,\n"
          f"  {removed['refused_after']} refused by her decryption, {removed['opened_after']} opened; the last that opened came "
          f"{removed['last_opened_seconds']:.2f} s after the command."
          f"{'' if removed['ok'] else '  <- NOT SHOWN'}")


def show_pairs(pairs):
    header = ("from", "to", "kind", "together", "sealed", "forwarded", "received", "opened", "not", "share", "decoded",
              "per s", "first", "dropped")
    rows = []
    for pair in pairs:
        first = pair.get("first_picture_ms", pair.get("first_sound_ms"))
        not_opened = sum(pair[name] for name in ("failed", "replayed", "late", "incomplete", "refused"))
        rows.append((pair["sender"], pair["receiver"], pair["kind"], f"{pair['seconds_together']:.1f} s", pair["sealed"],
                     pair["forwarded"], pair["received"], pair["opened"], not_opened, f"{pair['opened_share']:.1%}",
                     pair["decoded"], f"{pair['decoded_per_second']:.1f}", f"{first} ms" if first is not None else "never",
                     pair["dropped_at_capture"], "" if pair["ok"] else "<- " + "; ".join(pair["reasons"])))
    print("\nFrames, for each who sends and each who receives:")
    print_table(header, rows, 3)
    print("\n  sealed: encrypted by the sender while both were there (of Ben: since he started again). forwarded: by the\n"
          "  server, which has no key. opened: authenticated and decrypted by the receiver, in all. not: received and not\n"
          "  opened. share: of the frames sealed while both were there, from the first key frame on, without those of an\n"
          "  upset that hit the two, until pictures had to be back. first: until the first picture or sound.")


def show(report, out):
    show_roster(report["roster"])
    show_upsets(report["upsets"])
    show_removed(report["removed"])
    show_pairs(report["pairs"])
    server = report["server"]
    print(f"\nServer: {server['packets_in']} packets in, {server['packets_out']} out, {server['cpu_seconds']} s of CPU, "
          f"{server['cpu_us_per_forwarded_packet']} us for each forwarded")
    for person in report["participants"]:
        print(f"{person['name'] + ':':7s} {person['cpu_seconds']:.1f} s of CPU in {person['seconds']:.1f} s; "
              f"sees {os.path.relpath(os.path.join(out, person['picture']))}")
    print(f"\nAll figures: {os.path.relpath(os.path.join(out, 'report.json'))}")
    print("Every pair heard and saw each other, and the call outlived all of this." if report["ok"]
          else "NOT GOOD ENOUGH: see the marked lines above.")
