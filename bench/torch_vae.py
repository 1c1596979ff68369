"""One training step of a variational autoencoder in PyTorch, as bench_vae_step has it: one thread, float32, Adam, a
shuffled order, dynamic binarisation, closed KL, the loss summed over pixels. Every architecture is run eagerly and through
torch.jit; the faster one counts. Prints `step WIDTHS BATCH MICROSECONDS ELBO HOW`."""
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(1)


class Autoencoder(torch.nn.Module):
    def __init__(self, widths):
        super().__init__()
        latent = widths[-1]

        def network(sizes):
            layers = []
            for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
                layers.append(torch.nn.Linear(a, b))
                if i < len(sizes) - 2:
                    layers.append(torch.nn.ReLU(inplace=True))
            return torch.nn.Sequential(*layers)

        self.encoder = network(widths[:-1] + [2 * latent])
        self.decoder = network(widths[::-1])

    def forward(self, x):
        mean, log_sd = self.encoder(x).chunk(2, 1)
        sd = log_sd.exp()
        z = torch.addcmul(mean, sd, torch.randn_like(mean))
        loss = F.binary_cross_entropy_with_logits(self.decoder(z), x, reduction="sum")
        kl = 0.5 * (mean.square() + sd.square() - 1 - 2 * log_sd).sum()
        return (loss + kl) / x.shape[0]


def measure(widths, batch, data, seconds):
    results = []
    for how in ("eager", "jit"):
        torch.manual_seed(1)
        model = Autoencoder(widths)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        loss_of = torch.jit.script(model) if how == "jit" else model
        state = {"order": torch.randperm(len(data)), "at": 0}

        def step():
            if state["at"] + batch > len(data):
                state["order"], state["at"] = torch.randperm(len(data)), 0
            x = torch.bernoulli(data.index_select(0, state["order"][state["at"]:state["at"] + batch]))
            state["at"] += batch
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(x)
            loss.backward()
            optimizer.step()
            return loss

        for _ in range(30):
            step()
        times, start = [], time.process_time()
        while time.process_time() - start < seconds / 2 or len(times) < 20:
            before = time.process_time()
            for _ in range(5):
                loss = step()
            times.append((time.process_time() - before) / 5)
        results.append((sorted(times)[len(times) // 2], -loss.item(), how))
    best = min(results)
    print("step %s %d %.1f %.1f %s" % ("-".join(map(str, widths)), batch, 1e6 * best[0], best[1], best[2]), flush=True)


seconds = float(sys.argv[1])
only = int(sys.argv[2]) if len(sys.argv) > 2 else 0
images = (torch.rand(10000, 784) < 0.2).float() * torch.rand(10000, 784)
for row, (widths, batch) in enumerate((([784, 400, 20], 128), ([784, 200, 200, 50], 20), ([784, 64, 8], 64)), 1):
    if only in (0, row):
        measure(widths, batch, images, seconds)
