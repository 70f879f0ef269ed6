"""What v4-bench says of a GPU, with a driver that plays one: checks of cuda.py."""

import json
import os

from cuda_log import ran_in


def check_bench(tools, expect, plan, cpu, env):
    """Figures of a GPU are compared with no CPU; the experts that a step goes to count as there."""
    row, there = (json.loads(tools.call("v4-bench", p, "-p", 0, "-n", 4, "-r", 1, "-o", "json", env=e).stdout)[0]
                  for p, e in ((plan, env), (cpu, {})))
    expect.equal("bytes of a token", row["bytes_per_token"], there["bytes_per_token"])
    # Steps of the repetition: the warm-up met each of their shapes.
    expect.equal("replayed steps", row["replayed_fraction"], 1)
    plain = json.loads(tools.call("v4-bench", plan, "-p", 0, "-n", 4, "-r", 1, "-o", "json", "--plain-launches",
                                  env=env).stdout)[0]
    expect.equal("plain launches", (plain["replayed_fraction"], plain["launches_per_step"]),
                 (0, row["launches_per_step"]))
    expect.holds("launches of a step", row["launches_per_step"] > 10, row)
    expect.equal("fractions", (row["bandwidth_fraction"], row["flop_fraction"], row["threads"]), (None, None, 1))
    done = tools.call("v4-bench", plan, "-p", 0, "-n", 4, "-r", 1, "--profile", "-o", "json", env=env)
    check_times(expect, json.loads(done.stdout)[0])
    check_unheld(tools, expect, plan, env)
    check_cold(tools, expect, plan, cpu, env)
    row = json.loads(tools.call("v4-bench", plan, "--machine", "-o", "json", env=env).stdout)[0]
    expect.holds("--machine", row["test"] == "gpu" and row["copy_bytes_per_second"]["min"] > 0, row)
    expect.equal("rates without kernels for them", (row["fp8_flops_per_second"], row["bf16_flops_per_second"]), (None, None))
    table = tools.call("v4-bench", plan, "-p", 0, "-n", 4, "-r", 1, env=env).stdout
    expect.holds("a table without fractions", "| -  " in table, table)


def check_cold(tools, expect, plan, cpu, env):
    """How long weights take to the GPU is a part of a cold start there, and nothing elsewhere."""
    row, there = (json.loads(tools.call("v4-bench", p, "--cold", "-r", 1, "-o", "json", env=e).stdout)[0]
                  for p, e in ((plan, env), (cpu, {})))
    weights_bytes = json.loads(tools.call("v4-inspect", plan, "--memory", "--json").stdout)["memory"]["weights_bytes"]
    seconds = row["upload_seconds"]
    expect.holds("bytes of an upload", 0 < row["upload_bytes"] <= weights_bytes, (row, weights_bytes))
    expect.holds("seconds of an upload", 0 < seconds < row["session_seconds"], row)
    expect.holds("rate of an upload", abs(row["upload_bytes_per_second"] * seconds / row["upload_bytes"] - 1) < 1e-6, row)
    failed = tools.call("v4-bench", plan, "--cold", "-r", 1, env={**env, "V4_FAKE_CUDA_FAIL": "cuLaunchKernel:1"}, expect=None)
    expect.equal(f"--cold on a GPU that fails: {failed.stderr}", (failed.returncode, len(failed.stderr.splitlines()),
                                                                  "fails at cuLaunchKernel" in failed.stderr), (3, 1, True))
    expect.equal("an upload to a CPU", [key for key in there if key.startswith("upload")], [])


def check_times(expect, profile):
    """Of a profile: times of the device, which are parts of the step, and what they are compared with."""
    launches = profile["launches"]
    expect.equal("floors", {(item["floor_seconds"], item["achieved"], item["tensor_fraction"]) for item in launches},
                 {(None, None, None)})
    expect.equal("rates of tensor cores", (profile["measured_tensor_rates"], profile["tensor_fraction_of"]), (None, None))
    expect.equal("launches that wait for no host", profile["launches_held"], True)
    expect.holds("times of launches", 0 < profile["launch_seconds"] < profile["step_seconds"], profile)
    expect.holds("sum of launches", abs(sum(item["step_seconds"] for item in launches) / profile["launch_seconds"] - 1)
                 < 1e-6, profile)
    copied = profile["copy_bytes_per_second"]
    wrong = [item for item in launches
             if item["seconds"] > 0 and abs(item["bandwidth_fraction"] * item["seconds"] * copied - item["bytes"])
             > 1e-6 * item["bytes"]]
    expect.equal("bandwidths of launches", wrong, [])
    expect.holds("bandwidth of the step", profile["bandwidth_fraction"] > 0, profile)
    untraced = profile["untraced_step_seconds"]
    expect.holds("overhead", abs((1 - profile["overhead_fraction"]) * untraced - profile["launch_seconds"])
                 < 1e-6 * untraced, profile)


