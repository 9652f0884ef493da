"""What the benchmarks of this folder share: a command timed as a process of its own, and where it was measured."""

import os
import pathlib
import platform
import resource
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def timed(command, environment, stdout=subprocess.PIPE, stderr=None):
    """The finished process, and the seconds of the clock and of the processors that it took, with the load when it began."""
    load, before, begin = os.getloadavg()[0], resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=stdout, stderr=stderr, check=True)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done, {"processSeconds": wall, "processorSeconds": processor, "load": load}


def conceptclip(threads):
    """The environment of a conceptclip with so many threads."""
    return dict(os.environ, CONCEPTCLIP_JAVA_OPTS=f"-XX:ActiveProcessorCount={threads}")


def origin():
    """The machine and the commit."""
    facts = dict(line.split(":", 1) for line in open("/proc/cpuinfo").read().split("\n\n")[0].splitlines() if ":" in line)
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty=+"], capture_output=True, text=True).stdout.strip()
    machine = {"cpu": f"{facts['model name']}, family {facts['cpu family']}", "cores": os.cpu_count(), "system": platform.platform()}
    return {"machine": machine, "commit": commit}
