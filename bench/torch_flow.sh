#!/usr/bin/env bash
# Time of a RealNVP step (noise, draws and their density, a cheap target, gradient, Adam) in 10 dimensions with
# 64 draws, against PyTorch (Debian's python3-torch, reported as not installed where it is missing) with the same
# architecture: 8 couplings of halves, networks 5-32-32-10 with tanh. One thread each, the processes' own times:
# bench/torch_flow.sh [BUILD].
set -euo pipefail
build=${1:-build/release}
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
elbow=$("$build/bench/bench_flow_step" real_nvp 10 64)
echo "$elbow"
/usr/bin/python3 - "$(awk '{print $(NF - 3)}' <<<"$elbow")" <<'PY'
import math, sys, time
try:
    import torch
except ImportError as problem:
    print(f"torch: not installed ({problem})")
    sys.exit()
torch.set_num_threads(1)
elbow = float(sys.argv[1])
D, draws, layers, hidden, bound = 10, 64, 8, 32, 5.0


class RealNvp(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = torch.nn.Parameter(torch.zeros(D))
        self.log_scale = torch.nn.Parameter(torch.zeros(D))
        self.nets = torch.nn.ModuleList()
        for _ in range(layers):
            last = torch.nn.Linear(hidden, D)
            torch.nn.init.zeros_(last.weight), torch.nn.init.zeros_(last.bias)
            self.nets.append(torch.nn.Sequential(torch.nn.Linear(D // 2, hidden), torch.nn.Tanh(),
                                                 torch.nn.Linear(hidden, hidden), torch.nn.Tanh(), last))

    def forward(self, e):
        log_q = -0.5 * (e * e).sum(1) - 0.5 * D * math.log(2 * math.pi)
        keep, move = e[:, :D // 2], e[:, D // 2:]
        for net in self.nets:
            raw, shift = net(keep).chunk(2, 1)
            s = bound * torch.tanh(raw / bound)
            log_q = log_q - s.sum(1)
            keep, move = move * torch.exp(s) + shift, keep
        z = self.mean + torch.exp(self.log_scale) * torch.cat((keep, move), 1)
        return z, log_q - self.log_scale.sum()


def measure(dtype, foreach):
    torch.set_default_dtype(dtype)
    torch.manual_seed(1)
    flow = RealNvp()
    adam = torch.optim.Adam(flow.parameters(), lr=1e-3, foreach=foreach)
    times = []
    for repetition in range(25):
        before = time.process_time()
        for _ in range(20):
            z, log_q = flow(torch.randn(draws, D))
            loss = (log_q + 0.5 * (z * z).sum(1)).mean()
            adam.zero_grad(set_to_none=True)
            loss.backward()
            adam.step()
        times.append((time.process_time() - before) / 20)
    seconds = sorted(times)[len(times) // 2]
    parameters = sum(p.numel() for p in flow.parameters())
    print(f"torch {torch.__version__} RealNVP {str(dtype)[6:]} foreach={foreach} D {D} draws {draws} "
          f"parameters {parameters} {seconds:.3e} s per step, {seconds / elbow:.1f} times elbow's")


for dtype in (torch.float32, torch.float64):
    for foreach in (False, True):
        measure(dtype, foreach)
PY
