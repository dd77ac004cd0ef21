"""An epoch of PyTorch for each line that is read, as JSON; run by benchmarks/classify_epochs.py.

Needs: pip install torch, in an environment of its own.
"""

import itertools
import json
import sys
import time

import numpy as np
import torch


def main() -> None:
    path, size, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    data = np.load(path)
    x, y = torch.from_numpy(data["x"]), torch.from_numpy(data["y"])
    widths = (x.shape[1], 100, 100, 10)
    layers: list[torch.nn.Module] = []
    for inner, outer in itertools.pairwise(widths):
        layers += [torch.nn.Linear(inner, outer), torch.nn.Tanh()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    cost = torch.nn.CrossEntropyLoss()
    print(json.dumps({"version": torch.__version__}), flush=True)
    for _ in sys.stdin:
        wall, processor = time.perf_counter(), time.process_time()
        for rows in torch.randperm(len(x)).split(size):
            optimizer.zero_grad()
            loss = cost(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
        found = {"processor": time.process_time() - processor, "wall": time.perf_counter() - wall}
        print(json.dumps({**found, "loss": float(loss.detach())}), flush=True)


if __name__ == "__main__":
    main()
