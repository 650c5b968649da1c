"""What holds for every test: one thread, so that two cores shared with a browser do not spend their time waiting."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is first imported, also by the programs we start

import torch

torch.set_num_threads(1)