def check_unheld(tools, expect, plan, env):
    """A driver that holds no stream: there is a profile, and a word on what its times are."""
    for output in ("json", "md"):
        done = tools.call("v4-bench", plan, "-p", 0, "-n", 2, "-r", 1, "--profile", "-o", output,
                          env={**env, "V4_FAKE_CUDA_FAIL": "cuLaunchHostFunc:1"})
        told = done.stdout if output == "md" else str(json.loads(done.stdout)[0]["launches_held"])
        expect.holds(f"launches that are not held, {output}",
                     ("not held, their times may contain waits for the host: " if output == "md" else "False") in told, told)
        expect.holds(f"why, {output}", "fails at cuLaunchHostFunc" in done.stderr, done.stderr)


def check_profile(tools, expect, name, plans, tiles, env):
    """A profile names what ran: decodes of one token have the smallest tiles. Products are compared with the rate that is
    measured, of the second plan, which has no kernels for it, with the published one."""
    for plan, rates in reversed(list(zip(plans, ("measured", "published")))):
        done = tools.call("v4-bench", plan, "-p", 0, "-n", 2, "-r", 1, "--profile", "--device=h200", "-o", "json", env=env)
        profile = json.loads(done.stdout)[0]
        check_tensor_fractions(expect, name, profile, rates)
    launches = profile["launches"]
    ran = {tuple(launch["function"].split("_")[:2]) for launch in launches}
    expect.equal(f"{name}: tiles of a decode", sorted(r for r in ran if (r[0], "8") in tiles),
                 sorted(t for t in tiles if t[1] == "8"))
    expect.equal(f"{name}: what samples", [(launch["layers"], launch["launches_per_step"]) for launch in launches
                                           if launch["op"] == "sample_rows"], [("-", 1)])


def check_rates(tools, expect, name, plan, env, log):
    """v4-bench launches the kernels that do products alone, of each kind of numbers."""
    row = json.loads(tools.call("v4-bench", plan, "--machine", "-o", "json", env={**env, "V4_FAKE_CUDA_LOG": log}).stdout)[0]
    expect.equal(f"{name}: what is measured of a GPU", [key for key, value in row.items() if key != "test"
                                                       and value["min"] > 0],
                 ["copy_bytes_per_second", "fp8_flops_per_second", "bf16_flops_per_second"])
    expect.equal(f"{name}: what ran", ran_in(log) & {"tensorRate_0_2", "tensorRate_1_2"}, {"tensorRate_0_2", "tensorRate_1_2"})
    os.remove(log)


def check_tensor_fractions(expect, name, profile, of):
    """Products are compared with the rate of their numbers, what has none with nothing."""
    expect.equal(f"{name}: which rates", profile["tensor_fraction_of"], of)
    known = profile["tensor_rates" if of == "published" else "measured_tensor_rates"]
    rates = {template: known[numbers + "_flops_per_second"] for template, numbers in
             (("fp8Linear", "fp8"), ("splitFp8Linear", "fp8"), ("expertProduct", "fp8"), ("bf16Linear", "bf16"),
              ("splitBf16Linear", "bf16"), ("wideLinear", "bf16"))}
    expect.equal(f"{name}: whose rates", profile["tensor_rates"]["device"], "h200")
    found = [launch for launch in profile["launches"] if launch["function"].split("_")[0] in rates]
    expect.holds(f"{name}: products", len(found) > 3, found)
    for launch in found:
        rate = launch["tensor_fraction"] * rates[launch["function"].split("_")[0]] * launch["seconds"]
        expect.holds(f"{name}: tensor cores of {launch['kernel']}", launch["flop"] > 0 and
                     abs(rate / launch["flop"] - 1) < 1e-6, launch)
    expect.equal(f"{name}: tensor cores of what has none", {launch["tensor_fraction"] for launch in profile["launches"]
                                                            if launch["op"] in ("sample_rows", "combine")}, {None})
