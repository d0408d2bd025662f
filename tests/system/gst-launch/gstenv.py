"""The environment in which the built plugin is found, and nothing of the user's GStreamer registry is touched."""

import os
import pathlib


def environment(build, scratch):
    env = dict(os.environ)
    env["GST_PLUGIN_PATH"] = str(pathlib.Path(build).resolve() / "lib" / "gstreamer-1.0")
    env["GST_REGISTRY"] = str(pathlib.Path(scratch) / "registry.bin")
    env["LC_ALL"] = "C.UTF-8"
    return env
