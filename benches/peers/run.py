"""Measures onemap, the Rerun viewer and deck.gl one after the other; see README.md beside this file."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
RATE = 60.0


def resident_mib(root: int) -> float:
    """Resident memory of a process and all below it."""
    parents, sizes = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = dict(
                line.split(":", 1) for line in open(f"/proc/{pid}/status", encoding="utf-8") if ":" in line
            )
            parents[int(pid)] = int(fields["PPid"])
            sizes[int(pid)] = int(fields.get("VmRSS", "0 kB").split()[0]) / 1024
        except (OSError, KeyError, ValueError):
            continue

    def below(pid: int) -> bool:
        while pid > 1:
            if pid == root:
                return True
            pid = parents.get(pid, 0)
        return False

    return sum(size for pid, size in sizes.items() if below(pid))


def told(frames: float, seconds: float, memory: float, **more: object) -> dict:
    rate = frames / seconds if seconds else 0.0
    missed = max(0.0, 1.0 - rate / RATE)
    return {"frames_per_second": round(rate, 2), "missed_share": round(missed, 3), "resident_mib": round(memory), **more}


def ours(onemap: str, events: int, places: str, site: str | None) -> dict:
    command = [onemap, "bench", "frames", "--events", str(events), "--size", "1920x1080", "--places", places]
    command += ["--format", "json"] + (["--site", site] if site else [])
    environment = {**os.environ, "NODEVICE_SELECT": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    most = 0.0
    while process.poll() is None:
        most = max(most, resident_mib(process.pid))
        time.sleep(0.5)
    report = json.loads(process.stdout.read())
    pan = report["figures"]["pan_drawn_millis"]
    mean = pan["mean"]
    return told(1000.0, mean, most, median_millis=pan["median"], p99_millis=pan["p99"], device=report["context"]["device"])


def rerun(python: str, places: str, seconds: float, folder: str) -> dict:
    recording = os.path.join(folder, "points.rrd")
    subprocess.run([python, str(HERE / "rerun_points.py"), places, recording], check=True)
    display = ":87"
    server = subprocess.Popen(
        ["Xvfb", display, "-screen", "0", "1920x1080x24", "-nolisten", "tcp"], stderr=subprocess.DEVNULL
    )
    counts = os.path.join(folder, "frames.csv")
    environment = {
        **os.environ,
        "DISPLAY": display,
        "VK_INSTANCE_LAYERS": "VK_LAYER_MESA_overlay",
        "VK_LAYER_MESA_OVERLAY_CONFIG": f"no_display,output_file={counts},frame,fps_sampling_period=1000",
        "NODEVICE_SELECT": "1",
    }
    viewer = os.path.join(os.path.dirname(python), "rerun")
    program = None
    try:
        time.sleep(1)
        began = time.time()
        program = subprocess.Popen(
            [viewer, recording, "--window-size", "1920x1080", "--renderer", "vulkan", "--memory-limit", "8GB"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=open(os.path.join(folder, "rerun.log"), "w", encoding="utf-8"),
        )

        def presented() -> int:
            """Frames so far; the layer writes a line per second with the frames of it."""
            try:
                lines = open(counts, encoding="utf-8").read().splitlines()
            except OSError:
                return 0
            if not lines:
                return 0
            at = [name.strip() for name in lines[0].split(",")].index("frame")
            return sum(int(float(line.split(",")[at])) for line in lines[1:] if line.count(",") >= at)

        # The points are read and drawn once before the map is moved.
        time.sleep(40)

        def drag(*arguments: str) -> None:
            subprocess.run(["xdotool", *arguments], env=environment, check=True)

        drag("mousemove", "960", "540", "mousedown", "1")
        before, since, step, most = presented(), time.time(), 0, 0.0
        while time.time() - since < seconds:
            step += 1
            across = 300 if step // 100 % 2 == 0 else -300
            drag("mousemove_relative", "--", str(across // 100), "0")
            if step % 30 == 0:
                most = max(most, resident_mib(program.pid))
            time.sleep(1 / 60)
        frames, lapse = presented() - before, time.time() - since
        drag("mouseup", "1")
        subprocess.run(
            ["import", "-window", "root", os.path.join(folder, "rerun.png")], env=environment, check=False
        ) if os.path.exists("/usr/bin/import") else None
        return told(frames, lapse, most, started_secs_before=round(since - began, 1))
    finally:
        if program:
            program.terminate()
            program.wait()
        server.terminate()
        server.wait()


def deck(places: str, seconds: float, modules: str | None) -> dict:
    environment = {**os.environ, **({"DECK_MODULES": modules} if modules else {})}
    text = subprocess.run(
        ["node", str(HERE / "deckgl.mjs"), places, str(seconds)], env=environment, check=True, stdout=subprocess.PIPE
    ).stdout
    found = json.loads(text)
    return told(
        found["frames"], found["seconds"], found["resident_mib"], first_picture_millis=round(found["first_picture_millis"])
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--onemap", default="target/release/onemap")
    parser.add_argument("--python", default=sys.executable, help="a Python that has rerun-sdk")
    parser.add_argument("--site")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--modules", help="folder of node modules, where it is not beside this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        places = os.path.join(folder, "places.f64")
        out: dict = {"points": arguments.events, "load": os.getloadavg()[0]}
        out["onemap"] = ours(arguments.onemap, arguments.events, places, arguments.site)
        for name, measure in (
            ("rerun", lambda: rerun(arguments.python, places, arguments.seconds, folder)),
            ("deck.gl", lambda: deck(places, arguments.seconds, arguments.modules)),
        ):
            try:
                out[name] = measure()
            except (subprocess.CalledProcessError, OSError, KeyError, ValueError) as error:
                out[name] = {"error": str(error)}
        out["load_after"] = os.getloadavg()[0]
    print(json.dumps(out, indent=2))


main()
