"""Runs a step of programs and measures it; a process of its own for each measured run, so that whatever it has reaped is
the step's and nothing else's.

stdin: the step as JSON (see contestants/contestant.ts). stdout: what was measured as JSON. What programs print goes to our
stderr.
"""

import json
import os
import resource
import subprocess
import sys
import threading
import time

SAMPLE_SECONDS = 0.02
PAGE_BYTES = resource.getpagesize()


def main():
    step = json.load(sys.stdin)
    failures = []
    ended = threading.Event()
    io_before = read_io()
    started = time.monotonic()

    def run():
        try:
            run_step(step, failures)
        except Exception as error:
            failures.append(str(error))
        finally:
            ended.set()

    threading.Thread(target=run).start()
    peak = sample_memory(ended)
    wall = time.monotonic() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    io = {name: value - io_before[name] for name, value in read_io().items()}
    json.dump(
        {
            "wallMs": wall * 1000,
            "userCpuMs": usage.ru_utime * 1000,
            "systemCpuMs": usage.ru_stime * 1000,
            "peakMemoryBytes": peak,
            "diskReadBytes": io["read_bytes"],
            "diskWrittenBytes": io["write_bytes"],
            "readCallBytes": io["rchar"],
            "writeCallBytes": io["wchar"],
            "failures": failures,
        },
        sys.stdout,
    )


def run_step(step, failures):
    if "sequence" in step:
        for part in step["sequence"]:
            if not failures:
                run_step(part, failures)
    elif "together" in step:
        threads = [threading.Thread(target=run_part, args=(part, failures)) for part in step["together"]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        run_pipeline(step, failures)


def run_part(step, failures):
    try:
        run_step(step, failures)
    except Exception as error:
        failures.append(str(error))


def run_pipeline(pipeline, failures):
    programs = pipeline["programs"]
    running = []
    source = open(pipeline["inputPath"], "rb") if "inputPath" in pipeline else subprocess.DEVNULL
    for index, program in enumerate(programs):
        if index < len(programs) - 1:
            target = subprocess.PIPE
        elif "outputPath" in pipeline:
            target = open(pipeline["outputPath"], "wb")
        else:
            target = sys.stderr
        child = subprocess.Popen(
            program["argv"],
            stdin=source,
            stdout=target,
            stderr=sys.stderr,
            cwd=program.get("cwd"),
            env={**os.environ, **program.get("env", {})},
        )
        # The child has its own; a pipe that we kept open would never end.
        if source is not subprocess.DEVNULL:
            source.close()
        source = child.stdout
        if index == len(programs) - 1 and "outputPath" in pipeline:
            target.close()
        running.append((program["argv"][0], child))
    for name, child in running:
        code = child.wait()
        if code != 0:
            failures.append(f"{os.path.basename(name)} ended with {code}")


def sample_memory(ended):
    """The largest sum of the resident memory of all our descendants at one moment, in bytes."""
    peak = 0
    while not ended.wait(SAMPLE_SECONDS):
        peak = max(peak, sum(resident_bytes(pid) for pid in descendants(os.getpid())))
    return peak


def descendants(pid):
    found = []
    for child in children(pid):
        found.append(child)
        found.extend(descendants(child))
    return found


def children(pid):
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                found.extend(int(child) for child in file.read().split())
    except OSError:
        pass  # It has just ended.
    return found


def resident_bytes(pid):
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):
        return 0


def read_io():
    """Our own input and output and that of every descendant that has been waited for."""
    with open("/proc/self/io") as file:
        return {name: int(value) for name, value in (line.split(": ") for line in file)}


main()
