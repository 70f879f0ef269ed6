"""The log of the driver that plays a GPU: V4_FAKE_CUDA_LOG."""


def ran_in(log):
    """Functions of a log."""
    with open(log, encoding="utf-8") as f:
        return {line.split()[0] for line in f}


def reads_in(log):
    """Bytes of each copy to the host of a log."""
    with open(log, encoding="utf-8") as f:
        return [int(line.split()[1]) for line in f if line.startswith("read ")]
